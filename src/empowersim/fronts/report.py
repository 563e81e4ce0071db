"""The report to hand in: one HTML file that says what was asked, what came out, how sure it is, and how to repeat it.

Nothing is computed here: words and numbers come from the answer and its tables. The same answer gives the same bytes.
"""

from __future__ import annotations

from typing import Any, Final

from empowersim._version import __version__
from empowersim.fronts import numbers
from empowersim.fronts.labels import Lang
from empowersim.fronts.report_checklists import checklists
from empowersim.fronts.report_data import Told, answer_in
from empowersim.fronts.report_html import code, escaped, heading, link, listed, page, paragraph, table
from empowersim.fronts.report_more import assumed, evidence, more_money, what_would_change, who
from empowersim.fronts.report_views import compared, mix, money, over_time, question, summary
from empowersim.fronts.terminal import people_in_words

CONTENTS: Final = (
    "summary",
    "question",
    "mix",
    "over-time",
    "compared",
    "money",
    "budget",
    "who",
    "change",
    "assumptions",
    "evidence",
    "reproduce",
    "cheers",
    "odd",
    "references",
)
"""Sections in order, by the anchors that links lead to."""
REFERENCES: Final = (
    "Foster, Greer & Thorbecke 1984, Econometrica 52(3):761-766 (P0, P1, P2)",
    "Fenwick, Claxton & Sculpher 2001, Health Economics 10(8):779-787 (cost-effectiveness under uncertainty)",
    "Fieller 1954, Journal of the Royal Statistical Society B 16(2):175-185 (intervals of ratios)",
    "Husereau and others 2022, Value in Health 25(1):3-9 (CHEERS 2022)",
    "Müller and others 2013, Environmental Modelling & Software 48:37-48 (ODD+D)",
    "Grimm and others 2020, Journal of Artificial Societies and Social Simulation 23(2):7 (ODD)",
)


def report_html(answer: Any, lang: Lang = "en", *, file: str = "") -> str:
    """Return the report as one HTML file without scripts, in English (`en`) or Indonesian (`id`).

    `answer` = an `Answer` or a `Comparison`; with the scenario in the answer the report lists sources and grades, with
    curve and tornado it says what they say. `file` = the scenario file that the commands name. `TypeError` for anything
    else, `LabelError` for another language.
    """
    found = answer_in(answer)
    told = Told(found, lang, file or f"{found.comparison.scenario}.yaml")
    sections = [
        *summary(told),
        *question(told),
        *mix(told),
        *over_time(told),
        *compared(told),
        *money(told),
        *more_money(told),
        *who(told),
        *what_would_change(told),
        *assumed(told),
        *evidence(told),
        *reproduce(told),
        *checklists(told),
        heading(told.say("head.references"), 2, "references"),
        listed(REFERENCES),
    ]
    foot = paragraph(told.say("foot", version=__version__, run_id=told.comparison.run_id))
    return page(lang, told.say("title", title=told.title), [_head(told), *sections], skip=told.say("skip"), foot=foot)


def _head(told: Told) -> str:
    made, lang = told.comparison, told.lang
    sub = told.say(
        "under_title",
        futures=numbers.counted("terminal.futures", made.replicates, lang),
        people=people_in_words(made.households, made.represents, lang),
        months=numbers.months(made.months, lang),
    )
    heads = {name: told.say("head." + name.replace("-", "_")) for name in CONTENTS}
    contents = escaped(told.say("contents"))
    links = "".join(f"<li>{link('#' + name, words)}</li>" for name, words in heads.items())
    return (
        f'<header id="top"><h1>{escaped(told.title)}</h1>{paragraph(sub)}'
        f"{paragraph(told.say('not_a_forecast'), 'warning')}</header>"
        f'<nav aria-label="{contents}"><ol>{links}</ol></nav>'
    )


def reproduce(told: Told) -> list[str]:
    """What the results hang on, and the commands that give them again."""
    made = told.comparison
    rows = [
        ("version", __version__),
        ("run_id", made.run_id),
        *(
            (name, str(made.inputs[name]))
            for name in ("scenario", "survey", "parameters", "program")
            if made.inputs.get(name)
        ),
        ("seed", str(made.seed)),
        ("futures", str(made.replicates)),
        ("households", str(made.households)),
        ("months", str(made.months)),
        ("burn_in", str(made.burn_in)),
    ]
    heads = (told.say("column.what"), told.say("column.figure"))
    caption = told.say("table.reproduce")
    return [
        heading(told.say("head.reproduce"), 2, "reproduce"),
        paragraph(told.say("intro.reproduce")),
        table(caption, heads, [(told.say(f"reproduce_row.{key}"), value) for key, value in rows]),
        paragraph(told.say("commands")),
        code(commands(told)),
        paragraph(told.say("python")),
        code(python(told)),
    ]


def commands(told: Told) -> str:
    """Commands that make the comparison and this report again."""
    import shlex

    made, file = told.comparison, shlex.quote(told.file)
    sizes = f"--replicates {made.replicates} --households {made.households} --months {made.months} --seed {made.seed}"
    chosen = f" --policies {','.join(made.policies)}" if set(made.policies) != set(made.all_policies) else ""
    deep = " --deep" if told.answer.curve is not None or told.answer.tornado is not None else ""
    return "\n".join(
        (
            f"empowersim check {file}",
            f"empowersim compare {file} {sizes}{chosen} --out results",
            f"empowersim report {file} {sizes}{chosen}{deep} --lang {told.lang} -o report.html --excel report.xlsx",
        )
    )


def python(told: Told) -> str:
    """The same comparison in Python."""
    made = told.comparison
    chosen = f", policies={list(made.policies)!r}" if set(made.policies) != set(made.all_policies) else ""
    return (
        "import empowersim as es\n"
        f"result = es.compare({told.file!r}, replicates={made.replicates}, households={made.households}, "
        f"months={made.months}, seed={made.seed}{chosen})\n"
        f"assert result.run_id == {made.run_id!r}"
    )
