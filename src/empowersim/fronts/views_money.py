"""Views of money and staff: the mix, meters, years against ceilings, budget sizes, cost and effect, acceptability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang, bundled, label, text
from empowersim.fronts.style import (
    REFERENCE_COLOUR,
    TEXT,
    End,
    axes_of,
    below,
    called,
    finish,
    look_of,
    name_ends,
    plain,
    policy_styles,
    rows_of,
    shade,
)
from empowersim.fronts.views_effect import scale

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer

BILLION: Final = 1e-9
MILLION: Final = 1e-6
ITEMS: Final = ("programmes", "mentors", "community")
_WIDE: Final = 0.09
"""Share of a bar from which its figure fits inside."""


def item_name(found: Answer, item: str, lang: Lang = "en") -> str:
    """Return what people call a programme: in the scenario, in the library, or its name in plain words."""
    if item == "mentors":
        return text("views.item.mentors", lang)
    policies = found.scenario.policies.values() if found.scenario is not None else ()
    for policy in policies:
        for one in (*policy.programmes, *policy.community):
            if one.name == item and one.label:
                return plain(bundled(str(one.label.get(lang) or one.label.get("en") or item), lang))
    from empowersim.scenario.library import catalogue

    for entry in catalogue():
        if entry["name"] == item and entry["label"]:
            return plain(str(entry["label"].get(lang) or entry["label"]["en"]))
    return plain(item.replace("_", " "))


def mix(found: Answer, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw what each policy buys: a bar of 100 % of its money, by programme, mentors among them."""
    from matplotlib.patches import Patch

    look, made, table = look_of(style), found.comparison, found.table("mix")
    items = list(dict.fromkeys(table["item"].tolist()))
    shown = [policy for policy in made.policies if policy in set(table["policy"].tolist())]
    axes = axes_of(ax, look, 2.2 + 0.55 * max(len(shown), 1) + 0.25 * (len(items) / 3))
    for place, policy in enumerate(shown):
        rows, left = table.where(policy=policy), 0.0
        whole = math.fsum(rows["money"].tolist())
        for item, share in zip(rows["item"].tolist(), np.nan_to_num(rows["share"]).tolist(), strict=True):
            colour, hatch = shade(items.index(item))
            axes.barh(place, 100 * share, left=left, height=0.62, color=colour, hatch=hatch, edgecolor="white")
            if share >= _WIDE:
                _inside(axes, left + 50 * share, place, numbers.percent(share, 0, lang), look.size)
            left += 100 * share
        words = text("views.a_year", lang, amount=numbers.rupiah(whole, lang))
        axes.annotate(words, (102, place), va="center", fontsize=look.size, color=TEXT, annotation_clip=False)
    rows_of(axes, [called(made, policy, lang) for policy in shown])
    axes.set_xlim(0, 100)
    handles = []
    for place, item in enumerate(items):
        colour, hatch = shade(place)
        handles.append(Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=item_name(found, item, lang)))
    below(axes, look, handles)
    return finish(axes, look, text("views.mix", lang), across=text("views.share_of_money", lang), grid="x", lang=lang)


def _inside(axes: Any, x: float, y: float, words: str, size: float) -> None:
    """Write words on a bar, on a light ground so that hatches do not hide them."""
    ground = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axes.annotate(words, (x, y), ha="center", va="center", fontsize=size, color=TEXT, bbox=ground)


METERS: Final = ("money", "posts", "hours")


def meters(found: Answer, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw money and mentors against what there is, two or three bars a policy; over the ceiling in words and hatched.

    A meter without a ceiling, or at nothing, is not drawn; with none at all the chart says so.
    """
    look, made, table = look_of(style), found.comparison, found.table("meters")
    rows = [
        (policy, meter, table.where(policy=policy, meter=meter))
        for policy in made.others or made.policies
        for meter in METERS
    ]
    told = [(policy, meter, row) for policy, meter, row in rows if len(row) and float(row["share"][0]) > 0.0]
    axes = axes_of(ax, look, 1.6 + 0.5 * max(len(told), 1))
    drawn, names = policy_styles(made), []
    for place, (policy, meter, row) in enumerate(told):
        share, over = float(row["share"][0]), str(row["standing"][0]) == "over"
        axes.barh(
            place,
            100 * share,
            height=0.6,
            color=drawn[policy].colour,
            hatch="xx" if over else "",
            edgecolor="white",
        )
        words = meter_words(meter, float(row["used"][0]), float(row["ceiling"][0]), over, lang)
        axes.annotate(
            words,
            (1.02, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=look.size,
            color=TEXT,
            annotation_clip=False,
        )
        names.append(f"{called(made, policy, lang, 30)}: {text(f'views.meter.{meter}', lang)}")
    if not told:
        axes.annotate(text("views.no_ceiling", lang), (0.5, 0.5), xycoords="axes fraction", ha="center")
    axes.axvline(100, color=REFERENCE_COLOUR, linestyle="--", linewidth=look.line)
    axes.set_xlim(0, 1.1 * max([100.0, *(100 * float(row["share"][0]) for *_, row in told)]))
    rows_of(axes, names)
    return finish(axes, look, text("views.meters", lang), across=text("views.of_ceiling", lang), grid="x", lang=lang)


def meter_words(meter: str, used: float, ceiling: float, over: bool, lang: Lang) -> str:
    """Say how much is used of what there is, and how much is left or too much."""
    said = [_amount(meter, value, lang) for value in (used, ceiling, abs(ceiling - used))]
    key = "views.meter_over" if over else "views.meter_within"
    return text(key, lang, used=said[0], ceiling=said[1], left=said[2])


def _amount(meter: str, value: float, lang: Lang) -> str:
    return numbers.rupiah(value, lang) if meter == "money" else numbers.number(value, 0, lang)


def money(found: Answer, policy: str | None = None, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw what a policy (None: the best) spends in each year, by what it pays for, against the ceiling."""
    look, made = look_of(style), found.comparison
    chosen = _chosen(found, policy)
    table = made.tables["budget"].where(policy=chosen, dimension="item")
    years = sorted(set(table["year"].tolist()))
    axes, floor = axes_of(ax, look, 4.2), np.zeros(len(years))
    from matplotlib.patches import Patch

    handles = []
    for place, item in enumerate(ITEMS):
        heights = BILLION * table.where(group=item)["mean"]
        if not heights.any():
            continue
        colour, hatch = shade(place)
        axes.bar(years, heights, bottom=floor, width=0.6, color=colour, hatch=hatch, edgecolor="white")
        floor = floor + heights
        handles.append(Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=text(f"views.item.{item}", lang)))
    level = found.ceilings.money
    top = max([float(floor.max(initial=0.0)), BILLION * (level or 0.0)]) or 1.0
    axes.set_ylim(0, 1.15 * top)
    axes.set_xlim(0.4, len(years) + 0.6)
    axes.set_xticks(years)
    if level is not None:
        axes.axhline(BILLION * level, color=REFERENCE_COLOUR, linestyle="--", linewidth=look.line)
        words = text("views.ceiling", lang, amount=numbers.rupiah(level, lang))
        name_ends(axes, look, [End(words, REFERENCE_COLOUR, BILLION * level)])
    below(axes, look, handles)
    title = text("views.money", lang, policy=called(made, chosen, lang))
    return finish(axes, look, title, across=text("views.year", lang), up=text("views.billion", lang), lang=lang)


def staff(found: Answer, policy: str | None = None, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw what the hours of a policy's mentors go to in each year, against the hours there are.

    `policy` None is the best of those that have mentors.
    """
    look, made = look_of(style), found.comparison
    chosen = _chosen(found, policy) if policy is not None else staffed(found)
    table = found.table("staff").where(policy=chosen)
    axes = axes_of(ax, look, 4.4)
    title = text("views.staff", lang, policy=called(made, chosen, lang))
    if not len(table):
        axes.annotate(text("views.no_mentors", lang), (0.5, 0.5), xycoords="axes fraction", ha="center")
        axes.set_xticks([])
        axes.set_yticks([])
        return finish(axes, look, title, grid="", lang=lang)
    from matplotlib.patches import Patch

    years = sorted(set(table["year"].tolist()))
    floor, handles = np.zeros(len(years)), []
    for place, use in enumerate(
        one for one in dict.fromkeys(table["use"].tolist()) if one not in ("available", "unused")
    ):
        heights = 1e-3 * table.where(use=use)["hours"]
        if not heights.any():
            continue
        colour, hatch = shade(place)
        axes.bar(years, heights, bottom=floor, width=0.6, color=colour, hatch=hatch, edgecolor="white")
        floor = floor + heights
        handles.append(Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=text(f"views.use.{use}", lang)))
    there = 1e-3 * table.where(use="available")["hours"]
    for year, level in zip(years, there.tolist(), strict=True):
        axes.plot([year - 0.4, year + 0.4], [level, level], color=REFERENCE_COLOUR, linestyle="--", linewidth=look.line)
    axes.set_ylim(0, 1.15 * max(float(there.max()), float(floor.max(initial=0.0)), 1e-9))
    axes.set_xlim(0.4, len(years) + 0.6)
    axes.set_xticks(years)
    name_ends(axes, look, [End(text("views.hours_there", lang), REFERENCE_COLOUR, float(there[-1]), len(years) + 0.4)])
    below(axes, look, handles)
    return finish(axes, look, title, across=text("views.year", lang), up=text("views.thousand_hours", lang), lang=lang)


def _chosen(found: Answer, policy: str | None) -> str:
    made = found.comparison
    name = policy if policy is not None else next(iter(found.ranking), made.reference)
    if name not in made.policies:
        raise KeyError(f"no policy {name!r}; there are {', '.join(made.policies)}")
    return name


def staffed(found: Answer) -> str:
    """Return the best policy that has mentors; the best of all where none has."""
    there = set(found.table("staff")["policy"].tolist())
    return next((policy for policy in found.ranking if policy in there), _chosen(found, None))


def curve(found: Answer, outcome: str = "", *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw the effect of the best policy at several sizes of its budget, each simulated; ValueError without a curve."""
    if found.curve is None:
        raise ValueError("this answer has no budget curve; make one with deepened(answer, scenario)")
    look, made = look_of(style), found.comparison
    name = outcome or found.outcome
    rows = found.table("budget_curve").where(outcome=name)
    if not len(rows):
        known = dict.fromkeys(found.table("budget_curve")["outcome"].tolist())
        raise KeyError(f"the curve has no {name!r}; there are {', '.join(known)}")
    factor, unit = scale(str(rows["unit"][0]), lang, change=True)
    colour = policy_styles(made)[found.curve.policy].colour
    axes = axes_of(ax, look, 4.2)
    axes.axhline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=0.6 * look.line)
    x = 100 * rows["size"]
    for at, low, high in zip(x.tolist(), rows["low"].tolist(), rows["high"].tolist(), strict=True):
        if math.isfinite(low):
            axes.plot([at, at], [factor * low, factor * high], color=colour, linewidth=1.25 * look.line)
    axes.plot(x, factor * rows["mean"], color=colour, marker="o", markersize=4 * look.line, linewidth=0.75 * look.line)
    axes.set_xlim(0, 1.1 * float(x.max()))
    costs = [numbers.rupiah(cost, lang) for cost in rows["cost"].tolist()]
    ticks = [f"{numbers.number(at, 0, lang)} %\n{cost}" for at, cost in zip(x.tolist(), costs, strict=True)]
    axes.set_xticks(x, [folded_tick(tick) for tick in ticks])
    axes.margins(y=0.12)
    policy = called(made, found.curve.policy, lang)
    title = text("views.curve", lang, outcome=label(name, lang), policy=policy)
    return finish(axes, look, title, across=text("views.of_budget", lang), up=unit, lang=lang)


def folded_tick(words: str) -> str:
    """Return a tick of two lines, its amount broken before the last word where it is long."""
    first, _, amount = words.partition("\n")
    head, _, last = amount.rpartition(" ")
    return f"{first}\n{head}\n{last}" if head else words


def plane(found: Answer, *, lang: Lang = "en", style: str = "screen", ax: Any = None) -> Any:
    """Draw extra cost over household-years out of poverty, a cloud of futures and its mean a policy; axes with zero."""
    look, made, table = look_of(style), found.comparison, found.table("plane")
    axes, drawn, ends = axes_of(ax, look, 4.8), policy_styles(made), []
    for policy in made.others:
        rows, way = table.where(policy=policy), drawn[policy]
        cost, effect = BILLION * rows["cost"], rows["effect"]
        axes.plot(effect, cost, color=way.colour, marker=way.marker or "o", linestyle="", markersize=4, alpha=0.35)
        centre = float(np.mean(effect)), float(np.mean(cost))
        axes.plot(
            *centre, color=way.colour, marker=way.marker or "o", linestyle="", markersize=9, markeredgecolor="white"
        )
        ends.append(End(called(made, policy, lang), way.colour, centre[1], centre[0]))
    axes.axvline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=0.6 * look.line)
    axes.axhline(0, color=REFERENCE_COLOUR, linestyle="--", linewidth=0.6 * look.line)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.0), max(high, 0.0))
    name_ends(axes, look, ends)
    title = text("views.plane", lang, reference=called(made, made.reference, lang))
    across = text("views.years_won", lang)
    if not found.costs_differ:
        across += "\n" + text("views.same_cost", lang)
    return finish(axes, look, title, across=across, up=text("views.extra_billion", lang), grid="both", lang=lang)


def acceptability(
    found: Answer, *, policies: Sequence[str] | None = None, lang: Lang = "en", style: str = "screen", ax: Any = None
) -> Any:
    """Draw the probability that a policy is the best buy, by what a household-year out of poverty is worth."""
    look, made, table = look_of(style), found.comparison, found.table("acceptability")
    axes, drawn, ends = axes_of(ax, look, 4.4), policy_styles(made), []
    for policy in made.policies:
        rows = table.where(policy=policy)
        if not len(rows) or (policies is not None and policy not in policies):
            continue
        way, x = drawn[policy], MILLION * rows["threshold"]
        axes.plot(x, 100 * rows["probability"], color=way.colour, linestyle=way.line, linewidth=look.line)
        if policies is not None or float(rows["probability"].max()) >= 0.05:
            ends.append(End(called(made, policy, lang), way.colour, 100 * float(rows["probability"][-1])))
    axes.set_ylim(0, 100)
    if len(table):
        axes.set_xlim(0, MILLION * float(table["threshold"].max()))
    name_ends(axes, look, ends)
    across = text("views.worth", lang) + "\n" + text("views.luck_only", lang)
    return finish(
        axes, look, text("views.acceptability", lang), across=across, up=text("views.probability", lang), lang=lang
    )
