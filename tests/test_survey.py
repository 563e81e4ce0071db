"""Survey files and survey populations: the real files with exact counts, malformed files with exact messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empowersim.engine.survey import from_survey
from empowersim.errors import PopulationError, SimulationError
from empowersim.parameters.places import place
from empowersim.scenario.survey_files import read_survey
from empowersim.schema import VILLAGE_ROW

COUNTRY = place("indonesia")

MEMBERS = {
    "household": "household",
    "village": "commune",
    "age": "age_years",
    "consumption": {"column": "ln_household_expenditure", "transform": "exp"},
    "schooling_years": {
        "column": "education_level",
        "levels": {0: 0, 2: 3, 3: 5, 4: 9, 5: 12, 6: 12, 7: 14, 8: 16, 9: 16, 10: 18, 11: 20},
    },
    "illness": {"column": "illness_days_4weeks", "bins": [1, 15]},
    "insured": "insured",
    "region": {"value": "rural_road"},
}
HOUSEHOLDS = {
    "household": "household",
    "village": "commune",
    "size": "hhsize",
    "consumption": {"column": "lntotal", "transform": "exp"},
    "schooling_years": "educyr",
    "female_head": {"column": "sex", "equals": "female"},
    "region": {"column": "urban", "levels": {True: "urban", False: "rural_road"}},
}


@pytest.fixture(scope="module")
def members(shared):
    return read_survey(shared / "data" / "vlss_members.csv", MEMBERS, "members")


@pytest.fixture(scope="module")
def households(shared):
    return read_survey(shared / "data" / "vlss_households.csv", HOUSEHOLDS)


# --- the real files --------------------------------------------------------------------------------------------------


def test_the_file_of_members_gives_its_exact_counts(members, shared):
    assert (members.households, members.members, members.villages) == (5741, 27765, 194)
    assert members.name == "vlss_members.csv"
    columns = members.columns
    # counted from the file by other means: pandas groups of (commune, household)
    pd = pytest.importorskip("pandas")
    frame = pd.read_csv(shared / "data" / "vlss_members.csv")
    groups = frame.groupby(["commune", "household"], sort=False)
    np.testing.assert_array_equal(columns["size"], groups.size())
    children = frame[frame.age_years.between(7, 18)].groupby(["commune", "household"]).size()
    assert columns["children"].sum() == children.sum() - 2  # two households of children only keep one as adult
    expected = np.exp(groups.ln_household_expenditure.first().to_numpy()) / groups.size().to_numpy()
    np.testing.assert_allclose(columns["consumption"], expected, rtol=1e-12)
    earners = frame[frame.age_years.between(19, 59)]
    ill = earners.groupby(["commune", "household"]).illness_days_4weeks.max()
    assert (columns["illness"] >= 1).sum() in range(int((ill >= 1).sum()), int((ill >= 1).sum()) + 3)
    assert members.insured == pytest.approx(frame.insured.mean())
    assert any("2 households" in note and "19 years" in note for note in members.notes)


def test_the_file_of_households_gives_its_exact_counts(households):
    assert (households.households, households.members, households.villages) == (5999, 28509, 194)
    columns = households.columns
    assert columns["female_head"].sum() == 1624
    assert columns["schooling_years"].mean() == pytest.approx(7.094419, abs=1e-6)
    assert (columns["region"] == 0).sum() == 5999 - 4269
    assert not any(np.isnan(column).any() for column in columns.values())


def test_parquet_and_csv_give_the_same_survey(households, shared, tmp_path):
    pacsv = pytest.importorskip("pyarrow.csv")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pacsv.read_csv(shared / "data" / "vlss_households.csv"), tmp_path / "vlss.parquet")
    again = read_survey(tmp_path / "vlss.parquet", HOUSEHOLDS)
    assert again.columns.keys() == households.columns.keys()
    for name, values in households.columns.items():
        np.testing.assert_array_equal(again.columns[name], values)


def test_each_household_of_the_real_survey_stands_once(households):
    population = from_survey(
        households.columns, place=COUNTRY, headcount=0.374, seed=1, replicate=0, name=households.name
    )
    h, v = population.households, population.villages
    assert (population.count, v.village_id.size, population.represents) == (5999, 194, 5999)
    assert h.size.sum() == 28509
    assert h.schooling_years.astype(float).mean() == pytest.approx(7.094419, abs=1e-5)
    assert np.average(h.consumption < 1, weights=h.size) == pytest.approx(0.374, abs=5e-4)
    # every household of the file is there: the multiset of what was observed is unchanged
    order = ["consumption", "size", "schooling_years", "female_head"]
    line = households.columns["consumption"].sum() / h.consumption.astype(float).sum()
    file = np.array([households.columns[name] / (line if name == "consumption" else 1) for name in order])
    made = np.array([getattr(h, name) for name in order], float)
    np.testing.assert_allclose(np.sort(made, axis=1), np.sort(file, axis=1), rtol=1e-5)
    # urban communes first, each commune one village of one region type, at most 10 in a subdistrict
    assert (v.region[h.village] == 0).sum() == 5999 - 4269
    assert np.unique(h.village, return_counts=True)[1].max() == 40
    assert np.bincount(v.subdistrict).max() == 10
    for s in np.unique(v.subdistrict):
        assert np.unique(v.region[v.subdistrict == s]).size == 1


def test_what_the_real_survey_lacks_is_imputed_and_said(members, households):
    notes = from_survey(
        households.columns, place=COUNTRY, headcount=0.374, seed=1, replicate=0, name=households.name
    ).notes
    assert notes[0] == "vlss_households.csv has 5,999 households with 28,509 members in 194 villages."
    assert any(note.startswith("literacy imputed for 5,999 of 5,999 households: the functional") for note in notes)
    assert any(note.startswith("children imputed for 5,999 of 5,999") for note in notes)
    assert any(note.startswith("in_school imputed for 5,999 of 5,999") for note in notes)
    assert any(note.startswith("illness unknown for 5,999 of 5,999") for note in notes)
    assert not any("schooling_years imputed" in note or "female_head imputed" in note for note in notes)
    notes = from_survey(members.columns, place=COUNTRY, headcount=0.374, seed=1, replicate=0, name=members.name).notes
    assert any(note.startswith("female_head imputed for 5,741 of 5,741") for note in notes)
    assert not any("children imputed" in note or "illness unknown" in note for note in notes)


def test_a_drawn_sample_of_the_real_survey_has_its_figures(households):
    population = from_survey(
        households.columns, place=COUNTRY, headcount=0.374, households=200_000, seed=2, replicate=0
    )
    h, columns = population.households, households.columns
    # villages of a commune are alike, so the standard error is that of 6,400 villages; 5 of them
    assert np.average(h.consumption < 1, weights=h.size) == pytest.approx(0.374, abs=0.01)
    assert h.size.astype(float).mean() == pytest.approx(columns["size"].mean(), abs=0.05)
    assert h.schooling_years.astype(float).mean() == pytest.approx(columns["schooling_years"].mean(), abs=0.1)
    assert (population.villages.region[h.village] == 0).mean() == pytest.approx(1 - 4269 / 5999, abs=0.01)
    assert population.represents == 5999


def test_a_larger_sample_of_the_real_survey_only_adds(households):
    def drawn(count):
        return from_survey(households.columns, place=COUNTRY, headcount=0.374, households=count, seed=4, replicate=3)

    large = drawn(12_000)
    for count in (1, 31, 500, 5_000, 11_999):
        small = drawn(count)
        for name in ("consumption", "welfare_score", "size", "children", "literacy", "in_school", "village"):
            found = getattr(small.households, name)
            assert found.tobytes() == getattr(large.households, name)[:count].tobytes(), (count, name)
        villages = small.villages.village_id.size
        assert small.villages.region.tobytes() == large.villages.region[:villages].tobytes()
        assert small.villages.subdistrict.tobytes() == large.villages.subdistrict[:villages].tobytes()


def test_villages_of_a_drawn_sample_come_from_one_cluster_each(households):
    # every household of a simulated village is one of the same commune: check by consumption, which is unique enough
    columns = households.columns
    population = from_survey(columns, place=COUNTRY, line=1.0, households=3_000, seed=5, replicate=0)
    value = np.float32(columns["consumption"])
    communes: dict[float, set[int]] = {}
    for one, commune in zip(value.tolist(), columns["village"].tolist(), strict=True):
        communes.setdefault(one, set()).add(commune)
    for village in range(population.villages.village_id.size):
        mine = population.households.consumption[population.households.village == village].tolist()
        assert set.intersection(*(communes[one] for one in mine))


# --- small surveys ---------------------------------------------------------------------------------------------------


def small(**changes):
    """Six households in three villages."""
    columns = {
        "village": np.array([0, 0, 1, 1, 2, 2]),
        "consumption": np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        "size": np.array([4.0, 4.0, 2.0, 2.0, 4.0, 4.0]),
        "region": np.array([0, 0, 2, 2, 2, 2]),
    }
    return {name: values for name, values in {**columns, **changes}.items() if values is not None}


def test_the_line_stands_between_the_households_around_the_headcount():
    # persons below: 4 of 20, 8, 10, 12, 16: a headcount of 40 % lies between the second and the third household
    population = from_survey(small(), place=COUNTRY, headcount=0.4, seed=1, replicate=0)
    np.testing.assert_allclose(population.households.consumption, np.array([1, 2, 3, 4, 5, 6]) / 2.5, rtol=1e-6)
    assert any("40.00% of persons lie below" in note for note in population.notes)


def test_weights_move_the_line():
    # with weight 5 the first household alone is 20 of 36 persons
    population = from_survey(
        small(weight=np.array([5.0, 1, 1, 1, 1, 1])), place=COUNTRY, headcount=0.55, seed=1, replicate=0
    )
    assert population.households.consumption[0] == pytest.approx(1 / 1.5)
    assert population.represents == 10


def test_known_figures_are_kept_and_only_gaps_are_filled():
    known = np.array([0.0, 0.2, np.nan, 0.6, 0.8, 1.0])
    population = from_survey(
        small(literacy=known, illness=np.array([0, 1, 2, np.nan, 0, 0])), place=COUNTRY, line=2.5, seed=1, replicate=0
    )
    literacy = population.households.literacy
    np.testing.assert_array_equal(literacy[[0, 1, 3, 4, 5]], np.float32([0, 0.2, 0.6, 0.8, 1.0]))
    assert 0 < literacy[2] < 1
    assert population.households.illness.tolist() == [0, 1, 2, -1, 0, 0]
    assert any(note.startswith("literacy imputed for 1 of 6") for note in population.notes)


def test_welfare_scores_rank_households_within_their_region_type():
    score = from_survey(small(), place=COUNTRY, line=2.5, seed=1, replicate=0).households.welfare_score
    np.testing.assert_allclose(score[:2], [-0.67449, 0.67449], atol=1e-4)
    np.testing.assert_allclose(score[2:], [-1.15035, -0.31864, 0.31864, 1.15035], atol=1e-4)


def test_equal_consumption_gives_equal_scores():
    columns = small(consumption=np.full(6, 3.0), region=np.zeros(6))
    score = from_survey(columns, place=COUNTRY, line=2.5, seed=1, replicate=0).households.welfare_score
    np.testing.assert_allclose(score, 0.0, atol=1e-6)


@pytest.mark.parametrize("many", [1, 3, 9])
def test_households_are_drawn_in_proportion_to_their_weights(many):
    weight = np.array([1.0, 2.0, 3.0, 0.0, many, 1.0])
    population = from_survey(small(weight=weight), place=COUNTRY, line=1.0, households=60_000, seed=6, replicate=0)
    drawn = np.bincount(np.rint(population.households.consumption).astype(int) - 1, minlength=6)
    assert drawn[3] == 0
    expected = 60_000 * weight / weight.sum()
    # households within a village are drawn independently, the choice of village is even: 5 standard errors
    assert (np.abs(drawn - expected) < 5 * np.sqrt(expected) + 10 * 2).all(), (drawn, expected)


def test_literacy_rises_with_known_schooling():
    n = 4000
    columns = {
        "village": np.repeat(np.arange(40), 100),
        "consumption": np.linspace(1, 2, n),
        "size": np.full(n, 4.0),
        "schooling_years": np.tile([0.0, 6.0, 9.0, 16.0], n // 4),
    }
    population = from_survey(columns, place=COUNTRY, line=1.5, seed=1, replicate=0, region_type="rural_road")
    literacy = population.households.literacy.reshape(-1, 4).mean(axis=0)
    assert (np.diff(literacy) > 0.05).all()


def test_imputed_figures_follow_the_named_place():
    n = 20_000
    columns = {
        "village": np.repeat(np.arange(200), 100),
        "consumption": np.exp(np.random.default_rng(1).normal(size=n)),
        "size": np.full(n, 4.0),
    }
    islands = place("remote_islands")
    population = from_survey(columns, place=islands, line=0.5, seed=1, replicate=0)
    h = population.households
    # binomial among three members, at the place's chance for a member other than the first: 0.24 x 4.6 / 3.6
    assert h.children.mean() == pytest.approx(3 * 0.24 * 4.6 / 3.6, abs=4 * np.sqrt(3 * 0.25 / n))
    assert np.average(h.in_school, weights=h.children) == pytest.approx(1 - 0.12, abs=0.015)
    assert h.female_head.mean() == pytest.approx(0.15, abs=4 * np.sqrt(0.15 * 0.85 / n))
    assert (population.villages.context[VILLAGE_ROW["line"]] == 611_000).all()


def test_own_subdistricts_of_a_survey_are_kept():
    columns = small(subdistrict=np.array([0, 0, 0, 0, 9, 9]), region=np.zeros(6))
    population = from_survey(columns, place=COUNTRY, line=1.0, seed=1, replicate=0)
    assert population.villages.subdistrict.tolist() == [0, 0, 1]


@given(count=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_any_sample_is_a_valid_population(count, seed):
    population = from_survey(small(), place=COUNTRY, line=2.5, households=count, seed=seed, replicate=0)
    h, v = population.households, population.villages
    assert population.count == count
    assert h.village[-1] == v.village_id.size - 1
    assert set(np.unique(np.diff(h.village))) <= {0, 1}
    assert set(np.unique(np.diff(v.subdistrict))) <= {0, 1}
    assert v.subdistrict[-1] == population.subdistrict_id.size - 1
    assert (h.children < h.size).all()
    rural = np.isin(np.rint(h.consumption * 2.5), [3, 4, 5, 6])
    np.testing.assert_array_equal(v.region[h.village] == 2, rural)


@pytest.mark.parametrize(
    ("columns", "options", "messages"),
    [
        (
            small(size=None),
            {"line": 1.0},
            ["survey: size: expected a column, found none; map a column of the survey to it"],
        ),
        (
            small(consumption=np.array([1, 2, 3, 4, 5, -6.0]), size=np.array([4, 4, 2, 2, 4, 40.0])),
            {"line": 1.0},
            [
                "survey: consumption: expected values above 0, found 1 outside, as -6",
                "survey: size: expected values from 1 to 30, found 1 outside, as 40",
            ],
        ),
        (
            small(consumption=np.array([1, 2, 3, 4, 5, np.nan])),
            {"line": 1.0},
            ["survey: consumption: expected a number in every household, found 1 missing; leave such households out"],
        ),
        (
            small(weight=np.zeros(6)),
            {"line": 1.0},
            ["survey: weight: expected weights with a sum above 0, found 0"],
        ),
        (
            small(size=np.array([4.0])),
            {"line": 1.0},
            ["survey: expected columns of one length, found village 6, consumption 6, size 1, region 6"],
        ),
        (small(), {}, ["survey: line: expected either line or headcount, found neither; give one of them"]),
        (
            small(),
            {"line": 1.0, "headcount": 0.2},
            ["survey: line: expected either line or headcount, found both; give one of them"],
        ),
        (small(), {"headcount": 37.4}, ["survey: headcount: expected a share above 0 and below 1, found 37.4"]),
        (small(), {"line": 0.0}, ["survey: line: expected a poverty line above 0, found 0"]),
        (
            small(region=np.full(6, 3)),
            {"line": 1.0, "place": place("medan_urban")},
            [
                "survey: region: expected region types of the place, found interior; the place medan_urban has urban; "
                "the place indonesia has all region types"
            ],
        ),
        (
            small(region=None),
            {"line": 1.0},
            [
                "survey: region: expected a region type for the survey, found none; map a column, or say urban or "
                "peri_urban or rural_road or interior or small_island"
            ],
        ),
        (
            small(shoe_size=np.zeros(6)),
            {"line": 1.0},
            [
                "survey: shoe_size: expected one of village, consumption, size, children, schooling_years, "
                "female_head, literacy, in_school, illness, weight, region, subdistrict, found an unknown column"
            ],
        ),
    ],
)
def test_columns_that_cannot_be_used_are_refused(columns, options, messages):
    with pytest.raises(PopulationError) as caught:
        from_survey(columns, **{"place": COUNTRY, "seed": 1, "replicate": 0, "name": "survey", **options})
    assert str(caught.value).splitlines() == messages


def test_an_impossible_number_of_households_is_refused():
    with pytest.raises(SimulationError, match="at least one household, found 0"):
        from_survey(small(), place=COUNTRY, line=1.0, households=0, seed=1, replicate=0)


# --- reading files ---------------------------------------------------------------------------------------------------

PLAIN = {"village": "v", "size": "n", "consumption": "c"}
PERSONS = {"village": "v", "household": "h", "consumption": "c", "age": "a"}


def write(folder, text, name="s.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_members_become_households(tmp_path):
    rows = """v,h,c,a,f,head,yrs,lit,sch,ill
    A,1,100,45,0,1,6,0.5,0,0
    A,1,100,40,1,0,9,0.3,0,2
    A,1,100,12,1,0,6,0.9,1,0
    A,1,100,8,0,0,1,0.1,0,0
    A,2,50,70,1,1,0,NA,0,2
    B,1,80,30,1,1,12,1,0,NA
    """.replace("    ", "")
    mapping = PERSONS | {
        "female": "f",
        "head": "head",
        "schooling_years": "yrs",
        "literacy": "lit",
        "in_school": "sch",
        "illness": "ill",
    }
    survey = read_survey(write(tmp_path, rows), mapping, "members")
    assert (survey.households, survey.members, survey.villages) == (3, 6, 2)
    expected = {
        "village": [0, 0, 1],
        "size": [4, 1, 1],
        "consumption": [25, 50, 80],
        "children": [2, 0, 0],
        "schooling_years": [9, 0, 12],
        "female_head": [0, 1, 1],
        "literacy": [0.3, np.nan, 1],  # the least literate adult; children do not count
        "in_school": [1, 1, 1],  # half of the children
        "illness": [2, 0, np.nan],  # the woman of 70 is no earner
    }
    assert survey.columns.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(survey.columns[name], values, err_msg=name)


def test_every_step_of_a_mapping(tmp_path):
    path = write(
        tmp_path, "v,n,c,sex,edu,days,w\n7,2,1,male,none,0,NA\n9,3,2,female,high,5,2\n10,1,3,female,none,20,1\n"
    )
    survey = read_survey(
        path,
        {
            "village": "v",
            "size": "n",
            "consumption": {"column": "c", "times": 12, "transform": "exp"},
            "female_head": {"column": "sex", "equals": "female"},
            "schooling_years": {"column": "edu", "levels": {"none": 0, "high": 12}},
            "illness": {"column": "days", "bins": [1, 10]},
            "weight": {"column": "w", "missing": 1.5},
            "region": {"value": "interior"},
        },
    )
    np.testing.assert_array_equal(survey.columns["village"], [0, 1, 2])  # 7, 9, 10 in numeric order
    np.testing.assert_allclose(survey.columns["consumption"], np.exp([1, 2, 3]) * 12 / [2, 3, 1])
    assert survey.columns["female_head"].tolist() == [0, 1, 1]
    assert survey.columns["schooling_years"].tolist() == [0, 12, 0]
    assert survey.columns["illness"].tolist() == [0, 1, 2]
    assert survey.columns["weight"].tolist() == [1.5, 2, 1]
    assert survey.columns["region"].tolist() == [3, 3, 3]
    assert survey.notes == ("weight: 1 missing cells of s.csv taken as 1.5.",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiters_byte_order_marks_and_line_ends(tmp_path, delimiter, mark):
    text = mark + "v,n,c\r\nx,2,10\r\ny,1,5\r\n".replace(",", delimiter)
    path = tmp_path / "s.csv"
    path.write_bytes(text.encode())
    survey = read_survey(path, PLAIN)
    assert survey.columns["consumption"].tolist() == [5, 5]


def test_a_few_households_without_a_necessary_figure_are_left_out_and_said(tmp_path):
    rows = "".join(f"{i // 10},2,{'' if i == 7 else 10}\n" for i in range(40))
    survey = read_survey(write(tmp_path, "v,n,c\n" + rows), PLAIN)
    assert survey.households == 39
    assert survey.notes == ("1 of 40 households of s.csv left out: consumption is missing.",)


def test_the_digest_follows_the_content_of_the_file(tmp_path):
    first = read_survey(write(tmp_path, "v,n,c\nx,2,10\n", "a.csv"), PLAIN).digest
    assert first == read_survey(write(tmp_path, "v,n,c\nx,2,10\n", "b.csv"), PLAIN).digest
    assert first != read_survey(write(tmp_path, "v,n,c\nx,2,11\n", "b.csv"), PLAIN).digest


GOOD = "v,n,c\nx,2,10\ny,1,5\n"
MALFORMED = {
    "missing column, near": (
        "v,nn,c\nx,2,10\n",
        PLAIN,
        ["s.csv:1: columns.size: expected a column n, found none of that name; did you mean nn?"],
    ),
    "missing column, far": (
        "v,persons,c\nx,2,10\n",
        PLAIN,
        ["s.csv:1: columns.size: expected a column n, found none of that name; the file has v, persons, c"],
    ),
    "two columns of a name": (
        "v,n,n,c\nx,2,3,10\n",
        PLAIN,
        ["s.csv:1: columns.size: expected one column n, found 2 of that name"],
    ),
    "not a number": (
        "v,n,c\nx,2,10\nx,two,10\n",
        PLAIN,
        ["s.csv:3: columns.size: expected a whole number from 1 to 30, found 'two'"],
    ),
    "not a whole number": (
        "v,n,c\nx,2.5,10\n",
        PLAIN,
        ["s.csv:2: columns.size: expected a whole number from 1 to 30, found '2.5'"],
    ),
    "decimal comma": (
        "v;n;c\nx;2;10,5\n",
        PLAIN,
        [
            "s.csv:2: columns.consumption: expected a number above 0, found '10,5'; write numbers with a decimal point "
            "and without separators"
        ],
    ),
    "negative consumption, often": (
        "v,n,c\nx,2,-1\nx,2,7\nx,2,-2\nx,2,0\nx,2,-1\n",
        PLAIN,
        ["s.csv:2: columns.consumption: expected a number above 0, found '-1' (and 3 more: lines 4, 5, ...)"],
    ),
    "infinite consumption": (
        "v,n,c\nx,2,inf\n",
        PLAIN,
        ["s.csv:2: columns.consumption: expected a number above 0, found 'inf'"],
    ),
    "exp overflows": (
        "v,n,c\nx,2,100000\n",
        PLAIN | {"consumption": {"column": "c", "transform": "exp"}},
        ["s.csv:2: columns.consumption: expected a number above 0, found '100000'"],
    ),
    "lines are counted with blank ones": (
        "v,n,c\nx,2,10\n\nx,0,10\n",
        PLAIN,
        ["s.csv:4: columns.size: expected a whole number from 1 to 30, found '0'"],
    ),
    "row with too few cells": (
        "v,n,c\nx,2,10\nx,2\nx,2,9\nx\n",
        PLAIN,
        [
            "s.csv:3: expected 3 cells in every row, found 2 cells (and 1 more: line 5); quote cells that "
            "hold the delimiter"
        ],
    ),
    "too many missing": (
        "v,n,c\nx,2,10\nx,,10\nx,NA,10\n",
        PLAIN,
        [
            "s.csv:3: columns.size: expected at most 5% of households without it, found 2 of 3 (67%); "
            "complete the file, "
            "or give a value for missing cells: {column: ..., missing: ...}"
        ],
    ),
    "household twice": (
        "v,h,n,c\nx,1,2,10\ny,1,2,10\nx,1,2,10\n",
        PLAIN | {"household": "h"},
        [
            "s.csv:4: columns.household: expected each household once in its village, found household 1 "
            "again, first in "
            "line 2; is this a file of members? then say kind: members"
        ],
    ),
    "more children than members": (
        "v,n,c,k\nx,2,10,2\n",
        PLAIN | {"children": "k"},
        ["s.csv:2: columns.children: expected fewer children than members, found 2 children of 2 members"],
    ),
    "unknown level": (
        "v,n,c,e\nx,2,10,primary\nx,2,10,PhD\n",
        PLAIN | {"schooling_years": {"column": "e", "levels": {"none": 0, "primary": 6}}},
        ["s.csv:3: columns.schooling_years: expected one of the levels none, primary, found 'PhD'; add the level"],
    ),
    "unknown region type": (
        "v,n,c,r\nx,2,10,town\n",
        PLAIN | {"region": "r"},
        [
            "s.csv:2: columns.region: expected one of the region types urban, peri_urban, rural_road, interior, "
            "small_island, found 'town'"
        ],
    ),
    "village in two region types": (
        "v,n,c,r\nx,2,10,urban\nx,2,10,interior\n",
        PLAIN | {"region": "r"},
        [
            "s.csv:3: columns.region: expected one region type in a village, found village x in urban and in interior; "
            "give each region type of a village an identifier of its own"
        ],
    ),
    "flag that is none": (
        "v,n,c,f\nx,2,10,yes\n",
        PLAIN | {"female_head": "f"},
        ["s.csv:2: columns.female_head: expected 0 or 1, found 'yes'"],
    ),
    "no rows": ("v,n,c\n", PLAIN, ["s.csv: expected at least one row, found none"]),
    "nothing": ("", PLAIN, ["s.csv:1: expected a first line with the names of the columns, found nothing"]),
    "unknown name of ours": (
        GOOD,
        PLAIN | {"childern": "k"},
        [
            "s.csv: columns.childern: expected one of household, village, subdistrict, region, weight, consumption, "
            "consumption_per_person, size, children, schooling_years, female_head, literacy, in_school, "
            "illness, insured, "
            "found an unknown name; did you mean children?"
        ],
    ),
    "unknown step": (
        GOOD,
        PLAIN | {"size": {"column": "n", "tranform": "exp"}},
        [
            "s.csv: columns.size.tranform: expected one of column, value, equals, levels, transform, bins, "
            "times, missing, "
            "found an unknown key; did you mean transform?"
        ],
    ),
    "wrong steps": (
        GOOD,
        {
            "village": {"value": "x", "column": "v"},
            "size": {"column": "n", "transform": "sqrt"},
            "consumption": {"column": "c", "times": "twelve"},
            "illness": {"column": "c", "bins": [8, 1]},
        },
        [
            "s.csv: columns.village: expected either column or value, found both",
            "s.csv: columns.size.transform: expected one of exp, log, none, found 'sqrt'",
            "s.csv: columns.consumption.times: expected a number, found 'twelve'",
            "s.csv: columns.illness.bins: expected rising numbers, as [1, 8], found [8, 1]",
        ],
    ),
    "nothing mapped": (
        GOOD,
        {},
        [
            "s.csv: columns.village: expected a column of the file, found nothing; say which column is the "
            "cluster of the "
            "survey: commune, village, enumeration area",
            "s.csv: columns.size: expected a column of the file, found nothing; say which column is the members of the "
            "household",
            "s.csv: columns.consumption: expected either consumption or consumption_per_person, found neither",
        ],
    ),
    "several mistakes at once": (
        "v,n,c,k\nx,2,10,1\nx,99,-5,1\nx,2,ten,-1\n",
        PLAIN | {"children": "k"},
        [
            "s.csv:3: columns.size: expected a whole number from 1 to 30, found '99'",
            "s.csv:3: columns.consumption: expected a number above 0, found '-5' (and 1 more: line 4)",
            "s.csv:4: columns.children: expected a whole number from 0 to 20, found '-1'",
        ],
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_of_households_say_what_is_wrong(tmp_path, name):
    text, mapping, messages = MALFORMED[name]
    with pytest.raises(PopulationError) as caught:
        read_survey(write(tmp_path, text), mapping)
    assert str(caught.value).splitlines() == messages


MALFORMED_MEMBERS = {
    "members disagree": (
        "v,h,c,a\nx,1,10,40\nx,1,12,30\nx,2,5,30\nx,2,5,9\n",
        PERSONS,
        [
            "s.csv:3: columns.consumption: expected the same in all members of a household, found 12 where line 2 of "
            "household 1 has 10"
        ],
    ),
    "members disagree about the region": (
        "v,h,c,a,r\nx,1,10,40,urban\nx,1,10,30,interior\n",
        PERSONS | {"region": "r"},
        [
            "s.csv:3: columns.region: expected the same in all members of a household, found interior where line 2 of "
            "household 1 has urban"
        ],
    ),
    "a village as household": (
        "v,h,c,a\n" + "x,1,10,40\n" * 31,
        PERSONS,
        [
            "s.csv:2: columns.household: expected at most 30 members in a household, found 31 in household 1; does the "
            "identifier name a household, or a village?"
        ],
    ),
    "ages": (
        "v,h,c,a\nx,1,10,-3\nx,1,10,old\n",
        PERSONS,
        ["s.csv:2: columns.age: expected a number from 0 to 130, found '-3' (and 1 more: line 3)"],
    ),
    "schooling without age": (
        "v,h,c,e\nx,1,10,6\n",
        {"village": "v", "household": "h", "consumption": "c", "schooling_years": "e"},
        [
            "s.csv: columns.schooling_years: expected a column age, to tell adults from children, found "
            "none; map age or "
            "leave this out"
        ],
    ),
    "no household": (
        "v,c\nx,10\n",
        {"village": "v", "consumption": "c"},
        [
            "s.csv: columns.household: expected a column of the file, found nothing; say which column is "
            "the identifier of "
            "the household"
        ],
    ),
    "a column of households": (
        "v,h,c,a,n\nx,1,10,40,2\n",
        PERSONS | {"size": "n"},
        [
            "s.csv: columns.size: expected one of household, village, subdistrict, region, weight, consumption, "
            "consumption_per_person, age, female, head, schooling_years, literacy, in_school, illness, "
            "insured, found an "
            "unknown name"
        ],
    ),
    "members without household": (
        "v,h,c,a\nx,1,10,40\nx,,10,30\n",
        PERSONS,
        [
            "s.csv:3: columns.household: expected at most 5% of members without it, found 1 of 2 (50%); "
            "complete the file, "
            "or give a value for missing cells: {column: ..., missing: ...}"
        ],
    ),
}


@pytest.mark.parametrize("name", MALFORMED_MEMBERS)
def test_malformed_files_of_members_say_what_is_wrong(tmp_path, name):
    text, mapping, messages = MALFORMED_MEMBERS[name]
    with pytest.raises(PopulationError) as caught:
        read_survey(write(tmp_path, text), mapping, "members")
    assert str(caught.value).splitlines() == messages


def test_files_that_are_not_there_or_not_text(tmp_path):
    def message(path, **options):
        with pytest.raises(PopulationError) as caught:
            read_survey(path, PLAIN, **options)
        return str(caught.value)

    assert message(tmp_path / "gone.csv") == (
        "gone.csv: expected a survey file, found no such file; check the path of the survey file"
    )
    assert message(tmp_path / "gone.csv", remedy="install it") == (
        "gone.csv: expected a survey file, found no such file; install it"
    )
    (tmp_path / "folder.csv").mkdir()
    assert message(tmp_path / "folder.csv").startswith("folder.csv: expected a survey file, found a folder")
    write(tmp_path, GOOD, "s.xlsx")
    assert message(tmp_path / "s.xlsx") == (
        "s.xlsx: expected a file ending in .csv, .csv.gz, .tsv, .txt, .parquet, .pq, found s.xlsx; save "
        "it as CSV or Parquet"
    )
    (tmp_path / "latin.csv").write_bytes("v,n,c\nKöln,2,10\n".encode("latin-1"))
    assert "save the file as UTF-8" in message(tmp_path / "latin.csv")
    write(tmp_path, GOOD, "s.parquet")
    assert message(tmp_path / "s.parquet").startswith("s.parquet: expected a Parquet file, found '")


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(PopulationError) as caught:
        read_survey(write(tmp_path, GOOD), PLAIN, "villages")
    assert str(caught.value) == "s.csv: kind: expected households or members, found villages"


def test_lists_in_parquet_columns_are_refused(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"v": ["x"], "n": [[2]], "c": [10.0]})
    parquet.write_table(table, tmp_path / "s.parquet")
    with pytest.raises(PopulationError, match="expected columns of numbers or text, found n of type list"):
        read_survey(tmp_path / "s.parquet", PLAIN)
