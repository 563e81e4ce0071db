"""The parts of the kernel, each timed alone in a tight loop over the blocks it works on.

The limit is what a month cannot do without: draw the numbers, turn three of them into normals, apply the rules.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import numpy as np

from benchmarks.timing import Contender, Race, race
from benchmarks.world import FULL, JUDGED, Life, World
from empowersim._jit import LANES, loop, wide_vectors
from empowersim.engine.allocation import enrol, visit
from empowersim.engine.arrays import read_village, view_draws
from empowersim.engine.kernels import (
    add_spread,
    add_tile,
    begin_month,
    dose_tile,
    draw_tile,
    end_places,
    end_village,
    month_of_tile,
    serve_villages,
)
from empowersim.maths import HALF, normal_quantile
from empowersim.schema import VILLAGE_ROW, VILLAGE_ROWS


class Part(IntEnum):
    """What is timed alone."""

    DRAWS = 0
    """Philox, uniforms and the three normals."""
    NORMALS = 1
    """The three normals alone, from uniforms that are there."""
    MONTH = 2
    """The household month: all rules of the state."""
    SUMS = 3
    """Adding a tile to the sums of its village, plain months."""
    DETAILS = 4
    """The same with distribution and index, as in detailed months."""
    DOSES = 5
    """Gathering what programmes, villages and mentors bring."""
    ENROL = 6
    """Filling places from the eligible and willing, in months of intake."""
    VISIT = 7
    """Sharing out the mentors' hours, and their own change."""
    PLACES = 8
    """Counting a month off every place."""
    VILLAGES = 9
    """Season, shocks, and the villages' sums and means."""


TOLD: Final = {part: part.name.lower() for part in Part}
_LINE: Final = VILLAGE_ROW["line"]
_DRAWS, _NORMALS, _MONTH, _SUMS, _DETAILS, _DOSES, _ENROL, _VISIT, _PLACES, _VILLAGES = (int(part) for part in Part)


@loop
def normals_of_tile(draws: Any) -> int:
    """Turn three rows of uniforms into normals, over and over: the results go where the next tile's draws would."""
    wide_vectors()
    view = view_draws(draws, 0)
    for lane in range(LANES):
        view[0, lane] = normal_quantile(view[3, lane])
        view[1, lane] = normal_quantile(view[4, lane])
        view[2, lane] = normal_quantile(view[5, lane])
    return 0


@loop
def run_part(
    part: int,
    first: int,
    stop: int,
    block: Any,
    running: Any,
    plan: Any,
    offer: Any,
    tally: Any,
    scratch: Any,
    values: Any,
    key0: Any,
    key1: Any,
    mean_line: Any,
) -> int:
    """Do one part of the months ``first .. stop - 1`` of a block, and nothing else."""
    p = values[0]
    for month in range(first, stop):
        address = np.uint32(month)
        since = np.float32(month + 1)
        if part == _ENROL:
            enrol(block, running, plan, p, offer, tally, scratch, month, address, key0, key1)
        elif part == _VISIT:
            visit(block, running, plan, p, offer, tally, scratch, month, address, key0, key1)
        elif part == _VILLAGES:
            begin_month(block, month, 0, address, key0, key1)
            serve_villages(block, running, plan, offer, tally, scratch, month)
            for v in range(block.village.shape[0]):
                end_village(block, tally, scratch, p, v, month, True, False)
        else:
            for tile in range(block.state.shape[0]):
                v = block.tile_village[tile]
                if part == _DRAWS:
                    draw_tile(block, tile, scratch.draws, address, key0, key1)
                elif part == _NORMALS:
                    normals_of_tile(scratch.draws)
                elif part == _MONTH:
                    village = read_village(block.village, v * VILLAGE_ROWS)
                    month_of_tile(block, tile, scratch.draws, scratch.doses, p, village, since)
                elif part == _SUMS:
                    add_tile(block, tile, scratch, p, read_village(block.village, v * VILLAGE_ROWS), False, since)
                elif part == _DETAILS:
                    add_tile(block, tile, scratch, p, read_village(block.village, v * VILLAGE_ROWS), True, since)
                    add_spread(block, tile, tally.spread[month], block.village[v, _LINE], mean_line)
                elif part == _DOSES:
                    dose_tile(block, running, plan, tally, scratch, tile, month, block.village[v, _LINE], True, LANES)
                else:
                    end_places(running.slots, plan, scratch.draws, tile, LANES)
    return 0


def measure(world: World, rounds: int, first: int = 24) -> tuple[Race, float]:
    """Time every part alone over the months from `first` on, and the kernel over the same months, all in turn.

    Returns the race (competitors are the names of the parts, `kernel` and `idle`; seconds a household-month) and the
    share of detailed months among those timed. One thread, under the policy with five programmes and mentors, whose
    first months up to `first` are lived before; `idle` is the kernel without any programme.
    """
    grown = {name: world.lives(world.policy(name)) for name in ("no_programme", FULL)}
    for lives in grown.values():
        world.advance(lives, 0, first)
    months = world.months - first
    work = float(world.households * months)

    def copies(name: str = FULL) -> list[Life]:
        return [
            Life(
                life.block._replace(state=life.block.state.copy(), village=life.block.village.copy()),
                life.running._replace(**{key: array.copy() for key, array in life.running._asdict().items()}),
                life.plan,
                life.offer,
                life.tally._replace(**{key: array.copy() for key, array in life.tally._asdict().items()}),
            )
            for life in grown[name]
        ]

    def alone(part: Part) -> Contender:
        def run(lives: list[Life]) -> None:
            scratch = world.scratch.get()
            scratch.draws[:] = HALF
            scratch.doses[:] = 0.0
            scratch.sums[:] = 1.0
            for life in lives:
                run_part(int(part), first, world.months, *_arrays(life), scratch, *_rest(world))

        return Contender(copies, run, work)

    contenders = {TOLD[part]: alone(part) for part in Part}
    for name, policy in (("kernel", FULL), ("idle", "no_programme")):
        contenders[name] = Contender(
            lambda policy=policy: copies(policy),  # type: ignore[misc]
            lambda lives: world.advance(lives, first, world.months),
            work,
        )
    month = np.arange(first, world.months)
    detailed = (month % 12 == 11) | (month >= world.months - JUDGED)
    return race(contenders, rounds), float(detailed.mean())


def _arrays(life: Life) -> tuple[Any, ...]:
    return life.block, life.running, life.plan, life.offer, life.tally


def _rest(world: World) -> tuple[Any, ...]:
    return world.values, *world.key, world.mean_line
