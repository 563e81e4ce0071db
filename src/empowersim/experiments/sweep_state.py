"""A sweep as it stands in a folder: begin it, find it again, expand it.

What a folder holds is what counts: a sweep goes on from the scenario, points and draws that it was begun with, not from
files that may have changed since.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import SimulationError, StoreError
from empowersim.experiments.asked import passport_of, whole_number
from empowersim.experiments.sweep_design import MOST_RUNS, Axis
from empowersim.experiments.sweep_plan import (
    SweepPlan,
    axis_kinds,
    chunk_size,
    draws_table,
    points_table,
    shuffled,
)
from empowersim.experiments.sweep_points import Settings, Work
from empowersim.experiments.sweep_sampling import Draws, Point
from empowersim.results.provenance import program_digest, run_id, surroundings
from empowersim.results.sweep_journal import MadeRun
from empowersim.results.sweep_store import DRAWS, INPUTS, MANIFEST, POINTS, SCENARIO, SweepFolder, part_file
from empowersim.scenario.changes import Changeable

if TYPE_CHECKING:
    from empowersim.engine.extension import Extension

_PLACES: Final = ("points", "draws", "replicates")


@dataclass(eq=False)
class Chunk:
    """An unfinished chunk: its runs, and those that are made."""

    number: int
    keys: list[tuple[int, int, int]]
    made: dict[tuple[int, int, int], MadeRun] = field(default_factory=dict)


class Sweep:
    """A sweep as it stands in a folder that this process holds."""

    def __init__(self, folder: SweepFolder, extension: Extension | None = None) -> None:
        """Read the folder. Raises `StoreError` for what cannot be read, or was made by another program or extension."""
        manifest = folder.manifest()
        if manifest is None:
            raise StoreError(
                f"{folder.path}: expected a sweep with a {MANIFEST}, found none; name a design file and --out"
            )
        there, here = manifest["identity"].get("extension"), passport_of(extension).get("extension")
        if there != here:
            raise StoreError(
                f"{folder.path}: holds a sweep {_under(there)}, asked for one {_under(here)}; hand over the same "
                "extension, or name another folder"
            )
        self.folder = folder
        self.manifest = manifest
        self.extension = extension
        made_by = manifest["identity"]["program"]
        if made_by != program_digest():
            raise StoreError(
                f"{folder.path}: expected a sweep of this program (digest {program_digest()}), found one of another "
                f"(digest {made_by}, version {manifest['made_with'].get('empowersim')}); go on with that version, or "
                "begin anew with --force"
            )
        self.key: str = manifest["key"]
        self.stages: list[dict[str, Any]] = manifest["stages"]
        settings = manifest["settings"]
        self.settings = Settings(
            policies=tuple(settings["policies"]),
            reference=settings["reference"],
            households=settings["households"],
            months=settings["months"],
            seed=settings["seed"],
            outcomes=tuple(settings["outcomes"]),
        )
        points, draws = self._tables()
        self.point_ids: list[str] = [one for table in points for one in table["point_id"].to_pylist()]
        self.changes: list[dict[str, str]] = [
            json.loads(one) for table in points for one in table["changes"].to_pylist()
        ]
        self.draw_ids: list[str] = [one for table in draws for one in table["draw_id"].to_pylist()]
        names = tuple(manifest["identity"]["drawn"])
        columns = [np.concatenate([table[name].to_numpy() for table in draws]) for name in names]
        count = len(self.draw_ids)
        self.drawn = names
        self.draws: NDArray[np.float64] = np.column_stack(columns) if columns else np.zeros((count, 0))
        self.kinds: dict[str, str] = manifest["axes"]["kinds"]

    def _tables(self) -> tuple[list[Any], list[Any]]:
        """Tables of points and draws, a stage each; `StoreError` for one that is not what was written."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        found: dict[str, list[Any]] = {POINTS: [], DRAWS: []}
        for number, stage in enumerate(self.stages):
            for kind, tables in found.items():
                path = self.folder.path / part_file(kind, number)
                try:
                    content = path.read_bytes()
                except OSError as error:
                    raise StoreError(
                        f"{path}: expected a table of the sweep, found {error.strerror or error}"
                    ) from error
                if hashlib.blake2b(content, digest_size=16).hexdigest() != stage[kind]["digest"]:
                    raise StoreError(
                        f"{path}: expected the table that was written, found another (checksum); restore it, or begin "
                        "anew with --force"
                    )
                tables.append(pq.read_table(pa.BufferReader(content)))
        return found[POINTS], found[DRAWS]

    @property
    def runs(self) -> int:
        """Runs in all stages."""
        return sum(stage["runs"] for stage in self.stages)

    def counts(self) -> tuple[int, int, int]:
        """Points, draws and replicates there are now."""
        last = self.stages[-1]
        return last["points_in_all"], last["draws_in_all"], last["replicates"]

    def chunks(self) -> Iterator[Chunk]:
        """All chunks in their order, empty of results."""
        number = 0
        sizes = [(one["points_in_all"], one["draws_in_all"], one["replicates"]) for one in self.stages]
        for at, stage in enumerate(self.stages):
            order = shuffled(sizes, at, self.point_ids, self.draw_ids, self.settings.seed or 0)
            for first in range(0, len(order), stage["chunk"]):
                keys = [(p, d, r) for p, d, r in order[first : first + stage["chunk"]].tolist()]
                yield Chunk(number, keys)
                number += 1

    def work(self, threads: int) -> Work:
        """What a worker is given."""
        path, survey = self.folder.path / SCENARIO, self.manifest["survey"]
        base = Changeable(path, survey=survey or None)
        return Work(base, self.settings, self.drawn, self.key, program_digest(), threads, self.extension)


# ---------------------------------------------------------------- begin, expand


def begin(folder: SweepFolder, plan: SweepPlan, *, force: bool = False, extension: Extension | None = None) -> Sweep:
    """Begin a sweep in a folder, or find in it the one that was begun with the same design.

    Raises `StoreError` if the folder holds another sweep (`force` removes it).
    """
    there = folder.manifest() if not force else None
    if there is None:
        folder.clear()
        folder.write(SCENARIO, plan.scenario)
        manifest = {
            "key": run_id(dict(plan.identity)),
            "name": plan.design.name,
            "identity": dict(plan.identity),
            "settings": {name: _listed(value) for name, value in vars(plan.settings).items()},
            "survey": plan.survey,
            "scenario_file": os.fspath(plan.design.scenario),
            "axes": {"kinds": axis_kinds(plan.design.axes, plan.points)},
            "made_with": surroundings(),
            "stages": [],
        }
        _add_stage(folder, manifest, plan, plan.points, plan.draws, 0, 0, plan.replicates)
        return Sweep(folder, extension)
    differences = _differences(there["identity"], plan.identity)
    known = [stage["contents"] for stage in there["stages"]]
    if not differences and plan.contents not in known:
        last = there["stages"][-1]
        have = [last["points_in_all"], last["draws_in_all"], last["replicates"]]
        want = [len(plan.points), len(plan.draws), plan.replicates]
        said = [f"{what} {a} there, {b} asked" for what, a, b in zip(_PLACES, have, want, strict=True) if a != b]
        raise StoreError(
            f"{folder.path}: holds this sweep with other points, draws or replicates "
            f"({', '.join(said) or 'other values'}); 'empowersim expand {folder.path} --design {plan.design.file}' "
            f"adds to it, 'empowersim sweep {folder.path}' goes on with it as it is"
        )
    if differences:
        raise StoreError(
            f"{folder.path}: holds another sweep: {'; '.join(differences)}; name another folder, go on with what is "
            f"there ('empowersim sweep {folder.path}'), or replace it with --force"
        )
    return Sweep(folder, extension)


def expand(
    sweep: Sweep, *, plan: SweepPlan | None = None, replicates: int | None = None
) -> tuple[Sweep, tuple[str, ...]]:
    """Add the points, draws and replicates that a design has and the sweep has not; or replicates, up to a number.

    Nothing is taken away. Returns the larger sweep and what the user should know. Raises `StoreError` for a design of
    another sweep, and `SimulationError` if nothing would be added.
    """
    points, draws, futures = sweep.counts()
    new_points: list[Point] = []
    new_draws = Draws(sweep.drawn, sweep.draws[:0], np.ones(0), np.zeros(0, np.int64))
    wanted = futures
    notes: list[str] = []
    if plan is not None:
        differences = _differences(sweep.manifest["identity"], plan.identity)
        if differences:
            raise StoreError(
                f"{sweep.folder.path}: expected a design of the same sweep, found another: {'; '.join(differences)}"
            )
        here = set(sweep.point_ids)
        new_points = [point for point in plan.points if point.point_id not in here]
        _check_kinds(plan.design.axes, new_points, sweep.kinds)
        new_draws = _new_draws(sweep, plan.draws)
        wanted = max(futures, plan.replicates)
        left = len(here - {point.point_id for point in plan.points})
        if left:
            notes.append(f"{left} points of the sweep are not in the design; they stay, and grow with it.")
        if plan.replicates < futures:
            notes.append(f"The design has {plan.replicates} replicates, the sweep {futures}; it keeps them.")
    if replicates is not None:
        wanted = max(wanted, whole_number("replicates", replicates, 1, MOST_RUNS))
    if not new_points and not len(new_draws) and wanted == futures:
        raise SimulationError(
            f"{sweep.folder.path}: expected more points, draws or replicates than {points}, {draws} and {futures}, "
            "found none; ask for more"
        )
    manifest = json.loads(json.dumps(sweep.manifest))
    _add_stage(sweep.folder, manifest, plan, new_points, new_draws, points, draws, wanted)
    return Sweep(sweep.folder, sweep.extension), tuple(notes)


def _add_stage(
    folder: SweepFolder,
    manifest: dict[str, Any],
    plan: SweepPlan | None,
    points: Sequence[Point],
    draws: Draws,
    old_points: int,
    old_draws: int,
    replicates: int,
) -> None:
    """Write the tables of a stage and then, as the last thing, the manifest that says it is there."""
    number = len(manifest["stages"])
    kinds = manifest["axes"]["kinds"]
    if plan is not None:
        folder.write(f"{INPUTS}/design-{number}.yaml" if number else f"{INPUTS}/design.yaml", plan.design.text.encode())
    axes = plan.design.axes if plan is not None else ()
    if plan is None:  # no points are added, but their table has the columns of the others
        axes = tuple(Axis(name, tuple(one["paths"]), "values", unit=one["unit"]) for name, one in _axes_of(manifest))
    tables = {
        POINTS: folder.write_table(part_file(POINTS, number), points_table(axes, points, kinds, old_points)),
        DRAWS: folder.write_table(part_file(DRAWS, number), draws_table(draws, old_draws)),
    }
    before = manifest["stages"][-1] if number else {"points_in_all": 0, "draws_in_all": 0, "replicates": 0}
    counts = (old_points + len(points), old_draws + len(draws), replicates)
    runs = int(np.prod(counts)) - int(
        np.prod([before[name] for name in ("points_in_all", "draws_in_all", "replicates")])
    )
    if runs > MOST_RUNS:
        raise SimulationError(
            f"expected at most {MOST_RUNS} runs, found {runs}; take fewer points, draws or replicates"
        )
    stage = {
        "points_in_all": counts[0],
        "draws_in_all": counts[1],
        "replicates": counts[2],
        "runs": runs,
        "chunk": chunk_size(runs),
        "contents": plan.contents if plan is not None else "",
        **tables,
    }
    manifest["stages"] = [*manifest["stages"], stage]
    folder.write_manifest(manifest)


def _axes_of(manifest: Mapping[str, Any]) -> Any:
    return manifest["identity"]["axes"].items()


def _check_kinds(axes: Sequence[Axis], points: Sequence[Point], kinds: Mapping[str, str]) -> None:
    for name, kind in axis_kinds(axes, points).items() if points else ():
        if kinds[name] == "number" and kind != "number":
            raise StoreError(
                f"vary.{name}: expected numbers as in the sweep, found words; begin another sweep for them"
            )


def _new_draws(sweep: Sweep, draws: Draws) -> Draws:
    """The draws that the sweep has not. Raises `StoreError` unless it has all of its own."""
    asked = draws.keys()
    missing = len(set(sweep.draw_ids) - set(asked))
    if missing:
        raise StoreError(
            f"{sweep.folder.path}: expected a design whose draws go on from those of the sweep, found one without "
            f"{missing} of them; a Sobol sample can be made longer (method: sobol), a Latin hypercube cannot: "
            "begin another sweep"
        )
    new = np.array([at for at, one in enumerate(asked) if one not in set(sweep.draw_ids)], dtype=np.int64)
    return replace(draws, values=draws.values[new], weights=draws.weights[new], members=draws.members[new])


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What two identities differ in, in words."""
    found = []
    for name in dict.fromkeys((*there, *here)):
        one, other = there.get(name), _listed(here.get(name))
        if one == other:
            continue
        if isinstance(one, (list, dict)):
            first, second = {*map(str, one)}, {*map(str, other or ())}
            only = [f"only there {', '.join(sorted(first - second))}"] if first - second else []
            only += [f"only asked {', '.join(sorted(second - first))}"] if second - first else []
            found.append(f"{name} differ ({'; '.join(only) or 'in order or paths'})")
        else:
            found.append(f"{name} {one} there, {other} asked")
    return found


def _under(passport: Mapping[str, Any] | None) -> str:
    """The extension of a sweep in words."""
    if passport is None:
        return "of the model without an extension"
    return f"under the extension {passport['name']} (digest {passport['digest']})"


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
