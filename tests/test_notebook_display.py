"""What results show in a notebook, and the frames that notebooks work with."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import empowersim as es
from empowersim.errors import SimulationError
from empowersim.experiments.story_gains import household_gains
from empowersim.experiments.story_result import Story
from empowersim.fronts.notebook import Page, html, show
from empowersim.results.comparison import Comparison
from empowersim.results.tables import OUTCOMES

MEDAN = Path(__file__).resolve().parents[1] / "scenarios" / "medan.yaml"
SMALL = {"households": 300, "months": 18}
POLICIES = ["no_programme", "mix_mentors"]
HOSTILE = "<script>alert(1)</script> & $x$\n‘mix’"


class Reader(HTMLParser):
    """Text of the cells, row by row; fails on tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "br", "span", "dl", "dt", "dd"}
        if tag != "br":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data + "|"


@pytest.fixture(scope="module")
def result() -> Comparison:
    return es.compare(MEDAN, policies=[*POLICIES, "skills_training"], replicates=4, **SMALL)


@pytest.fixture(scope="module")
def told() -> Story:
    return es.story(MEDAN, find="gains-most", policies=POLICIES, **SMALL)


# ---------------------------------------------------------------- a comparison


def test_a_comparison_shows_levels_differences_and_how_sure(result: Comparison) -> None:
    rows = Reader(result._repr_html_()).rows
    assert [row[0].strip("|") for row in rows] == ["policy", *(result.label(policy) for policy in result.policies)]
    level = result.tables["outcomes"].one("mean", policy="skills_training", outcome="poverty_headcount")
    change = result.tables["differences"].where(policy="skills_training", outcome="poverty_headcount")
    cell = rows[1 + result.policies.index("skills_training")][1]
    first, second, third, _ = cell.split("|")
    assert first == f"{100 * level:.1f} %"
    assert second.startswith(f"{100 * change['mean'][0]:+.2f} points".replace("-", "−"))
    assert third == f"better in {100 * change['probability_better'][0]:.0f} of 100"


def test_the_reference_has_no_difference(result: Comparison) -> None:
    row = Reader(result._repr_html_()).rows[1 + result.policies.index(result.reference)]
    assert all(cell.count("|") == 1 for cell in row)


def test_a_comparison_in_indonesian(result: Comparison) -> None:
    text = str(show(result, lang="id"))
    rows = Reader(text).rows
    assert rows[0][:2] == ["kebijakan|", "Persentase penduduk miskin (P0)|"]
    assert "Pelatihan keterampilan|" in {row[0] for row in rows}
    assert re.search(r"\d,\d %", text)
    assert not re.search(r"\d\.\d %|points|better|futures|billion", text)


def test_english_and_indonesian_tell_the_same_numbers(result: Comparison) -> None:
    def numbers(lang: str) -> list[list[str]]:
        swap = str.maketrans(",.", ".,") if lang == "id" else {}
        cells = [cell for row in Reader(html(result, lang=lang)).rows[1:] for cell in row[1:]]
        return [re.findall(r"\d[\d.,]*", cell.translate(swap)) for cell in cells]

    assert numbers("en") == numbers("id")


def test_other_outcomes_can_be_shown(result: Comparison) -> None:
    rows = Reader(html(result, outcomes=["literacy"])).rows
    assert rows[0] == ["policy|", "Literacy|"]
    with pytest.raises(KeyError, match="no outcome 'wealth'; there are poverty_headcount"):
        html(result, outcomes=["wealth"])


def test_nothing_changed_is_said_in_words(result: Comparison) -> None:
    rows = Reader(html(result, outcomes=["culture"])).rows
    assert {row[1].split("|")[1] for row in rows[2:]} == {"no difference"}


def test_labels_are_text(result: Comparison) -> None:
    named = dataclasses.replace(result, title=HOSTILE, labels={**result.labels, "mix_mentors": {"en": HOSTILE}})
    text = named._repr_html_()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert text.startswith('<div class="tex2jax_ignore mathjax_ignore">'), "a dollar sign is no formula"
    Reader(text)


def test_one_policy_has_no_differences() -> None:
    alone = es.simulate(MEDAN, "skills_training", replicates=2, **SMALL)
    rows = Reader(alone._repr_html_()).rows
    assert len(rows) == 2
    assert all(cell.count("|") == 1 for cell in rows[1])


def test_only_results_are_shown_and_in_two_languages(result: Comparison) -> None:
    with pytest.raises(TypeError, match="expected a Comparison or a Story, found int"):
        html(3)  # type: ignore[arg-type]
    with pytest.raises(SimulationError, match=r"lang: expected a language \(en, id\), found 'in'"):
        show(result, lang="in")  # type: ignore[arg-type]
    assert Page("<b>1</b>")._repr_html_() == "<b>1</b>"


# ---------------------------------------------------------------- frames


def test_the_frame_holds_every_outcome_of_every_policy(result: Comparison) -> None:
    pytest.importorskip("pandas", reason="the extra data is not installed")
    frame = result.to_frame()
    assert len(frame) == len(result.policies) * len(OUTCOMES)
    for row in frame.to_dict("records"):
        key = {"policy": row["policy"], "outcome": row["outcome"]}
        np.testing.assert_equal(row["mean"], result.tables["outcomes"].one("mean", **key))
        if row["policy"] == result.reference:
            assert np.isnan(row["difference"])
            assert np.isnan(row["probability_better"])
        else:
            pairs = (("difference", "mean"), ("difference_low", "low"), ("difference_high", "high"))
            for ours, theirs in (*pairs, ("probability_better",) * 2):
                np.testing.assert_equal(row[ours], result.tables["differences"].one(theirs, **key))
    assert set(result.to_frame(lang="id").label) == {result.label(policy, "id") for policy in result.policies}


def test_the_frame_of_one_policy() -> None:
    pytest.importorskip("pandas", reason="the extra data is not installed")
    frame = es.simulate(MEDAN, replicates=2, **SMALL).to_frame()
    assert len(frame) == len(OUTCOMES)
    assert frame.difference.isna().all()


# ---------------------------------------------------------------- a story


def test_a_story_tells_itself(told: Story) -> None:
    from empowersim.fronts.story_words import closing, narrative

    text = re.sub(r"<[^>]+>", "", told._repr_html_())
    for line in narrative(told):
        for piece in re.split(r"\s+", line.strip()):
            assert piece.replace("&", "&amp;") in text
    assert closing(told, "id") in re.sub(r"<[^>]+>", "", str(show(told, lang="id")))
    Reader(told._repr_html_())


def test_frames_of_a_story(told: Story) -> None:
    pytest.importorskip("pandas", reason="the extra data is not installed")
    months = told.to_frame()
    assert months.shape[0] == 2 * SMALL["months"]
    second = months[months.policy == "mix_mentors"]
    np.testing.assert_array_equal(second.consumption, told.lives[1].months["consumption"])
    parts = told.to_frame("parts").groupby("month").difference.sum()
    np.testing.assert_allclose(parts, told.difference, atol=1e-6)
    with pytest.raises(KeyError, match="no table 'years' in a story; it has months, events, parts"):
        told.to_frame("years")


def test_the_gains_of_all_agree_with_the_stories_of_some(told: Story) -> None:
    gains = household_gains(MEDAN, policies=POLICIES, **SMALL)
    assert gains.household.size == SMALL["households"]
    assert gains.household[gains.gain.argmax()] == told.household
    worst = es.story(MEDAN, find="loses-most", policies=POLICIES, **SMALL)
    assert gains.household[gains.gain.argmin()] == worst.household
    for one in (told, worst, es.story(MEDAN, household=7, policies=POLICIES, **SMALL)):
        at = int(np.searchsorted(gains.household, one.household))
        # the one adds up twelve months in float32, the other in float64
        np.testing.assert_allclose(gains.gain[at], one.gain, atol=1e-5)
        np.testing.assert_allclose(gains.rupiah[at], gains.gain[at] * one.rupiah, rtol=1e-6)
    changed = np.abs(gains.gain[~gains.reached])
    assert changed.max() < np.abs(gains.gain[gains.reached]).max(), "who is never reached changes through others only"


def test_the_gains_as_a_frame() -> None:
    pytest.importorskip("pandas", reason="the extra data is not installed")
    gains = household_gains(MEDAN, policies=POLICIES, **SMALL)
    frame = gains.to_frame()
    assert list(frame.columns) == ["household", "reached", "start", "gain", "rupiah"]
    np.testing.assert_array_equal(frame.gain, gains.gain)
    np.testing.assert_array_equal(frame.reached.astype(bool), gains.reached)
