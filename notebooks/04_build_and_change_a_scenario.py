# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Build and change a scenario
#
# You plan for a district of your own: 90,000 households, Rp 20 billion a year. **Courses, or mentors? And what about
# the savings group that a colleague has seen work?**
#
# A question is put to the model in a text file, the *scenario*: one world, and policies that say only what they do
# differently. This notebook writes one, makes mistakes, mends them, adds a programme that does not exist yet, and
# moves everything to an island.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import empowersim as es

folder = Path(tempfile.mkdtemp())  # our files go here


def write(name, text):
    """Write a scenario file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# %% [markdown]
# ## What there is to choose from
#
# Places say what a district is like (poverty line, roads, harvests). Programmes say what a course or a grant does and
# costs. Both come with their sources.

# %%
pd.DataFrame(
    [
        {"place": one["name"], "what": one["title"]["en"], "region types": ", ".join(one["regions"])}
        for one in es.places()
    ]
).set_index("place")

# %%
library = pd.DataFrame(
    [{"name": one["name"], "for": one["kind"], "what": one["label"]["en"]} for one in es.programmes()]
)
print(f"{len(library)} programmes, for households or for whole villages; some of them:")
library.iloc[::4].set_index("name")

# %% [markdown]
# ## A first draft
#
# Written in a hurry, with four mistakes. Can you find them before the program does?

# %%
draft = """
empowersim: 1
name: my_district
title: {en: Courses or mentors in my district}
reference: nothing

base:
  world: {place: peri_urbn, households: 90 thousand}
  simulation: {households: 1500, months: 48, burn_in: 24 months, replicates: 20, seed: 1}

policies:
  nothing:
    label: {en: Nothing}
  courses:
    label: {en: Courses}
    programmes:
      skills_trainning: {budget: 20 billion IDR}
  mentors:
    label: {en: Mentors}
    mentors: {budget: 20 billion IDR/year, type: contract, visits: twice a month}
"""
first = write("first.yaml", draft)
for problem in es.check(first):
    print(
        problem.line,
        problem.key,
        "\n    expected",
        problem.expected,
        "\n    found",
        problem.found,
        "\n   ",
        problem.remedy,
    )

# %% [markdown]
# Each problem says where it stands, what was expected, and a way out. All of a file are told at once. Mend these:

# %%
mended = (
    draft.replace("peri_urbn", "peri_urban")
    .replace("skills_trainning", "skills_training")
    .replace("twice a month", "2 visits/month")
)
for problem in es.check(write("first.yaml", mended)):
    print(problem)

# %% [markdown]
# The fourth had hidden behind the misspelt name: Rp 20 billion, but in which time? Nothing is guessed. A flow of
# money without its period is an error.

# %%
mended = mended.replace("{budget: 20 billion IDR}", "{budget: 20 billion IDR/year}")
first = write("first.yaml", mended)
assert es.check(first) == ()
scenario = es.load(first)
print("\n".join(es.describe(scenario)))

# %% [markdown]
# Read these sentences as if somebody else had written the file. Is this what you *meant*? For instance: who may
# apply, how many places does the money buy, how many mentors, and whom do they visit?
#
# ## First answer

# %%
es.compare(scenario)

# %% [markdown]
# Look at the row of the mentors: their money is spent, and nothing has changed. The file had no mistake that a
# program can see. But mentors visit the households *of a programme*, and this policy has none. Did you notice it in
# the sentences above? Give them somebody to visit:

# %%
mended = mended.replace(
    "    mentors: {budget: 20 billion IDR/year, type: contract, visits: 2 visits/month}\n",
    "    programmes: {mentoring_only: {places: 8000 places/year}}\n"
    "    mentors: {budget: 20 billion IDR/year, type: contract, visits: 2 visits/month}\n",
)
first = write("first.yaml", mended)
scenario = es.load(first)
print(es.describe(scenario)[-1], "\n")
answer = es.compare(scenario)
answer

# %% [markdown]
# ## Change a lever
#
# Your colleague says: not more courses, but a **savings group** after the course, for women above all. The library
# has none. A programme of your own needs no code: `define` it by what it *gives*, and say where your numbers come
# from, even if the source is "assumed". `extends` lays the new file on the first one.

# %%
second = write(
    "second.yaml",
    """
extends: first.yaml
name: my_district_with_groups

define:
  savings_group:
    label: {en: Savings group}
    eligible: {consumption: {at_most: 1.5 lines}, female_head: {is: yes}}
    take_up: {value: 60 %, bounds: [30 %, 80 %], confidence: C, source: "assumed: groups that a colleague visited"}
    duration: 24 months
    gives: {saving: 5 % of income, sessions: 1 session/month, business: 0.2 courses}
    cost_per_month: {value: "40,000 IDR/month", bounds: ["20,000 IDR/month", "80,000 IDR/month"], confidence: C, source: "assumed"}

policies:
  courses_groups:
    label: {en: Courses and savings groups}
    like: courses
    programmes:
      skills_training: {budget: 15 billion IDR/year}
      savings_group: {budget: 5 billion IDR/year}
  half_half:
    label: {en: Half and half}
    programmes:
      skills_training: {budget: 10 billion IDR/year}
      mentoring_only: {places: 4000 places/year}
    mentors: {budget: 10 billion IDR/year, type: contract, visits: 2 visits/month}
""",
)
print("\n".join(es.diff(first, second)))

# %% [markdown]
# ## Did I change what I think I changed?
#
# Two policies can be laid side by side. Before you believe a difference in *results*, read the difference in
# *inputs*.

# %%
print("\n".join(es.diff(second, second, policies=("courses", "courses_groups"))))

# %%
wider = es.compare(second)
es.plots.differences(wider, "poverty_gap").figure

# %% [markdown]
# `nothing`, `courses` and `mentors` have the same results as in the first file, to the last digit, although two
# policies were added. (Why? See [notebook 3](03_comparing_mixes_honestly.ipynb).)

# %%
old, new = (found.to_frame().set_index(["policy", "outcome"])["mean"] for found in (answer, wider))
shared = old.index.intersection(new.index)
same = (old[shared] == new[shared]) | (old[shared].isna() & new[shared].isna())
print(f"{same.sum()} of {len(same)} numbers are the same.")
assert same.all()

# %% [markdown]
# ## Where does the money go?
#
# A budget is a ceiling. If nobody eligible asks for a place, it stays empty, and the money is not spent. Who could
# still join the savings group if it were open to all?

# %%
access = wider.to_pandas("access")
access = access[access.figure.isin(["places_offered", "places_filled"]) & (access.item != "all")]
places = access.pivot_table(index=["policy", "item"], columns="figure", values="mean")
places["filled"] = places.places_filled / places.places_offered
spent = wider.to_frame().query("outcome == 'cost'").set_index("label")["mean"] / 1e9
print((spent.rename("billion Rp spent in four years").round(1)).to_string(), "\n")
places.round({"places_offered": 0, "places_filled": 0, "filled": 2})

# %% [markdown]
# ## The same policies elsewhere
#
# What holds at the edge of a city need not hold on an island. One line changes the world; the policies stay.

# %%
island = write("island.yaml", "extends: second.yaml\nname: my_island\nbase: {world: {place: remote_islands}}\n")
there = es.compare(island)

# %% tags=["docs"]
figure, axes = plt.subplots(2, 1, figsize=(9, 7.4), sharex=True, layout="constrained")
for panel, found, title in zip(axes, (wider, there), ("edge of a city", "remote islands"), strict=True):
    es.plots.differences(found, "poverty_gap", ax=panel)
    panel.set_title(f"{title}: poverty gap, difference from nothing", loc="left", fontsize=11)
plt.show()

# %% [markdown]
# Which policies change places in the order, and which of them hang on roads? (A mentor on an island spends much of
# the day on the way.)

# %%
hours = pd.DataFrame(
    {
        name: found.to_pandas("mentors").query("policy == 'mentors'").set_index("figure")["mean"]
        for name, found in (("edge of a city", wider), ("remote islands", there))
    }
)
hours.loc[
    [
        "posts",
        "clients_per_mentor",
        "visits_per_client",
        "hours_visits",
        "hours_travel",
        "share_travel",
        "cost_per_client",
    ]
].map("{:,.2f}".format)

# %% [markdown]
# ## Mistakes that the program does not let you make
#
# What is asked for in Python is checked like what stands in a file.

# %%
for question in (
    {"policies": ["mentor"]},
    {"households": 0},
    {"months": 3.5},
):
    try:
        es.compare(scenario, **question)
    except es.errors.EmpowersimError as error:
        print(question, "->", error)

# %% [markdown]
# ## Keep it
#
# Results are kept with everything they depend on. Whoever opens the folder can tell which question it answers, and
# get the same numbers again.

# %%
kept = es.write_comparison(wider, folder / "result")
print(", ".join(sorted(path.name for path in kept)))
read = es.read_comparison(folder / "result")
print(read, "-", read.run_id)
assert read.to_json() == wider.to_json()

# %% [markdown]
# ## Exercises
#
# **1.** Let the mentors live on the island, and come from there. What does it cost, what does it bring? (Hint:
# `resident`, `local`.)
#
# <details><summary>Answer</summary>
#
# ```python
# resident = write(
#     "resident.yaml",
#     """
# extends: island.yaml
# name: resident
# policies:
#   resident_mentors:
#     label: {en: Resident mentors}
#     like: mentors
#     mentors: {resident: yes, local: yes}
# """,
# )
# print("\n".join(es.diff(resident, resident, policies=("mentors", "resident_mentors"))))
# found = es.compare(resident, policies=["mentors", "resident_mentors"])
# es.plots.differences(found, "poverty_gap").figure
# ```
#
# </details>
#
# **2.** The programme ends after two years. What is left of it after four? (Hint: `runs_for`.)
#
# <details><summary>Answer</summary>
#
# ```python
# text = """
# extends: second.yaml
# name: two_years
# policies:
#   courses: {runs_for: 2 years}
#   mentors: {runs_for: 2 years}
# """
# ended = es.compare(write("ended.yaml", text), policies=["courses", "mentors"])
# es.plots.effects(ended, "poverty_gap").figure
# ```
#
# </details>
#
# **3.** Your colleague's group costs Rp 80,000 a month, not 40,000. Does the order of the policies change?
#
# <details><summary>Answer</summary>
#
# ```python
# dear = write(
#     "dear.yaml",
#     'extends: second.yaml\nname: dear\ndefine: {savings_group: {cost_per_month: "80,000 IDR/month"}}\n',
# )
# for name, file in (("40,000", second), ("80,000", dear)):
#     rows = es.compare(file).to_frame().query("outcome == 'poverty_gap' and policy != 'nothing'").sort_values("difference")
#     print(name, " > ".join(rows.label))
# ```
#
# The money stays, so there are half as many places.
#
# </details>
#
# **4.** Which of the figures behind your answer were assumed, by you or by us? Find your own in the list.
#
# <details><summary>Answer</summary>
#
# ```python
# lines = es.cite(second).splitlines()
# own = [line for line in lines if "colleague" in line]
# print(lines[0], *own, sep="\n")
# assert own
# ```
#
# </details>
#
# *Next:* [a virtual trial and its power](05_a_virtual_trial_and_its_power.ipynb). *More:* [every key of a scenario
# file](../docs/scenario-format.md).
