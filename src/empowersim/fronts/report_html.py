"""Pieces of a report: one HTML file without scripts, charts as SVG inside, each with its words and its numbers.

Everything that a person typed passes through `escaped`; the pieces below do so themselves, so that markup in the name
of a policy is shown as text.
"""

from __future__ import annotations

import html
import io
import math
import re
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from empowersim.fronts.labels import Lang
from empowersim.fronts.numbers import localised

_STYLE: Final = Path(__file__).with_name("report.css")

_ALLOWED: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_OPENED: Final = re.compile(r"<svg\b([^>]*)>", re.DOTALL)
_REFERENCES: Final = re.compile(r'(\bid="|url\(#|href="#)([^")]+)')
_SIZES: Final = re.compile(r'\s(?:width|height)="[^"]*"')
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_SPACES: Final = re.compile(r">\s+<")
_FONTS: Final = re.compile(r"font-family: [^;\"]*; ?")
_TURNED: Final = re.compile(r' transform="rotate\(-0 [^)]*\)"')
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_ID: Final = re.compile(r'\sid="([^"]+)"')
_ASKED: Final = re.compile(r'(?:url\(#|href="#)([^")]+)')
_POINT: Final = r"-?[\d.]+ -?[\d.]+"
_CIRCLE: Final = re.compile(
    rf"M (-?[\d.]+) (-?[\d.]+)\s+(?:C {_POINT} {_POINT} {_POINT}\s+){{3}}C {_POINT} {_POINT} (-?[\d.]+) (-?[\d.]+)\s+"
    rf"(?:C {_POINT} {_POINT} {_POINT}\s+){{4}}z"
)
"""A circle as matplotlib draws it, in eight parts: two arcs say the same in a fifth of the room."""
_COORDINATE: Final = re.compile(r"(\d+\.\d)\d+")
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SMALLEST: Final = 0.1
_LOCK: Final = threading.Lock()
"""Settings of matplotlib belong to the whole process."""


def escaped(words: object) -> str:
    """Return words as text of a page, with nothing in them that could be markup."""
    return html.escape(_NOT_TEXT.sub("\ufffd", str(words)), quote=True)


def link(to: str, words: str) -> str:
    """Return a link."""
    return f'<a href="{escaped(to)}">{escaped(words)}</a>'


def paragraph(words: str, kind: str = "") -> str:
    """Return a paragraph; `kind` is its class."""
    return f"<p{_class(kind)}>{escaped(words)}</p>"


def heading(words: str, level: int, anchor: str = "") -> str:
    """Return a heading of level 2 or 3 that links may lead to."""
    there = f' id="{escaped(anchor)}"' if anchor else ""
    return f"<h{level}{there}>{escaped(words)}</h{level}>"


def listed(items: Iterable[str]) -> str:
    """Return a list of sentences."""
    return "<ul>" + "".join(f"<li>{escaped(item)}</li>" for item in items) + "</ul>"


def cards(items: Iterable[tuple[str, str, str]]) -> str:
    """Return cards: what it is, the figure, and what stands below it."""
    made = [
        f"<li>{escaped(what)}<strong>{escaped(figure)}</strong>{escaped(below)}</li>" for what, figure, below in items
    ]
    return f'<ul class="cards">{"".join(made)}</ul>'


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Iterable[int] = (),
    colours: Sequence[str] = (),
    *,
    words: str = "",
    markup: Iterable[int] = (),
) -> str:
    """Return a table; the first cell of a row is its head.

    `numeric` = columns set flush right, `colours` = a colour for the first cell of each row, `words` = language of the
    rows where it is not that of the page, `markup` = columns that are pieces of HTML already.
    """
    right, made = set(numeric), set(markup)
    top = "".join(
        f'<th scope="col"{_class("n" if at in right else "")}>{escaped(head)}</th>' for at, head in enumerate(heads)
    )
    body = []
    for at, row in enumerate(rows):
        swatch = f'<span class="swatch" style="background:{escaped(colours[at])}"></span>' if colours else ""
        cells = [f'<th scope="row">{swatch}{escaped(row[0])}</th>']
        cells += [
            f"<td{_class('n' if place in right else '')}>{cell if place in made else escaped(cell)}</td>"
            for place, cell in enumerate(row[1:], start=1)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    other = f' lang="{escaped(words)}"' if words else ""
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}</caption><thead><tr>{top}</tr></thead><tbody{other}>{''.join(body)}</tbody></table></div>"
    )


def code(lines: str) -> str:
    """Return lines of code or commands."""
    return f'<pre tabindex="0"><code>{escaped(lines)}</code></pre>'


def folded(summary: str, inner: str) -> str:
    """Return something that is closed until it is asked for; printed, it is open."""
    return f"<details><summary>{escaped(summary)}</summary>{inner}</details>"


def chart(figure: Any, name: str, title: str, words: str, data: str = "", lang: Lang = "en") -> str:
    """Return a matplotlib figure as SVG with title and description, its sentence, and its numbers folded below.

    `name` is unique in the page; `data` is a folded table; `title` empty is that of the figure. The title stands above
    the figure, where it can be as long as it likes; numbers at its axes are written as in the language.
    """
    told = figure.get_suptitle() or figure.axes[0].get_title(loc="left")
    title = title or " ".join(told.replace("\\$", "$").split())
    if figure.get_suptitle():
        figure.suptitle("")
    for axes in figure.axes:
        axes.set_title("", loc="left")
        for axis in (axes.xaxis, axes.yaxis):
            _localise(axis, lang)
    made = svg(figure, name, title, words)
    drawn = f'<div class="drawn" tabindex="0" role="group" aria-label="{escaped(title)}">{made}</div>'
    return (
        f'<figure><p class="over">{escaped(title)}</p>{drawn}<figcaption>{escaped(words)}</figcaption>{data}</figure>'
    )


def _localise(axis: Any, lang: Lang) -> None:
    from matplotlib.ticker import FuncFormatter, ScalarFormatter

    plain = axis.get_major_formatter()
    if lang != "en" and type(plain) is ScalarFormatter:
        plain.set_useOffset(False)

        def written(value: float, place: int | None) -> str:
            plain.set_locs(axis.get_majorticklocs())
            return localised(plain(value, place), lang)

        axis.set_major_formatter(FuncFormatter(written))


def svg(figure: Any, name: str, title: str, words: str) -> str:
    """Return a matplotlib figure as an SVG element; the same figure gives the same bytes."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with _LOCK, mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    made = buffer.getvalue()
    made = _COMMENT.sub("", _METADATA.sub("", made[made.index("<svg") :]))
    asked = set(_ASKED.findall(made))
    # names that nothing asks for only take room
    made = _ID.sub(lambda match: match[0] if match[1] in asked else "", made)
    made = _REFERENCES.sub(lambda match: f"{match[1]}{name}-{match[2]}", made)
    made = _TURNED.sub("", _FONTS.sub("", made))
    made = _CIRCLE.sub(_as_arcs, _COORDINATE.sub(r"\1", made))
    opened = _OPENED.search(made)
    assert opened is not None
    kept = _SIZES.sub("", opened[1])
    head = (
        f'<svg{kept} role="img" aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escaped(title)}</title>'
        f'<desc id="{name}-d">{escaped(words)}</desc>'
    )
    return _SPACES.sub("><", head + made[opened.end() :].strip())


def _as_arcs(match: re.Match[str]) -> str:
    """A circle from a point of it and the point opposite."""
    x0, y0, x1, y1 = (float(match[place]) for place in (1, 2, 3, 4))
    radius = max(math.hypot(x1 - x0, y1 - y0) / 2, _SMALLEST)
    arc = f"A{radius:.2g} {radius:.2g} 0 1 1 "
    return f"M{x0:g} {y0:g}{arc}{x1:g} {y1:g}{arc}{x0:g} {y0:g}z"


def page(lang: str, title: str, parts: Sequence[str], *, skip: str, foot: str) -> str:
    """Return the whole file: `parts` are pieces of HTML, `skip` the words of the link past the head."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escaped(lang)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">\n'
        f"<title>{escaped(title)}</title>\n<style>{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">{escaped(skip)}</a>\n{parts[0]}\n<main id="main">\n'
        + "\n".join(parts[1:])
        + f"\n</main>\n<footer>{foot}</footer>\n</body>\n</html>\n"
    )


def _class(kind: str) -> str:
    return f' class="{escaped(kind)}"' if kind else ""
