"""Trial files: the packaged studies, defaults, money, courses, merging, the digest, and messages for mistakes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from empowersim.errors import ScenarioError
from empowersim.trials.fields_of import VILLAGE_KEYS, sections
from empowersim.trials.library import find, packaged
from empowersim.trials.load import describe, digest_of, load, loads, problems_of, sources
from empowersim.trials.model import NEUTRAL, Arm, Context, Eligibility, Force, Limit, Sample, Trial
from empowersim.trials.survey import OUTCOMES

HERE = Path(__file__).parent
TABLE = yaml.safe_load((HERE / "trials" / "malformed.yaml").read_text(encoding="utf-8"))
HOW_TO = HERE.parent / "docs" / "howto" / "replicate-a-study.md"
SITES = ["bangladesh", "ethiopia", "ghana", "india", "pakistan", "honduras", "peru"]
STUDIES = [
    *("indonesia_panel", "rice_farms", "graduation_pooled", "west_bengal", "bandiera_bangladesh", "balboni"),
    *("haushofer_shapiro", "business_training", "togo", "nairobi", "ethiopia_training", "job_training"),
    *(
        "niger_literacy",
        "mothers_literacy",
        "balsakhi",
        "after_school",
        "womens_groups",
        "progresa",
        "illness",
        "wings",
    ),
    *(f"graduation_{site}" for site in SITES),
]
TWO_ARMS = "trial: 1\narms:\n  control: {}\n  treated:\n    gives: [{visits: 4, months: 1-24}]\nsurveys: [12, 24]\n"


def only_problem(text: str) -> str:
    """Message of a file with one mistake."""
    with pytest.raises(ScenarioError) as caught:
        loads(text, "x.yaml")
    (problem,) = caught.value.problems
    return str(problem)


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_the_table_is_long_enough() -> None:
    assert len({case["name"] for case in TABLE}) == len(TABLE) >= 70


@pytest.mark.parametrize("case", TABLE, ids=[case["name"] for case in TABLE])
def test_malformed(case: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(case["text"], "x.yaml")
    assert [str(problem) for problem in caught.value.problems] == case["problems"]


def test_every_message_points_at_its_line() -> None:
    text = next(case["text"] for case in TABLE if case["name"] == "several mistakes at once")
    with pytest.raises(ScenarioError) as caught:
        loads(text, "x.yaml")
    lines = text.splitlines()
    for problem in caught.value.problems:
        assert problem.key.rpartition(".")[2] in lines[problem.line - 1]


def test_message_names_the_file_in_which_the_line_stands(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(TWO_ARMS + "context: {spread: wide}\n", encoding="utf-8")
    child = tmp_path / "child.yaml"
    child.write_text("extends: parent.yaml\ncontext: {literacy: 200 %}\n", encoding="utf-8")
    own, parents = problems_of(child)
    assert (own.file, own.line, own.key) == (str(child), 2, "context.literacy")
    assert (parents.file, parents.line, parents.key) == (str(tmp_path / "parent.yaml"), 7, "context.spread")


def test_a_name_that_is_nearly_right() -> None:
    with pytest.raises(ScenarioError, match=r"did you mean wings\?"):
        find("wing")
    with pytest.raises(ScenarioError, match=r"did you mean graduation_ethiopia\?"):
        load("graduation_etiopia")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TWO_ARMS, encoding="utf-8")
    assert problems_of(tmp_path / "study.yaml") == ()
    (problem,) = problems_of(tmp_path / "studdy.yaml")
    assert problem.remedy == "did you mean study.yaml?"


# --- defaults, numbers and money --------------------------------------------------------------------------------------


def test_defaults() -> None:
    trial = loads("trial: 1\nsurveys: 12\n", "short.yaml")
    assert trial.name == trial.title == "short"
    assert trial.context == Context()
    assert trial.sample == Sample(100, 50)
    assert trial.eligibility == Eligibility()
    assert trial.arms == (Arm("control"),)
    assert [(wave.name, wave.month, wave.attrition) for wave in trial.waves] == [("12", 12, 0.0)]
    assert trial.estimates == ()
    assert (trial.unit, trial.competence, trial.reach) == ("village", 0.6, 1.0)
    assert (trial.currency, trial.line, trial.burn_in) == ("L", 1.0, 24)


@pytest.mark.parametrize(
    ("money", "written", "lines"),
    [
        ("{currency: USD PPP, line: 167}", "367", 367 / 167),
        ("{currency: USD PPP, line: 167}", "367 USD PPP", 367 / 167),
        ("{currency: USD PPP, line: 167}", "usd ppp 367", 367 / 167),
        ("{currency: USD PPP, line: 167}", "2.2 lines", 2.2),
        ("{currency: USD PPP, line: 167}", "2.2 L", 2.2),
        ("{currency: USD PPP, line: 167}", "0.5 thousand", 500 / 167),
        ("{currency: USD PPP, line: 167}", "167/month", 1.0),
        ("{currency: thousand BDT of 2007, line: 3.1}", "9", 9 / 3.1),
        ("{currency: IDR, line: 3000000}", "Rp 1.5 juta", 0.5),
        ("{currency: IDR, line: 3000000}", "1.5 million IDR", 0.5),
        ("{currency: L, line: 1}", "2", 2.0),
        ("{}", "0.2 lines", 0.2),
    ],
)
def test_money_is_converted(money: str, written: str, lines: float) -> None:
    text = (
        f"trial: 1\nmoney: {money}\ncontext: {{own_food: {written}}}\nsurveys: [12]\n"
        f"arms: {{control: {{}}, treated: {{gives: [{{cash_grant: {written}, stipend: {written}, months: 1-10}}]}}}}\n"
    )
    trial = loads(text)
    assert trial.context.own_food == pytest.approx(lines)
    assert trial.arm("treated").components[0].doses == pytest.approx({"stipend": lines, "cash_grant": lines})


def test_courses_are_spread_over_their_months_and_other_doses_are_not() -> None:
    gives = "[{business: 1 course, visits: 4, months: 3-6}]"
    text = f"trial: 1\nsurveys: [12]\narms: {{control: {{}}, treated: {{gives: {gives}}}}}\n"
    (component,) = loads(text).arm("treated").components
    assert component.doses == {"business": 0.25, "visits": 4.0}
    assert (component.first, component.months) == (3, 4)


def test_components_may_be_a_list_or_named() -> None:
    listed = "gives: [{asset_grant: 2, month: 1}, {visits: 4, months: 1-24, drop_out: 2 %, share: 30 %}]"
    named = (
        "gives: {grant: {asset_grant: 2, month: 1}, people: {visits: 4, months: 1 to 24, drop_out: 0.02, share: 0.3}}"
    )
    first, second = (
        loads(f"trial: 1\nsurveys: [12]\narms: {{control: {{}}, treated: {{{gives}}}}}\n") for gives in (listed, named)
    )
    assert first.arms == second.arms
    assert first.digest == second.digest
    people = first.arm("treated").components[1]
    assert (people.drop_out, people.share, people.first, people.months) == (0.02, 0.3, 1, 24)


def test_traits_of_villages_stand_in_the_context() -> None:
    traits = "growth: 3.6 %/year, asset_death_hazard: 25 %/month, rural: no, wage_supply: 65 %"
    context = loads(f"trial: 1\nsurveys: [1]\ncontext: {{{traits}}}\n").context
    assert context.villages == pytest.approx(
        {"growth": 0.003, "asset_death_hazard": 0.25, "rural": 0.0, "wage_supply": 0.65}
    )
    assert set(VILLAGE_KEYS) <= set(NEUTRAL)


def test_limits_of_eligibility() -> None:
    where = "{job: no, assets: {at_least: 1, at_most: 2}, size: {at_most: 6 persons}}"
    rules = loads(f"trial: 1\nsurveys: [1]\neligibility: {{poorest: 35 %, where: {where}}}\n").eligibility
    assert rules.poorest == pytest.approx(0.35)
    assert set(rules.limits) == {
        Limit("size", high=6.0),
        Limit("job", 0.0, 0.0),
        Limit("assets", 1.0, 2.0),
    }


def test_forces() -> None:
    text = "trial: 1\nsurveys: [4]\narms: {control: {}, ill: {forces: [{illness: 2, job: no, months: 2-4}]}}\n"
    assert loads(text).arm("ill").forces == (Force("illness", 2.0, 2, 3), Force("job", 0.0, 2, 3))


def test_surveys_are_in_order_and_may_carry_attrition() -> None:
    waves = loads("trial: 1\nsurveys: {24: {attrition: 5 %}, 0: , 12: {}}\n").waves
    assert [(wave.name, wave.month, wave.attrition) for wave in waves] == [("0", 0, 0), ("12", 12, 0), ("24", 24, 0.05)]


# --- estimates --------------------------------------------------------------------------------------------------------


def test_the_short_form_names_estimates_after_what_they_are() -> None:
    trial = loads(TWO_ARMS + "outcomes: {consumption: [percent, sd], well_being: , poor: }\n")
    assert [estimate.name for estimate in trial.estimates] == [
        "consumption_12_percent",
        "consumption_24_percent",
        "consumption_12_sd",
        "consumption_24_sd",
        "well_being_12_sd",
        "well_being_24_sd",
        "poor_12_points",
        "poor_24_points",
    ]
    one = trial.estimates[1]
    assert (one.arm, one.against, one.wave, one.on) == ("treated", "control", "24", "offered")


def test_names_carry_the_arm_where_there_are_several() -> None:
    arms = "trial: 1\nsurveys: [24]\narms: {control: {}, mentor: {}, class: {}, thought: {share: 0}}\n"
    named = [estimate.name for estimate in loads(arms + "outcomes: [profit]\n").estimates]
    assert named == ["mentor_profit_24_percent", "class_profit_24_percent"]
    asked = loads(arms + "outcomes: {profit: {arms: thought, as: sd, on: treated}}\n").estimates
    assert [(one.name, one.on) for one in asked] == [("thought_profit_24_sd", "treated")]
    lone = loads("trial: 1\nsurveys: [24]\narms: {control: {}, mentor: {}}\noutcomes: [profit]\n").estimates
    assert [one.name for one in lone] == ["profit_24_percent"]


def test_the_baseline_is_left_out_of_the_short_form_unless_asked() -> None:
    text = TWO_ARMS.replace("[12, 24]", "[0, 24]")
    assert [one.name for one in loads(text + "outcomes: [food]\n").estimates] == ["food_24_sd"]
    assert [one.name for one in loads(text + "outcomes: {food: {surveys: 0}}\n").estimates] == ["food_0_sd"]


def test_estimates_have_defaults() -> None:
    (one,) = loads(TWO_ARMS + "estimates: {it: {outcome: employed}}\n").estimates
    assert (one.name, one.arm, one.against, one.wave, one.scale, one.on) == (
        "it",
        "treated",
        "control",
        "24",
        "points",
        "offered",
    )


def test_every_outcome_has_a_usual_scale_that_is_allowed() -> None:
    text = TWO_ARMS + "outcomes: [" + ", ".join(OUTCOMES) + "]\n"
    assert len(loads(text).estimates) == 2 * len(OUTCOMES)


# --- files that extend others, and the digest -------------------------------------------------------------------------


def test_a_file_changes_what_it_extends(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(
        "trial: 1\ncontext: {spread: 0.4, literacy: 0.3}\nsurveys: {12: , 24: {attrition: 5 %}}\n"
        "arms:\n  control: {}\n  treated: {take_up: 90 %, gives: {grant: {asset_grant: 2, month: 1}, "
        "people: {visits: 4, months: 1-24}}}\n  other: {}\noutcomes: [consumption]\n",
        encoding="utf-8",
    )
    (tmp_path / "child.yaml").write_text(
        "extends: parent.yaml\ncontext: {literacy: 0.6}\nsurveys: {12: }\n"
        "arms: {treated: {gives: {grant: {asset_grant: 4.5}}}, other: }\n",
        encoding="utf-8",
    )
    trial = load(tmp_path / "child.yaml")
    assert (trial.context.spread, trial.context.literacy) == (0.4, 0.6)
    assert [arm.name for arm in trial.arms] == ["control", "treated"]
    assert [part.doses for part in trial.arm("treated").components] == [{"asset_grant": 4.5}, {"visits": 4.0}]
    assert trial.arm("treated").take_up == 0.9
    assert [wave.name for wave in trial.waves] == ["24"]
    assert [one.name for one in trial.estimates] == ["consumption_24_percent"]


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("visits: 4", "visits: 3"),
        ("months: 1-24", "months: 1-23"),
        ("surveys: [12, 24]", "surveys: {12: , 24: {attrition: 1 %}}"),
        ("control: {}", "control: {share: 2}"),
        ("trial: 1", "trial: 1\ncontext: {trap: yes}"),
        ("trial: 1", "trial: 1\ncontext: {wage_supply: 0.7}"),
        ("trial: 1", "trial: 1\neligibility: {where: {job: no}}"),
        ("trial: 1", "trial: 1\nrandomisation: {unit: household}"),
        ("trial: 1", "trial: 1\nvisitors: {competence: 0.7}"),
        ("trial: 1", "trial: 1\npopulation: {burn_in: 12}"),
        ("trial: 1", "trial: 1\noutcomes: [food]"),
    ],
)
def test_the_digest_follows_the_content(written: str, instead: str) -> None:
    assert written in TWO_ARMS
    assert loads(TWO_ARMS).digest != loads(TWO_ARMS.replace(written, instead)).digest


def test_the_digest_ignores_words_and_the_way_of_writing() -> None:
    text = TWO_ARMS + "eligibility: {poorest: 0.35}\n"
    other = text.replace("months: 1-24", "months: 1 to 24").replace("visits: 4", "visits: {value: 4.0, source: x}")
    other = other.replace("0.35", "35 %") + "title: Other\nsource: Somebody\n"
    assert loads(text, "a.yaml").digest == loads(other, "b.yaml").digest


def test_the_digest_is_that_of_the_trial() -> None:
    trial = load("wings")
    assert trial.digest == digest_of(trial)
    assert re.fullmatch("[0-9a-f]{16}", trial.digest)


# --- the packaged studies ---------------------------------------------------------------------------------------------


def test_all_studies_are_packaged() -> None:
    assert set(STUDIES) <= set(packaged())


@pytest.mark.parametrize("name", sorted(packaged()))
def test_packaged_files_load(name: str) -> None:
    trial = load(name)
    assert trial.name == name
    assert trial.source
    assert trial.title != name
    assert trial.arms[0].components == ()
    offered = [arm for arm in trial.arms[1:] if arm.components or arm.forces]
    assert len(offered) == len(trial.arms) - 1
    assert bool(trial.estimates) == (len(trial.arms) > 1)
    assert len({one.name for one in trial.estimates}) == len(trial.estimates)


def test_packaged_files_differ() -> None:
    digests = [load(name).digest for name in packaged()]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("name", sorted(packaged()))
def test_passports_of_packaged_files_say_where_and_how_sure(name: str) -> None:
    found = sources(packaged()[name])
    assert found
    for key, passport in found.items():
        assert passport.source, key
        assert passport.confidence in ("A", "B", "C"), key


def test_sites_differ_from_the_pooled_study_only_where_a_site_may() -> None:
    """One parameter set for all: context, take-up and the size of the grant, nothing else."""
    pooled = load("graduation_pooled")
    treated = pooled.arm("treated")
    for name in SITES:
        site = load(f"graduation_{name}")
        for same in ("eligibility", "unit", "competence", "waves", "reach", "burn_in"):
            assert getattr(site, same) == getattr(pooled, same), (name, same)
        grant, *rest = site.arm("treated").components
        assert rest == list(treated.components[1:])
        assert set(grant.doses) == {"asset_grant"}


def test_west_bengal_is_the_india_site_followed_for_longer() -> None:
    india, later = load("graduation_india"), load("west_bengal")
    assert later.context == india.context
    assert later.arm("treated") == india.arm("treated")
    assert [wave.month for wave in later.waves] == [18, 36, 84, 120]


def test_figures_of_single_studies() -> None:
    bangladesh = load("bandiera_bangladesh")
    assert bangladesh.context.trap
    assert bangladesh.arm("treated").components[0].doses["asset_grant"] == pytest.approx(9 / 3.1)
    assert load("balboni").arm("treated").take_up == 1.0
    assert [arm.name for arm in load("togo").arms] == ["control", "business", "initiative"]
    assert sum(load("wings").arm("treated").components[0].doses.values()) == pytest.approx(150 / 68)
    cash = load("haushofer_shapiro").arm("treated").components
    paid = sum(
        part.share * sum(dose * (part.months if channel == "stipend" else 1) for channel, dose in part.doses.items())
        for part in cash
    )
    assert paid * 167 == pytest.approx(0.72 * 404 + 0.28 * 1525, rel=1e-3)
    assert [arm.take_up for arm in load("womens_groups").arms[2:]] == pytest.approx([0.08, 0.2, 0.35, 0.5])
    assert load("job_training").eligibility.limits == (Limit("job", 0.0, 0.0),)


# --- what a reader is shown -------------------------------------------------------------------------------------------


def test_describe_shows_every_passport_and_every_arm(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "trial: 1\ncontext: {wage_supply: {value: 65 %, confidence: C, source: guessed}}\nsurveys: [12]\n"
        "arms:\n  control: {}\n  treated:\n    take_up: {value: 86 %, confidence: B, source: recalled}\n"
        "    gives: {grant: {asset_grant: {value: 4.5 lines, confidence: A, source: read}, month: 1}}\n",
        encoding="utf-8",
    )
    rows = describe(load(path), sources(path))
    assert ("wage_supply", "0.65", "guessed (C)") in rows
    assert ("arm treated", "share 1, take-up 86%", "recalled (B)") in rows
    assert ("arm treated", "month 1: asset_grant 4.5", "") in rows
    assert ("arms.treated.gives.grant.asset_grant", "as above", "read (A)") in rows
    assert [row[0] for row in rows].count("arm control") == 1


@pytest.mark.parametrize("name", sorted(packaged()))
def test_describe_shows_every_passport_of_a_packaged_study(name: str) -> None:
    found = sources(name)
    told = [row[2] for row in describe(load(name), found)]
    for passport in found.values():
        assert f"{passport.source} ({passport.confidence})" in told


def test_describe_without_passports_leaves_the_source_empty() -> None:
    rows = describe(loads(TWO_ARMS))
    assert {row[2] for row in rows} == {""}
    assert ("survey in month 12", "attrition 0%", "") in rows


def test_every_key_stands_in_the_how_to() -> None:
    """The tables of the how-to are written by hand; a key that is missing, or that no longer exists, is found here."""
    text = HOW_TO.read_text(encoding="utf-8")
    tables = re.split(r"^### ", text.partition("## All keys")[2], flags=re.MULTILINE)[1:]
    shown = {part.split("\n", 1)[0].strip("` "): set(re.findall(r"^\| `(\w+)`", part, re.MULTILINE)) for part in tables}
    assert shown == {name: set(section.names) for name, section in sections().items()}


def test_defaults_in_the_how_to_are_those_of_the_tables() -> None:
    text = HOW_TO.read_text(encoding="utf-8").partition("## All keys")[2]
    for section in sections().values():
        for field in section.fields:
            if field.default:
                row = re.compile(rf"^\| `{field.name}` \|.*\| {re.escape(field.default)} \|$", re.MULTILINE)
                assert row.search(text), (section.name, field.name, field.default)


def test_defaults_in_the_tables_are_those_of_the_loader() -> None:
    """What a table promises is what an empty file gets (numbers only)."""
    trial = loads("trial: 1\nsurveys: [1]\n")
    tables = sections()
    for name in (
        "spread",
        "household_size",
        "children",
        "schooling_years",
        "schooling_spread",
        "literacy",
        "literacy_spread",
        "own_assets",
    ):
        assert float(tables["context"].field(name).default) == getattr(trial.context, name)
    assert tables["context"].field("village_share").default == f"{trial.context.village_share:.0%}".replace("%", " %")
    for name in VILLAGE_KEYS:
        said = tables["context"].field(name).default
        assert {"yes": 1.0, "no": 0.0}.get(said) == NEUTRAL[name] or float(said) == NEUTRAL[name]
    assert tables["population"].field("villages").default == str(trial.sample.villages)
    assert tables["population"].field("households_per_village").default == str(trial.sample.households_per_village)
    assert tables["population"].field("burn_in").default == str(trial.burn_in)
    assert float(tables["visitors"].field("competence").default) == trial.competence
    assert float(tables["eligibility"].field("ranking_noise").default) == trial.eligibility.ranking_noise
    assert float(tables["eligibility"].field("weight_on_assets").default) == trial.eligibility.weight_on_assets
    assert isinstance(trial, Trial)


def test_the_example_of_the_how_to_is_a_packaged_study() -> None:
    """The design word for word; of the context only the keys, as its values are chosen anew with the evidence."""
    text = HOW_TO.read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    example = loads(next(block for block in blocks if block.startswith("trial: 1")), "nairobi.yaml")
    packed = load("nairobi")
    for same in ("title", "source", "eligibility", "arms", "waves", "unit", "competence", "sample", "line"):
        assert getattr(example, same) == getattr(packed, same), same
    assert set(example.context.villages) == set(packed.context.villages)
    assert {one.name for one in example.estimates} <= {one.name for one in packed.estimates}
    for block in blocks:
        if block.startswith("extends:"):
            assert find(re.search(r"extends: (\w+)\.yaml", block)[1]).is_file()
