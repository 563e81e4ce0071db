"""The kernel itself: speed, its limit and parts, threads, growth with the population, and state in memory."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import parts
from benchmarks.parts import TOLD, Part
from benchmarks.report import Line
from benchmarks.settings import Settings
from benchmarks.timing import Contender, race
from benchmarks.world import FULL, IDLE, Life, World

_MILLION, _NANO = 1e6, 1e9
_GROWN = 12
"""Months timed where populations of several sizes are compared."""


def whole(world: World, policy: str, threads: int, months: int | None = None) -> Contender:
    """All blocks of a world through its months under a policy; making the blocks is not timed."""
    last = world.months if months is None else months
    chosen = world.policy(policy)

    def run(lives: Sequence[Life]) -> None:
        world.advance(lives, 0, last, threads)

    return Contender(lambda: world.lives(chosen), run, float(world.households * last))


def speed(settings: Settings) -> list[Line]:
    """Speed of the kernel with everything on, in household-months, on one and two threads."""
    world = World(settings.households)
    found = race(
        {"one": whole(world, FULL, 1), "two": whole(world, FULL, 2), "idle": whole(world, IDLE, 1)}, settings.rounds
    )
    unit, where = "M household-months/s", f"{settings.households:,} households, 60 months"
    told = {
        "one": ("five programmes and mentors, 1 thread", 75.0),
        "two": ("five programmes and mentors, 2 threads", 150.0),
        "idle": ("no programme, 1 thread", None),
    }
    return [
        Line("kernel", what, found.speed(name) / _MILLION, unit, found.spread(name), target, note=where)
        for name, (what, target) in told.items()
    ]


def limit(settings: Settings) -> list[Line]:
    """What share of the time goes into the parts that nothing can do without, and where the rest goes."""
    world = World(settings.households)
    found, detailed = parts.measure(world, settings.rounds)
    kernel = found.best("kernel")
    needed = found.best("draws") + found.best("month")
    extra = detailed * found.best("details")
    lines = [
        Line(
            "limit",
            "kernel against the sum of draws, normals and month alone",
            needed / kernel,
            "of the limit",
            found.ratio_spread("month", "kernel"),
            0.60,
            note=f"limit {1 / needed / _MILLION:.1f} M household-months/s, months 24 to 59",
        )
    ]
    shown = {
        "draws and uniforms": found.best("draws") - found.best("normals"),
        "normals": found.best("normals"),
        "month": found.best("month"),
        "sums": found.best("sums"),
        f"distribution and index ({100 * detailed:.0f} % of the months)": extra,
        "doses": found.best("doses"),
        "places filled": found.best("enrol"),
        "visits of mentors": found.best("visit"),
        "places ended": found.best("places"),
        "villages": found.best("villages"),
    }
    own = {"draws and uniforms": "draws"} | {TOLD[part]: TOLD[part] for part in Part}
    own |= {"places filled": "enrol", "visits of mentors": "visit", "places ended": "places"}
    for what, seconds in shown.items():
        spread = found.spread(own.get(what, "details"))
        lines.append(Line("parts", what, seconds * _NANO, "ns/household-month", spread))
    lines.append(
        Line(
            "parts",
            "sum of the parts",
            sum(shown.values()) * _NANO,
            "ns/household-month",
            note=f"the kernel takes {kernel * _NANO:.1f}, without a programme {found.best('idle') * _NANO:.1f}",
        )
    )
    return lines


def growth(settings: Settings) -> list[Line]:
    """Time of a household-month in populations of several sizes, and what a second thread gains in the largest."""
    worlds = {size: World(size) for size in settings.sizes if size != settings.largest}
    found = race({str(size): whole(made, FULL, 1, _GROWN) for size, made in worlds.items()}, settings.rounds)
    lines = [
        Line(
            "growth",
            f"{size:,} households, 1 thread",
            found.best(str(size)) * _NANO,
            "ns/household-month",
            found.spread(str(size)),
        )
        for size in worlds
    ]
    world = World(settings.largest)
    both = race({"one": whole(world, FULL, 1, _GROWN), "two": whole(world, FULL, 2, _GROWN)}, settings.rounds)
    lines.append(
        Line(
            "growth",
            f"{settings.largest:,} households, 1 thread",
            both.best("one") * _NANO,
            "ns/household-month",
            both.spread("one"),
        )
    )
    lines.append(
        Line(
            "threads",
            f"2 threads against 1, {settings.largest:,} households",
            both.ratio("two", "one"),
            "x",
            both.ratio_spread("two", "one"),
            1.8,
        )
    )
    return lines


def state(settings: Settings) -> list[Line]:
    """Bytes that a household takes in the arrays of the engine."""
    world = World(settings.households, burn_in=0)
    lives = world.lives(world.policy(FULL))
    count = world.households
    state_bytes = sum(life.block.state.nbytes for life in lives)
    lanes = sum(life.block.live.size for life in lives)
    kept = sum(array.nbytes for life in lives for array in (*life.block, *life.running))
    return [
        Line("memory", "state", state_bytes / lanes, "bytes/household", target=160.0, at_least=False),
        Line("memory", "state, padding of villages included", state_bytes / count, "bytes/household"),
        Line("memory", "all of a block: state, addresses, villages, places held", kept / count, "bytes/household"),
    ]
