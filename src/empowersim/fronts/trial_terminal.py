"""A virtual trial and its power on a terminal: what the authors would find, next to what is true; and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.grids import add_row, grid, number_column, print_table
from empowersim.fronts.labels import bundled, named, text
from empowersim.fronts.numbers import NONE, Lang, interval, localised, number, percent, shortest, signed, yes_no

if TYPE_CHECKING:
    from empowersim.trials.estimate import Effect
    from empowersim.trials.model import Trial
    from empowersim.trials.power import PowerTable
    from empowersim.trials.run import Value

BAR: Final = 10
"""Characters of a bar that stands for a power of 1."""
_FULL, _EMPTY = "█", "·"
WORLDS: Final = ("trap", "no_trap")
"""Worlds that a title may end with."""
WIDTH: Final = 100
"""Characters of a table where the terminal does not say."""
LEFT_OUT: Final = ("held", "n", "p", "any_size", "control", "true")
"""Columns of a trial's table (keys of their heads), in the order in which they give way to long names."""
_LABEL_WIDTH: Final = 26
"""Characters of a name with its unit above which the unit stands in a line of its own."""
_BETWEEN: Final = 3
_EDGES: Final = 2
"""Characters between two columns of a grid, and at its two ends."""
_SMALL_P: Final = 0.001

_EXPLAINED: Final = ("found", "control", "any_size", "true", "held", "n")
"""Columns that the legend explains."""
_UNITS: Final = ("sd", "percent", "points", "odds_ratio")
"""Scales that have a unit."""
_DECIMALS: Final = {"sd": 3, "percent": 1, "points": 1, "odds_ratio": 2}


def show_trial(
    trial: Trial,
    effects: Sequence[Effect],
    out: Any,
    *,
    expected: Mapping[str, Value] | None = None,
    lang: Lang = "en",
) -> None:
    """Print the estimates of a virtual trial on a rich console: head, table, sentences.

    `expected` (`trials.run.expected`) adds a column: what the study would find without sampling error.
    """
    out.print(title_of(trial, lang), style="bold", markup=False)
    if trial.source:
        out.print(trial.source, style="dim", markup=False)
    out.print()
    print_table(out, trial_grid(trial, effects, expected=expected, width=out.width, lang=lang), lang)
    for sentence in trial_sentences(trial, effects, lang):
        out.print(sentence, markup=False)


def title_of(trial: Any, lang: Lang = "en") -> str:
    """Return the title of a trial or power table, with the world where one was asked for; its name without a title."""
    for world in WORLDS:
        tail = f" ({world.replace('_', ' ')})"
        if trial.title.endswith(tail):
            return f"{bundled(trial.title.removesuffix(tail), lang)} ({text(f'trial.world.{world}', lang)})"
    return bundled(trial.title, lang) or str(getattr(trial, "name", "") or getattr(trial, "trial", ""))


def trial_grid(
    trial: Trial,
    effects: Sequence[Effect],
    *,
    expected: Mapping[str, Value] | None = None,
    width: int = WIDTH,
    lang: Lang = "en",
) -> Any:
    """Return the table of a trial: one row an estimate, `width` characters or fewer.

    Names of estimates are never broken, as people copy them. Where they leave no room, columns are left out in the
    order of `LEFT_OUT`, and the legend says so.
    """
    columns = _trial_columns(trial, effects, expected, lang)
    heads = {key: text(f"trial.head.{key}", lang) for key in columns}
    missing: list[str] = []
    for key in LEFT_OUT:
        if _width_of({heads[one]: cells for one, cells in columns.items()}) <= width:
            break
        if columns.pop(key, None) is not None:
            missing.append(key)
    legend = "; ".join(text(f"trial.legend.{key}", lang) for key in columns if key in _EXPLAINED)
    if missing:
        legend += text("trial.no_room", lang, heads=", ".join(heads[key] for key in missing))
    table = grid(text("trial.title", lang), legend)
    for key in columns:
        if key == "estimate":
            # only a name as wide as the terminal is broken
            table.add_column(heads[key], no_wrap=_width_of({heads[key]: columns[key]}) <= width, overflow="fold")
        elif key == "held":
            table.add_column(heads[key])
        else:
            number_column(table, heads[key])
    for cells in zip(*columns.values(), strict=True):
        add_row(table, cells)
    return table


def _trial_columns(
    trial: Trial, effects: Sequence[Effect], expected: Mapping[str, Value] | None, lang: Lang = "en"
) -> dict[str, list[str]]:
    """Key of the head -> cells of every column, in order."""
    columns = {
        "estimate": [_labelled(one, lang) for one in effects],
        "found": [f"{_with_unit(one, lang)}\n{_ends(one, lang)}".rstrip() for one in effects],
        "p": [said_p(one.p, lang) for one in effects],
        "control": [_digits(one.control_mean, lang) for one in effects],
    }
    if expected is not None:
        columns["any_size"] = [
            scaled(one, expected[one.name].value, lang) if one.name in expected else NONE for one in effects
        ]
    columns["true"] = [scaled(one, one.true_value, lang) for one in effects]
    columns["held"] = [_held(one, lang) for one in effects]
    clusters = [
        "\n" + text("trial.in_villages", lang, n=number(one.clusters, 0, lang)) if trial.unit == "village" else ""
        for one in effects
    ]
    columns["n"] = [f"{number(one.observations, 0, lang)}{more}" for one, more in zip(effects, clusters, strict=True)]
    return columns


def _width_of(columns: Mapping[str, Sequence[str]]) -> int:
    """Characters that a grid of these columns takes if no cell is folded."""
    widest = (max(len(line) for cell in (head, *cells) for line in cell.split("\n")) for head, cells in columns.items())
    return sum(widest) + _BETWEEN * (len(columns) - 1) + _EDGES


def trial_sentences(trial: Trial, effects: Sequence[Effect], lang: Lang = "en") -> list[str]:
    """Say how many intervals hold the truth and where the comparison itself moved."""
    from empowersim.trials.estimate import is_given

    told = [one for one in effects if math.isfinite(one.low) and math.isfinite(one.true_value)]
    if not told:
        return []
    covered = sum(one.covered for one in told)
    said = [text("trial.covered", lang, covered=covered, count=len(told))]
    moved = [one.name for one in told if one.spilled and not is_given(trial.arm(one.against))]
    if moved:
        said.append(text("trial.spilled", lang, names=", ".join(moved)))
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


def show_power(table: PowerTable, out: Any, lang: Lang = "en") -> None:
    """Print a power table on a rich console: head, table with bars, sentences."""
    out.print(title_of(table, lang), style="bold", markup=False)
    out.print()
    print_table(out, power_grid(table, lang), lang)
    for sentence in power_sentences(table, lang):
        out.print(sentence, markup=False)


def power_grid(table: PowerTable, lang: Lang = "en") -> Any:
    """Return the table of power: one row a design."""
    scale = table.estimate.scale
    made = grid(
        text("power.title", lang, estimate=table.estimate.name, level=shortest(table.level, lang)),
        text("power.legend", lang, unit=_in_unit(scale, lang), target=percent(table.target, 0, lang)),
    )
    for head in ("villages", "each", "take_up"):
        number_column(made, text(f"power.{head}", lang))
    made.add_column(text("power.power", lang), no_wrap=True)
    for head in ("interval", "formula", "found", "se", "true", "least"):
        number_column(made, text(f"power.{head}", lang))
    for row in table.rows:
        add_row(
            made,
            [
                number(row.design.villages, 0, lang),
                number(row.design.households, 0, lang),
                percent(row.design.take_up, 0, lang),
                f"{bar(row.power)} {number(100 * row.power, 0, lang)}",
                text(
                    "numbers.interval", lang, low=number(100 * row.low, 0, lang), high=number(100 * row.high, 0, lang)
                ),
                number(100 * row.formula_power, 0, lang),
                _scaled(scale, row.estimate, lang),
                _digits_of(scale, row.se, lang),
                _scaled(scale, row.true_value, lang),
                _digits_of(scale, row.detectable, lang),
            ],
        )
    return made


def _low_to_high(low: float, high: float, lang: Lang) -> str:
    """Two shares in percent, as an interval; said even where they cannot be told."""
    return text("numbers.interval", lang, low=number(100 * low, 0, lang), high=number(100 * high, 0, lang))


def power_sentences(table: PowerTable, lang: Lang = "en") -> list[str]:
    """Say which design is large enough, or how large one would have to be, and how alike neighbours are."""
    target = percent(table.target, 0, lang)
    best = table.smallest()
    if best is not None:
        design = text(
            "power.design",
            lang,
            villages=best.design.villages,
            households=best.design.households,
            take_up=f"{shortest(100.0 * best.design.take_up, lang, 3)} %",
        )
        facts = {"target": target, "design": design, "power": percent(best.power, 0, lang)}
        if best.low < table.target:
            unsure = {"draws": number(best.draws, 0, lang), "low": percent(best.low, 0, lang)}
            said = [text("power.smallest_unsure", lang, **facts, **unsure)]
        else:
            said = [text("power.smallest", lang, **facts)]
    else:
        said = [text("power.none", lang, target=target)]
        needed = [row for row in table.rows if math.isfinite(row.villages_needed)]
        if needed:
            row = min(needed, key=lambda one: one.villages_needed * one.design.households)
            scale = table.estimate.scale
            said.append(
                text(
                    "power.takes",
                    lang,
                    villages=number(row.villages_needed, 0, lang),
                    households=number(row.design.households, 0, lang),
                    take_up=percent(row.design.take_up, 0, lang),
                    effect=f"{_scaled(scale, row.planned, lang)} {_unit(scale, lang)}".rstrip(),
                )
            )
        elif any(math.isinf(row.villages_needed) for row in table.rows):
            said.append(text("power.no_effect", lang))
    alike = [row.icc for row in table.rows if math.isfinite(row.icc)]
    if alike:
        least, most = number(min(alike), 3, lang), number(max(alike), 3, lang)
        said.append(text("power.alike", lang, share=least if least == most else interval(least, most, lang)))
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


def scaled(effect: Effect, value: float, lang: Lang = "en") -> str:
    """Return a value on the scale of an estimate, signed unless it is an odds ratio."""
    return _scaled(effect.scale, value, lang)


def said_p(p: float, lang: Lang = "en") -> str:
    """Return a probability as tables do."""
    if not math.isfinite(p):
        return NONE
    return text("trial.small_p", lang, p=localised(f"{_SMALL_P:g}", lang)) if p < _SMALL_P else number(p, 3, lang)


def _labelled(effect: Effect, lang: Lang) -> str:
    """Name of an estimate, with what its name may not say."""
    from empowersim.trials.survey import OUTCOMES

    more = []
    if effect.scale == "level" and effect.outcome in OUTCOMES:
        more.append(named("units", OUTCOMES[effect.outcome].unit, lang))
    if effect.on == "treated":
        more.append(text("trial.treated", lang))
    label = ", ".join([effect.name, *more])
    return label if len(label) <= _LABEL_WIDTH or not more else f"{effect.name}\n{', '.join(more)}"


def _ends(effect: Effect, lang: Lang) -> str:
    low, high = (_digits_of(effect.scale, end, lang) for end in (effect.low, effect.high))
    return interval(low, high, lang)


def _with_unit(effect: Effect, lang: Lang) -> str:
    return f"{scaled(effect, effect.value, lang)} {_unit(effect.scale, lang)}".rstrip()


def _unit(scale: str, lang: Lang) -> str:
    return text(f"trial.unit.{scale}", lang) if scale in _UNITS else ""


def _in_unit(scale: str, lang: Lang) -> str:
    return f" ({_unit(scale, lang)})" if scale in _UNITS else ""


def _scaled(scale: str, value: float, lang: Lang = "en") -> str:
    if scale == "odds_ratio":
        return number(value, _DECIMALS[scale], lang)
    return signed(value, _DECIMALS.get(scale, _places(value)), lang)


def _digits_of(scale: str, value: float, lang: Lang = "en") -> str:
    return number(value, _DECIMALS.get(scale, _places(value)), lang)


def _digits(value: float, lang: Lang = "en") -> str:
    return number(value, _places(value), lang)


def _places(value: float) -> int:
    """Decimals that leave three digits or so."""
    size = abs(value)
    return 1 if size >= 100 else 2 if size >= 10 else 3


def _held(effect: Effect, lang: Lang) -> str:
    if not (math.isfinite(effect.low) and math.isfinite(effect.true_value)):
        return NONE
    return yes_no(effect.covered, lang)


def _plain(value: Any) -> Any:
    """Values as JSON has them: no NaN, no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
