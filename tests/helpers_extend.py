"""What the tests of extensions share: the rules of the guide, as a module that other processes can import, and runs."""

from __future__ import annotations

import importlib
import re
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from empowersim.engine.outputs import Run
from empowersim.engine.simulate import simulate
from empowersim.extend import ONE, ZERO, Extension, Number, State, rule
from empowersim.rules import community, income
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import load

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "howto" / "extend.md"
MEDAN = ROOT / "scenarios" / "medan.yaml"
POLICIES = ("no_programme", "balanced_mix", "mix_coached")


def blocks_of(page: Path, fence: str = "python") -> list[str]:
    """Python code of a page, block by block; ``py`` marks what needs Mesa."""
    return re.findall(rf"^```{fence}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@cache
def guide() -> Any:
    """The module that the guide's first block is."""
    folder = Path(tempfile.mkdtemp(prefix="empowersim-guide-"))
    (folder / "more_rules.py").write_text(blocks_of(GUIDE)[0], encoding="utf-8")
    sys.path.insert(0, str(folder))
    return importlib.import_module("more_rules")


@cache
def compiled(scenario: Path = MEDAN) -> Any:
    return compile_scenario(load(scenario))


def runs(extension: Extension | None, **settings: Any) -> list[Run]:
    """Three policies on the same few households."""
    made = compiled()
    asked: dict[str, Any] = {"months": 14, "burn_in": 3, "seed": 1, "threads": 1, "households": 900} | settings
    people = made.population(asked.pop("households"), asked["seed"], 0)
    policies = [made.policies[name] for name in POLICIES]
    return simulate(people, policies, travel=made.travel, parameters=made.parameters, extension=extension, **asked)


# --- an extension that does nothing, everywhere it can -------------------------------------------------------------


@rule
def look_on(p, village, start, home, dose, draw, month):
    """The household as it is; the draws and the month are only written down."""
    return home._replace(seen_depth=draw.depth, seen_flood=draw.flood, seen_month=month, last=p.one * draw.last)


@rule
def leave(p, village, start, home, dose, draw, month):
    """The household as it is."""
    return home._replace(savings=home.savings * p.one)


@rule
def leave_village(p, village, draw, month):
    """The village as it is, with what it drew and last month's mean of a column of its households."""
    return village._replace(rained=draw.flood, mean_seen=village.mean_seen_depth)


nothing = Extension(
    "nothing",
    add=[look_on, leave],
    before=leave,
    villages=leave_village,
    parameters={"one": 1.0},
    columns={name: State() for name in ("seen_depth", "seen_flood", "seen_month", "last")},
    village_columns={"rained": State(), "mean_seen": State()},
    draws={"depth": 6, "last": 1001},
    village_draws={"flood": 5},
)


# --- rules in place of the model's -----------------------------------------------------------------------------------


@rule
def watched(p, hazard, mean_poor, collective):
    """Chance (0-1) of a theft where neighbours are paid to watch."""
    return p.thieves * community.theft_chance(p, hazard, mean_poor, collective)


@rule
def wage(p, power, time, draw):
    """Wage income (L a month) with a factor on everybody's wage."""
    return p.wages * income.wage_income(p, power, time, draw)


replaced = Extension(
    "replaced",
    replace={"community.theft_chance": watched, income.wage_income: wage},
    parameters={"thieves": Number(1.0, "factor", 0, 10), "wages": Number(1.0, "factor", 0, 10)},
)

__all__ = ["ONE", "ZERO"]
