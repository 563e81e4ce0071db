"""What Mesa and its users expect: laziness, DataCollector, versions, and nothing that a later Mesa takes away."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from pathlib import Path

import mesa
import numpy as np
import pytest
from helpers_abm import model
from mesa.datacollection import DataCollector

from empowersim.abm import HouseholdAgent, MentorAgent
from empowersim.abm.agents import RowAgent
from empowersim.abm.collect import SERIES
from empowersim.abm.compat import check_version
from empowersim.errors import EmpowersimError

ROOT = Path(__file__).resolve().parents[1]


def made_agents() -> int:
    gc.collect()
    return sum(isinstance(one, RowAgent) for one in gc.get_objects())


def test_a_million_households_cost_no_agent_until_one_is_touched():
    before = made_agents()
    large = model("everything", households=1_000_000, months=1)
    large.step()
    assert len(large.households) == 1_000_000
    assert len(large.agents) > 1_000_000
    assert large.households.agg("consumption", np.mean) > 0
    poor = large.households.select("poor")
    assert 0 < len(poor) < 1_000_000
    assert sum(large.households.groupby("region").count().values()) == 1_000_000
    assert len(large.households.sort("consumption")[:10]) == 10
    assert made_agents() == before
    held = large.households[999_999]
    also = poor[0]
    assert (held.row, also.poor) == (999_999, True)
    assert made_agents() == before + 2
    del held, also
    assert made_agents() == before


def test_agents_are_forgotten_unless_they_carry_something():
    made = model(households=40, months=1)
    before = made_agents()
    made.households.do(lambda agent: agent.consumption)
    assert made_agents() == before
    made.households[7].colour = "green"
    assert made_agents() == before + 1
    assert made.households[7].colour == "green"
    assert made.households.select(lambda agent: getattr(agent, "colour", "") == "green").rows.tolist() == [7]


def test_reporters_of_your_own():
    made = model(
        households=60,
        months=3,
        model_reporters={"richest": lambda m: m.households.agg("consumption", max), "lived": "month"},
        agent_reporters={"consumption": "consumption", "place": "region", "double": lambda home: 2 * home.consumption},
        agenttype_reporters={MentorAgent: {"burnout": "burnout"}},
    )
    made.run()
    frame = made.datacollector.get_model_vars_dataframe()
    assert list(frame.columns) == [*SERIES, "richest", "lived"]
    assert frame["lived"].tolist() == [1, 2, 3]
    assert frame["richest"].iloc[-1] == made.column("consumption").max()
    homes = made.datacollector.get_agent_vars_dataframe()
    assert list(homes.index.names) == ["Step", "AgentID"]
    assert homes.shape == (180, 3)
    last = homes.loc[3]
    assert last.index.tolist() == made.column("household_id").tolist()
    assert last["consumption"].tolist() == made.column("consumption").tolist()
    assert (last["double"] == 2 * last["consumption"]).all()
    assert set(last["place"]) == set(made.households.get("region"))
    mentors = made.datacollector.get_agenttype_vars_dataframe(MentorAgent)
    assert len(mentors) == 3 * len(made.mentors)
    assert mentors["burnout"].iloc[-1] == made.mentors[-1].burnout


def test_without_reporters_of_households_the_frame_is_refused_as_in_mesa():
    made = model(households=40, months=1)
    with pytest.raises(UserWarning, match="agent_reporters"):
        made.datacollector.get_agent_vars_dataframe()


def test_a_collector_of_mesa_itself_works():
    made = model(households=40, months=2)
    plain = DataCollector(
        model_reporters={"poor": lambda m: m.households.agg("poor", np.mean)},
        agenttype_reporters={HouseholdAgent: {"savings": "savings"}},
    )
    for _ in range(2):
        made.step()
        plain.collect(made)
    assert len(plain.get_model_vars_dataframe()) == 2
    assert len(plain.get_agenttype_vars_dataframe(HouseholdAgent)) == 80


def test_before_the_first_month_there_is_nothing_to_plot_but_the_columns():
    frame = model(households=40).datacollector.get_model_vars_dataframe()
    assert frame.shape == (0, len(SERIES))


def test_mesa_counts_the_steps_and_runs_the_model():
    made = model(households=40, months=3)
    assert (made.month, made.running) == (0, True)
    made.run_model()
    assert (made.month, made.running) == (3, False)
    assert getattr(made, "steps", 3) == 3, "until Mesa 4, which counts time only"
    assert isinstance(made, mesa.Model)


@pytest.mark.parametrize("version", ["3.3.0", "3.3.1", "3.5.1", "4.0.0a0", "4.1"])
def test_versions_that_carry_the_model(version):
    check_version(version)


@pytest.mark.parametrize(("version", "age"), [("3.2.9", "older"), ("2.4.0", "older"), ("5.0.0", "newer")])
def test_versions_that_do_not_are_refused_with_the_remedy(version, age):
    with pytest.raises(EmpowersimError) as caught:
        check_version(version)
    assert f"expected Mesa 3.3 to 4, found {version}, which is {age}" in str(caught.value)
    assert "pip install 'mesa>=3.3,<5'" in str(caught.value)


def test_without_mesa_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['mesa'] = None\n"
        "from empowersim.errors import EmpowersimError\n"
        "try:\n    import empowersim.abm\n"
        "except EmpowersimError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "needs Mesa" in done.stdout
    assert "pip install 'mesa>=3.3,<5'" in done.stdout


def test_the_package_does_not_import_it_unasked():
    code = "import sys, empowersim; empowersim.plots; print([n for n in sys.modules if n.startswith('empowersim.abm')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_nothing_that_mesa_will_take_away_is_used():
    """All warnings are errors, pending ones too, while a model is made, lived and asked."""
    code = """
import warnings
warnings.simplefilter("error")
import sys; sys.path.insert(0, "tests")
from helpers_abm import model
from empowersim.abm import HouseholdAgent
made = model(households=40, months=2, engine="agents", agent_reporters={"x": "savings"})
made.run()
made.agents.select(agent_type=HouseholdAgent)[:3].to_list()
made.households.groupby("region").agg("savings", sum)
made.households.shuffle().sort("savings").do(lambda agent: agent.village)
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip() == "done", done.stderr


def test_the_examples_of_the_page_run(monkeypatch, capsys):
    """In their order, as a reader would paste them in the root of the project."""
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/howto/mesa.md").read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 5
    space = {"__name__": "examples"}
    for block in blocks:
        exec(compile(block, "mesa.md", "exec"), space)
    assert "12 <600 households>" in capsys.readouterr().out
