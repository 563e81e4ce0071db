"""The commands on evidence as people type them: what they print, what they refuse, and a calibration that goes on.

Everything runs in this process on few villages. Numbers are compared with those of the functions behind the commands.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from empowersim.calibration.evidence import SimulateEvidence
from empowersim.calibration.store import load_fit, overrides
from empowersim.evidence.base import mappings, targets
from empowersim.evidence.judge import judge
from empowersim.evidence.simulated import simulate_rows
from empowersim.fronts import evidence_cli, evidence_terminal
from empowersim.fronts.cli import DONE, WRONG, main
from empowersim.fronts.evidence_page import is_of
from empowersim.parameters import digest, parameters
from empowersim.trials.estimate import effects
from empowersim.trials.library import packaged
from empowersim.trials.load import load
from empowersim.trials.run import draw, expected

P = parameters()

STUDY = """
trial: 1
title: "A small study"
source: "nobody (2020)"
money: {currency: EUR, line: 50}
context: {consumption: 1.2 lines}
population: {villages: 12, households_per_village: 20}
randomisation: {unit: village}
arms:
  control: {}
  treated:
    take_up: 80 %
    gives:
      grant: {asset_grant: 300, month: 1}
      course: {business: 1 course, months: 1-4}
surveys: [12]
outcomes:
  consumption: [percent, level]
"""


@pytest.fixture
def small(tmp_path):
    """A trial file of 240 households."""
    path = tmp_path / "small.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture
def say(capsys, monkeypatch):
    """Run a command; return its exit code, and what it wrote to standard output and error."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def refused(said, *parts):
    """Whether a command said what is wrong in words, and nothing else."""
    code, out, err = said
    assert (code, out) == (WRONG, ""), err
    assert "Traceback" not in err
    for part in parts:
        assert part in err
    return True


# --- trial --------------------------------------------------------------------------------------------------------


def test_a_trial_is_drawn_and_told(say):
    code, out, _ = say("trial", "togo")
    assert code == DONE
    assert out.startswith("Personal initiative or business training in Togo\nCampos, Frese")
    assert "true" in out
    words = out.split()
    # a narrow terminal folds long names
    assert all(one.name[:20] in "".join(words) for one in load(packaged()["togo"]).estimates)
    assert words.count("yes") + words.count("no") >= len(load(packaged()["togo"]).estimates)


def test_a_trial_as_json_is_what_the_functions_give(say, small):
    code, out, err = say("trial", small, "--json", "--seed", 5, "--replicate", 2)
    assert (code, err) == (DONE, "")
    document = json.loads(out)
    trial = load(small)
    panel = draw(trial, P, seed=5, replicate=2)
    truth = expected(trial, P, seed=5, replicate=2)
    assert (document["title"], document["unit"], document["digest"]) == ("A small study", "village", trial.digest)
    assert [row["name"] for row in document["estimates"]] == [one.name for one in trial.estimates]
    for row, one in zip(document["estimates"], effects(panel, trial), strict=True):
        assert (row["value"], row["se"], row["p"], row["true_value"]) == (one.value, one.se, one.p, one.true_value)
        assert (row["expected"], row["expected_se"]) == (truth[one.name].value, truth[one.name].se)
        assert row["covered"] is one.covered
        assert row["clusters"] == 12


def test_naive_errors_are_only_for_comparison(say, small):
    robust, naive = (json.loads(say("trial", small, "--json", *more)[1])["estimates"] for more in ((), ("--naive",)))
    assert [row["value"] for row in robust] == pytest.approx([row["value"] for row in naive])
    assert {row["robust"] for row in robust} == {True}
    assert {row["robust"] for row in naive} == {False}
    assert all(one["se"] != other["se"] for one, other in zip(robust, naive, strict=True))


def test_a_trial_in_both_worlds(say, small):
    code, out, _ = say("trial", small, "--json", "--world", "both")
    documents = json.loads(out)
    assert code == DONE
    assert [document["title"] for document in documents] == ["A small study (no trap)", "A small study (trap)"]
    plain = json.loads(say("trial", small, "--json")[1])
    (trapped,) = [json.loads(say("trial", small, "--json", "--world", "trap")[1])]
    assert documents[0]["estimates"] == plain["estimates"]
    assert documents[1]["estimates"] == trapped["estimates"]
    assert documents[0]["estimates"] != documents[1]["estimates"]


def test_a_file_can_be_checked_without_drawing_anything(say, small, monkeypatch):
    monkeypatch.setattr("empowersim.trials.run.draw", None)
    code, out, _ = say("trial", small, "--check")
    assert code == DONE
    for line in ("study: A small study  [nobody (2020)]", "1 L: 50 EUR", "households: 12 villages of 20"):
        assert line in out.splitlines()


def test_packaged_trials_are_listed(say):
    code, out, _ = say("trial", "--list")
    assert code == DONE
    assert [line.split(":")[0] for line in out.splitlines()] == list(packaged())
    assert "togo: Personal initiative or business training in Togo" in out


def test_what_is_wrong_with_a_trial_is_said(say, small):
    assert refused(say("trial", "togoo"), "togoo: expected a trial file or the name of a packaged trial", "mean togo?")
    assert refused(say("trial"), "expected a trial file or the name of a packaged trial; see empowersim trial --list")
    assert refused(say("trial", "nowhere/study.yaml"), "study.yaml")
    small.write_text(STUDY.replace("treated:\n", "treated:\n    takeup: 1\n", 1), encoding="utf-8")
    assert refused(say("trial", small), "small.yaml:12:", "takeup", "take_up")
    assert refused(say("trial", "togo", "--fit", "none.yaml"), "none.yaml: expected a parameter file")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trial", "togo", "--seed", -1), "--seed: expected a whole number from 0 to 4294967295, found -1"),
        (("trial", "togo", "--replicate", 2**32), "--replicate: expected a whole number from 0 to 4294967295"),
        (("power", "togo", "--draws", 0), "--draws: expected a whole number of 1 or more, found 0"),
        (("power", "togo", "--threads", -1), "--threads: expected a whole number of 0 or more, found -1"),
        (("power", "togo", "--villages", "20,many"), "expected whole numbers with commas between them, as 20,50"),
        (("power", "togo", "--take-up", "half"), "expected shares with commas between them, as 0.4,0.8"),
        (("power", "togo", "--take-up", "1.5"), "take_up: expected a share above 0 and at most 1, found 1.5"),
        (("power", "togo", "--estimate", "profits"), "--estimate: expected an estimate of togo"),
        (("validate", "--rows", ","), "expected words with commas between them, as C102,C110"),
        (("validate", "--rows", "C050"), "rows: expected rows of the evidence base, found 'C050'; did you mean C050"),
        (("validate", "--size", 0), "--size: expected a number above 0, found 0"),
        (("validate", "--size", "nan"), "--size: expected a number above 0, found nan"),
        (("validate", "--seed", 2**32), "--seed: expected a whole number from 0 to 4294967295"),
        (("validate", "--rows", "C110", "--out", "x"), "--out: expected all rows in the worlds of the files"),
        (("validate", "--world", "both", "--out", "x"), "--out: expected all rows in the worlds of the files"),
        (("calibrate", "--rows", "C11O"), "rows: expected rows of the evidence base, found 'C11O'; did you mean C"),
        (("calibrate", "--rows", "C103"), "rows: expected numeric rows that a study simulates, found C103"),
        (("calibrate", "--parameters", "advice_fad"), "no parameter is called advice_fad; did you mean advice_fade?"),
        (("calibrate", "--members", -1), "--members: expected a whole number of 0 or more, found -1"),
        (("calibrate", "--workers", -1), "--workers: expected a whole number of 0 or more, found -1"),
        (("calibrate", "--evaluations", 0), "--evaluations: expected a whole number of 1 or more, found 0"),
        (("calibrate", "--leave-out-steps", -1), "--leave-out-steps: expected a whole number of 0 or more, found -1"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(say, tmp_path, monkeypatch, words, said):
    def never(*_, **__):
        raise AssertionError("something was drawn")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("empowersim.trials.run.Drawn.__init__", never)
    assert refused(say(*words), said)
    assert not list(tmp_path.iterdir())


# --- power --------------------------------------------------------------------------------------------------------


def test_power_of_two_sizes(say, small):
    words = ("power", small, "--villages", "4,150", "--draws", 12, "--seed", 3)
    code, out, _ = say(*words)
    assert code == DONE
    assert "A small study" in out
    code, out, _ = say(*words, "--json", "--threads", 1)
    table = json.loads(out)
    few, many = table["rows"]
    assert code == DONE
    assert table["estimate"]["name"] == load(small).estimates[0].name
    assert [row["design"]["villages"] for row in table["rows"]] == [4, 150]
    assert {row["draws"] for row in table["rows"]} == {12}
    assert many["spread"] < few["spread"]
    assert few["power"] < many["power"]
    assert say(*words, "--json", "--threads", 2)[1] == out


def test_power_of_an_estimate_by_name_and_take_up(say, small):
    code, out, _ = say(
        "power", small, "--estimate", "consumption_12_level", "--take-up", "0.2,1", "--draws", 8, "--json"
    )
    low, high = json.loads(out)["rows"]
    assert code == DONE
    assert (low["design"]["take_up"], high["design"]["take_up"]) == (0.2, 1.0)
    assert low["true_value"] < 0.5 * high["true_value"]


def test_a_study_without_estimates_has_no_power(say, small):
    small.write_text(STUDY.partition("outcomes:")[0], encoding="utf-8")
    assert refused(say("power", small, "--draws", 2), "expected an estimate to look for, found none in the file")


# --- validate -----------------------------------------------------------------------------------------------------

FEW = ("validate", "--rows", "C102,C110,C214,C014", "--size", 0.2, "--seed", 4)


def test_rows_are_simulated_and_judged(say):
    code, out, _ = say(*FEW)
    assert code == DONE
    for row in ("C102", "C110", "C214"):
        assert row in out
    assert "of the predicted rows" in " ".join(out.split())
    assert "1 rows are inputs or are not simulated; docs/evidence.md says why." in out


def test_verdicts_as_json_are_those_of_the_functions(say):
    code, out, _ = say(*FEW, "--json", "--threads", 1)
    document = json.loads(out)
    assert code == DONE
    assert {key: document[key] for key in ("world", "parameters", "seed", "size")} == {
        "world": "file",
        "parameters": digest(P),
        "seed": 4,
        "size": 0.2,
    }
    rows = {row["id"]: row for row in document["rows"]}
    assert set(rows) == {"C102", "C110", "C214", "C014"}
    simulated = simulate_rows(rows, P, seed=4, size=0.2)
    for row in ("C102", "C110"):
        verdict = judge(targets()[row], mappings()[row], simulated[row].value, simulated[row].se)
        assert rows[row]["z"] == verdict.z
        assert rows[row]["passed"] is verdict.passed
    assert rows["C214"]["passed"] is simulated["C214"]
    assert rows["C014"]["passed"] is None
    assert rows["C014"]["reason"] == mappings()["C014"].reason
    assert document["score"]["all"]["numeric"] == 2
    assert document["score"]["all"]["signs"] == 1
    assert say(*FEW, "--json", "--threads", 2)[1] == out


def test_parts_come_with_their_row(say):
    _, out, _ = say("validate", "--rows", "C104", "--size", 0.2, "--json")
    assert {row["id"] for row in json.loads(out)["rows"]} == {"C104", "C104_1", "C104_2", "C104_3"}


def test_rows_in_both_worlds(say):
    code, out, _ = say("validate", "--rows", "C050b", "--size", 0.05, "--world", "both", "--json")
    free, trapped = json.loads(out)
    assert code == DONE
    assert [free["world"], trapped["world"]] == ["no trap", "trap"]
    assert free["rows"][0]["simulated"] != trapped["rows"][0]["simulated"]
    for world, trap in ((free, False), (trapped, True)):
        one = simulate_rows(["C050b"], P, size=0.05, trap=trap)["C050b"]
        assert world["rows"][0]["z"] == judge(targets()["C050b"], mappings()["C050b"], one.value, one.se).z


# --- calibrate ----------------------------------------------------------------------------------------------------

NAMES = ("profit_per_practice", "profit_per_advice")
CALIBRATE = (
    *("calibrate", "--parameters", ",".join(NAMES), "--rows", "C102,C110,C111", "--size", 0.1),
    *("--members", 3, "--workers", 1),
)


@pytest.fixture
def counted(monkeypatch):
    """Count what a calibration simulates."""
    asked = []
    plain = SimulateEvidence.__call__

    def call(self, values):
        asked.append(dict(values))
        return plain(self, values)

    monkeypatch.setattr(SimulateEvidence, "__call__", call)
    return asked


def test_a_calibration_ends_the_same_whether_it_was_stopped_or_not(say, tmp_path, counted):
    path, journal = tmp_path / "new" / "fit.yaml", tmp_path / "new" / "fit.journal"
    code, out, err = say(*CALIBRATE, "--out", path)
    assert code == DONE
    assert "2 parameters, 3 rows" in err
    assert all(name in out for name in NAMES)
    first, evaluations, lines = path.read_bytes(), len(counted), journal.read_bytes().splitlines(keepends=True)
    assert 0 < evaluations == len(lines) - 1

    # again: everything stands in the journal
    counted.clear()
    path.unlink()
    assert say(*CALIBRATE, "--out", path)[0] == DONE
    assert (counted, path.read_bytes(), journal.read_bytes()) == ([], first, b"".join(lines))

    # as if it had been killed half-way, in the middle of a line
    half = len(lines) // 2
    journal.write_bytes(b"".join(lines[:half]) + lines[half][:25])
    path.unlink()
    assert say(*CALIBRATE, "--out", path)[0] == DONE
    assert len(counted) == evaluations - (half - 1)
    assert path.read_bytes() == first

    found = load_fit(path)
    assert set(found.parameters) == set(NAMES)
    assert set(found.rows) == {"C102", "C110", "C111"}
    assert len(found.ensemble["members"]) == 3
    assert set(found.leave_one_out["groups"]) == {mappings()[row].group for row in found.rows}
    assert found.made["size"] == 0.1


def test_a_fit_is_what_its_rows_say_and_can_be_used(say, tmp_path):
    path = tmp_path / "fit.yaml"
    words = list(CALIBRATE)
    words[words.index("--members") + 1] = 0
    assert say(*words, "--out", path, "--leave-out-steps", 0)[0] == DONE
    found = load_fit(path)
    assert found.ensemble is None
    assert found.leave_one_out is None
    fitted = parameters(overrides(found))
    assert is_of(overrides(found), fitted)
    assert not is_of(overrides(found), P)
    simulated = simulate_rows(found.rows, fitted, size=0.1)
    for row, one in found.rows.items():
        assert one["value"] == pytest.approx(simulated[row].value)
        assert one["z"] == pytest.approx(judge(targets()[row], mappings()[row], one["value"], one["se"]).z)
    assert found.chi2 == pytest.approx(sum(one["z"] ** 2 for one in found.rows.values()))

    # a fit is no worse than where it started
    prior = {name: entry["prior_mean"] for name, entry in found.parameters.items()}
    start = simulate_rows(found.rows, parameters(prior), size=0.1)
    there = sum(judge(targets()[row], mappings()[row], one.value, one.se).z ** 2 for row, one in start.items())
    assert found.chi2 + found.penalty <= there + 1e-9

    # and other commands take it
    code, out, _ = say("validate", "--rows", "C110", "--size", 0.1, "--fit", path, "--json")
    document = json.loads(out)
    assert code == DONE
    assert document["parameters"] == digest(fitted) != digest(P)
    assert document["rows"][0]["z"] == pytest.approx(found.rows["C110"]["z"])


def test_a_journal_of_another_calibration_is_refused(say, tmp_path):
    path = tmp_path / "fit.yaml"
    words = ("calibrate", "--parameters", "profit_per_advice", "--rows", "C110", "--size", 0.1, "--members", 0)
    assert say(*words, "--evaluations", 2, "--leave-out-steps", 0, "--workers", 1, "--out", path)[0] == DONE
    for other in (("--seed", 2), ("--size", 0.2), ("--rows", "C111")):
        changed = [*words, *other, "--workers", 1, "--out", path]
        assert refused(say(*changed), "fit.journal:1: expected the journal of this calibration, found one of another")


def test_a_parameter_file_that_was_changed_is_refused(say, tmp_path):
    path = tmp_path / "fit.yaml"
    words = ("calibrate", "--parameters", "profit_per_advice", "--rows", "C110", "--size", 0.1, "--members", 0)
    assert say(*words, "--evaluations", 2, "--leave-out-steps", 0, "--workers", 1, "--out", path)[0] == DONE
    value = load_fit(path).parameters["profit_per_advice"]["value"]
    text = path.read_text(encoding="utf-8")
    assert f"value: {value!r}" in text
    path.write_text(text.replace(f"value: {value!r}", "value: 0.3", 1), encoding="utf-8")
    assert refused(say("validate", "--rows", "C110", "--fit", path), "digest: expected", "the file was changed")


# --- small things -------------------------------------------------------------------------------------------------


def test_progress_of_a_calibration_is_a_line_every_few_seconds(monkeypatch):
    from io import StringIO

    clock = [100.0]
    monkeypatch.setattr(evidence_terminal.time, "monotonic", lambda: clock[0])
    stream = StringIO()
    told = evidence_terminal.calibration_progress(stream)
    told("fit", 1, 12.345, float("nan"))
    clock[0] += 1.0
    told("fit", 2, 11.0, 60.0)
    clock[0] += 5.0
    told("ensemble", 3, 10.0, 90.0 * 60)
    assert stream.getvalue().splitlines() == [
        "fit: evaluation 1, chi2 12.3",
        "ensemble: evaluation 3, chi2 10.0, 90 minutes left at most",
    ]


def test_worlds_of_a_trial_say_which_they_are(small):
    trial = load(small)
    both = evidence_cli._in_worlds(trial, "both")
    assert [(note, world.context.trap) for note, world in both] == [(" (no trap)", False), (" (trap)", True)]
    for _, world in both:
        assert replace(world, context=trial.context) == trial
    assert evidence_cli._in_worlds(trial, "file") == [("", trial)]
