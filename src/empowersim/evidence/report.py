"""The page ``docs/evidence.md``: every row of the evidence base against the simulation, misses first.

The page is made from verdicts and, where there is a calibration, from its leave-one-study-out and identifiability
tables. No row is left out: what is not simulated stands at the end with its reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from empowersim.evidence.base import THEMES
from empowersim.evidence.judge import COUNTED, PASSES, Score, Verdict, score, written

NOTE: Final = "<!-- Made by `empowersim validate`. Change the package and run it again. -->"

NOISY: Final = 0.5
"""Simulation error over scale above which the page warns."""

_PLAIN: Final = ("number", "range", "sign")
_VERDICT: Final[dict[bool | None, str]] = {True: "pass", False: "**miss**", None: "not run"}

_STATUSES: Final = ("not identified", "weakly", "identified")


@dataclass(frozen=True)
class LeftOutStudy:
    """How well the rows of a study are met, and predicted by a fit that has not seen them."""

    group: str
    """The study; empty for all together."""
    rows: int
    fitted: float
    """Mean |z| at the fit to all rows."""
    left_out: float
    """Mean |z| at the fit without the study."""
    fitted_within_2: float
    """Share (0-1) of the rows with |z| up to 2."""
    left_out_within_2: float


@dataclass(frozen=True)
class LeftOutRow:
    """One row, predicted without its study."""

    row: str
    value: float
    """Simulated at the parameters fitted without the study, in the row's unit."""
    z: float


@dataclass(frozen=True)
class LeftOut:
    """Leave-one-study-out: the honest score of a calibration."""

    studies: tuple[LeftOutStudy, ...]
    total: LeftOutStudy
    rows: tuple[LeftOutRow, ...] = ()
    steps: int | None = None
    """Gauss-Newton steps of each refit; None for full fits."""


@dataclass(frozen=True)
class KnownParameter:
    """What the evidence says of one parameter."""

    name: str
    value: float
    lower: float
    upper: float
    ratio: float
    """Posterior over prior standard deviation, 0-1; 1 = the evidence says nothing."""
    ratio_alone: float
    """The same if all other parameters were known."""
    partner: str
    """Parameter with the strongest posterior correlation."""
    correlation: float
    status: str
    """`identified`, `weakly` or `not identified`."""


def left_out_of(plain: Mapping[str, Any] | None) -> LeftOut | None:
    """Return leave-one-study-out as a parameter file keeps it (`calibration.store.StoredFit.leave_one_out`)."""
    if plain is None:
        return None

    def study(name: str, entry: Mapping[str, Any]) -> LeftOutStudy:
        keys = ("rows", "fitted", "left_out", "fitted_within_2", "left_out_within_2")
        return LeftOutStudy(name, **{key: entry[key] for key in keys})

    return LeftOut(
        studies=tuple(study(name, entry) for name, entry in plain["groups"].items()),
        total=study("", plain["total"]),
        rows=tuple(LeftOutRow(row, entry["value"], entry["z"]) for row, entry in plain["rows"].items()),
        steps=plain.get("steps"),
    )


def known_of(parameters: Mapping[str, Mapping[str, Any]]) -> tuple[KnownParameter, ...]:
    """Return identifiability as a parameter file keeps it (`StoredFit.parameters`); empty if it was not worked out."""
    keys = ("value", "lower", "upper", "ratio", "ratio_alone", "partner", "correlation", "status")
    return tuple(
        KnownParameter(name, **{key: entry[key] for key in keys})
        for name, entry in parameters.items()
        if "status" in entry
    )


def evidence_page(
    verdicts: Sequence[Verdict],
    *,
    version: str,
    seed: int,
    size: float = 1.0,
    left_out: LeftOut | None = None,
    identified: Sequence[KnownParameter] = (),
    figure: str = "",
    worlds: Mapping[str, Sequence[Verdict]] | None = None,
) -> str:
    """Return the page as Markdown, ending in a newline.

    `version` names the parameter set, `seed` and `size` are those of `simulated.simulate_rows`, `figure` is the path of
    the forest plot from the page (empty: none), `worlds` the verdicts with all studies in the world without a trap and
    in the trap world, by the world's name.
    """
    lines = [NOTE, "", "# Evidence", ""]
    lines += _reading(version, seed, size)
    lines += _scores(score(verdicts), left_out)
    lines += _cautions(verdicts)
    if figure:
        lines += ["", f"![Targets and simulation, row by row]({figure})"]
    lines += _misses([one for one in verdicts if one.passed is False])
    for theme, title in THEMES.items():
        members = [one for one in verdicts if one.theme == theme and one.kind in _PLAIN]
        if members:
            lines += ["", f"## {title}", "", *_table_of(members)]
    if worlds:
        lines += _both_worlds(worlds)
    if left_out is not None:
        lines += _left_out(left_out, {one.id: one for one in verdicts})
    if identified:
        lines += _identified(identified)
    lines += _listed("Inputs", "They go into the model, so nothing is compared.", verdicts, "input")
    lines += _listed("Rows that are not simulated", "And why.", verdicts, "not mapped")
    lines += _sources(verdicts)
    return "\n".join(lines) + "\n"


def _reading(version: str, seed: int, size: float) -> Iterator[str]:
    yield "What published studies found, and what the model finds when the same study is run inside it."
    yield ""
    yield f"Parameter set `{version}`; seed {seed}; studies at {written(size)} times their size."
    yield ""
    yield "How to read it:"
    yield ""
    yield (
        "- **z** = (simulated − target) / √(se² + simulation error² + tau²). `se` is the study's standard error where "
        "it is known; tau is how far a right model may miss the row, because places and studies differ. Both together "
        "are the **scale**. Odds ratios are compared in logs (their scale is one of log odds); inside a range z is 0."
    )
    yield (
        f"- **pass** means |z| up to {PASSES:g}, or that a sign or an order holds. A wide scale makes passing easy: "
        "read it."
    )
    yield (
        "- **fitted**: the row entered the calibration, or a parameter or the context of its study was set with it; "
        "its pass proves little. **predicted**: neither. **shown**: it follows from other rows or from construction, "
        "and counts in no score."
    )
    yield (
        "- **confidence** of the target: A read in a source, B well known but from memory, C uncertain. "
        "Rows R, F and C104_1 to C104_3 were worked out by this project from published rows or data."
    )
    yield (
        "- Rows of one study share people and place: they are not independent. No row is a study of mentors in Medan. "
        "Published effects are selected, so true effects are likely smaller."
    )
    yield ""


def _scores(scores: Mapping[str, Score], left_out: LeftOut | None) -> Iterator[str]:
    yield "## Score"
    yield ""
    total = scores["all"]
    yield (
        f"**{total.within} of {total.numeric} numeric rows of confidence A and B lie within |z| = {PASSES:g}; "
        f"{total.held} of {total.signs} signs and orders hold.**"
    )
    yield ""
    head = ("rows", "A and B within 2", "share", "C within 2", "signs and orders that hold")
    yield from _table(head, [_score_row(name, scores[name]) for name in ("fitted", "predicted", "shown")])
    if left_out is not None:
        one = left_out.total
        yield ""
        yield (
            f"Left out study by study (the honest score), {_share(one.left_out_within_2)} of {one.rows} fitted numbers "
            f"lie within 2, mean |z| {_z(one.left_out)}; with all studies in the fit {_share(one.fitted_within_2)}, "
            f"mean |z| {_z(one.fitted)}."
        )


def _cautions(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """What the score does not say: how wide the scales are, and how noisy the simulation was."""
    numbers = [one for one in verdicts if one.z is not None and one.confidence in ("A", "B") and one.use in COUNTED]
    told = [abs(one.z) for one in numbers if one.z is not None and math.isfinite(one.z)]
    effects = [one.z_without_effect for one in numbers if one.z_without_effect is not None]
    if told:
        yield ""
        yield (
            f"How much that says: mean |z| of these rows is {_z(math.fsum(told) / len(told))}, where scales of the "
            "right size would give about 0.80 to a right model that was not fitted; a smaller mean says that scales "
            "are wide, or that the fit is close."
        )
    if effects:
        yield (
            f"A model in which no programme has any effect would pass {sum(abs(z) <= PASSES for z in effects)} of the "
            f"{len(effects)} rows among them that are effects."
        )
    noisy = [one.id for one in verdicts if _is_noisy(one)]
    if noisy:
        yield ""
        yield (
            f"The simulation's own error exceeds half of the scale in {', '.join(noisy)}, which makes them easier to "
            "pass: simulate larger studies."
        )


def _is_noisy(one: Verdict) -> bool:
    """Whether the error of the simulation is large against the scale of the row."""
    if one.value is None or one.se_simulated is None or one.scale is None:
        return False
    error = one.se_simulated / one.value if one.on_log else one.se_simulated
    return error > NOISY * one.scale


def _score_row(name: str, one: Score) -> tuple[str, ...]:
    return (
        name,
        f"{one.within} of {one.numeric}",
        _share(one.share),
        f"{one.within_c} of {one.numeric_c}",
        f"{one.held} of {one.signs}",
    )


def _misses(missed: list[Verdict]) -> Iterator[str]:
    yield ""
    yield "## Misses"
    yield ""
    if not missed:
        yield "None."
        return
    yield "Largest first, with what each points to. Signs that do not hold come last."
    yield ""
    missed = sorted(missed, key=lambda one: -_size(one))
    head = ("row", "study", "what", "month", "target", "simulated", "z", "confidence", "use", "points to")
    yield from _table(
        head,
        [
            (
                one.id,
                f"{one.study}, {one.country}",
                f"{one.arm}: {one.outcome}",
                written(one.horizon_months),
                _target(one),
                one.simulated,
                _z(one.z),
                one.confidence,
                one.use,
                one.miss or "not looked into yet",
            )
            for one in missed
        ],
    )


def _size(one: Verdict) -> float:
    """Order of misses: |z|, those without a number first, signs last."""
    if one.z is None:
        return 0.0
    return math.inf if math.isnan(one.z) else abs(one.z)


def _table_of(members: list[Verdict]) -> Iterator[str]:
    """One theme, misses first, then in the order of the files."""
    head = (
        "row",
        "study",
        "what",
        "month",
        "target",
        "simulated",
        "scale",
        "z",
        "",
        "confidence",
        "use",
        "why this scale",
    )
    members = sorted(members, key=lambda one: one.passed is not False)
    yield from _table(
        head,
        [
            (
                one.id,
                f"{one.study}, {one.country}",
                f"{one.arm}: {one.outcome}",
                written(one.horizon_months),
                _target(one),
                one.simulated or "–",
                written(one.scale) if one.scale is not None else "",
                _z(one.z),
                _VERDICT[one.passed],
                one.confidence,
                one.use,
                one.why,
            )
            for one in members
        ],
    )


def _target(one: Verdict) -> str:
    """Target and its unit; what a text is read as."""
    read = ""
    if one.kind == "number" and one.low is not None and not _is_written(one.target):
        read = f", read as {written(one.low)}"
    unit = "" if one.unit in ("sign", "no effect", "slope") else f" {one.unit}"
    return f"{one.target}{unit}{read}"


def _is_written(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _left_out(left_out: LeftOut, verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    steps = (
        "fitted again in full" if left_out.steps is None else f"{left_out.steps} Gauss-Newton step(s) from the full fit"
    )
    yield ""
    yield "## Leaving one study out"
    yield ""
    yield (
        "All rows of a study are taken away, the parameters are fitted again "
        f"({steps}), and the rows are predicted. The form of the rules and the context of each study were not left "
        "out, and the centres of the priors come from an earlier fit to many of the same rows: a study nobody has "
        "looked at would be predicted less well than this table says."
    )
    yield ""
    head = ("study", "rows", "mean z, fitted", "mean z, left out", "within 2, fitted", "within 2, left out")
    everything = (*sorted(left_out.studies, key=lambda one: -_finite(one.left_out)), left_out.total)
    yield from _table(
        head,
        [
            (
                f"`{one.group}`" if one.group else "**all**",
                str(one.rows),
                _z(one.fitted),
                _z(one.left_out),
                _share(one.fitted_within_2),
                _share(one.left_out_within_2),
            )
            for one in everything
        ],
    )
    worse = [one for one in left_out.rows if not abs(one.z) <= PASSES]
    if worse:
        yield ""
        yield "Rows that a fit without their study does not predict:"
        yield ""
        rows = []
        for one in sorted(worse, key=lambda one: -_finite(abs(one.z))):
            verdict = verdicts.get(one.row)
            rows.append(
                (
                    one.row,
                    f"{verdict.study}: {verdict.outcome}" if verdict else "",
                    _target(verdict) if verdict else "",
                    verdict.simulated if verdict else "",
                    written(one.value),
                    _z(one.z),
                )
            )
        yield from _table(("row", "what", "target", "fitted", "left out", "z left out"), rows)


def _both_worlds(worlds: Mapping[str, Sequence[Verdict]]) -> Iterator[str]:
    """The score with all studies in one world, and the rows on which the worlds disagree."""
    yield ""
    yield "## Both worlds"
    yield ""
    yield (
        "Above, each study stands in the world that its trial file names: a poverty trap in Bangladesh and West "
        "Bengal, none elsewhere. Here all studies are put into one world. Parameters stay as they are."
    )
    yield ""
    scores = {name: score(verdicts)["all"] for name, verdicts in worlds.items()}
    head = ("all studies in", "A and B within 2", "share", "C within 2", "signs and orders that hold")
    yield from _table(head, [_score_row(name, one) for name, one in scores.items()])
    yield ""
    yield "Rows that pass in one of them only:"
    yield ""
    names = list(worlds)
    by_row = {name: {one.id: one for one in verdicts} for name, verdicts in worlds.items()}
    rows = []
    for row, one in by_row[names[0]].items():
        both = [by_row[name][row] for name in names]
        if one.passed is not None and len({verdict.passed for verdict in both}) > 1:
            rows.append((row, one.study, one.outcome, _target(one), *(verdict.simulated for verdict in both)))
    yield from _table(("row", "study", "what", "target", *names), rows)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _identified(parameters: Sequence[KnownParameter]) -> Iterator[str]:
    counts = {status: sum(one.status == status for one in parameters) for status in _STATUSES}
    yield ""
    yield "## What the evidence says of the parameters"
    yield ""
    yield (
        f"Of {len(parameters)} fitted parameters {counts['identified']} are identified, {counts['weakly']} weakly and "
        f"{counts['not identified']} not: these stand on their priors. The ratio is the posterior over the "
        "prior standard deviation (1: the evidence says nothing); `alone` is the same if all others were known. A low "
        "`alone` beside a high ratio means that only a combination with the partner is known."
    )
    yield ""
    head = ("parameter", "value", "bounds", "ratio", "alone", "status", "partner", "correlation")
    order = {status: at for at, status in enumerate(_STATUSES)}
    yield from _table(
        head,
        [
            (
                f"`{one.name}`",
                written(one.value),
                f"{written(one.lower)} to {written(one.upper)}",
                _z(one.ratio),
                _z(one.ratio_alone),
                one.status,
                f"`{one.partner}`" if one.partner else "",
                _z(one.correlation) if one.partner else "",
            )
            for one in sorted(parameters, key=lambda one: (order.get(one.status, 0), -one.ratio, one.name))
        ],
    )


def _listed(title: str, said: str, verdicts: Iterable[Verdict], kind: str) -> Iterator[str]:
    members = [one for one in verdicts if one.kind == kind]
    if not members:
        return
    yield ""
    yield f"## {title}"
    yield ""
    yield said
    yield ""
    yield from _table(
        ("row", "study", "what", "target", "confidence", "reason"),
        [
            (
                one.id,
                f"{one.study}, {one.country}",
                f"{one.arm}: {one.outcome}",
                _target(one),
                one.confidence,
                one.reason,
            )
            for one in members
        ],
    )


def _sources(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Citations, each once, with its rows."""
    rows: dict[str, list[str]] = {}
    for one in verdicts:
        rows.setdefault(one.citation, []).append(one.id)
    yield ""
    yield "## Sources"
    yield ""
    yield from (f"- {citation} ({', '.join(ids)})" for citation, ids in rows.items())


def _z(value: float | None) -> str:
    """Two decimals with a true minus; a dash for what cannot be told, nothing for rows without a number."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "–"
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _share(value: float) -> str:
    return f"{100.0 * value:.0f} %" if math.isfinite(value) else "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" for _ in head) + "|"
    for row in rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def _cell(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return text.replace("|", "\\|").replace("<", "&lt;")
