"""The label file: whole in both languages, used in all its parts, and the only place of words in the fronts."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from empowersim.engine.synthetic import layout, notes
from empowersim.evidence.base import THEMES
from empowersim.fronts import labels
from empowersim.fronts.labels import LabelError, bundled, entries, label, named, placeholders, text, text_of, text_with
from empowersim.fronts.notes import note_in
from empowersim.fronts.numbers import counted, interval, localised_within, sure, without_points
from empowersim.parameters.places import places
from empowersim.scenario.library import catalogue
from empowersim.trials.library import packaged

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "empowersim"
FRONTS = sorted((SOURCE / "fronts").rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FRONTS}
SECTIONS = {key.partition(".")[0] for key in entries()}


# ---------------------------------------------------------------- the file


def test_every_entry_has_both_languages_and_the_same_placeholders() -> None:
    assert len(entries()) > 600
    empty = [key for key, one in entries().items() if not (one.en.strip() and one.id.strip())]
    assert empty == []
    unlike = [key for key, one in entries().items() if placeholders(one.en) != placeholders(one.id)]
    assert unlike == []
    more = [key for key, one in entries().items() if one.one and not placeholders(one.one) <= placeholders(one.en)]
    assert more == []


def test_units_and_helps_have_both_languages() -> None:
    parts = [(key, part) for key, one in entries().items() for part in (one.unit, one.help) if part]
    assert [key for key, part in parts if set(part) != {"en", "id"} or not all(part.values())] == []
    assert parts


def test_placeholders_are_plain_names() -> None:
    """No attribute, index or format of a value: what users write must not be able to ask for one."""
    wrong = [
        key
        for key, one in entries().items()
        for name in placeholders(one.en)
        if not re.fullmatch(r"[a-z][a-z_0-9]*", name)
    ]
    assert wrong == []


def test_numbers_in_indonesian_texts_are_indonesian() -> None:
    """Where the English text has a decimal point or a thousands comma the Indonesian one has the other sign."""
    number = re.compile(r"(?<![\w.,])\d{1,3}[.,]\d+(?![\w.])")
    swap = str.maketrans(",.", ".,")
    wrong = [
        key
        for key, one in entries().items()
        if not key.startswith("units.")  # keys as the registry of outcomes writes them
        and sorted(number.findall(one.en)) != sorted(each.translate(swap) for each in number.findall(one.id))
    ]
    assert wrong == []


def test_the_words_of_the_glossary_are_used() -> None:
    """What the file says of the things that planners know by name."""
    glossary = {
        "poverty_headcount": "penduduk miskin",
        "poverty_gap": "kedalaman kemiskinan",
        "squared_poverty_gap": "keparahan kemiskinan",
        "gini": "rasio Gini",
        "vulnerable": "rentan miskin",
    }
    for name, words in glossary.items():
        assert words in label(name, "id")
    for english, indonesian in (
        (r"\bmentors?\b", "pendamping"),
        (r"(?<!--)\bhouseholds?\b", "rumah tangga"),
        (r"\bpoverty line\b", "garis kemiskinan"),
        (r"\bbudget\b", "anggaran|pagu"),
        (r"\bforecast\b", "ramal|diperkirakan"),
    ):
        without = [
            key
            for key, one in entries().items()
            if key.split(".")[0] in OWN
            and re.search(english, re.sub(r"{\w+}", "", one.en))
            and not re.search(indonesian, one.id.lower())
            and not key.startswith(("notes.", "bundled."))
        ]
        assert without in ([], LEFT.get(english, [])), english


OWN = {
    "terminal", "more", "worlds", "factors", "decide", "optimise", "sensitivity", "story", "plots", "names",
    "decide_plots", "optimise_plots", "sensitivity_plots", "story_plot", "sweep", "trial", "power", "audit", "numbers",
}  # fmt: skip
LEFT = {
    r"\bmentors?\b": ["names.visits_per_client"],
    r"(?<!--)\bhouseholds?\b": ["story.same", "story.never"],
}


# ---------------------------------------------------------------- the reader


def test_a_text_is_filled_in_and_what_fills_it_is_left_alone() -> None:
    assert text("plots.against", "id", reference="{x} {0} {reference}") == "selisih terhadap “{x} {0} {reference}”"
    assert text("heads.policy") == "policy"
    assert text_of(1, "numbers.months", n="1") == "1 month"
    assert counted("numbers.months", 1) == "1 month"
    assert counted("numbers.months", 1, "id") == "1 bulan"
    assert counted("terminal.people", 12345, "id") == "12.345 rumah tangga"
    assert text_with("plots.against", "en", {"reference": "a", "more": 1}) == "difference from “a”"


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(LabelError, match=r"found 'plots.agains'; the nearest is 'plots.against'"):
        text("plots.agains")
    with pytest.raises(KeyError):
        text("nothing")


def test_wrong_values_and_languages_are_refused() -> None:
    with pytest.raises(LabelError, match="expected values for reference, found none"):
        text("plots.against")
    with pytest.raises(LabelError, match="expected values for no placeholder, found n"):
        text("heads.policy", n=1)
    with pytest.raises(LabelError, match="language: expected one of en, id, found 'fr'"):
        text("heads.policy", "fr")


def test_names_without_an_entry_are_said_in_plain_words() -> None:
    assert label("my_outcome", "id") == "my outcome"
    assert named("programmes", "own_course", "id") == "own course"
    assert named("programmes", "tutoring", "id") == "bimbingan belajar"
    assert labels.unit("my_outcome") == labels.help("my_outcome", "id") == ""
    assert labels.help("poverty_gap", "id") != labels.help("poverty_gap", "en") != ""


def test_numbers_are_told_in_both_languages() -> None:
    assert interval("1", "2", "id") == "1 sampai 2"
    assert sure(0.999, "id") == ">99 %"
    assert without_points("−0,17 poin", "id") == "−0,17"
    assert localised_within("12% of 1,234.5 (-0.5 to 0.25), a-1.5.csv v1.2", "id") == (
        "12 % of 1.234,5 (−0,5 to 0,25), a-1.5.csv v1.2"
    )


def test_the_file_is_read_on_use_and_not_for_help() -> None:
    code = (
        "import sys; from empowersim.fronts.cli import main; main(['--help']); main(['compare', '--help']); "
        "read = [name for name in sys.modules if name == 'tomllib'] and "
        "sys.modules['empowersim.fronts.labels'].entries.cache_info().currsize; sys.exit(int(bool(read)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


# ---------------------------------------------------------------- keys in the code


READERS = {"text", "text_of", "text_with", "counted", "known"}
FILES = (".py", ".toml", ".yaml", ".png", ".html", ".css", ".csv", ".json", ".parquet", ".md", ".txt", ".xlsx", ".svg")


def strings(node: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Texts of a tree: constants, and texts with values in them as a whole."""
    if isinstance(node, ast.JoinedStr):
        yield node
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from strings(value.value)
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from strings(child)


def pattern_of(node: ast.Constant | ast.JoinedStr) -> str:
    """A regular expression of the keys that a text may be."""
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    parts = (re.escape(part.value) if isinstance(part, ast.Constant) else ".+?" for part in node.values)
    return "".join(parts)


def asked_keys(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and pattern of what stands in place of a key in calls of the readers."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in READERS or not node.args:
            continue
        key = node.args[1] if name == "text_of" and len(node.args) > 1 else node.args[0]
        for one in [key.body, key.orelse] if isinstance(key, ast.IfExp) else [key]:
            if isinstance(one, ast.Constant | ast.JoinedStr):
                yield node.lineno, pattern_of(one)


@pytest.mark.parametrize("path", FRONTS, ids=[str(path.relative_to(SOURCE)) for path in FRONTS])
def test_every_key_in_the_code_exists(path: Path) -> None:
    wrong = [
        (line, pattern)
        for line, pattern in asked_keys(TREES[path])
        if not any(re.fullmatch(pattern, key) for key in entries())
    ]
    assert wrong == []


def test_every_key_of_the_file_is_used() -> None:
    """By a literal, by a pattern as in ``text(f"decide.standing.{x}")``, or as a member of a section that is named.

    Helpers that add the name of their section themselves write the rest of the key.
    """
    exact, patterns = set(), set()
    whole = {"names", "bundled", "notes"}
    for tree in TREES.values():
        for node in strings(tree):
            if isinstance(node, ast.Constant):
                exact.add(node.value)
            elif "." in (pattern := pattern_of(node)) and not pattern.startswith(".+?"):
                patterns.add(pattern)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "named":
                whole |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
    found = re.compile("|".join(f"(?:{one})" for one in patterns))
    unused = [
        key
        for key in entries()
        if not any(key.startswith(f"{section}.") for section in whole)
        and not any(one in exact or found.fullmatch(one) for one in (key, key.partition(".")[2]))
    ]
    assert unused == []


# ---------------------------------------------------------------- no words besides the file


SPOKEN = [
    path
    for path in FRONTS
    if (path.stem.endswith(("terminal", "_plots", "_plot")) and path.stem != "trial_plots")  # for researchers: English
    or path.stem in {"more", "grids", "notes", "forest", "plots", "story_words", "numbers", "terminal", "cli_words"}
]
ALLOWED = {
    "a policy of the comparison",  # part of an error
    "upper left",
    "lower left", "lower right", "upper center", "lower center", "outside lower center", "center left", "axes fraction",
    "offset points", "figure fraction", "household-years below", "lower ",
    "control SD",
    "per 1000",  # units of outcomes, as the registry names them
    "words and figures",  # help of an option
}  # fmt: skip


def spoken(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every literal of two words or more that is no documentation, no error and no help."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) or (
            isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"add_argument", "add_parser"}
        ):
            silent |= {id(one) for one in ast.walk(node)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
    for node in strings(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.Constant):
            told = node.value
        else:
            told = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        if re.search(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}", told):
            yield node.lineno, told


@pytest.mark.parametrize("path", SPOKEN, ids=[path.stem for path in SPOKEN])
def test_no_sentence_stands_in_the_code_of_a_front(path: Path) -> None:
    assert [(line, told) for line, told in spoken(TREES[path]) if told not in ALLOWED] == []


def test_the_scan_of_sentences_finds_one() -> None:
    tree = ast.parse('"""Doc string here."""\ndef f(x):\n    """More words."""\n    return f"best of all {x} plans"\n')
    assert [told for _, told in spoken(tree)] == ["best of all \0 plans"]


# ---------------------------------------------------------------- what the package brings along


def test_titles_of_the_package_are_translated_and_those_of_users_are_not() -> None:
    files = [*(ROOT / "scenarios").glob("*.yaml"), *(ROOT / "scenarios" / "optimise").glob("*.yaml")]
    titles = [yaml.safe_load(path.read_text(encoding="utf-8"))["title"]["en"] for path in files]
    titles += [yaml.safe_load(path.read_text(encoding="utf-8"))["title"] for path in packaged().values()]
    titles += [place.title_en for place in places().values() if place.title_en != place.title_id]
    assert {one.en for key, one in entries().items() if key.startswith("bundled.")} == set(titles)
    assert all(bundled(title, "id") != title for title in titles)
    assert all(bundled(title, "en") == title for title in titles)
    assert bundled("Five empowerment programmes in Medan!", "id") == "Five empowerment programmes in Medan!"


def test_names_of_programmes_are_those_of_the_library() -> None:
    for one in catalogue():
        prefix = "community." if one["kind"] == "community" else ""
        told = named("programmes", prefix + one["name"], "id")
        assert told.lower() == one["label"]["id"].lower()
        assert named("programmes", one["name"], "en") == one["name"].replace("_", " ")


def test_themes_are_those_of_the_evidence() -> None:
    assert {key: text(f"themes.{key}") for key in THEMES} == THEMES


# ---------------------------------------------------------------- notes of results


def samples(node: ast.expr) -> list[str]:
    """Texts that an expression may be, something plain in place of its values."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(_part(part) for part in node.values)]
    if isinstance(node, ast.BinOp):
        return [left + right for left in samples(node.left) for right in samples(node.right)]
    if isinstance(node, ast.IfExp):
        return [*samples(node.body), *samples(node.orelse)]
    return []


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    return "12.5%" if part.format_spec is not None and "%" in ast.unparse(part.format_spec) else "x1"


NOTED = {
    "engine/synthetic.py": ("notes",),
    "engine/survey.py": ("_notes",),
    "scenario/survey_files.py": (),
    "experiments/decide.py": ("_notes",),
    "experiments/mix.py": ("_baselines",),
    "experiments/executors.py": ("_within",),
}


def kept_notes(path: Path, functions: tuple[str, ...]) -> Iterator[str]:
    """Samples of what a module says of its limits: what is appended to `notes` or `said`, and lists that begin them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in functions]
    for root in inside or [tree]:
        for node in ast.walk(root):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append":
                where = ast.unparse(node.func)
                if where in {"notes.append", "reader.notes.append"} or (inside and where == "said.append"):
                    yield from samples(node.args[0])
            if inside and isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "said":
                for one in getattr(node.value, "elts", []):
                    yield from samples(one)


@pytest.mark.parametrize("module", NOTED)
def test_every_note_of_a_result_is_known_to_the_file(module: str) -> None:
    said = [one for one in kept_notes(SOURCE / module, NOTED[module]) if one]
    assert said or module == "experiments/executors.py"
    assert [one for one in said if note_in(one, "id") == one and one != "x1: x1 is missing."] == []
    assert all(note_in(one, "en") == one for one in said)


@pytest.mark.parametrize("name", sorted(places()))
def test_notes_on_a_population_are_said_in_indonesian(name: str) -> None:
    place = places()[name]
    for note in notes(place, layout(place, households=4000, seed=1, replicate=0)):
        told = note_in(note, "id")
        assert told != note
        assert not set(re.findall(r"\b(?:the|of|and|persons|households|are|is)\b", told)) - set()


def test_a_note_that_fits_nothing_stays() -> None:
    assert note_in("Something new, in 12.5% of cases.", "id") == "Something new, in 12.5% of cases."
