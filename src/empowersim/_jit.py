"""Every numba flag of the package, in one place.

What the flags promise:

* no ``fastmath``: no reassociation and no contraction into fused multiply-adds, so the vector
  loops, the scalar rules called by the Mesa agents and every build of a kernel give the same bits;
* ``error_model="numpy"``: a division never branches into an exception, so loops vectorise;
* ``nogil``: several blocks run at once in plain Python threads. There is no ``parallel=True``:
  floats are never summed in an order that depends on threads;
* rules are always inlined, so that LLVM sees one flat loop body; loops are compiled one by one.

Compiled kernels are kept on disk under a folder named by a digest of the package's own sources and
parameter files. numba's own cache looks at one file's time stamp only, and so does not notice that
a rule inlined from another file has changed.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from llvmlite.binding import set_option
from numba.core import cgutils, types
from numba.core.caching import FunctionCache, _CacheLocator
from numba.core.compiler import Compiler
from numba.core.dispatcher import _FunctionCompiler
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic, typeof_impl

LANES = 32
"""Households in a tile. A shorter loop would be unrolled by LLVM before it is vectorised."""

set_option("empowersim", "-memory-check-merge-threshold=2000")
# A household month reads and writes some 150 rows and parameters. Beyond 100 LLVM gives up grouping them and then
# does not vectorise the loop at all (26 against 250 ns a household). The option changes no result.
set_option("empowersim", "-force-vector-interleave=2")
# A month is one long chain of operations: a core waits for each. Two vectors side by side fill the waits (20 against
# 28 ns). Lanes do not meet, so this changes no result either.
set_option("empowersim", "-unroll-full-max-count=16")
# A loop over the lanes with a short body would be unrolled into scalar code before LLVM thinks of vectors (10 against
# 1 ns a household for filling a tile's doses).

_RULE_FLAGS: dict[str, Any] = {
    "error_model": "numpy",
    "fastmath": False,
    "nogil": True,
    "forceinline": True,
    "_nrt": False,
}
_KEPT_UNDER = "_kept_under"
_KERNEL_FLAGS: dict[str, Any] = {"error_model": "numpy", "fastmath": False, "nogil": True, "_nrt": False}


class _InsideCompiler(_FunctionCompiler):  # type: ignore[misc]
    """Compiles a function for other compiled functions only: no way in from Python, no machine code of its own."""

    def _customize_flags(self, flags: Any) -> Any:
        flags.no_compile = True
        flags.no_cpython_wrapper = True
        flags.no_cfunc_wrapper = True
        return flags


class _Entry:
    """Stands for a compiled function in numba's tables."""


class _InsideDispatcher(CPUDispatcher):  # type: ignore[misc]
    """A dispatcher that compiled code alone calls."""

    def __init__(self, function: Callable[..., Any], flags: dict[str, Any]) -> None:
        super().__init__(function, targetoptions={"nopython": True, "boundscheck": None, **flags})
        self._compiler = _InsideCompiler(function, self.targetdescr, self.targetoptions, {}, Compiler)

    def add_overload(self, cres: Any) -> None:
        """Keep a compiled version under an entry of its own, as there is no function object to stand for it."""
        entry = _Entry()
        self.targetctx.insert_user_function(entry, cres.fndesc, [cres.library])
        self.overloads[tuple(cres.signature.args)] = cres._replace(entry_point=entry)


class Compiled:
    """A compiled function that other compiled functions call at no cost, and Python may call too.

    Most rules are only ever called from a kernel. The way in from Python costs half of their compile time,
    so it is made at the first call from Python.
    """

    def __init__(self, function: Callable[..., Any], flags: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._flags = flags
        self.inside = _InsideDispatcher(function, flags)

    @functools.cached_property
    def outside(self) -> Any:
        """The dispatcher that Python calls."""
        return numba.njit(**self._flags)(self.py_func)

    def __call__(self, *arguments: Any) -> Any:
        return self.outside(*arguments)

    def __reduce__(self) -> str:
        return str(self.py_func.__qualname__)  # a pickle holds where the function stands, as for any function

    def made_of(self, function: Callable[..., Any]) -> Compiled:
        """Another function compiled under the flags of this one."""
        return Compiled(function, self._flags)


@typeof_impl.register(Compiled)  # type: ignore[untyped-decorator]
def _typeof_compiled(value: Compiled, context: Any) -> Any:
    return types.Dispatcher(value.inside)


def rule(function: Callable[..., Any]) -> Any:
    """Compile a scalar rule; it is inlined wherever it is called."""
    return Compiled(function, _RULE_FLAGS)


def loop(function: Callable[..., Any]) -> Any:
    """Compile a loop over a tile or a block on its own: vectorised by itself, called by a kernel."""
    return Compiled(function, _KERNEL_FLAGS)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop over arrays and keep the machine code on disk, keyed by `source_digest`."""
    dispatcher = numba.njit(**_KERNEL_FLAGS)(function)
    dispatcher._cache = _KeyedCache(function)
    return dispatcher


def kernel_kept_under(function: Callable[..., Any], folder: str) -> Any:
    """As `kernel`, for a function that does not stand in the sources: its machine code lies in a folder of its own.

    `folder` must name all that the function depends on besides the sources.
    """
    setattr(function, _KEPT_UNDER, folder)
    return kernel(function)


@cache
def source_digest() -> str:
    """Digest (16 hexadecimal digits) of the sources and data files that compiled code depends on."""
    digest = hashlib.blake2b(digest_size=8)
    package = Path(__file__).parent
    parts = ("*.py", "rules/*.py", "engine/*.py", "parameters/*.py", "parameters/*.yaml")
    for pattern in parts:
        for path in sorted(package.glob(pattern)):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    digest.update(f"{numba.__version__} {np.__version__} {sys.version_info[:3]}".encode())
    return digest.hexdigest()


@cache
def cache_folder() -> Path:
    """Folder of compiled kernels, or a temporary one where the user's cache cannot be written."""
    base = os.environ.get("EMPOWERSIM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    folder = root / "empowersim" / source_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"empowersim-{os.getuid()}" / source_digest()
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def is_compiled(folder: str = "", name: str = "") -> bool:
    """Whether kernels of these very sources are on disk, so that the first call will not compile.

    `folder` as in `kernel_kept_under` (empty: the kernels of the package), `name` that of a kernel (empty: of any).
    """
    return any((cache_folder() / folder).glob(f"*{name}*.nbc" if name else "*.nbc"))


class _DigestLocator(_CacheLocator):  # type: ignore[misc]
    """Where numba puts a kernel: our folder, stamped with the digest instead of a file time."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        self._lineno = py_func.__code__.co_firstlineno
        self._under = getattr(py_func, _KEPT_UNDER, "")

    def get_cache_path(self) -> str:
        return str(cache_folder() / self._under)

    def get_source_stamp(self) -> str:
        return source_digest()

    def get_disambiguator(self) -> str:
        return str(self._lineno)

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> _DigestLocator:
        return cls(py_func, py_file)


class _KeyedImpl(FunctionCache._impl_class):  # type: ignore[misc]
    _locator_classes = [_DigestLocator]


class _KeyedCache(FunctionCache):  # type: ignore[misc]
    _impl_class = _KeyedImpl


def make_tile_view(rows: int, dtype: Any) -> Any:
    """Make the intrinsic ``view(array, offset)``: rows x LANES numbers of `array` from `offset` on.

    The shape is a compile-time constant. That is what lets LLVM prove that rows do not overlap and
    turn a loop over the lanes into vector code, which it cannot do for a run-time shape.
    """
    item = numba.from_dtype(np.dtype(dtype))

    @intrinsic  # type: ignore[untyped-decorator]
    def view(typing_context: Any, array: Any, offset: Any) -> Any:
        result = types.Array(item, 2, "C")

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source = context.make_array(array)(context, builder, arguments[0])
            pointer = builder.gep(source.data, [arguments[1]])
            size = context.get_abi_sizeof(context.get_data_type(item))

            def word(value: int) -> Any:
                return context.get_constant(types.intp, value)

            made = context.make_array(result)(context, builder)
            context.populate_array(
                made,
                data=builder.bitcast(pointer, made.data.type),
                shape=cgutils.pack_array(builder, [word(rows), word(LANES)]),
                strides=cgutils.pack_array(builder, [word(LANES * size), word(size)]),
                itemsize=word(size),
                meminfo=None,
                parent=None,
            )
            return made._getvalue()

        return result(array, types.intp), build

    return view


def make_row_access(record: Any, written: Sequence[bool] | None = None) -> tuple[Any, Any, Any]:
    """Make ``load(view, lane)``, ``store(view, lane, value)`` and ``add(view, lane, value)``.

    Row r of the view holds field r of `record`, a named tuple of float32; one call moves a whole
    household between its lane and registers. `written` marks the fields that `store` writes (None: all).
    """
    count = len(record._fields)
    kept = [row for row in range(count) if written is None or written[row]]
    item = types.float32
    value_type = types.NamedUniTuple(item, count, record)

    def address(context: Any, builder: Any, view_type: Any, view: Any, row: int, lane: Any) -> Any:
        source = context.make_array(view_type)(context, builder, view)
        start = context.get_constant(types.intp, row * LANES)
        return builder.gep(source.data, [builder.add(start, lane)])

    @intrinsic  # type: ignore[untyped-decorator]
    def load(typing_context: Any, view: Any, lane: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            fields = [
                builder.load(address(context, builder, signature.args[0], arguments[0], row, arguments[1]))
                for row in range(count)
            ]
            return context.make_tuple(builder, value_type, fields)

        return value_type(view, types.intp), build

    @intrinsic  # type: ignore[untyped-decorator]
    def store(typing_context: Any, view: Any, lane: Any, value: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            for row in kept:
                field = builder.extract_value(arguments[2], row)
                builder.store(field, address(context, builder, signature.args[0], arguments[0], row, arguments[1]))
            return context.get_dummy_value()

        return types.none(view, types.intp, value_type), build

    @intrinsic  # type: ignore[untyped-decorator]
    def add(typing_context: Any, view: Any, lane: Any, value: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            for row in range(count):
                field = builder.extract_value(arguments[2], row)
                place = address(context, builder, signature.args[0], arguments[0], row, arguments[1])
                builder.store(builder.fadd(builder.load(place), field), place)
            return context.get_dummy_value()

        return types.none(view, types.intp, value_type), build

    return load, store, add


def make_record_reader(record: Any) -> Any:
    """Make ``read(array, offset)``: a named tuple of float32 from consecutive numbers of an array (or of a record)."""
    count = len(record._fields)
    value_type = types.NamedUniTuple(types.float32, count, record)

    @intrinsic  # type: ignore[untyped-decorator]
    def read(typing_context: Any, array: Any, offset: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source = context.make_array(signature.args[0])(context, builder, arguments[0])
            numbers = builder.bitcast(source.data, ir.FloatType().as_pointer())
            fields = [
                builder.load(
                    builder.gep(
                        numbers,
                        [builder.add(arguments[1], context.get_constant(types.intp, position))],
                    )
                )
                for position in range(count)
            ]
            return context.make_tuple(builder, value_type, fields)

        return value_type(array, types.intp), build

    return read


@intrinsic  # type: ignore[untyped-decorator]
def wide_vectors(typing_context: Any) -> Any:
    """Ask for 512-bit vectors in the kernel that calls it (LLVM prefers 256 on some machines)."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite's attribute set refuses names it does not know; LLVM itself reads any string
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), build


@intrinsic  # type: ignore[untyped-decorator]
def float_bits(typing_context: Any, value: Any) -> Any:
    """Bit pattern of a float32 as int32."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), build


@intrinsic  # type: ignore[untyped-decorator]
def bits_float(typing_context: Any, value: Any) -> Any:
    """Float32 with the bit pattern of an int32."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), build


def _integer_operation(name: str, result: Any, *parameters: Any) -> Any:
    """Make an intrinsic for one LLVM integer instruction (numba itself widens to 64 bits)."""

    @intrinsic  # type: ignore[untyped-decorator]
    def binary(typing_context: Any, a: Any, b: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)

        return result(*parameters), build

    return binary


add32 = _integer_operation("add", types.uint32, types.uint32, types.uint32)
shift_left32 = _integer_operation("shl", types.int32, types.int32, types.int32)
shift_right32 = _integer_operation("ashr", types.int32, types.int32, types.int32)
add_signed32 = _integer_operation("add", types.int32, types.int32, types.int32)
and_signed32 = _integer_operation("and_", types.int32, types.int32, types.int32)


@intrinsic  # type: ignore[untyped-decorator]
def select(typing_context: Any, condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where `condition` holds, else `no`: one instruction, both sides computed, no branch."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(arguments[0], arguments[1], arguments[2])

    return types.float32(types.boolean, types.float32, types.float32), build


@intrinsic  # type: ignore[untyped-decorator]
def to_int32(typing_context: Any, value: Any) -> Any:
    """Integer part of a float32 that fits an int32."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fptosi(arguments[0], ir.IntType(32))

    return types.int32(types.float32), build


@intrinsic  # type: ignore[untyped-decorator]
def to_float32(typing_context: Any, value: Any) -> Any:
    """Float32 nearest to an int32."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.sitofp(arguments[0], ir.FloatType())

    return types.float32(types.int32), build


@intrinsic  # type: ignore[untyped-decorator]
def low_word(typing_context: Any, value: Any) -> Any:
    """Lower 32 bits of a uint64 as uint32."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.trunc(arguments[0], ir.IntType(32))

    return types.uint32(types.uint64), build
