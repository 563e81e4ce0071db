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
from empowersim.engine.metrics import Details, Sums, VillageSums
from empowersim.rules.month import Dose, Draw, Household, Village
from empowersim.schema import HOUSEHOLD, ROWS

DRAWS: Final = len(Draw._fields)
DOSES: Final = len(Dose._fields)

STRIP: Final = 8
"""Tiles of a village that go through a month together, at most."""

WORK_ROWS: Final = 3
QUEUE_ROWS: Final = 4

GUIDANCE: Final = (
    "competence",
    "trust_bonus",
    "local",
    "session_quality",
    "facilitation",
    "education",
    "representation",
    "technical_role",
    "coordinated",
)
"""What a mentor brings to the households of a tile: the last fields of `Dose`, in their order."""

assert Dose._fields[-len(GUIDANCE) :] == GUIDANCE

FINISHED: Final = np.uint8(255)
"""Mark of a programme slot whose place is over; 0 = never enrolled, else months left."""

view_state = make_tile_view(ROWS, np.float32)
view_draws = make_tile_view(DRAWS, np.float32)
view_doses = make_tile_view(DOSES, np.float32)
view_lane = make_tile_view(1, np.float32)
view_words = make_tile_view(1, np.uint32)
view_bytes = make_tile_view(1, np.uint8)
view_queue = make_tile_view(QUEUE_ROWS, np.float32)
load_household, store_household, _ = make_row_access(Household)
_, store_changed, _ = make_row_access(Household, [column.role != "trait" for column in HOUSEHOLD])
"""Writes what a month can change: traits stay where they are."""
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
    households: NDArray[np.float64]
    """Shape (1,): households of the block."""
    tile_village: NDArray[np.int64]
    """Shape (T,): village of a tile, index within the block."""
    village: NDArray[np.float32]
    """Shape (V, VILLAGE_ROWS)."""
    village_low: NDArray[np.uint32]
    """Shape (V,): permanent village id, low 32 bits."""
    village_high: NDArray[np.uint32]


CHANGING: Final = ("state", "village", "own", "own_village")
"""What months change in a block; the last two are columns of an extension (`machine.ExtendedBlock`)."""


class Running(NamedTuple):
    """What a policy keeps in a block from month to month besides households and villages."""

    slots: NDArray[np.uint8]
    """Shape (T, S, LANES): months left of a place; 0 = never held, FINISHED = over."""
    mentors: NDArray[np.float32]
    """Shape (mentors, len(MENTOR_STATE))."""
    served: NDArray[np.uint8]
    """Shape (community programmes, V): 1 where a village is served."""
    graduates: NDArray[np.float64]
    """Shape (S,): households that have got a place of the programme so far."""


MENTOR_STATE: Final = (
    "facilitative",
    "educational",
    "representational",
    "technical",
    "burnout",
    "months_in_post",
    "months_since_course",
    "vacant",
)
"""State of a mentor: four competences (0-1), burnout (0-1), months in post and since a course, months still vacant."""


def running_of(block: Block, slots: int, mentors: int, community: int) -> Running:
    """Nobody enrolled, no village served; the mentors' state is for the caller to fill."""
    return Running(
        slots=np.zeros((block.state.shape[0], max(slots, 1), LANES), np.uint8),
        mentors=np.zeros((max(mentors, 1), len(MENTOR_STATE)), np.float32),
        served=np.zeros((max(community, 1), block.village.shape[0]), np.uint8),
        graduates=np.zeros(max(slots, 1)),
    )


def copy_of(block: Block) -> Block:
    """A block with its own state and village means; what never changes is shared."""
    own = {name: getattr(block, name).copy() for name in CHANGING if name in block._fields}
    return block._replace(**own)


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
    demand: NDArray[np.float32]
    """Shape (S,)."""
    community_start: NDArray[np.int64]
    """Shape (community programmes,)."""
    community_end: NDArray[np.int64]
    community_dose: NDArray[np.float32]
    """Shape (community programmes, DOSES)."""
    community_row: NDArray[np.int64]
    """Shape (changes,): the village column that changes."""
    community_of: NDArray[np.int64]
    """Shape (changes,): the programme that changes it."""
    community_value: NDArray[np.float32]
    community_scales: NDArray[np.bool_]
    """Shape (changes,): the value is a factor."""
    community_low: NDArray[np.float32]
    community_high: NDArray[np.float32]
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
    mentor_low: NDArray[np.uint32]
    """Shape (mentors,): permanent id of a mentor, low 32 bits."""
    mentor_high: NDArray[np.uint32]
    villages: NDArray[np.int64]
    """Shape (community programmes,): villages served."""


class Tally(NamedTuple):
    """What a block adds up, month by month; only counts and float64 sums in a fixed order."""

    sums: NDArray[np.float64]
    """Shape (M, len(metrics.Sums._fields))."""
    details: NDArray[np.float64]
    """Shape (M, len(metrics.Details._fields)), in detailed months."""
    villages: NDArray[np.float64]
    """Shape (M, 4): households, and sums over them of collective capability, culture and expected thefts."""
    mentors: NDArray[np.float64]
    """Shape (len(outputs.MENTOR_SERIES), M)."""
    served: NDArray[np.int64]
    """Shape (community programmes, M): villages served."""
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


class Queue(NamedTuple):
    """Households waiting to be drawn for, at most LANES."""

    low: NDArray[np.uint32]
    """Shape (1, LANES): permanent id, low 32 bits."""
    high: NDArray[np.uint32]
    columns: NDArray[np.float32]
    """Shape (QUEUE_ROWS, LANES): consumption, error of the register, say, motivation."""
    who: NDArray[np.int64]
    """Shape (LANES,): tile x LANES + lane."""
    keys: NDArray[np.float32]
    """Shape (1, LANES)."""


class Scratch(NamedTuple):
    """Working memory of one thread."""

    draws: NDArray[np.float32]
    """Shape (STRIP, DRAWS, LANES)."""
    doses: NDArray[np.float32]
    """Shape (STRIP, DOSES, LANES)."""
    lanes: NDArray[np.float32]
    """Shape (1, LANES)."""
    sums: NDArray[np.float32]
    """Shape (len(metrics.Sums), LANES): lane sums of the block, all zero between months."""
    village_sums: NDArray[np.float32]
    """Shape (len(metrics.VillageSums), LANES): lane sums of the village at hand."""
    details: NDArray[np.float32]
    """Shape (len(metrics.Details), LANES), all zero between months."""
    demand: NDArray[np.float32]
    """Shape (T, LANES): visits wanted this month, then visits made."""
    given: NDArray[np.float32]
    """Shape (T, LANES), all zero between months."""
    held: NDArray[np.float32]
    """Shape (T,): share of the group sessions that take place."""
    guidance: NDArray[np.float32]
    """Shape (T, len(GUIDANCE)): what the mentor of a tile brings this month."""
    village_doses: NDArray[np.float32]
    """Shape (DOSES,): what community programmes give in the village at hand."""
    work: NDArray[np.float32]
    """Shape (STRIP, WORK_ROWS, LANES): who holds any place, who this one, who has just got it."""
    keys: NDArray[np.float32]
    """Shape (T x LANES,)."""
    who: NDArray[np.int64]
    """Shape (T x LANES,): tile x LANES + lane of each key."""
    heap: NDArray[np.float32]
    queue: Queue


def scratch_for(tiles: int) -> Scratch:
    """Working memory for blocks of at most `tiles` tiles."""
    return Scratch(
        draws=np.zeros((STRIP, DRAWS, LANES), np.float32),
        doses=np.zeros((STRIP, DOSES, LANES), np.float32),
        lanes=np.zeros((1, LANES), np.float32),
        sums=np.zeros((len(Sums._fields), LANES), np.float32),
        village_sums=np.zeros((len(VillageSums._fields), LANES), np.float32),
        details=np.zeros((len(Details._fields), LANES), np.float32),
        demand=np.zeros((tiles, LANES), np.float32),
        given=np.zeros((tiles, LANES), np.float32),
        held=np.zeros(tiles, np.float32),
        guidance=np.zeros((tiles, len(GUIDANCE)), np.float32),
        village_doses=np.zeros(DOSES, np.float32),
        work=np.zeros((STRIP, WORK_ROWS, LANES), np.float32),
        keys=np.zeros(tiles * LANES, np.float32),
        who=np.zeros(tiles * LANES, np.int64),
        heap=np.zeros(tiles * LANES, np.float32),
        queue=Queue(
            low=np.zeros((1, LANES), np.uint32),
            high=np.zeros((1, LANES), np.uint32),
            columns=np.zeros((QUEUE_ROWS, LANES), np.float32),
            who=np.zeros(LANES, np.int64),
            keys=np.zeros((1, LANES), np.float32),
        ),
    )
