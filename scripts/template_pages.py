"""Pages written by hand around numbers and tables of the package: docs/registry/*.md.template.

A template holds ``{{kind:name}}``: ``{{p:turnover_base}}`` the value of a parameter, ``{{n:parameters}}`` how many
there are, ``{{mentors:hours}}`` a default of `engine.inputs.Mentors`, ``{{region:round_trip_hours}}`` a figure by
region type, and ``{{table:name}}``, alone on its line, a table. Texts that explain names stand in words.yaml.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml
from known_names import LIBRARY, MENTOR_TYPES, ROOT, kinds, trees
from page_parts import listed, note_of, number, table

from empowersim import schema
from empowersim.engine.allocation import MENTOR_FIELDS, PRIORITIES, RULES, hours_of_month
from empowersim.engine.inputs import Mentors, Policy, Travel
from empowersim.engine.outputs import HOURS, MEASURES, MENTOR_SERIES, STAGES
from empowersim.engine.plans import EVERYTHING, plan_of
from empowersim.parameters import CONFIDENCE, TOPICS, passports, read_yaml
from empowersim.parameters.factors import factors
from empowersim.parameters.places import places, region_passports, travel
from empowersim.rng import Kind, Stream
from empowersim.scenario.model import SECTIONS

REGISTRY = ROOT / "docs" / "registry"
TEMPLATES = {"docs/odd.md": "odd.md.template", "docs/mentors.md": "mentors.md.template"}
HOLE = re.compile(r"\{\{(\w+):([\w.]+)\}\}")


class TemplateError(Exception):
    """A template asks for something that the package does not have."""


def template_pages() -> dict[str, str]:
    """Return the pages made from templates, path below the project's folder -> text."""
    return {page: filled(REGISTRY / name) for page, name in TEMPLATES.items()}


def filled(path: Path) -> str:
    """Return a template with its holes filled; raises `TemplateError` naming file, line and hole."""
    lines = [note_of(str(path.relative_to(ROOT).as_posix())), ""]
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            whole = HOLE.fullmatch(line.strip())
            if whole and whole[1] == "table":
                lines += TABLES[whole[2]]()
            else:
                lines.append(HOLE.sub(lambda hole: VALUES[hole[1]](hole[2]), line))
        except KeyError as error:
            raise TemplateError(f"{path.name}, line {at}: nothing is called {error.args[0]}") from None
    return "\n".join(lines) + "\n"


# --- single values ------------------------------------------------------------------------------------------------


@cache
def words() -> dict[str, Any]:
    """Texts that explain names of the code, by kind: they are checked to cover each name, and no other."""
    found: dict[str, Any] = yaml.safe_load((REGISTRY / "words.yaml").read_text(encoding="utf-8"))
    return found


def parameter(name: str) -> str:
    """Value of a parameter."""
    return number(passports()[name].value)


def count(name: str) -> str:
    """How many there are of a kind; ``assumed`` counts parameters of confidence C."""
    if name == "assumed":
        return str(sum(passport.confidence == "C" for passport in passports().values()))
    return str(len(kinds()[name].known))


def mentor_default(name: str) -> str:
    """Default of a field of `Mentors`."""
    field = {field.name: field for field in fields(Mentors)}[name]
    assert field.default is not MISSING
    return number(field.default) if isinstance(field.default, int | float) else str(field.default)


def region_figure(name: str) -> str:
    """A figure by region type, in words: town 0.6, ..."""
    passport = {p.name.removeprefix("regions."): p for p in region_passports()}[name]
    values = passport.value if isinstance(passport.value, tuple) else (passport.value,) * len(schema.REGION_TYPES)
    return ", ".join(f"{region} {number(value)}" for region, value in zip(schema.REGION_TYPES, values, strict=True))


VALUES: dict[str, Callable[[str], str]] = {
    "p": parameter,
    "n": count,
    "mentors": mentor_default,
    "region": region_figure,
}


# --- tables -------------------------------------------------------------------------------------------------------


def columns(registry: Iterable[schema.Column], *roles: str) -> Iterator[str]:
    """Yield the columns of the given roles."""
    rows = ((f"`{c.name}`", c.unit, c.meaning) for c in registry if c.role in roles)
    return table(("variable", "unit", "meaning"), rows)


def mentor_state() -> Iterator[str]:
    """Yield the state of a mentor."""
    from empowersim.engine.arrays import MENTOR_STATE

    return explained("mentor_state", MENTOR_STATE, "variable")


def explained(kind: str, names: Iterable[str], head: str) -> Iterator[str]:
    """Yield names of the code with the texts of words.yaml; raises `TemplateError` unless both name the same."""
    texts = words()[kind]
    names = tuple(names)
    if set(texts) != set(names):
        different = sorted(set(texts) ^ set(names))
        raise TemplateError(f"words.yaml, {kind}: {', '.join(different)} stands in the package or in the words only")
    return table((head, "meaning"), ((f"`{name}`", texts[name]) for name in names))


def choices(owner: type, name: str) -> tuple[str, ...]:
    """Values that a field of Literal type may take."""
    values: tuple[str, ...] = get_args(get_type_hints(owner)[name])
    return values


def streams() -> Iterator[str]:
    """Yield the streams, grouped by how often and by whom they are drawn: the comments of `rng.Stream`."""
    group = ""
    groups: dict[str, list[str]] = {}
    source = (ROOT / "src" / "empowersim" / "rng.py").read_text(encoding="utf-8")
    inside = source.split("class Stream(IntEnum):")[1].split("@rule")[0]
    for line in inside.splitlines():
        stripped = line.strip()
        if stripped.startswith("# "):
            group = stripped[2:]
        elif " = " in stripped:
            groups.setdefault(group, []).append(stripped.split(" = ")[0])
    if sum(map(len, groups.values())) != len(Stream):
        raise TemplateError("rng.py: streams could not be read")
    yield from table(("drawn", "streams"), ((name, listed(members)) for name, members in groups.items()))
    yield from ("", "Actors, and analyses, in an address: " + ", ".join(kind.name.lower() for kind in Kind) + ".")


def parameter_counts() -> Iterator[str]:
    """Yield how many parameters of which confidence each topic has."""
    everything = passports().values()
    rows = []
    for topic in (*TOPICS, "all"):
        grades = [p.confidence for p in everything if topic in (p.topic, "all")]
        rows.append((topic, str(len(grades)), *(str(grades.count(grade)) for grade in CONFIDENCE)))
    head = ("topic", "parameters", *(f"{grade}: {meaning}" for grade, meaning in CONFIDENCE.items()))
    return table(head, rows)


def library(folder: str = ".") -> Iterator[str]:
    """Yield the programmes of a folder of the library: what they are, and what they give or change."""
    rows = []
    for path in sorted((LIBRARY / folder).glob("*.yaml")):
        entry = read_yaml(path)
        changed = [name for key in ("gives", "sets", "scales") for name in entry.get(key, {})]
        rows.append((f"`{path.stem}`", entry["label"]["en"], entry["meaning"], listed(changed)))
    return table(("programme", "name", "meaning", "gives or changes"), rows)


def mentor_types() -> Iterator[str]:
    """Yield the types of mentors."""
    rows = []
    for name, entry in read_yaml(MENTOR_TYPES)["types"].items():
        cells = [
            str(entry[key]["value"]) if isinstance(entry.get(key), dict) else str(entry.get(key, "")) for key in _TYPE
        ]
        rows.append((f"`{name}`", entry["label"]["en"], entry["label"]["id"], *cells))
    return table(("type", "name", "Indonesian", *_TYPE), rows)


_TYPE = ("pay", "competence", "hours")


def place_list() -> Iterator[str]:
    """Yield the places of the library."""
    rows = []
    for name, place in places().items():
        mix = ", ".join(f"{region.name} {100 * region.share:.0f} %" for region in place.regions)
        rows.append((f"`{name}`", place.meaning, mix, f"{place.households:,.0f}"))
    return table(("place", "meaning", "region types", "households represented"), rows)


def region_figures() -> Iterator[str]:
    """Yield the figures of region types."""
    rows = []
    for passport in region_passports():
        values = passport.value if isinstance(passport.value, tuple) else (passport.value,) * len(schema.REGION_TYPES)
        name = f"`{passport.name.removeprefix('regions.')}`"
        rows.append((name, passport.unit, *map(number, values), passport.confidence, passport.meaning))
    return table(("figure", "unit", *schema.REGION_TYPES, "confidence", "meaning"), rows)


def factor_list() -> Iterator[str]:
    """Yield the supporting and inhibiting factors."""
    rows = (
        (f"`{factor.name}`", factor.direction, factor.moves, factor.confidence, factor.source)
        for factor in factors().values()
    )
    return table(("factor", "direction", "what it moves", "confidence", "source"), rows)


def measures() -> Iterator[str]:
    """Yield the monthly measures."""
    return table(("measure", "unit", "meaning"), ((f"`{m.name}`", m.unit, m.meaning) for m in MEASURES))


# --- what the code says of itself ---------------------------------------------------------------------------------

RULE_MODULES = tuple(sorted(name for name in trees() if name.startswith("rules.")))
_COMPOSED = ("rules.month", "rules.start")


def is_rule(node: ast.stmt) -> bool:
    """Whether a statement is a function marked as a rule."""
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(isinstance(mark, ast.Name) and mark.id == "rule" for mark in marks)


def rules_of(module: str) -> Iterator[ast.FunctionDef]:
    """Yield the rules of a module."""
    for node in trees()[module].body:
        if isinstance(node, ast.FunctionDef) and is_rule(node):
            yield node


def parameters_of(node: ast.AST) -> list[str]:
    """Parameters that a rule reads, in order."""
    read = [part for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    names = [part.attr for part in read if isinstance(part.value, ast.Name) and part.value.id == "p"]
    return list(dict.fromkeys(names))


def first_paragraph(node: ast.FunctionDef | ast.Module) -> str:
    """First paragraph of a docstring, on one line."""
    return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())


def submodels() -> Iterator[str]:
    """Yield the rules, module by module: what each returns and which parameters it reads."""
    for module in RULE_MODULES:
        rules = list(rules_of(module))
        if module in _COMPOSED or not rules:
            continue
        title = module.removeprefix("rules.")
        yield from (f"#### {title.capitalize()}", "", first_paragraph(trees()[module]), "")
        rows = ((f"`{node.name}`", first_paragraph(node), listed(parameters_of(node)) or "none") for node in rules)
        yield from table(("rule", "returns", "parameters"), rows)
        yield ""


def start_rules() -> Iterator[str]:
    """Yield the rules by which a household starts."""
    rows = (
        (f"`{node.name}`", first_paragraph(node), listed(parameters_of(node)) or "none")
        for node in rules_of("rules.start")
    )
    return table(("rule", "returns", "parameters"), rows)


def schedule() -> Iterator[str]:
    """Yield the calls of `rules.month.household_month` in their order, with the streams that feed them.

    A call inside another call's arguments comes first, as it is evaluated first.
    """
    month = next(node for node in rules_of("rules.month") if node.name == "household_month")
    heads = [
        (at, line.strip().removeprefix("# "))
        for at, line in enumerate((ROOT / "src/empowersim/rules/month.py").read_text(encoding="utf-8").splitlines(), 1)
        if line.startswith("    # ")
    ]
    steps: dict[str, list[str]] = {text: [] for _, text in heads} | {AT_THE_END: []}
    for statement in month.body:
        before = [text for at, text in heads if at < statement.lineno]
        if not before:
            continue
        name = AT_THE_END if isinstance(statement, ast.Return) else before[-1]
        fed: set[str] = set()
        for call in evaluated(statement):
            draws = list(drawn(*(argument for argument in call.args if not is_call_of_rule(argument))))
            fed.update(draws)
            text = f"`{ast.unparse(call.func)}`" + (f" ({', '.join(draws)})" if draws else "")
            if text not in steps[name]:
                steps[name].append(text)
        steps[name] += [draw for draw in drawn(statement) if draw not in fed]
    rows = ((name, ", ".join(calls)) for name, calls in steps.items() if calls)
    return table(("step", "rules in their order (streams that feed them)"), rows)


AT_THE_END = "what is written at the end"


def drawn(*nodes: ast.AST) -> Iterator[str]:
    """Yield the streams of the draws that stand below some nodes, but not inside calls of rules below them."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "draw":
            yield node.attr.upper()
        for child in ast.iter_child_nodes(node):
            if not is_call_of_rule(child):
                yield from drawn(child)


def is_call_of_rule(node: ast.AST) -> bool:
    """Whether a node calls a rule of another module."""
    called = node.func if isinstance(node, ast.Call) else None
    owner = called.value if isinstance(called, ast.Attribute) else None
    return isinstance(owner, ast.Name) and f"rules.{owner.id}" in RULE_MODULES


def evaluated(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of rules below a node in the order of evaluation."""
    for child in ast.iter_child_nodes(node):
        yield from evaluated(child)
    if isinstance(node, ast.Call) and is_call_of_rule(node):
        yield node


def engine_rules() -> Iterator[str]:
    """Yield the rules of the engine that read parameters: outcomes and whom mentors choose."""
    rows = []
    for module in ("engine.metrics", "engine.allocation"):
        for node in rules_of(module):
            if read := parameters_of(node):
                rows.append((f"`{module}.{node.name}`", first_paragraph(node), listed(read)))
    return table(("rule", "returns", "parameters"), rows)


CASELOADS = (50, 100, 250)
SHARE_OF_HOMES = 0.5
"""Homes visited a month, as a share of the clients, in the comparison of region types."""


def month_of_mentor(region: int, clients: int, resident: bool = False) -> tuple[Any, dict[str, float]]:
    """Lay out the month of a rested full-time mentor with `clients`, each in a monthly session; the model's own rule.

    Returns the layout and the numbers of the mentor.
    """
    mentors = Mentors(posts=1.0, resident=resident)
    plan = plan_of(Policy("page", mentors=mentors), Travel(**travel()), region, EVERYTHING)
    numbers = dict(zip(MENTOR_FIELDS, plan.mentor.tolist(), strict=True))
    laid = hours_of_month.py_func(
        plan, mentors.hours, 1.0, numbers["access"], numbers["visits_per_trip"], clients, float(clients)
    )
    return laid, numbers


def workload() -> Iterator[str]:
    """Yield what a month allows, by region type and clients."""
    rows = []
    for at, region in enumerate(schema.REGION_TYPES):
        for clients in CASELOADS:
            laid, numbers = month_of_mentor(at, clients)
            on_the_road = laid.travel + laid.visits * numbers["round_trip_hours"] / numbers["visits_per_trip"]
            between = f"{clients / laid.visits:.1f}" if laid.visits else "never"
            shares = (laid.admin / laid.total, on_the_road / laid.total, laid.held)
            rows.append(
                (f"`{region}`", str(clients), *(f"{100 * one:.0f} %" for one in shares), str(laid.visits), between)
            )
    head = (
        "region type",
        "clients",
        "administration",
        "travel",
        "sessions held",
        "visits",
        "months between visits to a home",
    )
    return table(head, rows)


def workload_needed() -> Iterator[str]:
    """Yield how many clients one mentor can serve alike in each region type, and what that means against town."""
    most = [[most_clients(at, resident) for at in range(len(schema.REGION_TYPES))] for resident in (False, True)]
    rows = (
        (
            f"`{region}`",
            *(part for row in most for part in (str(row[at]), f"{100 * (most[0][0] / row[at] - 1):+.0f} %")),
        )
        for at, region in enumerate(schema.REGION_TYPES)
    )
    head = (
        "region type",
        "clients of one mentor",
        "mentors against town",
        "clients if it lives there",
        "mentors against town",
    )
    return table(head, rows)


def most_clients(region: int, resident: bool) -> int:
    """Return the most clients for whom all sessions that access allows are held and enough visits are made."""
    clients = 1
    while True:
        laid, numbers = month_of_mentor(region, clients + 1, resident)
        if laid.held < numbers["access"] or laid.visits < SHARE_OF_HOMES * (clients + 1):
            return clients
        clients += 1


def mentor_keys() -> Iterator[str]:
    """Yield the keys of the section `mentors` of a scenario."""
    section = next(section for section in SECTIONS if section.name == "mentors")
    absent = {"count": "no mentors", "budget": "no mentors"}
    rows = (
        (f"`{field.name}`", field.meaning, field.default or absent.get(field.name, "as its type has it"))
        for field in section.fields
    )
    return table(("key", "meaning", "if absent"), rows)


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "household_traits": lambda: columns(schema.HOUSEHOLD, "trait"),
    "household_states": lambda: columns(schema.HOUSEHOLD, "state", "output"),
    "village_traits": lambda: columns(schema.VILLAGE, "trait"),
    "village_states": lambda: columns(schema.VILLAGE, "state"),
    "mentor_state": mentor_state,
    "channels": lambda: table(("channel", "dose"), ((f"`{n}`", text) for n, text in schema.CHANNELS.items())),
    "measures": measures,
    "mentor_series": lambda: explained("mentor_series", MENTOR_SERIES, "series"),
    "hours": lambda: explained("hours", HOURS, "use"),
    "stages": lambda: explained("stages", STAGES, "stage"),
    "visit_rules": lambda: explained("visit_rules", RULES, "rule"),
    "priorities": lambda: explained("priorities", PRIORITIES, "order"),
    "sharing": lambda: explained("sharing", choices(Policy, "sharing"), "rule"),
    "streams": streams,
    "parameter_counts": parameter_counts,
    "programmes": library,
    "village_programmes": lambda: library("community"),
    "mentor_types": mentor_types,
    "places": place_list,
    "region_figures": region_figures,
    "factors": factor_list,
    "schedule": schedule,
    "start_rules": start_rules,
    "submodels": submodels,
    "engine_rules": engine_rules,
    "workload": workload,
    "workload_needed": workload_needed,
    "mentor_keys": mentor_keys,
}
