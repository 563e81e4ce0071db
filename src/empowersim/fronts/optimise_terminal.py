"""A search for a mix on a terminal: what each mix pays for, what it brings, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.mix_evaluate import MEASURES, better_of, unit_of
from empowersim.experiments.mix_result import BALANCED, BEST, GREEDY, ONLY, REFERENCE, THRIFTY
from empowersim.fronts.grids import add_row, bare, grid, heads, number_column, plus_minus_of, print_table, text_column
from empowersim.fronts.labels import bundled, named, text
from empowersim.fronts.numbers import (
    NONE,
    Lang,
    counted,
    in_hundred,
    interval,
    listed,
    months,
    number,
    percent,
    quantity,
    rupiah,
    signed,
    without_points,
    yes_no,
)
from empowersim.fronts.numbers import points as points_of
from empowersim.fronts.plots import name_of, said
from empowersim.fronts.terminal import show_notes
from empowersim.fronts.world_terminal import world_in_words
from empowersim.results.tables import COST, COST_DISCOUNTED

if TYPE_CHECKING:
    from empowersim.experiments.mix_result import Optimisation, Point, Versus

_BILLION: Final = 1e9
_FEW: Final = 6
"""Points of the front that are shown besides the chosen ones."""
_MONTHS: Final = 12.0
_WIDE: Final = 24
_ITEM: Final = {"en": 11, "id": 14}
"""Width of the columns of programmes: the longest word of their names."""
_MARK: Final = {True: "", False: "*"}
_STILL_GROWING: Final = 0.05
"""Share of the hypervolume won in the last quarter of a search from which on a longer one is advised."""
_QUARTER: Final = 0.75
_FEWEST: Final = 4
"""Generations below which growth says nothing."""
_DECIMALS: Final = 3
_MOST_DECIMALS: Final = 6
_NAMED: Final = (BALANCED, GREEDY, BEST, THRIFTY)


def show_optimisation(found: Optimisation, out: Any, *, everything: bool = False, lang: Lang = "en") -> None:
    """Print a search on a rich console: head, tables (a few points of the front, or everything), verdict."""
    out.print(_head(found, lang), style="bold", markup=False)
    points = found.points if everything else chief(found)
    for table in (_money(found, points, lang), _results(found, points, lang), _kept(found, points, lang)):
        out.print()
        print_table(out, table, lang)
    out.print()
    for sentence in verdict(found, lang):
        out.print(sentence, markup=False)
    show_notes(found.notes, out, lang)
    if len(points) < len(found.points):
        left = len(found.points) - len(points)
        out.print(text("optimise.more", lang, count=left), style="dim", markup=False)


def chief(found: Optimisation) -> tuple[Point, ...]:
    """The reference, baselines, chosen points, and a few others of the front, evenly in the order of cost."""
    plain = [one.name for one in found.front if one.name not in (found.best, found.thrifty) and one.undominated]
    step = max(1, -(-len(plain) // _FEW))
    kept = {found.best, found.thrifty, *plain[::step]}
    return tuple(one for one in found.points if one not in found.front or one.name in kept)


def label(found: Optimisation, name: str, lang: Lang = "en") -> str:
    """What people call a point."""
    if name == REFERENCE:
        return text("optimise.point.reference", lang, policy=found.point(name).policy)
    if name in _NAMED:
        return text(f"optimise.point.{name}", lang)
    if name.startswith(ONLY):
        return text("optimise.point.only", lang, item=named("programmes", name.removeprefix(ONLY), lang))
    return name.replace("_", " ")


def _the(found: Optimisation, name: str, lang: Lang) -> str:
    """What people call a point inside a sentence."""
    if name in _NAMED:
        return text(f"optimise.the_point.{name}", lang)
    if name.startswith(ONLY):
        return text("optimise.the_point.only", lang, item=named("programmes", name.removeprefix(ONLY), lang))
    return label(found, name, lang)


def _head(found: Optimisation, lang: Lang) -> str:
    draws = counted("optimise.draws", found.draws, lang) if found.draws else text("optimise.shipped", lang)
    return text(
        "optimise.head",
        lang,
        title=bundled(found.title.get(lang) or found.title.get("en") or found.name, lang),
        budget=rupiah(found.budget, lang),
        evaluations=found.evaluations,
        futures=found.search_futures,
        draws=draws,
        worlds=listed([world_in_words(world, lang) for world in found.worlds], lang),
        size=found.front_size,
        held=found.held_out_futures,
        months=months(found.months, lang),
    )


def _money(found: Optimisation, points: Sequence[Point], lang: Lang) -> Any:
    table = grid(text("optimise.money", lang), text("optimise.money_legend", lang))
    text_column(table, text("optimise.mix", lang), _WIDE)
    for item in found.items:
        number_column(table, named("programmes", item, lang).replace("community.", ""), _ITEM[lang])
    number_column(table, text("optimise.spent", lang))
    for point in points:
        if point.name == REFERENCE:
            continue
        amounts = [
            number(point.money[item] / _BILLION, 1, lang) if item in point.money else NONE for item in found.items
        ]
        spent = number(point.held_out[COST].mean / (found.months / _MONTHS) / _BILLION, 1, lang)
        add_row(table, [label(found, point.name, lang), *amounts, spent])
    return table


def _results(found: Optimisation, points: Sequence[Point], lang: Lang) -> Any:
    starred = any(not point.undominated for point in points if point in found.front)
    base = found.point(REFERENCE)
    table = grid(text("optimise.results", lang, policy=base.policy), text("optimise.starred", lang) if starred else "")
    text_column(table, text("optimise.mix", lang), _WIDE)
    figures = [name for name in found.objectives if unit_of(name) != "IDR"]
    for name in figures:
        number_column(table, f"{name_of(name, lang)}{heads(unit_of(name), lang)}", 18)
    number_column(table, text("optimise.cost_head", lang, name=name_of(COST_DISCOUNTED, lang)), 18)
    for point in points:
        if point.name == REFERENCE:
            continue
        mark = _MARK[point.undominated or point not in found.front]
        cells = [_gain(point, base, name, lang) for name in (*figures, COST_DISCOUNTED)]
        add_row(table, [label(found, point.name, lang) + mark, *cells])
    levels = [_level(base, name, lang) for name in (*figures, COST_DISCOUNTED)]
    add_row(table, [text("optimise.level", lang, policy=base.policy), *levels])
    return table


def _scale(name: str) -> tuple[float, int]:
    """Factor and decimals of a difference."""
    if unit_of(name) == "IDR":
        return 1.0 / _BILLION, 1
    factor, decimals = bare(unit_of(name))
    return factor, decimals + 2


def _gain(point: Point, base: Point, name: str, lang: Lang) -> str:
    factor, decimals = _scale(name)
    one = point.gain[name]
    looked = signed(factor * (point.searched[name] - base.searched[name]), decimals, lang)
    return f"{plus_minus_of(one.mean, one.high, factor, decimals, signed, lang)}\n{looked}"


def _level(point: Point, name: str, lang: Lang) -> str:
    factor, decimals = _scale(name)
    one = point.held_out[name]
    return plus_minus_of(one.mean, one.high, factor, decimals, lang=lang)


def _kept(found: Optimisation, points: Sequence[Point], lang: Lang) -> Any:
    """Who is served, and whether constraints are kept on held-out futures."""
    table = grid(text("optimise.kept", lang), _limits(found, lang))
    text_column(table, text("optimise.mix", lang), _WIDE)
    for name in MEASURES:
        number_column(table, text(f"optimise.measure.{name}", lang), 14)
    text_column(table, text("optimise.keeps", lang))
    for point in points:
        if point.name == REFERENCE:
            continue
        cells = [number(100 * point.held_out[name].mean, 1, lang) for name in MEASURES]
        add_row(table, [label(found, point.name, lang), *cells, yes_no(point.meets, lang)])
    return table


def _limits(found: Optimisation, lang: Lang) -> str:
    parts = [text("optimise.within_budget", lang)]
    for limit in found.limits:
        name = text(f"optimise.measure.{limit.measure}", lang)
        if limit.at_least is not None:
            parts.append(text("optimise.at_least", lang, name=name, share=percent(limit.at_least, 1, lang)))
        if limit.at_most is not None:
            parts.append(text("optimise.at_most", lang, name=name, share=percent(limit.at_most, 1, lang)))
    return text("optimise.limits", lang, parts="; ".join(parts))


# ---------------------------------------------------------------- in sentences


def verdict(found: Optimisation, lang: Lang = "en") -> list[str]:
    """Return in sentences what the best mix is, and how sure it is that it beats the baselines."""
    best = found.point(found.best)
    parts = sorted(((amount, item) for item, amount in best.money.items() if amount), reverse=True)
    items = ", ".join(
        text("optimise.amount", lang, money=rupiah(amount, lang), item=named("programmes", item, lang))
        for amount, item in parts
    )
    key = "optimise.best_lowest" if better_of(found.main) < 0 else "optimise.best_highest"
    first = text(key, lang, outcome=said(found.main, lang), items=items)
    sentences = [f"{first} {_how(best, lang)}".strip()]
    sentences += [_against(found, found.best, name, lang) for name in (BALANCED, GREEDY)]
    alone = [point.name for point in found.points if point.name.startswith(ONLY)]
    if alone:
        rival = min(alone, key=lambda name: -better_of(found.main) * found.point(name).searched[found.main])
        same = found.point(rival).money == best.money
        if same:
            sentences.insert(1, text("optimise.is_alone", lang, name=label(found, rival, lang)))
        else:
            sentences.append(_against(found, found.best, rival, lang))
    if found.thrifty:
        sentences.append(_against(found, found.thrifty, BALANCED, lang))
    if not best.meets:
        sentences.append(text("optimise.misses", lang))
    return [*sentences, *_longer(found, lang)]


def _how(point: Point, lang: Lang) -> str:
    """Settings and roles of a mix in a sentence; empty where it has none."""
    parts = [f"{_path(path, lang)} {named('options', value, lang)}" for path, value in point.settings.items()]
    if point.role_mix:
        shares = point.role_mix.items()
        roles = ", ".join(f"{named('roles', role, lang)} {percent(share, 0, lang)}" for role, share in shares)
        parts.append(text("optimise.roles", lang, roles=roles))
    return text("optimise.with_settings", lang, settings="; ".join(parts)) if parts else ""


def _path(path: str, lang: Lang) -> str:
    """Key path of a setting as people read it; in English the path is plain enough."""
    return path.replace(".", " ") if lang == "en" else named("settings", path, lang).replace(".", " ")


def _difference(value: float, unit: str, lang: Lang) -> str:
    """A difference with a decimal more than usual: mixes are close to each other."""
    if unit.startswith("share"):
        return points_of(value, _DECIMALS, lang)
    return quantity(value, unit, lang, difference=True)


def _end(end: float, unit: str, told: bool, lang: Lang) -> str:
    """An end of an interval; one that leaves zero out is not rounded to zero."""
    decimals = _DECIMALS
    if told and unit.startswith("share"):
        while 0.0 < abs(100.0 * end) < 0.5 * 10.0**-decimals and decimals < _MOST_DECIMALS:
            decimals += 1
        return without_points(points_of(end, decimals, lang), lang)
    return without_points(_difference(end, unit, lang), lang)


def _against(found: Optimisation, name: str, against: str, lang: Lang) -> str:
    one = found.versus(name, against, found.main)
    unit, held = unit_of(found.main), one.held_out
    low, high = (_end(end, unit, one.told_apart, lang) for end in (held.low, held.high))
    cost = found.versus(name, against, COST_DISCOUNTED).held_out.mean
    worlds = "; ".join(
        f"{world_in_words(world, lang)} {_difference(value.mean, unit, lang)}" for world, value in one.by_world.items()
    )
    return text(
        "optimise.against",
        lang,
        who=label(found, name, lang),
        other=_the(found, against, lang),
        outcome=said(found.main, lang),
        difference=_difference(held.mean, unit, lang),
        ends=interval(low, high, lang) or text("optimise.no_interval", lang),
        share=in_hundred(held.probability_better, lang),
        sure=_sure(one, _the(found, name, lang), _the(found, against, lang), lang),
        looked=_difference(one.searched, unit, lang),
        worlds=worlds,
        worst=_difference(one.worst, unit, lang),
        cost=text("optimise.costs_more" if cost > 0 else "optimise.costs_less", lang, cost=rupiah(abs(cost), lang)),
    )


def _sure(one: Versus, who: str, other: str, lang: Lang) -> str:
    if not isfinite(one.held_out.low):
        return text("optimise.sure_few", lang)
    if one.told_apart:
        return text("optimise.sure_better" if one.better else "optimise.sure_worse", lang, who=who)
    return text("optimise.sure_not", lang, who=who, other=other)


def _longer(found: Optimisation, lang: Lang) -> list[str]:
    if len(found.growth) < _FEWEST:
        return [text("optimise.too_short", lang)]
    until = [size for seen, size in found.growth if seen <= _QUARTER * found.evaluations]
    won = 1.0 - (until[-1] if until else 0.0)
    if isfinite(won) and won > _STILL_GROWING:
        return [text("optimise.still_grew", lang, share=percent(won, 0, lang))]
    return []
