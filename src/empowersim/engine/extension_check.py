"""What is wrong with the rules of an extension, told before the kernels are compiled."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from numba.core import types
from numba.core.errors import NumbaError

from empowersim.engine.extension import OF_HOUSEHOLD, OF_VILLAGE, Extension, replaceable, where_of
from empowersim.engine.extension_loops import Records
from empowersim.engine.records import record_type
from empowersim.errors import SimulationError
from empowersim.rules.month import Dose, Draw, Household, Village


def check_types(extension: Extension, records: Records) -> None:
    """Compile each rule alone; `SimulationError` says which cannot be, and which gives back something else.

    A second or two, so that a mistake is told before the half minute of the kernels.
    """
    known = {
        "p": records.parameters,
        "village": records.village,
        "start": records.home,
        "home": records.home,
        "dose": Dose,
        "draw": records.draw,
    }
    as_known = {name: record_type(record) for name, record in known.items()} | {"month": types.float32}
    for one in (*extension.before, *extension.add):
        found = _result(extension, one, [as_known[name] for name in OF_HOUSEHOLD], records)
        _check_record(extension, one, found, records.home, "home")
    of_village = as_known | {"draw": record_type(records.village_draw)}
    for one in extension.villages:
        found = _result(extension, one, [of_village[name] for name in OF_VILLAGE], records)
        _check_record(extension, one, found, records.village, "village")
    shipped = {"village": Village, "home": Household, "draw": Draw}
    as_shipped = as_known | {name: record_type(record) for name, record in shipped.items()}
    for name, new in extension.replace.items():
        old = replaceable()[name]
        taken = inspect.signature(old.py_func).parameters.values()
        kinds = [types.float32 if one.annotation == "float" else as_shipped.get(one.name) for one in taken]
        if None in kinds:
            continue  # a rule of an unusual form: the kernels' own compilation has the last word
        found, wanted = _result(extension, new, kinds, records), _result(extension, old, kinds, records)
        if found != wanted:
            raise SimulationError(
                f"{where_of(extension, new)}: in place of {name}, expected it to return {_named(wanted)}, found "
                f"{_named(found)}{_REMEDY if types.float64 in _parts(found) else ''}"
            )


_REMEDY: Final = "; write numbers as p.NAME, ZERO, ONE, HALF or F(0.2), because a bare 0.2 makes all of it float64"


def _result(extension: Extension, one: Any, kinds: list[Any], records: Records) -> Any:
    """Type of what a rule returns."""
    try:
        one.inside.compile(tuple(kinds))
    except NumbaError as error:
        raise SimulationError(f"{where_of(extension, one)}: it cannot be compiled: {_short(error, records)}") from None
    return one.inside.overloads[tuple(kinds)].signature.return_type


def _check_record(extension: Extension, one: Any, found: Any, record: Any, argument: str) -> None:
    """Raise `SimulationError` unless a rule returns the record it was given, float32 throughout."""
    returned: Any = getattr(found, "instance_class", None)
    if returned is not record:
        raise SimulationError(
            f"{where_of(extension, one)}: expected it to return {argument}, with columns changed by "
            f"{argument}._replace(...), found {_named(found)}"
        )
    wide = [name for name, kind in zip(record._fields, found.types, strict=True) if kind != types.float32]
    if wide:
        kinds = sorted({str(found.types[record._fields.index(name)]) for name in wide})
        raise SimulationError(
            f"{where_of(extension, one)}: {', '.join(wide)}: expected float32, found {', '.join(kinds)}{_REMEDY}"
        )


def _parts(kind: Any) -> tuple[Any, ...]:
    return tuple(kind.types) if isinstance(kind, types.BaseTuple) else (kind,)


def _named(kind: Any) -> str:
    """A type in a word or two."""
    return f"a {kind.instance_class.__name__}" if hasattr(kind, "instance_class") else str(kind)


def _short(error: NumbaError, records: Records) -> str:
    """What a compiler's message says is wrong, and where, with the nearest name of a column or parameter."""
    text = _COLOURS.sub("", str(error))
    lines = [line.strip(" -") for line in text.splitlines() if line.strip(" -")]
    said = next((line for line in lines if _TELLING.search(line)), lines[1] if len(lines) > 1 else lines[0])
    unknown = _UNKNOWN.search(said)
    if unknown:
        record, name = unknown["record"], unknown["name"]
        fields = next((one._fields for one in (*records, Dose) if one.__name__ == record), ())
        said = f"{record} has no field {name}; {nearest(name, fields)}"
    where = _WHERE.findall(text)
    return said + (f" ({Path(where[-1][0]).name}:{where[-1][1]})" if where else "")


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint at the nearest known name."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else "add it to the parameters, columns or draws of the extension"


_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_UNKNOWN: Final = re.compile(r"(Unknown attribute '(?P<name>\w+)' of type (?P<record>\w+)\()")
_TELLING: Final = re.compile(
    r"Unknown attribute|NameError|_replace: |Cannot unify|Untyped global|No implementation|has no"
)
_WHERE: Final = re.compile(r'File "([^"]+)", line (\d+)')
