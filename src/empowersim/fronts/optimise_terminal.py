"""A search for a mix on a terminal: what each mix pays for, what it brings, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from empowersim.experiments.mix_evaluate import MEASURES, better_of, unit_of
from empowersim.experiments.mix_result import BALANCED, BEST, GREEDY, ONLY, REFERENCE, THRIFTY
from empowersim.fronts.grids import add_row, bare, grid, heads, number_column, plus_minus_of, text_column
from empowersim.fronts.numbers import NONE, in_hundred, interval, months, number, percent, quantity, rupiah, signed
from empowersim.fronts.numbers import points as points_of
from empowersim.fronts.plots import name_of
from empowersim.fronts.world_terminal import WORLD_WORDS
from empowersim.results.tables import COST, COST_DISCOUNTED

if TYPE_CHECKING:
    from empowersim.experiments.mix_result import Optimisation, Point, Versus

_BILLION: Final = 1e9
_FEW: Final = 6
"""Points of the front that are shown besides the chosen ones."""
_MONTHS: Final = 12.0
_WIDE: Final = 24
_MARK: Final = {True: "", False: "*"}
_STILL_GROWING: Final = 0.05
"""Share of the hypervolume won in the last quarter of a search from which on a longer one is advised."""
_QUARTER: Final = 0.75
_FEWEST: Final = 4
"""Generations below which growth says nothing."""
_DECIMALS: Final = 3
_MOST_DECIMALS: Final = 6
MEASURE_NAMES: Final = {
    "worse_off": "worse off",
    "served": "served",
    "served_remote": "of served: remote",
    "served_women_headed": "of served: headed by women",
    "served_poorest": "of served: poorest 40 %",
}


def show_optimisation(found: Optimisation, out: Any, *, everything: bool = False) -> None:
    """Print a search on a rich console: head, tables (a few points of the front, or everything), verdict."""
    out.print(_head(found), style="bold", markup=False)
    points = found.points if everything else chief(found)
    for table in (_money(found, points), _results(found, points), _kept(found, points)):
        out.print()
        out.print(table)
    out.print()
    for sentence in verdict(found):
        out.print(sentence, markup=False)
    for note in found.notes:
        out.print(f"Note: {note}", markup=False, style="dim")
    if len(points) < len(found.points):
        left = len(found.points) - len(points)
        out.print(
            f"{left} more points of the front: --all, or --out for tables and figures.", style="dim", markup=False
        )


def chief(found: Optimisation) -> tuple[Point, ...]:
    """The reference, baselines, chosen points, and a few others of the front, evenly in the order of cost."""
    plain = [one.name for one in found.front if one.name not in (found.best, found.thrifty) and one.undominated]
    step = max(1, -(-len(plain) // _FEW))
    kept = {found.best, found.thrifty, *plain[::step]}
    return tuple(one for one in found.points if one not in found.front or one.name in kept)


def label(found: Optimisation, name: str) -> str:
    """What people call a point."""
    point = found.point(name)
    words = {
        REFERENCE: "reference",
        BALANCED: "balanced mix",
        GREEDY: "greedy mix",
        BEST: "best mix",
        THRIFTY: "thrifty mix",
    }
    if name in words:
        return words[name] + (f" ({point.policy})" if name == REFERENCE else "")
    return f"only {name.removeprefix(ONLY).replace('_', ' ')}" if name.startswith(ONLY) else name.replace("_", " ")


def _head(found: Optimisation) -> str:
    worlds = " and ".join(WORLD_WORDS[world] for world in found.worlds)
    draws = f"{found.draws} draws of the parameters" if found.draws else "the shipped parameters"
    return (
        f"{found.title.get('en') or found.name}: {rupiah(found.budget)} a year, {found.evaluations} mixes on "
        f"{found.search_futures} futures with {draws}, {worlds}; front of {found.front_size} judged on "
        f"{found.held_out_futures} other futures; {months(found.months)}"
    )


def _money(found: Optimisation, points: Sequence[Point]) -> Any:
    table = grid(
        "What each mix pays for, billion Rp a year",
        "spent: mean actual cost a year; places that nobody asks for cost nothing",
    )
    text_column(table, "mix", _WIDE)
    for item in found.items:
        number_column(table, item.replace("_", " ").replace("community.", ""), 11)
    number_column(table, "spent")
    for point in points:
        if point.name == REFERENCE:
            continue
        amounts = [number(point.money[item] / _BILLION, 1) if item in point.money else NONE for item in found.items]
        spent = number(point.held_out[COST].mean / (found.months / _MONTHS) / _BILLION, 1)
        add_row(table, [label(found, point.name), *amounts, spent])
    return table


def _results(found: Optimisation, points: Sequence[Point]) -> Any:
    starred = any(not point.undominated for point in points if point in found.front)
    base = found.point(REFERENCE)
    table = grid(
        f"What each mix brings against “{base.policy}”: paired difference on held-out futures ± half the 95 % "
        "interval; below it, what it looked like on the futures of the search",
        "* another mix of the front is no worse in anything on held-out futures" if starred else "",
    )
    text_column(table, "mix", _WIDE)
    figures = [name for name in found.objectives if unit_of(name) != "IDR"]
    for name in figures:
        number_column(table, f"{name_of(name)}{heads(unit_of(name))}", 18)
    number_column(table, f"{name_of(COST_DISCOUNTED)}, Rp billion", 18)
    for point in points:
        if point.name == REFERENCE:
            continue
        mark = _MARK[point.undominated or point not in found.front]
        cells = [_gain(point, base, name) for name in (*figures, COST_DISCOUNTED)]
        add_row(table, [label(found, point.name) + mark, *cells])
    levels = [_level(base, name) for name in (*figures, COST_DISCOUNTED)]
    add_row(table, [f"level of {base.policy}", *levels])
    return table


def _scale(name: str) -> tuple[float, int]:
    """Factor and decimals of a difference."""
    if unit_of(name) == "IDR":
        return 1.0 / _BILLION, 1
    factor, decimals = bare(unit_of(name))
    return factor, decimals + 2


def _gain(point: Point, base: Point, name: str) -> str:
    factor, decimals = _scale(name)
    one = point.gain[name]
    looked = signed(factor * (point.searched[name] - base.searched[name]), decimals)
    return f"{plus_minus_of(one.mean, one.high, factor, decimals, signed)}\n{looked}"


def _level(point: Point, name: str) -> str:
    factor, decimals = _scale(name)
    one = point.held_out[name]
    return plus_minus_of(one.mean, one.high, factor, decimals)


def _kept(found: Optimisation, points: Sequence[Point]) -> Any:
    """Who is served, and whether constraints are kept on held-out futures."""
    table = grid(
        "Whom each mix serves, % of those served, and whether it keeps the constraints on held-out futures",
        _limits(found),
    )
    text_column(table, "mix", _WIDE)
    for name in MEASURES:
        number_column(table, MEASURE_NAMES[name], 14)
    text_column(table, "keeps")
    for point in points:
        if point.name == REFERENCE:
            continue
        cells = [number(100 * point.held_out[name].mean, 1) for name in MEASURES]
        add_row(table, [label(found, point.name), *cells, "yes" if point.meets else "no"])
    return table


def _limits(found: Optimisation) -> str:
    said = ["spending within the budget"]
    for limit in found.limits:
        name = MEASURE_NAMES[limit.measure]
        said += [f"{name} at least {percent(limit.at_least)}"] if limit.at_least is not None else []
        said += [f"{name} at most {percent(limit.at_most)}"] if limit.at_most is not None else []
    return f"constraints: {'; '.join(said)}"


# ---------------------------------------------------------------- in sentences


def verdict(found: Optimisation) -> list[str]:
    """Return in sentences what the best mix is, and how sure it is that it beats the baselines."""
    best = found.point(found.best)
    parts = sorted(((amount, item) for item, amount in best.money.items() if amount), reverse=True)
    said = ", ".join(f"{rupiah(amount)} {item.replace('_', ' ')}" for amount, item in parts)
    kind = "lowest" if better_of(found.main) < 0 else "highest"
    sentences = [f"Best mix ({kind} {_main(found)} within the budget): {said} a year. {_how(best)}".strip()]
    sentences += [_against(found, found.best, name) for name in (BALANCED, GREEDY)]
    alone = [point.name for point in found.points if point.name.startswith(ONLY)]
    if alone:
        rival = min(alone, key=lambda name: -better_of(found.main) * found.point(name).searched[found.main])
        same = found.point(rival).money == best.money
        if same:
            sentences.insert(1, f"The best mix is {label(found, rival)}: the search found nothing better than it.")
        else:
            sentences.append(_against(found, found.best, rival))
    if found.thrifty:
        sentences.append(_against(found, found.thrifty, BALANCED))
    if not best.meets:
        sentences.append("On held-out futures the best mix misses a constraint that it kept on those of the search.")
    return [*sentences, *_longer(found)]


def _main(found: Optimisation) -> str:
    name = name_of(found.main)
    return name[0].lower() + name[1:]


def _how(point: Point) -> str:
    """Settings and roles of a mix in a sentence; empty where it has none."""
    said = [f"{path.replace('.', ' ')} {value.replace('_', ' ')}" for path, value in point.settings.items()]
    if point.role_mix:
        said.append("roles " + ", ".join(f"{role} {percent(share, 0)}" for role, share in point.role_mix.items()))
    return f"With {'; '.join(said)}." if said else ""


def _difference(value: float, unit: str) -> str:
    """A difference with a decimal more than usual: mixes are close to each other."""
    return points_of(value, _DECIMALS) if unit.startswith("share") else quantity(value, unit, difference=True)


def _end(end: float, unit: str, told: bool) -> str:
    """An end of an interval; one that leaves zero out is not rounded to zero."""
    decimals = _DECIMALS
    if told and unit.startswith("share"):
        while 0.0 < abs(100.0 * end) < 0.5 * 10.0**-decimals and decimals < _MOST_DECIMALS:
            decimals += 1
        return points_of(end, decimals).removesuffix(" points")
    return _difference(end, unit).removesuffix(" points")


def _against(found: Optimisation, name: str, against: str) -> str:
    one = found.versus(name, against, found.main)
    unit, held = unit_of(found.main), one.held_out
    who, other = label(found, name), label(found, against)
    ends = interval(*(_end(end, unit, one.told_apart) for end in (held.low, held.high)))
    cost = found.versus(name, against, COST_DISCOUNTED).held_out.mean
    worlds = "; ".join(f"{WORLD_WORDS[world]} {_difference(value.mean, unit)}" for world, value in one.by_world.items())
    sure = _sure(one, f"the {who}", _the(other))
    return (
        f"The {who} against {_the(other)}: {_main(found)} {_difference(held.mean, unit)} ({ends or 'no interval'}), "
        f"better in {in_hundred(held.probability_better)} that the search never saw; {sure} On the futures of the "
        f"search it looked like {_difference(one.searched, unit)}. By world: {worlds}; in the worst tenth of "
        "futures, luck and parameters together, "
        f"{_difference(one.worst, unit)}. It costs {rupiah(abs(cost))} {'more' if cost > 0 else 'less'} over the whole "
        "run, discounted."
    )


def _the(name: str) -> str:
    return name if name.startswith("only ") else f"the {name}"


def _sure(one: Versus, who: str, other: str) -> str:
    if not isfinite(one.held_out.low):
        return "with so few futures nothing can be said about how sure that is."
    if one.told_apart:
        return f"so {who} is {'better' if one.better else 'WORSE'}."
    return f"so {who} CANNOT BE TOLD from {other}."


def _longer(found: Optimisation) -> list[str]:
    if len(found.growth) < _FEWEST:
        return ["So short a search cannot tell whether a longer one would find more."]
    until = [size for seen, size in found.growth if seen <= _QUARTER * found.evaluations]
    won = 1.0 - (until[-1] if until else 0.0)
    if isfinite(won) and won > _STILL_GROWING:
        share = percent(won, 0)
        return [f"The front still grew by {share} in the last quarter of the search: a longer one would find more."]
    return []
