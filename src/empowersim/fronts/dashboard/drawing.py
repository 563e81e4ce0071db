"""Kinds of charts as Vega-Lite: plain values that the browser draws.

Each chart comes with a sentence that says it and with the rows behind it. Texts of users are values of data, never
part of an expression, so they can neither be markup nor code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from textwrap import wrap
from typing import Any, Final

from empowersim.fronts.dashboard.shown import look
from empowersim.fronts.labels import Lang, label, text
from empowersim.results.tables import OUTCOMES

Spec = dict[str, Any]
Row = dict[str, Any]

TEXT: Final = "#222222"
SMALL: Final = 12
NAME_WIDTH: Final = 112
"""Pixels for the name of a policy."""
HEIGHT: Final = 190
ROW_HEIGHT: Final = 46
_GRID: Final = "#DDDDDD"
_HEAD: Final = 14
_LINE: Final = 46
"""Characters of a line of a title."""
_HUNDRED: Final = 100.0
_MILLIARD: Final = 1e9

_LOCALE: Final = {
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["Rp ", ""]},
    "id": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["Rp ", ""]},
}

_SHADES: Final = (
    "#0B3C5D",
    "#7FB2D9",
    "#2E7D5B",
    "#B8D8A8",
    "#8C4B12",
    "#E0B07A",
    "#5B4A8A",
    "#B9AFD6",
    "#6B6B6B",
    "#BFBFBF",
)
"""Parts of a bar: dark and pale in turn, so that neighbours differ in grey, too. Not the colours of policies."""


@dataclass(frozen=True)
class Chart:
    """A chart, what it says, and its numbers."""

    title: str
    spec: Spec
    alt: str
    """One sentence for who cannot see it."""
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The numbers behind it, as people read them."""


def bars(
    title: str,
    rows: Sequence[Row],
    lang: Lang,
    *,
    axis: str,
    heads: Sequence[str],
    told: Sequence[Sequence[str]],
    alt: str,
    share: bool = False,
    column: str = "",
    ceiling: float | None = None,
    ceiling_name: str = "",
) -> Chart:
    """Stacked bars, one a `group`, its parts `part` of `value`; `share` makes each 100 %, `column` sets them apart.

    `ceiling` draws a line where values should end.
    """
    parts = list(dict.fromkeys(row["part"] for row in rows))
    groups = list(dict.fromkeys(row["group"] for row in rows))
    value: Spec = {"field": "value", "type": "quantitative", "title": axis, "stack": "normalize" if share else "zero"}
    if share:
        value["axis"] = {"format": ".0%"}
    name = {"field": "group", "type": "nominal", "sort": groups, "title": None, "axis": {"labelLimit": 2 * NAME_WIDTH}}
    shade = {
        "field": "part",
        "type": "nominal",
        "sort": parts,
        "scale": {"domain": parts, "range": [_SHADES[at % len(_SHADES)] for at in range(len(parts))]},
        "legend": {"title": None, "orient": "bottom", "columns": 3, "labelLimit": 220, "labelFontSize": SMALL},
    }
    tips = [{"field": field, "title": ""} for field in ("group", "part", "said")]
    bar: Spec = {
        "mark": {"type": "bar", "stroke": "white", "strokeWidth": 1},
        "encoding": {"x": value, "y": name, "color": shade, "tooltip": tips},
    }
    layers = [bar]
    if ceiling is not None:
        layers.append(
            {
                "data": {"values": [{"ceiling": ceiling, "name": ceiling_name}]},
                "mark": {"type": "rule", "color": TEXT, "strokeWidth": 2, "strokeDash": [6, 3]},
                "encoding": {"x": {"field": "ceiling", "type": "quantitative"}, "tooltip": [{"field": "name"}]},
            }
        )
    if column:
        inner = {"layer": layers, "width": 210, "height": ROW_HEIGHT * len(groups)}
        facet = {
            "field": column,
            "type": "nominal",
            "title": None,
            "sort": list(dict.fromkeys(row[column] for row in rows)),
            "header": {"labelFontSize": SMALL},
            "columns": 3,
        }
        spec = {
            **_config(lang),
            "title": wrap(title, _LINE),
            "data": {"values": list(rows)},
            "facet": facet,
            "columns": 3,
            "spec": inner,
        }
    else:
        spec = spec_of(title, lang, layers, rows, height=ROW_HEIGHT * len(groups) + 10, right=10)
    return Chart(title, spec, alt, tuple(heads), tuple(tuple(row) for row in told))


def curve(
    points: Sequence[tuple[str, float, float, float, float]], title: str, across: str, axis: str, lang: Lang
) -> Spec:
    """Effect over cost: (name, cost in Rp billion, mean, low, high), a line through the means, intervals upright."""
    rows = [
        {"name": name, "cost": cost, "mean": mean} | ({"low": low, "high": high} if not isnan(low) else {})
        for name, cost, mean, low, high in points
    ]
    x = {"field": "cost", "type": "quantitative", "title": across, "scale": {"zero": True}}
    y = {"type": "quantitative", "title": axis, "scale": {"zero": True}}
    colour = look(0).colour
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2, "color": colour},
            "transform": [{"filter": "isValid(datum.low)"}],
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "point": {"size": 70, "filled": True}, "color": colour},
            "encoding": {"x": x, "y": {"field": "mean", **y}},
        },
        {
            "mark": {"type": "text", "dx": 8, "dy": -8, "align": "left", "fontSize": SMALL, "color": TEXT},
            "encoding": {"x": x, "y": {"field": "mean", **y}, "text": {"field": "name"}},
        },
    ]
    return spec_of(title, lang, layers, rows, height=HEIGHT + 60, right=60)


def tornado(bars_of: Sequence[tuple[str, float, float]], base: float, title: str, axis: str, lang: Lang) -> Spec:
    """One bar an assumption: (name, difference at its low end, at its high end) around the difference as it stands."""
    rows = [
        {"name": name, "from": base, "to": end, "end": which}
        for name, *ends in bars_of
        for which, end in zip(_ends_of(lang), ends, strict=True)
    ]
    y = {
        "field": "name",
        "type": "nominal",
        "sort": [name for name, *_ in bars_of],
        "title": None,
        "axis": {"labelLimit": 190, "labelFontSize": SMALL},
    }
    low, high = _ends_of(lang)
    shade = {
        "field": "end",
        "type": "nominal",
        "scale": {"domain": [low, high], "range": [_SHADES[1], _SHADES[0]]},
        "legend": {"title": None, "orient": "bottom", "labelFontSize": SMALL},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": 14},
            "encoding": {
                "x": {"field": "from", "type": "quantitative", "title": axis},
                "x2": {"field": "to"},
                "y": y,
                "color": shade,
            },
        },
        {
            "data": {"values": [{"at": base, "zero": 0}]},
            "mark": {"type": "rule", "color": TEXT},
            "encoding": {"x": {"field": "at", "type": "quantitative"}},
        },
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "color": TEXT, "strokeDash": [4, 4]},
            "encoding": {"x": {"field": "zero", "type": "quantitative"}},
        },
    ]
    return spec_of(title, lang, layers, rows, height=22 * len(bars_of) + 10, right=10)


def _ends_of(lang: Lang) -> tuple[str, str]:
    return text("dashboard.chart.at_low", lang), text("dashboard.chart.at_high", lang)


def grid(rows: Sequence[Row], title: str, value: str, lang: Lang, *, signed: bool = False) -> Spec:
    """Villages as cells, the value printed in each: `row`, `column`, `value`, `said`, `tip`, `dark`.

    `signed` values have a scale of two directions, from zero.
    """
    scale_of: Spec = (
        {"scheme": "purpleorange", "domainMid": 0, "reverse": True} if signed else {"scheme": "cividis", "zero": True}
    )
    cell = {
        "x": {"field": "column", "type": "ordinal", "axis": None},
        "y": {"field": "row", "type": "ordinal", "axis": None},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "stroke": "white", "strokeWidth": 2},
            "encoding": {
                **cell,
                "color": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": scale_of,
                    "legend": {"title": value, "orient": "bottom", "labelFontSize": SMALL, "titleFontSize": SMALL},
                },
                "tooltip": [{"field": "tip", "title": ""}],
            },
        },
        {
            "mark": {"type": "text", "fontSize": SMALL},
            "encoding": {
                **cell,
                "text": {"field": "said"},
                "color": {"condition": {"test": "datum.dark", "value": "white"}, "value": "black"},
            },
        },
    ]
    return spec_of(title, lang, layers, rows, height=42 * len({row["row"] for row in rows}), right=10)


def scale(name: str, lang: Lang, *, difference: bool = False) -> tuple[float, str]:
    """Factor from the unit of a table to that of an axis, and what the axis is called."""
    unit = OUTCOMES[name].unit
    said = label(name, lang)
    if unit.startswith("share"):
        what = text("heads.points", lang) if difference else text("heads.percent", lang)
        return _HUNDRED, said + what
    if unit == "IDR":
        return 1.0 / _MILLIARD, said + text("heads.billion", lang)
    if unit.startswith("IDR"):
        return 1.0, said + text("heads.rupiah", lang)
    return 1.0, said


def _config(lang: Lang) -> Spec:
    return {
        "background": "white",
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},
        "config": {
            "font": "sans-serif",
            "locale": {"number": _LOCALE[lang]},
            "view": {"stroke": None},
            "axis": {
                "labelColor": TEXT,
                "titleColor": TEXT,
                "labelFontSize": SMALL,
                "titleFontSize": SMALL,
                "titleFontWeight": "normal",
                "gridColor": _GRID,
                "domainColor": "#767676",
                "tickColor": "#767676",
            },
            "title": {"anchor": "start", "fontSize": _HEAD, "color": TEXT},
            "text": {"font": "sans-serif"},
        },
    }


def spec_of(title: str, lang: Lang, layers: Sequence[Spec], rows: Sequence[Row], *, height: int, right: int) -> Spec:
    """A layered chart as wide as its place; `right` = pixels kept free on the right, for names."""
    return {
        **_config(lang),
        "title": wrap(title, _LINE),
        "data": {"values": list(rows)},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 5, "top": 5, "bottom": 5, "right": right},
        "layer": list(layers),
    }
