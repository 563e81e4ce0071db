"""Make the notebooks from their scripts, run them, and keep their figures for the documents.

    python scripts/make_notebooks.py                    write notebooks/NAME.ipynb (without outputs) from NAME.py
    python scripts/make_notebooks.py --check            say which are stale; ends with 1 if any is
    python scripts/make_notebooks.py --run [03 05 ...]  run them and their hidden answers, check figures, keep one of
                                                        each in docs/img/notebooks; all: docs/tutorials/notebooks.md
    python scripts/make_notebooks.py --site DIR [03 ..] run them, and write a page of Markdown of each

Needs the extra `notebooks`. notebooks/README.md has the conventions that are checked here.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
FIGURES = ROOT / "docs" / "img" / "notebooks"
GALLERY = ROOT / "docs" / "tutorials" / "notebooks.md"
LONGEST = 60.0
"""Seconds that a notebook may take on two cores, the model compiled."""
SECONDS_A_CELL = 600

_DETAILS = re.compile(r"<details>(.*?)</details>", re.DOTALL)
_CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMPILING = "empowersim: compiling"
"""What the first run ever says while it compiles; nothing is wrong with the notebook."""
_DRAWS = re.compile(r"(\.figure|plt\.show\(\))\s*$")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_KEPT = ("jupytext", "kernelspec")
_ANSWER = "answer"
_DOCS = "docs"


def sources(prefixes: Sequence[str] = ()) -> list[Path]:
    """Scripts of the notebooks, by name; `prefixes` picks those whose names begin with one of them."""
    found = [path for path in sorted(FOLDER.glob("*.py")) if not prefixes or path.name.startswith(tuple(prefixes))]
    if not found:
        raise SystemExit(f"no notebook begins with {' or '.join(prefixes) or 'anything'} in {FOLDER}")
    return found


# ---------------------------------------------------------------- pairs


def notebook_of(source: Path) -> Any:
    """Read a script as a notebook without outputs. The same script gives the same notebook, ids of cells included."""
    import jupytext

    made = jupytext.read(source)
    made.metadata = type(made.metadata)({key: made.metadata[key] for key in _KEPT if key in made.metadata})
    for version in ("format_version", "jupytext_version"):
        made.metadata.get("jupytext", {}).get("text_representation", {}).pop(version, None)
    made.nbformat, made.nbformat_minor = 4, 5
    for place, cell in enumerate(made.cells):
        cell["id"] = f"cell-{place:02d}"
    return made


def text_of(notebook: Any) -> str:
    """A notebook as the text of a file."""
    import nbformat

    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def is_stale(source: Path) -> bool:
    """Whether the notebook beside a script is missing or says something else (outputs do not count)."""
    import nbformat

    beside = source.with_suffix(".ipynb")
    if not beside.is_file():
        return True
    kept, wanted = nbformat.read(beside, 4), notebook_of(source)
    return [_said(cell) for cell in kept.cells] != [_said(cell) for cell in wanted.cells]


def _said(cell: Any) -> tuple[str, str, tuple[str, ...]]:
    return cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ()))


# ---------------------------------------------------------------- running


@dataclass(frozen=True)
class Ran:
    """A notebook that has been run to its end, its answers too."""

    source: Path
    cells: Sequence[Any]
    """The cells of the notebook, with their outputs."""
    answers: Sequence[Any]
    """The code of its hidden answers as cells, with their outputs."""
    seconds: float

    def faults(self) -> list[str]:
        """What the conventions do not allow: errors, warnings, cells that draw without a picture, empty pictures."""
        found = []
        for place, cell in _numbered(self.cells, self.answers):
            outputs = cell.get("outputs", ())
            if any(output.output_type == "error" for output in outputs):
                found.append(f"{place}: ends with an error")
            said = "".join(output.text for output in outputs if output.get("name") == "stderr")
            warned = [line for line in said.splitlines() if line.strip() and not line.startswith(_COMPILING)]
            if warned:
                found.append(f"{place}: writes to standard error: {warned[-1]}")
            pictures = list(_pictures(cell))
            if _DRAWS.search(cell.source) and not pictures:
                found.append(f"{place}: draws, but leaves no picture: {_last_line(cell.source)}")
            found += [f"{place}: leaves an empty picture" for picture in pictures if is_blank(picture)]
        if not any(_DRAWS.search(cell.source) for cell in self.cells if cell.cell_type == "code"):
            found.append("no cell draws a figure")
        if not self.answers:
            found.append("no exercise has an answer")
        return found

    def figure(self) -> bytes:
        """The picture for the documents (PNG): of the cell with the tag `docs`, or the first."""
        tagged = [cell for cell in self.cells if _DOCS in cell.metadata.get("tags", ())]
        for cell in (*tagged, *self.cells):
            for picture in _pictures(cell):
                return picture
        raise ValueError(f"{self.source.name}: no picture")


def run(source: Path) -> Ran:
    """Run a notebook and, after it in the same kernel, the code of its answers.

    Raises `nbclient.exceptions.CellExecutionError` for the first cell that fails.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = notebook_of(source)
    for number, code in enumerate(answers_of(notebook), start=1):
        cell = nbformat.v4.new_code_cell(code, id=f"answer-{number:02d}")
        cell.metadata["tags"] = [_ANSWER]
        notebook.cells.append(cell)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
    )
    before = time.perf_counter()
    client.execute(env=environment())
    spent = time.perf_counter() - before
    answers = [cell for cell in notebook.cells if _ANSWER in cell.metadata.get("tags", ())]
    return Ran(source, [cell for cell in notebook.cells if cell not in answers], answers, spent)


def environment() -> dict[str, str]:
    """Variables of the kernel: as here, and the package of this clone before any that is installed."""
    paths = [str(ROOT / "src"), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def answers_of(notebook: Any) -> list[str]:
    """The Python code of the folded answers of a notebook, in order."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [code for answer in _DETAILS.findall(text) for code in _CODE.findall(answer)]


def is_blank(picture: bytes) -> bool:
    """Whether a PNG holds one colour only."""
    from io import BytesIO

    from matplotlib.image import imread

    pixels = imread(BytesIO(picture))
    return bool((pixels == pixels[0, 0]).all())


def _pictures(cell: Any) -> Iterator[bytes]:
    for output in cell.get("outputs", ()):
        data = output.get("data", {}).get("image/png")
        if data is not None:
            yield base64.b64decode(data)


def _numbered(cells: Sequence[Any], answers: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    code = [cell for cell in cells if cell.cell_type == "code"]
    yield from ((f"code cell {number}", cell) for number, cell in enumerate(code, start=1))
    yield from ((f"answer {number}", cell) for number, cell in enumerate(answers, start=1))


def _last_line(code: str) -> str:
    return code.rstrip().splitlines()[-1]


# ---------------------------------------------------------------- the documentation site


def gallery(chosen: Sequence[Path]) -> str:
    """Page of the documents that shows what each notebook asks, and its figure; made from the scripts alone."""
    parts = [
        "<!-- Made by scripts/make_notebooks.py: do not edit. -->",
        "# Notebooks",
        "From a clone of the project, `pip install -e '.[notebooks]'` and `jupyter lab notebooks/` are all it takes.\n"
        "Each notebook ends with exercises, whose answers are folded below them.",
    ]
    for source in chosen:
        title, asks = opening(source)
        image = f"../{(FIGURES / source.stem).relative_to(ROOT / 'docs').as_posix()}.png"
        link = f"../../{source.with_suffix('.ipynb').relative_to(ROOT).as_posix()}"
        parts += [f"## {title}", asks, f"![A figure of the notebook “{title}”]({image})", f"[Notebook]({link})"]
    return "\n\n".join(parts) + "\n"


def opening(source: Path) -> tuple[str, str]:
    """Title of a notebook, and the first paragraph: what it asks."""
    first = notebook_of(source).cells[0].source
    title, *paragraphs = first.split("\n\n")
    texts = [text for text in paragraphs if not text.startswith("*") or text.startswith("**")]
    # what ends with a colon is nothing without its list
    return title.removeprefix("# ").strip(), "\n\n".join(texts[: 2 if texts[0].endswith(":") else 1])


def page_of(ran: Ran, folder: Path) -> Path:
    """Write a notebook that has been run as a page of Markdown into a folder, its pictures into ``img`` beside it.

    The page is for a site whose source is ``docs`` and that holds it in ``docs/notebooks``: links to documents and to
    other notebooks are changed accordingly. Answers stay folded.
    """
    name = ran.source.stem
    (folder / "img").mkdir(parents=True, exist_ok=True)
    parts: list[str] = []
    pictures = 0
    for cell in ran.cells:
        if cell.cell_type == "markdown":
            parts.append(linked(cell.source))
            continue
        shown = re.sub(r"^%matplotlib inline\n?", "", cell.source).strip("\n")
        if shown:
            parts.append(f"```python\n{shown}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                pictures += 1
                picture = folder / "img" / f"{name}-{pictures}.png"
                picture.write_bytes(base64.b64decode(data["image/png"]))
                parts.append(f"![figure {pictures} of this notebook](img/{picture.name})")
            elif "text/html" in data:
                parts.append(f'<div class="notebook-output" markdown="0">\n{_one_block(data["text/html"])}\n</div>')
            else:
                text = output.get("text") or data.get("text/plain", "")
                parts.append(f'<pre class="notebook-output">{escape(text.rstrip())}</pre>')
    page = folder / f"{name}.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def linked(text: str) -> str:
    """Markdown of a notebook with its links and folded answers as the site needs them."""
    text = text.replace("](../docs/", "](../")
    text = re.sub(r"\]\((\w+)\.(?:ipynb|py)\)", r"](\1.md)", text)
    return text.replace("<details>", '<details markdown="1">')


def _one_block(html: str) -> str:
    # an empty line would end the block of HTML
    return "\n".join(line for line in html.splitlines() if line.strip())


# ---------------------------------------------------------------- the command


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="how the names begin (default: all)")
    parser.add_argument("--check", action="store_true", help="only say which notebooks are stale")
    parser.add_argument("--run", action="store_true", help="run them, check them, keep a figure of each")
    parser.add_argument("--site", type=Path, metavar="DIR", help="run them, and write pages of Markdown into DIR")
    asked = parser.parse_args(arguments)
    chosen = sources(asked.names)
    if asked.check:
        stale = [path.name for path in chosen if is_stale(path)]
        for name in stale:
            print(f"{Path(name).stem}.ipynb does not say what {name} says: python scripts/make_notebooks.py")
        return 1 if stale else 0
    if not asked.run and asked.site is None:
        for path in chosen:
            if is_stale(path):
                path.with_suffix(".ipynb").write_text(text_of(notebook_of(path)), encoding="utf-8", newline="\n")
                print(f"wrote {path.stem}.ipynb")
        return 0
    ended = max(_run_and_keep(path, asked.site) for path in chosen)
    if not asked.names and ended == 0:
        GALLERY.write_text(gallery(chosen), encoding="utf-8", newline="\n")
    return ended


def _run_and_keep(source: Path, site: Path | None) -> int:
    from nbclient.exceptions import CellExecutionError

    try:
        ran = run(source)
    except CellExecutionError as error:
        print(f"{source.stem}: {_COLOURS.sub('', str(error))}", file=sys.stderr)
        return 1
    faults = ran.faults()
    slow = f", more than {LONGEST:.0f}" if ran.seconds > LONGEST else ""
    print(f"{source.stem}: {len(ran.cells)} cells, {len(ran.answers)} answers, {ran.seconds:.0f} s{slow}")
    for fault in faults:
        print(f"  {fault}", file=sys.stderr)
    if faults:
        return 1
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{source.stem}.png").write_bytes(ran.figure())
    if site is not None:
        page_of(ran, site)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
