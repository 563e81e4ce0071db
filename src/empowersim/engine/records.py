"""Records for compiled code that are wider than those of the model: named tuples of float32 put together and changed.

A record of an extension begins with the fields of a record of the model (`Household`, `Village`, `Draw`) and goes on
with fields of its own, which lie in other arrays. Compiled rules may call ``record._replace(name=value)``, as Python
may.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from llvmlite import ir
from numba.core import errors, types
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, signature
from numba.extending import intrinsic, lower_builtin

from empowersim._jit import LANES

_REPLACE = "empowersim.records._replace"
_ITEM = types.float32


class _Replace(AbstractTemplate):  # type: ignore[misc]
    """Type of ``record._replace(...)``: fields that are not named are told apart by being omitted."""

    key = _REPLACE

    def generic(self, args: Any, kws: Any) -> Any:
        record = self.this
        unknown = [name for name in kws if name not in record.fields]
        if args or unknown:
            wrong = ", ".join(unknown)
            near = get_close_matches(wrong, record.fields, n=1)
            raise errors.TypingError(
                f"_replace: {record.instance_class.__name__} has no field {wrong or '(name what changes)'}"
                f"{f'; did you mean {near[0]}?' if near else ''}"
            )
        given = {name: types.unliteral(value) for name, value in kws.items()}
        fields = [given.get(name, old) for name, old in zip(record.fields, record.types, strict=True)]
        changed = types.BaseTuple.from_types(fields, record.instance_class)
        passed = [given.get(name, types.Omitted(None)) for name in record.fields]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = inspect.Signature([inspect.Parameter(name, kind, default=None) for name in record.fields])
        return signature(changed, *passed, recvr=record).replace(pysig=names)


@infer_getattr
class _Methods(AttributeTemplate):  # type: ignore[misc]
    """Methods of named tuples in compiled code."""

    key = types.BaseNamedTuple

    def resolve__replace(self, record: Any) -> Any:
        return types.BoundFunction(_Replace, record)


@lower_builtin(_REPLACE, types.BaseNamedTuple, types.VarArg(types.Any))  # type: ignore[untyped-decorator]
def _replaced(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    fields = [
        builder.extract_value(arguments[0], row) if isinstance(given, types.Omitted) else arguments[row + 1]
        for row, given in enumerate(signature.args[1:])
    ]
    return context.make_tuple(builder, signature.return_type, fields)


def record_type(record: Any) -> Any:
    """The numba type of a named tuple of float32."""
    return types.NamedUniTuple(_ITEM, len(record._fields), record)


def _at(context: Any, builder: Any, view_type: Any, view: Any, row: int, lane: Any) -> Any:
    """Address of a row and lane of a view of tiles."""
    source = context.make_array(view_type)(context, builder, view)
    return builder.gep(source.data, [builder.add(context.get_constant(types.intp, row * LANES), lane)])


def make_wide_access(record: Any, shipped: int, written: Sequence[bool]) -> tuple[Any, Any]:
    """Make ``load(view, own, lane)`` and ``store(view, own, lane, value)`` of a record that lies in two views.

    Its first `shipped` fields are rows of `view`, the others rows of `own`; `written` marks those of the first that
    `store` writes (it writes all of the others).
    """
    wide = record_type(record)
    count = len(record._fields)

    def place(context: Any, builder: Any, signature: Any, arguments: Any, row: int) -> Any:
        at, inside = (0, row) if row < shipped else (1, row - shipped)
        return _at(context, builder, signature.args[at], arguments[at], inside, arguments[2])

    @intrinsic  # type: ignore[untyped-decorator]
    def load(typing_context: Any, view: Any, own: Any, lane: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            fields = [builder.load(place(context, builder, signature, arguments, row)) for row in range(count)]
            return context.make_tuple(builder, wide, fields)

        return wide(view, own, types.intp), build

    @intrinsic  # type: ignore[untyped-decorator]
    def store(typing_context: Any, view: Any, own: Any, lane: Any, value: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            for row in range(count):
                if row >= shipped or written[row]:
                    field = builder.extract_value(arguments[3], row)
                    builder.store(field, place(context, builder, signature, arguments, row))
            return context.get_dummy_value()

        return types.none(view, own, types.intp, wide), build

    return load, store


def make_luck_reader(record: Any, shipped: int, rows: Sequence[int], places: Sequence[int]) -> Any:
    """Make ``load(view, own, villages, lane)``: the draws of a household month and those of an extension.

    The first `shipped` fields are rows of `view`, the next stand in `rows` of `own`, the last at `places` of the
    array `villages`, the same for every household.
    """
    wide = record_type(record)

    @intrinsic  # type: ignore[untyped-decorator]
    def load(typing_context: Any, view: Any, own: Any, villages: Any, lane: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kinds, lane_at = signature.args, arguments[3]
            fields = [_at(context, builder, kinds[0], arguments[0], row, lane_at) for row in range(shipped)]
            fields += [_at(context, builder, kinds[1], arguments[1], row, lane_at) for row in rows]
            source = context.make_array(kinds[2])(context, builder, arguments[2])
            fields += [builder.gep(source.data, [context.get_constant(types.intp, place)]) for place in places]
            return context.make_tuple(builder, wide, [builder.load(field) for field in fields])

        return wide(view, own, villages, types.intp), build

    return load


def make_chooser(record: Any, places: Sequence[int]) -> Any:
    """Make ``read(array)``: a named tuple of float32 from these places of an array."""
    wide = record_type(record)

    @intrinsic  # type: ignore[untyped-decorator]
    def read(typing_context: Any, array: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source = context.make_array(signature.args[0])(context, builder, arguments[0])
            fields = [builder.gep(source.data, [context.get_constant(types.intp, place)]) for place in places]
            return context.make_tuple(builder, wide, [builder.load(field) for field in fields])

        return wide(array), build

    return read


def make_record_writer(record: Any) -> Any:
    """Make ``write(array, value)``: a named tuple of float32 into the first numbers of an array."""
    wide = record_type(record)

    @intrinsic  # type: ignore[untyped-decorator]
    def write(typing_context: Any, array: Any, value: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source = context.make_array(signature.args[0])(context, builder, arguments[0])
            start = builder.bitcast(source.data, ir.FloatType().as_pointer())
            for place in range(len(record._fields)):
                at = builder.gep(start, [context.get_constant(types.intp, place)])
                builder.store(builder.extract_value(arguments[1], place), at)
            return context.get_dummy_value()

        return types.none(array, wide), build

    return write


def make_parts(whole: Any, first: Any) -> tuple[Any, Any]:
    """Make ``narrow(value)`` and ``with_first(value, new)`` for a record `whole` that begins with the record `first`.

    The first gives this beginning, the other the whole with a new beginning in its place.
    """
    wide, short = record_type(whole), record_type(first)
    kept, count = len(first._fields), len(whole._fields)

    @intrinsic  # type: ignore[untyped-decorator]
    def narrow(typing_context: Any, value: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return context.make_tuple(builder, short, [builder.extract_value(arguments[0], row) for row in range(kept)])

        return short(wide), build

    @intrinsic  # type: ignore[untyped-decorator]
    def with_first(typing_context: Any, value: Any, new: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            fields = [builder.extract_value(arguments[1 if row < kept else 0], row) for row in range(count)]
            return context.make_tuple(builder, wide, fields)

        return wide(wide, short), build

    return narrow, with_first
