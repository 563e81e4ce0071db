"""Charts of the first screen: the fan, the difference over time, paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Final

from empowersim.fronts import numbers
from empowersim.fronts.dashboard.drawing import (
    HEIGHT,
    NAME_WIDTH,
    ROW_HEIGHT,
    SMALL,
    TEXT,
    Chart,
    Row,
    Spec,
    scale,
    spec_of,
)
from empowersim.fronts.dashboard.shown import Shown
from empowersim.fronts.labels import Lang, label, text
from empowersim.results.tables import OUTCOMES

_YEAR: Final = 12
_GAP: Final = 0.075
"""Least distance of two labels at line ends, as a part of the height."""


def fan(shown: Shown, measure: str, lang: Lang) -> Chart:
    """A measure over the months: median of each policy a line, half and nine tenths of the futures as bands.

    Bands are drawn for the mix and the reference only.
    """
    comparison = shown.comparison
    factor, axis = scale(measure, lang)
    rows: list[Row] = []
    ends: dict[str, float] = {}
    for name in shown.ordered:
        table = comparison.bands.where(policy=name, measure=measure)
        banded = name in (shown.mix, comparison.reference)
        parts = ("q05", "q25", "q50", "q75", "q95")
        for month, *values in zip(table["month"].tolist(), *(table[part].tolist() for part in parts), strict=True):
            told = {part: value * factor for part, value in zip(parts, values, strict=True) if banded or part == "q50"}
            if not isnan(told["q50"]):
                rows.append({"policy": shown.name(name, lang), "year": (month + 1) / _YEAR, **told})
                ends[name] = told["q50"]
    title = text("dashboard.chart.fan", lang, outcome=label(measure, lang))
    bands = [("q05", "q95", 0.14), ("q25", "q75", 0.24)]
    spec = _over_time(shown, title, axis, rows, ends, lang, middle="q50", bands=bands, zero=True)
    heads, told_rows = _level_rows(shown, measure, lang)
    alt = text(
        "dashboard.chart.fan_alt",
        lang,
        outcome=label(measure, lang),
        mix=shown.name(shown.mix, lang),
        level=_level(shown, shown.mix, measure, lang),
        base=_level(shown, comparison.reference, measure, lang),
        reference=shown.name(comparison.reference, lang),
    )
    return Chart(title, spec, alt, heads, told_rows)


def change_over_time(shown: Shown, measure: str, lang: Lang) -> Chart:
    """The paired difference of a measure from the reference over the months; a band of 95 % for the mix."""
    comparison = shown.comparison
    factor, axis = scale(measure, lang, difference=True)
    rows: list[Row] = []
    ends: dict[str, float] = {}
    parts = ("difference", "difference_low", "difference_high")
    told_rows = []
    unit = OUTCOMES[measure].unit
    for name in shown.ordered[:-1]:
        table = comparison.paths.where(policy=name, measure=measure)
        called = shown.name(name, lang)
        for month, mean, low, high in zip(
            table["month"].tolist(), *(table[part].tolist() for part in parts), strict=True
        ):
            if isnan(mean):
                continue
            row: Row = {"policy": called, "year": (month + 1) / _YEAR, "mean": mean * factor}
            banded = name == shown.mix and not isnan(low)
            rows.append(row | ({"low": low * factor, "high": high * factor} if banded else {}))
            ends[name] = mean * factor
            if (month + 1) % _YEAR == 0:
                change, least, most = (
                    numbers.quantity(value, unit, lang, difference=True) for value in (mean, low, high)
                )
                year = text("dashboard.chart.year", lang, n=(month + 1) // _YEAR)
                told_rows.append((called, year, change, numbers.interval(least, most, lang) or numbers.NONE))
    reference = shown.name(comparison.reference, lang)
    title = text("dashboard.chart.difference_of", lang, outcome=label(measure, lang), reference=reference)
    bands = [("low", "high", 0.2)]
    spec = _over_time(shown, title, axis, rows, ends, lang, middle="mean", bands=bands, zero=True)
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("policy", "year", "change", "range"))
    said = [row for row in told_rows if row[0] == shown.name(shown.mix, lang)]
    alt = "; ".join(f"{row[1]}: {row[2]} ({row[3]})" for row in said) or title
    return Chart(title, spec, alt, heads, tuple(told_rows))


def _over_time(
    shown: Shown,
    title: str,
    axis: str,
    rows: Sequence[Row],
    ends: Mapping[str, float],
    lang: Lang,
    *,
    middle: str,
    bands: Sequence[tuple[str, str, float]],
    zero: bool,
) -> Spec:
    """Lines over years since the start, bands below them, names at their ends."""
    years = shown.comparison.months / _YEAR
    values = [value for row in rows for key, value in row.items() if key not in ("policy", "year")]
    least, most = min(values, default=0.0), max(values, default=1.0)
    span = max(most, 0.0) - min(least, 0.0) or 1.0
    labels = [
        {"policy": shown.name(name, lang), "at": at, "year": years}
        for name, at in _apart(ends, span * _GAP, most).items()
    ]
    x = {
        "field": "year",
        "type": "quantitative",
        "title": text("dashboard.chart.years", lang),
        "axis": {"tickMinStep": 1, "format": ",d"},
        "scale": {"domain": [0, years], "nice": False},
    }
    y = {"type": "quantitative", "title": axis, "scale": {"zero": zero}}
    colour, dash = _colours(shown, lang), _dashes(shown, lang)
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "opacity": opacity},
            "transform": [{"filter": f"isValid(datum.{low})"}],
            "encoding": {"x": x, "y": {"field": low, **y}, "y2": {"field": high}, "color": colour},
        }
        for low, high, opacity in bands
    ]
    layers += [
        {
            "mark": {"type": "line", "strokeWidth": 2.2, "clip": False},
            "encoding": {
                "x": x,
                "y": {"field": middle, **y},
                "color": colour,
                "strokeDash": dash,
                "tooltip": [
                    {"field": "policy", "title": text("heads.policy", lang)},
                    {"field": "year", "format": ".1f", "title": text("dashboard.chart.years", lang)},
                    {"field": middle, "format": ",.2f", "title": axis},
                ],
            },
        },
        {
            "data": {"values": labels},
            "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": SMALL, "limit": NAME_WIDTH},
            "encoding": {
                "x": {"field": "year", "type": "quantitative"},
                "y": {"field": "at", "type": "quantitative"},
                "text": {"field": "policy"},
                "color": colour,
            },
        },
    ]
    return spec_of(title, lang, layers, rows, height=HEIGHT, right=10)


def difference(shown: Shown, outcome: str, lang: Lang) -> Chart:
    """Paired differences from the reference: a dot, its interval, and in how many futures a policy is better."""
    comparison = shown.comparison
    factor, axis = scale(outcome, lang, difference=True)
    rows: list[Row] = []
    told: list[tuple[str, ...]] = []
    said = []
    unit = OUTCOMES[outcome].unit
    for name in shown.ordered[:-1]:
        one = comparison.differences.where(policy=name, outcome=outcome)
        mean, low, high = (float(one[part][0]) for part in ("mean", "low", "high"))
        share = numbers.in_hundred(float(one["probability_better"][0]), lang)
        change = numbers.quantity(mean, unit, lang, difference=True)
        ends = numbers.interval(
            numbers.quantity(low, unit, lang, difference=True),
            numbers.quantity(high, unit, lang, difference=True),
            lang,
        )
        called = shown.name(name, lang)
        row: Row = {
            "policy": called,
            "mean": mean * factor,
            "said": text("dashboard.chart.difference_label", lang, change=change, share=share),
        }
        rows.append(row | ({"low": low * factor, "high": high * factor} if not isnan(low) else {}))
        told.append((called, change, ends or numbers.NONE, share))
        said.append(
            text(
                "dashboard.chart.difference_alt",
                lang,
                mix=called,
                change=change,
                ends=ends or numbers.NONE,
                share=share,
            )
        )
    order = [row["policy"] for row in rows]
    y = {
        "field": "policy",
        "type": "nominal",
        "sort": order,
        "title": None,
        "axis": {"labelLimit": NAME_WIDTH, "labelFontSize": SMALL},
    }
    x = {"type": "quantitative", "title": axis, "scale": {"zero": True, "nice": True}}
    colour = _colours(shown, lang)
    layers: list[Spec] = [
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "strokeDash": [4, 4], "color": shown.look(comparison.reference).colour},
            "encoding": {"x": {"field": "zero", "type": "quantitative"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 3},
            "transform": [{"filter": "isValid(datum.low)"}],
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": y, "color": colour},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
            "encoding": {"x": {"field": "mean", **x}, "y": y, "color": colour, "shape": _shapes(shown, lang)},
        },
        {
            "mark": {"type": "text", "dy": -14, "fontSize": SMALL, "color": TEXT},
            "encoding": {"x": {"field": "mean", **x}, "y": y, "text": {"field": "said"}},
        },
    ]
    title = text(
        "dashboard.chart.difference_of",
        lang,
        outcome=label(outcome, lang),
        reference=shown.name(comparison.reference, lang),
    )
    spec = spec_of(title, lang, layers, rows, height=ROW_HEIGHT * len(rows) + 24, right=10)
    heads = tuple(text(f"dashboard.heads.{head}", lang) for head in ("policy", "change", "range", "better"))
    return Chart(title, spec, " ".join(said), heads, tuple(told))


def _apart(ends: Mapping[str, float], least: float, top: float) -> dict[str, float]:
    """Heights of labels at line ends, moved at least `least` apart so that none lies on another, none above `top`."""
    order = sorted(ends, key=lambda name: ends[name])
    placed: list[float] = []
    for name in order:
        placed.append(max(ends[name], placed[-1] + least) if placed else ends[name])
    for at in range(len(placed) - 1, -1, -1):
        placed[at] = min(placed[at], placed[at + 1] - least if at + 1 < len(placed) else max(top, ends[order[at]]))
    return dict(zip(order, placed, strict=True))


def _level(shown: Shown, policy: str, outcome: str, lang: Lang) -> str:
    row = shown.comparison.outcomes.where(policy=policy, outcome=outcome)
    return numbers.quantity(float(row["mean"][0]), OUTCOMES[outcome].unit, lang)


def _level_rows(shown: Shown, outcome: str, lang: Lang) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    unit = OUTCOMES[outcome].unit
    rows = []
    for name in shown.ordered:
        one = shown.comparison.outcomes.where(policy=name, outcome=outcome)
        mean, low, high = (numbers.quantity(float(one[part][0]), unit, lang) for part in ("mean", "low", "high"))
        rows.append((shown.name(name, lang), mean, numbers.interval(low, high, lang) or numbers.NONE))
    return tuple(text(f"dashboard.heads.{head}", lang) for head in ("policy", "last_year", "range")), tuple(rows)


def _domain(shown: Shown, lang: Lang) -> list[str]:
    return [shown.name(name, lang) for name in shown.ordered]


def _colours(shown: Shown, lang: Lang) -> Spec:
    looks = [shown.look(name).colour for name in shown.ordered]
    return {
        "field": "policy",
        "type": "nominal",
        "scale": {"domain": _domain(shown, lang), "range": looks},
        "legend": None,
    }


def _dashes(shown: Shown, lang: Lang) -> Spec:
    looks = [list(shown.look(name).dash) for name in shown.ordered]
    return {
        "field": "policy",
        "type": "nominal",
        "scale": {"domain": _domain(shown, lang), "range": looks},
        "legend": None,
    }


def _shapes(shown: Shown, lang: Lang) -> Spec:
    looks = [shown.look(name).mark for name in shown.ordered]
    return {
        "field": "policy",
        "type": "nominal",
        "scale": {"domain": _domain(shown, lang), "range": looks},
        "legend": None,
    }
