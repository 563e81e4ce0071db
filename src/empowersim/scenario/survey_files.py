"""Read a survey of households or of household members from a CSV or Parquet file.

A mapping says which column of the file is which of ours, and how its cells become numbers::

    consumption: {column: ln_total, transform: exp}     # a cell x becomes e**x
    female_head: {column: sex, equals: female}          # 1 where the cell says so, else 0
    schooling_years: {column: diploma, levels: {none: 0, primary: 6}}
    illness: {column: days_in_bed, bins: [1, 8]}        # 0 below 1, 1 below 8, else 2
    consumption: {column: dong, times: 0.001}
    region: {value: rural_road}                         # the same in every row
    size: hhsize                                        # short for {column: hhsize}

All that is wrong with a file is reported at once.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import PopulationError, Problem
from empowersim.parameters.places import SurveyRules, survey_rules
from empowersim.schema import REGION_TYPES, column

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

_AGES: Final = (0.0, 130.0)
_INF: Final = float("inf")
_SHOWN: Final = 3
"""Lines shown of a mistake that occurs often."""
_DROPPED: Final = {"NA", "N/A", "NaN", "nan", "null", "NULL", "None", ".", ""}
"""Cells that mean: missing."""
_STEPS: Final = ("column", "value", "equals", "levels", "transform", "bins", "times", "missing")
_TRANSFORMS: Final[dict[str, Callable[[float], float]]] = {"exp": math.exp, "log": math.log, "none": float}
_SUFFIXES: Final = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet", ".pq")


class _Spec(NamedTuple):
    """What the values of one of our columns must be."""

    meaning: str
    lower: float = -_INF
    upper: float = _INF
    above: bool = False
    """The lower bound itself is not allowed."""
    text: bool = False
    """An identifier or a name, not a number."""
    whole: bool = False
    needed: bool = False
    """A household without it is left out."""
    shared: bool = True
    """In a file of members: the same for all members of a household."""

    def expected(self) -> str:
        """What a cell must hold, in words."""
        number = "a whole number" if self.whole else "a number"
        if self.above:
            return f"{number} above {self.lower:g}"
        if (self.lower, self.upper) == (0.0, 1.0) and self.whole:
            return "0 or 1"
        if self.upper < _INF:
            return f"{number} from {self.lower:g} to {self.upper:g}"
        return f"{number} of at least {self.lower:g}" if self.lower > -_INF else number


def _bounded(name: str, meaning: str, **more: Any) -> _Spec:
    """Spec of a column that has bounds in the schema."""
    return _Spec(meaning, column(name).lower, column(name).upper, **more)


_BOTH: Final = {
    "household": _Spec("identifier of the household", text=True, needed=True),
    "village": _Spec("cluster of the survey: commune, village, enumeration area", text=True, needed=True),
    "subdistrict": _Spec("what villages lie in", text=True, needed=True),
    "region": _Spec("region type: " + ", ".join(REGION_TYPES), text=True, needed=True),
    "weight": _Spec("households that this one stands for", 0.0, needed=True),
    "consumption": _Spec("consumption of the household, any unit and period", 0.0, above=True, needed=True),
    "consumption_per_person": _Spec("consumption of a person, any unit and period", 0.0, above=True, needed=True),
}


def _flag(meaning: str, **more: Any) -> _Spec:
    """Spec of a column that is 0 or 1."""
    return _Spec(meaning, 0.0, 1.0, whole=True, **more)


COLUMNS: Final[dict[str, dict[str, _Spec]]] = {
    "households": {
        **_BOTH,
        "size": _bounded("size", "members of the household", whole=True, needed=True),
        "children": _bounded("children", "members of school age, 7 to 18 years", whole=True),
        "schooling_years": _bounded("schooling_years", "years of schooling of the best-educated adult"),
        "female_head": _flag("1 if a woman heads the household"),
        "literacy": _bounded("literacy", "functional literacy, 0 to 1"),
        "in_school": _flag("1 if the children of school age are enrolled"),
        "illness": _bounded("illness", "illness of an earner: 0 none, 1 moderate, 2 severe", whole=True),
        "insured": _Spec("1 if the household has health insurance", 0.0, 1.0),
    },
    "members": {
        **_BOTH,
        "age": _Spec("age in years", *_AGES, shared=False),
        "female": _flag("1 for a woman", shared=False),
        "head": _flag("1 for the head of the household", shared=False),
        "schooling_years": _bounded("schooling_years", "years of schooling of the person", shared=False),
        "literacy": _bounded("literacy", "functional literacy of the person, 0 to 1", shared=False),
        "in_school": _flag("1 if the person is enrolled", shared=False),
        "illness": _bounded("illness", "illness of the person: 0 none, 1 moderate, 2 severe", whole=True, shared=False),
        "insured": _flag("1 if the person has health insurance", shared=False),
    },
}
"""What a mapping may name, for a file of households and for a file of members."""

_NEEDED: Final = {"households": ("village", "size"), "members": ("village", "household")}
_PLAIN: Final = ("children", "schooling_years", "female_head", "literacy", "in_school", "illness")
_AGE_FOR: Final = ("schooling_years", "literacy", "in_school", "illness")
"""Columns of members that need to know who is an adult and who a child."""


@dataclass(frozen=True)
class Survey:
    """Households read from a file, as `engine.survey.from_survey` takes them."""

    name: str
    """Name of the file, without folders."""
    digest: str
    """Digest (16 hexadecimal digits) of the bytes of the file."""
    kind: str
    columns: Mapping[str, NDArray[Any]]
    """Arrays of one length, NaN where unknown; `consumption` is that of a person."""
    households: int
    members: int
    villages: int
    insured: float | None
    """Share of households (or persons, in a file of members) with health insurance, if the file has it."""
    notes: tuple[str, ...]
    """What was left out or worked out while reading, in plain sentences."""


@dataclass
class _Table:
    """Cells of the mapped columns of a file, as distinct texts and their places."""

    file: str
    header: tuple[str, ...]
    lines: IntArray
    """Line (CSV) or row (Parquet, from 1) of each row."""
    codes: dict[str, IntArray] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return int(self.lines.size)


class _Reader:
    """Reads one file and gathers all problems on the way."""

    def __init__(self, file: str, kind: str, rules: SurveyRules) -> None:
        self.file, self.kind, self.rules = file, kind, rules
        self.specs = COLUMNS[kind]
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def wrong(self, line: int, key: str, expected: str, found: str, remedy: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(self.file, line, f"columns.{key}" if key else "", expected, found, remedy))

    def stop(self) -> None:
        """Raise what was found so far."""
        if self.problems:
            raise PopulationError(self.problems)


def read_survey(
    path: str | os.PathLike[str],
    mapping: Mapping[str, Any],
    kind: Literal["households", "members"] = "households",
    *,
    remedy: str = "",
) -> Survey:
    """Read a survey.

    `mapping` gives, for names of `COLUMNS[kind]`, a column of the file or how to work it out (see the top of this
    module). Needed are `village`, one of `consumption` and `consumption_per_person`, and `size` in a file of
    households or `household` in a file of members. Members become households: size and children of school age are
    counted; schooling is that of the best-educated adult, literacy that of the least literate, illness the worst among
    adults of working age; children are in school if at least half of them are.

    `remedy` says how to obtain the file, should it not exist. Raises `PopulationError` with all problems.
    """
    path = Path(path)
    if kind not in COLUMNS:
        raise PopulationError([Problem(path.name, 0, "kind", "households or members", str(kind))])
    reader = _Reader(path.name, kind, survey_rules())
    steps = _steps(reader, mapping)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        reader.wrong(0, "", "a survey file", found, remedy or "check the path of the survey file")
        reader.stop()
    if not path.name.lower().endswith(_SUFFIXES):
        reader.wrong(0, "", "a file ending in " + ", ".join(_SUFFIXES), path.name, "save it as CSV or Parquet")
        reader.stop()
    wanted = sorted({step["column"] for step in steps.values() if "column" in step})
    parquet = path.name.lower().endswith((".parquet", ".pq"))
    table = (_read_parquet if parquet else _read_csv)(reader, path, wanted)
    _check_header(reader, table, steps)
    if not table.rows:
        reader.wrong(0, "", "at least one row", "none")
    reader.stop()
    values = {name: _column(reader, table, name, step) for name, step in steps.items()}
    if kind == "members" and "age" not in values:
        for name in _AGE_FOR:
            if name in values:
                reader.wrong(0, name, "a column age, to tell adults from children", "none", "map age or leave this out")
    reader.stop()
    households = (_from_members if kind == "members" else _from_households)(reader, table, values)
    reader.stop()
    return _survey(reader, path, households)


def _steps(reader: _Reader, mapping: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Check a mapping, and give each entry the long form."""
    steps: dict[str, dict[str, Any]] = {}
    for name, entry in mapping.items():
        if name not in reader.specs:
            known = tuple(reader.specs)
            reader.wrong(0, str(name), "one of " + ", ".join(known), "an unknown name", _nearest(name, known))
            continue
        step = {"column": entry} if isinstance(entry, str) else entry
        if not isinstance(step, Mapping):
            reader.wrong(0, name, "a column of the file, or {column: ..., transform: exp} and the like", repr(entry))
            continue
        for key in step:
            if key not in _STEPS:
                reader.wrong(0, f"{name}.{key}", "one of " + ", ".join(_STEPS), "an unknown key", _nearest(key, _STEPS))
        _check_step(reader, name, step)
        steps[name] = dict(step)
    for name in _NEEDED[reader.kind]:
        if name not in mapping:
            remedy = f"say which column is the {reader.specs[name].meaning}"
            reader.wrong(0, name, "a column of the file", "nothing", remedy)
    if ("consumption" in mapping) == ("consumption_per_person" in mapping):
        found = "both" if "consumption" in mapping else "neither"
        reader.wrong(0, "consumption", "either consumption or consumption_per_person", found)
    reader.stop()
    return steps


def _nearest(name: Any, known: Sequence[str]) -> str:
    """Remedy that names the nearest valid name, if one is near."""
    near = get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _check_step(reader: _Reader, name: str, step: Mapping[str, Any]) -> None:
    """Check how one column is worked out."""

    def number(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

    if ("column" in step) == ("value" in step):
        reader.wrong(0, name, "either column or value", "both" if "column" in step else "neither")
    elif "column" in step and not isinstance(step["column"], str):
        reader.wrong(0, f"{name}.column", "the name of a column", repr(step["column"]))
    if "equals" in step and "levels" in step:
        reader.wrong(0, name, "either equals or levels", "both")
    if "transform" in step and step["transform"] not in _TRANSFORMS:
        reader.wrong(0, f"{name}.transform", "one of " + ", ".join(_TRANSFORMS), repr(step["transform"]))
    if "levels" in step and not isinstance(step["levels"], Mapping):
        found = repr(step["levels"])
        reader.wrong(0, f"{name}.levels", "a mapping from cells to values, as {none: 0, primary: 6}", found)
    if "times" in step and not number(step["times"]):
        reader.wrong(0, f"{name}.times", "a number", repr(step["times"]))
    bins = step.get("bins", [])
    if not isinstance(bins, Sequence) or not all(map(number, bins)) or list(bins) != sorted(set(bins)):
        reader.wrong(0, f"{name}.bins", "rising numbers, as [1, 8]", repr(bins))


def _read_csv(reader: _Reader, path: Path, wanted: list[str]) -> _Table:
    """Read the mapped columns of a CSV file as text."""
    import pyarrow as pa
    from pyarrow import csv as pacsv

    def opened() -> IO[str]:
        if path.name.lower().endswith(".gz"):
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        return path.open(encoding="utf-8-sig", newline="")

    try:
        with opened() as stream:
            first = stream.readline()
    except (UnicodeDecodeError, OSError) as error:
        reader.wrong(1, "", "text in UTF-8", _reason(error), "save the file as UTF-8")
        reader.stop()
    delimiter = max(",;\t|", key=first.count)
    header = tuple(cell.strip() for cell in next(csv.reader([first.rstrip("\r\n")], delimiter=delimiter), []))
    table = _Table(reader.file, header, np.zeros(0, np.int64))
    if not any(header):
        reader.wrong(1, "", "a first line with the names of the columns", "nothing")
        reader.stop()
    use = [name for name in wanted if header.count(name) == 1]
    bad: list[tuple[int, int]] = []
    blank: list[int] = []

    def invalid(row: Any) -> str:
        if row.text.strip():
            bad.append((row.number, row.actual_columns))
        else:
            blank.append(row.number)
        return "skip"

    names = [f"{position}:{name}" for position, name in enumerate(header)]  # unlike the header, never twice the same
    chosen = [names[header.index(name)] for name in use]
    try:
        data = pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, ignore_empty_lines=len(header) == 1, invalid_row_handler=invalid
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                include_columns=chosen or names[:1],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        reader.wrong(0, "", "rows of text in UTF-8", _reason(error), "save the file as UTF-8")
        reader.stop()
    if bad:
        lines = [number for number, _ in bad]
        found = f"{bad[0][1]} cells{_others(lines)}"
        reader.wrong(lines[0], "", f"{len(header)} cells in every row", found, "quote cells that hold the delimiter")
    skipped = np.array(sorted([number for number, _ in bad] + blank), np.int64)
    table.lines = _line_numbers(data.num_rows, skipped)
    for name, position in zip(use, chosen, strict=True):
        _add(table, name, data[position])
    return table


def _line_numbers(rows: int, skipped: IntArray) -> IntArray:
    """Lines of the rows that were kept: from 2 on, without the skipped lines."""
    lines = np.arange(2, rows + skipped.size + 2)
    return np.asarray(lines[~np.isin(lines, skipped)][:rows], np.int64)


def _read_parquet(reader: _Reader, path: Path, wanted: list[str]) -> _Table:
    """Read the mapped columns of a Parquet file as text."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        source = parquet.ParquetFile(path)
        header = tuple(source.schema_arrow.names)
        use = [name for name in wanted if header.count(name) == 1]
        data = source.read(columns=use, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        reader.wrong(0, "", "a Parquet file", _reason(error))
        reader.stop()
    table = _Table(reader.file, header, np.arange(1, data.num_rows + 1))
    for name in use:
        values = data[name]
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        try:
            _add(table, name, values.cast(pa.string()).fill_null(""))
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            reader.wrong(0, "", "columns of numbers or text", f"{name} of type {values.type}")
    return table


def _add(table: _Table, name: str, values: Any) -> None:
    """Put a column of text into a table, as distinct texts and their places."""
    encoded = values.combine_chunks().dictionary_encode()
    table.codes[name] = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)
    table.texts[name] = [text.strip() for text in encoded.dictionary.to_pylist()]


def _reason(error: Exception) -> str:
    """First line of the message of somebody else's error."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"'{text[:117]}...'" if len(text) > 120 else f"'{text}'"


def _others(lines: Sequence[int]) -> str:
    """Where else a mistake occurs: nothing for one line."""
    if len(lines) == 1:
        return ""
    shown = ", ".join(str(line) for line in lines[1:_SHOWN])
    word = "line" if len(lines) == 2 else "lines"
    return f" (and {len(lines) - 1:,} more: {word} {shown}{', ...' if len(lines) > _SHOWN else ''})"


def _check_header(reader: _Reader, table: _Table, steps: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that mapped columns exist, once."""
    for name, step in steps.items():
        wanted = step.get("column")
        if wanted is None or table.header.count(wanted) == 1:
            continue
        if wanted in table.header:
            reader.wrong(1, name, f"one column {wanted}", f"{table.header.count(wanted)} of that name")
            continue
        remedy = _nearest(wanted, table.header) or "the file has " + ", ".join(table.header)
        reader.wrong(1, name, f"a column {wanted}", "none of that name", remedy)


def _spelled(value: Any) -> tuple[str, ...]:
    """How a value of a mapping may be spelled in a cell; YAML reads yes and no as truth values."""
    if isinstance(value, bool):
        return ("yes", "true", "Yes", "True", "TRUE") if value else ("no", "false", "No", "False", "FALSE")
    return (str(value),)


def _same(text: str) -> str:
    """One spelling for numbers: 1, 1.0 and 01 are the same cell."""
    try:
        return f"{float(text):.15g}"
    except ValueError:
        return text


def _column(reader: _Reader, table: _Table, name: str, step: Mapping[str, Any]) -> NDArray[Any]:
    """Values of one of our columns: float64 with NaN for missing, or text with '' for missing."""
    spec = reader.specs[name]
    if "value" in step:
        texts, codes = [str(step["value"])], np.zeros(table.rows, np.int64)
    else:
        texts, codes = table.texts[step["column"]], table.codes[step["column"]]
    levels = {_same(spelling): value for key, value in step.get("levels", {}).items() for spelling in _spelled(key)}
    equals = {_same(spelling) for spelling in _spelled(step["equals"])} if "equals" in step else None
    missing = [text in _DROPPED for text in texts]
    if "missing" in step:
        texts = [str(step["missing"]) if gone else text for text, gone in zip(texts, missing, strict=True)]
        filled = int(np.array(missing, bool)[codes].sum())
        missing = [False] * len(texts)
        if filled:
            reader.notes.append(f"{name}: {filled:,} missing cells of {reader.file} taken as {step['missing']}.")
    wrong: dict[str, list[int]] = {}
    made: list[Any] = []
    for code, text in enumerate(texts):
        value: Any = "" if spec.text else math.nan
        if not missing[code]:
            try:
                value = _value(text, spec, step, levels, equals)
            except _BadCellError as bad:
                wrong.setdefault(bad.args[0], []).append(code)
        made.append(value)
    for expected, bad_codes in wrong.items():
        rows = np.flatnonzero(np.isin(codes, bad_codes))
        if not rows.size:
            continue
        lines = table.lines[rows].tolist()
        remedy = ""
        text = texts[int(codes[rows[0]])]
        if "," in text and not spec.text:
            remedy = "write numbers with a decimal point and without separators"
        elif expected.startswith("one of the levels"):
            remedy = "add the level"
        where = 0 if "value" in step else lines[0]
        reader.wrong(where, name, expected, f"'{text}'{'' if 'value' in step else _others(lines)}", remedy)
    if spec.text:
        return np.array(made, object)[codes]
    return np.array(made, np.float64)[codes]


class _BadCellError(Exception):
    """A cell that is not what it must be; says what was expected."""


def _value(
    text: str, spec: _Spec, step: Mapping[str, Any], levels: Mapping[str, Any], equals: set[str] | None
) -> float | str:
    """Work out one cell."""
    cell: Any = text
    if equals is not None:
        cell = float(_same(text) in equals)
    elif levels:
        if _same(text) not in levels:
            raise _BadCellError("one of the levels " + ", ".join(levels))
        cell = levels[_same(text)]
    if spec.text:
        if spec.meaning.startswith("region type") and cell not in REGION_TYPES:
            raise _BadCellError("one of the region types " + ", ".join(REGION_TYPES))
        return str(cell)
    if isinstance(cell, str) and cell.lower() in {"true", "false"}:
        cell = cell.lower() == "true"
    try:
        number = float(cell)
        if isinstance(cell, str) and "_" in cell:
            raise _BadCellError(spec.expected())
        number = _TRANSFORMS[step.get("transform", "none")](number)
    except (ValueError, OverflowError) as error:
        raise _BadCellError(spec.expected()) from error
    if step.get("bins"):
        number = float(np.searchsorted(step["bins"], number, side="right"))
    number *= float(step.get("times", 1.0))
    low = number <= spec.lower if spec.above else number < spec.lower
    if not math.isfinite(number) or low or number > spec.upper or (spec.whole and number != round(number)):
        raise _BadCellError(spec.expected())
    return number


def _unknown(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value is missing."""
    return np.asarray(values == "" if values.dtype == object else np.isnan(values), np.bool_)


def _codes(values: NDArray[Any]) -> IntArray:
    """Code of each identifier, in numeric order where all are numbers, else in the order of the alphabet."""
    distinct = sorted(set(values.tolist()))
    with contextlib.suppress(ValueError):
        distinct.sort(key=float)
    table = {text: code for code, text in enumerate(distinct)}
    return np.array([table[text] for text in values.tolist()], np.int64)


def _leave_out(
    reader: _Reader, table: _Table, lacking: Mapping[str, NDArray[np.bool_]], what: str
) -> NDArray[np.bool_]:
    """Which rows (or households) to keep: those with all that is necessary, if enough are left."""
    count = next(iter(lacking.values())).size
    keep = np.ones(count, np.bool_)
    for name, gone in lacking.items():
        keep &= ~gone
        share = gone.sum() / count
        if share > reader.rules.missing_tolerated:
            first = int(table.lines[np.flatnonzero(gone)[0]]) if gone.size == table.rows else 0
            reader.wrong(
                first,
                name,
                f"at most {reader.rules.missing_tolerated:.0%} of {what} without it",
                f"{int(gone.sum()):,} of {count:,} ({share:.0%})",
                "complete the file, or give a value for missing cells: {column: ..., missing: ...}",
            )
        elif gone.any():
            left = f"{int(gone.sum()):,} of {count:,} {what} of {reader.file} left out"
            reader.notes.append(f"{left}: {name} is missing.")
    return keep


def _grouped(values: Mapping[str, NDArray[Any]]) -> tuple[Any, IntArray, IntArray, IntArray]:
    """Households by village and identifier: keys, first row of each, household of each row, rows of each."""
    keys = [f"{village} / {one}" for village, one in zip(values["village"], values["household"], strict=True)]
    return np.unique(np.array(keys, dtype=str), return_index=True, return_inverse=True, return_counts=True)


def _from_households(reader: _Reader, table: _Table, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Columns of a file of households, without rows that lack what is necessary."""
    needed = {name: _unknown(array) for name, array in values.items() if reader.specs[name].needed}
    keep = _leave_out(reader, table, needed, "households")
    found = {name: array[keep] for name, array in values.items()}
    lines = table.lines[keep]
    if "household" in found:
        _, first, inverse, counts = _grouped(found)
        again = np.flatnonzero((counts[inverse] > 1) & (first[inverse] != np.arange(lines.size)))
        if again.size:
            row = int(again[0])
            reader.wrong(
                int(lines[row]),
                "household",
                "each household once in its village",
                f"household {found['household'][row]} again, first in line {lines[first[inverse[row]]]}"
                + _others(lines[again].tolist()),
                "is this a file of members? then say kind: members",
            )
    if "children" in found and "size" in found:
        many = np.flatnonzero(found["children"] > found["size"] - 1)
        if many.size:
            row = int(many[0])
            shown = f"{found['children'][row]:g} children of {found['size'][row]:g} members"
            where = lines[many].tolist()
            reader.wrong(where[0], "children", "fewer children than members", shown + _others(where))
    _check_region(reader, found, lines)
    return found


def _check_region(reader: _Reader, found: Mapping[str, NDArray[Any]], lines: IntArray) -> None:
    """All households of a village lie in one region type."""
    if "region" not in found or not found["village"].size:
        return
    first: dict[str, str] = {}
    bad = [
        row
        for row, (village, region) in enumerate(zip(found["village"], found["region"], strict=True))
        if first.setdefault(village, region) != region
    ]
    if bad:
        row = bad[0]
        reader.wrong(
            int(lines[row]),
            "region",
            "one region type in a village",
            f"village {found['village'][row]} in {first[found['village'][row]]} and in {found['region'][row]}"
            + _others(lines[bad].tolist()),
            "give each region type of a village an identifier of its own",
        )


def _from_members(reader: _Reader, table: _Table, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Households made of members; households that lack what is necessary are left out."""
    identity = {name: _unknown(values[name]) for name in ("village", "household")}
    keep = _leave_out(reader, table, identity, "members")
    values = {name: array[keep] for name, array in values.items()}
    lines = table.lines[keep]
    if not lines.size:
        return {}
    _, first, inverse, counts = _grouped(values)
    order = np.argsort(first, kind="stable")  # households in the order of the file
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    group, first, counts = rank[inverse], first[order], counts[order]
    households = counts.size

    found: dict[str, NDArray[Any]] = {}
    for name, array in values.items():
        if reader.specs[name].shared:
            _check_agreement(reader, name, array, group, first, lines, values)
            found[name] = array[first]
    found["size"] = counts.astype(np.float64)
    upper = column("size").upper
    if (counts > upper).any():
        large = np.flatnonzero(counts > upper)
        reader.wrong(
            int(lines[first[large[0]]]),
            "household",
            f"at most {upper:g} members in a household",
            f"{int(counts[large[0]]):,} in household {values['household'][first[large[0]]]}"
            + _others(lines[first[large]].tolist()),
            "does the identifier name a household, or a village?",
        )
    needed = {name: _unknown(array) for name, array in found.items() if reader.specs.get(name, _Spec("")).needed}
    keep_households = _leave_out(reader, table, needed, "households")

    if "female" in values and "head" in values:
        found["female_head"] = _among(group, households, values["female"], values["head"] == 1.0, np.fmax)
    if "insured" in values:
        found["insured"] = values["insured"]  # a share of persons; counted, not simulated
    if "age" in values:
        _by_age(reader, values, group, households, found)
    insured = found.pop("insured", None)
    found = {name: array[keep_households] for name, array in found.items()}
    if insured is not None:
        found["insured"] = insured
    _check_region(reader, found, lines[first][keep_households])
    return found


def _check_agreement(
    reader: _Reader,
    name: str,
    array: NDArray[Any],
    group: IntArray,
    first: IntArray,
    lines: IntArray,
    values: Mapping[str, NDArray[Any]],
) -> None:
    """Members of a household must agree on what belongs to the household."""
    head = array[first][group]
    if array.dtype == object:
        differs = array != head
    else:
        with np.errstate(invalid="ignore"):
            differs = ~(np.isclose(array, head, rtol=1e-6, atol=0.0) | (np.isnan(array) & np.isnan(head)))
    bad = np.flatnonzero(differs)
    if bad.size:
        row = int(bad[0])
        shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in (head[row], array[row])]
        reader.wrong(
            int(lines[row]),
            name,
            "the same in all members of a household",
            f"{shown[1]} where line {lines[first[group[row]]]} of household {values['household'][row]} has {shown[0]}"
            + _others(lines[bad].tolist()),
        )


def _among(
    group: IntArray, households: int, array: Float64Array, members: NDArray[np.bool_], reduce: np.ufunc
) -> Float64Array:
    """Reduce the known values of some members of each household; NaN where there are none."""
    result = np.full(households, np.nan)
    reduce.at(result, group[members], array[members])
    return result


def _by_age(
    reader: _Reader,
    values: Mapping[str, NDArray[Any]],
    group: IntArray,
    households: int,
    found: dict[str, NDArray[Any]],
) -> None:
    """Add what depends on who is an adult and who a child."""
    rules, age = reader.rules, values["age"]
    unknown = int(np.isnan(age).sum())
    if unknown:
        reader.notes.append(
            f"{unknown:,} members of {reader.file} without an age are taken for neither adults nor children."
        )
    with np.errstate(invalid="ignore"):
        child = (age >= rules.school_age_from) & (age <= rules.school_age_to)
        adult = age >= rules.adult_from
        eldest = age == _among(group, households, age, ~np.isnan(age), np.fmax)[group]
    without = ~np.isin(np.arange(households), group[adult])
    if without.any():
        reader.notes.append(
            f"{int(without.sum()):,} households of {reader.file} have no member of {rules.adult_from:g} years or more: "
            "their eldest counts as adult."
        )
    adult = adult | (eldest & without[group])
    found["children"] = np.bincount(group, child, minlength=households)
    only_children = found["children"] > found["size"] - 1
    found["children"][only_children] = found["size"][only_children] - 1  # the first member is never a child
    if "schooling_years" in values:
        found["schooling_years"] = _among(group, households, values["schooling_years"], adult, np.fmax)
    if "literacy" in values:
        found["literacy"] = _among(group, households, values["literacy"], adult, np.fmin)
    if "in_school" in values:
        known = child & ~np.isnan(values["in_school"])
        total = np.bincount(group[known], minlength=households)
        enrolled = np.bincount(group[known], values["in_school"][known], minlength=households)
        half = (2.0 * enrolled >= total).astype(np.float64)
        found["in_school"] = np.where((total == 0) & (found["children"] > 0), np.nan, half)
    if "illness" in values:
        earner = adult & (age <= rules.earner_to)
        worst = _among(group, households, values["illness"], earner, np.fmax)
        none = ~np.isin(np.arange(households), group[earner])
        found["illness"] = np.where(none, 0.0, worst)


def _survey(reader: _Reader, path: Path, found: dict[str, NDArray[Any]]) -> Survey:
    """Put the households into the form that `engine.survey.from_survey` takes."""
    if not found or not found["size"].size:
        reader.wrong(0, "", "at least one household with all that is necessary", "none")
        reader.stop()
    size = found["size"]
    consumption = found.get("consumption_per_person")
    columns: dict[str, NDArray[Any]] = {
        "village": _codes(found["village"]),
        "consumption": found["consumption"] / size if consumption is None else consumption,
        "size": size,
    }
    if "subdistrict" in found:
        columns["subdistrict"] = _codes(found["subdistrict"])
    if "region" in found:
        columns["region"] = np.array([REGION_TYPES.index(name) for name in found["region"]], np.int64)
    for name in ("weight", *_PLAIN):
        if name in found:
            columns[name] = found[name]
    insured = None
    if "insured" in found and not np.isnan(found["insured"]).all():
        insured = float(np.nanmean(found["insured"]))
        reader.notes.append(f"{insured:.1%} have health insurance in {reader.file}; the model does not use it.")
    return Survey(
        name=path.name,
        digest=hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest(),
        kind=reader.kind,
        columns=columns,
        households=int(size.size),
        members=int(size.sum()),
        villages=int(columns["village"].max()) + 1,
        insured=insured,
        notes=tuple(reader.notes),
    )
