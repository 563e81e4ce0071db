"""The documents: every name they use exists, registries are complete, and the generators notice what is wrong."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import concept_page
import known_names
import pytest
import template_pages
import yaml

from empowersim import schema
from empowersim.calibration.store import load_fit, overrides
from empowersim.engine.allocation import PRIORITIES, RULES
from empowersim.experiments.sweep_design import AXIS
from empowersim.fronts.evidence_page import SHIPPED_FIT, is_of
from empowersim.parameters import digest, parameters, passports
from empowersim.rng import Stream

ROOT = Path(__file__).resolve().parents[1]
REGISTRY = ROOT / "docs" / "registry"
CONCEPTS = concept_page.concepts()

# --- concepts -----------------------------------------------------------------------------------------------------


def test_every_concept_has_its_row():
    assert list(CONCEPTS) == list(range(1, 96))
    page = "\n".join(concept_page.concept_page())
    assert [row for row in CONCEPTS if f"\n| {row} | {CONCEPTS[row].concept} |" not in page] == []


def test_terms_are_not_repeated():
    terms = [concept.term for concept in CONCEPTS.values()]
    assert [term for term in terms if terms.count(term) > 1] == []


def test_what_the_design_asked_for_works_or_says_why_not():
    """A concept of the first tier is in the model or shares a place in it; only others may be left out."""
    assert [c.row for c in CONCEPTS.values() if c.tier == 1 and c.status == "documented"] == []
    assert [c.row for c in CONCEPTS.values() if c.tier == 3 and c.status in ("core", "option")] == []


def test_an_option_can_be_reached():
    """By a scenario key, a parameter, a figure of the place or a programme."""
    handles = ("scenario", "parameters", "village", "regions", "programmes", "channels")
    options = [c for c in CONCEPTS.values() if c.status == "option"]
    assert [c.row for c in options if not any(c.where.get(kind) for kind in handles)] == []


def registry_with(tmp_path: Path, row: int, **changes: object) -> Path:
    """The registry with a row changed."""
    entries = yaml.safe_load((REGISTRY / "concepts.yaml").read_text(encoding="utf-8"))
    entries["rows"][row].update(changes)
    path = tmp_path / "concepts.yaml"
    path.write_text(yaml.safe_dump(entries, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("row", "changes", "complaint"),
    [
        (3, {"code": ["rules.mentor"]}, "row 3: no code is called rules.mentor; did you mean rules.mentors?"),
        (3, {"code": ["engine.inputs.Mentors.rotations"]}, "did you mean engine.inputs.Mentors.rotation?"),
        (8, {"measures": ["poverty_headcout"]}, "did you mean poverty_headcount?"),
        (14, {"parameters": ["theft_zzz_*"]}, "row 14: no parameters is called theft_zzz_*"),
        (14, {"village": ["theft_hazzard"]}, "did you mean theft_hazard?"),
        (77, {"scenario": ["mentors.rules"]}, "did you mean mentors.rule?"),
        (8, {"status": "done"}, "row 8: status done is none of core, option, folded, documented"),
        (8, {"tier": 4}, "row 8: tier 4 is none of"),
        (9, {"default": ""}, "row 9: is an option, but says not what holds by default"),
        (29, {"into": []}, "row 29: is folded, but says not into what"),
        (29, {"into": [13]}, "row 29: folded into row 13, which is itself documented"),
        (29, {"into": [130]}, "row 29: folded into row 130, which is not there"),
        (13, {"reason": ""}, "row 13: is not a mechanism of its own, but says not why"),
        (3, {"code": []}, "row 3: is in the model, but names no code"),
        (3, {"cod": ["rules.mentors"]}, "row 3: unknown key cod"),
    ],
)
def test_a_wrong_row_is_noticed(tmp_path, row, changes, complaint):
    with pytest.raises(concept_page.RegistryError) as caught:
        concept_page.concepts(registry_with(tmp_path, row, **changes))
    assert complaint in str(caught.value)


def test_a_missing_row_is_noticed(tmp_path):
    path = registry_with(tmp_path, 1)
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    del entries["rows"][95]
    path.write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    with pytest.raises(concept_page.RegistryError, match="rows must run from 1 to 95"):
        concept_page.concepts(path)


# --- templates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hole", ["{{p:turnover_bas}}", "{{n:mentor}}", "{{table:factor}}", "{{mentors:hour}}", "{{x:y}}"]
)
def test_a_hole_that_nothing_fills_is_noticed(tmp_path, hole, monkeypatch):
    monkeypatch.setattr(template_pages, "ROOT", tmp_path)
    path = tmp_path / "page.md.template"
    path.write_text(f"# Page\n\n{hole}\n", encoding="utf-8")
    with pytest.raises(template_pages.TemplateError, match=r"page\.md\.template, line 3: nothing is called"):
        template_pages.filled(path)


def test_words_must_cover_the_names_of_the_code(monkeypatch):
    words = dict(template_pages.words())
    words["visit_rules"] = {name: "text" for name in RULES if name != "cluster"} | {"clusters": "text"}
    monkeypatch.setattr(template_pages, "words", lambda: words)
    with pytest.raises(template_pages.TemplateError, match="cluster, clusters"):
        list(template_pages.explained("visit_rules", RULES, "rule"))


def test_every_table_is_used_in_some_page():
    templates = "".join(path.read_text(encoding="utf-8") for path in REGISTRY.glob("*.template"))
    assert [name for name in template_pages.TABLES if f"{{{{table:{name}}}}}" not in templates] == []


ODD = template_pages.filled(REGISTRY / "odd.md.template")


def test_the_odd_covers_the_form():
    concepts = "Basic principles, Emergence, Adaptation, Objectives, Learning, Prediction, Sensing, Interaction"
    concepts += ", Stochasticity, Collectives, Observation"
    assert [name for name in concepts.split(", ") if f"\n**{name}.**" not in ODD] == []
    for heading in (
        "Purpose and patterns",
        "Entities",
        "Process overview",
        "Initialization",
        "Input data",
        "Submodels",
    ):
        assert re.search(rf"^## \d\. {heading}", ODD, re.MULTILINE), heading


@pytest.mark.parametrize("column", [*schema.HOUSEHOLD, *schema.VILLAGE], ids=lambda column: column.name)
def test_the_odd_has_every_state_variable(column):
    assert f"| `{column.name}` | {column.unit} |" in ODD


def test_the_odd_has_every_stream_and_order_of_rationing():
    assert [s.name for s in Stream if f"`{s.name}`" not in ODD] == []
    assert [name for name in (*RULES, *PRIORITIES) if f"| `{name}` |" not in ODD] == []


def rules() -> list[tuple[str, str]]:
    """Rules by module."""
    return [(name, node.name) for name in template_pages.RULE_MODULES for node in template_pages.rules_of(name)]


def test_the_odd_has_every_rule():
    assert [rule for _, rule in rules() if rule != "household_month" and f"| `{rule}` |" not in ODD] == []


def test_the_schedule_has_every_rule_that_the_month_calls():
    text = (ROOT / "src/empowersim/rules/month.py").read_text(encoding="utf-8")
    body = text.split("def household_month")[1]
    called = set(re.findall(r"\b(\w+\.\w+)\(p?\b", body))
    called = {one for one in called if f"rules.{one.split('.')[0]}" in template_pages.RULE_MODULES}
    assert len(called) > 40
    table = "\n".join(template_pages.schedule())
    assert [one for one in called if f"`{one}`" not in table] == []
    draws = {draw.upper() for draw in re.findall(r"draw\.(\w+)", body)}
    assert [draw for draw in draws if draw not in table] == []


# --- words in code ------------------------------------------------------------------------------------------------

BY_HAND = [
    ROOT / "docs" / "household-month.md",
    *sorted(REGISTRY.glob("*.template")),
]
NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.\w+)*")
OTHER = {"code", "rules"}
"""Words in code that are neither names of the package nor keys of a scenario."""


@pytest.mark.parametrize("path", BY_HAND, ids=[path.name for path in BY_HAND])
def test_words_in_code_are_names_of_the_package(path):
    known = set().union(*(kind.known for kind in known_names.kinds().values()))
    known |= {key.split(".", 1)[1] for key in known_names.kinds()["scenario"].known}
    words = {word for word in re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8")) if NAME.fullmatch(word)}
    assert sorted(words - known - OTHER) == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_keys_in_examples_of_one_line_exist(path):
    """`key: value` in running text is a key of some section of a scenario file, or of a sweep design."""
    keys = {key.split(".", 1)[1] for key in known_names.kinds()["scenario"].known} | set(AXIS.names)
    shown = set(re.findall(r"`([a-z_]+): (?:yes|no)`", path.read_text(encoding="utf-8")))
    assert sorted(shown - keys) == []


def test_names_are_found_only_where_they_are_defined():
    """The reader of the sources knows members of classes, and does not take imports for definitions."""
    objects = known_names.code_objects()
    assert {"rules.mentors", "rules.mentors.next_burnout", "engine.inputs.Policy.end", "schema.HOUSEHOLD"} <= objects
    assert "engine.kernels.household_month" not in objects
    tree = ast.parse("import os\nclass A:\n    b: int = 1\n    def c(self): ...\nd = 2\n")
    assert list(known_names.defined(tree.body)) == ["A", "A.b", "A.c", "d"]


# --- the work of mentors ------------------------------------------------------------------------------------------


def needed(resident: bool) -> list[float]:
    """Mentors needed for the same service relative to town, by region type."""
    most = [template_pages.most_clients(at, resident) for at in range(len(schema.REGION_TYPES))]
    return [most[0] / clients for clients in most]


def test_commuting_mentors_are_needed_in_numbers_that_rise_with_remoteness():
    """Domain model 2.4: 44 to 50 % more on rural roads, 144 to 189 % more in the interior and on islands.

    It left out the access of the month; with it the last two rise.
    """
    relative = needed(resident=False)
    assert relative == sorted(relative)
    assert 1.35 < relative[2] < 1.65
    assert 2.4 < relative[3] < 3.6
    assert 2.4 < relative[4] < 3.6


def test_resident_mentors_come_near_the_diaries():
    """South African time diaries: a third more workers in rural areas, two thirds more in deep rural ones."""
    relative = needed(resident=True)
    assert relative[2] == pytest.approx(1.33, abs=0.15)
    assert relative[3] == pytest.approx(1.66, abs=0.25)
    assert relative[4] == pytest.approx(1.66, abs=0.25)


# --- the evidence page --------------------------------------------------------------------------------------------


def test_the_evidence_page_is_of_the_shipped_parameters():
    """Made by `empowersim validate --out docs`; whoever changes a number makes it anew."""
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    assert f"`{digest(parameters())}, calibration {load_fit(SHIPPED_FIT).digest}`" in page


def test_the_shipped_values_are_those_of_the_shipped_fit():
    assert is_of(overrides(load_fit(SHIPPED_FIT)), parameters())
    fitted = {name for name, passport in passports().items() if passport.status == "fitted"}
    assert fitted == set(overrides(load_fit(SHIPPED_FIT)))
