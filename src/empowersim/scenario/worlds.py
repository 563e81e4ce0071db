"""The two worlds of a scenario: productive assets with a poverty trap, and without one.

The evidence does not say which of them holds (one country found a trap, others did not), so a file may ask for both
with ``trap: both``. A simulation lives in one world: `worlds` gives a scenario for each.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from empowersim.errors import SimulationError
from empowersim.parameters import passports
from empowersim.scenario.cite import Cited, used_passports
from empowersim.scenario.documents import BOTH, BothWorlds, Scenario
from empowersim.scenario.load import digest_of

NO_TRAP: Final = "no_trap"
TRAP: Final = "trap"
NAMES: Final = (NO_TRAP, TRAP)
"""Names of the two worlds, in the order in which they are shown."""


def worlds(scenario: Scenario) -> tuple[tuple[str, Scenario], ...]:
    """Return (name, scenario) of each world that a scenario asks for: one, or `no_trap` and `trap` for ``trap: both``.

    Each scenario is, digest and all, what a file would give that says ``trap: no`` or ``trap: yes`` itself.
    """
    trap = scenario.world.trap
    asked = NAMES if trap is BOTH else ((TRAP if trap else NO_TRAP),)
    return tuple((name, in_world(scenario, name)) for name in asked)


def in_world(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario in the world `name`: `no_trap`, `trap`, `both`, or `file` (as the file says).

    Raises `SimulationError` for another name.
    """
    named: dict[str, bool | BothWorlds] = {NO_TRAP: False, TRAP: True, BOTH.value: BOTH, "file": scenario.world.trap}
    if name not in named:
        raise SimulationError(f"world: expected one of {', '.join(named)}, found {name!r}")
    trap = named[name]
    if trap is scenario.world.trap:
        return scenario
    made = replace(scenario, world=replace(scenario.world, trap=trap))
    return replace(made, digest=digest_of(made))


def passports_of_worlds(scenario: Scenario) -> list[Cited]:
    """All numbers that a scenario uses in the worlds it asks for, once each, as `cite.used_passports` gives them.

    With ``trap: both`` these are the parameters of both worlds, and the switch itself stands there once.
    """
    found = [used_passports(one) for _, one in worlds(scenario)]
    if len(found) == 1:
        return found[0]
    every = dict.fromkeys(cited for cited_here in found for cited in cited_here if not _is_switch(cited))
    switch = passports()["trap"]
    source = f"both worlds are asked for in {scenario.path}; {switch.source}"
    both = Cited("parameter", "trap", "0 and 1", switch.unit, switch.confidence, source, switch.meaning, switch.rows)
    order = {name: place for place, name in enumerate(passports())}
    parameters = [cited for cited in every if cited.group == "parameter"]
    rest = [cited for cited in every if cited.group != "parameter"]
    return [*sorted([*parameters, both], key=lambda cited: order[cited.name]), *rest]


def _is_switch(cited: Cited) -> bool:
    return (cited.group, cited.name) == ("parameter", "trap")
