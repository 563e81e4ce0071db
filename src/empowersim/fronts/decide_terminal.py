"""A decision on a terminal: tables that fold to its width, then the answer in sentences."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

from empowersim.fronts.grids import add_row, bare, grid, heads_of_change, number_column, text_column
from empowersim.fronts.grids import policy_column as _policy_column
from empowersim.fronts.numbers import NONE, interval, months, number, percent, points, quantity, rupiah, signed
from empowersim.fronts.plots import name_of, said
from empowersim.fronts.world_terminal import WORLD_WORDS

if TYPE_CHECKING:
    from empowersim.results.decision import Decision
    from empowersim.results.tables import Table

_STATUS: Final = {
    "cheapest": "cheapest",
    "frontier": "on the frontier",
    "dominated": "dominated",
    "extendedly_dominated": "dominated by a mix",
    "tied": "tied",
}
_STANDING: Final = {"better": "better", "worse": "worse", "open": "open", "equal": "equal in all"}
_SHOWN_PARTS: Final = 8
_SHOWN_THRESHOLDS: Final = 5
_CERTAIN: Final = 0.995
"""Probability above which it is told as ">99 %", and below the rest of which as "<1 %"."""

_ENOUGH_A_DRAW: Final = 5
"""Futures a draw below which the text warns of luck."""


def show_decision(decision: Decision, out: Any, *, everything: bool = False) -> None:
    """Print a decision on a rich console: head, then for each world tables and the answer in sentences."""
    out.print(_head(decision), style="bold", markup=False)
    for world in decision.worlds:
        if len(decision.worlds) > 1:
            out.print(f"\n== The world {WORLD_WORDS[world]}", style="bold", markup=False)
        for table in decision_tables(decision, world, everything=everything):
            out.print()
            out.print(table)
        out.print()
        for sentence in decision_verdict(decision, world):
            out.print(sentence, markup=False)
    if len(decision.worlds) > 1:
        out.print()
        out.print(_both_worlds(decision), markup=False)
    for note in decision.notes:
        out.print(f"Note: {note}", markup=False, style="dim")
    if not everything:
        out.print("All pairs, ranks, thresholds and parameters: --all.", markup=False, style="dim")


def decision_tables(decision: Decision, world: str, *, everything: bool = False) -> list[Any]:
    """Return the rich tables of a world; with `everything` also all pairs, ranks, thresholds and parameters."""
    made = [_ranking(decision, world), _pairs(decision, world, everything=everything)]
    if everything:
        made.append(_ranks(decision, world))
    if decision.draws:
        made.append(_regret(decision, world))
    made += [_increments(decision, world), _acceptability(decision, world, everything=everything)]
    if decision.draws:
        made.append(_partial(decision, world, everything=everything))
    return [*made, _impact(decision, world)]


def decision_verdict(decision: Decision, world: str) -> list[str]:
    """Return the answer in a world in a few sentences: best, how sure, futures needed, regret, money."""
    sentences = [*_best(decision, world), *_stopping(decision, world)]
    if decision.draws:
        sentences += [*_robust(decision, world), *_worth(decision, world)]
    return sentences


# ---------------------------------------------------------------- tables


def _head(decision: Decision) -> str:
    counts = sorted(set(decision.futures.values()))
    futures = " and ".join(number(count) for count in counts)
    stand = f" standing for {number(decision.represents)}" if decision.represents != decision.households else ""
    return (
        f"{decision.title}: {futures} future{'s' if counts != [1] else ''}, {number(decision.households)} "
        f"households{stand}, {months(decision.months)}; by {said(decision.outcome)}"
    )


def _grid(decision: Decision, title: str, caption: str = "") -> Any:
    table = grid(title, caption)
    _policy_column(table, cast(Any, decision))  # reads policies and labels, as a comparison has them
    return table


def _ranking(decision: Decision, world: str) -> Any:
    factor, decimals = bare(decision.unit)
    change = heads_of_change(decision.unit)
    table = _grid(
        decision,
        f"Which is best, {name_of(decision.outcome)}",
        "on average: probability that the mean is the best, and what choosing it is expected to lose, given the "
        "futures; ranks: that the simultaneous intervals allow; futures: of 100, in which it is the best, and mean "
        "loss against the best of each",
    )
    for head, width in (
        (f"mean{_level_unit(decision.unit)}", 12),
        ("best on average", 9),
        (f"expected loss{change}", 12),
        ("ranks", 7),
        ("best in futures", 9),
        (f"loss in futures{change}", 12),
    ):
        number_column(table, head, width)
    rows = decision.table("ranking", world)
    order = sorted(range(len(rows)), key=lambda row: -decision.better * float(rows["mean"][row]))
    for row in order:
        ranks = (int(rows["rank_low"][row]), int(rows["rank_high"][row]))
        cells = [
            _plus_minus(rows, row, factor, decimals),
            _sure(float(rows["probability_best"][row])),
            number(factor * float(rows["expected_loss"][row]), decimals + 2),
            str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]} to {ranks[1]}",
            number(100 * float(rows["share_best"][row])),
            number(factor * float(rows["future_loss"][row]), decimals + 2),
        ]
        add_row(table, [decision.label(str(rows["policy"][row])), *cells])
    return table


def _plus_minus(rows: Table, row: int, factor: float, decimals: int) -> str:
    middle, high = (factor * float(rows[name][row]) for name in ("mean", "high"))
    text = number(middle, decimals)
    return f"{text} ±{number(high - middle, decimals)}" if isfinite(high) and high != middle else text


def _level_unit(unit: str) -> str:
    return ", %" if unit.startswith("share") else ""


def _sure(probability: float) -> str:
    """A probability in percent; never 100 % or 0 %, which no number of futures or draws can show."""
    if not isfinite(probability):
        return NONE
    if probability > _CERTAIN:
        return ">99 %"
    return percent(probability, 0) if probability >= 1 - _CERTAIN else "<1 %"


def _pairs(decision: Decision, world: str, *, everything: bool) -> Any:
    factor, decimals = bare(decision.unit)
    watched = decision.goal != "fixed"
    caption = (
        f"intervals hold together with {percent(decision.level, 0)} (Bonferroni, Student t); needed: futures in all "
        "that would settle the sign if mean and spread stayed, looked at as --settle does"
    )
    if watched:
        caption += "; sequence: interval that holds at all looks"
    table = grid(f"Paired differences, {name_of(decision.outcome)}{heads_of_change(decision.unit)}", caption)
    text_column(table, "policy", 22)
    text_column(table, "against", 22)
    for head in ("difference", "interval", *(["sequence"] if watched else []), "better on average", "needed"):
        number_column(table, head, 18)
    text_column(table, "standing", 12)
    rows = decision.table("pairs", world)
    for row in range(len(rows)):
        policy, against = str(rows["policy"][row]), str(rows["against"][row])
        chosen = decision.best(world)
        if not everything and decision.reference not in {policy, against} and chosen not in {policy, against}:
            continue
        ends = [
            interval(*(signed(factor * float(rows[name][row]), decimals + 1) for name in pair)) or NONE
            for pair in (("low", "high"), *([("sequence_low", "sequence_high")] if watched else []))
        ]
        cells = [
            signed(factor * float(rows["mean"][row]), decimals + 1),
            *ends,
            _sure(float(rows["probability_better"][row])),
            number(float(rows["needed"][row])),
            _STANDING[str(rows["standing"][row])],
        ]
        add_row(table, [decision.label(policy), decision.label(against), *cells])
    return table


def _ranks(decision: Decision, world: str) -> Any:
    table = _grid(decision, "Probability of each rank of the mean, %", "1 = the best; empty: below 0.5 %")
    rows = decision.table("ranks", world)
    for place in range(1, len(decision.policies) + 1):
        number_column(table, str(place), 5)
    for policy in decision.policies:
        values = [100 * float(value) for value in rows.where(policy=policy)["probability"].tolist()]
        cells = [number(value) if not isfinite(value) or round(value) else "" for value in values]
        add_row(table, [decision.label(policy), *cells])
    return table


def _regret(decision: Decision, world: str) -> Any:
    factor, decimals = bare(decision.unit)
    change = heads_of_change(decision.unit)
    table = _grid(
        decision,
        f"If parameters are uncertain: {_draws(decision)}",
        "difference from the reference with the central interval over draws, and regret (best of the draw minus the "
        "policy); luck taken out of both. chance: share of the variance of a single future's difference that is luck",
    )
    for head, width in (
        (f"difference{change}", 10),
        ("over draws", 18),
        ("chance", 8),
        ("expected regret", 9),
        (f"regret, {percent(decision.level, 0)}", 9),
        ("largest", 8),
        ("best in draws", 8),
    ):
        number_column(table, head, width)
    rows = decision.table("regret", world)
    for row in range(len(rows)):
        numbers = {name: float(rows[name][row]) for name in rows.columns if name not in {"world", "policy", "unit"}}
        whole = numbers["parameter_variance"] + numbers["chance_variance"]
        ends = [signed(factor * numbers[f"difference_{end}"], decimals + 1) for end in ("low", "high")]
        cells = [
            signed(factor * numbers["difference"], decimals + 1),
            interval(*ends),
            percent(numbers["chance_variance"] / whole, 0) if whole > 0 else NONE,
            *(number(factor * numbers[name], decimals + 2) for name in ("expected", "regret_high", "largest")),
            _sure(numbers["share_best"]),
        ]
        policy = str(rows["policy"][row])
        if policy == decision.reference:
            cells[:3] = [NONE] * 3
        add_row(table, [decision.label(policy), *cells])
    return table


def _draws(decision: Decision) -> str:
    source = {"ensemble": "of the calibrated ensemble", "passports": "from the bounds of passports"}
    effective = decision.effective_draws or 0.0
    worth = "" if round(effective) == decision.draws else f", worth {number(effective, 1)} equal ones"
    return f"{decision.draws} draws {source.get(decision.source, '')}{worth}, {decision.draw_futures} futures each"


def _increments(decision: Decision, world: str) -> Any:
    cloud = "parameter draws" if decision.draws else "the means of futures"
    table = _grid(
        decision,
        f"Cost-effectiveness: {said(decision.effect)}",
        f"in order of discounted cost; price of one more against the policy before on the frontier, with its interval "
        f"over {cloud}",
    )
    for head in ("cost", "effect"):
        number_column(table, head)
    text_column(table, "standing", 18)
    number_column(table, "price of one more")
    rows = decision.table("increments", world)
    for row in range(len(rows)):
        price = [rupiah(float(rows[name][row])) for name in ("ratio", "low", "high")]
        ends = interval(*price[1:])
        sure = f" ({ends})" if ends else " (not certain)" if price[0] != NONE else ""
        cells = [rupiah(float(rows["cost"][row])), number(float(rows["effect"][row]))]
        cells += [_STATUS[str(rows["status"][row])], price[0] + sure]
        add_row(table, [decision.label(str(rows["policy"][row])), *cells])
    return table


def _acceptability(decision: Decision, world: str, *, everything: bool) -> Any:
    rows = decision.table("acceptability", world)
    thresholds = list(dict.fromkeys(rows["threshold"].tolist()))
    shown = thresholds if everything else _some(thresholds, decision.threshold)
    table = grid(
        "What to choose at which willingness to pay for one more, and how sure",
        "highest mean net benefit; acceptability: probability that it is the highest; perfect information: what "
        "knowing all parameters would be worth, for all households over the horizon",
    )
    number_column(table, "willingness")
    text_column(table, "policy", 26)
    for head in ("acceptability", "net benefit", "perfect information"):
        number_column(table, head)
    information = decision.table("information", world)
    for threshold in shown:
        here = _at(rows, threshold).where(frontier="yes")
        worth = _at(information, threshold)
        cells = [
            decision.label(str(here["policy"][0])),
            _sure(float(here["probability"][0])),
            rupiah(float(here["benefit"][0])),
            rupiah(float(worth["evpi"][0])) if len(worth) else NONE,
        ]
        add_row(table, [rupiah(threshold), *cells])
    return table


def _at(table: Table, threshold: float) -> Table:
    """Rows of one threshold."""
    return table.where(threshold=cast(Any, threshold))


def _some(thresholds: list[float], asked: float | None) -> list[float]:
    """A few thresholds, evenly spread, and the one asked for."""
    step = max(1, (len(thresholds) - 1) // _SHOWN_THRESHOLDS)
    return sorted({*thresholds[step::step], *([asked] if asked is not None else [])})


def _partial(decision: Decision, world: str, *, everything: bool) -> Any:
    rows = decision.table("partial", world)
    threshold = decision.partial_threshold.get(world)
    noise = rupiah(float(rows["noise"][0])) if len(rows) else NONE
    table = grid(
        f"What it would be worth to know one parameter, at {rupiah(threshold)} for one more"
        + ("" if decision.threshold is not None else " (where knowledge is worth most)"),
        f"for all households over the horizon; below {noise} a value cannot be told from noise with these draws",
    )
    text_column(table, "parameter", 30)
    for head in ("worth", "± standard error", "explains"):
        number_column(table, head)
    text_column(table, "told from noise")
    shown = len(rows) if everything else min(_SHOWN_PARTS, len(rows))
    for row in range(shown):
        numbers = [float(rows[name][row]) for name in ("value", "se", "explained")]
        cells = [rupiah(numbers[0]), rupiah(numbers[1]), percent(numbers[2], 0), str(rows["told"][row])]
        add_row(table, [str(rows["parameter"][row]), *cells])
    return table


def _impact(decision: Decision, world: str) -> Any:
    rows = decision.table("impact", world)
    years = sorted(set(rows["year"].tolist()))
    table = _grid(
        decision,
        "Budget impact: spent more than under the reference in each year, billion Rp",
        "undiscounted, of all represented households; ± half the interval over futures",
    )
    for year in years:
        number_column(table, f"year {year}")
    for policy in decision.policies:
        if policy == decision.reference:
            continue
        mine = rows.where(policy=policy)
        cells = []
        for row in range(len(mine)):
            middle, high = (1e-9 * float(mine[name][row]) for name in ("extra", "extra_high"))
            sure = f" ±{number(high - middle, 1)}" if isfinite(high) and high > middle else ""
            cells.append(number(middle, 1) + sure)
        add_row(table, [decision.label(policy), *cells])
    return table


# ---------------------------------------------------------------- sentences


def _best(decision: Decision, world: str) -> list[str]:
    rows = decision.table("ranking", world)
    policy = decision.best(world)
    mine = rows.where(policy=policy)
    what, label = said(decision.outcome), decision.label(policy)
    sure, loss = float(mine["probability_best"][0]), float(mine["expected_loss"][0])
    sentence = f"On average “{label}” is best on the {what}"
    if not isfinite(sure):
        return [f"{sentence} in the one future simulated."]
    sentences = [
        f"{sentence}, with a probability of {_sure(sure)}; the expected loss of choosing it, should another be "
        f"best, is {_amount(loss, decision.unit)}. "
        f"It is the best in {number(100 * float(mine['share_best'][0]))} of 100 futures."
    ]
    rivals = [
        decision.label(str(name))
        for name, low in zip(rows["policy"].tolist(), rows["rank_low"].tolist(), strict=True)
        if low == 1 and name != policy
    ]
    if int(mine["rank_high"][0]) == 1:
        sentences.append("Its difference from every other policy is settled.")
    elif rivals:
        sentences.append(f"These may still be the best: {', '.join(rivals)}.")
    return sentences


def _amount(value: float, unit: str) -> str:
    """A loss, which may be small against the levels: shares in points with as many decimals as show it."""
    if not unit.startswith("share"):
        return quantity(value, unit, difference=True).lstrip("+")
    decimals = next((each for each in (2, 3, 4) if round(100 * value, each)), None)
    if decimals is None:
        return "nothing" if value == 0 else "less than 0.0001 points"
    return points(value, decimals).lstrip("+")


def _stopping(decision: Decision, world: str) -> list[str]:
    if decision.goal == "fixed":
        return []
    done, needed = decision.futures[world], decision.needed[world]
    asked = {
        "until": f"every difference from the reference to ±{_amount(decision.goal_width or 0.0, decision.unit)}",
        "settle": " and ".join(f"“{decision.label(name)}”" for name in decision.goal_pair),
        "best": "which policy is best",
    }[decision.goal]
    if decision.met[world]:
        return [f"Settled after {number(done)} futures: {asked} (the error rate holds for all looks together)."]
    if needed is None:
        return [
            f"Not settled after {number(done)} futures: {asked}. There is no difference so far, or the same one in "
            "all futures: that allows no forecast."
        ]
    more = needed - done
    where = "" if needed <= decision.most else f", beyond --most {number(decision.most)}"
    return [
        f"Not settled after {number(done)} futures: {asked}. At the present spread about {number(more)} more futures "
        f"would settle it{where}."
    ]


def _robust(decision: Decision, world: str) -> list[str]:
    rows = decision.table("regret", world)
    policy = decision.robust(world)
    mine = rows.where(policy=policy or "")
    values = [_amount(float(mine[name][0]), decision.unit) for name in ("expected", "largest")]
    return [
        f"Over uncertain parameters “{decision.label(policy or '')}” has the least expected regret ({values[0]}, at "
        f"most {values[1]}); it is the best in {_sure(float(mine['share_best'][0]))} of draws, by weight."
        f"{_few_futures(decision)}"
    ]


def _few_futures(decision: Decision) -> str:
    """What few futures a draw do to what is said of draws; empty where they are enough."""
    if decision.draw_futures >= _ENOUGH_A_DRAW:
        return ""
    return (
        f" Each draw had {number(decision.draw_futures)} futures only: much of what differs between draws may be luck "
        "and was counted as luck; more --draw-replicates tell more."
    )


def _worth(decision: Decision, world: str) -> list[str]:
    threshold = decision.partial_threshold.get(world)
    worth = decision.table("information", world)
    here = _at(worth, threshold) if threshold is not None else worth
    evpi = float(here["evpi"][0])
    told = decision.table("partial", world).where(told="yes")["parameter"].tolist()
    at = f"At {rupiah(threshold)} for one more, to know all parameters"
    if evpi == 0:
        raw = float(here["evpi_raw"][0])
        luck = f" As simulated, with the luck of few futures in it, it would be {rupiah(raw)}." if raw > 0 else ""
        return [f"{at} would be worth nothing: without luck the same policy is best in all draws.{luck}"]
    part = f"above all {', '.join(told[:3])}" if told else "of no single parameter can a worth be told from noise"
    return [f"{at} would be worth {rupiah(evpi)} before choosing ({part})."]


def _both_worlds(decision: Decision) -> str:
    best = [decision.best(world) for world in decision.worlds]
    if len(set(best)) == 1:
        return f"The best policy on average is the same in both worlds: “{decision.label(best[0])}”."
    words = ", ".join(
        f"“{decision.label(policy)}” {WORLD_WORDS[world]}" for world, policy in zip(decision.worlds, best, strict=True)
    )
    return f"The answer changes with the world: {words}. Which of the two holds, the evidence does not settle."
