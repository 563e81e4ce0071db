"""The compiled parts of an extension: its records, the draws of its own, and the loops that stand around the month."""

from __future__ import annotations

from collections import namedtuple
from functools import reduce
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, loop, make_record_reader, make_tile_view, rule, wide_vectors
from empowersim.engine.arrays import (
    DOSES,
    DRAWS,
    load_dose,
    load_draw,
    view_doses,
    view_draws,
    view_state,
    view_words,
)
from empowersim.engine.extension import MEAN, Extension
from empowersim.engine.records import (
    make_chooser,
    make_luck_reader,
    make_parts,
    make_record_writer,
    make_wide_access,
)
from empowersim.maths import ZERO
from empowersim.parameters import Parameters
from empowersim.rng import EXTENSIONS, STREAMS_A_GROUP, Kind, philox, uniform_from
from empowersim.rules.month import Draw, Household, Village
from empowersim.schema import HOUSEHOLD, ROWS, VILLAGE, VILLAGE_ROWS

_record: Any = namedtuple
_VILLAGE_KIND: Final = np.uint32(Kind.VILLAGE << 24)
_FIRST_GROUP: Final = EXTENSIONS // STREAMS_A_GROUP

view_four = make_tile_view(STREAMS_A_GROUP, np.float32)


class Records(NamedTuple):
    """The records that rules of an extension see."""

    parameters: Any
    home: Any
    village: Any
    draw: Any
    village_draw: Any


def records_of(extension: Extension) -> Records:
    """The records of an extension: those of the model, with its own fields."""
    means = [MEAN + name for name in extension.columns]
    return Records(
        parameters=_record("Parameters", [*extension.parameters, *Parameters._fields]),
        home=_record("Household", [*Household._fields, *extension.columns]),
        village=_record("Village", [*Village._fields, *extension.village_columns, *means]),
        draw=_record("Draw", [*Draw._fields, *extension.draws, *extension.village_draws]),
        village_draw=_record("VillageDraw", list(extension.village_draws)),
    )


def groups_of(draws: Any) -> tuple[NDArray[np.uint32], list[int]]:
    """Groups of four streams that draws belong to, and where each draw stands among their words."""
    groups = sorted({number // STREAMS_A_GROUP for number in draws.values()})
    rows = [
        groups.index(number // STREAMS_A_GROUP) * STREAMS_A_GROUP + number % STREAMS_A_GROUP
        for number in draws.values()
    ]
    return np.array([_FIRST_GROUP + group for group in groups], np.uint32), rows


class Readers(NamedTuple):
    """Compiled ways in and out of the records of an extension."""

    parameters: Any
    village: Any
    village_draw: Any
    luck: Any
    home: tuple[Any, Any]
    own: Any
    write_village: Any


def readers_of(extension: Extension, records: Records) -> tuple[Readers, NDArray[np.uint32], NDArray[np.uint32]]:
    """The ways in and out of its records, and the groups of streams that its households and its villages draw."""
    groups, rows = groups_of(extension.draws)
    village_groups, village_rows = groups_of(extension.village_draws)
    readers = Readers(
        parameters=make_record_reader(records.parameters),
        village=make_record_reader(records.village),
        village_draw=make_chooser(records.village_draw, village_rows),
        luck=make_luck_reader(records.draw, DRAWS, rows, village_rows),
        home=make_wide_access(records.home, ROWS, [column.role != "trait" for column in HOUSEHOLD]),
        own=make_tile_view(max(len(extension.columns), 1), np.float32),
        write_village=make_record_writer(records.village),
    )
    return readers, groups, village_groups


@loop
def draw_luck(
    id_low: Any, id_high: Any, luck: Any, groups: Any, first: int, count: int, month: Any, key0: Any, key1: Any
) -> int:
    """Draw the uniforms of an extension for a strip, whether anybody needs them or not."""
    wide_vectors()
    for place in range(count):
        low = view_words(id_low, (first + place) * LANES)
        high = view_words(id_high, (first + place) * LANES)
        for g in range(groups.size):
            group = groups[g]
            view = view_four(luck, (place * groups.size + g) * STREAMS_A_GROUP * LANES)
            for lane in range(LANES):
                a0, a1, a2, a3 = philox(low[0, lane], high[0, lane], month, group, key0, key1)
                view[0, lane], view[1, lane] = uniform_from(a0), uniform_from(a1)
                view[2, lane], view[3, lane] = uniform_from(a2), uniform_from(a3)
    return 0


@loop
def draw_village_luck(low: Any, high: Any, luck: Any, groups: Any, v: int, month: Any, key0: Any, key1: Any) -> int:
    """Draw the uniforms of an extension for a village."""
    for g in range(groups.size):
        words = philox(low[v], np.uint32(_VILLAGE_KIND | high[v]), month, groups[g], key0, key1)
        luck[g * STREAMS_A_GROUP] = uniform_from(words[0])
        luck[g * STREAMS_A_GROUP + 1] = uniform_from(words[1])
        luck[g * STREAMS_A_GROUP + 2] = uniform_from(words[2])
        luck[g * STREAMS_A_GROUP + 3] = uniform_from(words[3])
    return 0


@loop
def add_means(own: Any, live: Any, tile_village: Any, v: int, tile: int, columns: int, wide: Any, at: int) -> int:
    """Enter a village's means of the households' own columns, in float64 and in the order of the households."""
    for column in range(columns):
        total, people = 0.0, 0.0
        t = tile
        while t < tile_village.size and tile_village[t] == v:
            for lane in range(LANES):
                if live[t, lane] > ZERO:
                    total += np.float64(own[t, column, lane])
                    people += 1.0
            t += 1
        wide[0, at + column] = np.float32(total / max(people, 1.0))
    return 0


@rule
def _stay(p: Any, village: Any, start: Any, home: Any, dose: Any, draw: Any, month: float) -> Any:
    return home


@rule
def _stay_village(p: Any, village: Any, draw: Any, month: float) -> Any:
    return village


def chain(rules: list[Any]) -> Any:
    """Rules of households one after another."""

    def joined(one: Any, other: Any) -> Any:
        def both(p: Any, village: Any, start: Any, home: Any, dose: Any, draw: Any, month: float) -> Any:
            between = one(p, village, start, home, dose, draw, month)
            return other(p, village, start, between, dose, draw, month)

        return rule(both)

    return reduce(joined, rules, _stay) if rules else _stay


def village_chain(rules: list[Any]) -> Any:
    """Rules of villages one after another."""

    def joined(one: Any, other: Any) -> Any:
        def both(p: Any, village: Any, draw: Any, month: float) -> Any:
            return other(p, one(p, village, draw, month), draw, month)

        return rule(both)

    return reduce(joined, rules, _stay_village) if rules else _stay_village


def begin_of(extension: Extension, readers: Readers, change: Any, *, traits: bool = False) -> Any:
    """What stands in place of `kernels.begin_village`; with `traits` it writes what may not change, too."""
    own_columns, columns = len(extension.village_columns), len(extension.columns)
    read, read_draw, read_numbers, write = (
        readers.village,
        readers.village_draw,
        readers.parameters,
        readers.write_village,
    )
    changeable = tuple(row for row, column in enumerate(VILLAGE) if traits or column.role != "trait")
    means_at = VILLAGE_ROWS + own_columns

    @loop
    def live_village(
        block: Any, scratch: Any, values: Any, v: int, tile: int, address: Any, since: float, key0: Any, key1: Any
    ) -> int:
        wide = scratch.wide
        for row in range(VILLAGE_ROWS):
            wide[0, row] = block.village[v, row]
        for row in range(own_columns):
            wide[0, VILLAGE_ROWS + row] = block.own_village[v, row]
        add_means(block.own, block.live, block.tile_village, v, tile, columns, wide, means_at)
        draw_village_luck(
            block.village_low,
            block.village_high,
            scratch.village_luck,
            scratch.village_groups,
            v,
            address,
            key0,
            key1,
        )
        p = read_numbers(values, 0)
        after = change(p, read(wide, 0), read_draw(scratch.village_luck), since)
        write(wide, after)
        for row in changeable:
            block.village[v, row] = wide[0, row]
        for row in range(VILLAGE_ROWS):
            wide[0, row] = block.village[v, row]
        for row in range(own_columns):
            block.own_village[v, row] = wide[0, VILLAGE_ROWS + row]
        return 0

    @rule
    def begin(
        block: Any, scratch: Any, values: Any, v: int, tile: int, address: Any, since: float, seed: Any, replicate: Any
    ) -> int:
        return live_village(block, scratch, values, v, tile, address, since, seed, replicate)

    return begin


def strip_of(extension: Extension, records: Records, readers: Readers, first: Any, after: Any, month_of: Any) -> Any:
    """What stands in place of `kernels.live_strip`."""
    rows_of_own = max(len(extension.columns), 1)
    load_home, store_home = readers.home
    view_own, read_numbers, read_wide, load_luck = readers.own, readers.parameters, readers.village, readers.luck
    streams = max(len(groups_of(extension.draws)[0]), 1) * STREAMS_A_GROUP
    view_luck = make_tile_view(streams, np.float32)
    narrow, with_month = make_parts(records.home, Household)
    narrow_village, _ = make_parts(records.village, Village)

    @loop
    def lived(
        state: Any,
        own: Any,
        wide: Any,
        draws: Any,
        luck: Any,
        village_luck: Any,
        doses: Any,
        values: Any,
        tile: int,
        count: int,
        month: float,
    ) -> int:
        wide_vectors()
        p = read_numbers(values, 0)
        village = read_wide(wide, 0)
        for place in range(count):
            homes = view_state(state, (tile + place) * ROWS * LANES)
            mine = view_own(own, (tile + place) * rows_of_own * LANES)
            given = view_doses(doses, place * DOSES * LANES)
            numbers = view_draws(draws, place * DRAWS * LANES)
            chances = view_luck(luck, place * streams * LANES)
            for lane in range(LANES):
                start = load_home(homes, mine, lane)
                dose, drawn = load_dose(given, lane), load_draw(numbers, lane)
                all_drawn = load_luck(numbers, chances, village_luck, lane)
                ready = first(p, village, start, start, dose, all_drawn, month)
                home = month_of(p, narrow_village(village), narrow(ready), dose, drawn, month)
                store_home(homes, mine, lane, after(p, village, start, with_month(ready, home), dose, all_drawn, month))
        return 0

    @rule
    def live(
        block: Any,
        scratch: Any,
        values: Any,
        v: int,
        tile: int,
        count: int,
        address: Any,
        since: float,
        seed: Any,
        replicate: Any,
    ) -> int:
        draw_luck(block.id_low, block.id_high, scratch.luck, scratch.luck_groups, tile, count, address, seed, replicate)
        return lived(
            block.state,
            block.own,
            scratch.wide,
            scratch.draws,
            scratch.luck,
            scratch.village_luck,
            scratch.doses,
            values,
            tile,
            count,
            since,
        )

    return live


def trial_of(extension: Extension, records: Records, readers: Readers, first: Any, after: Any, change: Any) -> Any:
    """A small loop that takes the rules of an extension through a month, the household months themselves left out.

    It also writes traits, so that a rule that changes one is found out.
    """
    begin = begin_of(extension, readers, change, traits=True)
    readers = readers._replace(home=make_wide_access(records.home, ROWS, [True] * ROWS))

    @rule
    def no_month(p: Any, village: Any, home: Any, dose: Any, draw: Any, month: float) -> Any:
        return home

    strip = strip_of(extension, records, readers, first, after, no_month)

    def trial(block: Any, scratch: Any, values: Any, month: Any, seed: Any, replicate: Any) -> int:
        tile = np.int64(0)
        address = np.uint32(np.int64(month) - np.int64(1))
        for v in range(block.village.shape[0]):
            begin(block, scratch, values, v, tile, address, month, seed, replicate)
            while tile < block.tile_village.size and block.tile_village[tile] == v:
                strip(block, scratch, values, v, tile, np.int64(1), address, month, seed, replicate)
                tile += 1
        return 0

    return loop(trial)
