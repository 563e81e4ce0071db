"""Files that somebody uploads: looked at before they are read, so that none can fill the memory or reach other files.

A scenario may have no anchors and aliases (a few lines of them can stand for gigabytes), no deep nesting, may extend no
other file and name no survey but the one that is uploaded with it. A survey is counted before it is read.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

import yaml

from empowersim.errors import PopulationError, Problem, ScenarioError
from empowersim.experiments.live_file import LiveFile
from empowersim.fronts.dashboard.districts import district_text, read_text
from empowersim.parameters.places import places
from empowersim.scenario.survey_files import COLUMNS

MOST_SCENARIO_BYTES: Final = 256 * 1024
MOST_SURVEY_BYTES: Final = 25 * 2**20
MOST_ROWS: Final = 100_000
MOST_COLUMNS: Final = 2_000
MOST_CELLS: Final = 20_000_000
MOST_DEPTH: Final = 20
MOST_VALUES: Final = 20_000
SCENARIO_ENDINGS: Final = ("yaml", "yml")
SURVEY_ENDINGS: Final = ("csv", "parquet")
_LONGEST_NAME: Final = 80
_HIDDEN: Final = "C"
_PARQUET: Final = b"PAR1"
_KILO: Final = 1024
_SHOWN_COLUMNS: Final = 8


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name is only shown, never opened."""

    name: str
    content: bytes

    @property
    def shown(self) -> str:
        """Name for messages: no folders, nothing that nobody sees, not too long."""
        last = PureWindowsPath(PurePosixPath(self.name).name).name
        seen = "".join(one for one in last if not unicodedata.category(one).startswith(_HIDDEN))
        return seen.strip()[-_LONGEST_NAME:] or "upload"

    @property
    def digest(self) -> str:
        """Digest of the content."""
        return hashlib.blake2b(self.content, digest_size=16).hexdigest()


def scenario_of(upload: Upload, survey: Upload | None = None) -> LiveFile:
    """Read an uploaded scenario, with the survey it names if there is one.

    Raises `ScenarioError` with file, line and key, and `PopulationError` for the survey.
    """
    written = _text_of(upload)
    _look_at_events(written, upload.shown)
    path = "" if survey is None else stored_survey(survey)
    found = read_text(written, upload.shown, path)
    if found.scenario.survey is not None and survey is None:
        node = found.scenario.survey.node
        named = (node.entries or {}).get("file", node)
        raise ScenarioError([named.problem("the survey file, uploaded too", remedy="upload the survey beside it")])
    found.try_households()
    return found


def survey_alone(survey: Upload, place: str) -> LiveFile:
    """A survey without a scenario: its columns have the names of ours, everything else is that of a place.

    A row is a household where there is a column `size`, else a person. The poverty line is set where the place's share
    of persons is below it. Raises `PopulationError`, or `ScenarioError` that names the columns there may be.
    """
    path = stored_survey(survey)
    there = _header(survey)
    kind = "households" if "size" in there else "members"
    found = [name for name in COLUMNS[kind] if name in there]
    if not {"consumption", "consumption_per_person"} & set(found):
        known = ", ".join(COLUMNS["households"])
        raise PopulationError(
            [
                Problem(
                    survey.shown,
                    1,
                    "",
                    f"columns named as ours ({known}), consumption among them",
                    ", ".join(there[:_SHOWN_COLUMNS]) or "none",
                    "rename the columns, or upload a scenario file beside it that says what they are",
                )
            ]
        )
    columns = "".join(f"        {name}: {name}\n" for name in found)
    share = 100.0 * sum(region.share * region.poverty_rate for region in places()[place].regions)
    population = (
        f"  population:\n    survey:\n      file: {survey.digest}.{_ending(survey)}\n      kind: {kind}\n"
        f"      headcount: {share:.6g} %\n      columns:\n{columns}"
    )
    written = district_text(place).replace("  simulation:\n", population + "  simulation:\n", 1)
    file = read_text(written, survey.shown, path)
    file.try_households()
    return file


def _header(survey: Upload) -> list[str]:
    """Names of the columns of a survey that was looked at."""
    if _ending(survey) == "parquet":
        import io

        import pyarrow.parquet as pq

        return [str(name) for name in pq.ParquetFile(io.BytesIO(survey.content)).schema_arrow.names]
    first = survey.content.partition(b"\n")[0].decode("utf-8-sig", errors="replace").rstrip("\r")
    separator = max(",;\t|", key=first.count)
    return [cell.strip().strip('"') for cell in first.split(separator)]


def _text_of(upload: Upload) -> str:
    if len(upload.content) > MOST_SCENARIO_BYTES:
        raise _refused(
            upload, f"at most {MOST_SCENARIO_BYTES // _KILO} kB", f"{len(upload.content) // _KILO:,} kB", "a scenario"
        )
    try:
        return upload.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = upload.content[: error.start].count(b"\n") + 1
        raise ScenarioError(
            [Problem(upload.shown, line, "", "UTF-8 text", "bytes that are not", "save the file as UTF-8 text")]
        ) from None


def _refused(upload: Upload, expected: str, found: str, what: str) -> ScenarioError:
    return ScenarioError([Problem(upload.shown, 0, "", f"{what} of {expected}", found, "upload a smaller file")])


def _look_at_events(written: str, shown: str) -> None:
    """Refuse what would grow when it is read; the parser's events come one by one, so looking costs no memory."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = values = 0
    try:
        for event in yaml.parse(written, Loader=loader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                what = "an alias" if isinstance(event, yaml.AliasEvent) else "an anchor"
                sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
                raise ScenarioError(
                    [
                        Problem(
                            shown,
                            line,
                            "",
                            "values written out",
                            f"{what} ({sign}{getattr(event, 'anchor', '')})",
                            "write the value itself, or let a policy be like another",
                        )
                    ]
                )
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                depth += 1
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                depth -= 1
            values += 1
            if depth > MOST_DEPTH:
                raise ScenarioError(
                    [Problem(shown, line, "", f"at most {MOST_DEPTH} levels", "deeper nesting", "flatten it")]
                )
            if values > MOST_VALUES:
                raise ScenarioError(
                    [Problem(shown, line, "", f"at most {MOST_VALUES:,} values", "more", "upload a smaller file")]
                )
    except yaml.YAMLError:
        return  # told with its line when the file is read


# ---------------------------------------------------------------- surveys


def stored_survey(survey: Upload) -> str:
    """Look at an uploaded survey and put it where the reader finds it; the same content is stored once.

    Returns the path, in a folder of this process that nobody else may read. Raises `PopulationError`.
    """
    if len(survey.content) > MOST_SURVEY_BYTES:
        raise _too_much(survey, f"at most {MOST_SURVEY_BYTES // 2**20} MB", f"{len(survey.content) // 2**20:,} MB")
    if not survey.content:
        raise _too_much(survey, "a survey with rows", "an empty file")
    ending = _ending(survey)
    rows, columns = _parquet_size(survey) if ending == "parquet" else _csv_size(survey)
    if rows > MOST_ROWS:
        raise _too_much(survey, f"at most {MOST_ROWS:,} rows", f"{rows:,}")
    if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise _too_much(survey, f"at most {MOST_COLUMNS:,} columns and {MOST_CELLS:,} cells", f"{columns:,} columns")
    path = _folder() / f"{survey.digest}.{ending}"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(survey.content)
        unfinished.replace(path)
    return str(path)


def _ending(survey: Upload) -> str:
    ending = survey.shown.rpartition(".")[2].lower()
    if ending not in SURVEY_ENDINGS:
        raise _too_much(survey, "a file that ends with .csv or .parquet", f"'{survey.shown}'")
    return ending


def _csv_size(survey: Upload) -> tuple[int, int]:
    first = survey.content.partition(b"\n")[0]
    separators = [first.count(sign) for sign in (b",", b";", b"\t")]
    return survey.content.count(b"\n"), max(separators) + 1


def _parquet_size(survey: Upload) -> tuple[int, int]:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (survey.content.startswith(_PARQUET) and survey.content.endswith(_PARQUET)):
        raise _too_much(survey, "a Parquet file", "other bytes")
    try:
        about = pq.ParquetFile(io.BytesIO(survey.content)).metadata
    except (pa.ArrowException, OSError) as error:
        said = re.split(r"[\n.]", str(error))[0]
        raise _too_much(survey, "a Parquet file", f"a damaged one ({said})") from None
    return int(about.num_rows), int(about.num_columns)


def _too_much(survey: Upload, expected: str, found: str) -> PopulationError:
    return PopulationError([Problem(survey.shown, 0, "", expected, found, "upload a smaller survey, or a part of it")])


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def _folder() -> Path:
    """Folder of the uploads of this process; it goes when the process ends."""
    if not _KEPT:
        _KEPT.append(tempfile.TemporaryDirectory(prefix="empowersim-uploads-"))
    return Path(_KEPT[0].name)


__all__ = ["MOST_ROWS", "SCENARIO_ENDINGS", "SURVEY_ENDINGS", "Upload", "scenario_of", "stored_survey", "survey_alone"]
