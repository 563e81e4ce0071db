"""The comparison on a terminal: tables that fold to its width, then a verdict in sentences; and progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import IO, TYPE_CHECKING, Any, Final

from empowersim.experiments.compare import Progress
from empowersim.fronts.grids import (
    CELL_WIDTH,
    add_row,
    bare,
    bracketed,
    columns_that_fit,
    grid,
    heads,
    number_column,
    plus_minus,
    policy_column,
)
from empowersim.fronts.more import further_tables, kept_sentences, mentor_tables
from empowersim.fronts.numbers import (
    NONE,
    in_hundred,
    interval,
    months,
    number,
    percent,
    quantity,
    rupiah,
    signed,
)
from empowersim.fronts.plots import name_of
from empowersim.results.tables import (
    COST,
    COST_PARTNER,
    COST_PER_EXIT,
    COST_PER_YEAR,
    LEVELS,
    MORE_LEVELS,
    OUTCOMES,
    VISITS_PER_CLIENT,
    YEARS_AVERTED,
)

if TYPE_CHECKING:
    from empowersim.results.comparison import Comparison

HEADLINE: Final = "poverty_headcount"
SECOND: Final = "poverty_gap"
"""The headcount alone misleads: many a gain ends just below the line."""

_SHORT: Final = {
    "poverty_headcount": "P0",
    "poverty_gap": "P1",
    "squared_poverty_gap": "P2",
    "mean_consumption": "con",
    "bottom40_consumption": "c40",
    "literacy": "lit",
    "health": "hea",
    "schooling": "sch",
    "empowerment_index": "emp",
    "independence": "ind",
}

NARROWEST: Final = 60
_HARDLY_ANY: Final = 0.0005
"""Share of households below which losers are not traced to a fifth: they would be a handful."""

_PIPE_WIDTH: Final = 100
_PLAIN_EVERY: Final = 5.0
_QUIET: Final = 2.0
_MANY: Final = 100.0
"""Steps a second from which on no decimals are shown."""


def console(stream: IO[str] | None = None) -> Any:
    """Return a rich console for a stream (standard output): no colour unless it is a terminal without NO_COLOR."""
    from rich.console import Console

    out = stream if stream is not None else sys.stdout
    width = None if out.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(file=out, width=width, highlight=False, no_color=None if out.isatty() else True, emoji=False)


def show(comparison: Comparison, out: Any, *, everything: bool = False) -> None:
    """Print a comparison on a rich console: head, tables (the chief ones, or everything), verdict."""
    width = max(NARROWEST, out.width)
    out.print(_head(comparison), style="bold")
    for table in tables(comparison, width, everything=everything):
        out.print()
        out.print(table)
    out.print()
    for sentence in verdict(comparison):
        out.print(sentence, markup=False)
    for note in comparison.notes:
        out.print(f"Note: {note}", markup=False, style="dim")
    if not everything:
        out.print("More outcomes, budget by year, waiting lists and stages: --all.", markup=False, style="dim")


def tables(comparison: Comparison, width: int, *, everything: bool = False) -> list[Any]:
    """Return the rich tables of a comparison, each no wider than `width` columns.

    A cell holds the level and, below, the paired difference from the reference, each with half the width
    of its 95 % interval.
    """
    shown = (*LEVELS, *MORE_LEVELS, VISITS_PER_CLIENT) if everything else LEVELS
    made = [
        _level_table(comparison, names, first=place == 0) for place, names in enumerate(columns_that_fit(width, shown))
    ]
    if comparison.others and comparison.replicates > 1:
        made.append(_sure_table(comparison))
    made.append(_money_table(comparison))
    if comparison.others:
        made.append(_winner_table(comparison))
    made += mentor_tables(comparison, width, everything=everything)
    return [*made, *further_tables(comparison, width)] if everything else made


def verdict(comparison: Comparison) -> list[str]:
    """Return what a planner may take away, in a few sentences: best, losers, cost, what is assumed."""
    sentences = [*_best(comparison), *_losers(comparison), *_costs(comparison)]
    sentences += kept_sentences(comparison, HEADLINE)
    sentences.append(_caution(comparison))
    return sentences


@contextmanager
def progress_on(stream: IO[str], what: str, first_run: bool, unit: str = "futures") -> Iterator[Progress]:
    """Show how far a run is: a bar on a terminal, else a plain line every few seconds; nothing if it is quick.

    `what` says what is simulated in each step, `unit` what the steps are; `first_run` adds a word on compiling.
    """
    if stream.isatty():
        with _bar(stream, what, first_run, unit) as told:
            yield told
    else:
        yield _plain(stream, what, first_run, unit)


# ---------------------------------------------------------------- tables


def _head(comparison: Comparison) -> str:
    futures = f"{comparison.replicates} future{'s' if comparison.replicates != 1 else ''}"
    people = number(comparison.households)
    stand = f" standing for {number(comparison.represents)}" if comparison.represents != comparison.households else ""
    return f"{comparison.title}: {futures}, {people} households{stand}, {months(comparison.months)}"


def _level_table(comparison: Comparison, outcomes: Sequence[str], *, first: bool) -> Any:
    reference = comparison.label(comparison.reference)
    below = f"; below it the difference from “{reference}”, same futures" if comparison.others else ""
    table = grid("Mean of the last twelve months ± half the 95 % interval" + below if first else "")
    policy_column(table, comparison)
    for outcome in outcomes:
        number_column(table, f"{name_of(outcome)}{heads(OUTCOMES[outcome].unit)}", CELL_WIDTH)
    for policy in comparison.policies:
        add_row(table, [comparison.label(policy), *(_level(comparison, policy, outcome) for outcome in outcomes)])
    return table


def _level(comparison: Comparison, policy: str, outcome: str) -> str:
    factor, decimals = bare(OUTCOMES[outcome].unit)
    row = comparison.tables["outcomes"].where(policy=policy, outcome=outcome)
    text = plus_minus(row, factor, decimals, number)
    if policy == comparison.reference:
        return text
    row = comparison.tables["differences"].where(policy=policy, outcome=outcome)
    return f"{text}\n{plus_minus(row, factor, decimals + 1, signed)}"


def _sure_table(comparison: Comparison) -> Any:
    reference = comparison.label(comparison.reference)
    legend = "; ".join(f"{_SHORT[outcome]} {name_of(outcome).lower()}" for outcome in LEVELS[3:])
    table = grid(f"Better than “{reference}” in how many of 100 futures", legend)
    policy_column(table, comparison)
    for outcome in LEVELS:
        number_column(table, _SHORT[outcome])
    for policy in comparison.others:
        rows = comparison.tables["differences"].where(policy=policy)
        shares = (rows.one("probability_better", outcome=outcome) for outcome in LEVELS)
        add_row(table, [comparison.label(policy), *(number(100 * share) for share in shares)])
    return table


def _money_table(comparison: Comparison) -> Any:
    year = f", prices of {comparison.price_year}" if comparison.price_year else ""
    legend = (
        "years won: household-years below the poverty line fewer than under the reference" if comparison.others else ""
    )
    table = grid(
        f"Money over {months(comparison.months)}{year}, all {number(comparison.represents)} households", legend
    )
    policy_column(table, comparison)
    number_column(table, "cost")
    if comparison.others:
        number_column(table, "years won")
        number_column(table, "cost of a year won")
    for policy in comparison.policies:
        rows = comparison.tables["outcomes"].where(policy=policy)
        cells = [rupiah(rows.one("mean", outcome=COST))]
        if comparison.others:
            won = plus_minus(rows.where(outcome=YEARS_AVERTED), 1.0, 0, number)
            price = bracketed(*(rupiah(rows.one(column, outcome=COST_PER_YEAR)) for column in ("mean", "low", "high")))
            cells += [won, price] if policy != comparison.reference else [NONE, NONE]
        add_row(table, [comparison.label(policy), *cells])
    return table


def _winner_table(comparison: Comparison) -> Any:
    band = percent(comparison.unchanged_band, 0)
    reference = comparison.label(comparison.reference)
    table = grid(
        f"Better and worse off than under “{reference}”, % of households",
        f"by consumption, beyond {band}; fifths of persons by starting consumption; others: never enrolled or visited",
    )
    policy_column(table, comparison)
    groups = (
        ("all", "all", "all"),
        ("poorest", "quintile", "1"),
        ("richest", "quintile", "5"),
        ("others", "contact", "untouched"),
    )
    for words, *_ in groups:
        number_column(table, f"{words}: better / worse", 13)
    for policy in comparison.others:
        rows = comparison.tables["winners"].where(policy=policy)
        cells = [
            " / ".join(_share(rows, figure, dimension, group) for figure in ("better", "worse"))
            for _, dimension, group in groups
        ]
        add_row(table, [comparison.label(policy), *cells])
    return table


def _share(table: Any, figure: str, dimension: str, group: str) -> str:
    rows = table.where(dimension=dimension, group=group, figure=figure)
    return number(100 * float(rows["mean"][0]), 1) if len(rows) else NONE


# ---------------------------------------------------------------- verdict


def _best(comparison: Comparison) -> list[str]:
    if not comparison.others:
        return [f"{comparison.label(comparison.reference)} alone: there is nothing to compare it with."]
    best = {outcome: _winner(comparison, outcome) for outcome in (HEADLINE, SECOND)}
    policy, share = best[HEADLINE]
    if policy is None:
        return ["No policy changes the poverty rate: all of them give the same figures."]
    said = comparison.label(policy)
    if policy == comparison.reference:
        sentences = [f"No policy does better than “{said}” on the poverty rate."]
    else:
        row = comparison.tables["differences"].where(policy=policy, outcome=HEADLINE)
        middle, low, high = (float(row[column][0]) for column in ("mean", "low", "high"))
        levels = [
            comparison.tables["outcomes"].one("mean", policy=name, outcome=HEADLINE)
            for name in (comparison.reference, policy)
        ]
        rates = _told_apart(levels)
        change = quantity(middle, OUTCOMES[HEADLINE].unit, difference=True)
        ends = [
            quantity(value, OUTCOMES[HEADLINE].unit, difference=True).removesuffix(" points") for value in (low, high)
        ]
        width = f"{change}; {interval(*ends)}" if interval(*ends) else change
        tail = f"; it is the best of {len(comparison.policies)} in {in_hundred(share)}"
        sentences = [f"“{said}” lowers the poverty rate most, from {rates[0]} to {rates[1]} ({width}){tail}."]
        if isfinite(low) and low <= 0 <= high:
            sentences.append("That difference cannot be told from zero with these futures: ask for more replicates.")
    other, other_share = best[SECOND]
    if other is not None and other != policy:
        sentences.append(
            f"On the poverty gap “{comparison.label(other)}” is best, in {in_hundred(other_share)}: "
            "it does more for those who stay below the line."
        )
    return sentences


def _winner(comparison: Comparison, outcome: str) -> tuple[str | None, float]:
    """The policy with the best mean, and in which share of futures it is the best; None if all are equal."""
    table = comparison.tables["outcomes"].where(outcome=outcome)
    means = dict(zip(table["policy"].tolist(), table["mean"].tolist(), strict=True))
    shares = dict(zip(table["policy"].tolist(), table["probability_best"].tolist(), strict=True))
    if len(set(means.values())) < 2:
        return None, 0.0
    policy = max(means, key=lambda name: OUTCOMES[outcome].better * means[name])
    return policy, shares[policy]


def _told_apart(shares: Sequence[float]) -> list[str]:
    """Percentages with as many decimals as it takes to see that they differ."""
    for decimals in (1, 2, 3):
        said = [percent(share, decimals) for share in shares]
        if len(set(said)) == len(said):
            break
    return said


def _leader(comparison: Comparison) -> str | None:
    policy, _ = _winner(comparison, HEADLINE) if comparison.others else (None, 0.0)
    return policy if policy != comparison.reference else None


def _losers(comparison: Comparison) -> list[str]:
    policy = _leader(comparison)
    if policy is None:
        return []
    table = comparison.tables["winners"].where(policy=policy)
    better, worse = (table.one("mean", dimension="all", figure=figure) for figure in ("better", "worse"))
    said = comparison.label(policy)
    sentence = f"Under “{said}” {percent(better)} of households end better off and {percent(worse, 2)} worse off"
    parts = table.where(dimension="quintile", figure="worse")
    if worse >= _HARDLY_ANY and len(parts):
        values = parts["mean"].tolist()
        group = parts["group"].tolist()[values.index(max(values))]
        sentence += (
            f", most often in fifth {group} of starting consumption (1 = poorest: {percent(max(values))} worse off)"
        )
    return [sentence + "."]


def _costs(comparison: Comparison) -> list[str]:
    policy = _leader(comparison) or comparison.reference
    table = comparison.tables["outcomes"].where(policy=policy)
    cost = table.one("mean", outcome=COST)
    sentence = f"“{comparison.label(policy)}” costs {rupiah(cost)} over {months(comparison.months)}"
    if policy == comparison.reference:
        return [sentence + "."]
    middle, low, high = (table.one(column, outcome=COST_PER_YEAR) for column in ("mean", "low", "high"))
    if isfinite(middle):
        sentence += (
            f": {rupiah(middle)} for each year a household is out of poverty ({interval(rupiah(low), rupiah(high))})"
        )
    else:
        sentence += "; the household-years out of poverty it wins cannot be told from zero, so it has no price for one"
    exits = [table.one(column, outcome=COST_PER_EXIT) for column in ("mean", "low", "high")]
    if isfinite(exits[0]):
        sentence += f", and {bracketed(*map(rupiah, exits))} for each household that leaves poverty for a year"
    partners = table.one("mean", outcome=COST_PARTNER)
    if partners > 0:
        sentence += f"; partners pay {percent(partners / cost, 0)} of it"
    return [sentence + "."]


def _caution(comparison: Comparison) -> str:
    assumed, known = comparison.assumed
    futures = (
        f"“x of 100” is the share among {comparison.replicates} simulated futures"
        if comparison.replicates > 1
        else "one future says nothing of uncertainty: ask for more replicates"
    )
    figures = (
        f"{assumed} of the {known} figures in use are assumed (`empowersim cite`)" if known else "see `empowersim cite`"
    )
    return f"Not a forecast: {figures}; {futures}."


# ---------------------------------------------------------------- progress


@contextmanager
def _bar(stream: IO[str], what: str, first_run: bool, unit: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    screen = Console(file=stream, highlight=False)
    word = "first run: compiling, half a minute or so" if first_run else "simulating"
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[steps]} " + unit + " {task.fields[rate]}"),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
    )
    with bar:
        task = bar.add_task(word, total=None, steps="", rate="")
        started = time.monotonic()

        def told(done: int, total: int, _: str) -> None:
            rate = _rate(done, time.monotonic() - started) if done else ""
            steps = f"{number(done)} of {number(total)}"
            said = f"simulating {what}" if done else word
            bar.update(task, completed=done, total=total, steps=steps, rate=rate, description=said)

        yield told


def _rate(done: int, seconds: float) -> str:
    """How fast `done` steps were: 2.0/s, 812,345/s, or 3.5 s each."""
    if done <= seconds:
        return f"{seconds / done:.1f} s each"
    a_second = done / max(seconds, 1e-9)
    return f"{number(a_second, 1 if a_second < _MANY else 0)}/s"


def _plain(stream: IO[str], what: str, first_run: bool, unit: str) -> Progress:
    started = time.monotonic()
    said = [started + _QUIET - _PLAIN_EVERY]
    if first_run:
        print("first run: compiling, half a minute or so", file=stream, flush=True)

    def told(done: int, total: int, _: str) -> None:
        now = time.monotonic()
        if done in (0, total) or now - said[0] < _PLAIN_EVERY:
            return
        said[0] = now
        passed = now - started
        left = (total - done) * passed / done
        print(
            f"simulating {what}: {number(done)} of {number(total)} {unit}, {_rate(done, passed)}, "
            f"about {left:.0f} s left",
            file=stream,
            flush=True,
        )

    return told
