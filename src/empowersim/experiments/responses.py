"""What a scenario answers when its inputs move: one function from input values to outcomes, future by future.

An input is a parameter with a passport, the switch between the two worlds, or a lever: a key path of the scenario
file with a text in which a number moves. All values of the inputs live through the same futures (the same seed and
the same replicates), so what differs between two answers is the inputs' doing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import ParameterError, SimulationError
from empowersim.experiments.asked import SEEDS, known_name, known_policy, loaded_scenario, survey_digest, whole_number
from empowersim.parameters import SURVEYS, SWITCH, TOPICS, passports, uncertain
from empowersim.results.tables import EXITS, OUTCOMES, RATIOS, YEARS_AVERTED, YEARS_DISCOUNTED

Vector = NDArray[np.float64]

ANSWERED: Final = tuple(name for name in OUTCOMES if name not in RATIOS)
"""Outcomes that one future has a value of: all but ratios of means over futures."""

_AGAINST_A_REFERENCE: Final = frozenset({YEARS_AVERTED, YEARS_DISCOUNTED, EXITS})
_TRAP: Final = "trap"
_HALF: Final = 0.5
_TWO: Final = 2.0
_HOLE: Final = "{}"


@dataclass(frozen=True)
class Input:
    """Something that moves between two ends, evenly."""

    name: str
    low: float
    high: float
    """For a `switch`: 0 and 1, each as often."""
    kind: Literal["parameter", "switch", "lever"] = "parameter"
    unit: str = ""
    meaning: str = ""
    path: str = ""
    """Of a lever: the key path of the scenario file."""
    text: str = _HOLE
    """Of a lever: what stands at its path, with ``{}`` for the number."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise ParameterError(
                f"{self.name}: expected two ends, the lower first, found {self.low:g} to {self.high:g}; "
                "leave out what does not move"
            )

    def value(self, given: float) -> float:
        """What the model takes for a sampled value: a switch is on or off; rounding never leads outside the ends."""
        return float(given >= _HALF) if self.kind == SWITCH else min(max(float(given), self.low), self.high)


def lever(text: str) -> Input:
    """Read a lever as people write it: ``policies.mix.mentors.budget=6..18 billion IDR/year``.

    The path before ``=`` is the name; the number moves between both ends, all else of the text stays. Raises
    `ParameterError`.
    """
    path, sign, amount = (part.strip() for part in text.partition("="))
    low, dots, rest = (part.strip() for part in amount.partition(".."))
    high, _, unit = rest.partition(" ")
    try:
        ends = float(low.replace(",", "")), float(high.replace(",", ""))
    except ValueError:
        ends = None
    if not (path and sign and dots) or ends is None:
        raise ParameterError(
            f"lever: expected a key path and two ends, as policies.mix_mentors.mentors.budget=6..18 billion IDR/year; "
            f"found {text!r}"
        )
    return Input(path, *ends, kind="lever", unit=unit.strip(), path=path, text=f"{_HOLE} {unit}".strip())


def parameter_inputs(
    scenario: Any, names: Sequence[str] | None = None, *, spread: Mapping[str, tuple[float, float]] | None = None
) -> tuple[Input, ...]:
    """Inputs from passports: parameters, or topics (``mentoring``) that stand for all of theirs.

    `names` None means every parameter that the scenario uses, but for the definitions of outcomes (topic `outcomes`),
    which are chosen and not unknown. Ends are the passports' bounds, or those in `spread`
    (name -> low, high; kept within the bounds). The switch ``trap`` is among them where it is named, or where the file
    asks for both worlds. Raises `ParameterError` for a name that is neither, naming the nearest.
    """
    from empowersim.scenario.documents import BOTH

    loaded = loaded_scenario(scenario)
    known = passports()
    if names is None:
        wanted = [name for name in _used(loaded) if uncertain(known[name])]
        if loaded.world.trap is BOTH:
            wanted.append(_TRAP)
    else:
        wanted = []
        for name in names:
            if name in TOPICS and name != SURVEYS:
                wanted += [one for one in _used(loaded) if known[one].topic == name]
            elif name in known and known[name].topic != SURVEYS:
                wanted.append(name)
            else:
                _unknown(name, [*(one for one in known if known[one].topic != SURVEYS), *TOPICS])
    return tuple(_input(known[name], (spread or {}).get(name)) for name in dict.fromkeys(wanted))


def ensemble_spread(members: Sequence[Mapping[str, float]], weights: Sequence[float]) -> dict[str, tuple[float, float]]:
    """Ends that a calibrated ensemble leaves open: weighted mean ± two weighted standard deviations, by parameter.

    `weights` add up to 1. What no member moves has no ends.
    """
    share = np.array(weights)
    found = {}
    for name in members[0]:
        values = np.array([one[name] for one in members])
        middle = float(share @ values)
        half = _TWO * float(np.sqrt(share @ (values - middle) ** 2))
        if half > 0.0:
            found[name] = (middle - half, middle + half)
    return found


def _used(loaded: Any) -> Iterable[str]:
    """Parameters that a scenario uses and that a range can be given for, in the order of the files."""
    from empowersim.scenario.worlds import passports_of_worlds

    known = passports()
    for cited in passports_of_worlds(loaded):
        if cited.group == "parameter" and known[cited.name].distribution != SWITCH:
            yield cited.name


def _unknown(name: str, known: Sequence[str]) -> None:
    try:
        known_name(name, known, "parameters", "parameters or topics")
    except SimulationError:
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "docs/parameters.md lists them"
        raise ParameterError(f"parameters: expected the name of a parameter or topic, found {name!r}; {hint}") from None


def _input(passport: Any, ends: tuple[float, float] | None) -> Input:
    low, high = passport.lower, passport.upper
    if ends is not None:
        low, high = max(low, ends[0]), min(high, ends[1])
    kind: Literal["parameter", "switch"] = "switch" if passport.distribution == SWITCH else "parameter"
    return Input(passport.name, low, high, kind, passport.unit, passport.meaning)


@dataclass(frozen=True)
class Question:
    """What is asked of a scenario, checked; `answer` gives the outcomes at some values of the inputs."""

    scenario: Any
    inputs: tuple[Input, ...]
    outcomes: tuple[str, ...]
    policy: str
    against: str | None
    """None: the level under `policy`; else the difference from this policy in the same future."""
    futures: int
    households: int | None
    months: int
    burn_in: int
    seed: int
    changeable: Any = None
    """`scenario.changes.Changeable` where there are levers."""

    def answer(self, values: Mapping[str, float]) -> Vector:
        """Outcomes at some values, shape (futures, len(outcomes)); inputs not named stand as in the file.

        Raises `ScenarioError` or `ParameterError` for a value that the file's checks refuse.
        """
        return self._simulated(self.compiled(values))

    def compiled(self, values: Mapping[str, float]) -> Any:
        """The scenario in the engine's terms, at some values of the inputs."""
        from empowersim.scenario.compile import compile_scenario

        known = {one.name: one for one in self.inputs}
        moved = {name: known[name].value(value) for name, value in values.items()}
        made = self.scenario
        texts = {
            known[name].path: known[name].text.replace(_HOLE, repr(value))
            for name, value in moved.items()
            if known[name].kind == "lever"
        }
        if texts:
            made = self.changeable.scenario(texts, origin="levers")
            if not any(path.endswith("world.trap") for path in texts):
                made = replace(made, world=replace(made.world, trap=self.scenario.world.trap))
        numbers = {name: value for name, value in moved.items() if known[name].kind == "parameter"}
        if numbers:
            made = replace(made, parameters={**made.parameters, **numbers})
        if _TRAP in moved:
            made = replace(made, world=replace(made.world, trap=moved[_TRAP] >= _HALF))
        return compile_scenario(made)

    def _simulated(self, compiled: Any) -> Vector:
        from empowersim.engine.simulate import simulate
        from empowersim.experiments.reduce import outcome_values

        names = self.policies()
        rate = float(self.scenario.settings.discount_rate)
        reference = names.index(self.scenario.reference) if self.scenario.reference in names else 0
        columns = [list(OUTCOMES).index(name) for name in self.outcomes]
        rows = []
        for replicate in range(self.futures):
            runs = simulate(
                compiled.population(self.households, self.seed, replicate),
                [compiled.policies[name] for name in names],
                travel=compiled.travel,
                parameters=compiled.parameters,
                months=self.months,
                burn_in=self.burn_in,
                seed=self.seed,
                replicate=replicate,
                threads=1,
            )
            found = [np.array(outcome_values(run, runs[reference], rate))[columns] for run in runs]
            level = found[names.index(self.policy)]
            rows.append(level if self.against is None else level - found[names.index(self.against)])
        return np.array(rows)

    def policies(self) -> list[str]:
        """Policies that must be simulated: the one asked about, the one it is set against, the reference if needed."""
        wanted = [self.policy, *([self.against] if self.against is not None else [])]
        if _AGAINST_A_REFERENCE & set(self.outcomes):
            wanted.append(str(self.scenario.reference))
        return list(dict.fromkeys(wanted))

    def asked(self) -> dict[str, Any]:
        """All that the answers depend on, as plain values: what a digest is made of."""
        from empowersim.results.provenance import program_digest

        return {
            "scenario": self.scenario.digest,
            "survey": survey_digest(self.scenario),
            "program": program_digest(),
            "policy": self.policy,
            "against": self.against,
            "outcomes": list(self.outcomes),
            "inputs": [[one.name, one.low, one.high, one.kind, one.path, one.text] for one in self.inputs],
            "futures": self.futures,
            "households": self.households,
            "months": self.months,
            "burn_in": self.burn_in,
            "seed": self.seed,
        }


def ask(
    scenario: Any,
    inputs: Sequence[Input],
    *,
    outcomes: Sequence[str] = ("poverty_headcount",),
    policy: str | None = None,
    against: str | None = None,
    futures: int = 4,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
) -> Question:
    """Check what is asked of a scenario (a loaded one, or the path of a file) and return the `Question`.

    `policy` None means the last of the file; what else is None stands in the file. Inputs are tried at both ends of
    every lever. Raises `ScenarioError`, `ParameterError` or `SimulationError`.
    """
    from empowersim.scenario.documents import BOTH, ONE_WORLD

    loaded = loaded_scenario(scenario)
    names = list(loaded.policies)
    chosen = names[-1] if policy is None else known_policy(policy, names, "policy")
    other = None if against is None else known_policy(against, names, "against")
    if other == chosen:
        raise SimulationError(f"against: expected another policy than {chosen}, found the same")
    for name in outcomes:
        known_name(name, ANSWERED, "outcome", "an outcome that a future has a value of")
    if not inputs:
        raise ParameterError("inputs: expected at least one parameter or lever that moves, found none")
    twice = sorted({one.name for one in inputs if [other_.name for other_ in inputs].count(one.name) > 1})
    if twice:
        raise ParameterError(f"inputs: expected each once, found {', '.join(twice)} more than once")
    if loaded.world.trap is BOTH and _TRAP not in {one.name for one in inputs}:
        raise SimulationError(f"{loaded.path}: {ONE_WORLD}, or let the input trap move")
    own = loaded.settings
    size = households if households is not None else own.households
    made = Question(
        scenario=loaded,
        inputs=tuple(inputs),
        outcomes=tuple(outcomes),
        policy=chosen,
        against=other,
        futures=whole_number("futures", futures, 1),
        households=None if size is None else whole_number("households", size, 1),
        months=whole_number("months", own.months if months is None else months, 1),
        burn_in=own.burn_in,
        seed=whole_number("seed", own.seed if seed is None else seed, 0, SEEDS - 1),
        changeable=_changeable(loaded) if any(one.kind == "lever" for one in inputs) else None,
    )
    for one in made.inputs:
        if one.kind == "lever":
            _check_lever(one, names)
            made.changeable.scenario({one.path: one.text.replace(_HOLE, repr(one.low))}, origin="levers")
            made.changeable.scenario({one.path: one.text.replace(_HOLE, repr(one.high))}, origin="levers")
    return made


def _check_lever(one: Input, policies: Sequence[str]) -> None:
    """Raise `SimulationError` for a lever of a policy that the file does not have: a new one would move nothing."""
    head, _, rest = one.path.partition(".")
    if head == "policies":
        known_policy(rest.partition(".")[0], policies, f"lever {one.path}")


def _changeable(loaded: Any) -> Any:
    from empowersim.scenario.changes import Changeable

    return Changeable(loaded.path, survey=loaded.survey_path or None)


def difference_unit(outcome: str) -> str:
    """Unit in which an outcome is counted; the empty text for what this package does not know (a plug-in model)."""
    return OUTCOMES[outcome].unit if outcome in OUTCOMES else ""


__all__ = [
    "ANSWERED",
    "Input",
    "Question",
    "ask",
    "difference_unit",
    "ensemble_spread",
    "lever",
    "parameter_inputs",
]
