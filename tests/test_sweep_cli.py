"""The commands sweep and expand: what they print, and their exit codes."""

from __future__ import annotations

import io
import json

import pytest
from helpers_sweeps import design_in, small_chunks

from empowersim.errors import EmpowersimError
from empowersim.fronts.cli import _Parser
from empowersim.fronts.sweep_cli import DONE, FAILED, STOPPED, add_sweep
from empowersim.fronts.sweep_terminal import pace, sweep_progress


def command(*words) -> int:
    parser = _Parser(prog="empowersim")
    add_sweep(parser.add_subparsers(dest="command"))
    asked = parser.parse_args([str(word) for word in words])
    return asked.handler(asked)


def run(capsys, *words):
    code = command(*words)
    return code, capsys.readouterr()


def test_a_sweep_from_check_to_expansion(tmp_path, capsys):
    design, out = design_in(tmp_path), tmp_path / "out"
    code, said = run(capsys, "sweep", design, "--check")
    assert code == DONE
    assert "small: 4 points x 1 draws x 6 replicates = 24 runs" in said.out
    assert not out.exists()
    code, said = run(capsys, "sweep", design, "--out", out, "--executor", "serial")
    assert code == DONE
    assert "24 made now, 0 there already" in said.out
    assert "poverty_headcount" in said.out
    code, said = run(capsys, "sweep", out, "--status", "--json")
    status = json.loads(said.out)
    assert (code, status["made"], status["left"], status["damage"]) == (DONE, 24, 0, [])
    code, said = run(capsys, "sweep", out, "--status")
    assert "24 made, 0 failed, 0 left; 1 tables" in said.out
    code, said = run(capsys, "sweep", out, "--executor", "serial", "--json", "--outcome", "cost")
    told = json.loads(said.out)
    assert (told["made"], told["kept"], len(told["rows"]), told["rows"][0]["outcome"]) == (0, 24, 8, "cost")
    code, said = run(capsys, "expand", out, "--replicates", 7, "--executor", "serial", "--json")
    assert (code, json.loads(said.out)["made"]) == (DONE, 4)
    code, said = run(capsys, "sweep", out, "--sql", "select count(*) as n from runs", "--json")
    assert json.loads(said.out) == [{"n": 56}]
    code, said = run(capsys, "sweep", out, "--sql", "select count(*) as n from runs")
    assert "56" in said.out


def test_failed_runs_are_shown_and_end_with_one(tmp_path, capsys):
    text = """
replicates: 2
infeasible: record
vary: {s: {path: policies.skills.programmes.skills_training.budget, values: [9, -5], unit: billion IDR/year}}
"""
    code, said = run(capsys, "sweep", design_in(tmp_path, text), "--out", tmp_path / "out", "--executor", "serial")
    assert code == FAILED
    assert "Failed runs, by reason" in said.out
    assert "scenario" in said.out
    assert "2 failed" in said.out


def test_both_kinds_of_uncertainty_are_shown(tmp_path, capsys):
    text = "replicates: 2\nuncertain: {parameters: [permanent_sd], draws: 3}\n"
    code, said = run(
        capsys, "sweep", design_in(tmp_path, text), "--out", tmp_path / "out", "--executor", "serial",
        "--outcome", "mean_consumption",
    )  # fmt: skip
    assert code == DONE
    assert "SD by chance" in " ".join(said.out.split())
    assert "±" in said.out


def test_ctrl_c_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    from empowersim.experiments import sweeps

    small_chunks(monkeypatch)
    design, out = design_in(tmp_path), tmp_path / "out"
    take = sweeps._Runner._take

    def stopped(self, done):
        take(self, done)
        if self.made >= 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(sweeps._Runner, "_take", stopped)
    code, said = run(capsys, "sweep", design, "--out", out, "--executor", "serial")
    assert code == STOPPED
    assert f"of 24 runs are kept; go on with: empowersim sweep {out}" in said.err
    monkeypatch.setattr(sweeps._Runner, "_take", take)
    code, said = run(capsys, "sweep", out, "--executor", "serial", "--json")
    assert code == DONE
    assert json.loads(said.out)["kept"] >= 8


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sweep", "DESIGN"], "--out: expected the folder of the sweep"),
        (["sweep", "FOLDER", "--check"], "--check: expected a design file"),
        (["sweep", "FOLDER"], "expected a sweep with a sweep.json"),
        (["sweep", "FOLDER", "--status"], "expected a sweep with a sweep.json"),
        (["expand", "FOLDER"], "expected --replicates or --design"),
        (["expand", "FOLDER", "--replicates", "3"], "expected a sweep with a sweep.json"),
        (["sweep", "NOTHING.yaml", "--check"], "no file"),
    ],
)
def test_mistakes_are_told(tmp_path, words, told):
    names = {"DESIGN": design_in(tmp_path), "FOLDER": tmp_path}
    with pytest.raises(EmpowersimError, match=told):
        command(*(names.get(word, word) for word in words))


def test_the_help_has_examples(capsys):
    for name in ("sweep", "expand"):
        with pytest.raises(SystemExit):
            command(name, "--help")
        assert f"  empowersim {name} out/mentors" in capsys.readouterr().out


def test_progress_says_rate_and_time_left(monkeypatch):
    assert pace(0, 5, 100, 3.0) == "5 of 100 runs"
    assert pace(50, 10, 100, 5.0) == "60 of 100 runs, 10.0/s, 4 s left"
    assert pace(10, 0, 10_000, 40.0) == "10 of 10,000 runs, 4.0 s each, 666 min left"
    now = [0.0]
    monkeypatch.setattr("empowersim.fronts.sweep_terminal.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with sweep_progress(stream, "sweep", first_run=False) as told:
        for second in range(1, 12):
            now[0] = float(second)
            told(second * 10, 0, 1000)
    assert stream.getvalue().splitlines()[0].startswith("sweep: 20 of 1,000 runs, 10.0/s, 98 s left")
    assert len(stream.getvalue().splitlines()) == 2
