"""The options of `compare` and `run` that say who does the work and where futures begin."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers_engine import SCENARIOS

from empowersim.fronts.cli import main

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning", "default::DeprecationWarning")
MEDAN = str(SCENARIOS / "medan.yaml")
ASKED = ["compare", MEDAN, "--policies", "skills_training", "--months", "3", "--json"]
SIZE = ["--households", "500", "--replicates", "2"]


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 0
    return capsys.readouterr().out


def test_who_does_the_work_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    plain = told(capsys, *ASKED, *SIZE)
    for kind in ("serial", "processes"):
        assert told(capsys, *ASKED, *SIZE, "--executor", kind) == plain
    both = told(capsys, *ASKED, *SIZE, "--world", "both")
    assert told(capsys, *ASKED, *SIZE, "--world", "both", "--executor", "serial") == both


def test_going_on_from_a_burn_in_changes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plain, kept = told(capsys, *ASKED, *SIZE), str(tmp_path / "kept.npz")
    told(capsys, "burn-in", MEDAN, "--out", kept, *SIZE)
    assert told(capsys, *ASKED, "--from", kept) == plain


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--executor", "serial", "--workers", "2"], "executor serial has one"),
        (["--workers", "2"], "use --threads"),
        (["--scheduler", "tcp://127.0.0.1:1", "--workers", "2"], "leave workers away"),
        (["--from", "nowhere.npz"], "nowhere.npz: there is no such file"),
        (["--from", "x.npz", "--executor", "processes"], "--from: expected with --executor threads"),
    ],
)
def test_what_cannot_be_is_told(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert main([*ASKED, *SIZE, *words]) == 2
    assert message in capsys.readouterr().err
