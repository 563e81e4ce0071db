"""A burn-in made once, and kept: many policies, thought of at any time, go on from it.

A burn-in depends on the program, the parameters, the place (or survey), the number of households, the seed and the
length of the burn-in; on no policy. `BurnIn` holds it for a number of futures together with what it depends on, and
lets only scenarios with exactly that go on from it. Going on is exact: draws have addresses, so no generator has a
state that could be lost, and a comparison from a burn-in has the bits of a comparison that makes its own.

On disk a burn-in is a ``.npz`` file: the arrays of its blocks, and a description in JSON. The same burn-in gives the
same bytes.
"""

from __future__ import annotations

import errno
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.arrays import Block
from empowersim.engine.lives import Begun
from empowersim.engine.simulate import Burnt
from empowersim.errors import SimulationError, StoreError
from empowersim.experiments.asked import loaded_scenario, passport_of, whole_number
from empowersim.experiments.compare import BurnInWork, Plan, Progress, execute, plan
from empowersim.experiments.executors import available_threads, map_replicates
from empowersim.results.comparison import Comparison
from empowersim.results.provenance import run_id

FORMAT: Final = 1
"""Version of the file's layout."""

_ABOUT: Final = "about.json"
_OF_TILES: Final = ("state", "live", "id_low", "id_high", "tile_village")
_OF_VILLAGES: Final = ("village", "village_low", "village_high")
_OF_BLOCKS: Final = ("poor", "region", "identity")
_OF_HOUSEHOLDS: Final = ("household_id", "region", "subdistrict")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The only hour that entries of the file have, so that it does not hang on the clock."""


@dataclass(frozen=True)
class BurnIn:
    """Futures at the end of their burn-in."""

    scenario: Any
    """The scenario that made it; None if it was read from a file."""
    inputs: Mapping[str, Any]
    """What it depends on, as plain values."""
    replicates: int
    """Futures 0 to `replicates` - 1 are there."""
    future: Callable[[int], Burnt]
    """The burn-in of a future."""

    @property
    def id(self) -> str:
        """Digest (16 hexadecimal digits) of what it depends on."""
        return run_id(self.inputs)

    def run(
        self,
        scenario: Any = None,
        *,
        policies: Sequence[str] | None = None,
        reference: str | None = None,
        replicates: int | None = None,
        months: int | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Comparison:
        """Compare policies from here on; the same to the last bit as `compare` with the same arguments.

        `scenario` is the one that made the burn-in (None), or another, loaded or as the path of a file, with the same
        world: place, parameters, households, seed, burn-in. Futures are all that are there, unless `replicates` says
        fewer. Raises `SimulationError` that names what differs.
        """
        chosen = loaded_scenario(scenario) if scenario is not None else self.scenario
        if chosen is None:
            raise SimulationError("a burn-in from a file knows no policies: name a scenario to go on with")
        made = plan(
            chosen,
            policies=policies,
            reference=reference,
            replicates=self.replicates if replicates is None else replicates,
            households=self.inputs["households"],
            months=months,
            seed=self.inputs["seed"],
        )
        return self.execute(made, threads=threads, progress=progress)

    def execute(self, made: Plan, *, threads: int | None = None, progress: Progress | None = None) -> Comparison:
        """Run a plan from here on; raises `SimulationError` if it is one of another world."""
        self.check(made)
        return execute(made, threads=threads, progress=progress, burnt=self.future)

    def check(self, made: Plan) -> None:
        """Raise `SimulationError`, naming all that differs, unless a plan may go on from here."""
        wrong = _differences(self.inputs, inputs_of(made))
        if made.replicates > self.replicates:
            wrong.append(f"replicates: {self.replicates} burnt in, {made.replicates} asked for")
        if wrong:
            raise SimulationError(
                f"{made.scenario.name} cannot go on from this burn-in:\n  "
                + "\n  ".join(wrong)
                + "\nmake one with: empowersim burn-in"
            )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file; as in `write_burn_in`."""
        about = ((replicate, self.future(replicate)) for replicate in range(self.replicates))
        return write_burn_in(path, self.inputs, about)


def burn_in(
    scenario: Any,
    *,
    replicate: int | None = None,
    replicates: int | None = None,
    households: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> BurnIn:
    """Burn in the futures of a scenario (loaded, or the path of a file), and keep them in memory.

    `replicates` futures from 0 on, or `replicate` alone with those before it left unmade (then only that one can be
    asked for by `BurnIn.future`). What is None stands in the scenario.
    """
    made = plan_burn_in(
        scenario, replicates=replicates if replicate is None else replicate + 1, households=households, seed=seed
    )
    numbers = range(made.replicates) if replicate is None else (replicate,)
    kept = dict(each_burn_in(made, numbers, threads=threads, progress=progress))
    return BurnIn(made.scenario, inputs_of(made), made.replicates, partial(_kept, kept))


def _kept(futures: Mapping[int, Burnt], replicate: int) -> Burnt:
    if replicate not in futures:
        raise SimulationError(
            f"future {replicate}: expected one that is burnt in ({', '.join(map(str, futures))}); burn it in, too"
        )
    return futures[replicate]


def plan_burn_in(
    scenario: Any, *, replicates: int | None = None, households: int | None = None, seed: int | None = None
) -> Plan:
    """Check what is asked of a burn-in; `SimulationError` for more households than are kept in memory."""
    made = plan(scenario, replicates=replicates, households=households, seed=seed)
    if made.streamed:
        raise SimulationError(
            f"households: expected a population that is kept in memory, found {made.households:,}, which are streamed; "
            "a burn-in can be kept for fewer"
        )
    return made


def each_burn_in(
    made: Plan, numbers: Sequence[int], *, threads: int | None = None, progress: Progress | None = None
) -> Iterable[tuple[int, Burnt]]:
    """Yield the futures of a plan, burnt in, one after another, in their order."""
    cores = available_threads() if threads is None else whole_number("threads", threads, 1)
    pool, inner = (min(cores, len(numbers)), 1) if len(numbers) > 1 else (1, cores)
    if progress is not None:
        progress(0, len(numbers), "burning in")
    for done, burnt in enumerate(map_replicates(BurnInWork(made, inner), numbers, pool), start=1):
        if progress is not None:
            progress(done, len(numbers), "burning in")
        yield numbers[done - 1], burnt


def inputs_of(made: Plan) -> dict[str, Any]:
    """All that the burn-in of a plan depends on, as plain values."""
    compiled = made.compiled
    place = compiled.place
    return {
        "program": made.inputs["program"],
        "place": {field.name: repr(getattr(place, field.name)) for field in fields(place)},
        "village": {name: float(value) for name, value in sorted(compiled.village.items())},
        "survey": made.inputs["survey"],
        "parameters": {name: float(value) for name, value in compiled.parameters._asdict().items()},
        "households": made.households,
        "burn_in": made.burn_in,
        "seed": made.seed,
        **passport_of(made.extension),
    }


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What two burn-ins depend on differently, a line each."""
    found = []
    for key in dict.fromkeys((*here, *there)):
        one, other = there.get(key), here.get(key)
        if one == other:
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
            if key == "place":
                found.append(f"place: {', '.join(names)} differ")
            else:
                found += [f"{key}: {name} is {one.get(name)} there, {other.get(name)} here" for name in names]
        else:
            found.append(f"{key}: {one} there, {other} here")
    return found


# ---------------------------------------------------------------- on disk


def write_burn_in(
    path: str | os.PathLike[str], inputs: Mapping[str, Any], futures: Iterable[tuple[int, Burnt]]
) -> Path:
    """Write futures to a file as they come; the file appears when it is whole. Raises `StoreError`."""
    target = Path(path)
    if target.suffix != ".npz":
        raise StoreError(f"{target}: expected a file name that ends with .npz; name another")
    about: dict[str, Any] = {"format": FORMAT, "inputs": dict(inputs), "futures": []}
    unfinished: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}-{os.getpid()}")
        with open(unfinished, "wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
                for replicate, burnt in futures:
                    for name, array in _arrays_of(burnt).items():
                        _put(file, f"{replicate}/{name}.npy", _as_bytes(array))
                    about["futures"].append(
                        {"replicate": replicate, "represents": burnt.represents, "notes": list(burnt.notes)}
                    )
                _put(file, _ABOUT, json.dumps(about, indent=1).encode())
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, target)
        unfinished = None
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full; free some space" if full else error.strerror or str(error)
        raise StoreError(f"{target}: the burn-in could not be written: {reason}; or name another file") from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
    return target


def read_burn_in(path: str | os.PathLike[str]) -> BurnIn:
    """Read a file that `write_burn_in` wrote; its futures are read when they are asked for. Raises `StoreError`."""
    source = Path(path)
    try:
        about = json.loads(_get(source, _ABOUT))
        layout, numbers = about["format"], [one["replicate"] for one in about["futures"]]
        if {"households", "seed"} - set(about["inputs"]):
            raise KeyError("inputs without households or seed")
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{source}: expected a burn-in, found a file that does not describe one ({error}); make it again"
        ) from error
    if layout != FORMAT:
        raise StoreError(f"{source}: expected format {FORMAT}, found {layout}; make it again")
    if numbers != list(range(len(numbers))):
        raise StoreError(f"{source}: expected the futures from 0 on, found {numbers}; make it again")
    return BurnIn(None, about["inputs"], len(numbers), _StoredFutures(source, tuple(about["futures"])))


@dataclass(frozen=True)
class _StoredFutures:
    """Reads the burn-in of a future from a file; any process that sees the file may call."""

    source: Path
    futures: tuple[Mapping[str, Any], ...]

    def __call__(self, replicate: int) -> Burnt:
        """The future `replicate`."""
        about = self.futures[replicate]

        def get(name: str) -> NDArray[Any]:
            found: NDArray[Any] = np.load(io.BytesIO(_get(self.source, f"{replicate}/{name}.npy")), allow_pickle=False)
            return found

        return _burnt_of(get, float(about["represents"]), tuple(about["notes"]))


def _put(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    file.writestr(entry, content, compresslevel=1)


def _get(source: Path, name: str) -> bytes:
    """An entry of the file, its checksum verified."""
    try:
        with zipfile.ZipFile(source) as file:
            return file.read(name)
    except FileNotFoundError as error:
        raise StoreError(f"{source}: there is no such file; make it with: empowersim burn-in FILE --out") from error
    except (OSError, zipfile.BadZipFile, KeyError, EOFError, ValueError) as error:
        raise StoreError(f"{source}: expected a burn-in, found a damaged or another file ({error})") from error
    except Exception as error:  # zlib.error: what is compressed is damaged
        raise StoreError(f"{source}: damaged ({error}); make it again") from error


def _as_bytes(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _arrays_of(burnt: Burnt) -> dict[str, NDArray[Any]]:
    """A burn-in as few arrays: its blocks one after another."""
    blocks = [one.block for one in burnt.begun]
    found = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in (*_OF_TILES, *_OF_VILLAGES)}
    found["tiles"] = np.array([block.state.shape[0] for block in blocks], np.int64)
    found["villages"] = np.array([block.village.shape[0] for block in blocks], np.int64)
    found["households"] = np.array([one.households for one in burnt.begun], np.int64)
    found |= {f"block_{name}": np.array([getattr(one, name) for one in burnt.begun]) for name in _OF_BLOCKS}
    found |= {f"home_{name}": burnt.vectors[name] for name in _OF_HOUSEHOLDS}
    found["mean_line"] = np.array([burnt.mean_line], np.float32)
    return found


def _burnt_of(get: Callable[[str], NDArray[Any]], represents: float, notes: tuple[str, ...]) -> Burnt:
    """The burn-in whose arrays `_arrays_of` gave."""
    cuts = {
        **dict.fromkeys(_OF_TILES, np.cumsum(get("tiles"))[:-1]),
        **dict.fromkeys(_OF_VILLAGES, np.cumsum(get("villages"))[:-1]),
    }
    parts = {name: [np.ascontiguousarray(part) for part in np.split(get(name), cut)] for name, cut in cuts.items()}
    households, poor, region, identity = get("households"), *(get(f"block_{name}") for name in _OF_BLOCKS)
    begun = tuple(
        Begun(
            Block(
                **{name: part[at] for name, part in parts.items()},
                households=np.array([households[at]], np.float64),
            ),
            int(households[at]),
            float(poor[at]),
            int(region[at]),
            int(identity[at]),
        )
        for at in range(households.size)
    )
    return Burnt(
        begun=begun,
        vectors={name: get(f"home_{name}") for name in _OF_HOUSEHOLDS},
        represents=represents,
        mean_line=np.float32(get("mean_line")[0]),
        notes=notes,
    )
