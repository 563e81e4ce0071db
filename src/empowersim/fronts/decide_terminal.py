"""A decision on a terminal: tables that fold to its width, then the answer in sentences."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

from empowersim.fronts.grids import add_row, bare, grid, heads_of_change, number_column, print_table, text_column
from empowersim.fronts.grids import policy_column as _policy_column
from empowersim.fronts.labels import bundled, text, text_of
from empowersim.fronts.numbers import (
    NONE,
    Lang,
    interval,
    listed,
    months,
    number,
    percent,
    points,
    quantity,
    rupiah,
    signed,
    sure,
    yes_no,
)
from empowersim.fronts.plots import name_of, said
from empowersim.fronts.terminal import people_in_words, show_notes
from empowersim.fronts.world_terminal import world_in_words

if TYPE_CHECKING:
    from empowersim.results.decision import Decision
    from empowersim.results.tables import Table

_SHOWN_PARTS: Final = 8
_SHOWN_THRESHOLDS: Final = 5
_RANKS_WIDTH: Final = {"en": 7, "id": 9}
_CHANCE_WIDTH: Final = {"en": 8, "id": 9}
_REGRET_WIDTH: Final = {"en": 9, "id": 11}
"""Widths of columns: the longest word of their heads."""
_ENOUGH_A_DRAW: Final = 5
"""Futures a draw below which the text warns of luck."""


def show_decision(decision: Decision, out: Any, *, everything: bool = False, lang: Lang = "en") -> None:
    """Print a decision on a rich console: head, then for each world tables and the answer in sentences."""
    out.print(_head(decision, lang), style="bold", markup=False)
    for world in decision.worlds:
        if len(decision.worlds) > 1:
            words = text("decide.world", lang, world=world_in_words(world, lang))
            out.print(f"\n{words}", style="bold", markup=False)
        for table in decision_tables(decision, world, everything=everything, lang=lang):
            out.print()
            print_table(out, table, lang)
        out.print()
        for sentence in decision_verdict(decision, world, lang):
            out.print(sentence, markup=False)
    if len(decision.worlds) > 1:
        out.print()
        out.print(_both_worlds(decision, lang), markup=False)
    show_notes(decision.notes, out, lang)
    if not everything:
        out.print(text("decide.more", lang), markup=False, style="dim")


def decision_tables(decision: Decision, world: str, *, everything: bool = False, lang: Lang = "en") -> list[Any]:
    """Return the rich tables of a world; with `everything` also all pairs, ranks, thresholds and parameters."""
    made = [_ranking(decision, world, lang), _pairs(decision, world, lang, everything=everything)]
    if everything:
        made.append(_ranks(decision, world, lang))
    if decision.draws:
        made.append(_regret(decision, world, lang))
    made += [_increments(decision, world, lang), _acceptability(decision, world, lang, everything=everything)]
    if decision.draws:
        made.append(_partial(decision, world, lang, everything=everything))
    return [*made, _impact(decision, world, lang)]


def decision_verdict(decision: Decision, world: str, lang: Lang = "en") -> list[str]:
    """Return the answer in a world in a few sentences: best, how sure, futures needed, regret, money."""
    sentences = [*_best(decision, world, lang), *_stopping(decision, world, lang)]
    if decision.draws:
        sentences += [*_robust(decision, world, lang), *_worth(decision, world, lang)]
    return sentences


# ---------------------------------------------------------------- tables


def _head(decision: Decision, lang: Lang) -> str:
    counts = sorted(set(decision.futures.values()))
    return text_of(
        counts[0] if len(counts) == 1 else len(counts),
        "decide.head",
        lang,
        title=bundled(decision.title, lang),
        n=listed([number(count, 0, lang) for count in counts], lang),
        people=people_in_words(decision.households, decision.represents, lang),
        months=months(decision.months, lang),
        outcome=said(decision.outcome, lang),
    )


def _grid(decision: Decision, lang: Lang, title: str, caption: str = "") -> Any:
    table = grid(title, caption)
    _policy_column(table, cast(Any, decision), lang)  # reads policies and labels, as a comparison has them
    return table


def _ranking(decision: Decision, world: str, lang: Lang) -> Any:
    factor, decimals = bare(decision.unit)
    change = heads_of_change(decision.unit, lang)
    title = text("decide.ranking", lang, outcome=name_of(decision.outcome, lang))
    table = _grid(decision, lang, title, text("decide.ranking_legend", lang))
    for head, width in (
        (text("decide.mean", lang, unit=_level_unit(decision.unit)), 12),
        (text("decide.best_on_average", lang), 9),
        (text("decide.expected_loss", lang, unit=change), 12),
        (text("decide.ranks_head", lang), _RANKS_WIDTH[lang]),
        (text("decide.best_in_futures", lang), 9),
        (text("decide.loss_in_futures", lang, unit=change), 12),
    ):
        number_column(table, head, width)
    rows = decision.table("ranking", world)
    order = sorted(range(len(rows)), key=lambda row: -decision.better * float(rows["mean"][row]))
    for row in order:
        low, high = (int(rows[name][row]) for name in ("rank_low", "rank_high"))
        cells = [
            _plus_minus(rows, row, factor, decimals, lang),
            sure(float(rows["probability_best"][row]), lang),
            number(factor * float(rows["expected_loss"][row]), decimals + 2, lang),
            str(low) if low == high else text("decide.rank_range", lang, low=low, high=high),
            number(100 * float(rows["share_best"][row]), 0, lang),
            number(factor * float(rows["future_loss"][row]), decimals + 2, lang),
        ]
        add_row(table, [decision.label(str(rows["policy"][row]), lang), *cells])
    return table


def _plus_minus(rows: Table, row: int, factor: float, decimals: int, lang: Lang) -> str:
    middle, high = (factor * float(rows[name][row]) for name in ("mean", "high"))
    told = number(middle, decimals, lang)
    return f"{told} ±{number(high - middle, decimals, lang)}" if isfinite(high) and high != middle else told


def _level_unit(unit: str) -> str:
    return ", %" if unit.startswith("share") else ""


def _pairs(decision: Decision, world: str, lang: Lang, *, everything: bool) -> Any:
    factor, decimals = bare(decision.unit)
    watched = decision.goal != "fixed"
    level = percent(decision.level, 0, lang)
    caption = text("decide.pairs_legend_watched" if watched else "decide.pairs_legend", lang, level=level)
    title = text("decide.pairs", lang, outcome=name_of(decision.outcome, lang))
    table = grid(title + heads_of_change(decision.unit, lang), caption)
    text_column(table, text("heads.policy", lang), 22)
    text_column(table, text("decide.against", lang), 22)
    for head in ("difference", "interval", *(["sequence"] if watched else []), "better_on_average", "needed"):
        number_column(table, text(f"decide.{head}", lang), 18)
    text_column(table, text("more.standing", lang), 12)
    rows = decision.table("pairs", world)
    for row in range(len(rows)):
        policy, against = str(rows["policy"][row]), str(rows["against"][row])
        chosen = decision.best(world)
        if not everything and decision.reference not in {policy, against} and chosen not in {policy, against}:
            continue
        ends = [
            interval(
                signed(factor * float(rows[f"{kind}low"][row]), decimals + 1, lang),
                signed(factor * float(rows[f"{kind}high"][row]), decimals + 1, lang),
                lang,
            )
            or NONE
            for kind in ("", *(["sequence_"] if watched else []))
        ]
        cells = [
            signed(factor * float(rows["mean"][row]), decimals + 1, lang),
            *ends,
            sure(float(rows["probability_better"][row]), lang),
            number(float(rows["needed"][row]), 0, lang),
            text(f"decide.standing.{rows['standing'][row]}", lang),
        ]
        add_row(table, [decision.label(policy, lang), decision.label(against, lang), *cells])
    return table


def _ranks(decision: Decision, world: str, lang: Lang) -> Any:
    table = _grid(decision, lang, text("decide.ranks", lang), text("decide.ranks_legend", lang))
    rows = decision.table("ranks", world)
    for place in range(1, len(decision.policies) + 1):
        number_column(table, str(place), 5)
    for policy in decision.policies:
        values = [100 * float(value) for value in rows.where(policy=policy)["probability"].tolist()]
        cells = [number(value, 0, lang) if not isfinite(value) or round(value) else "" for value in values]
        add_row(table, [decision.label(policy, lang), *cells])
    return table


def _regret(decision: Decision, world: str, lang: Lang) -> Any:
    factor, decimals = bare(decision.unit)
    change = heads_of_change(decision.unit, lang)
    title = text("decide.regret", lang, draws=_draws(decision, lang))
    table = _grid(decision, lang, title, text("decide.regret_legend", lang))
    for head, width in (
        (text("decide.difference_unit", lang, unit=change), 10),
        (text("decide.over_draws", lang), 18),
        (text("decide.chance", lang), _CHANCE_WIDTH[lang]),
        (text("decide.expected_regret", lang), _REGRET_WIDTH[lang]),
        (text("decide.regret_level", lang, level=percent(decision.level, 0, lang)), _REGRET_WIDTH[lang]),
        (text("decide.largest", lang), 8),
        (text("decide.best_in_draws", lang), 8),
    ):
        number_column(table, head, width)
    rows = decision.table("regret", world)
    for row in range(len(rows)):
        numbers = {name: float(rows[name][row]) for name in rows.columns if name not in {"world", "policy", "unit"}}
        whole = numbers["parameter_variance"] + numbers["chance_variance"]
        low, high = (signed(factor * numbers[f"difference_{end}"], decimals + 1, lang) for end in ("low", "high"))
        cells = [
            signed(factor * numbers["difference"], decimals + 1, lang),
            interval(low, high, lang),
            percent(numbers["chance_variance"] / whole, 0, lang) if whole > 0 else NONE,
            *(number(factor * numbers[name], decimals + 2, lang) for name in ("expected", "regret_high", "largest")),
            sure(numbers["share_best"], lang),
        ]
        policy = str(rows["policy"][row])
        if policy == decision.reference:
            cells[:3] = [NONE] * 3
        add_row(table, [decision.label(policy, lang), *cells])
    return table


def _draws(decision: Decision, lang: Lang) -> str:
    source = decision.source if decision.source in {"ensemble", "passports"} else "given"
    counts = {"draws": decision.draws, "futures": decision.draw_futures}
    effective = decision.effective_draws or 0.0
    if round(effective) == decision.draws:
        return text(f"decide.draws.{source}", lang, **counts)
    return text(f"decide.draws_worth.{source}", lang, **counts, worth=number(effective, 1, lang))


def _increments(decision: Decision, world: str, lang: Lang) -> Any:
    title = text("decide.increments", lang, effect=said(decision.effect, lang))
    caption = text("decide.increments_draws" if decision.draws else "decide.increments_futures", lang)
    table = _grid(decision, lang, title, caption)
    for head in ("terminal.cost", "more.effect"):
        number_column(table, text(head, lang))
    text_column(table, text("more.standing", lang), 18)
    number_column(table, text("more.price", lang))
    rows = decision.table("increments", world)
    for row in range(len(rows)):
        price = [rupiah(float(rows[name][row]), lang) for name in ("ratio", "low", "high")]
        ends = interval(price[1], price[2], lang)
        more = text("decide.not_certain", lang) if price[0] != NONE else ""
        if ends:
            more = f" ({ends})"
        cells = [rupiah(float(rows["cost"][row]), lang), number(float(rows["effect"][row]), 0, lang)]
        cells += [text(f"more.status.{rows['status'][row]}", lang), price[0] + more]
        add_row(table, [decision.label(str(rows["policy"][row]), lang), *cells])
    return table


def _acceptability(decision: Decision, world: str, lang: Lang, *, everything: bool) -> Any:
    rows = decision.table("acceptability", world)
    thresholds = list(dict.fromkeys(rows["threshold"].tolist()))
    shown = thresholds if everything else _some(thresholds, decision.threshold)
    table = grid(text("decide.acceptability", lang), text("decide.acceptability_legend", lang))
    number_column(table, text("decide.willingness", lang))
    text_column(table, text("heads.policy", lang), 26)
    for head in ("acceptability_head", "net_benefit", "perfect_information"):
        number_column(table, text(f"decide.{head}", lang))
    information = decision.table("information", world)
    for threshold in shown:
        here = _at(rows, threshold).where(frontier="yes")
        worth = _at(information, threshold)
        cells = [
            decision.label(str(here["policy"][0]), lang),
            sure(float(here["probability"][0]), lang),
            rupiah(float(here["benefit"][0]), lang),
            rupiah(float(worth["evpi"][0]), lang) if len(worth) else NONE,
        ]
        add_row(table, [rupiah(threshold, lang), *cells])
    return table


def _at(table: Table, threshold: float) -> Table:
    """Rows of one threshold."""
    return table.where(threshold=cast(Any, threshold))


def _some(thresholds: list[float], asked: float | None) -> list[float]:
    """A few thresholds, evenly spread, and the one asked for."""
    step = max(1, (len(thresholds) - 1) // _SHOWN_THRESHOLDS)
    return sorted({*thresholds[step::step], *([asked] if asked is not None else [])})


def _partial(decision: Decision, world: str, lang: Lang, *, everything: bool) -> Any:
    rows = decision.table("partial", world)
    threshold = rupiah(decision.partial_threshold.get(world), lang)
    noise = rupiah(float(rows["noise"][0]), lang) if len(rows) else NONE
    title = "decide.partial" if decision.threshold is not None else "decide.partial_most"
    table = grid(text(title, lang, threshold=threshold), text("decide.partial_legend", lang, noise=noise))
    text_column(table, text("decide.parameter", lang), 30)
    for head in ("worth", "error", "explains"):
        number_column(table, text(f"decide.{head}", lang))
    text_column(table, text("decide.told", lang))
    shown = len(rows) if everything else min(_SHOWN_PARTS, len(rows))
    for row in range(shown):
        numbers = [float(rows[name][row]) for name in ("value", "se", "explained")]
        cells = [rupiah(numbers[0], lang), rupiah(numbers[1], lang), percent(numbers[2], 0, lang)]
        add_row(table, [str(rows["parameter"][row]), *cells, yes_no(str(rows["told"][row]) == "yes", lang)])
    return table


def _impact(decision: Decision, world: str, lang: Lang) -> Any:
    rows = decision.table("impact", world)
    years = sorted(set(rows["year"].tolist()))
    table = _grid(decision, lang, text("decide.impact", lang), text("decide.impact_legend", lang))
    for year in years:
        number_column(table, text("more.year", lang, year=year))
    for policy in decision.policies:
        if policy == decision.reference:
            continue
        mine = rows.where(policy=policy)
        cells = []
        for row in range(len(mine)):
            middle, high = (1e-9 * float(mine[name][row]) for name in ("extra", "extra_high"))
            half = f" ±{number(high - middle, 1, lang)}" if isfinite(high) and high > middle else ""
            cells.append(number(middle, 1, lang) + half)
        add_row(table, [decision.label(policy, lang), *cells])
    return table


# ---------------------------------------------------------------- sentences


def _best(decision: Decision, world: str, lang: Lang) -> list[str]:
    rows = decision.table("ranking", world)
    policy = decision.best(world)
    mine = rows.where(policy=policy)
    what = {"policy": decision.label(policy, lang), "outcome": said(decision.outcome, lang)}
    probability, loss = float(mine["probability_best"][0]), float(mine["expected_loss"][0])
    if not isfinite(probability):
        return [text("decide.best_one", lang, **what)]
    sentences = [
        text(
            "decide.best",
            lang,
            **what,
            sure=sure(probability, lang),
            loss=_amount(loss, decision.unit, lang),
            share=number(100 * float(mine["share_best"][0]), 0, lang),
        )
    ]
    rivals = [
        decision.label(str(name), lang)
        for name, low in zip(rows["policy"].tolist(), rows["rank_low"].tolist(), strict=True)
        if low == 1 and name != policy
    ]
    if int(mine["rank_high"][0]) == 1:
        sentences.append(text("decide.settled", lang))
    elif rivals:
        sentences.append(text("decide.rivals", lang, policies=", ".join(rivals)))
    return sentences


def _amount(value: float, unit: str, lang: Lang = "en") -> str:
    """A loss, which may be small against the levels: shares in points with as many decimals as show it."""
    if not unit.startswith("share"):
        return quantity(value, unit, lang, difference=True).lstrip("+")
    decimals = next((each for each in (2, 3, 4) if round(100 * value, each)), None)
    if decimals is None:
        return text("decide.nothing" if value == 0 else "decide.hardly", lang)
    return points(value, decimals, lang).lstrip("+")


def _stopping(decision: Decision, world: str, lang: Lang) -> list[str]:
    if decision.goal == "fixed":
        return []
    done, needed = decision.futures[world], decision.needed[world]
    if decision.goal == "until":
        width = _amount(decision.goal_width or 0.0, decision.unit, lang)
        goal = text("decide.goal_until", lang, width=width)
    elif decision.goal == "settle":
        goal = listed([f"“{decision.label(name, lang)}”" for name in decision.goal_pair], lang)
    else:
        goal = text("decide.goal_best", lang)
    so_far = {"n": number(done, 0, lang), "goal": goal}
    if decision.met[world]:
        return [text("decide.met", lang, **so_far)]
    if needed is None:
        return [text("decide.no_forecast", lang, **so_far)]
    more = number(needed - done, 0, lang)
    if needed <= decision.most:
        return [text("decide.not_met", lang, **so_far, more=more)]
    return [text("decide.not_met_beyond", lang, **so_far, more=more, most=number(decision.most, 0, lang))]


def _robust(decision: Decision, world: str, lang: Lang) -> list[str]:
    rows = decision.table("regret", world)
    policy = decision.robust(world)
    mine = rows.where(policy=policy or "")
    expected, largest = (_amount(float(mine[name][0]), decision.unit, lang) for name in ("expected", "largest"))
    sentence = text(
        "decide.robust",
        lang,
        policy=decision.label(policy or "", lang),
        expected=expected,
        largest=largest,
        share=sure(float(mine["share_best"][0]), lang),
    )
    return [sentence + _few_futures(decision, lang)]


def _few_futures(decision: Decision, lang: Lang) -> str:
    """What few futures a draw do to what is said of draws; empty where they are enough."""
    if decision.draw_futures >= _ENOUGH_A_DRAW:
        return ""
    return text("decide.few_futures", lang, n=number(decision.draw_futures, 0, lang))


def _worth(decision: Decision, world: str, lang: Lang) -> list[str]:
    threshold = decision.partial_threshold.get(world)
    worth = decision.table("information", world)
    here = _at(worth, threshold) if threshold is not None else worth
    evpi, price = float(here["evpi"][0]), rupiah(threshold, lang)
    told = decision.table("partial", world).where(told="yes")["parameter"].tolist()
    if evpi == 0:
        raw = float(here["evpi_raw"][0])
        if raw > 0:
            return [text("decide.worthless_luck", lang, threshold=price, raw=rupiah(raw, lang))]
        return [text("decide.worthless", lang, threshold=price)]
    names = ", ".join(told[:3])
    part = text("decide.worth_above", lang, names=names) if told else text("decide.worth_none", lang)
    return [text("decide.worth_all", lang, threshold=price, evpi=rupiah(evpi, lang), part=part)]


def _both_worlds(decision: Decision, lang: Lang) -> str:
    best = [decision.best(world) for world in decision.worlds]
    if len(set(best)) == 1:
        return text("decide.same_best", lang, policy=decision.label(best[0], lang))
    words = ", ".join(
        f"“{decision.label(policy, lang)}” {world_in_words(world, lang)}"
        for world, policy in zip(decision.worlds, best, strict=True)
    )
    return text("decide.other_best", lang, policies=words)
