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
WIDTH: Final = 100
"""Characters of a table where the terminal does not say."""
LEFT_OUT: Final = ("held", "n", "p", "any size", "control", "true")
"""Columns of a trial's table, in the order in which they give way to long names."""
_LABEL_WIDTH: Final = 26
"""Characters of a name with its unit above which the unit stands in a line of its own."""
_BETWEEN: Final = 3
_EDGES: Final = 2
"""Characters between two columns of a grid, and at its two ends."""
_SMALL_P: Final = 0.001

_LEGEND: Final = {
    "found": "with its 95 % interval",
    "control": "measured mean of the comparison",
    "any size": "found with sampling error removed",
    "true": "with the arm minus without any, same households, no survey error",
    "held": "by the interval",
    "n": "households (in villages, if villages were drawn)",
}
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
    out.print(trial_grid(trial, effects, expected=expected, width=out.width))
    for sentence in trial_sentences(trial, effects):
        out.print(sentence, markup=False)


def trial_grid(
    trial: Trial, effects: Sequence[Effect], *, expected: Mapping[str, Value] | None = None, width: int = WIDTH
) -> Any:
    """Return the table of a trial: one row an estimate, `width` characters or fewer.

    Names of estimates are never broken, as people copy them. Where they leave no room, columns are left out in the
    order of `LEFT_OUT`, and the legend says so.
    """
    columns = _trial_columns(trial, effects, expected)
    missing: list[str] = []
    for head in LEFT_OUT:
        if _width_of(columns) <= width:
            break
        if columns.pop(head, None) is not None:
            missing.append(head)
    legend = "; ".join(f"{head}: {_LEGEND[head]}" for head in columns if head in _LEGEND)
    if missing:
        legend += f"; no room here for {', '.join(missing)}: see --json"
    table = grid("What the study finds, and what is true", legend)
    for head in columns:
        if head == "estimate":
            # only a name as wide as the terminal is broken
            table.add_column(head, no_wrap=_width_of({head: columns[head]}) <= width, overflow="fold")
        elif head == "held":
            table.add_column(head)
        else:
            number_column(table, head)
    for cells in zip(*columns.values(), strict=True):
        add_row(table, cells)
    return table


def _trial_columns(
    trial: Trial, effects: Sequence[Effect], expected: Mapping[str, Value] | None
) -> dict[str, list[str]]:
    """Head -> cells of every column, in order."""
    columns = {
        "estimate": [_labelled(one) for one in effects],
        "found": [f"{_with_unit(one)}\n{_ends(one)}".rstrip() for one in effects],
        "p": [said_p(one.p) for one in effects],
        "control": [_digits(one.control_mean) for one in effects],
    }
    if expected is not None:
        columns["any size"] = [
            scaled(one, expected[one.name].value) if one.name in expected else NONE for one in effects
        ]
    columns["true"] = [scaled(one, one.true_value) for one in effects]
    columns["held"] = [_held(one) for one in effects]
    clusters = [f"\nin {number(one.clusters)}" if trial.unit == "village" else "" for one in effects]
    columns["n"] = [f"{number(one.observations)}{more}" for one, more in zip(effects, clusters, strict=True)]
    return columns


def _width_of(columns: Mapping[str, Sequence[str]]) -> int:
    """Characters that a grid of these columns takes if no cell is folded."""
    widest = (max(len(line) for cell in (head, *cells) for line in cell.split("\n")) for head, cells in columns.items())
    return sum(widest) + _BETWEEN * (len(columns) - 1) + _EDGES


def trial_sentences(trial: Trial, effects: Sequence[Effect]) -> list[str]:
    """Say how many intervals hold the truth and where the comparison itself moved."""
    from empowersim.trials.estimate import is_given

    told = [one for one in effects if math.isfinite(one.low) and math.isfinite(one.true_value)]
    if not told:
        return []
    covered = sum(one.covered for one in told)
    said = [
        f"{covered} of {len(told)} intervals hold the true effect; 95 of 100 would if surveys made no errors and the "
        "comparison gained nothing."
    ]
    moved = [one.name for one in told if one.spilled and not is_given(trial.arm(one.against))]
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
            planned = f"{_scaled(table.estimate.scale, row.planned)} {_UNITS.get(table.estimate.scale, '')}".rstrip()
            said.append(
                f"By the formula it takes about {number(row.villages_needed)} villages x "
                f"{number(row.design.households)} households at take-up {percent(row.design.take_up, 0)} "
                f"to see {planned}."
            )
        elif any(math.isinf(row.villages_needed) for row in table.rows):
            said.append("There is no true effect: no number of villages is enough.")
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

    more = []
    if effect.scale == "level" and effect.outcome in OUTCOMES:
        more.append(OUTCOMES[effect.outcome].unit)
    if effect.on == "treated":
        more.append("of the treated")
    label = ", ".join([effect.name, *more])
    return label if len(label) <= _LABEL_WIDTH or not more else f"{effect.name}\n{', '.join(more)}"


def _ends(effect: Effect) -> str:
    return interval(*(_digits_of(effect.scale, end) for end in (effect.low, effect.high)))


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


def _plain(value: Any) -> Any:
    """Values as JSON has them: no NaN, no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
