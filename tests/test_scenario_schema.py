"""JSON Schema for editors, and the tables of the manual."""

from __future__ import annotations

import copy
import re
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from empowersim.scenario.load import loads
from empowersim.scenario.schema_json import schema_json, tables_markdown

ROOT = Path(__file__).parents[1]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = schema_json()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_accepts_the_shipped_files(path: Path, validator: Any) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(document)] == []


def medan() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "scenarios" / "medan.yaml").read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("polices",), {}),
        (("base", "wrold"), {}),
        (("base", "world", "place"), "medan"),
        (("base", "parameters"), {"practise_ramp": 0.03}),
        (("policies", "skills_training", "programmes", "skills_training", "budgt"), "1 billion IDR/year"),
        (("policies", "skills_training", "programmes", "skills_training", "gives"), {"literasy": 1}),
        (("policies", "skills_training", "programmes", "skills_training", "eligible"), {"consumpton": {"at_most": 1}}),
        (("policies", "skills_training", "programmes", "skills_training", "priority"), "richest_first"),
        (("policies", "skills_training", "programmes", "skills_training", "budget"), 60e9),
        (("policies", "skills_training", "mentors"), {"rule": "nearest"}),
        (("policies", "skills_training", "label"), {"fr": "Rien"}),
        (("policies", "skills_training", "world"), {"place": "medan_urban"}),
        (("empowersim",), None),
    ],
)
def test_rejects_a_mistake(keys: tuple[str, ...], value: object, validator: Any) -> None:
    document = copy.deepcopy(medan())
    inner = document
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    if value is None:
        del document["name"]
    else:
        inner[keys[-1]] = value
    assert not validator.is_valid(document)


def test_a_file_that_extends_may_say_little(validator: Any) -> None:
    assert validator.is_valid({"extends": "medan.yaml", "policies": {"adult_literacy": None}})


def test_manual_holds_the_tables_of_the_program() -> None:
    manual = (ROOT / "docs" / "scenario-format.md").read_text(encoding="utf-8")
    assert tables_markdown().strip() in manual, "make the tables of docs/scenario-format.md anew"


def test_examples_of_the_manual_are_sound(validator: Any) -> None:
    manual = (ROOT / "docs" / "scenario-format.md").read_text(encoding="utf-8")
    whole, circle, mentors, community = re.findall(r"```yaml\n(.*?)```", manual, flags=re.DOTALL)
    scenario = loads(
        whole.replace("policies:", circle + "policies:", 1)
        + "  circle: {programmes: {savings_circle: {places: 5 places/year}}}\n"
    )
    assert list(scenario.policies) == ["no_programme", "skills", "skills_and_visits", "circle"]
    assert validator.is_valid(yaml.safe_load(whole))
    head = "empowersim: 1\nname: x\nbase: {world: {place: medan_urban}}\npolicies:\n  one:\n"
    text = head + textwrap.indent(mentors + community, "    ")
    policy = loads(text).policies["one"]
    assert (policy.mentors.rotation, policy.mentors.coordination, policy.mentors.resident) == (24, True, True)
    assert [one.name for one in policy.community] == ["boat_landing", "community_deliberation", "leader_engagement"]
    assert validator.is_valid(yaml.safe_load(text))
