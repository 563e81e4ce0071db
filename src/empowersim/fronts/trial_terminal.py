"""A virtual trial and its power on a terminal: what the authors would find, next to what is true; and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.grids import add_row, grid, number_column
from empowersim.fronts.numbers import NONE, interval, number, percent, signed

if TYPE_CHECKING:
    from empowersim.trials.estimate import Effect
    from empowersim.trials.model import Trial
    from empowersim.trials.power import PowerTable
    from empowersim.trials.run import Value

BAR: Final = 10
"""Characters of a bar that stands for a power of 1."""
_FULL, _EMPTY = "█", "·"
_NAME_WIDTH: Final = 34
_SMALL_P: Final = 0.001
_LEAST: Final = 0.05
"""Share of the true effect from which a spillover on the comparison is worth a sentence."""

_UNITS: Final = {"sd": "SD", "percent": "%", "points": "pp", "odds_ratio": "OR"}
_DECIMALS: Final = {"sd": 3, "percent": 1, "points": 1, "odds_ratio": 2}


def show_trial(
    trial: Trial, effects: Sequence[Effect], out: Any, *, expected: Mapping[str, Value] | None = None
) -> None:
    """Print the estimates of a virtual trial on a rich console: head, table, sentences.

    `expected` (`trials.run.expected`) adds a column: what the study would find without sampling error.
    """
    out.print(trial.title or trial.name, style="bold", markup=False)
    if trial.source:
        out.print(trial.source, style="dim", markup=False)
    out.print()
    out.print(trial_grid(trial, effects, expected=expected))
    for sentence in trial_sentences(effects):
        out.print(sentence, markup=False)


def trial_grid(trial: Trial, effects: Sequence[Effect], *, expected: Mapping[str, Value] | None = None) -> Any:
    """Return the table of a trial: one row an estimate."""
    villages = trial.unit == "village"
    legend = (
        "found: with its 95 % interval; control: measured mean of the comparison; "
        "true: with the arm minus without any, same households, no survey error; held: by the interval; n: households"
    )
    if villages:
        legend += " in villages"
    if expected is not None:
        legend += "; any size: found with sampling error removed"
    table = grid("What the study finds, and what is true", legend)
    table.add_column("estimate", max_width=_NAME_WIDTH, overflow="fold")
    sizes = () if expected is None else ("any size",)
    for head in ("found", "p", "control", *sizes, "true"):
        number_column(table, head)
    table.add_column("held")
    number_column(table, "n")
    for one in effects:
        ends = interval(*(_digits_of(one.scale, end) for end in (one.low, one.high)))
        cells = [_labelled(one), f"{_with_unit(one)}\n{ends}".rstrip(), said_p(one.p), _digits(one.control_mean)]
        if expected is not None:
            cells.append(scaled(one, expected[one.name].value) if one.name in expected else NONE)
        count = f"{number(one.observations)}\nin {number(one.clusters)}" if villages else number(one.observations)
        add_row(table, [*cells, scaled(one, one.true_value), _held(one), count])
    return table


def trial_sentences(effects: Sequence[Effect]) -> list[str]:
    """Say how many intervals hold the truth and where the comparison itself moved."""
    told = [one for one in effects if math.isfinite(one.low) and math.isfinite(one.true_value)]
    if not told:
        return []
    covered = sum(one.covered for one in told)
    said = [
        f"{covered} of {len(told)} intervals hold the true effect; 95 of 100 would if surveys made no errors and the "
        "comparison gained nothing."
    ]
    moved = [one.name for one in told if _spilled(one)]
    if moved:
        said.append(
            f"The comparison is affected by the programme, too, which the study cannot see: {', '.join(moved)}."
        )
    return said


def trial_json(
    trial: Trial, effects: Sequence[Effect], *, expected: Mapping[str, Value] | None = None
) -> dict[str, Any]:
    """Return a trial's estimates as plain values; what cannot be told is None."""
    rows = []
    for one in effects:
        row = asdict(one) | {"covered": one.covered}
        if expected is not None and one.name in expected:
            row |= {"expected": expected[one.name].value, "expected_se": expected[one.name].se}
        rows.append(row)
    document = {
        "trial": trial.name,
        "title": trial.title,
        "source": trial.source,
        "unit": trial.unit,
        "digest": trial.digest,
        "estimates": rows,
    }
    plain: dict[str, Any] = _plain(document)
    return plain


# ---------------------------------------------------------------- power


def show_power(table: PowerTable, out: Any) -> None:
    """Print a power table on a rich console: head, table with bars, sentences."""
    out.print(table.title or table.trial, style="bold", markup=False)
    out.print()
    out.print(power_grid(table))
    for sentence in power_sentences(table):
        out.print(sentence, markup=False)


def power_grid(table: PowerTable) -> Any:
    """Return the table of power: one row a design."""
    scale = table.estimate.scale
    made = grid(
        f"Power to see {table.estimate.name}: share of virtual trials with p below {table.level:g}, %",
        "each: households of a village before eligibility; formula: power by the textbook for what is found; "
        f"found: mean estimate{_in_unit(scale)}, se: mean standard error; "
        f"least: effect that the formula sees with {percent(table.target, 0)}",
    )
    for head in ("villages", "each", "take-up"):
        number_column(made, head)
    made.add_column("power", no_wrap=True)
    for head in ("95 %", "formula", "found", "se", "true", "least"):
        number_column(made, head)
    for row in table.rows:
        add_row(
            made,
            [
                number(row.design.villages),
                number(row.design.households),
                percent(row.design.take_up, 0),
                f"{bar(row.power)} {number(100 * row.power)}",
                f"{number(100 * row.low)} to {number(100 * row.high)}",
                number(100 * row.formula_power),
                _scaled(scale, row.estimate),
                _digits_of(scale, row.se),
                _scaled(scale, row.true_value),
                _digits_of(scale, row.detectable),
            ],
        )
    return made


def power_sentences(table: PowerTable) -> list[str]:
    """Say which design is large enough, or how large one would have to be, and how alike neighbours are."""
    target = percent(table.target, 0)
    best = table.smallest()
    if best is not None:
        unsure = ""
        if best.low < table.target:
            unsure = f", though {number(best.draws)} trials leave {percent(best.low, 0)} possible"
        said = [f"The smallest of these designs with {target} power: {best.design} ({percent(best.power, 0)}{unsure})."]
    else:
        said = [f"None of these designs has {target} power."]
        needed = [row for row in table.rows if math.isfinite(row.villages_needed)]
        if needed:
            row = min(needed, key=lambda one: one.villages_needed * one.design.households)
            said.append(
                f"By the formula it takes about {number(row.villages_needed)} villages x "
                f"{number(row.design.households)} households at take-up {percent(row.design.take_up, 0)}."
            )
    alike = [row.icc for row in table.rows if math.isfinite(row.icc)]
    if alike:
        least, most = number(min(alike), 3), number(max(alike), 3)
        share = least if least == most else interval(least, most)
        said.append(f"Of the variance within arms {share} (a share of 1) lies between villages.")
    return said


def power_json(table: PowerTable) -> dict[str, Any]:
    """Return a power table as plain values; what cannot be told is None."""
    best = table.smallest()
    document = asdict(table) | {"smallest": None if best is None else asdict(best.design)}
    plain: dict[str, Any] = _plain(document)
    return plain


def bar(share: float) -> str:
    """Return a share (0-1) as a bar of `BAR` characters."""
    filled = round(BAR * min(max(share, 0.0), 1.0)) if math.isfinite(share) else 0
    return _FULL * filled + _EMPTY * (BAR - filled)


# ---------------------------------------------------------------- words and numbers


def scaled(effect: Effect, value: float) -> str:
    """Return a value on the scale of an estimate, signed unless it is an odds ratio."""
    return _scaled(effect.scale, value)


def said_p(p: float) -> str:
    """Return a probability as tables do."""
    if not math.isfinite(p):
        return NONE
    return f"<{_SMALL_P:g}" if p < _SMALL_P else number(p, 3)


def _labelled(effect: Effect) -> str:
    """Name of an estimate, with what its name may not say."""
    from empowersim.trials.survey import OUTCOMES

    parts = [effect.name]
    if effect.scale == "level" and effect.outcome in OUTCOMES:
        parts.append(OUTCOMES[effect.outcome].unit)
    if effect.on == "treated":
        parts.append("of the treated")
    return ", ".join(parts)


def _with_unit(effect: Effect) -> str:
    return f"{scaled(effect, effect.value)} {_UNITS.get(effect.scale, '')}".rstrip()


def _in_unit(scale: str) -> str:
    return f" ({_UNITS[scale]})" if scale in _UNITS else ""


def _scaled(scale: str, value: float) -> str:
    if scale == "odds_ratio":
        return number(value, _DECIMALS[scale])
    return signed(value, _DECIMALS.get(scale, _places(value)))


def _digits_of(scale: str, value: float) -> str:
    return number(value, _DECIMALS.get(scale, _places(value)))


def _digits(value: float) -> str:
    return number(value, _places(value))


def _places(value: float) -> int:
    """Decimals that leave three digits or so."""
    size = abs(value)
    return 1 if size >= 100 else 2 if size >= 10 else 3


def _held(effect: Effect) -> str:
    if not (math.isfinite(effect.low) and math.isfinite(effect.true_value)):
        return NONE
    return "yes" if effect.covered else "no"


def _spilled(effect: Effect) -> bool:
    """Whether the comparison gained a part of the true effect that matters."""
    if not (math.isfinite(effect.spillover) and math.isfinite(effect.true_value)):
        return False
    own, other = effect.true_value - effect.no_effect, effect.spillover - effect.no_effect
    return abs(other) > _LEAST * abs(own) and abs(other) > 0.0


def _plain(value: Any) -> Any:
    """Values as JSON has them: no NaN, no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
