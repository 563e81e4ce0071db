"""Every name of the package that a document may point to, by kind, read from the package itself.

Code is read as text (AST), so that a name counts only where it is defined, and nothing needs to be compiled.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import empowersim.scenario
from empowersim import schema
from empowersim.engine.allocation import PRIORITIES, RULES
from empowersim.engine.outputs import HOURS, MEASURES, MENTOR_SERIES, STAGES
from empowersim.parameters import FOLDER, passports, read_yaml
from empowersim.parameters.factors import factors
from empowersim.parameters.places import places, region_passports
from empowersim.rng import Stream
from empowersim.scenario.model import SECTIONS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "empowersim"
LIBRARY = FOLDER.parent / "programmes"
MENTOR_TYPES = Path(empowersim.scenario.__file__).parent / "mentor_types.yaml"


def module_name(path: Path) -> str:
    """Name of a module below the package, as ``rules.mentors``; "" for the package itself."""
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


@cache
def trees() -> dict[str, ast.Module]:
    """Return the syntax tree of every module, by its name below the package."""
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


def defined(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names that a module or class defines; those of a class's members as ``Class.member``."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{member}" for member in defined(node.body))
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        yield from (target.id for target in targets if isinstance(target, ast.Name))


@cache
def code_objects() -> frozenset[str]:
    """Return modules and members: ``rules.mentors``, ``rules.mentors.trust_kept``, ``engine.inputs.Policy.end``."""
    found = set()
    for name, tree in trees().items():
        found.add(name)
        found.update(f"{name}.{one}" if name else one for one in defined(tree.body))
    return frozenset(found - {""})


@dataclass(frozen=True)
class KindOfName:
    """A kind of thing that a document may name."""

    known: frozenset[str]
    title: str
    """How a document introduces names of the kind."""


@cache
def kinds() -> Mapping[str, KindOfName]:
    """Return the kinds by their key in the registries."""
    mentor_types = read_yaml(MENTOR_TYPES)["types"]
    known = {
        "code": (code_objects(), "code"),
        "parameters": (passports(), "parameters"),
        "columns": ((column.name for column in schema.HOUSEHOLD), "household"),
        "village": ((column.name for column in schema.VILLAGE), "village"),
        "channels": (schema.CHANNELS, "dose"),
        "measures": ((measure.name for measure in MEASURES), "measure"),
        "mentors": (MENTOR_SERIES, "mentor series"),
        "hours": (HOURS, "hours"),
        "stages": (STAGES, "stage"),
        "visit_rules": (RULES, "rule of visits"),
        "priorities": (PRIORITIES, "order of applicants"),
        "regions": (
            (*schema.REGION_TYPES, *(p.name.removeprefix("regions.") for p in region_passports())),
            "region types",
        ),
        "places": (places(), "place"),
        "streams": ((stream.name for stream in Stream), "stream"),
        "programmes": ((path.stem for path in LIBRARY.rglob("*.yaml")), "programme"),
        "mentor_types": (mentor_types, "mentor type"),
        "factors": ((factor.name for factor in factors().values()), "factor"),
        "scenario": (
            (f"{section.name}.{key}" for section in SECTIONS for key in section.names),
            "scenario",
        ),
    }
    return {key: KindOfName(frozenset(names), title) for key, (names, title) in known.items()}


def matches(kind: str, wanted: str) -> bool:
    """Whether the kind has that name, or, for a pattern with ``*``, at least one that fits."""
    known = kinds()[kind].known
    return any(fnmatchcase(name, wanted) for name in known) if "*" in wanted else wanted in known


def complaint(kind: str, wanted: str) -> str:
    """Say that there is no such name, and which comes nearest."""
    near = get_close_matches(wanted, sorted(kinds()[kind].known), n=1, cutoff=0.4)
    return f"no {kind} is called {wanted}" + (f"; did you mean {near[0]}?" if near else "")
