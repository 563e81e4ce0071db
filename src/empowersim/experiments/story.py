"""A household's story: the same household under two policies, month by month, with what happened and why.

Both lives have the same luck (the same address of every draw), so where they part it is the policies' doing: a place, a
visit, or neighbours whom a policy has reached. The story finds the first month in which anything that reaches the
household or stands in it differs, and traces the difference in consumption to its parts by asking the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.account import traced_difference
from empowersim.engine.trace import Trace, trace_household
from empowersim.errors import SimulationError
from empowersim.experiments.asked import english_title, known_name, loaded_scenario, whole_number
from empowersim.experiments.compare import POOLED_HOUSEHOLDS, Plan, plan
from empowersim.experiments.story_events import (
    GROUPS,
    contrast,
    differing_channels,
    events_of,
    grouped,
    happened,
)
from empowersim.experiments.story_result import SERIES, Life, Parting, Story
from empowersim.results.provenance import run_id
from empowersim.schema import HOUSEHOLD, REGION_TYPES, ROW, VILLAGE, VILLAGE_ROW

if TYPE_CHECKING:
    from empowersim.engine.outputs import Run

FIND: Final = ("gains-most", "loses-most", "leaves-poverty", "typical")
"""Ways of picking a household."""

_TRAITS: Final = ("size", "children", "schooling_years", "female_head", "literacy_base")
_VILLAGE_STATE: Final = tuple(column.name for column in VILLAGE if column.role == "state" or column.name != "line")


def story(
    scenario: Any,
    household: int | None = None,
    *,
    find: str | None = None,
    policies: Sequence[str] | None = None,
    replicate: int = 0,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
) -> Story:
    """Tell the story of a household of a scenario (a loaded one, or the path of a file) under two policies.

    `household` is the id of one, or `find` picks one: who gains most or loses most in the last twelve months under the
    second policy against the first, leaves poverty only under the second, or is typical (the median change among those
    whom the second policy has reached). `policies` = the two (None: the reference and the last of the file). What is
    None stands in the file. Raises `ScenarioError` or `SimulationError`.
    """
    if (household is None) == (find is None):
        raise SimulationError(
            f"expected the id of a household, or a way to find one ({', '.join(FIND)}); give one of them"
        )
    if find is not None:
        known_name(find, FIND, "find", "a way to find a household")
    told = future_of(scenario, policies=policies, replicate=replicate, households=households, months=months, seed=seed)
    chosen = told.found(find) if find is not None else whole_number("household", household, 0)
    traces = told.traces(chosen)
    return _story(chosen, find or "", told, traces)


def future_of(
    scenario: Any,
    *,
    policies: Sequence[str] | None,
    replicate: int,
    households: int | None,
    months: int | None,
    seed: int | None,
) -> Future:
    """The future that a story is looked up in, asked as in `story` and checked."""
    loaded = loaded_scenario(scenario)
    names = _two(loaded, policies)
    made = plan(
        loaded, policies=names, reference=names[0], replicates=1, households=households, months=months, seed=seed
    )
    if (made.households or 0) > POOLED_HOUSEHOLDS:
        raise SimulationError(
            f"households: expected at most {POOLED_HOUSEHOLDS:,} for a story, found {made.households:,}; "
            "a larger population holds the same first households: ask for fewer"
        )
    return Future(made, names, whole_number("replicate", replicate, 0))


def _two(loaded: Any, policies: Sequence[str] | None) -> tuple[str, str]:
    known = list(loaded.policies)
    if policies is None:
        if len(known) < 2:
            raise SimulationError(f"a story needs two policies, found {', '.join(known)}; add one to the file")
        last = [name for name in known if name != loaded.reference][-1]
        return str(loaded.reference), last
    names = [known_name(name, known, "policies", "a policy of the file") for name in policies]
    if len(names) != 2 or names[0] == names[1]:
        raise SimulationError(f"policies: expected two, as {known[0]},{known[-1]}, found {', '.join(names) or 'none'}")
    return names[0], names[1]


class Future:
    """The future in which households are looked at: its population, burnt in, and the two policies."""

    def __init__(self, made: Plan, names: tuple[str, str], replicate: int) -> None:
        from empowersim.engine.lives import REPORTED, Lives
        from empowersim.engine.simulate import mean_line_of, subdistricts_of
        from empowersim.engine.start import blocks_of

        compiled = made.compiled
        self.made, self.names, self.replicate = made, names, replicate
        self.policies = [compiled.policies[name] for name in names]
        self.population = compiled.population(made.households, made.seed, replicate)
        self.common = {
            "travel": compiled.travel,
            "parameters": compiled.parameters,
            "months": made.months,
            "seed": made.seed,
            "replicate": replicate,
            "judged": REPORTED,
            "calendar": 0,
            "mean_line": mean_line_of(self.population),
        }
        lives = Lives(self.policies, burn_in=made.burn_in, **self.common)
        order, regions = subdistricts_of(self.population)
        self.begun = [
            lives.begin(block, int(regions[at]), int(self.population.subdistrict_id[order[at]]))
            for at, block in enumerate(blocks_of(self.population, compiled.parameters))
        ]

    def runs(self) -> tuple[Run, Run]:
        """All households of the future under both policies."""
        from empowersim.engine.simulate import simulate

        first, second = simulate(
            self.population,
            self.policies,
            travel=self.common["travel"],
            parameters=self.common["parameters"],
            months=self.made.months,
            burn_in=self.made.burn_in,
            seed=self.made.seed,
            replicate=self.replicate,
        )
        return first, second

    def rupiah(self) -> NDArray[np.float64]:
        """Rupiah of one L of each household: the poverty line of a person times its persons; shape (households,)."""
        homes, villages = self.population.households, self.population.villages
        lines = villages.context[VILLAGE_ROW["line"]].astype(np.float64)
        made: NDArray[np.float64] = lines[homes.village] * homes.size.astype(np.float64)
        return made

    def found(self, how: str) -> int:
        """Id of the household that a word of FIND asks for; ties go to the smaller id."""
        runs = self.runs()
        first, second = (run.end_consumption.astype(np.float64) for run in runs)
        change = second - first
        ids = runs[0].household_id
        if how == "gains-most":
            return int(ids[np.argmax(change)])
        if how == "loses-most":
            return int(ids[np.argmin(change)])
        if how == "leaves-poverty":
            leaves = (runs[0].start_consumption < 1.0) & (first < 1.0) & (second >= 1.0)
            if not leaves.any():
                raise SimulationError(
                    "find: expected a poor household that leaves poverty under the second policy only, found none; "
                    "ask for more households or months, or for gains-most"
                )
            return int(ids[np.argmax(np.where(leaves, change, -np.inf))])
        reached = runs[1].touched if runs[1].touched.any() else np.ones(ids.size, np.bool_)
        middle = np.median(change[reached])
        return int(ids[np.argmin(np.where(reached, np.abs(change - middle), np.inf))])

    def traces(self, household: int) -> tuple[Trace, Trace]:
        """The traces of a household under both policies."""
        from empowersim.engine.lives import shared_among
        from empowersim.engine.trace import position_of

        homes_here = [position_of(begun, household) is not None for begun in self.begun]
        if not any(homes_here):
            ids = self.population.households.household_id
            raise SimulationError(
                f"household: expected an id from {ids[0]} to {ids[-1]} ({ids.size:,} households), found {household}"
            )
        number = homes_here.index(True)
        begun = self.begun[number]
        made = []
        for policy in self.policies:
            portion = shared_among(self.begun, policy, self.population.represents)[number]
            made.append(trace_household(begun, household, policy, portion=portion, **self.common))
        return made[0], made[1]


def _story(household: int, found: str, told: Future, traces: tuple[Trace, Trace]) -> Story:
    from empowersim.parameters import record_of

    made, names, replicate = told.made, told.names, told.replicate
    values = record_of(made.compiled.parameters)
    loaded = made.scenario
    lives = tuple(
        Life(
            policy=name,
            events=events_of(trace, values),
            months={
                **{column: trace.column(column).astype(np.float64) for column in SERIES},
                "stage": trace.stage.astype(np.float64),
            },
        )
        for name, trace in zip(names, traces, strict=True)
    )
    contrasts = []
    for number, life in enumerate(lives):
        other = 1 - number
        for place, event in enumerate(life.events):
            why = None if happened(lives[other].events, event) else contrast(event, traces[other])
            if why is not None:
                contrasts.append((number, place, why))
    parts = [
        grouped(traced_difference(values, traces[0].account[month], traces[1].account[month]))
        for month in range(made.months)
    ]
    asked = {**made.inputs, "story": household, "replicate": replicate, "order": list(names)}
    return Story(
        scenario=str(loaded.name),
        title=english_title(loaded.title, str(loaded.name)),
        household=household,
        found=found,
        about=_about(told, household, traces[0]),
        replicate=replicate,
        seed=made.seed,
        households=told.population.count,
        labels={name: dict(loaded.labels.get(name, {})) for name in names},
        programmes={
            programme.name: dict(programme.label)
            for name in names
            for programme in (*loaded.policies[name].programmes, *loaded.policies[name].community)
        },
        lives=(lives[0], lives[1]),
        parting=parting_of(*traces),
        reached=reached_of(*traces),
        contrasts=tuple(contrasts),
        parts={name: np.array([one[name] for one in parts]) for name in GROUPS},
        run_id=run_id(asked),
        asked=asked,
    )


def _about(told: Future, household: int, trace: Trace) -> dict[str, Any]:
    homes, places = told.population.households, told.population.villages
    village = int(homes.village[int(np.searchsorted(homes.household_id, household))])
    start = {name: float(trace.start[ROW[name]]) for name in (*_TRAITS, "consumption", "savings", "job", "in_school")}
    return {
        **start,
        "village": int(places.village_id[village]),
        "region": REGION_TYPES[int(places.region[village])],
        "line": float(trace.village[0, VILLAGE_ROW["line"]]),
    }


def parting_of(a: Trace, b: Trace) -> Parting | None:
    """The first month in which two traces of a household differ; None if they are the same to the last bit."""
    consumption = _consumption_month(a, b)
    for month in range(len(a.after)):
        doses = differing_channels(a, b, month)
        if doses:
            return Parting(month, "dose", doses, consumption)
        village = _differing(a.village[month], b.village[month], {name: VILLAGE_ROW[name] for name in _VILLAGE_STATE})
        home = _differing(a.home[month], b.home[month], ROW)
        if home and not village:
            return Parting(month, "mentor", home, consumption)
        if village:
            return Parting(month, "village", village, consumption)
        after = _differing(a.after[month], b.after[month], {one.name: ROW[one.name] for one in HOUSEHOLD})
        if after:
            return Parting(month, "state", after, consumption)
    return None


def reached_of(a: Trace, b: Trace) -> Parting | None:
    """The first month in which what reaches the household itself differs; None if it never does."""
    for month in range(len(a.after)):
        doses = differing_channels(a, b, month)
        if doses:
            return Parting(month, "dose", doses, _consumption_month(a, b))
    return None


def _consumption_month(a: Trace, b: Trace) -> int | None:
    differs = a.after[:, ROW["consumption"]] != b.after[:, ROW["consumption"]]
    return int(np.argmax(differs)) if differs.any() else None


def _differing(a: Any, b: Any, rows: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    return {name: (float(a[row]), float(b[row])) for name, row in rows.items() if a[row] != b[row]}
