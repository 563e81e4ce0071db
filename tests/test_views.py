"""Views of an answer: what is drawn and said, in two languages and two styles, whatever policies are called."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import empowersim as es
from empowersim.errors import EmpowersimError
from empowersim.experiments.answer import Answer, Ceilings, answer, deepened
from empowersim.experiments.statistics import Paired
from empowersim.fronts import numbers, plots, style, views, views_text
from empowersim.fronts.labels import LANGUAGES
from empowersim.fronts.views_effect import DOTS, POVERTY, quantile_dots
from empowersim.fronts.views_who import group_name
from empowersim.results.tables import Table
from empowersim.scenario.load import load

ISLANDS = "scenarios/remote-islands.yaml"
HOSTILE = {
    "balanced_mix": "<script>alert(1)</script> & $\\frac{1}{0}$ {policy} %s",
    "mix_commuting": "A very long name that goes on and on without any end in sight " * 4,
    "mix_resident": "two\nlines\x00and $x",
    "mix_links": "Nebenwirkungenundnocheinmalmehrdavonohneleerzeichen" * 2,
}


@pytest.fixture(scope="module")
def found() -> Answer:
    made = answer(
        ISLANDS,
        policies=list(HOSTILE),
        replicates=5,
        households=900,
        months=26,
        seed=2,
        ceilings=Ceilings(money=14e9, posts=30),
    )
    return deepened(made, sizes=(0.5, 1.0), futures=2, parameters=["business_scale", "kin_sharing", "trust_per_visit"])


@pytest.fixture(scope="module")
def hostile(found: Answer) -> Answer:
    labels = {**found.comparison.labels, **{name: {"en": words, "id": words} for name, words in HOSTILE.items()}}
    return replace(found, comparison=replace(found.comparison, labels=labels))


def boxes(axes: Any) -> tuple[Any, list[tuple[str, Any]]]:
    """Box of the figure, and of every text in it that is to be seen, in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    figure = axes.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = [one for one in figure.findobj(Text) if one.get_visible() and one.get_text().strip()]
    inside = []
    low, high = (sorted(axes.get_xlim()), sorted(axes.get_ylim()))
    ticks = {*axes.get_xticklabels(), *axes.get_yticklabels()}
    for one in texts:
        if one in ticks and not (
            low[0] - 1e-9 <= one.get_position()[0] <= low[1] + 1e-9
            and high[0] - 1e-9 <= one.get_position()[1] <= high[1] + 1e-9
        ):
            continue  # a tick outside the limits is not drawn
        # of an annotation without its line
        inside.append((one.get_text(), Text.get_window_extent(one, renderer)))
    return figure.bbox, inside


# ---------------------------------------------------------------- figures


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("look", ["screen", "journal"])
@pytest.mark.parametrize("view", views.VIEWS)
def test_nothing_is_clipped_or_written_over(hostile: Answer, found: Answer, view: str, look: str, lang: Any) -> None:
    for one in (found, hostile):
        axes = views.draw(one, view, lang=lang, style=look)
        figure, texts = boxes(axes)
        outside = [
            words
            for words, box in texts
            if box.x0 < -2 or box.y0 < -2 or box.x1 > figure.x1 + 2 or box.y1 > figure.y1 + 2
        ]
        assert outside == [], "clipped"
        over = [
            (first[0], second[0])
            for first, second in combinations(texts, 2)
            if min(first[1].x1, second[1].x1) - max(first[1].x0, second[1].x0) > 2
            and min(first[1].y1, second[1].y1) - max(first[1].y0, second[1].y0) > 3
        ]
        assert over == [], "written over each other"


@pytest.mark.parametrize("view", views.VIEWS)
def test_a_view_draws_on_axes_that_are_given_and_no_type_is_too_small(found: Answer, view: str) -> None:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    axes = Figure(layout="constrained").subplots(1, 2)[0]
    assert views.draw(found, view, ax=axes) is axes
    alone = views.draw(found, view)
    sizes = [one.get_fontsize() for one in alone.figure.findobj(Text) if one.get_text().strip()]
    assert min(sizes) >= 11 * 72 / 96  # 11 px on a screen of 96 dots an inch


def test_a_policy_keeps_its_colour_in_every_view_and_in_the_plots(found: Answer) -> None:
    made = found.comparison
    here = style.policy_styles(made)
    assert here == plots.styles(made)
    order = [name for name in made.all_policies if name != made.reference]
    assert here[made.reference].colour == style.REFERENCE_COLOUR
    assert here[made.reference].line == "--"
    for place, name in enumerate(order):
        assert here[name].colour == style.COLOURS[place % 4]
    few = es.compare(ISLANDS, policies=["mix_links"], replicates=1, households=200, months=3)
    assert style.policy_styles(few)["mix_links"] == here["mix_links"]
    lines = {line.get_color() for line in views.fan(found).lines}
    assert lines == {here[name].colour for name in made.policies}


def test_the_fan_draws_the_quantiles_of_its_table(found: Answer) -> None:
    made = found.comparison
    axes = views.fan(found, "poverty_gap", policies=["no_programme", "mix_links"])
    rows = made.bands.where(policy="mix_links", measure="poverty_gap")
    drawn = next(line for line in axes.lines if line.get_color() == style.policy_styles(made)["mix_links"].colour)
    assert drawn.get_ydata().tolist() == pytest.approx((100 * rows["q50"]).tolist())
    assert drawn.get_xdata().tolist() == list(range(1, 27))
    assert axes.get_ylim()[0] == 0
    tops = [band.get_paths()[0].vertices[:, 1].max() for band in axes.collections]
    reference = made.bands.where(policy="no_programme", measure="poverty_gap")
    expected = [float(100 * reference[name].max()) for name in ("q95", "q75")]
    if "mix_links" in found.ranking[:1]:
        expected += [float(100 * rows[name].max()) for name in ("q95", "q75")]
    assert tops == pytest.approx(expected)
    assert len(views.fans(found).axes) == len(POVERTY)
    with pytest.raises(KeyError, match="no spread of 'gini'"):
        views.fan(found, "gini")


def test_the_difference_is_drawn_where_the_table_has_it(found: Answer) -> None:
    made = found.comparison
    axes = views.difference(found, "poverty_gap", dots=True)
    dots = [line for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata()) == 1]
    expected = [100 * made.differences.one("mean", policy=name, outcome="poverty_gap") for name in made.others]
    assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx(expected)
    other = views.difference(found, "poverty_gap", against="balanced_mix")
    assert len(other.get_yticks()) == len(made.policies) - 1
    with pytest.raises(KeyError, match="no policy"):
        views.difference(found, against="nobody")
    with pytest.raises(KeyError, match="no outcome"):
        views.difference(found, "nothing")


def test_quantile_dots_by_hand(found: Answer) -> None:
    dots = quantile_dots(found, "mix_links", "no_programme", "poverty_gap")
    values = found.comparison.futures.where(outcome="poverty_gap")
    apart = values.where(policy="mix_links")["value"] - values.where(policy="no_programme")["value"]
    assert len(dots) == DOTS
    assert dots[0] == pytest.approx(np.quantile(apart, 0.025))
    assert dots[-1] == pytest.approx(np.quantile(apart, 0.975))


def test_views_that_have_nothing_to_show_are_left_out(found: Answer) -> None:
    assert set(views.shown(found)) == set(views.VIEWS)
    alone = Answer(es.simulate(ISLANDS, "balanced_mix", replicates=2, households=300, months=6))
    there = views.shown(alone)
    assert {"mix", "fan", "money"} <= set(there)
    assert not {"difference", "curve", "tornado", "groups", "staff", "plane"} & set(there)
    for view in there:
        views.draw(alone, view)
        assert views_text.sentence(alone, view)
    for view in ("curve", "tornado"):
        with pytest.raises(ValueError, match="deepened"):
            views.draw(alone, view)
    with pytest.raises(KeyError, match="no view"):
        views.draw(found, "pie")
    with pytest.raises(EmpowersimError, match="expected one of screen, journal"):
        views.fan(found, style="poster")


def test_a_streamed_comparison_says_that_households_were_not_kept() -> None:
    from empowersim.experiments import compare as module

    made = module.plan(ISLANDS, policies=["mix_links"], replicates=2, households=400, months=4)
    kept = module.POOLED_HOUSEHOLDS
    module.POOLED_HOUSEHOLDS = 100  # type: ignore[misc]
    try:
        streamed = Answer(module.execute(made))
    finally:
        module.POOLED_HOUSEHOLDS = kept  # type: ignore[misc]
    assert not {"groups", "deciles", "villages", "errors"} & set(views.shown(streamed))
    assert "not kept" in views_text.sentence(streamed, "groups")
    assert views.groups(streamed).texts[0].get_text() == "households were not kept: no groups"


def test_files_are_the_same_bytes_again_and_say_what_they_show(hostile: Answer, tmp_path: Path) -> None:
    few, lang = replace(hostile, tornado=None, curve=None), "id"
    first, second = (views.save(few, tmp_path / name, lang=lang) for name in ("one", "two"))
    assert [path.name for path in first] == [f"{view}.svg" for view in views.shown(few)]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
        tree = ElementTree.fromstring(one.read_bytes())
        words = "".join(tree.itertext())
        assert views_text.sentence(few, one.stem, lang)[:40] in words
        assert not [part for part in tree.iter() if part.tag.endswith("script")]


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_files_of_other_kinds(found: Answer, tmp_path: Path, kind: str) -> None:
    few = replace(found, tornado=None, curve=None, scenario=None)
    made = views.save(few, tmp_path, kind=kind, style="journal", dpi=50)
    assert {path.suffix for path in made} == {f".{kind}"}
    assert all(path.stat().st_size > 1000 for path in made)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Mix A", "Mix A"),
        ("costs $5 and $6", r"costs \$5 and \$6"),
        ("a\nb\tc\x00d", "a b c d"),
        ("x" * 80, "x" * 59 + "…"),
        ("\u202eevil", "evil"),
        ("", "?"),
    ],
)
def test_plain_names(words: str, expected: str) -> None:
    assert style.plain(words) == expected


def test_markup_stays_text(hostile: Answer) -> None:
    axes = views.difference(hostile)
    names = [one.get_text() for one in axes.get_yticklabels()]
    assert any("<script>" in name.replace("\n", "") for name in names)
    out = io.BytesIO()
    axes.figure.savefig(out, format="svg")
    assert b"<script" not in out.getvalue()
    for view in views.shown(hostile):
        said = views_text.sentence(hostile, view)
        assert "\n" not in said
        assert "\x00" not in said


# ---------------------------------------------------------------- sentences


@pytest.mark.parametrize("view", views.VIEWS)
def test_both_languages_say_the_same_numbers(found: Answer, view: str) -> None:
    def figures(words: str) -> list[str]:
        named = re.sub(r"“[^”]*”", "", words)
        return re.findall(r"\d+(?:[.,]\d+)*", named)

    english, indonesian = (views_text.sentence(found, view, lang) for lang in LANGUAGES)
    assert english != indonesian
    turned = [one.translate(str.maketrans(",.", ".,")) for one in figures(indonesian)]
    assert sorted(turned) == sorted(figures(english))
    assert english.endswith(".")
    assert indonesian.endswith(".")


def test_sentences_write_what_the_comparison_has(found: Answer) -> None:
    made = found.comparison
    change = made.differences.one("mean", policy="mix_links", outcome="poverty_gap")
    assert numbers.quantity(change, "share", difference=True) in views_text.sentence(found, "difference")
    missed = made.reach.one("mean", policy="mix_links", figure="exclusion_error")
    assert f"misses {numbers.percent(missed, 0)} of the poor" in views_text.sentence(found, "errors")
    share = made.outcomes.one("probability_best", policy="mix_links", outcome="poverty_gap")
    assert f"“Mix with better links”: {numbers.in_hundred(share)}" in views_text.sentence(found, "best_in")
    spent = made.budget.where(policy="mix_links", dimension="all")["mean"].tolist()
    said = views_text.sentence(found, "money", policy="mix_links")
    assert "; ".join(numbers.rupiah(one) for one in spent) in said
    over = [f"year {year}" for year, one in enumerate(spent, start=1) if one > 14e9]
    assert len(over) == 2
    assert f"over the ceiling of Rp 14 billion in {numbers.listed(over)}." in said


def test_the_terminal_and_the_answer_write_the_same_difference(found: Answer) -> None:
    """The table of `compare` and the sentences read one number."""
    made = found.comparison
    told = found.verdict
    assert told is not None
    change = views_text.changed(told.against_reference, "poverty_gap")
    row = made.differences.where(policy=told.best, outcome="poverty_gap")
    assert change.startswith(numbers.quantity(float(row["mean"][0]), "share", difference=True))
    cards = {what: figure for what, figure, _ in views_text.cards(found)}
    cost = made.outcomes.one("mean", policy=told.best, outcome="cost")
    assert cards["Cost of the whole run"] == numbers.rupiah(cost)
    assert cards["Change of the poverty gap (P1)"] == numbers.quantity(float(row["mean"][0]), "share", difference=True)


@pytest.mark.parametrize("group", ["1", "5"])
def test_every_group_has_a_name(group: str) -> None:
    from empowersim.experiments.people import GROUPS

    assert group_name("villages", group) == f"fifth {group} of villages (1 = poorest)"
    for lang in LANGUAGES:
        names = [group_name(dimension, name, lang) for dimension, name in GROUPS]
        assert len(set(names)) == len(names)


# ---------------------------------------------------------------- the verdict


def told(found: Answer, lang: Any = "en", **changed: Any) -> str:
    """The sentences of an answer whose verdict is another."""
    verdict = found.verdict
    assert verdict is not None
    other = replace(found)
    other.__dict__["verdict"] = replace(verdict, **changed)
    return " ".join(views_text.verdict(other, lang))


BETTER = Paired(-0.02, -0.03, -0.01, 1.0, 2.0)
OPEN = Paired(-0.002, -0.03, 0.01, 0.6, 2.0)
WORSE = Paired(0.02, 0.01, 0.03, 0.0, 2.0)
MORE, MAYBE, FEWER = Paired(500, 400, 600, 1, 1), Paired(100, -50, 250, 0.7, 1), Paired(-500, -600, -400, 0, 1)


def test_a_clear_verdict(found: Answer) -> None:
    said = told(found, against_reference=BETTER, standing="better", ahead="better", lifted=MORE, small=False)
    assert "does most for: Poverty gap (P1)" in said
    assert "−2.00 points (−3.00 to −1.00)" in said
    assert "It lifts 500 (400 to 600) more households out of poverty" in said
    assert "cannot be told" not in said
    assert "Not a forecast: 5 futures" in said


def test_verdicts_that_are_not_clear_say_so(found: Answer) -> None:
    shared = told(found, against_reference=BETTER, standing="better", ahead="unclear", lifted=MAYBE)
    assert "cannot be told apart" in shared
    assert (
        "Whether it lifts more households out of poverty for a year or longer cannot be told (+100; −50 to +250)"
        in shared
    )
    unclear = told(found, against_reference=OPEN, standing="unclear", lifted=MAYBE)
    assert "No policy can be told apart from “No programme”" in unclear
    assert "does most" not in unclear
    same = told(found, standing="same", against_reference=Paired(0, 0, 0, 0.5, math.nan))
    assert same.startswith("No policy changes anything on: Poverty gap (P1)")
    single = told(found, standing="unclear", against_reference=Paired(-0.1, math.nan, math.nan, 1.0, math.nan))
    assert "One future says nothing of chance" in single


def test_a_harmful_verdict_and_losers_are_told(found: Answer) -> None:
    harm = told(found, against_reference=WORSE, standing="worse", lifted=FEWER, worse_off=0.12)
    assert "Every policy does worse than “No programme”" in harm
    assert "fewer households out of poverty" in harm
    assert "12.0 % of households end worse off" in harm
    some = told(found, against_reference=BETTER, standing="better", ahead="better", harmful=("balanced_mix",))
    assert "Worse than “No programme”, and surely so in these futures: “Balanced mix”." in some
    nobody = told(found, against_reference=BETTER, standing="better", worse_off=0.0001)
    assert "worse off" not in nobody


def test_the_verdict_in_indonesian(found: Answer) -> None:
    said = told(found, "id", against_reference=BETTER, standing="better", ahead="better", lifted=MORE, small=True)
    assert "paling berhasil dalam: Indeks kedalaman kemiskinan (P1)" in said
    assert "−2,00 poin (−3,00 sampai −1,00)" in said
    assert "500 (400 sampai 600) rumah tangga lebih banyak" in said
    assert "Dampaknya kecil" in said
    assert "Bukan ramalan" in said


def test_a_policy_alone_has_a_sentence_of_its_own() -> None:
    alone = Answer(es.simulate(ISLANDS, "balanced_mix", replicates=2, households=200, months=3))
    assert views_text.verdict(alone)[0].startswith("“Balanced mix” was simulated alone")


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "in all futures simulated"),
        (0.7, "in most futures"),
        (0.5, "in about as many futures as not"),
        (0.1, "in few futures"),
        (math.nan, ""),
    ],
)
def test_how_sure_in_words(share: float, words: str) -> None:
    assert views_text.sure_words(share) == words


def test_a_share_of_nobody_is_not_drawn(found: Answer) -> None:
    reach = found.comparison.reach
    nothing = Table("reach", {**reach.columns, "mean": np.full(len(reach), math.nan)})
    none = replace(found, comparison=replace(found.comparison, tables={**found.comparison.tables, "reach": nothing}))
    assert views.errors(none).texts[0].get_text() == "nobody is enrolled or visited"
    assert views_text.sentence(none, "errors") == "No policy enrols or visits anybody."


def test_programmes_of_a_scenario_have_its_names(found: Answer) -> None:
    from empowersim.fronts.views_money import item_name

    assert item_name(found, "adult_literacy", "id") == "Keaksaraan dasar"
    assert item_name(replace(found, scenario=load(ISLANDS)), "my_own_thing") == "my own thing"
    assert item_name(found, "mentors", "id") == "Pendamping"
