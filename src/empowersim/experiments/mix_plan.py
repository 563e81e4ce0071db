"""A search for a mix that is asked for and checked, but not yet run: what it depends on, and its futures."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from empowersim.experiments.asked import survey_digest
from empowersim.experiments.mix_draws import FOR_HELD_OUT, FOR_SEARCH, spread
from empowersim.experiments.mix_evaluate import AT, SEARCH_FROM, Candidate, Futures
from empowersim.experiments.mix_fields import Search
from empowersim.experiments.mix_file import load_search
from empowersim.experiments.mix_result import counted
from empowersim.experiments.mix_space import Mix
from empowersim.experiments.statistics import MONTHS_A_YEAR, Vector
from empowersim.results.provenance import program_digest, run_id


@dataclass(frozen=True)
class Baselines:
    """What the best mix is held against."""

    balanced: Candidate
    as_mix: Mix
    """The balanced mix as a mix of the search, to begin from."""
    alone: Mapping[str, Mix]
    """Programme -> the whole budget for it alone."""
    greedy: Mix
    notes: tuple[str, ...]


@dataclass(frozen=True)
class MixPlan:
    """A search that is asked for and checked, but not yet run."""

    search: Search
    looked: Futures
    """Futures of the search."""
    held_out: Futures
    shipped: Futures | None
    """Futures of `compare`, with the shipped parameters; None where those held out are these."""
    identity: Mapping[str, Any]
    """What an evaluation depends on."""
    inputs: Mapping[str, Any]
    run_id: str

    @property
    def money(self) -> float:
        """Budget of the whole run, IDR."""
        return self.search.space.budget * self.search.months / MONTHS_A_YEAR

    @property
    def steps(self) -> int:
        """Simulations in all, about: futures and worlds, each with a generation of mixes."""
        one = self.search
        generations = math.ceil(one.evaluations / one.generation)
        late = self.held_out.count + (self.shipped.count if self.shipped else 0)
        return len(one.worlds) * ((generations + one.slices + 2) * self.looked.count + late)


def plan_mix(
    path: str | os.PathLike[str],
    *,
    members: Sequence[Mapping[str, float]] = (),
    weights: Sequence[float] | None = None,
    survey: str | os.PathLike[str] | None = None,
    **changed: Any,
) -> MixPlan:
    """Check a search file, or a scenario file with ``budget=``, without simulating anything.

    `members` and `weights` are an ensemble of parameter values (`calibration.store.members`); without one the shipped
    values hold. `changed` as in `mix_file.load_search`. Raises `ScenarioError`, `SimulationError` or
    `ParameterError`.
    """
    from empowersim.parameters import digest
    from empowersim.scenario.compile import compile_scenario
    from empowersim.scenario.worlds import in_world

    search = load_search(path, survey=survey, **changed)
    draws = search.draws if members else 0
    seed = search.seed
    if draws:
        taken = spread(members, weights, draws, purpose=FOR_SEARCH, seed=seed)
        later = spread(members, weights, search.held_out, purpose=FOR_HELD_OUT, seed=seed)
    else:
        taken = later = ({},)
    loaded = search.scenario.scenario()
    compiled = compile_scenario(in_world(loaded, search.worlds[0]))
    identity = {
        "scenario": loaded.digest,
        "survey": survey_digest(loaded),
        "parameters": digest(compiled.parameters),
        "program": program_digest(),
        "space": asdict(search.space),
        "reference": search.reference,
        "worlds": list(search.worlds),
        "households": search.households,
        "months": search.months,
        "burn_in": loaded.settings.burn_in,
        "seed": loaded.settings.seed,
        "discount_rate": loaded.settings.discount_rate,
    }
    looked = Futures("search", SEARCH_FROM, search.search_futures, taken)
    held_out = Futures("held out", 0, search.held_out, later)
    inputs = {
        **identity,
        "objectives": list(search.objectives),
        "constraints": [asdict(limit) for limit in search.limits],
        "robust": search.robust,
        "balanced": search.balanced,
        "evaluations": search.evaluations,
        "generation": search.generation,
        "slices": search.slices,
        "search_seed": seed,
        "search_futures": looked.plain,
        "held_out": held_out.plain,
    }
    return MixPlan(
        search=search,
        looked=looked,
        held_out=held_out,
        shipped=Futures("shipped", 0, search.held_out) if draws else None,
        identity=identity,
        inputs=inputs,
        run_id=run_id(inputs),
    )


def counted_of(made: MixPlan, cube: Vector, figure: str) -> float:
    """Counted value of a figure on the futures of the search; `cube` (worlds, futures, len(FIGURES))."""
    return counted(cube[:, :, AT[figure]], made.looked, figure, made.search.robust)
