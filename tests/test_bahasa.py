"""Bahasa Indonesia on the terminal and in figures: the same numbers, no English left, nothing cut.

Small simulations are made once and shown in both languages; no test depends on how a simulation comes out.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_runs import make_comparison, make_run, toy
from rich.console import Console

from empowersim.calibration.store import load_fit
from empowersim.evidence.judge import judge_all
from empowersim.evidence.simulated import simulate_rows
from empowersim.experiments.audit import audit
from empowersim.experiments.compare import compare
from empowersim.experiments.factors import ablate
from empowersim.experiments.responses import parameter_inputs
from empowersim.experiments.sensitivity import sensitivity
from empowersim.experiments.story import story
from empowersim.experiments.worlds import compare_worlds
from empowersim.fronts import (
    cli,
    decide_plots,
    optimise_plots,
    plots,
    sensitivity_plots,
    story_plot,
)
from empowersim.fronts.audit_terminal import show_audit
from empowersim.fronts.decide_api import decide
from empowersim.fronts.decide_terminal import decision_tables, show_decision
from empowersim.fronts.evidence_page import SHIPPED_FIT
from empowersim.fronts.evidence_terminal import show_fit, show_verdicts
from empowersim.fronts.factor_terminal import factor_grids, show_factors, show_two, two_rankings
from empowersim.fronts.forest import forest
from empowersim.fronts.grids import print_table
from empowersim.fronts.numbers import months, number, percent, points, quantity, rupiah
from empowersim.fronts.optimise_api import optimise
from empowersim.fronts.optimise_terminal import show_optimisation
from empowersim.fronts.sensitivity_terminal import index_table, show_sensitivity
from empowersim.fronts.story_words import narrative
from empowersim.fronts.terminal import show, tables
from empowersim.fronts.trial_terminal import power_grid, show_power, show_trial, trial_grid
from empowersim.fronts.world_terminal import show_worlds, world_tables
from empowersim.parameters import parameters
from empowersim.scenario.load import load
from empowersim.trials.estimate import effects
from empowersim.trials.library import find
from empowersim.trials.load import load as load_trial
from empowersim.trials.power import power
from empowersim.trials.run import draw, expected

SCENARIO = """
empowersim: 1
name: kota
title: {en: Five empowerment programmes in Medan, id: Lima program pemberdayaan di Kota Medan}
base:
  world: {place: medan_urban}
  simulation: {households: 300, months: 26, burn_in: 2 months, replicates: 3, seed: 5}
policies:
  no_programme: {label: {en: No programme, id: Tanpa program}}
  skills:
    label: {en: Skills training, id: Pelatihan keterampilan}
    programmes: {skills_training: {budget: 60 billion IDR/year}}
    runs_for: 14 months
  mix:
    label: {en: Mix with coached mentors of the place, id: Bauran dengan pendamping terbina dari tempat itu}
    programmes:
      adult_literacy: {budget: 20 billion IDR/year}
      entrepreneurship_training: {budget: 20 billion IDR/year}
      scholarship_tutoring: {budget: 10 billion IDR/year}
    mentors: {budget: 12 billion IDR/year}
"""
SEARCH = """
optimise: 1
name: cari
title: {en: The best mix for Medan at 60 billion rupiah a year, id: Bauran terbaik dengan 60 miliar rupiah setahun}
scenario: kota.yaml
budget: 60 billion IDR/year
like: mix
money: {skills_training: {}, adult_literacy: {}, entrepreneurship_training: {}, scholarship_tutoring: {}, mentors: {}}
role_mix: yes
choices: {mentors.rule: [round_robin, poorest_first], sharing: [equal, by_poverty]}
objectives: [cost_discounted, poverty_gap, empowerment_index]
constraints: {served_women_headed: {at_least: 1 %}}
search: {evaluations: 16, generation: 8, seed: 1}
futures: {search: 2, held_out: 3, worlds: both, households: 300, months: 14}
"""
DESIGN = """
sweep: 1
name: sapu
scenario: kota.yaml
policies: [mix]
households: 100
months: 6
replicates: 3
vary:
  uang: {path: policies.mix.mentors.budget, values: [6, 12], unit: billion IDR/year}
uncertain: {ensemble: calibrated, draws: 3, seed: 1}
"""
WORDS = """
the of and with without than under over households household poverty future futures policy policies better worse best
mean cost difference is are was that which each year years month months share money all none this these it its by for
from on in most more less only same other others interval reference world worlds trap outcome run runs replicates draws
ranks loss regret effect frontier price mentors visits programme
"""
ENGLISH = frozenset(re.findall(r"\w+", WORDS))
"""Words that no Indonesian text has; names of files, options and parameters are left out of the search."""


def console(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, no_color=True, highlight=False)


def printed(tell: Callable[[Console], object], width: int = 300) -> str:
    out = console(width)
    tell(out)
    return out.file.getvalue()  # type: ignore[attr-defined]


# ---------------------------------------------------------------- what is shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bahasa")
    (made / "kota.yaml").write_text(SCENARIO, encoding="utf-8")
    (made / "cari.yaml").write_text(SEARCH, encoding="utf-8")
    (made / "sapu.yaml").write_text(DESIGN, encoding="utf-8")
    return made


class Shown:
    """Everything that the terminal shows, made once: name -> printer by language, and tables by language and width."""

    def __init__(self, folder: Path) -> None:
        loaded = load(folder / "kota.yaml")
        self.comparison = compare(loaded, threads=1)
        self.worlds = compare_worlds(loaded, replicates=2, threads=1)
        self.factors = ablate(loaded, replicates=2, threads=1)
        self.decision = decide(loaded, draws=4, draw_futures=2, replicates=4, world="both", threads=1)
        self.settled = decide(loaded, settle="best", most=12, threads=1)
        self.search = optimise(folder / "cari.yaml", draws=2, threads=1)
        inputs = parameter_inputs(loaded, ("job_finding", "profit_per_practice", "skill_loss"))
        sizes = {"futures": 2, "households": 300, "months": 14, "threads": 1}
        self.morris = sensitivity(loaded, inputs, method="morris", samples=4, against="no_programme", **sizes)
        self.sobol = sensitivity(loaded, inputs[:2], method="sobol", samples=8, **sizes)
        self.story = story(loaded, find="gains-most", policies=("no_programme", "mix"))
        self.audit = audit(loaded, "mix", households=300, months=13, executors=())
        self.trial = load_trial(find("togo"))
        values, name = parameters(), self.trial.estimates[0].name
        panel = draw(self.trial, values, seed=1, replicate=0)
        self.effects = effects(panel, self.trial)
        self.expected = expected(self.trial, values, seed=1, replicate=0)
        self.verdicts = judge_all(simulate_rows(["C102"], values, seed=1, size=0.2, threads=1, trap=None), ["C102"])
        self.fit = load_fit(SHIPPED_FIT)
        self.power = power(self.trial, values, estimate=name, villages=(10, 20), draws=6, seed=1)

    def printers(self) -> dict[str, Callable[[Console, Any], object]]:
        one = make_comparison([[make_run("nothing"), make_run("skills", level=0.19)]])
        twin = make_comparison([[make_run("nothing", f), make_run("twin", f)] for f in range(3)])
        return {
            "comparison": lambda out, lang: show(self.comparison, out, everything=True, lang=lang),
            "chief tables": lambda out, lang: show(self.comparison, out, lang=lang),
            "one future": lambda out, lang: show(one, out, everything=True, lang=lang),
            "no difference": lambda out, lang: show(twin, out, lang=lang),
            "worlds": lambda out, lang: show_worlds(self.worlds, out, everything=True, lang=lang),
            "factors": lambda out, lang: show_factors(
                self.factors, out, "poverty_gap", "level", everything=True, lang=lang
            ),
            "effect of factors": lambda out, lang: show_factors(
                self.factors, out, "poverty_headcount", "effect", lang=lang
            ),
            "two rankings": lambda out, lang: show_two(self.factors, self.factors, out, "poverty_gap", lang=lang),
            "decision": lambda out, lang: show_decision(self.decision, out, everything=True, lang=lang),
            "settled": lambda out, lang: show_decision(self.settled, out, lang=lang),
            "search": lambda out, lang: show_optimisation(self.search, out, lang=lang),
            "morris": lambda out, lang: show_sensitivity(self.morris, out, everything=True, lang=lang),
            "sobol": lambda out, lang: show_sensitivity(self.sobol, out, lang=lang),
            "story": lambda out, lang: out.print("\n".join(narrative(self.story, lang, everything=True)), markup=False),
            "audit": lambda out, lang: show_audit(self.audit, out, lang=lang),
            "trial": lambda out, lang: show_trial(self.trial, self.effects, out, expected=self.expected, lang=lang),
            "power": lambda out, lang: show_power(self.power, out, lang),
            "verdicts": lambda out, lang: show_verdicts(
                self.verdicts, out, world="no trap", everything=True, lang=lang
            ),
            "fit": lambda out, lang: show_fit(self.fit, out, lang),
        }

    def tables(self, width: int, lang: Any) -> Iterator[Any]:
        yield from tables(self.comparison, width, everything=True, lang=lang)
        yield from tables(toy(3), width, lang=lang)
        yield from world_tables(self.worlds, everything=True, lang=lang)
        yield from factor_grids(self.factors, width, "poverty_gap", "level", everything=True, lang=lang)
        yield two_rankings(self.factors, self.factors, "poverty_gap", "level", lang)
        yield from decision_tables(self.decision, "trap", everything=True, lang=lang)
        yield from decision_tables(self.settled, "no_trap", lang=lang)
        yield index_table(self.morris, "poverty_headcount", lang=lang)
        yield index_table(self.sobol, "poverty_headcount", lang=lang)
        yield trial_grid(self.trial, self.effects, expected=self.expected, width=width, lang=lang)
        yield power_grid(self.power, lang)


@pytest.fixture(scope="module")
def shown(folder: Path) -> Shown:
    return Shown(folder)


NAMES = (
    "comparison",
    "chief tables",
    "one future",
    "no difference",
    "worlds",
    "factors",
    "effect of factors",
    "two rankings",
    "decision",
    "settled",
    "search",
    "morris",
    "sobol",
    "story",
    "audit",
    "trial",
    "power",
    "verdicts",
    "fit",
)


def test_every_view_is_in_the_list(shown: Shown) -> None:
    assert tuple(shown.printers()) == NAMES


# ---------------------------------------------------------------- the same numbers


FIGURE = re.compile(r"(?<![\w.,])[−+-]?\d[\d.,]*(?:e-?\d+)?(?![\w])")


def numbers_in(told: str, lang: str) -> Counter[float]:
    """Numbers of a text in its language; what belongs to a name (P0, v1.2, a_1) is none."""
    found: Counter[float] = Counter()
    for figure in FIGURE.findall(told):
        plain = figure.strip(".,").replace("−", "-").replace("+", "")
        if lang == "id":
            plain = plain.translate(str.maketrans(",.", ".,"))
        found[float(plain.replace(",", ""))] += 1
    return found


def without_ranges(told: str) -> str:
    """A table's range as 1–9, which English writes 1 to 9, in two numbers."""
    return re.sub(r"(?<=\d)–(?=\d)", " ", told)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_tell_the_same_numbers(shown: Shown, name: str) -> None:
    printer = shown.printers()[name]
    english, indonesian = (printed(lambda out, lang=lang: printer(out, lang)) for lang in ("en", "id"))
    assert english != indonesian
    first = numbers_in(without_ranges(english), "en")
    second = numbers_in(without_ranges(indonesian), "id")
    assert sum(first.values()) > 3
    assert {key: (first[key], second[key]) for key in first | second if first[key] != second[key]} == {}


def test_numbers_have_indonesian_signs() -> None:
    assert (number(10000, 0, "id"), number(1234.5, 1, "id")) == ("10.000", "1.234,5")
    assert percent(0.174, 1, "id") == "17,4 %"
    assert points(-0.0017, 2, "id") == "−0,17 poin"
    assert [rupiah(value, "id") for value in (53.6e9, 4.18e6, 1.2e12, 690000)] == [
        "Rp 53,6 miliar",
        "Rp 4,18 juta",
        "Rp 1,2 triliun",
        "Rp 690.000",
    ]
    assert (months(18, "id"), months(60, "id")) == ("18 bulan", "5 tahun")
    assert quantity(0.0125, "share of persons", "id", difference=True) == "+1,25 poin"


# ---------------------------------------------------------------- no English left


def english_words(told: str) -> set[str]:
    """Words of the list in a text, apart from options, commands, files, parameters and names in code marks."""
    told = re.sub(r"`[^`]*`|--of effect", " ", told)
    told = re.sub(r"\S*[_./=-]{1,2}\w\S*", " ", told)
    return {word for word in re.findall(r"[A-Za-z]+", told.lower()) if word in ENGLISH}


ARE_NAMES = {"one future": {"by"}, "no difference": {"by"}}
"""Words of titles that a user wrote."""


@pytest.mark.parametrize("name", NAMES)
def test_no_english_word_is_left(shown: Shown, name: str) -> None:
    printer = shown.printers()[name]
    assert english_words(printed(lambda out: printer(out, "id"))) - ARE_NAMES.get(name, set()) == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_search_for_english_words_finds_them_in_english(shown: Shown, name: str) -> None:
    printer = shown.printers()[name]
    assert len(english_words(printed(lambda out: printer(out, "en")))) >= 5


# ---------------------------------------------------------------- nothing cut


def letters(told: str) -> Counter[str]:
    """Every sign of a text but blanks and rules: what folding keeps."""
    return Counter(sign for sign in told if not sign.isspace() and sign not in "─━")


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_tables_are_folded_and_lose_nothing(shown: Shown, width: int, lang: Any) -> None:
    whole = [printed(lambda out, one=one: print_table(out, one, lang), 2000) for one in shown.tables(width, lang)]
    folded = [printed(lambda out, one=one: print_table(out, one, lang), width) for one in shown.tables(width, lang)]
    assert len(whole) == len(folded) > 30
    for wide, narrow in zip(whole, folded, strict=True):
        assert max(len(line.rstrip()) for line in narrow.splitlines()) <= width
        assert letters(narrow) == letters(wide), narrow


@pytest.mark.parametrize("width", [80, 100])
def test_words_a_third_longer_still_fit(shown: Shown, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text of the file 35 % longer: nothing is lost, and no line is wider than the terminal."""
    from empowersim.fronts import labels

    def stretched(one: labels.Entry) -> labels.Entry:
        plain = re.sub(r"{\w+}", "", one.id)
        return one._replace(id=one.id + " " + "n" * max(1, round(0.35 * len(plain)) - 1)) if len(plain) > 3 else one

    longer = {key: stretched(one) for key, one in labels.entries().items()}
    monkeypatch.setattr(labels, "entries", lambda: longer)
    for one in shown.tables(width, "id"):
        narrow = printed(lambda out, one=one: print_table(out, one, "id"), width)
        assert max(len(line.rstrip()) for line in narrow.splitlines()) <= width
    assert "n" * 10 in printed(lambda out: show(shown.comparison, out, lang="id"), 300)


def test_words_are_not_broken_at_the_usual_width(shown: Shown) -> None:
    """At 100 columns the tables of a comparison break no word of a head or label in Indonesian."""
    for one in tables(shown.comparison, 100, everything=True, lang="id"):
        narrow = printed(lambda out, one=one: print_table(out, one, "id"), 100)
        known = {
            word for column in one.columns for cell in (column.header, *column.cells) for word in str(cell).split()
        }
        known |= {word for told in (one.title or "", one.caption or "") for word in str(told).split()}
        assert [word for word in narrow.split() if word not in known and not set(word) <= set("─")] == []


# ---------------------------------------------------------------- figures


def figures(shown: Shown, lang: Any) -> Iterator[tuple[str, Any]]:
    c, d, f = shown.comparison, shown.decision, shown.factors
    for measure in ("poverty_headcount", "mean_consumption", "empowerment_index", "thefts"):
        yield f"paths {measure}", plots.paths(c, measure, lang=lang)
    yield "effects", plots.effects(c, lang=lang)
    for outcome in ("poverty_gap", "mean_consumption", "household_years_out_of_poverty"):
        yield f"differences {outcome}", plots.differences(c, outcome, lang=lang)
    yield "winners", plots.winners(c, lang=lang)
    yield "winners by fifth", plots.winners(c, policy="mix", lang=lang)
    yield "winners by region", plots.winners(c, policy="mix", by="region", lang=lang)
    yield "tornado", plots.tornado(f, lang=lang)
    yield "tornado of effect", plots.tornado(f, "poverty_gap", of="effect", lang=lang)
    yield "plane", decide_plots.plane(d, lang=lang)
    yield "acceptability", decide_plots.acceptability(d, lang=lang)
    yield "ranks", decide_plots.ranks(d, lang=lang)
    yield "partial", decide_plots.partial(d, lang=lang)
    yield "looks", decide_plots.looks(shown.settled, lang=lang)
    yield "front", optimise_plots.front(shown.search, lang=lang)
    yield "mixes", optimise_plots.mixes(shown.search, lang=lang)
    yield "morris", sensitivity_plots.morris_scatter(shown.morris, "poverty_headcount", lang=lang)
    yield "sobol", sensitivity_plots.sobol_bars(shown.sobol, "poverty_headcount", lang=lang)
    yield "story", story_plot.draw_story(shown.story, lang=lang)
    yield "forest", forest(shown.verdicts, lang=lang).axes[0]


def texts_of(figure: Any) -> list[Any]:
    """Texts of a figure that are drawn: no labels of ticks beyond the ends of an axis."""
    from matplotlib.text import Text

    hidden: set[int] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            span = 1e-6 * (high - low)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low - span <= tick.get_loc() <= high + span:
                    hidden |= {id(tick.label1), id(tick.label2)}
    drawn = [one for one in figure.findobj(Text) if id(one) not in hidden]
    return [one for one in drawn if one.get_visible() and one.get_text().strip()]


def test_no_text_of_a_figure_is_cut(shown: Shown) -> None:
    """Every text lies within its figure, a pixel or two aside, in both languages."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    cut = []
    for lang in ("id", "en"):
        for name, axes in figures(shown, lang):
            figure = axes.figure
            FigureCanvasAgg(figure).draw()
            width, height = figure.bbox.width, figure.bbox.height
            for one in texts_of(figure):
                box = one.get_window_extent()
                if box.x0 < -2 or box.y0 < -2 or box.x1 > width + 2 or box.y1 > height + 2:
                    cut.append((lang, name, one.get_text(), [round(v) for v in box.extents], (width, height)))
    assert cut == []


def test_figures_have_no_english_word_and_decimal_commas(shown: Shown) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    commas, wrong = 0, []
    for name, axes in figures(shown, "id"):
        FigureCanvasAgg(axes.figure).draw()
        for one in texts_of(axes.figure):
            told = one.get_text()
            # names of parameters stand at the bars of the value of information
            wrong += [(name, told)] if name != "partial" and english_words(told) else []
            wrong += [(name, told)] if re.search(r"\d\.\d{1,2}(?!\d)", told) else []
            commas += bool(re.search(r"\d,\d", told))
    assert wrong == []
    assert commas > 20


# ---------------------------------------------------------------- the commands


def said_by(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert cli.main(arguments) == 0
    return capsys.readouterr()


SMALL = ["--households", "200", "--months", "13", "--threads", "1"]


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "kota.yaml", "--replicates", "2", *SMALL],
        ["compare", "kota.yaml", "--replicates", "1", "--world", "both", *SMALL],
        ["run", "kota.yaml", "--replicates", "1", *SMALL],
        ["factors", "kota.yaml", "--replicates", "1", "--factors", "kin_sharing,illness", *SMALL],
        ["decide", "kota.yaml", "--replicates", "2", *SMALL],
        ["sensitivity", "kota.yaml", "--parameters", "job_finding", "--trajectories", "2", "--futures", "1", *SMALL],
        ["optimise", "cari.yaml", "--evaluations", "8", "--futures", "2", "--held-out", "2", "--draws", "0",
         "--households", "200", "--months", "13"],
        ["story", "kota.yaml", "--find", "typical", "--households", "200", "--months", "13"],
        ["trial", "togo"],
        ["trial", "--list"],
        ["places"],
        ["audit", "kota.yaml", "--households", "200", "--months", "3", "--executors", "none"],
        ["sweep", "sapu.yaml", "--check"],
        ["sweep", "sapu.yaml", "--out", "sapu", "--executor", "serial"],
        ["sweep", "sapu", "--status"],
        ["burn-in", "kota.yaml", "--out", "awal.npz", "--replicates", "1", "--households", "100"],
    ],
    ids=lambda words: " ".join(words[:2]) if words[0] == "trial" else words[0] + ("-both" if "both" in words else ""),
)  # fmt: skip
def test_commands_speak_indonesian(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    out, err = said_by([*words, "--lang", "id"], capsys)
    if words == ["places"]:
        out = re.sub(r"(?m)^\w+: .*$", "", out)  # both titles of a place stand side by side
    assert len(out) > 60
    assert english_words(out) - {"teaching", "science"} == set()
    assert english_words(err) == set()


def test_json_and_files_do_not_depend_on_the_language(folder: Path, tmp_path: Path, capsys: Any) -> None:
    words = ["compare", str(folder / "kota.yaml"), "--replicates", "2", *SMALL]
    documents = [said_by([*words, "--json", "--lang", lang], capsys).out for lang in ("en", "id")]
    assert documents[0] == documents[1]
    for lang in ("en", "id"):
        said_by([*words, "--out", str(tmp_path / lang), "--lang", lang], capsys)
    for path in sorted((tmp_path / "en").glob("*.parquet")):
        assert path.read_bytes() == (tmp_path / "id" / path.name).read_bytes()


def test_errors_are_framed_in_indonesian(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "salah.yaml"
    wrong.write_text(SCENARIO.replace("budget: 60", "budgett: 60").replace("households: 300", "households: -1"))
    assert cli.main(["compare", str(wrong), "--lang", "id"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("empowersim compare: 3 masalah\n")
    assert said.count("seharusnya") == said.count("ditemukan") == 3
    assert "expected" not in said
    assert cli.main(["compare", str(wrong)]) == 2
    english = capsys.readouterr().err
    assert english.startswith("empowersim compare: 3 problems\n")
    assert english.count(" expected ") == 3
    assert [line.split(":")[1] for line in said.splitlines()[1:]] == [
        line.split(":")[1] for line in english.splitlines()[1:]
    ]


def test_names_of_users_stay_as_they_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A policy without an Indonesian label, and a title of the user's own, are never translated."""
    own = tmp_path / "own.yaml"
    text = SCENARIO.replace("Five empowerment programmes in Medan", "The best of my plans")
    text = text.replace("{en: Skills training, id: Pelatihan keterampilan}", "{en: The [bold]skills[/bold] of {all}}")
    own.write_text(text.replace("{en: The [bold]skills[/bold] of {all}}", '{en: "The [bold]skills[/bold] of {all}"}'))
    out = said_by(["compare", str(own), "--replicates", "1", *SMALL, "--lang", "id"], capsys).out
    assert out.startswith("The best of my plans: 1 kemungkinan")
    assert "[bold]" in out.replace("\n", "")
