"""Two lives of the same households side by side, month by month: who moved first, and which draw moved them.

Blocks are walked one after another in the order of the first side, each through all months on both sides in turn, with
the same working memory as a run has. Compared are all columns of every household, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES
from empowersim.engine.arrays import Block
from empowersim.engine.lives import Begun, Lives, Under
from empowersim.engine.plans import Portion
from empowersim.engine.replay import draws_of, month_again
from empowersim.engine.strips import NORMALS
from empowersim.rng import Stream
from empowersim.rules.month import MONTHS_UNSEEN_MOST, Draw
from empowersim.schema import HOUSEHOLD, ROW, VILLAGE, VILLAGE_ROW

WHERE: Final = ("treated", "same_village", "same_subdistrict", "elsewhere")
"""Where somebody stands who has moved: treated, or beside a treated one in the village, the subdistrict, or neither."""

_SHOWN: Final = 6
"""Columns named in a finding."""
_SUMMED: Final = "welfare"
"""The only column that the run adds to after the month, in judged months."""
_REACH: Final = 14.0
"""Log odds of the smallest uniform that is tried: one in a million."""
_STREAMS: Final = tuple(Stream[name.upper()] for name in Draw._fields)
_ROOTS: Final = ("shock_now", "busy")
"""Columns of a village that are drawn or told by the calendar, not carried over from its households."""


@dataclass(frozen=True)
class Moved:
    """The first household that moved where none should have."""

    month: int
    """0 = first month of the policies; negative in the burn-in, -`burn_in` - 1 before its first month."""
    household: int
    """Permanent id."""
    subdistrict: int
    """Permanent id."""
    columns: tuple[str, ...]
    """Columns of `schema.HOUSEHOLD` that are different in that month, the first few in their order."""
    stream: str
    """Draw that moved it (a name of `rng.Stream`), or empty where no draw did."""
    why: str
    """In a sentence."""


@dataclass
class Side:
    """One of the two lives: a run, and which of its policies."""

    lives: Lives
    number: int
    begun: Mapping[int, tuple[Begun, Portion]]
    """Permanent id of a subdistrict -> its block after the burn-in, and its portion of places and posts."""
    changed: Callable[[Under, int], Under] | None = None
    """Changes what a block, given with its permanent id, is offered."""

    def open(self, identity: int) -> Under:
        """The block of a subdistrict on the first day of the policy."""
        begun, portion = self.begun[identity]
        under = self.lives.open(begun, self.number, portion)
        return under if self.changed is None else self.changed(under, identity)


@dataclass(frozen=True)
class Walked:
    """What came of a walk."""

    moved: NDArray[np.int64]
    """Shape (months, len(WHERE)): households different in a month from their other life, by where they stand."""
    treated: NDArray[np.int64]
    """Shape (months,): households treated so far on the second side."""
    first: Moved | None
    """The first that moved though it should not have."""
    unexpected: int
    """Households that ever moved though they should not have."""


@dataclass
class _Moment:
    """A household in the month in which it moved."""

    month: int
    household: int
    subdistrict: int
    before: tuple[NDArray[np.float32], NDArray[np.float32]]
    """Columns before the month, on both sides."""
    after: tuple[NDArray[np.float32], NDArray[np.float32]]
    villages: tuple[NDArray[np.float32], NDArray[np.float32]]
    """Columns of its village as the month used them."""
    holds: tuple[bool, bool]
    """Whether it holds or has held a place, on both sides."""


def walk(
    a: Side,
    b: Side,
    months: int,
    *,
    allowed: Sequence[str],
    key: tuple[int, int],
    values: Any,
    spared: Collection[int] = (),
) -> Walked:
    """Walk both sides through `months` months; `allowed` of `WHERE`, and the households `spared`, may move.

    `key` = (seed, replicate) and `values` = parameters as one record, to find the draw behind a move. Households are
    matched by id; who lives on one side only is left out.
    """
    counts, treated_by = np.zeros((months, len(WHERE)), np.int64), np.zeros(months, np.int64)
    forbidden = [place for place, where in enumerate(WHERE) if where not in allowed]
    first: _Moment | None = None
    unexpected = 0
    for identity in a.begun:
        if identity not in b.begun:
            continue
        one, other = a.open(identity), b.open(identity)
        at, bt = matched(one.block, other.block)
        ids, village = ids_of(one.block)[at], villages_of(one.block)[at]
        before = rows_of(one.block)[at], rows_of(other.block)[bt]
        ever, served = np.zeros(ids.size, np.bool_), np.zeros(ids.size, np.bool_)
        for month in range(months):
            old = one.block.village.copy(), other.block.village.copy()
            one_lives, other_lives = a.lives, b.lives
            one_lives.go_on(one, month, month + 1)
            other_lives.go_on(other, month, month + 1)
            after = rows_of(one.block)[at], rows_of(other.block)[bt]
            served = served | treated(other)[bt] | treated(one)[at]  # a village that was served stays so
            stands = _where(served, village)
            differs = unlike_rows(*after)
            counts[month] += np.bincount(stands[differs], minlength=len(WHERE))
            treated_by[month] += int(served.sum())
            wrong = differs & np.isin(stands, forbidden) & ~np.isin(ids, list(spared))
            ever |= wrong
            if wrong.any():
                home = int(np.flatnonzero(wrong)[0])
                if first is None or (month, int(ids[home])) < (first.month, first.household):
                    here = int(village[home])
                    first = _Moment(
                        month,
                        int(ids[home]),
                        identity,
                        (before[0][home], before[1][home]),
                        (after[0][home], after[1][home]),
                        (
                            _in_month(old[0][here], one.block.village[here]),
                            _in_month(old[1][here], other.block.village[here]),
                        ),
                        (_holds(one)[at][home], _holds(other)[bt][home]),
                    )
            before = after
        unexpected += int(ever.sum())
    return Walked(counts, treated_by, None if first is None else _explained(first, key, values), unexpected)


def walk_burn_in(
    blocks: Callable[[], Sequence[tuple[Block, int, int]]],
    others: Callable[[], Sequence[tuple[Block, int, int]]],
    lives: tuple[Lives, Lives],
    burn_in: int,
    *,
    key: tuple[int, int],
    values: Any,
    spared: Collection[int] = (),
) -> Moved | None:
    """The first household that the burn-in moves; None if it moves nobody but those `spared`.

    `blocks` and `others` lay out the blocks of both sides anew, with region type and permanent id.
    """
    earlier: dict[int, tuple[Any, ...]] = {}
    for until in range(-burn_in, 1):
        there = {identity: lives[1].begin(block, region, identity, until=until) for block, region, identity in others()}
        for block, region, identity in blocks():
            if identity not in there:
                continue
            one, other = lives[0].begin(block, region, identity, until=until).block, there[identity].block
            at, bt = matched(one, other)
            after = rows_of(one)[at], rows_of(other)[bt]
            ids, village = ids_of(one)[at], villages_of(one)[at]
            wrong = unlike_rows(*after) & ~np.isin(ids, list(spared))
            if wrong.any():
                home, here = int(np.flatnonzero(wrong)[0]), int(village[np.flatnonzero(wrong)[0]])
                rows, old = earlier.get(identity, (after, (one.village, other.village)))
                moment = _Moment(
                    until - 1,
                    int(ids[home]),
                    identity,
                    (rows[0][home], rows[1][home]),
                    (after[0][home], after[1][home]),
                    (_in_month(old[0][here], one.village[here]), _in_month(old[1][here], other.village[here])),
                    (False, False),
                )
                return _explained(moment, key, values, started=until > -burn_in)
            earlier[identity] = after, (one.village.copy(), other.village.copy())
    return None


# ---------------------------------------------------------------- what is looked at


def rows_of(block: Block) -> NDArray[np.float32]:
    """All columns of the households of a block, (households, ROWS), in their order."""
    found: NDArray[np.float32] = block.state.transpose(0, 2, 1)[block.live > 0]
    return found


def ids_of(block: Block) -> NDArray[np.int64]:
    """Permanent ids of the households of a block, in their order."""
    alive = block.live > 0
    high = (block.id_high[alive] & np.uint32(0xFFFFFF)).astype(np.int64)
    return (high << 32) | block.id_low[alive].astype(np.int64)


def villages_of(block: Block) -> NDArray[np.int64]:
    """Village of each household, index within the block."""
    return np.repeat(block.tile_village, LANES).reshape(block.live.shape)[block.live > 0]


def matched(one: Block, other: Block) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the households that live in both blocks."""
    _, at, bt = np.intersect1d(ids_of(one), ids_of(other), assume_unique=True, return_indices=True)
    return at, bt


def unlike_rows(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Households that have not the very same bits in all columns."""
    found: NDArray[np.bool_] = (one.view(np.uint32) != other.view(np.uint32)).any(axis=1)
    return found


def treated(under: Under) -> NDArray[np.bool_]:
    """Households that have had a place, a visit, or live in a village that a programme has served."""
    visited = (under.block.state[:, ROW["unseen"], :] < MONTHS_UNSEEN_MOST)[under.block.live > 0]
    reached: NDArray[np.bool_] = _holds(under) | visited
    if under.plan.community_start.size:
        reached |= (under.running.served != 0).any(axis=0)[villages_of(under.block)]
    return reached


def _holds(under: Under) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (under.running.slots != 0).any(axis=1)[under.block.live > 0]
    return found


def _where(served: NDArray[np.bool_], village: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index into `WHERE` of each household of a block."""
    among = np.zeros(int(village.max()) + 1, np.bool_)
    among[village[served]] = True
    found = np.full(served.size, WHERE.index("same_subdistrict" if served.any() else "elsewhere"), np.int64)
    found[among[village]] = WHERE.index("same_village")
    found[served] = WHERE.index("treated")
    return found


def _in_month(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """A village as the households of a month see it: last month's means, this month's shock and season."""
    found = before.copy()
    for name in _ROOTS:
        found[VILLAGE_ROW[name]] = after[VILLAGE_ROW[name]]
    return found


# ---------------------------------------------------------------- why somebody moved


def _explained(moment: _Moment, key: tuple[int, int], values: Any, *, started: bool = True) -> Moved:
    different = [
        column.name
        for row, column in enumerate(HOUSEHOLD)
        if moment.after[0][row].tobytes() != moment.after[1][row].tobytes()
    ]
    stream, why = _cause(moment, set(different), key, values, started)
    return Moved(moment.month, moment.household, moment.subdistrict, tuple(different[:_SHOWN]), stream, why)


def _cause(moment: _Moment, different: set[str], key: tuple[int, int], values: Any, started: bool) -> tuple[str, str]:
    """The stream that moved a household, and a sentence; found by living the month again from its own address."""
    if not started:
        return "", "it starts with other columns: what is drawn once in a life, or observed, is different"
    if moment.holds[0] != moment.holds[1]:
        return "LOTTERY", "it holds a place of a programme in one life and not in the other"
    if moment.before[0].tobytes() != moment.before[1].tobytes():
        return "", "it was different before: when the policies began, or where a difference was allowed"
    villages = [
        column.name
        for row, column in enumerate(VILLAGE)
        if moment.villages[0][row].tobytes() != moment.villages[1][row].tobytes()
    ]
    if "shock_now" in villages:
        return "VILLAGE_SHOCK", "its village is struck by another shock"
    if villages and _villages_matter(moment, key, values):
        return "", f"contact: {', '.join(villages[:_SHOWN])} of its village was different"
    if moment.holds[0]:
        return "", (
            "it holds a place on both sides, and what this gives is different: its mentor's time, or what its trade is "
            "worth, hangs on others"
        )
    return _stream_of(moment, different, key, values)


def _villages_matter(moment: _Moment, key: tuple[int, int], values: Any) -> bool:
    """Whether the month of this household is another one in the village of the second side."""
    draws = draws_of(moment.household, moment.month, *key).reshape(1, -1)
    lives = [month_again(moment.before[0], village, draws, values, moment.month) for village in moment.villages]
    return lives[0].tobytes() != lives[1].tobytes()


def _stream_of(moment: _Moment, different: set[str], key: tuple[int, int], values: Any) -> tuple[str, str]:
    """Which draw of the month, put in place of that of the address, gives what was found."""
    base = draws_of(moment.household, moment.month, *key)
    expected = month_again(moment.before[0], moment.villages[0], base.reshape(1, -1), values, moment.month)[0]
    off = [side for side in (0, 1) if not _same_month(moment.after[side], expected)]
    said = "neither life has" if len(off) > 1 else "one life has not"
    found = moment.after[off[0]] if off else moment.after[1]
    grid = _even_odds()
    reach: dict[Stream, set[str]] = {}
    different = different - {_SUMMED}
    for row, stream in enumerate(_STREAMS):
        draws = np.repeat(base.reshape(1, -1), LANES, axis=0)
        draws[:, row] = _normal(grid) if row < NORMALS else grid
        lives = month_again(moment.before[0], moment.villages[0], draws, values, moment.month)
        for number, life in zip(draws[:, row], lives, strict=True):
            if _same_month(life, found):
                return stream.name, (
                    f"{said} the draw of its address: {stream.name} is {base[row]:.3g} there, and {number:.2g} "
                    "would give just what was found"
                )
        changed = (lives.view(np.uint32) != expected.view(np.uint32)).any(axis=0)
        reach[stream] = {column.name for column, yes in zip(HOUSEHOLD, changed, strict=True) if yes}
    able = sorted((len(columns), stream) for stream, columns in reach.items() if different <= columns)
    if able:
        return able[0][1].name, f"{said} the draws of its address: of all, {able[0][1].name} reaches these columns"
    partly = [stream.name for stream, columns in reach.items() if different & columns]
    return " ".join(partly), f"{said} the draws of its address, and no single stream explains it"


def _even_odds() -> NDArray[np.float32]:
    """Uniforms from one end to the other, dense at both: some events have chances of one in a thousand."""
    odds = np.linspace(-_REACH, _REACH, LANES)
    return (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)


def _same_month(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether a household has the same bits in all columns that a month writes."""
    return np.delete(one, ROW[_SUMMED]).tobytes() == np.delete(other, ROW[_SUMMED]).tobytes()


def _normal(uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(float(one)) for one in uniform], np.float32)
