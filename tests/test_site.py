"""The documentation site builds without a warning, holds every public name, and asks no other machine for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import empowersim as es

ROOT = Path(__file__).parents[1]
_ELSEWHERE = r"""["']?(?:https?:)?//"""
_FETCHED = re.compile(
    rf"<(?:script|img|iframe|source)\b[^>]*\bsrc={_ELSEWHERE}"
    rf"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|icon|preconnect))[^>]*\bhref={_ELSEWHERE}"
    rf"|url\({_ELSEWHERE}"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="the extra docs is not installed")
    pytest.importorskip("mkdocstrings", reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "WARNING" not in said, said
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md") if "registry" not in path.parts]
    assert len(pages) > 40
    assert [page for page in pages if not (site / page.with_suffix(".html")).exists()] == []


def test_every_public_function_is_in_the_reference(site: Path) -> None:
    shown = (site / "reference" / "python.html").read_text(encoding="utf-8")
    shown += (site / "reference" / "results.html").read_text(encoding="utf-8")
    modules = {
        "adapters",
        "errors",
        "extend",
        "plots",
        "__version__",
    }  # not functions; errors and plots have their own parts
    missing = [
        name for name in es.__all__ if name not in modules and not re.search(rf'id="empowersim\.[\w.]*\b{name}"', shown)
    ]
    assert missing == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        found = _FETCHED.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path.relative_to(site)}: {found}"


def test_what_is_fetched_is_seen() -> None:
    assert _FETCHED.search('<link rel="stylesheet" href="https://fonts.example/css">')
    assert _FETCHED.search('<script async src="//cdn.example/x.js"></script>')
    assert not _FETCHED.search('<a href="https://example.org">source</a> <script src="assets/x.js"></script>')


def test_links_out_of_the_documents_become_names(site: Path) -> None:
    page = (site / "performance.html").read_text(encoding="utf-8")
    assert "<code>benchmarks/README.md</code>" in page
    assert "../benchmarks/README.md" not in page
