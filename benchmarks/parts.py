"""The parts of the kernel, each timed alone in a tight loop over the blocks it works on.

The limit is what a month cannot do without: draw the numbers, turn three of them into normals, apply the rules.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import numpy as np

from benchmarks.timing import Contender, Race, race
from benchmarks.world import FULL, JUDGED, Life, World
from empowersim._jit import LANES, kernel, loop, wide_vectors
from empowersim.engine.allocation import enrol, visit
from empowersim.engine.arrays import DRAWS, STRIP, view_draws
from empowersim.engine.kernels import begin_month, end_village, serve_villages
from empowersim.engine.strips import (
    NORMALS,
    add_details,
    add_spread,
    add_to_measures,
    add_to_village,
    dose_strip,
    draw_strip,
    end_places,
    month_of_strip,
)
from empowersim.maths import HALF, normal_in_centre, tail_depth
from empowersim.schema import VILLAGE_ROW


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
    """Distribution and index, in detailed months besides."""
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
def normals_of_strip(draws: Any, count: int) -> int:
    """Turn three rows of uniforms into normals, over and over: the results go where the next strip's draws would."""
    wide_vectors()
    for place in range(count):
        view = view_draws(draws, place * DRAWS * LANES)
        for row in range(NORMALS):
            for lane in range(LANES):
                view[row, lane] = normal_in_centre(view[row + NORMALS, lane], tail_depth(view[row + NORMALS, lane]))
    return 0


@kernel
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
    state, live, villages = block.state, block.live, block.village
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
            for v in range(villages.shape[0]):
                end_village(block, tally, scratch, p, v, month, True)
        else:
            tile = 0
            while tile < state.shape[0]:
                v = block.tile_village[tile]
                line = villages[v, _LINE]
                count = 1
                while count < STRIP and tile + count < state.shape[0] and block.tile_village[tile + count] == v:
                    count += 1
                if part == _DRAWS:
                    draw_strip(
                        block.id_low, block.id_high, scratch.draws, scratch.lanes, tile, count, address, key0, key1
                    )
                elif part == _NORMALS:
                    normals_of_strip(scratch.draws, count)
                elif part == _MONTH:
                    month_of_strip(state, villages, v, scratch.draws, scratch.doses, values, tile, count, since)
                elif part == _SUMS:
                    add_to_village(state, live, scratch.doses, scratch.village_sums, tile, count)
                    add_to_measures(state, live, villages, v, scratch.work, scratch.sums, values, tile, count, since)
                elif part == _DETAILS:
                    add_details(state, live, scratch.details, values, tile, count)
                    add_spread(state, live, scratch.lanes, tally.spread[month], line, mean_line, tile, count)
                elif part == _DOSES:
                    dose_strip(block, running, plan, tally, scratch, tile, count, month, line, True)
                else:
                    end_places(running.slots, plan.drop_out, scratch.draws, tile, count)
                tile += count
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
