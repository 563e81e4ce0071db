"""Set what was simulated against what was published: z, pass or miss, and the score of many rows.

z = (simulated - target) / sqrt(se^2 + se_simulated^2 + tau^2). `se` is the published standard error, or for effects in
standard deviations what the sample size implies; `tau` is how far a right model may miss the row (see ``rows.yaml``).
A row passes if |z| is at most 2. Odds ratios are compared in logs. Inside a range z is 0, outside it counts from the
nearer end. Signs and orders hold or do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from empowersim.evidence.base import Mapped, Target, mappings, targets

PASSES: Final = 2.0
"""Largest |z| of a row that passes."""

DESIGN: Final = 1.1
"""How much a standard error of a real study exceeds that of two equal arms of independent persons."""

COUNTED: Final = ("fitted", "predicted")


class Simulated(Protocol):
    """A simulated number and its simulation error, as `trials.run.Value`."""

    @property
    def value(self) -> float:
        """The number, in the row's unit."""

    @property
    def se(self) -> float:
        """Standard error of the simulation, same unit."""


@dataclass(frozen=True)
class Verdict:
    """One row of the evidence base, judged or listed."""

    id: str
    theme: str
    study: str
    country: str
    arm: str
    outcome: str
    horizon_months: float
    unit: str
    confidence: str
    use: str
    """`fitted`, `predicted` or `shown`; empty for rows that are not simulated."""
    group: str
    kind: str
    """How it is judged: `number`, `range`, `sign` (a predicate), `input` or `not mapped`."""
    target: str
    """The target as text."""
    simulated: str
    """What was simulated as text; empty if nothing was."""
    low: float | None = None
    """Target, lower end: of a number both ends are the number; None for an open end, or no number."""
    high: float | None = None
    value: float | None = None
    """Simulated number."""
    se_simulated: float | None = None
    z: float | None = None
    """NaN if the simulation gave no number; None if the row has no z."""
    scale: float | None = None
    """sqrt(se^2 + tau^2) in the row's unit; of log odds for odds ratios."""
    z_without_effect: float | None = None
    """z of a model in which no programme has any effect; None for rows that are not an effect."""
    passed: bool | None = None
    """None if there is nothing to judge: not simulated, or not run."""
    on_log: bool = False
    why: str = ""
    reason: str = ""
    """Why the row is not simulated."""
    miss: str = ""
    own: bool = False
    citation: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether the row has been given a z."""
        return self.z is not None


@dataclass(frozen=True)
class Score:
    """How many rows of a use pass."""

    use: str
    numeric: int
    """Judged numeric rows of confidence A and B."""
    within: int
    """Of these, with |z| up to 2."""
    numeric_c: int
    """Judged numeric rows of confidence C."""
    within_c: int
    signs: int
    """Judged signs and orders, any confidence."""
    held: int

    @property
    def share(self) -> float:
        """Share (0-1) of the numeric A and B rows within 2; NaN if there are none."""
        return self.within / self.numeric if self.numeric else math.nan


def standard_error_of(target: Target, mapping: Mapped) -> float:
    """Return the standard error of a target (of the log odds for odds ratios), 0 where nothing tells it.

    For effects in standard deviations without a published one: 2.2 over the root of the sample size.
    """
    if target.se is not None:
        return target.se
    if mapping.in_sd and target.sample:
        return DESIGN * 2.0 / math.sqrt(target.sample)
    return 0.0


def scale_of(target: Target, mapping: Mapped) -> float:
    """Return sqrt(se^2 + tau^2) of a numeric row, in its unit (log odds for odds ratios)."""
    return math.hypot(standard_error_of(target, mapping), mapping.tau)


def judge(target: Target, mapping: Mapped, value: float | bool | None, se_simulated: float = 0.0) -> Verdict:
    """Judge one row.

    `value` is what was simulated: a number in the row's unit with its standard error `se_simulated`, whether a
    predicate holds, or None if the row was not run. A number that is not finite is a miss with z = NaN.
    """
    verdict = _unjudged(target, mapping)
    if value is None or not mapping.simulated:
        return verdict
    if mapping.predicate:
        return replace(verdict, passed=bool(value), simulated="holds" if value else "does not hold")
    number, error = float(value), float(se_simulated)
    z = _z(number, error, verdict.low, verdict.high, scale_of(target, mapping), on_log=verdict.on_log)
    return replace(
        verdict,
        value=number,
        se_simulated=error,
        simulated=written(number),
        z=z,
        passed=abs(z) <= PASSES,
    )


def _ends(target: Target, mapping: Mapped) -> tuple[float | None, float | None]:
    """Lower and upper end of what a number is compared with."""
    if mapping.target is not None:
        return mapping.target, mapping.target
    if target.kind == "number":
        return target.value, target.value
    return (target.low, target.high) if target.kind == "range" else (None, None)


def _unjudged(target: Target, mapping: Mapped) -> Verdict:
    """Return a verdict with all that does not depend on what was simulated."""
    low, high = _ends(target, mapping) if mapping.numeric else (None, None)
    if mapping.predicate:
        kind = "sign"
    elif mapping.numeric:
        kind = "number" if low == high else "range"
    else:
        kind = "input" if mapping.input else "not mapped"
    nothing = 1.0 if target.is_odds_ratio else 0.0
    scale = scale_of(target, mapping) if mapping.numeric else None
    without = None
    if scale is not None and mapping.estimate:
        without = _z(nothing, 0.0, low, high, scale, on_log=target.is_odds_ratio)
    return Verdict(
        id=target.id,
        theme=mapping.theme,
        study=target.study,
        country=target.country,
        arm=target.arm,
        outcome=target.outcome,
        horizon_months=target.horizon_months,
        unit=target.unit,
        confidence=target.confidence,
        use=mapping.use,
        group=mapping.group,
        kind=kind,
        target=target.effect,
        simulated="",
        low=low,
        high=high,
        scale=scale,
        z_without_effect=without,
        on_log=target.is_odds_ratio,
        why=mapping.why,
        reason=mapping.reason or mapping.input,
        miss=mapping.miss,
        own=target.own,
        citation=target.citation,
    )


def _z(number: float, error: float, low: float | None, high: float | None, scale: float, *, on_log: bool) -> float:
    """Signed distance of `number` from the nearer end of a target in scales; NaN if it cannot be told."""
    if not math.isfinite(number) or (on_log and number <= 0.0):
        return math.nan
    if on_log:
        error, number = error / number, math.log(number)
        low = None if low is None else math.log(low)
        high = None if high is None else math.log(high)
    distance = 0.0
    if low is not None and number < low:
        distance = number - low
    elif high is not None and number > high:
        distance = number - high
    spread = math.hypot(scale, error if math.isfinite(error) else 0.0)
    if spread == 0.0:
        return 0.0 if distance == 0.0 else math.copysign(math.inf, distance)
    return distance / spread


def judge_all(simulated: Mapping[str, Simulated | bool], rows: Iterable[str] | None = None) -> tuple[Verdict, ...]:
    """Judge what `simulated.simulate_rows` returned; `rows` (None: all) are the rows to list, in the files' order.

    A row of `rows` that was not simulated is listed without a verdict. KeyError for rows that do not exist.
    """
    known, mapped = targets(), mappings()
    found = []
    for row in known if rows is None else rows:
        one = simulated.get(row)
        if one is None or mapped[row].predicate:
            found.append(judge(known[row], mapped[row], None if one is None else bool(one)))
        else:
            assert not isinstance(one, bool)
            found.append(judge(known[row], mapped[row], one.value, one.se))
    return tuple(found)


def score(verdicts: Iterable[Verdict]) -> dict[str, Score]:
    """Count passes by use: `fitted`, `predicted`, `shown`, and `all` for the first two together."""
    judged = [one for one in verdicts if one.passed is not None]
    uses = {"fitted": ("fitted",), "predicted": ("predicted",), "shown": ("shown",), "all": COUNTED}
    return {name: _score(name, [one for one in judged if one.use in members]) for name, members in uses.items()}


def _score(use: str, judged: list[Verdict]) -> Score:
    numbers = [one for one in judged if one.is_numeric]
    solid = [one for one in numbers if one.confidence in ("A", "B")]
    uncertain = [one for one in numbers if one.confidence == "C"]
    signs = [one for one in judged if not one.is_numeric]
    return Score(
        use=use,
        numeric=len(solid),
        within=sum(one.passed is True for one in solid),
        numeric_c=len(uncertain),
        within_c=sum(one.passed is True for one in uncertain),
        signs=len(signs),
        held=sum(one.passed is True for one in signs),
    )


def written(value: float | None) -> str:
    """Write a number to three significant digits, never in powers of ten; a dash for what cannot be told."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0.0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(decimals, 4)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "0") else text.replace("-", "−")
