"""The village view: one subdistrict in Mesa's SolaraViz, month by month, with sliders for mentors and places.

In a notebook, after ``pip install 'empowersim[notebooks]'``::

    from empowersim.fronts.village_view import village_view
    village_view("medan", policy="mix_coached")

On its own page: ``empowersim village medan``. Nothing is fetched from elsewhere: scripts and fonts come from the
installed packages. The module needs solara; it is imported only where the view is asked for.
"""

from __future__ import annotations

import base64
import os
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, cast

from empowersim.fronts.numbers import Lang
from empowersim.fronts.village_view_levers import Levers
from empowersim.fronts.village_view_model import VillageViewModel
from empowersim.fronts.village_view_plots import Colour, draw_charts, draw_map, png
from empowersim.fronts.village_view_words import word

with warnings.catch_warnings():
    # solara advises the makers of Mesa on their code; whoever opens a notebook can do nothing about it
    warnings.filterwarnings("ignore", message=r"(?s).*found despite early return", category=UserWarning)
    from mesa.visualization import SolaraViz
    from mesa.visualization.utils import update_counter

solara: Any = import_module("solara")
"""Its own types leave out most of what it exports."""

PLAY_INTERVAL: Final = 300
"""Milliseconds between two months while it plays."""

colour: Any = solara.reactive("poverty")
"""What the households are coloured by (a `Colour`); solara keeps one for each browser tab."""

_shown: dict[str, Levers] = {}
"""What the page of this process shows; set once before it is served."""

# SolaraViz puts what it shows into a grid of fixed boxes, and does not tell the values of sliders
_STYLE: Final = """
.vue-grid-layout { height: auto !important; }
.vue-grid-layout > .vue-grid-item:not(.vue-grid-placeholder) {
  position: static !important; transform: none !important; width: 100% !important; height: auto !important;
}
.vue-resizable-handle, .solara-content-main .v-tabs, main .v-tabs { display: none !important; }
main .v-window, main .v-window__container, main .v-item-group.v-window { overflow: visible; }
.village-view { max-width: 1180px; margin-top: -24px; font-size: 16px; line-height: 1.4; }
.village-view h1 { font-size: 20px; line-height: 1.3; margin: 0 0 4px; }
.village-view p { margin: 0 0 8px; }
.village-view-figures {
  display: grid; grid-template-columns: minmax(0, 6fr) minmax(0, 5fr); gap: 12px; align-items: start;
}
.village-view-figures img { width: 100%; height: auto; display: block; }
.village-view-scheme { font-size: 14px; }
@media (max-width: 760px) { .village-view-figures { grid-template-columns: minmax(0, 1fr); } }
.v-navigation-drawer .v-input__slider .v-input__slot { flex-direction: column; align-items: stretch; }
.v-navigation-drawer .v-input__slider .v-label { margin: 0 0 14px !important; flex: none; }
.v-navigation-drawer .v-slider__thumb-container::after {
  content: attr(aria-valuenow); position: absolute; bottom: 8px; left: 0; transform: translateX(-50%); font-size: 14px;
}
"""


def _component(function: Callable[..., None]) -> Any:
    """Make a function of a model a part of a page."""
    return solara.component(function)


def show(levers: Levers) -> None:
    """Say what `Page` shows, before it is served."""
    _shown["levers"] = levers


@_component
def Page() -> None:  # noqa: N802 - solara names components like this
    """The page that the server shows."""
    levers = _shown.get("levers")
    if levers is None:
        levers = solara.use_memo(lambda: Levers("medan"), [])
    solara.Title(f"{word('title', levers.lang)}: {levers.title}")
    VillageView(levers)


@_component
def VillageView(levers: Levers) -> None:  # noqa: N802
    """The view of what `levers` holds, with a choice among the policies of its file."""
    solara.Style(_STYLE)
    policy, set_policy = solara.use_state(levers.policy)
    chosen = solara.use_memo(lambda: levers.with_policy(policy), [policy])
    names = {levers.label(name): name for name in levers.scenario.policies}
    with solara.Sidebar(), solara.Column():
        solara.Select(
            label=word("policy", levers.lang),
            value=levers.label(policy),
            values=list(names),
            on_value=lambda label: set_policy(names[label]),
        )
        solara.Text(word("hint", levers.lang))
    _Viz(chosen).key(policy)


@_component
def _Viz(levers: Levers) -> None:  # noqa: N802
    """SolaraViz of one policy."""
    model = solara.use_memo(lambda: VillageViewModel(levers), [])
    SolaraViz(
        model,
        components=[(Panel, 0)],
        model_params={"levers": levers, **levers.sliders()},
        play_interval=PLAY_INTERVAL,
        name=word("title", levers.lang),
    )


@_component
def Panel(model: VillageViewModel) -> None:  # noqa: N802
    """What is told and drawn of the month that the model has reached."""
    update_counter.get()
    lang = model.levers.lang
    state = model.sentence()
    names = {word("by_poverty", lang): "poverty", word("by_empowerment", lang): "empowerment"}
    under = word("under", lang).format(scenario=model.levers.title, policy=model.levers.label(model.levers.policy))
    now = [model, model.month]
    series = solara.use_memo(model.series, now)
    map_file = solara.use_memo(
        lambda: png(draw_map(model.scene(), cast(Colour, colour.value), lang)), [*now, colour.value]
    )
    charts_file = solara.use_memo(lambda: png(draw_charts(series, lang)), now)
    map_alt = word("map_alt", lang).format(villages=len(model.layout.centres), state=state)
    charts_alt = word("charts_alt", lang).format(month=model.month, state=state)
    with solara.v.Html(tag="div", class_="village-view", attributes={"lang": lang}):
        _html("h1", under)
        _html("p", state, {"role": "status", "aria-live": "polite", "data-month": str(model.month)})
        with solara.Row(style={"align-items": "center", "flex-wrap": "wrap"}):
            _html("span", word("colour", lang))
            solara.ToggleButtonsSingle(
                value=next(label for label, name in names.items() if name == colour.value),
                values=list(names),
                on_value=lambda label: colour.set(names[label]),
            )
        with solara.v.Html(tag="div", class_="village-view-figures"):
            _image(map_file, map_alt, "map")
            _image(charts_file, charts_alt, "charts")
        _html("p", word("scheme", lang), {"class": "village-view-scheme"})


def _html(tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    solara.v.Html(tag=tag, attributes=attributes or {}, children=[text])


def _image(file: bytes, text: str, name: str) -> None:
    """A picture with the text that stands for it."""
    source = "data:image/png;base64," + base64.b64encode(file).decode("ascii")
    solara.v.Html(tag="img", attributes={"src": source, "alt": text, "data-figure": name})


def village_view(
    scenario: str | os.PathLike[str] = "medan",
    policy: str | None = None,
    *,
    households: int | None = None,
    months: int | None = None,
    world: str = "file",
    survey: str | os.PathLike[str] | None = None,
    lang: Lang = "en",
) -> Any:
    """The view as an element that a notebook shows; arguments as in `village_view_levers.Levers`."""
    levers = Levers(scenario, policy, households=households, months=months, world=world, survey=survey, lang=lang)
    return VillageView(levers)
