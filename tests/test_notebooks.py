"""Every notebook runs to its last hidden answer, draws what it says it draws, and matches its script."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

make_notebooks = pytest.importorskip("make_notebooks")
for _module in ("jupytext", "nbclient", "nbformat", "ipykernel", "pandas"):
    pytest.importorskip(_module, reason="the extra notebooks is not installed")

SOURCES = make_notebooks.sources()
NAMES = [path.stem for path in SOURCES]
HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---
"""
ANALYSIS = ("SALib", "duckdb", "ema_workbench", "scipy")
"""What the notebook on sensitivity needs beside the others."""

# the kernel's libraries on event loops of their own: nothing of ours
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:traitlets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class SlowNotebookWarning(UserWarning):
    """A notebook took longer than a student should wait."""


def notebook_file(path: Path, *cells: str) -> Path:
    path.write_text(HEADER + "".join(f"\n# %%{cell}\n" for cell in cells), encoding="utf-8")
    return path


# ---------------------------------------------------------------- the notebooks


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
@pytest.mark.filterwarnings("default::test_notebooks.SlowNotebookWarning")
def test_it_runs_with_its_answers(source: Path) -> None:
    if source.name.startswith("06"):
        for module in ANALYSIS:
            pytest.importorskip(module, reason="the extra analysis is not installed")
    ran = make_notebooks.run(source)
    assert ran.faults() == []
    assert ran.figure().startswith(b"\x89PNG")
    if ran.seconds > make_notebooks.LONGEST:
        warnings.warn(SlowNotebookWarning(f"{source.stem} took {ran.seconds:.0f} seconds"), stacklevel=1)


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_notebook_says_what_its_script_says(source: Path) -> None:
    assert not make_notebooks.is_stale(source), "python scripts/make_notebooks.py"


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_no_outputs_are_kept(source: Path) -> None:
    import nbformat

    notebook = nbformat.read(source.with_suffix(".ipynb"), 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[] for _ in code]
    assert {cell.execution_count for cell in code} == {None}


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_it_keeps_to_the_conventions(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    # jupytext adds its versions when a notebook is saved from Jupyter
    assert re.sub(r"^# +(?:format|jupytext)_version: .*\n", "", text, flags=re.MULTILINE).startswith(HEADER)
    notebook = make_notebooks.notebook_of(source)
    words = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.match(r"# \d\. \S", notebook.cells[0].source), "begins with a title that has a number"
    assert len(re.findall(r"^# ", re.sub(r"```.*?```", "", words, flags=re.DOTALL), re.MULTILINE)) == 1, "one title"
    exercises = re.split(r"^## (?:Exercises|Latihan)$", words, flags=re.MULTILINE)
    assert len(exercises) == 2, "one heading of exercises"
    asked = re.findall(r"^\*\*\d+\.\*\* ", exercises[1], re.MULTILINE)
    assert len(asked) >= 2
    assert len(asked) == len(re.findall("<details>", exercises[1])), "an answer to each exercise"
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source.startswith("%matplotlib inline")


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_its_links_lead_somewhere(source: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", source.read_text(encoding="utf-8")):
        assert (source.parent / link).exists(), link


def test_the_documents_show_a_figure_of_each() -> None:
    assert make_notebooks.GALLERY.read_text(encoding="utf-8") == make_notebooks.gallery(SOURCES)
    for source in SOURCES:
        picture = (make_notebooks.FIGURES / f"{source.stem}.png").read_bytes()
        assert not make_notebooks.is_blank(picture)


def test_the_readme_names_each_notebook() -> None:
    text = (make_notebooks.FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


# ---------------------------------------------------------------- what runs them


def test_an_answer_that_fails_is_not_overlooked(tmp_path: Path) -> None:
    from nbclient.exceptions import CellExecutionError

    answer = "# <details><summary>Answer</summary>\n#\n# ```python\n# print(one / 0)\n# ```\n#\n# </details>"
    source = notebook_file(tmp_path / "bad.py", "\none = 1", f" [markdown]\n# # 1. Title\n#\n{answer}")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        make_notebooks.run(source)


def test_faults_are_found(tmp_path: Path) -> None:
    answer = "# <details><summary>Answer</summary>\n#\n# ```python\n# one\n# ```\n#\n# </details>"
    source = notebook_file(
        tmp_path / "faults.py",
        "\none = 1",
        "\nimport warnings\nwarnings.warn('beware')",
        "\nclass Empty:\n    figure = 1\nEmpty.figure",
        "\n# %matplotlib inline\nfrom matplotlib.figure import Figure\nempty = Figure(figsize=(1, 1))\n"
        "empty.add_axes((0, 0, 1, 1)).set_axis_off()\nempty",
        f" [markdown]\n{answer}",
    )
    ran = make_notebooks.run(source)
    assert [answer.source.strip() for answer in ran.answers] == ["one"]
    assert ran.answers[0].outputs[0].data["text/plain"] == "1", "answers know what the notebook has made"
    found = "\n".join(ran.faults())
    assert re.search("code cell 2: writes to standard error: .*beware", found)
    assert "code cell 3: draws, but leaves no picture: Empty.figure" in found
    assert "code cell 4: leaves an empty picture" in found
    assert len(ran.faults()) == 3


def test_a_notebook_without_figures_or_answers_has_faults(tmp_path: Path) -> None:
    ran = make_notebooks.run(notebook_file(tmp_path / "bare.py", "\none = 1"))
    assert ran.faults() == ["no cell draws a figure", "no exercise has an answer"]
    with pytest.raises(ValueError, match=r"bare\.py: no picture"):
        ran.figure()


def test_the_kernel_runs_the_package_of_this_clone(tmp_path: Path) -> None:
    source = notebook_file(tmp_path / "where.py", "\nimport empowersim\nprint(empowersim.__file__)")
    printed = make_notebooks.run(source).cells[0].outputs[0].text
    assert Path(printed.strip()) == make_notebooks.ROOT / "src" / "empowersim" / "__init__.py"


def test_the_same_script_gives_the_same_notebook(tmp_path: Path) -> None:
    first = make_notebooks.text_of(make_notebooks.notebook_of(SOURCES[0]))
    assert first == make_notebooks.text_of(make_notebooks.notebook_of(SOURCES[0]))
    copy = notebook_file(tmp_path / "one.py", "\none = 1")
    assert make_notebooks.is_stale(copy), "no notebook yet"
    copy.with_suffix(".ipynb").write_text(make_notebooks.text_of(make_notebooks.notebook_of(copy)), encoding="utf-8")
    assert not make_notebooks.is_stale(copy)
    notebook_file(copy, "\none = 2")
    assert make_notebooks.is_stale(copy)


def test_a_page_for_the_site(tmp_path: Path) -> None:
    words = (
        " [markdown]\n# # 1. Title\n#\n# [one](../docs/howto/story.md), [two](01_first_steps.ipynb)\n#\n"
        "# <details><summary>Answer</summary>\n#\n# ```python\n# 1\n# ```\n#\n# </details>"
    )
    draws = "\n# %matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    ran = make_notebooks.run(notebook_file(tmp_path / "page.py", words, draws, "\nprint('1 < 2')"))
    text = make_notebooks.page_of(ran, tmp_path / "site").read_text(encoding="utf-8")
    assert "[one](../howto/story.md), [two](01_first_steps.md)" in text
    assert '<details markdown="1">' in text
    assert "%matplotlib" not in text
    assert '<pre class="notebook-output">1 &lt; 2</pre>' in text
    assert (tmp_path / "site" / "img" / "page-1.png").read_bytes() == ran.figure()


def test_check_says_which_are_stale(capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path) -> None:
    notebook_file(tmp_path / "one.py", "\none = 1")
    monkeypatch.setattr(make_notebooks, "FOLDER", tmp_path)
    assert make_notebooks.main(["--check"]) == 1
    assert "one.ipynb does not say what one.py says" in capsys.readouterr().out
    assert make_notebooks.main([]) == 0
    assert make_notebooks.main(["--check"]) == 0
    with pytest.raises(SystemExit, match="no notebook begins with 99"):
        make_notebooks.main(["--check", "99"])


def test_jupyter_opens_script_and_notebook_as_one() -> None:
    from jupytext.config import load_jupytext_configuration_file

    config = load_jupytext_configuration_file(str(make_notebooks.FOLDER / "jupytext.toml"))
    assert config.default_formats(str(SOURCES[0].with_suffix(".ipynb"))) == "ipynb,py:percent"
    assert config.outdated_text_notebook_margin == float("inf"), "a clone gives all files about the same age"
