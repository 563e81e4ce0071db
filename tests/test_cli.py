from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers_runs import make_comparison, make_run, toy, with_measure

import empowersim
from empowersim.fronts import cli, terminal
from empowersim.results.tables import RATIOS

ROOT = Path(__file__).resolve().parents[1]

SCENARIO = """
empowersim: 1
name: tiny
title: {en: A tiny town, id: Kota kecil}
base:
  world: {place: medan_urban}
  simulation: {households: 150, months: 14, burn_in: 2 months, replicates: 3, seed: 5}
policies:
  no_programme: {label: {en: No programme, id: Tanpa program}}
  twin: {label: {en: The same again, id: Sama saja}}
  skills:
    label: {en: Skills training, id: Pelatihan keterampilan}
    programmes: {skills_training: {budget: 60 billion IDR/year}}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "tiny.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def run(*arguments: object, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in its own process; the exit code is checked, and that no traceback is shown."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "empowersim", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", **environment},
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done


# ---------------------------------------------------------------- help and words


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    text = run("--help").stdout
    for command in ("compare", "run", "factors", "check", "diff", "cite", "schema", "places", "programmes"):
        assert f"\n    {command}" in text
    code = (
        "import sys; from empowersim.fronts.cli import main; main(['--help']); "
        "heavy = {'numpy', 'numba', 'pandas', 'pyarrow', 'matplotlib', 'rich', 'pydantic', 'yaml'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


@pytest.mark.parametrize(
    "command", ["compare", "run", "factors", "check", "diff", "cite", "schema", "places", "programmes"]
)
def test_every_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"empowersim {command}" in text
    assert f"examples:\n  empowersim {command}" in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"empowersim {empowersim.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["compare"], "required: FILE"),
        (["compare", "x.yaml", "--replicates", "many"], "invalid int value: 'many'"),
        (["compare", "x.yaml", "--policies", ","], "expected names with commas"),
        (["cite", "x.yaml", "--format", "word"], "invalid choice: 'word'"),
        (["compare", "x.yaml", "--house", "3"], "unrecognized arguments: --house"),
    ],
)
def test_what_argparse_finds_wrong_ends_with_two(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("empowersim.fronts.api.places", stopped)
    monkeypatch.setattr(cli.threading, "active_count", lambda: 1)
    assert cli.main(["places"]) == 130
    assert "stopped" in capsys.readouterr().err


# ---------------------------------------------------------------- compare and run


def test_json_is_one_document_on_standard_output_and_nothing_else(scenario: Path) -> None:
    done = run("compare", scenario, "--json", "--threads", 1)
    document = json.loads(done.stdout)
    assert (document["scenario"], document["seed"]) == ("tiny", 5)
    assert (document["replicates"], document["households"], document["months"]) == (3, 150, 14)
    assert list(document["policies"]) == ["no_programme", "twin", "skills"]
    assert document["policies"]["skills"]["cost"]["mean"] > 0
    # the same bytes again, and with two threads
    assert run("compare", scenario, "--json", "--threads", 2).stdout == done.stdout


def test_a_policy_that_does_nothing_changes_nothing(scenario: Path) -> None:
    document = json.loads(run("compare", scenario, "--json").stdout)
    for outcome, entry in document["differences"]["twin"].items():
        if outcome not in {*RATIOS, "visits_per_client"}:
            assert (entry["mean"], entry["low"], entry["high"]) == (0, 0, 0), outcome
    winners = document["winners"]["twin"]
    assert winners["unchanged"] == 1
    assert winners["by_contact"]["untouched"]["any_change"] == 0
    assert document["winners"]["skills"]["by_contact"]["touched"]["any_change"] > 0


def test_sizes_given_here_win_over_the_file_and_the_reference_comes_along(scenario: Path) -> None:
    sizes = ("--households", 90, "--months", 6, "--replicates", 2, "--seed", 9)
    document = json.loads(run("compare", scenario, "--policies", "skills", *sizes, "--json").stdout)
    assert (document["households"], document["months"], document["replicates"], document["seed"]) == (90, 6, 2, 9)
    assert list(document["policies"]) == ["no_programme", "skills"]
    other = json.loads(run("compare", scenario, "--reference", "twin", "--policies", "skills", *sizes, "--json").stdout)
    assert other["reference"] == "twin"
    assert other["differences"] == document["differences"]


def test_tables_and_verdict_for_people(scenario: Path) -> None:
    done = run("compare", scenario, COLUMNS="80")
    text = done.stdout
    assert "A tiny town: 3 futures, 150 households standing for 610,000, 14 months" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    for words in ("Poverty rate", "Independent", "of 100 futures", "Money over 14 months", "Better and worse off"):
        assert words in text
    assert "Not a forecast:" in text
    assert "Note: The 150 households are synthetic" in text
    assert "Skills training" in text


def test_everything_is_printed_when_asked_for(scenario: Path) -> None:
    text = run("compare", scenario, "--all", COLUMNS="80").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for words in ("Budget by year", "Places, and who waits", "Furthest stage", "Cost-effectiveness", "dimensions"):
        assert words in text
    assert "--all" not in text
    chief = run("compare", scenario, COLUMNS="80").stdout
    assert "Budget by year" not in chief
    assert "--all" in chief
    assert len(chief.splitlines()) < 0.7 * len(text.splitlines())


def test_run_shows_one_policy(scenario: Path) -> None:
    document = json.loads(run("run", scenario, "--policy", "skills", "--json").stdout)
    assert list(document["policies"]) == ["skills"]
    assert document["differences"] == {}
    compared = json.loads(run("compare", scenario, "--json").stdout)
    levels = ("poverty_gap", "literacy", "cost")
    assert [document["policies"]["skills"][name] for name in levels] == [
        compared["policies"]["skills"][name] for name in levels
    ]
    assert "nothing to compare it with" in run("run", scenario).stdout


def test_out_writes_tables_figures_and_provenance_and_refuses_other_inputs(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    said = run("compare", scenario, "--out", out).stdout
    names = {path.name for path in out.iterdir()}
    assert {"outcomes.parquet", "paths.parquet", "ledger.parquet", "provenance.json"} <= names
    assert {"paths.png", "differences.png", "winners.png"} <= names
    assert f"Written to {out}" in said
    back = empowersim.read_comparison(out)
    assert json.loads(back.to_json()) == json.loads(run("compare", scenario, "--json").stdout)
    run("compare", scenario, "--out", out, "--json")
    refused = run("compare", scenario, "--out", out, "--seed", 6, code=2).stderr
    assert "holds results of other inputs" in refused
    assert "--force" in refused
    run("compare", scenario, "--out", out, "--seed", 6, "--force")
    assert empowersim.read_comparison(out).seed == 6
    provenance = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["made_with"]["command"][1:3] == ["compare", str(scenario)]


def test_ledger_adds_up_to_the_cost(scenario: Path) -> None:
    result = empowersim.compare(scenario, threads=1)
    costs = result.ledger.where(policy="skills", figure="cost")["mean"].sum()
    assert costs == pytest.approx(result.outcomes.one("mean", policy="skills", outcome="cost"))
    offered, filled = (
        result.ledger.where(policy="skills", figure=figure)["mean"].sum()
        for figure in ("places_offered", "places_filled")
    )
    assert 0 < filled <= offered


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--policies", "skils"],
            "expected a policy of the file (no_programme, twin, skills), found 'skils'; did you mean skills?",
        ),
        (["--reference", "nobody"], "reference: expected a policy of the file"),
        (["--replicates", 0], "replicates: expected a whole number of 1 or more, found 0"),
        (["--months", -3], "months: expected a whole number of 1 or more, found -3"),
        (["--seed", 2**32], "seed: expected a whole number from 0 to 4294967295, found 4294967296"),
        (["--households", 0], "households: expected a whole number of 1 or more, found 0"),
        (["--threads", 0], "threads: expected a whole number of 1 or more, found 0"),
    ],
)
def test_wrong_wishes_are_told_in_one_sentence(
    scenario: Path, arguments: list[object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", str(scenario), *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_a_place_for_results_is_checked_before_the_run(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("empowersim.experiments.compare.execute", lambda *_, **__: pytest.fail("it ran"))
    (tmp_path / "file").write_text("")
    assert cli.main(["compare", str(scenario), "--out", str(tmp_path / "file")]) == 2
    assert "expected a folder for the results, found a file" in capsys.readouterr().err


def test_a_survey_that_is_not_there_is_said_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = ROOT / "scenarios" / "survey-vietnam.yaml"
    missing = tmp_path / "nowhere.csv"
    assert cli.main(["compare", str(scenario), "--survey", str(missing)]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_the_content_of_a_survey_is_part_of_the_run_id(tmp_path: Path, shared: Path) -> None:
    from empowersim.experiments.compare import plan

    source = shared / "data" / "vlss_households.csv"
    text = source.read_text(encoding="utf-8")
    ids = set()
    for name, content in (("a.csv", text), ("b.csv", text), ("c.csv", text + text.splitlines()[-1] + "\n")):
        (tmp_path / name).write_text(content, encoding="utf-8")
        loaded = empowersim.load(ROOT / "scenarios" / "survey-vietnam.yaml", survey=tmp_path / name)
        ids.add(plan(loaded, months=1, replicates=1).run_id)
    assert len(ids) == 2


# ---------------------------------------------------------------- files in words


def test_check_says_what_a_file_means(scenario: Path) -> None:
    assert "Rp 60 billion a year" in run("check", scenario).stdout
    document = json.loads(run("check", scenario, "--json").stdout)
    assert document["valid"] is True
    assert empowersim.describe(scenario) == document["sentences"]


def test_check_lists_all_problems_with_lines_and_ends_with_two(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    text = SCENARIO.replace("months: 14", "month: 14").replace("60 billion IDR/year", "60 bilion IDR/year")
    text = text.replace("medan_urban", "medan_urbn").replace("replicates: 3", "replicates: 0")
    path.write_text(text.replace("skills_training:", "skill_training:"), encoding="utf-8")
    done = run("check", path, code=2)
    assert done.stdout == ""
    problems = empowersim.check(path)
    assert len(problems) >= 4
    assert f"empowersim check: {len(problems)} problems" in done.stderr
    for problem in problems:
        assert f"{path}:{problem.line}:" in done.stderr
    document = json.loads(run("check", path, "--json", code=2).stdout)
    assert [entry["line"] for entry in document["problems"]] == [problem.line for problem in problems]


def test_a_file_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    for command in ("check", "compare", "run", "cite"):
        assert "nothing.yaml" in run(command, tmp_path / "nothing.yaml", code=2).stderr


def test_diff_of_policies_and_files(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(SCENARIO.replace("60 billion", "90 billion").replace("seed: 5", "seed: 6"), encoding="utf-8")

    def said(*arguments: object, code: int = 0) -> str:
        assert cli.main(["diff", *map(str, arguments)]) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    assert "Rp 90 billion" in said(f"{scenario}:skills", f"{other}:skills")
    assert "skills_training" in said(scenario, "no_programme", "skills")
    assert said(scenario, "no_programme", "twin") == "There is no difference that changes a result.\n"
    assert "Rp 90 billion" in said(scenario, other)
    assert "did you mean skills?" in said(scenario, "no_programme", "skils", code=2)
    assert "expected two files, or a policy of each" in said(f"{scenario}:skills", other, code=2)
    assert "expected FILE POLICY POLICY" in said(f"{scenario}:skills", "skills", "twin", code=2)


def test_cite_gives_the_sources_of_what_is_used(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = {figure["name"] for figure in empowersim.fronts.api.sources(scenario)}
    assert "medan_urban.urban.poverty_rate" in figures
    assert cli.main(["cite", str(scenario)]) == 0
    text = capsys.readouterr().out
    assert f"tiny uses {len(empowersim.fronts.api.sources(scenario))} figures" in text
    assert "A: read in a source" in text
    assert "C: assumed" in text
    document = json.loads(empowersim.cite(scenario, format="json"))
    assert {figure["name"] for found in document["figures"].values() for figure in found} == figures
    entries = empowersim.cite(scenario, format="bibtex-like")
    keys = [line.removeprefix("@misc{").rstrip(",") for line in entries.splitlines() if line.startswith("@misc{")]
    assert len(keys) == len(set(keys)) > 5
    assert entries.count("{") == entries.count("}")


def test_lists_of_what_the_package_brings(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["places"]) == 0
    text = capsys.readouterr().out
    assert "medan_urban: Medan (city)" in text
    assert "Rp 690,000 a person and month" in text
    assert cli.main(["programmes", "--json"]) == 0
    names = {entry["name"] for entry in json.loads(capsys.readouterr().out)}
    assert {"skills_training", "adult_literacy", "health_education"} <= names
    assert {place["name"] for place in empowersim.places()} >= {"medan_urban", "remote_islands"}


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert "properties" in json.loads(capsys.readouterr().out)


# ---------------------------------------------------------------- the public names


def test_public_names_are_there_and_lazily_loaded() -> None:
    for name in empowersim.__all__:
        assert getattr(empowersim, name) is not None
    assert len(empowersim.__all__) <= 48
    with pytest.raises(AttributeError, match="no attribute 'simulat'; it offers"):
        _ = empowersim.simulat


def test_python_and_command_line_give_the_same_document(scenario: Path) -> None:
    loaded = empowersim.load(scenario)
    result = empowersim.compare(loaded, policies=["skills"], replicates=2, threads=1)
    said = run("compare", scenario, "--policies", "skills", "--replicates", 2, "--json").stdout
    assert result.to_json() == said.rstrip("\n")
    alone = empowersim.simulate(loaded, "skills", replicates=2)
    assert alone.policies == ("skills",)
    assert str(alone) == "tiny: policy skills, 2 futures, 150 households, 14 months"


# ---------------------------------------------------------------- terminal


def shown(comparison: object, width: int = 80) -> str:
    from rich.console import Console

    out = io.StringIO()
    terminal.show(comparison, Console(file=out, width=width, highlight=False, no_color=True))
    return out.getvalue()


def test_tables_fold_to_the_terminal() -> None:
    for width in (80, 100, 160):
        text = shown(toy(4, ("skills_training", "literacy_and_numeracy", "c", "d")), width)
        assert max(map(len, text.splitlines())) <= width
        # nothing is cut
        assert "…" not in text


def test_mentors_have_their_table_and_their_price() -> None:
    hours = dict.fromkeys(("available", "administration", "training", "travel", "sessions", "visits"), 10.0)
    hours["available"] = 100.0
    mentors = {"posts": 10.0, "clients": 400.0, "visited": 160.0, "departures": 0.1}
    more = {"mentors": mentors, "hours": hours, "mentor_cost": 1e6, "partner_cost": 5e5}
    runs = [
        [make_run("nothing", future), make_run("helped", future, level=0.19, poor=90.0 - future, **more)]
        for future in range(3)
    ]
    comparison = make_comparison(runs)
    text = shown(comparison)
    row = next(line for line in text.splitlines() if line.startswith(" helped") and "40" in line and "12.0" in line)
    # posts, clients each, months between visits, office, road, people, leaving
    assert row.split()[-7:] == ["10", "40", "2.5", "10", "10", "20", "12.0"]
    assert "Mentors, mean" not in shown(toy(2))
    assert any("partners pay 50 % of it" in sentence for sentence in terminal.verdict(comparison))


def test_gains_that_last_are_said_in_a_sentence() -> None:
    path = np.r_[np.full(24, 0.1), np.full(24, 0.15)]
    runs = [
        [
            make_run("nothing", future, months=48),
            with_measure(make_run("skills", future, months=48), "poverty_headcount", path),
        ]
        for future in range(3)
    ]
    sentences = terminal.verdict(make_comparison(runs, ends=[48, 24]))
    said = next(sentence for sentence in sentences if "there is left" in sentence)
    assert "has won on the poverty rate (P0) when it ends, there is left: 50 % (50 % to 50 %) 12 months later" in said


def test_verdict_says_who_is_best_who_loses_and_what_it_costs() -> None:
    sentences = terminal.verdict(toy(10))
    assert sentences[0].startswith("“mix (en)” lowers the poverty rate most")
    assert "best of 3 in 100 of 100 futures" in sentences[0]
    assert any("Rp 48 billion over 2 years" in sentence for sentence in sentences)
    assert any("end better off and 12.50 % worse off, most often in fifth 5" in sentence for sentence in sentences)
    assert "3 of the 10 figures in use are assumed" in sentences[-1]
    assert "ask for more replicates" in terminal.verdict(toy(1))[-1]


def test_progress_is_silent_when_quick_and_speaks_in_lines_when_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    with terminal.progress_on(out, "3 policies", first_run=False) as told:
        told(0, 100, "")
        now[0] = 1.0
        told(10, 100, "")
        assert out.getvalue() == ""
        now[0] = 20.0
        told(40, 100, "")
        told(41, 100, "")
    assert out.getvalue() == "simulating 3 policies: 40 of 100 futures, 2.0/s, about 30 s left\n"
    out = io.StringIO()
    with terminal.progress_on(out, "3 policies", first_run=True):
        pass
    assert out.getvalue().startswith("first run: compiling")


def test_a_bar_on_a_terminal_says_what_is_done() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Screen()
    with terminal.progress_on(out, "3 policies", first_run=False) as told:
        told(0, 4, "")
        told(3, 4, "")
    assert "3 policies" in out.getvalue() or "simulating" in out.getvalue()
