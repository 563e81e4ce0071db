"""A search for a mix on disk: tables in Parquet, the whole result in JSON, and a scenario file of what was found.

Everything is made under a temporary name inside the folder and then moved into place, `provenance.json` last. The
journal of evaluations in the same folder stays: a longer search goes on from it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from empowersim.errors import StoreError
from empowersim.experiments.mix_evaluate import unit_of
from empowersim.experiments.mix_result import BEST, GREEDY, THRIFTY, Optimisation, Point
from empowersim.results.provenance import surroundings
from empowersim.results.store import PROVENANCE
from empowersim.scenario.worlds import NAMES, TRAP

FORMAT: Final = 1
"""Version of the folder's layout."""
BEST_FILE: Final = "best.yaml"
RESULT: Final = "optimise.json"

_LABELS: Final = {
    BEST: {"en": "Best mix found", "id": "Campuran terbaik yang ditemukan"},
    THRIFTY: {
        "en": "Best mix at the cost of the balanced one",
        "id": "Campuran terbaik dengan biaya campuran seimbang",
    },
    GREEDY: {"en": "Greedy mix", "id": "Campuran serakah"},
    "balanced": {"en": "Balanced mix at this budget", "id": "Campuran seimbang dengan anggaran ini"},
}


def write_optimisation(
    found: Optimisation,
    folder: str | os.PathLike[str],
    *,
    extra: Callable[[Any, Path], None] | None = None,
    command: Sequence[str] | None = None,
) -> list[Path]:
    """Write a search and what `extra` adds; return the files, `provenance.json` last.

    `optimise.json` (all of it), `points.parquet` (a row a point and figure), `mixes.parquet` (a row a point and item),
    `comparisons.parquet`, `evaluations.parquet` (every mix of the search) and `best.yaml`. Ask
    `results.store.check_target` before: what stands there is replaced. Raises `StoreError` where it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = Path(folder)
    partial: Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
        for name, rows in tables_of(found).items():
            table = pa.Table.from_pylist(rows).replace_schema_metadata({"empowersim_run_id": found.run_id})
            pq.write_table(table, partial / f"{name}.parquet", compression="zstd")
        (partial / RESULT).write_text(found.to_json() + "\n", encoding="utf-8")
        (partial / BEST_FILE).write_text(best_yaml(found, target), encoding="utf-8")
        if extra is not None:
            extra(found, partial)
        document = {
            "format": FORMAT,
            "run_id": found.run_id,
            "inputs": dict(found.inputs),
            "made_with": surroundings(command),
            "optimisation": RESULT,
        }
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        (partial / PROVENANCE).write_text(text + "\n", encoding="utf-8")
        made = sorted(path.name for path in partial.iterdir() if path.name != PROVENANCE)
        for name in (*made, PROVENANCE):
            os.replace(partial / name, target / name)
        return [target / name for name in (*made, PROVENANCE)]
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full; free some space" if full else f"{error.strerror or error}; allow writing"
        raise StoreError(f"{target}: results could not be written: {reason}, or name another folder") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def tables_of(found: Optimisation) -> dict[str, list[dict[str, Any]]]:
    """Name of a table -> its rows. Figures that cannot be told are None."""
    document = found.to_dict()
    points, mixes = [], []
    for one in document["points"]:
        for figure, ends in one["held_out"].items():
            points.append(
                {
                    "point": one["name"],
                    "kind": one["kind"],
                    "figure": figure,
                    "unit": unit_of(figure),
                    "search": one["search"][figure],
                    "held_out": ends["mean"],
                    "held_out_low": ends["low"],
                    "held_out_high": ends["high"],
                    **{f"difference_{end}": one["difference"][figure][end] for end in ("mean", "low", "high")},
                    **{f"held_out_{world}": one["worlds"][world][figure] for world in found.worlds},
                    "worst_tenth": one["worst_tenth"][figure],
                    "keeps_constraints": one["keeps_constraints"],
                    "undominated": one["undominated"],
                }
            )
        for item, amount in one["idr_a_year"].items():
            mixes.append({"point": one["name"], "kind": one["kind"], "item": item, "idr_a_year": amount})
    comparisons = [
        {
            **{name: one[name] for name in ("point", "against", "figure", "unit", "search")},
            **{f"held_out_{end}": one["held_out"][end] for end in ("mean", "low", "high")},
            "probability_better": one["probability_better"],
            "told_apart": one["told_apart"],
            **{f"held_out_{world}": one["worlds"][world]["mean"] for world in found.worlds},
            "worst_tenth": one["worst_tenth"],
        }
        for one in document["comparisons"]
    ]
    keys = dict.fromkeys(key for row in found.looked_at for key in row)
    evaluations = [{key: row.get(key) for key in keys} for row in found.looked_at]
    return {"points": points, "mixes": mixes, "comparisons": comparisons, "evaluations": evaluations}


def best_yaml(found: Optimisation, folder: str | os.PathLike[str]) -> str:
    """Scenario file, to lie in `folder`, with the chosen points as policies; `compare` gives the numbers of the result.

    Those numbers are `as_compare` of the points: futures 0 to the last held-out one, with the shipped parameters.
    """
    import yaml

    try:
        scenario = os.path.relpath(found.scenario, folder)
    except ValueError:  # another drive
        scenario = os.path.abspath(found.scenario)
    policies = {
        name: _policy(point) for name in (BEST, THRIFTY, "balanced", GREEDY) if (point := _written(found, name))
    }
    simulation: dict[str, Any] = {"months": found.months, "replicates": found.held_out_futures, "seed": found.seed}
    if found.households is not None:
        simulation = {"households": found.households, **simulation}
    trap = "both" if found.worlds == NAMES else "yes" if found.worlds == (TRAP,) else "no"
    document = {
        "empowersim": 1,
        "name": f"{found.name}_best"[:_LONGEST_NAME],
        "title": {language: f"{text}{_SUFFIX[language]}" for language, text in found.title.items()},
        "extends": Path(scenario).as_posix(),
        "reference": found.reference,
        "base": {"world": {"trap": trap}, "simulation": simulation},
        "policies": policies,
    }
    names = ",".join([*policies, *([found.point("balanced").policy] if found.point("balanced").policy else [])])
    head = (
        f"# What a search for the best mix found (run {found.run_id}). The numbers of the result for the shipped\n"
        f"# parameters (as_compare in {RESULT}) come out again with\n"
        f"#\n#   empowersim compare {BEST_FILE} --policies {names}\n\n"
    )
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False)


_LONGEST_NAME: Final = 64
_WIDTH: Final = 120
_SUFFIX: Final = {"en": ": what the search found", "id": ": hasil pencarian"}


def _written(found: Optimisation, name: str) -> Point | None:
    """A point that is written as a policy; None where it is one of the scenario already, or does not exist."""
    for one in found.points:
        if one.name == name:
            return one if one.below else None
    return None


def _policy(point: Point) -> dict[str, Any]:
    made: dict[str, Any] = {"label": _LABELS[point.name]}
    for path, text in point.below.items():
        here = made
        *above, last = path.split(".")
        for key in above:
            here = here.setdefault(key, {})
        here[last] = None if text == "null" else text
    return made


def read_optimisation(folder: str | os.PathLike[str]) -> Mapping[str, Any]:
    """Read `optimise.json` of a folder as plain values; `StoreError` if it is not there or cannot be read."""
    path = Path(folder) / RESULT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: expected the result of a search, found {error}; run optimise --out again") from error
    if not isinstance(found, dict):
        raise StoreError(f"{path}: expected a JSON object, found {type(found).__name__}; run optimise --out again")
    return found
