"""The peers: checked to live the same months as the kernel, then timed against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.kernel import whole
from benchmarks.peers.columns import headcounts
from benchmarks.report import Line, unavailable
from benchmarks.settings import Settings
from benchmarks.timing import Contender, race
from benchmarks.world import IDLE, World, flat, sums_of

_YEAR = 12
MOST_ERROR = 1e-3
"""Largest relative error of a household's state after a year where a peer's arithmetic is not the kernel's."""
MOST_FLIPPED = 1e-3
"""Largest share of households whose luck may turn on the last bit of a chance within a year."""
MOST_HEADCOUNT = 1e-4
"""Largest difference in the poverty headcount, as a share of persons, in any month."""
_FLOOR = 1e-2
"""Size below which errors are taken against this, not against the value itself."""
STANDARD_ERRORS = 5.0
"""Width, in standard errors, within which a peer with its own random numbers must come out: a false alarm once in
some hundred thousand checks."""


_UNEQUAL = 1.25
"""Factor on the standard error of a share of persons because households are not of one size."""


class DisagreementError(Exception):
    """A peer did not reach the kernel's results: it computes another month, and timing it would tell nothing."""


@dataclass(frozen=True)
class Agreement:
    """How close a peer came to the kernel after a year of the same households."""

    same_bits: float
    """Share of the numbers of the state that are the very same bits."""
    error: float
    """Largest relative error of the state, leaving out households whose luck has turned."""
    flipped: float
    """Share of households with an error above `MOST_ERROR`."""
    headcount: float
    """Largest difference in poverty headcount in any month."""


def kernel_year(world: World) -> tuple[Any, Any]:
    """State, shape (ROWS, households), and headcounts by month after the kernel's first year without a programme."""
    lives = world.lives(world.policy(IDLE))
    world.advance(lives, 0, _YEAR)
    return flat([life.block for life in lives]).state, headcounts(sums_of(lives)[:_YEAR])


def agreement(state: Any, shares: Any, wanted: Any, wanted_shares: Any) -> Agreement:
    """Compare a peer's state and headcounts with the kernel's."""
    error = np.abs(state - wanted) / np.maximum(np.abs(wanted), _FLOOR)
    worst = error.max(axis=0)
    turned = worst > MOST_ERROR
    return Agreement(
        same_bits=float((state.view(np.uint32) == wanted.view(np.uint32)).mean()),
        error=float(worst[~turned].max(initial=0.0)),
        flipped=float(turned.mean()),
        headcount=float(np.abs(shares - wanted_shares).max()),
    )


def check(name: str, found: Agreement, exact: bool) -> Agreement:
    """Return the agreement; raise `DisagreementError` where it is not close enough, or not exact where it should be."""
    if exact and (found.same_bits < 1.0 or found.headcount > MOST_HEADCOUNT):
        raise DisagreementError(f"{name}: not the kernel's bits: {found}")
    if found.flipped > MOST_FLIPPED or found.headcount > MOST_HEADCOUNT:
        raise DisagreementError(f"{name}: another month than the kernel's: {found}")
    return found


def check_by_chance(name: str, shares: Any, wanted: Any, world: World) -> float:
    """Largest difference in headcount of a peer with its own luck; raise `DisagreementError` beyond sampling error.

    Peer and kernel both vary, with households of unequal size; the shocks of villages are the same in both.
    """
    error = _UNEQUAL * np.sqrt(2.0 * wanted * (1.0 - wanted) / world.households)
    apart = np.abs(shares - wanted)
    if (apart > STANDARD_ERRORS * error).any():
        raise DisagreementError(f"{name}: headcount off by {apart.max():.4f}, more than chance allows")
    return float(apart.max())


@dataclass(frozen=True)
class Peer:
    """A peer to be timed: how to make it, on how many households, and how it is told."""

    make: Callable[[World], Any]
    big: bool
    """On the households of the array peers, else on those of the agents."""
    what: str
    target: float | None = None
    note: str = ""


def _numpy(**how: Any) -> Callable[[World], Any]:
    from benchmarks.peers.numpy_arrays import NumpyArrays

    return lambda world: NumpyArrays(world, **how)


def _mesa(rendering: str) -> Callable[[World], Any]:
    from benchmarks.peers.mesa_agents import MesaModel

    return lambda world: MesaModel(world, rendering=rendering)


def checked(settings: Settings) -> tuple[dict[str, Peer], list[Line]]:
    """Check every peer that is installed against the kernel; returns those to time, and what the checks found."""
    world, wide = World(settings.checked), World(settings.lucky)
    state, shares = kernel_year(world)
    _, wide_shares = kernel_year(wide)
    peers: dict[str, Peer] = {}
    lines: list[Line] = []

    def same(name: str, made: Any, exact: bool = False) -> None:
        made.live(_YEAR)
        held = made.columns() if hasattr(made, "columns") else made.state
        found = check(name, agreement(held, made.headcounts(), state, shares), exact)
        told = "the kernel's bits" if exact else f"largest relative error {found.error:.1e}"
        note = f"{told}; headcount within {found.headcount:.1e}; {settings.checked:,} households, 12 months"
        lines.append(Line("check", name, 100 * found.flipped, "% of households astray", note=note))

    def lucky(name: str, made: Any) -> None:
        made.live(_YEAR)
        apart = check_by_chance(name, made.headcounts(), wide_shares, wide)
        note = f"within chance; {settings.lucky:,} households, 12 months"
        lines.append(Line("check", f"{name}, own draws", 100 * apart, "points of headcount", note=note))

    same("numpy, exact arithmetic", _numpy(exact=True)(world), exact=True)
    same("numpy", _numpy()(world))
    lucky("numpy", _numpy(own_generator=True)(wide))
    peers["numpy_philox"] = Peer(_numpy(), True, "numpy, the same draws (Philox)", 10.0)
    peers["numpy_own"] = Peer(_numpy(own_generator=True), True, "numpy, its own fastest generator", 10.0)
    if find_spec("mesa") is None:
        lines.append(unavailable("check", "Mesa", "not installed"))
    else:
        same("Mesa, agents call the compiled rule", _mesa("call")(world), exact=True)
        same("Mesa, agents changed in place", _mesa("in_place")(world), exact=True)
        same("Mesa, rules in plain Python", _mesa("plain")(world))
        peers["mesa_call"] = Peer(_mesa("call"), False, "Mesa, agents call the compiled rule", 500.0)
        peers["mesa_plain"] = Peer(_mesa("plain"), False, "Mesa, rules in plain Python", 500.0)
        note = "the least a step can cost in Mesa: compiled code changes an agent's numbers where they stand"
        peers["mesa_in_place"] = Peer(_mesa("in_place"), False, "Mesa, agents changed in place", note=note)
    if find_spec("starsim") is None:
        lines.append(unavailable("check", "starsim", "not installed"))
    else:
        from benchmarks.peers.starsim_people import StarsimPeople

        same("starsim, the kernel's draws", StarsimPeople(world, months=_YEAR, by_address=True))
        lucky("starsim", StarsimPeople(wide, months=_YEAR))
        peers["starsim"] = Peer(lambda made: StarsimPeople(made, months=_YEAR), True, "starsim, its own draws", 20.0)
    if find_spec("mesa_frames") is None:
        lines.append(unavailable("check", "mesa-frames", "not installed"))
    else:
        from benchmarks.peers.mesa_frames_people import MesaFramesPeople

        same("mesa-frames, the kernel's draws", MesaFramesPeople(world, by_address=True))
        lucky("mesa-frames", MesaFramesPeople(wide))
        peers["mesa_frames"] = Peer(MesaFramesPeople, True, "mesa-frames (polars), its own draws")
    return peers, lines


def timed(peers: Mapping[str, Peer], settings: Settings) -> list[Line]:
    """Time the kernel against the peers, all without a programme, on one thread."""
    big, small = World(settings.households), World(settings.agents)
    months = settings.peer_months

    def contender(peer: Peer) -> Contender:
        world = big if peer.big else small
        return Contender(lambda: peer.make(world), lambda made: made.live(months), float(world.households * months))

    contenders = {name: contender(peer) for name, peer in peers.items()}
    contenders["kernel"] = whole(big, IDLE, 1, months)
    found = race(contenders, settings.rounds)
    lines = []
    for name, peer in peers.items():
        own = f"{found.best(name) * 1e9:,.0f} ns/household-month"
        note = "; ".join(part for part in (own, peer.note) if part)
        lines.append(
            Line(
                "peers",
                f"kernel against {peer.what}",
                found.ratio("kernel", name),
                "x",
                found.ratio_spread("kernel", name),
                peer.target,
                note=note,
            )
        )
    return lines


def against_peers(settings: Settings) -> list[Line]:
    """Check the peers, then time them against the kernel."""
    peers, lines = checked(settings)
    missing = [
        unavailable("peers", f"kernel against {name}", "not installed", target=target)
        for module, name, target in (("starsim", "starsim", 20.0), ("mesa_frames", "mesa-frames", None))
        if find_spec(module) is None
    ]
    return [*lines, *timed(peers, settings), *missing]
