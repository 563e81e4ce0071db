"""What all tests share: the hypothesis profile, and the data that lie beside the project."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# derandomised: a test that passes today passes tomorrow; compiled code makes the first example slow, so no deadline
settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def same_main() -> Iterator[None]:
    """Streamlit's test of a page takes the place of the main module; worker processes of later tests look for it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of evidence and survey data beside the project; the test is skipped where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder `shared` (evidence and survey data) beside the project")
    return folder
