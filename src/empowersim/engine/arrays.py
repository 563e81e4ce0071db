"""How a block of households lies in memory, and the compiled ways in and out of it.

A block is a subdistrict. Its villages stand one after another, each padded to whole tiles of `LANES`
households; a tile holds one row of LANES float32 for each column of `schema.HOUSEHOLD`, so that all a
household month needs is a few adjacent kilobytes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, make_record_reader, make_row_access, make_tile_view
from empowersim.rules.month import Dose, Draw, Household, Village
from empowersim.schema import ROWS

DRAWS: Final = len(Draw._fields)
DOSES: Final = len(Dose._fields)

WORK_ROWS: Final = 3

FINISHED: Final = np.uint8(255)
"""Mark of a programme slot whose place is over; 0 = never enrolled, else months left."""

view_state = make_tile_view(ROWS, np.float32)
view_draws = make_tile_view(DRAWS, np.float32)
view_doses = make_tile_view(DOSES, np.float32)
view_lane = make_tile_view(1, np.float32)
view_words = make_tile_view(1, np.uint32)
load_household, store_household, _ = make_row_access(Household)
load_draw, _, _ = make_row_access(Draw)
load_dose, _, _ = make_row_access(Dose)
read_village = make_record_reader(Village)


class Block(NamedTuple):
    """Arrays of one block. T tiles, V villages, S programme slots; padded lanes have `live` 0."""

    state: NDArray[np.float32]
    """Shape (T, ROWS, LANES)."""
    live: NDArray[np.float32]
    """Shape (T, LANES): 1 for a household, 0 for padding."""
    id_low: NDArray[np.uint32]
    """Shape (T, LANES): permanent household id, low 32 bits."""
    id_high: NDArray[np.uint32]
    tile_village: NDArray[np.int64]
    """Shape (T,): village of a tile, index within the block."""
    village: NDArray[np.float32]
    """Shape (V, VILLAGE_ROWS)."""
    village_low: NDArray[np.uint32]
    """Shape (V,): permanent village id, low 32 bits."""
    village_high: NDArray[np.uint32]


def slots_of(block: Block, slots: int) -> NDArray[np.uint8]:
    """Fresh programme slots of a block: shape (T, slots, LANES), nobody enrolled."""
    return np.zeros((block.state.shape[0], max(slots, 1), LANES), np.uint8)


def copy_of(block: Block) -> Block:
    """A block with its own state and village means; what never changes is shared."""
    return block._replace(state=block.state.copy(), village=block.village.copy())


class Plan(NamedTuple):
    """A policy as arrays. S programmes, C conditions each, N doses in all, M months."""

    condition_row: NDArray[np.int64]
    """Shape (S, C): state row, -1 = no condition."""
    condition_low: NDArray[np.float32]
    condition_high: NDArray[np.float32]
    condition_observed: NDArray[np.bool_]
    number: NDArray[np.uint32]
    noise: NDArray[np.float32]
    take_up: NDArray[np.float32]
    drop_out: NDArray[np.float32]
    priority: NDArray[np.int64]
    """Index into `allocation.PRIORITIES`."""
    duration: NDArray[np.int64]
    once: NDArray[np.bool_]
    per_child: NDArray[np.bool_]
    dose_slot: NDArray[np.int64]
    """Shape (N,)."""
    dose_channel: NDArray[np.int64]
    dose_amount: NDArray[np.float32]
    dose_first: NDArray[np.bool_]
    """Given in the first month only."""
    dose_money: NDArray[np.bool_]
    """In rupiah; turned into L of the household."""
    dose_per_child: NDArray[np.bool_]
    mentor_rule: int
    """Index into `allocation.RULES`."""
    mentor: NDArray[np.float64]
    """Shape (len(allocation.MENTOR_FIELDS),): hours and times of the block's mentors."""


class Offer(NamedTuple):
    """What a block gets of a policy: places by programme and month, and its mentors' areas."""

    places: NDArray[np.int64]
    """Shape (S, M)."""
    mentor_tiles: NDArray[np.int64]
    """Shape (mentors + 1,): first tile of each mentor's area."""


class Tally(NamedTuple):
    """What a block adds up, month by month; only counts and float64 sums in a fixed order."""

    sums: NDArray[np.float64]
    """Shape (M, len(metrics.Sums._fields))."""
    details: NDArray[np.float64]
    """Shape (M, len(metrics.Details._fields)), in detailed months."""
    spread: NDArray[np.float64]
    """Shape (M, metrics.BINS, 2): persons and consumption by class of consumption, in detailed months."""
    filled: NDArray[np.int64]
    """Shape (S, M)."""
    applicants: NDArray[np.int64]
    enrolled: NDArray[np.int64]
    units: NDArray[np.int64]
    """Shape (S, M): enrolled households, or their children for programmes paid per child."""
    starters: NDArray[np.int64]
    """Shape (S, M): units that started."""
    hours: NDArray[np.float64]
    """Shape (len(outputs.HOURS), M)."""
    trips: NDArray[np.float64]
    """Shape (2, M): trips and group sessions of mentors."""


class Scratch(NamedTuple):
    """Working memory of one thread."""

    draws: NDArray[np.float32]
    doses: NDArray[np.float32]
    lanes: NDArray[np.float32]
    sums: NDArray[np.float32]
    details: NDArray[np.float32]
    demand: NDArray[np.float32]
    """Shape (T, LANES): visits wanted this month, then visits made."""
    given: NDArray[np.float32]
    """Shape (T, LANES), all zero between months."""
    held: NDArray[np.float32]
    """Shape (T,): share of the group sessions that take place."""
    work: NDArray[np.float32]
    """Shape (WORK_ROWS, LANES): who holds any place, who this one, who has just got it."""
    ones: NDArray[np.float32]
    """Shape (LANES,), all one."""
    keys: NDArray[np.float32]
    """Shape (T x LANES,)."""
    who: NDArray[np.int64]
    """Shape (T x LANES,): tile x LANES + lane of each key."""
    heap: NDArray[np.float32]


def scratch_for(tiles: int, sums: int, details: int) -> Scratch:
    """Working memory for blocks of at most `tiles` tiles."""
    return Scratch(
        draws=np.zeros((DRAWS, LANES), np.float32),
        doses=np.zeros((DOSES, LANES), np.float32),
        lanes=np.zeros((1, LANES), np.float32),
        sums=np.zeros((sums, LANES), np.float32),
        details=np.zeros((details, LANES), np.float32),
        demand=np.zeros((tiles, LANES), np.float32),
        given=np.zeros((tiles, LANES), np.float32),
        held=np.zeros(tiles, np.float32),
        work=np.zeros((WORK_ROWS, LANES), np.float32),
        ones=np.ones(LANES, np.float32),
        keys=np.zeros(tiles * LANES, np.float32),
        who=np.zeros(tiles * LANES, np.int64),
        heap=np.zeros(tiles * LANES, np.float32),
    )
