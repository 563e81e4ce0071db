from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from helpers_runs import make_comparison, make_run, toy, with_measure
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from empowersim.engine.outputs import MEASURES
from empowersim.errors import SimulationError
from empowersim.fronts import plots
from empowersim.fronts.labels import entries
from empowersim.results.tables import OUTCOMES

SIX = ("a", "b", "c", "d", "e", "f")


def texts(axes: object) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_paths_draw_every_policy_and_name_it_at_its_end() -> None:
    axes = plots.paths(toy(5))
    assert len(axes.lines) == 3
    assert texts(axes) == ["nothing (en)", "skills (en)", "mix (en)"]
    level = toy(5).outcomes.one("mean", policy="mix", outcome="poverty_headcount")
    assert axes.lines[2].get_ydata() == pytest.approx(np.full(24, 100 * level))
    assert axes.get_ylim()[0] == 0
    assert "95 %" in axes.get_xlabel()
    assert axes.get_title(loc="left") == "Poverty rate (P0), %"


def test_bands_stand_around_the_reference_and_the_best_only() -> None:
    axes = plots.paths(toy(5, SIX))
    assert len(axes.collections) == 2
    alphas = [band.get_alpha() for band in axes.collections]
    assert alphas == [0.12, 0.22]
    colours = [tuple(band.get_facecolor()[0][:3]) for band in axes.collections]
    from matplotlib.colors import to_rgb

    look = plots.styles(toy(5, SIX))
    assert colours == [to_rgb("#555555"), to_rgb(look["f"].colour)]
    assert len(plots.paths(toy(1, SIX)).collections) == 0


def test_the_reference_is_grey_and_dashed_and_no_two_policies_look_alike() -> None:
    look = plots.styles(toy(2, SIX))
    assert look["nothing"][:2] == ("#555555", "--")
    assert [look[name].colour for name in "abcd"] == ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]
    assert look["e"].colour == look["a"].colour
    assert look["e"] != look["a"]
    assert len(set(look.values())) == 7


def test_a_policy_keeps_its_colour_when_fewer_are_compared() -> None:
    whole = toy(3, SIX)
    part = toy(3, ("c", "f"))
    part = type(part)(**{**vars(part), "all_policies": whole.all_policies})
    for name in ("c", "f"):
        assert plots.styles(part)[name] == plots.styles(whole)[name]
        drawn = plots.paths(part).lines[("nothing", "c", "f").index(name)]
        assert drawn.get_color() == plots.styles(whole)[name].colour
    colours = [line.get_color() for line in plots.differences(part).lines]
    assert plots.styles(whole)["c"].colour in colours


def test_labels_of_lines_that_end_together_are_moved_apart() -> None:
    names = ["nothing", *SIX]
    runs = [
        [make_run(name, future, level=0.2 + 1e-6 * number) for number, name in enumerate(names)] for future in range(2)
    ]
    axes = plots.paths(make_comparison(runs))
    FigureCanvasAgg(axes.figure).draw()
    boxes = sorted((Text.get_window_extent(text) for text in axes.texts), key=lambda box: box.y0)
    assert len(boxes) == 7
    for below, above in pairwise(boxes):
        assert above.y0 >= below.y1 - 1


def test_differences_show_dots_intervals_and_words() -> None:
    comparison = toy(20)
    axes = plots.differences(comparison, "poverty_gap")
    row = comparison.differences.where(policy="skills", outcome="poverty_gap")
    drawn = [line.get_xdata() for line in axes.lines]
    assert any(np.allclose(x, 100 * np.r_[row["low"], row["high"]]) for x in drawn if len(x) == 2)
    assert any(np.allclose(x, 100 * row["mean"]) for x in drawn if len(x) == 1)
    assert texts(axes) == ["better in 100 of 100 futures"] * 2
    assert [label.get_text() for label in axes.get_yticklabels()] == ["skills (en)", "mix (en)"]
    assert "nothing (en)" in axes.get_title(loc="left")


def test_no_difference_is_said_in_words() -> None:
    same = make_comparison([[make_run("nothing", f), make_run("twin", f)] for f in range(3)])
    assert texts(plots.differences(same)) == ["no difference"]


def test_winners_go_right_and_losers_left() -> None:
    comparison = toy(3)
    axes = plots.winners(comparison)
    widths = [patch.get_width() for patch in axes.patches]
    shares = comparison.winners.where(policy="skills", dimension="all")
    assert widths[:2] == pytest.approx(
        [100 * shares.one("mean", figure="better"), -100 * shares.one("mean", figure="worse")]
    )
    assert widths[0] > 0 > widths[1]
    by_group = plots.winners(comparison, policy="mix", by="quintile")
    assert [label.get_text() for label in by_group.get_yticklabels()] == [f"Quintile {n}" for n in range(1, 6)]


def test_a_policy_or_a_group_that_is_not_there_is_told_and_draws_nothing() -> None:
    comparison = toy(3)
    for draw in (plots.paths, plots.effects):
        with pytest.raises(
            SimulationError, match=r"policies: expected a policy of the comparison .* did you mean skills"
        ):
            draw(comparison, policies=["skils"])
    with pytest.raises(SimulationError, match=r"policy: expected a policy .* did you mean mix"):
        plots.winners(comparison, policy="mixx")
    with pytest.raises(SimulationError, match=r"by: expected groups \(.*quintile.*\), found 'age'"):
        plots.winners(comparison, policy="mix", by="age")


def test_words_are_indonesian_when_asked() -> None:
    axes = plots.paths(toy(5), lang="id")
    assert axes.get_title(loc="left") == "Persentase penduduk miskin (P0), %"
    assert "mix (id)" in texts(axes)
    assert texts(plots.differences(toy(5), lang="id"))[0] == "lebih baik dalam 100 dari 100 kemungkinan"


def test_every_name_is_there_in_both_languages() -> None:
    wanted = set(OUTCOMES) | {measure.name for measure in MEASURES}
    assert {f"names.{name}" for name in wanted} <= set(entries())


def test_axes_of_the_user_are_used_and_returned() -> None:
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert plots.paths(toy(3), "mean_consumption", ax=left) is left
    assert plots.differences(toy(3), ax=right) is right


def test_pyplot_and_the_backend_are_left_alone() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, 'tests'); from helpers_runs import toy; from empowersim.fronts import plots; "
        "plots.paths(toy(2)); plots.winners(toy(2)); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1], env=_environment())


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}


def test_a_measure_with_holes_is_drawn_where_it_exists() -> None:
    holes = np.full(24, np.nan)
    holes[11], holes[23] = 0.3, 0.4
    runs = [[with_measure(make_run("nothing", f), "schooling", holes)] for f in range(2)]
    axes = plots.paths(make_comparison(runs), "schooling")
    assert texts(axes) == ["nothing (en)"]
    assert "30.0 % to 40.0 %" in plots.describe_paths(make_comparison(runs), "schooling")


def test_unknown_names_are_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="no measure 'poverty'; there are poverty_headcount"):
        plots.paths(toy(2), "poverty")
    with pytest.raises(KeyError, match="no outcome 'happiness'"):
        plots.differences(toy(2), "happiness")


def test_saved_figures_are_real_pictures(tmp_path: Path) -> None:
    files = plots.save_figures(toy(4, SIX), tmp_path)
    assert tuple(path.name for path in files) == plots.FIGURES
    for path in files:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
            if path.name == "paths.png":
                assert "mix" not in picture.info["Description"]
                assert "f (en): 2" not in picture.info["Description"]
                assert picture.info["Description"].startswith("Poverty rate (P0), 2 years. nothing (en):")
        assert min(pixels.shape[:2]) > 400
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    assert [path.name for path in plots.save_figures(make_comparison([[make_run()]]), tmp_path)] == ["paths.png"]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=10), st.floats(0.1, 8))
def test_spread_keeps_order_and_distance(wanted: list[float], gap: float) -> None:
    placed = plots.spread(wanted, gap, -100, 100)
    order = np.argsort(wanted, kind="stable")
    steps = np.diff(np.array(placed)[order])
    assert (steps >= gap - 1e-9).all()
    assert min(placed) >= -100 - 1e-9
    assert max(placed) <= 100 + 1e-6


def test_spread_moves_nothing_that_has_room() -> None:
    assert plots.spread([5.0, 1.0, 9.0], 2.0, 0, 10) == [5.0, 1.0, 9.0]
    assert plots.spread([5.0, 5.0], 2.0, 0, 10) == [4.0, 6.0]


def test_effects_are_paired_differences_over_time() -> None:
    comparison = toy(6)
    axes = plots.effects(comparison, "poverty_gap")
    rows = comparison.paths.where(policy="mix", measure="poverty_gap")
    assert axes.lines[2].get_ydata() == pytest.approx(100 * rows["difference"])
    assert (axes.lines[0].get_ydata() == 0).all()
    assert texts(axes) == ["nothing (en)", "skills (en)", "mix (en)"]
    assert "percentage points" in axes.get_title(loc="left")
