"""Ready scenarios are found by their names, from wherever one starts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import empowersim as es
from empowersim.errors import ScenarioError
from empowersim.scenario.ready import find, ready_scenarios

ROOT = Path(__file__).resolve().parents[1]
SMALL = """
empowersim: 1
name: own
base:
  world: {place: medan_urban, households: 610 thousand}
  simulation: {households: 200, months: 3, burn_in: 1 months, replicates: 1}
policies: {nothing: {}}
"""


@pytest.mark.parametrize("folder", ["", "notebooks", "src/empowersim/rules"])
def test_found_from_inside_the_clone(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / folder)
    assert es.load("medan").digest == es.load(ROOT / "scenarios" / "medan.yaml").digest
    assert "medan" in ready_scenarios()


def test_found_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("medan") == ROOT / "scenarios" / "medan.yaml"
    assert es.check("medan") == ()


def test_the_nearest_folder_of_scenarios_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "own.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert es.load("own").name == "own"
    assert list(ready_scenarios()) == ["own"]


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("medan").write_text(SMALL, encoding="utf-8")
    assert es.load("medan").name == "own"


@pytest.mark.parametrize("name", ["medan.yaml", "scenarios/medan", "medan.yml"])
def test_paths_are_not_looked_up(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find(name) == Path(name)
    with pytest.raises(ScenarioError, match="expected a scenario file"):
        es.load(name)


def test_a_misspelt_name_names_the_nearest() -> None:
    (problem,) = es.check("mdan")
    assert problem.remedy == "did you mean medan?"
    assert "medan" in problem.expected
    assert "mentors-or-courses" in problem.expected


def test_a_name_like_none_is_a_missing_file() -> None:
    (problem,) = es.check("qqqqqq")
    assert problem.found == "no file qqqqqq"


def test_a_file_extends_a_ready_scenario(tmp_path: Path) -> None:
    path = tmp_path / "child.yaml"
    path.write_text("extends: medan\nname: child\npolicies: {more: {like: skills_training}}\n", encoding="utf-8")
    assert set(es.load(path).policies) == {*es.load("medan").policies, "more"}
    path.write_text("extends: mdan\nname: child\n", encoding="utf-8")
    problem = es.check(path)[0]
    assert (problem.line, problem.key, problem.remedy) == (1, "extends", "did you mean medan?")


def test_a_file_beside_comes_before_a_ready_scenario(tmp_path: Path) -> None:
    (tmp_path / "medan").write_text(SMALL, encoding="utf-8")
    path = tmp_path / "child.yaml"
    path.write_text("extends: medan\nname: child\n", encoding="utf-8")
    assert list(es.load(path).policies) == ["nothing"]


def test_the_readme_names_the_ready_scenarios_and_asks_them_for_policies_that_they_have() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in ready_scenarios(ROOT) if f"(scenarios/{name}.yaml)" not in readme] == []
    asked = 0
    for path, words in re.findall(r"^empowersim \w+ (scenarios/[\w-]+\.yaml)([^#\n]*)", readme, re.MULTILINE):
        options = re.findall(r"--(?:policy|policies|against) (\S+)", words)
        bare = re.findall(r"(?<!\S)[a-z]\w*", re.sub(r"--?\S+ \S+", "", words))
        names = [name for part in (*options, *bare) for name in part.split(",")]
        known = es.load(ROOT / path).policies
        assert [name for name in names if name not in known] == []
        asked += len(names)
    assert asked >= 6
