"""Malformed scenarios: every one gives its exact messages, all at once, with file, line and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from empowersim.errors import ScenarioError
from empowersim.scenario.load import load, loads, problems_of

TABLE = yaml.safe_load((Path(__file__).parent / "scenarios" / "malformed.yaml").read_text(encoding="utf-8"))
HEAD = "empowersim: 1\nname: x\nbase:\n  world: {place: medan_urban}\n"


def test_the_table_is_long_enough() -> None:
    assert len({case["name"] for case in TABLE}) == len(TABLE) >= 125


@pytest.mark.parametrize("case", TABLE, ids=[case["name"] for case in TABLE])
def test_malformed(case: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(case["text"], "x.yaml")
    assert [str(problem) for problem in caught.value.problems] == case["problems"]


def test_five_mistakes_give_five_problems_with_their_lines() -> None:
    text = next(case["text"] for case in TABLE if case["name"] == "five mistakes")
    with pytest.raises(ScenarioError) as caught:
        loads(text, "x.yaml")
    problems = caught.value.problems
    assert [problem.line for problem in problems] == [4, 5, 6, 11, 15]
    lines = text.splitlines()
    for problem in problems:
        assert problem.key.rpartition(".")[2] in lines[problem.line - 1]


def test_a_problem_in_base_is_told_once_however_many_policies_share_it() -> None:
    text = HEAD + "  mentors: {count: 2, rule: nearest}\npolicies:\n  a: {}\n  b: {}\n  c: {}\n"
    with pytest.raises(ScenarioError) as caught:
        loads(text, "x.yaml")
    assert [problem.key for problem in caught.value.problems] == ["base.mentors.rule"]


def test_message_names_the_file_in_which_the_line_stands(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(HEAD + "  simulation: {months: 0}\npolicies:\n  none: {}\n")
    child = tmp_path / "child.yaml"
    child.write_text("extends: parent.yaml\npolicies:\n  more: {runs_for: 3}\n")
    with pytest.raises(ScenarioError) as caught:
        load(child)
    own, parents = caught.value.problems
    assert (own.file, own.line, own.key) == (str(child), 3, "policies.more.runs_for")
    assert (parents.file, parents.line) == (str(tmp_path / "parent.yaml"), 5)


def test_circle_of_files(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"extends: {other}.yaml\n" + HEAD + "policies:\n  none: {}\n")
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "a.yaml")
    (problem,) = caught.value.problems
    assert problem.found == "a.yaml -> b.yaml -> c.yaml -> a.yaml"
    assert problem.file == str(tmp_path / "c.yaml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "medan.yaml").write_text(HEAD)
    (missing,) = problems_of(tmp_path / "medn.yaml")
    assert missing.found == f"no file {tmp_path / 'medn.yaml'}"
    assert missing.remedy == "did you mean medan.yaml?"
    (folder,) = problems_of(tmp_path)
    assert folder.found == f"a folder called {tmp_path}"
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: Pédagogie\n".encode("latin-1"))
    (encoding,) = problems_of(latin)
    assert encoding.remedy == "save the file as UTF-8"
    (nowhere,) = problems_of(tmp_path / "gone" / "x.yaml")
    assert nowhere.found == f"no folder {tmp_path / 'gone'}"


def test_a_sound_file_has_no_problems() -> None:
    assert problems_of(Path(__file__).parents[1] / "scenarios" / "medan.yaml") == ()
