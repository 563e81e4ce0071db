"""The set-up command of the README: clear words where it cannot work, and nothing done twice."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def go(monkeypatch, tmp_path):
    """The file go.py as a module that believes to live in a fresh folder with an environment of its own."""
    spec = importlib.util.spec_from_file_location("go", ROOT / "go.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt", "src/empowersim/_version.py"):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "ready")
    monkeypatch.setattr(module, "LOG", tmp_path / ".venv" / "log")
    return module


def pretend_environment(go) -> None:
    """Put the running interpreter where the environment's would be."""
    folder = go.ENVIRONMENT / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)


def test_an_unknown_job_shows_the_jobs(go, capsys):
    assert go.main(["dmeo"]) == 2
    assert "python3 go.py demo" in capsys.readouterr().out


def test_help_is_not_an_error(go):
    assert go.main([]) == 0
    assert go.main(["--help"]) == 0


def test_an_unsupported_python_is_named(go, capsys, monkeypatch):
    monkeypatch.setattr(go, "SUPPORTED", ((9, 9),))
    monkeypatch.setenv("PATH", "")
    assert go.main(["setup"]) == 2
    message = capsys.readouterr().err
    assert "this is Python {}.{}".format(*sys.version_info[:2]) in message
    assert "Traceback" not in message


def test_another_python_on_the_path_is_used(go, monkeypatch):
    mine = sys.version_info[:2]
    monkeypatch.setattr(go, "SUPPORTED", ((9, 9),))
    monkeypatch.setattr(go.shutil, "which", lambda name: f"found-{name}")
    monkeypatch.setattr(go, "version_of", lambda python: (9, 9) if python == "found-python9.9" else mine)
    assert go.supported_python() == "found-python9.9"


def test_what_is_installed_is_not_installed_again(go, monkeypatch):
    pretend_environment(go)
    calls = []
    monkeypatch.setattr(go, "install", calls.append)
    monkeypatch.setattr(go, "run_quietly", lambda command, log=None: 0)
    go.set_up()
    go.set_up()
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "src/empowersim/_version.py"])
def test_a_change_of_what_is_needed_installs_again(go, monkeypatch, name):
    pretend_environment(go)
    calls = []
    monkeypatch.setattr(go, "install", calls.append)
    monkeypatch.setattr(go, "run_quietly", lambda command, log=None: 0)
    go.set_up()
    with (go.ROOT / name).open("a") as stream:
        stream.write("# changed\n")
    go.set_up()
    assert len(calls) == 2


def test_a_half_made_environment_is_made_anew(go, monkeypatch):
    pretend_environment(go)
    made = []
    monkeypatch.setattr(go, "install", lambda python: None)
    monkeypatch.setattr(go, "make_environment", lambda base, python: made.append(python))
    monkeypatch.setattr(go, "run_quietly", lambda command, log=None: 1)  # pip does not answer
    go.set_up()
    assert made == [go.ENVIRONMENT / "bin" / "python"]


def test_a_failed_installation_shows_pips_own_words(go, capsys, monkeypatch):
    pretend_environment(go)

    def fail(command, log=None):
        if log:
            log.write_text("Collecting numba\nERROR: No matching distribution found for numba\n")
            return 1
        return 0

    monkeypatch.setattr(go, "run_quietly", fail)
    assert go.main(["setup"]) == 2
    message = capsys.readouterr().err
    assert "ERROR: No matching distribution found for numba" in message
    assert "PIP_FIND_LINKS" in message
    assert not go.STAMP.exists()


def test_the_tests_closing_line_comes_last_and_a_failed_check_counts(go, capsys, monkeypatch):
    order = []

    def run(command):
        order.append(command[2])
        return 1 if command[2] == "mypy" else 0

    monkeypatch.setattr(go, "run", run)
    assert go.test("python", []) == 1
    assert order[-1] == "pytest"
    assert capsys.readouterr().out.strip() == "FAILED: types"
