"""The comparison on a terminal: tables that fold to its width, then a verdict in sentences; and progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import IO, TYPE_CHECKING, Any, Final

from empowersim.experiments.compare import Progress
from empowersim.fronts.grids import (
    GAP,
    POLICY_WIDTH,
    add_row,
    bare,
    bracketed,
    cell_width,
    columns_that_fit,
    grid,
    heads,
    number_column,
    plus_minus,
    policy_column,
    print_table,
)
from empowersim.fronts.labels import bundled, text
from empowersim.fronts.more import further_tables, kept_sentences, mentor_tables
from empowersim.fronts.notes import note_in
from empowersim.fronts.numbers import (
    NONE,
    Lang,
    counted,
    in_hundred,
    interval,
    months,
    number,
    percent,
    quantity,
    rupiah,
    signed,
    without_points,
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

NARROWEST: Final = 60
_SURE_WIDTH: Final = 6
"""Characters of a column of futures of 100, with what stands between two."""
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


def show(comparison: Comparison, out: Any, *, everything: bool = False, lang: Lang = "en") -> None:
    """Print a comparison on a rich console: head, tables (the chief ones, or everything), verdict."""
    width = max(NARROWEST, out.width)
    out.print(_head(comparison, lang), style="bold", markup=False)
    for table in tables(comparison, width, everything=everything, lang=lang):
        out.print()
        print_table(out, table, lang)
    out.print()
    for sentence in verdict(comparison, lang):
        out.print(sentence, markup=False)
    show_notes(comparison.notes, out, lang)
    if not everything:
        out.print(text("terminal.more", lang), markup=False, style="dim")


def show_notes(notes: Iterable[str], out: Any, lang: Lang = "en") -> None:
    """Print what was imputed or assumed, a line a note."""
    for note in notes:
        out.print(text("terminal.note", lang, note=note_in(note, lang)), markup=False, style="dim")


def people_in_words(households: int, represents: float, lang: Lang = "en") -> str:
    """Return how many households are simulated, and how many they stand for where that is another number."""
    if represents == households:
        return counted("terminal.people", households, lang)
    return counted("terminal.people_standing", households, lang, represents=number(represents, 0, lang))


def tables(comparison: Comparison, width: int, *, everything: bool = False, lang: Lang = "en") -> list[Any]:
    """Return the rich tables of a comparison, each no wider than `width` columns.

    A cell holds the level and, below, the paired difference from the reference, each with half the width
    of its 95 % interval.
    """
    shown = (*LEVELS, *MORE_LEVELS, VISITS_PER_CLIENT) if everything else LEVELS
    made = [
        _level_table(comparison, names, lang, first=place == 0)
        for place, names in enumerate(columns_that_fit(width, shown, lang))
    ]
    if comparison.others and comparison.replicates > 1:
        made += _sure_tables(comparison, width, lang)
    made.append(_money_table(comparison, lang))
    if comparison.others:
        made.append(_winner_table(comparison, lang))
    made += mentor_tables(comparison, width, everything=everything, lang=lang)
    return [*made, *further_tables(comparison, width, lang)] if everything else made


def verdict(comparison: Comparison, lang: Lang = "en") -> list[str]:
    """Return what a planner may take away, in a few sentences: best, losers, cost, what is assumed."""
    sentences = [*_best(comparison, lang), *_losers(comparison, lang), *_costs(comparison, lang)]
    sentences += kept_sentences(comparison, HEADLINE, lang)
    sentences.append(_caution(comparison, lang))
    return sentences


@contextmanager
def progress_on(
    stream: IO[str], what: str, first_run: bool, unit: str = "futures", lang: Lang = "en"
) -> Iterator[Progress]:
    """Show how far a run is: a bar on a terminal, else a plain line every few seconds; nothing if it is quick.

    `what` says what is simulated in each step, `unit` what the steps are (a key of the label file below
    ``progress.unit``); `first_run` adds a word on compiling.
    """
    steps = text(f"progress.unit.{unit}", lang)
    if stream.isatty():
        with _bar(stream, what, first_run, steps, lang) as told:
            yield told
    else:
        yield _plain(stream, what, first_run, steps, lang)


# ---------------------------------------------------------------- tables


def _head(comparison: Comparison, lang: Lang) -> str:
    return text(
        "terminal.head",
        lang,
        title=bundled(comparison.title, lang),
        futures=counted("terminal.futures", comparison.replicates, lang),
        people=people_in_words(comparison.households, comparison.represents, lang),
        months=months(comparison.months, lang),
    )


def _level_table(comparison: Comparison, outcomes: Sequence[str], lang: Lang, *, first: bool) -> Any:
    reference = comparison.label(comparison.reference, lang)
    title = ""
    if first and comparison.others:
        title = text("terminal.levels_below", lang, reference=reference)
    elif first:
        title = text("terminal.levels", lang)
    table = grid(title)
    policy_column(table, comparison, lang)
    for outcome in outcomes:
        number_column(table, f"{name_of(outcome, lang)}{heads(OUTCOMES[outcome].unit, lang)}", cell_width(lang))
    for policy in comparison.policies:
        cells = (_level(comparison, policy, outcome, lang) for outcome in outcomes)
        add_row(table, [comparison.label(policy, lang), *cells])
    return table


def _level(comparison: Comparison, policy: str, outcome: str, lang: Lang) -> str:
    factor, decimals = bare(OUTCOMES[outcome].unit)
    row = comparison.tables["outcomes"].where(policy=policy, outcome=outcome)
    level = plus_minus(row, factor, decimals, number, lang)
    if policy == comparison.reference:
        return level
    row = comparison.tables["differences"].where(policy=policy, outcome=outcome)
    return f"{level}\n{plus_minus(row, factor, decimals + 1, signed, lang)}"


def _sure_tables(comparison: Comparison, width: int, lang: Lang) -> list[Any]:
    """One table; on a terminal that is too narrow for it, several."""
    each = max(1, (width - POLICY_WIDTH - GAP) // _SURE_WIDTH)
    return [_sure_table(comparison, LEVELS[at : at + each], lang, first=at == 0) for at in range(0, len(LEVELS), each)]


def _sure_table(comparison: Comparison, outcomes: Sequence[str], lang: Lang, *, first: bool) -> Any:
    reference = comparison.label(comparison.reference, lang)
    short = {outcome: text(f"short.{outcome}", lang) for outcome in outcomes}
    told = [outcome for outcome in outcomes if outcome not in LEVELS[:3]]
    legend = "; ".join(f"{short[outcome]} {name_of(outcome, lang).lower()}" for outcome in told)
    table = grid(text("terminal.sure", lang, reference=reference) if first else "", legend)
    policy_column(table, comparison, lang)
    for outcome in outcomes:
        number_column(table, short[outcome])
    for policy in comparison.others:
        rows = comparison.tables["differences"].where(policy=policy)
        shares = (rows.one("probability_better", outcome=outcome) for outcome in outcomes)
        add_row(table, [comparison.label(policy, lang), *(number(100 * share, 0, lang) for share in shares)])
    return table


def _money_table(comparison: Comparison, lang: Lang) -> Any:
    legend = text("terminal.money_legend", lang) if comparison.others else ""
    over, people = months(comparison.months, lang), number(comparison.represents, 0, lang)
    if comparison.price_year:
        title = text("terminal.money_prices", lang, months=over, year=comparison.price_year, people=people)
    else:
        title = text("terminal.money", lang, months=over, people=people)
    table = grid(title, legend)
    policy_column(table, comparison, lang)
    number_column(table, text("terminal.cost", lang))
    if comparison.others:
        number_column(table, text("terminal.years_won", lang))
        number_column(table, text("terminal.year_cost", lang))
    for policy in comparison.policies:
        rows = comparison.tables["outcomes"].where(policy=policy)
        cells = [rupiah(rows.one("mean", outcome=COST), lang)]
        if comparison.others:
            won = plus_minus(rows.where(outcome=YEARS_AVERTED), 1.0, 0, number, lang)
            columns = ("mean", "low", "high")
            middle, low, high = (rupiah(rows.one(column, outcome=COST_PER_YEAR), lang) for column in columns)
            price = bracketed(middle, low, high, lang)
            cells += [won, price] if policy != comparison.reference else [NONE, NONE]
        add_row(table, [comparison.label(policy, lang), *cells])
    return table


def _winner_table(comparison: Comparison, lang: Lang) -> Any:
    band = percent(comparison.unchanged_band, 0, lang)
    reference = comparison.label(comparison.reference, lang)
    table = grid(
        text("terminal.winners", lang, reference=reference),
        text("terminal.winners_legend", lang, band=band),
    )
    policy_column(table, comparison, lang)
    groups = (
        ("all", "all", "all"),
        ("poorest", "quintile", "1"),
        ("richest", "quintile", "5"),
        ("others", "contact", "untouched"),
    )
    for name, *_ in groups:
        group_name = text(f"terminal.group.{name}", lang)
        number_column(table, text("terminal.winners_head", lang, group=group_name), 13)
    for policy in comparison.others:
        rows = comparison.tables["winners"].where(policy=policy)
        cells = [
            " / ".join(_share(rows, figure, dimension, group, lang) for figure in ("better", "worse"))
            for _, dimension, group in groups
        ]
        add_row(table, [comparison.label(policy, lang), *cells])
    return table


def _share(table: Any, figure: str, dimension: str, group: str, lang: Lang) -> str:
    rows = table.where(dimension=dimension, group=group, figure=figure)
    return number(100 * float(rows["mean"][0]), 1, lang) if len(rows) else NONE


# ---------------------------------------------------------------- verdict


def _best(comparison: Comparison, lang: Lang) -> list[str]:
    if not comparison.others:
        return [text("terminal.alone", lang, policy=comparison.label(comparison.reference, lang))]
    best = {outcome: _winner(comparison, outcome) for outcome in (HEADLINE, SECOND)}
    policy, share = best[HEADLINE]
    if policy is None:
        return [text("terminal.no_change", lang)]
    name = comparison.label(policy, lang)
    if policy == comparison.reference:
        sentences = [text("terminal.none_better", lang, policy=name)]
    else:
        row = comparison.tables["differences"].where(policy=policy, outcome=HEADLINE)
        middle, low, high = (float(row[column][0]) for column in ("mean", "low", "high"))
        levels = [
            comparison.tables["outcomes"].one("mean", policy=one, outcome=HEADLINE)
            for one in (comparison.reference, policy)
        ]
        before, after = _told_apart(levels, lang)
        unit = OUTCOMES[HEADLINE].unit
        change, *sides = (quantity(value, unit, lang, difference=True) for value in (middle, low, high))
        ends = interval(without_points(sides[0], lang), without_points(sides[1], lang), lang)
        if ends:
            change = text("terminal.change_with_ends", lang, change=change, ends=ends)
        sentences = [
            text(
                "terminal.best",
                lang,
                policy=name,
                before=before,
                after=after,
                change=change,
                count=len(comparison.policies),
                share=in_hundred(share, lang),
            )
        ]
        if isfinite(low) and low <= 0 <= high:
            sentences.append(text("terminal.not_told", lang))
    other, other_share = best[SECOND]
    if other is not None and other != policy:
        share_of = in_hundred(other_share, lang)
        sentences.append(text("terminal.best_gap", lang, policy=comparison.label(other, lang), share=share_of))
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


def _told_apart(shares: Sequence[float], lang: Lang) -> list[str]:
    """Percentages with as many decimals as it takes to see that they differ."""
    for decimals in (1, 2, 3):
        told = [percent(share, decimals, lang) for share in shares]
        if len(set(told)) == len(told):
            break
    return told


def _leader(comparison: Comparison) -> str | None:
    policy, _ = _winner(comparison, HEADLINE) if comparison.others else (None, 0.0)
    return policy if policy != comparison.reference else None


def _losers(comparison: Comparison, lang: Lang) -> list[str]:
    policy = _leader(comparison)
    if policy is None:
        return []
    table = comparison.tables["winners"].where(policy=policy)
    better, worse = (table.one("mean", dimension="all", figure=figure) for figure in ("better", "worse"))
    shares = {
        "policy": comparison.label(policy, lang),
        "better": percent(better, 1, lang),
        "worse": percent(worse, 2, lang),
    }
    parts = table.where(dimension="quintile", figure="worse")
    if worse < _HARDLY_ANY or not len(parts):
        return [text("terminal.losers", lang, **shares)]
    values = parts["mean"].tolist()
    fifth = parts["group"].tolist()[values.index(max(values))]
    share = percent(max(values), 1, lang)
    return [text("terminal.losers_fifth", lang, **shares, fifth=fifth, share=share)]


def _costs(comparison: Comparison, lang: Lang) -> list[str]:
    policy = _leader(comparison) or comparison.reference
    table = comparison.tables["outcomes"].where(policy=policy)
    cost = table.one("mean", outcome=COST)
    name, over = comparison.label(policy, lang), months(comparison.months, lang)
    sentence = text("terminal.costs", lang, policy=name, cost=rupiah(cost, lang), months=over)
    if policy == comparison.reference:
        return [sentence + "."]
    middle, low, high = (table.one(column, outcome=COST_PER_YEAR) for column in ("mean", "low", "high"))
    if isfinite(middle):
        ends = interval(rupiah(low, lang), rupiah(high, lang), lang)
        sentence += text("terminal.costs_year", lang, price=rupiah(middle, lang), ends=ends)
    else:
        sentence += text("terminal.costs_none", lang)
    exits = [table.one(column, outcome=COST_PER_EXIT) for column in ("mean", "low", "high")]
    if isfinite(exits[0]):
        middle_exit, low_exit, high_exit = (rupiah(amount, lang) for amount in exits)
        price = bracketed(middle_exit, low_exit, high_exit, lang)
        sentence += text("terminal.costs_exit", lang, price=price)
    partners = table.one("mean", outcome=COST_PARTNER)
    if partners > 0:
        sentence += text("terminal.costs_partners", lang, share=percent(partners / cost, 0, lang))
    return [sentence + "."]


def _caution(comparison: Comparison, lang: Lang) -> str:
    assumed, known = comparison.assumed
    if comparison.replicates > 1:
        futures = text("terminal.caution_share", lang, count=comparison.replicates)
    else:
        futures = text("terminal.caution_one", lang)
    if known:
        figures = text("terminal.caution_assumed", lang, assumed=assumed, known=known)
    else:
        figures = text("terminal.caution_see", lang)
    return text("terminal.caution", lang, figures=figures, futures=futures)


# ---------------------------------------------------------------- progress


@contextmanager
def _bar(stream: IO[str], what: str, first_run: bool, unit: str, lang: Lang) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    screen = Console(file=stream, highlight=False)
    word = text("progress.compiling" if first_run else "progress.simulating", lang)
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
            rate = _rate(done, time.monotonic() - started, lang) if done else ""
            steps = _steps(done, total, lang)
            words = text("progress.simulating_what", lang, what=what) if done else word
            bar.update(task, completed=done, total=total, steps=steps, rate=rate, description=words)

        yield told


def _steps(done: int, total: int, lang: Lang) -> str:
    return text("progress.steps", lang, done=number(done, 0, lang), total=number(total, 0, lang))


def _rate(done: int, seconds: float, lang: Lang = "en") -> str:
    """How fast `done` steps were: 2.0/s, 812,345/s, or 3.5 s each."""
    if done <= seconds:
        return text("progress.each", lang, seconds=number(seconds / done, 1, lang))
    a_second = done / max(seconds, 1e-9)
    return text("progress.a_second", lang, count=number(a_second, 1 if a_second < _MANY else 0, lang))


def _plain(stream: IO[str], what: str, first_run: bool, unit: str, lang: Lang) -> Progress:
    started = time.monotonic()
    last = [started + _QUIET - _PLAIN_EVERY]
    if first_run:
        print(text("progress.compiling", lang), file=stream, flush=True)

    def told(done: int, total: int, _: str) -> None:
        now = time.monotonic()
        if done in (0, total) or now - last[0] < _PLAIN_EVERY:
            return
        last[0] = now
        passed = now - started
        left = number((total - done) * passed / done, 0, lang)
        line = {"what": what, "steps": _steps(done, total, lang), "unit": unit, "rate": _rate(done, passed, lang)}
        print(text("progress.line", lang, **line, left=left), file=stream, flush=True)

    return told
