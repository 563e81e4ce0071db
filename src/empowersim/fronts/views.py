"""The views of an answer: one name each, a figure and (`views_text`) one sentence, in two languages and two styles.

Every function takes an `experiments.answer.Answer`, ``lang=``, ``style=`` and ``ax=``, draws without pyplot and returns
the axes::

    found = es.answer("scenarios/medan.yaml")
    views.fan(found, "poverty_gap", lang="id").figure.savefig("fan.svg")
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from empowersim.fronts.labels import Lang
from empowersim.fronts.views_change import grades, tornado
from empowersim.fronts.views_effect import best_in, difference, fan, fans
from empowersim.fronts.views_money import acceptability, curve, meters, mix, money, plane, staff
from empowersim.fronts.views_who import deciles, errors, groups, villages

if TYPE_CHECKING:
    from empowersim.experiments.answer import Answer

VIEWS: Final[dict[str, Callable[..., Any]]] = {
    "mix": mix,
    "meters": meters,
    "fan": fan,
    "difference": difference,
    "best_in": best_in,
    "money": money,
    "staff": staff,
    "curve": curve,
    "plane": plane,
    "acceptability": acceptability,
    "errors": errors,
    "deciles": deciles,
    "groups": groups,
    "villages": villages,
    "tornado": tornado,
    "grades": grades,
}
"""Name of a view -> what draws it, in the order in which a planner asks."""


def shown(found: Answer) -> tuple[str, ...]:
    """Return the views that an answer has something to show in, in order."""
    made = found.comparison
    without = set()
    if not made.others:
        without |= {"difference", "best_in", "plane", "acceptability", "errors", "deciles", "groups", "villages"}
    if made.replicates < 2 or not found.costs_differ:
        without |= {"plane", "acceptability"}
    if found.curve is None:
        without.add("curve")
    if found.tornado is None:
        without.add("tornado")
    if found.scenario is None:
        without.add("grades")
    if not len(found.table("staff")):
        without.add("staff")
    if not len(made.tables["villages"]):
        without |= {"deciles", "groups", "villages"}
    if all(math.isnan(value) for value in made.tables["reach"].where(figure="inclusion_error")["mean"].tolist()):
        without.add("errors")
    return tuple(name for name in VIEWS if name not in without)


def draw(found: Answer, view: str, *, lang: Lang = "en", style: str = "screen", ax: Any = None, **more: Any) -> Any:
    """Draw a view by its name; KeyError names those there are. `more` as the view takes it."""
    if view not in VIEWS:
        raise KeyError(f"no view {view!r}; there are {', '.join(VIEWS)}")
    return VIEWS[view](found, lang=lang, style=style, ax=ax, **more)


def save(
    found: Answer, folder: Path, *, lang: Lang = "en", style: str = "screen", kind: str = "svg", dpi: int = 150
) -> list[Path]:
    """Write every view that has something to show into a folder, its sentence in the file; return the files.

    `kind` = `svg`, `png` or `pdf`. The files do not hang on the clock.
    """
    import matplotlib as mpl

    from empowersim.fronts.views_text import sentence

    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "empowersim"}):
        for view in shown(found):
            path = folder / f"{view}.{kind}"
            said = sentence(found, view, lang)
            about: dict[str, str | None] = {"Description" if kind != "pdf" else "Subject": said}
            if kind != "png":
                about["Date" if kind == "svg" else "CreationDate"] = None
            draw(found, view, lang=lang, style=style).figure.savefig(path, dpi=dpi, metadata=about)
            made.append(path)
    return made


__all__ = [
    "VIEWS",
    "acceptability",
    "best_in",
    "curve",
    "deciles",
    "difference",
    "draw",
    "errors",
    "fan",
    "fans",
    "grades",
    "groups",
    "meters",
    "mix",
    "money",
    "plane",
    "save",
    "shown",
    "staff",
    "tornado",
    "villages",
]
