"""A search on the engine: the same bytes after kills and on any workers, numbers of `compare`, clear errors."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from empowersim.errors import ScenarioError, SimulationError, StoreError
from empowersim.experiments import mix_plan
from empowersim.experiments.compare import compare
from empowersim.experiments.executors import make_executor
from empowersim.experiments.mix import JOURNAL, execute_mix, plan_mix
from empowersim.experiments.mix_evaluate import SEARCH_FROM, WORSE
from empowersim.experiments.mix_journal import MixJournal
from empowersim.experiments.mix_store import RESULT, best_yaml, read_optimisation, write_optimisation
from empowersim.experiments.worlds import compare_worlds
from empowersim.fronts import cli, optimise_api
from empowersim.fronts.optimise_cli import add_optimise
from empowersim.fronts.optimise_terminal import verdict

ROOT = Path(__file__).resolve().parents[1]
MEDAN = ROOT / "scenarios" / "medan.yaml"

TEXT = """
optimise: 1
name: small
scenario: {scenario}
budget: 60 billion IDR/year
like: mix_mentors
balanced: balanced_mix
money:
  skills_training: {{at_most: 60 %}}
  scholarship_tutoring: {{}}
  mentors: {{at_most: 50 %}}
  health_education: {{}}
  adult_literacy: {{}}
  entrepreneurship_training: {{}}
role_mix: yes
choices:
  mentors.rule: [round_robin, poorest_first]
  sharing: [equal, by_poverty]
constraints:
  worse_off: {{at_most: 20 %}}
search: {{evaluations: 24, generation: 8, seed: 2, slices: 4}}
futures: {{search: 2, held_out: 3, households: 200, months: 8, worlds: {worlds}}}
"""
MEMBERS = [{"kin_sharing": value} for value in (0.05, 0.1, 0.2)]


def write(folder: Path, worlds: str = "both", **replaced: str) -> Path:
    text = TEXT.format(scenario=Path(os.path.relpath(MEDAN, folder)).as_posix(), worlds=worlds)
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "search.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mix_plan, "program_digest", lambda: "one program")
        return plan_mix(write(tmp_path_factory.mktemp("search")), members=MEMBERS)


@pytest.fixture(scope="module")
def found(made):
    return execute_mix(made, threads=2)


# ---------------------------------------------------------------- what was found


def test_held_out_futures_are_others_than_those_of_the_search(made):
    searched = {made.looked.first + number for number in range(made.looked.count)}
    held = {made.held_out.first + number for number in range(made.held_out.count)}
    assert not searched & held
    assert min(searched) == SEARCH_FROM
    assert min(held) == 0


def test_no_mix_hands_out_more_than_the_budget(found):
    for row in found.looked_at:
        assert sum(amount for key, amount in row.items() if key.startswith("idr_a_year.")) <= found.budget
    assert all(sum(point.money.values()) <= found.budget for point in found.points)


def test_the_front_holds_no_dominated_point_on_the_futures_of_the_search(found):
    sign = {name: -1 if name != "empowerment_index" else 1 for name in found.objectives}
    rows = [[sign[name] * point.searched[name] for name in found.objectives] for point in found.front]
    for one in rows:
        assert not any(all(a >= b for a, b in zip(two, one, strict=True)) and two != one for two in rows)


def test_the_best_point_is_the_best_of_all_mixes_that_were_looked_at(found):
    able = [row[found.main] for row in found.looked_at if row["feasible"]]
    assert found.point(found.best).searched[found.main] == min(able)


def test_differences_are_those_of_the_same_futures(found):
    for name in ("poverty_gap", "cost"):
        one = found.versus(found.best, "balanced", name).held_out
        gap = found.point(found.best).held_out[name].mean - found.point("balanced").held_out[name].mean
        assert one.mean == pytest.approx(gap, rel=1e-9, abs=1e-15)
        assert one.low <= one.mean <= one.high
    assert found.point("reference").gain["poverty_gap"] == (0.0, 0.0, 0.0)


def test_best_yaml_gives_the_same_numbers_in_compare(found, tmp_path):
    """Both worlds, shipped parameters: to the last bit."""
    path = tmp_path / "best.yaml"
    path.write_text(best_yaml(found, tmp_path), encoding="utf-8")
    names = [found.best, "greedy_mix", "balanced_mix"]
    again = compare_worlds(path, policies=names, threads=2)
    for world, comparison in again.comparisons.items():
        for policy, point in zip(names, (found.best, "greedy_mix", "balanced"), strict=True):
            for figure in ("poverty_gap", "empowerment_index", "cost", "poverty_headcount"):
                value = comparison.tables["outcomes"].one("mean", policy=policy, outcome=figure)
                assert found.point(point).shipped[world][figure] == value, (world, policy, figure)
            worse = comparison.tables["winners"].one("mean", policy=policy, dimension="all", figure="worse")
            assert found.point(point).shipped[world][WORSE] == pytest.approx(worse, rel=1e-12)


def test_draws_of_the_parameters_change_the_numbers(found):
    best = found.point(found.best)
    assert any(best.shipped[world]["poverty_gap"] != best.by_world[world]["poverty_gap"] for world in found.worlds)


def test_without_draws_held_out_futures_are_those_of_compare(tmp_path):
    one = execute_mix(plan_mix(write(tmp_path, "no_trap"), evaluations=8), threads=1)
    path = tmp_path / "best.yaml"
    path.write_text(best_yaml(one, tmp_path), encoding="utf-8")
    again = compare(path, policies=[one.best])
    row = again.tables["outcomes"].where(policy=one.best, outcome="poverty_gap")
    held = one.point(one.best).held_out["poverty_gap"]
    assert (held.mean, held.low, held.high) == tuple(float(row[end][0]) for end in ("mean", "low", "high"))


def test_the_verdict_says_so_where_nothing_is_sure(found):
    said = " ".join(verdict(found))
    one = found.versus(found.best, "balanced", found.main)
    assert ("CANNOT BE TOLD from the balanced mix" in said) == (not one.told_apart)
    assert "the search never saw" in said


# ---------------------------------------------------------------- the same whatever happens


def test_workers_do_not_matter(made, found):
    assert execute_mix(made, threads=1).to_json() == found.to_json()
    with make_executor("processes", workers=2) as executor:
        assert execute_mix(made, executor=executor).to_json() == found.to_json()


SCRIPT = """
import sys
from empowersim.experiments import mix_plan
mix_plan.program_digest = lambda: "one program"  # whoever edits a source while this runs is not what is tested
from empowersim.experiments.mix import execute_mix, plan_mix
from empowersim.experiments.mix_store import write_optimisation
made = plan_mix(sys.argv[1], members=[{"kin_sharing": value} for value in (0.05, 0.1, 0.2)])
write_optimisation(execute_mix(made, folder=sys.argv[2], threads=1), sys.argv[2])
"""


def test_a_search_that_is_killed_again_and_again_ends_with_the_same_bytes(made, found, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    search = Path(made.search.file)
    write_optimisation(found, whole)
    kills = 0
    for after in (0, 5, 11, 23, 41):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(search), str(killed)], cwd=ROOT)
        journal = killed / JOURNAL
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            if journal.exists() and journal.read_bytes().count(b"\n") > after:
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.005)
        process.wait()
    with (killed / JOURNAL).open("ab") as stream:
        stream.write(b'{"key": "torn')  # a line that was cut while it was written
    before = (killed / JOURNAL).read_bytes()
    subprocess.run([sys.executable, "-c", SCRIPT, str(search), str(killed)], cwd=ROOT, check=True)
    assert kills >= 3
    lines = (killed / JOURNAL).read_bytes().splitlines(keepends=True)
    assert b"".join(lines).startswith(before[: before.rindex(b"\n") + 1]), "what was written is kept"
    keys = [json.loads(line)["key"] for line in lines[1:]]
    assert len(keys) == len(set(keys)), "nothing is simulated twice"
    assert not list(killed.glob(".writing-*"))
    for name in (RESULT, "points.parquet", "mixes.parquet", "comparisons.parquet", "evaluations.parquet"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    relative = {f.name: (f / "best.yaml").read_text(encoding="utf-8") for f in (whole, killed)}
    assert relative["whole"] == relative["killed"]


def test_a_finished_search_is_read_from_its_journal_and_a_longer_one_goes_on(tmp_path):
    search = write(tmp_path, "no_trap")
    short = plan_mix(search, evaluations=8)
    execute_mix(short, folder=tmp_path, threads=1)
    lines = (tmp_path / JOURNAL).read_bytes()
    execute_mix(short, folder=tmp_path, threads=1)
    assert (tmp_path / JOURNAL).read_bytes() == lines
    longer = execute_mix(plan_mix(search, evaluations=16), folder=tmp_path, threads=1)
    assert (tmp_path / JOURNAL).read_bytes().startswith(lines)
    assert longer.to_json() == execute_mix(plan_mix(search, evaluations=16), threads=1).to_json()


# ---------------------------------------------------------------- errors


def test_a_journal_of_other_inputs_or_in_use_is_refused(tmp_path):
    search = write(tmp_path, "no_trap")
    made = plan_mix(search, evaluations=8)
    with MixJournal(made.identity, tmp_path / JOURNAL), pytest.raises(StoreError, match="held by another"):
        execute_mix(made, folder=tmp_path)
    with pytest.raises(StoreError, match="it differs in months"):
        execute_mix(plan_mix(search, months=9), folder=tmp_path)
    text = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(text + b"nonsense\n" + b'{"key": "a", "values": [1.0]}\n')
    with pytest.raises(StoreError, match=r"evaluations\.journal:2: expected a line"):
        execute_mix(made, folder=tmp_path)


def test_constraints_that_nobody_can_keep_are_told(tmp_path):
    search = write(tmp_path, "no_trap", **{"worse_off: {at_most: 20 %}": "served_remote: {at_least: 50 %}"})
    with pytest.raises(SimulationError, match="found none among"):
        execute_mix(plan_mix(search, evaluations=8), threads=1)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("scholarship_tutoring: {}", "scholarship_tutorin: {}", 10, "did you mean scholarship_tutoring?"),
        ("like: mix_mentors", "like: mix_mentor", 6, "did you mean mix_mentors?"),
        ("poorest_first]", "porest_first]", 17, "did you mean poorest_first?"),
        ("  sharing: [equal, by_poverty]", "  sharin: [equal, by_poverty]", 18, "did you mean sharing?"),
        ("worse_off: {at_most: 20 %}", "worse_of: {at_most: 20 %}", 20, "did you mean worse_off?"),
        ("worse_off: {at_most: 20 %}", "worse_off: {}", 20, "at_most or at_least"),
        ("budget: 60 billion IDR/year", "budget: 60 billion", 5, "name the currency"),
        ("seed: 2,", "seed: 2, evaluatons: 3,", 21, "did you mean evaluations?"),
        ("  entrepreneurship_training: {}\n", "", 6, "mix_mentors with entrepreneurship_training"),
        ("months: 8,", "months: 8, draws: -1,", 22, "draws"),
    ],
)
def test_what_is_wrong_in_a_search_file_is_named_with_its_line(tmp_path, old, new, line, said):
    with pytest.raises(ScenarioError) as caught:
        plan_mix(write(tmp_path, "no_trap", **{old: new}))
    assert any(one.line == line and said in str(one) for one in caught.value.problems), str(caught.value)


def test_a_scenario_file_needs_a_budget_and_then_searches_its_programmes():
    with pytest.raises(ScenarioError, match="--budget"):
        plan_mix(MEDAN)
    search = plan_mix(MEDAN, budget="30 billion IDR/year").search
    assert search.space.budget == 30 * 10**9
    assert set(search.space.names) == {
        "skills_training",
        "adult_literacy",
        "scholarship_tutoring",
        "health_education",
        "entrepreneurship_training",
        "mentors",
    }
    assert search.balanced == "balanced_mix"
    assert search.main == "poverty_gap"


def test_a_balanced_mix_of_another_budget_is_scaled_and_that_is_said(tmp_path):
    one = execute_mix(plan_mix(write(tmp_path, "no_trap"), budget="30 billion IDR/year", evaluations=8), threads=1)
    assert set(one.point("balanced").money.values()) == {0, 6 * 10**9}
    assert "30 billion" in one.notes[0]


def test_the_search_files_of_the_project_can_be_used():
    for path in sorted((ROOT / "scenarios" / "optimise").glob("*.yaml")):
        search = plan_mix(path).search
        assert search.space.decode([0.5] * search.space.dimensions).units


def test_spending_beyond_the_budget_is_not_feasible(found, made):
    """Where few villages stand for many, spending can exceed what is handed out; such a mix is never on the front."""
    for point in found.front:
        assert point.searched["cost"] <= 1.02 * made.money


# ---------------------------------------------------------------- command line


def run(*words: str) -> int:
    parser = cli._Parser(prog="empowersim")
    add_optimise(parser.add_subparsers(dest="command"))
    asked: argparse.Namespace = parser.parse_args(["optimise", *words])
    return asked.handler(asked)


def test_the_command_prints_json_and_writes_a_folder(tmp_path, capsys):
    out = tmp_path / "out"
    search = str(write(tmp_path, "no_trap"))
    assert run(search, "--evaluations", "8", "--draws", "2", "--json", "--out", str(out)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == read_optimisation(out)
    written = {file.name for file in out.iterdir()}
    assert {"front.png", "mixes.png", "best.yaml", "points.parquet", "provenance.json"} <= written
    assert run(search, "--evaluations", "8", "--draws", "2", "--out", str(out), "--resume", "--all") == 0
    said = capsys.readouterr()
    assert "Going on" in said.err
    assert "The best mix against the balanced mix" in " ".join(said.out.split())


def test_the_command_refuses_what_it_cannot_do(tmp_path):
    search = str(write(tmp_path, "no_trap"))
    with pytest.raises(StoreError, match="none"):
        run(search, "--resume", "--out", str(tmp_path / "nothing"))
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(StoreError, match="expected a folder"):
        run(search, "--out", str(file))
    assert optimise_api.ready(plan_mix(search), tmp_path / "fresh") == 0
