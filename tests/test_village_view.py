"""The village view without a browser: positions, sliders as policies, sentences, figures, the command."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empowersim.engine.simulate import simulate
from empowersim.errors import EmpowersimError, ScenarioError, SimulationError
from empowersim.fronts import village_view_server
from empowersim.fronts.cli import main
from empowersim.fronts.village_view_levers import MENTORS, Levers
from empowersim.fronts.village_view_map import lay_out, mentor_positions, most_visited
from empowersim.fronts.village_view_model import VillageViewModel
from empowersim.fronts.village_view_plots import draw_charts, draw_map, png
from empowersim.fronts.village_view_server import HOST, bound
from empowersim.fronts.village_view_words import WORDS, word
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import load

MEDAN = "scenarios/medan.yaml"
ISLANDS = "scenarios/remote-islands.yaml"


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch, root):
    monkeypatch.chdir(root)


# --- positions ----------------------------------------------------------------------------------------------------


@st.composite
def subdistricts(draw):
    """Village of each household, in order, and identities that are no two the same."""
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=12))
    village = np.repeat(np.arange(len(sizes)), sizes)
    identity = np.array(draw(st.permutations(range(100, 100 + len(village)))))
    return village, identity, len(sizes)


@given(subdistricts())
def test_no_two_households_stand_on_each_other_and_all_in_their_village(subdistrict):
    village, identity, count = subdistrict
    layout = lay_out(village, identity, count)
    apart = np.linalg.norm(layout.households[:, None] - layout.households[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 0.7  # a household has the room of one unit
    from_centre = np.linalg.norm(layout.households[:, None] - layout.centres[None], axis=2)
    assert (from_centre.argmin(axis=1) == village).all()
    assert (from_centre[np.arange(len(village)), village] < layout.radii[village]).all()
    between = np.linalg.norm(layout.centres[:, None] - layout.centres[None], axis=2) + 1e9 * np.eye(count)
    assert (between >= layout.radii[:, None] + layout.radii[None]).all()
    left, right, bottom, top = layout.frame
    assert (layout.households[:, 0] > left).all()
    assert (layout.households[:, 0] < right).all()
    assert (layout.households[:, 1] > bottom).all()
    assert (layout.households[:, 1] < top).all()


@given(subdistricts())
def test_a_household_stands_where_its_identity_says_whatever_its_row(subdistrict):
    village, identity, count = subdistrict
    layout = lay_out(village, identity, count)
    order = np.argsort(identity)
    again = lay_out(village[order], identity[order], count)
    assert np.array_equal(again.households, layout.households[order])


def test_mentors_stand_below_their_village_beside_each_other():
    layout = lay_out(np.repeat([0, 1, 2], 40), np.arange(120), 3)
    places = mentor_positions(layout, [1, -1, 1, 2])
    assert np.isnan(places[1]).all()
    assert (places[[0, 2], 1] < layout.centres[1, 1] - layout.radii[1]).all()
    assert places[0, 0] < layout.centres[1, 0] < places[2, 0]
    assert places[3, 0] == layout.centres[2, 0]
    assert places[[0, 2, 3], 1].min() > layout.frame[2]


def test_a_mentor_is_where_it_visited_most():
    visits = np.array([0.0, 1.0, 0.5, 0.4, 9.0])
    village = np.array([0, 0, 1, 1, 2])
    assert most_visited(visits, village, np.array([0, 1, 2, 3])) == 0
    assert most_visited(visits, village, np.array([2, 3])) == 1
    assert most_visited(visits, village, np.array([0])) == -1
    assert most_visited(visits, village, np.array([], int)) == -1


# --- sliders are policies -------------------------------------------------------------------------------------------


def test_sliders_begin_with_what_the_policy_has_here():
    levers = Levers(ISLANDS, "mix_resident", households=600)
    policy = compile_scenario(load(ISLANDS)).policies["mix_resident"]
    share = 600 / 190_000
    by_name = {lever.name: lever for lever in levers.levers}
    assert by_name[MENTORS].exact == pytest.approx(policy.mentors.posts * share)
    for programme in policy.programmes:
        assert by_name[f"places_{programme.name}"].exact == pytest.approx(programme.places_per_year * share)
    for lever in levers.levers:
        assert abs(lever.value - lever.exact) <= lever.step / 2
        assert 0 <= lever.value <= lever.most
    sliders = levers.sliders()
    assert [*sliders] == [*by_name, "future"]
    assert sliders["places_adult_literacy"]["label"] == "Adult literacy: places a year"
    assert Levers(ISLANDS, "mix_resident", lang="id").sliders()["future"]["label"].startswith("Masa depan")


def test_a_slider_that_nobody_moved_leaves_the_policy_as_the_file_has_it():
    levers = Levers(ISLANDS, "mix_resident")
    untouched = {lever.name: lever.value for lever in levers.levers}
    assert levers.changes(untouched) == {}
    assert levers.scenario_with(untouched).digest == load(ISLANDS).digest


def test_a_slider_that_was_moved_is_a_policy_of_the_scenario():
    levers = Levers(ISLANDS, "mix_resident", households=600)
    changed = levers.scenario_with({MENTORS: 3.0, "places_skills_training": 40})
    here = compile_scenario(changed).policies["mix_resident"]
    before = compile_scenario(levers.scenario).policies["mix_resident"]
    assert here.mentors.posts * levers.share == pytest.approx(3.0, rel=1e-9)
    assert here.mentors.resident
    found = {programme.name: programme.places_per_year * levers.share for programme in here.programmes}
    assert found.pop("skills_training") == pytest.approx(40, rel=1e-9)
    was = {programme.name: programme.places_per_year * levers.share for programme in before.programmes}
    assert found == {name: places for name, places in was.items() if name != "skills_training"}
    others = compile_scenario(changed).policies
    assert others["mix_commuting"] == compile_scenario(levers.scenario).policies["mix_commuting"]


def test_a_policy_without_mentors_can_be_given_some_and_one_with_mentors_none():
    given_some = Levers(MEDAN, "balanced_mix").scenario_with({MENTORS: 2.0})
    levers = Levers(MEDAN, "balanced_mix")
    assert compile_scenario(given_some).policies["balanced_mix"].mentors.posts * levers.share == pytest.approx(2.0)
    none = Levers(MEDAN, "mix_coached").scenario_with({MENTORS: 0.0})
    assert compile_scenario(none).policies["mix_coached"].mentors.posts == 0.0


def test_what_cannot_be_asked_is_told():
    with pytest.raises(SimulationError, match="did you mean mix_resident"):
        Levers(ISLANDS, "mix_residents")
    with pytest.raises(SimulationError, match="households: expected a whole number from 50 to 3000, found 5000"):
        Levers(ISLANDS, households=5000)
    with pytest.raises(SimulationError, match=r"world: expected a world \(file, trap, no_trap\), found 'traps'"):
        Levers(ISLANDS, world="traps")
    with pytest.raises(SimulationError, match=r"lang: expected a language \(en, id\), found 'de'"):
        Levers(ISLANDS, lang="de")
    with pytest.raises(ScenarioError, match="did you mean medan"):
        Levers("medam")
    with pytest.raises(KeyError):
        Levers(MEDAN).changes({"mentor": 2.0})


def test_the_first_policy_shown_is_one_with_mentors():
    assert Levers(MEDAN).policy == "mix_coached"
    assert Levers(MEDAN).with_policy("balanced_mix").policy == "balanced_mix"
    assert [lever.name for lever in Levers(MEDAN).with_policy("no_programme").levers] == [MENTORS]


# --- the model under sliders ----------------------------------------------------------------------------------------


def steps(model, months):
    for _ in range(months):
        model.step()
    return model


def engine_run(scenario, policy, households, months, replicate=0):
    compiled = compile_scenario(scenario)
    settings = scenario.settings
    (run,) = simulate(
        compiled.population(households, settings.seed, replicate),
        [compiled.policies[policy]],
        travel=compiled.travel,
        parameters=compiled.parameters,
        months=months,
        burn_in=settings.burn_in,
        seed=settings.seed,
        replicate=replicate,
    )
    return run


MOVED = {MENTORS: 2.0, "places_adult_literacy": 60}


@pytest.mark.parametrize("moved", [{}, MOVED])
def test_the_view_shows_the_engines_numbers(moved):
    levers = Levers(ISLANDS, "mix_resident", households=200, months=14)
    model = steps(VillageViewModel(levers, future=2, **moved), 14)
    run = engine_run(levers.scenario_with(moved), "mix_resident", 200, 14, replicate=1)
    reference = engine_run(load(ISLANDS), "no_programme", 200, 14, replicate=1)
    series = model.series()
    assert series.headcount == run.series("poverty_headcount").tolist()
    assert series.gap == run.series("poverty_gap").tolist()
    assert series.reference_headcount == reference.series("poverty_headcount").tolist()
    assert series.reference_gap == reference.series("poverty_gap").tolist()
    hours = np.sum([*series.hours.values()], axis=0)
    assert hours == pytest.approx(run.hours[1:].sum(axis=0) * 200 / run.represents)
    assert hours.sum() > 0
    # the engine has the index in the last month of each year and the last twelve
    index = run.series("empowerment_index")
    told = np.isfinite(index)
    assert told.sum() == 12
    assert np.array(series.empowerment)[told] == pytest.approx(index[told], rel=1e-5)
    assert model.result().monthly.tobytes() == run.monthly.tobytes()


def test_moved_sliders_change_the_run_and_leave_the_reference():
    levers = Levers(ISLANDS, "mix_resident", households=200, months=14)
    plain, moved = (steps(VillageViewModel(levers, **values), 14).series() for values in ({}, MOVED))
    assert np.sum([*moved.hours.values()]) > 2 * np.sum([*plain.hours.values()])
    assert moved.empowerment[-1] != plain.empowerment[-1]
    assert moved.reference_headcount == plain.reference_headcount
    other = steps(VillageViewModel(levers, future=2), 14).series()
    assert other.reference_headcount != plain.reference_headcount


def test_mentors_given_to_the_reference_are_compared_with_the_reference_of_the_file():
    levers = Levers(ISLANDS, "no_programme", households=100, months=2)
    model = steps(VillageViewModel(levers, mentors=2.0), 2)
    assert len(model.scene().mentors) == 2
    assert model.reference.state.mentors == 0


def test_mentors_are_where_their_households_were_visited():
    levers = Levers(ISLANDS, "mix_resident", households=800, months=12)
    model = VillageViewModel(levers, mentors=2.0, places_adult_literacy=200)
    assert [mentor.village for mentor in model.scene().mentors] == [-1, -1]
    moves = 0
    was = [-1, -1]
    for _ in range(12):
        model.step()
        scene = model.scene()
        visits, village = model.column("visits"), model.state.village_of
        for number, mentor in enumerate(scene.mentors):
            assert mentor.before == was[number]
            area = model.state.mentor_of == number
            here = [visits[area & (village == one)].sum() for one in range(model.state.villages)]
            expected = int(np.argmax(here)) if max(here) > 0 else was[number]
            assert mentor.village == expected
            moves += mentor.village != mentor.before and mentor.before >= 0
        was = [mentor.village for mentor in scene.mentors]
    assert moves > 0


def test_after_the_last_month_nothing_happens():
    model = steps(VillageViewModel(Levers(MEDAN, households=100, months=2)), 2)
    assert not model.running
    said = model.sentence()
    assert said.endswith("That was the last month.")
    model.step()
    assert (model.month, model.steps, model.sentence()) == (2, 2, said)


def test_the_sentence_says_what_the_arrays_hold_in_both_languages():
    levers = Levers(ISLANDS, "mix_resident", households=200, months=4)
    model = steps(VillageViewModel(levers, mentors=1.5), 3)
    run = model.so_far
    said = model.sentence()
    assert said.startswith(f"Month 3: {100 * run.series('poverty_headcount')[2]:.1f} % of persons are poor (")
    assert f"households with a place: {int(model.column('holds_place').sum())};" in said
    assert "mentors (1.5 posts)" in said
    indonesian = steps(VillageViewModel(Levers(ISLANDS, "mix_resident", households=200, months=4, lang="id")), 1)
    assert indonesian.sentence().startswith("Bulan 1: ")
    assert "oleh 1 pendamping (0,1 jabatan)" in indonesian.sentence()


def test_both_languages_say_the_same_things():
    for name, texts in WORDS.items():
        assert set(texts) == {"en", "id"}, name
        fields = [set(re.findall(r"{(\w+)}", text)) for text in texts.values()]
        assert fields[0] == fields[1], name


# --- figures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lived():
    levers = Levers(ISLANDS, "mix_resident", households=200, months=24)
    return steps(VillageViewModel(levers, mentors=2.0, places_adult_literacy=200), 6)


def texts_of(figure):
    from matplotlib.text import Text

    return [one for one in figure.findobj(Text) if one.get_text()]


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("colour", ["poverty", "empowerment"])
def test_the_map_names_what_it_shows(lived, colour, lang):
    figure = draw_map(lived.scene(), colour, lang)
    said = " ".join(one.get_text() for one in texts_of(figure))
    assert word("mentor", lang) in said
    assert word("ring", lang) in said
    assert (word("poor", lang) in said) is (colour == "poverty")
    assert (word("empowerment_scale", lang) in said) is (colour == "empowerment")
    share = 100 * lived.village_column("mean_poor")[0]
    assert f"{word('village', lang).format(number=1)}\n{share:.0f} %" in said
    drawn = sum(len(one.get_offsets()) for one in figure.axes[0].collections)
    assert drawn == 200
    assert png(figure).startswith(b"\x89PNG")


def test_what_is_poor_has_a_mark_of_its_own(lived):
    scene = lived.scene()
    poor, near, above = draw_map(scene).axes[0].collections[-3:]
    assert len(poor.get_offsets()) == int((scene.consumption < 1.0).sum())
    assert len(near.get_offsets()) == int(((scene.consumption >= 1.0) & (scene.consumption < 1.5)).sum())
    marks = {one.get_paths()[0].vertices.tobytes() for one in (poor, near, above)}
    assert len(marks) == 3
    ringed = [edge[3] for one in (poor, near, above) for edge in np.atleast_2d(one.get_edgecolor())]
    assert sum(ringed) == scene.enrolled.sum() > 0


def test_letters_can_be_read_on_a_phone(lived):
    """Not below 11 pixels where a figure is shrunk to 350 pixels."""
    for figure in (draw_map(lived.scene()), draw_map(lived.scene(), "empowerment"), draw_charts(lived.series())):
        pixels = 350 / figure.get_figwidth() / 72
        assert min(one.get_fontsize() for one in texts_of(figure)) * pixels >= 11


def test_names_of_villages_do_not_run_into_each_other():
    levers = Levers(ISLANDS, "mix_resident", households=2000, months=1)
    figure = draw_map(VillageViewModel(levers).scene())
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [one.get_window_extent(renderer) for one in figure.axes[0].texts if one.get_text().startswith("Village")]
    assert len(boxes) >= 8
    assert [1 for at, one in enumerate(boxes) for other in boxes[:at] if one.overlaps(other)] == []
    assert all(one.x0 >= 0 and one.x1 <= figure.bbox.width for one in boxes)


def test_charts_hold_the_series_from_month_one_on(lived):
    series = lived.series()
    poverty, empowerment, hours = draw_charts(series).axes
    headcount, gap, *references = poverty.lines
    assert headcount.get_xdata().tolist() == [1, 2, 3, 4, 5, 6]
    assert headcount.get_ydata().tolist() == [100 * value for value in series.headcount]
    assert gap.get_ydata().tolist() == [100 * value for value in series.gap]
    assert references[0].get_ydata().tolist() == [100 * value for value in series.reference_headcount]
    assert references[0].get_linestyle() != headcount.get_linestyle()
    assert empowerment.lines[0].get_ydata().tolist() == series.empowerment
    assert poverty.get_ylim()[0] == empowerment.get_ylim()[0] == hours.get_ylim()[0] == 0
    assert poverty.get_xlim() == (0, 24)
    top = max(area.get_paths()[0].vertices[:, 1].max() for area in hours.collections)
    assert top == pytest.approx(max(np.sum([*series.hours.values()], axis=0)))
    assert {area.get_hatch() for area in hours.collections} == {"", "///", "...", "xxx"}


def test_figures_before_the_first_month_and_without_mentors_can_be_drawn():
    model = VillageViewModel(Levers(MEDAN, "no_programme", households=60, months=2))
    for _ in range(2):
        said = [one.get_text() for one in texts_of(draw_charts(model.series()))]
        assert "no mentors" in said
        assert word("mentor") not in [one.get_text() for one in texts_of(draw_map(model.scene()))]
        model.step()


# --- in a notebook --------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the widgets
def test_a_notebook_shows_the_view_and_its_button_lives_a_month():
    reacton = pytest.importorskip("reacton", reason="the extra notebooks is not installed")
    widgets = pytest.importorskip("ipyvuetify", reason="the extra notebooks is not installed")
    from solara.components.applayout import _AppLayoutEmbed  # what a notebook puts around an element

    from empowersim.fronts.village_view import village_view

    view = village_view("medan", policy="mix_coached", households=60, months=3)
    _, context = reacton.render(_AppLayoutEmbed(children=[view]), handle_error=False)

    def said() -> str:
        lines = [one for one in widgets_of(widgets.Html) if (one.attributes or {}).get("role") == "status"]
        (line,) = lines
        return line.children[0]

    assert said().startswith("Before the first month: 60 households")
    (step,) = [one for one in widgets_of(widgets.Btn) if "Step" in one.children]
    step.click()
    until = time.monotonic() + 30
    while not said().startswith("Month 1: ") and time.monotonic() < until:
        time.sleep(0.05)
    assert said().startswith("Month 1: ")
    context.close()


def widgets_of(kind):
    """All live widgets of a kind, wherever solara has put them."""
    from ipywidgets.widgets.widget import _instances

    return [one for one in list(_instances.values()) if type(one) is kind]


# --- the command ----------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told_and_the_page_is_for_this_machine_only():
    with bound(0) as listener:
        host, port = listener.getsockname()
        assert host == HOST == "127.0.0.1"
        listener.listen()
        with pytest.raises(
            EmpowersimError, match=rf"--port: expected a free port .* found {port} .* --port {port + 1}"
        ):
            bound(port)


def test_what_is_missing_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setattr(village_view_server, "find_spec", lambda name: None if name == "solara_assets" else object())
    with pytest.raises(EmpowersimError, match=r"needs solara-assets.*pip install 'empowersim\[notebooks\]'"):
        village_view_server.check_installed()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["village", "medam"], "did you mean medan?"),
        (["village", "medan", "--policy", "mix_mentor"], "did you mean mix_mentors?"),
        (["village", "medan", "--households", "7"], "from 50 to 3000, found 7"),
        (["village", "medan", "--port", "99999"], "expected a port from 0 to 65535, found 99999"),
    ],
)
def test_wrong_words_are_told(arguments, found, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert found in said
    assert "Traceback" not in said
