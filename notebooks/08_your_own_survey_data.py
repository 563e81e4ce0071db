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
# # 8. Your own survey data
#
# You have a household survey of a district: a file with codes, gaps and weights. Which programme would do most for
# *these* households? This notebook takes a survey file to a comparison: map its columns, see what the program read and
# what it made up, choose a poverty line, compare.
#
# A survey of real people is not ours to hand out. So the first cell makes a small one that looks like one. With a file
# of your own, skip that cell.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import empowersim as es
from empowersim.scenario.survey_files import read_survey

folder = Path(tempfile.mkdtemp())
draw = np.random.default_rng(2026)

villages = pd.DataFrame({"psu": np.arange(101, 141)})
villages["area"] = np.where(draw.random(40) < 0.4, 1, 2)  # 1 town, 2 village with a road
villages["level"] = draw.normal(0, 0.22, 40) + 0.6 * (villages.area == 1)
survey = villages.loc[villages.index.repeat(15)].reset_index(drop=True)
count = len(survey)
survey["hh"] = survey.groupby("psu").cumcount() + 1
survey["hhsize"] = np.clip(draw.poisson(3.4, count) + 1, 1, 12)
education = draw.choice(["none", "SD", "SMP", "SMA", "D3/S1"], count, p=[0.08, 0.34, 0.22, 0.28, 0.08])
years = pd.Series(education).map({"none": 0, "SD": 6, "SMP": 9, "SMA": 12, "D3/S1": 15}).to_numpy()
person = np.exp(13.45 + survey.level + 0.05 * (years - 8) - 0.05 * (survey.hhsize - 4) + draw.normal(0, 0.42, count))
survey["exp_k"] = (person * survey.hhsize / 1000).round().astype(int)  # thousand rupiah a month, the household
survey["educ"] = education
survey["sex_head"] = draw.choice([1, 2], count, p=[0.86, 0.14])  # 1 man, 2 woman
survey["days_ill"] = draw.choice([0, 0, 0, 0, 0, 0, 2, 10], count)
survey["wgt"] = np.where(
    survey.area == 1, 420, 140
)  # towns were sampled thinly: each of their households stands for more
survey.loc[draw.random(count) < 0.06, "educ"] = "NA"
survey = survey.drop(columns="level")
survey.loc[draw.choice(count, 9, replace=False), "exp_k"] = pd.NA
survey.to_csv(folder / "district.csv", index=False)
survey.head()

# %% [markdown]
# ## The mapping: which column is what
#
# A scenario names the file and says for each of *our* columns where it stands in *yours*, and how its cells become
# numbers:
#
# - `size: hhsize` takes a column as it is;
# - `times: 1000` changes the unit, `transform: exp` undoes a logarithm;
# - `equals: 2` makes 1 of the cells that say so, 0 of the others;
# - `levels: {SD: 6}` translates words, `bins: [1, 8]` cuts a number into classes.
#
# Two columns are needed beside consumption: the village (people who share a road and a market) and the size of the
# household.

# %%
SCENARIO = """
empowersim: 1
name: our_district
title: {en: Our district, id: Kabupaten kita}
reference: no_programme
base:
  world: {place: indonesia}             # roads, markets, shocks and prices, and whatever the survey does not know
  population:
    survey:
      file: district.csv
      kind: households
      poverty_line: 600000              # rupiah a person and month, the unit of consumption below
      columns:
        village: psu
        household: hh
        size: hhsize
        weight: wgt
        consumption: {column: exp_k, times: 1000}
        schooling_years: {column: educ, levels: {none: 0, SD: 6, SMP: 9, SMA: 12, D3/S1: 15}}
        female_head: {column: sex_head, equals: 2}
        illness: {column: days_ill, bins: [1, 8]}
        region: {column: area, levels: {1: urban, 2: rural_road}}
  simulation: {months: 48, replicates: 8, seed: 1}
policies:
  no_programme:
    label: {en: No programme, id: Tanpa program}
  skills:
    label: {en: Skills training, id: Pelatihan keterampilan}
    programmes: {skills_training: {budget: Rp 30 miliar/tahun}}
  business:
    label: {en: Entrepreneurship, id: Kewirausahaan}
    programmes: {entrepreneurship_training: {budget: Rp 30 miliar/tahun}}
  graduation:
    label: {en: Graduation package with mentors, id: Paket graduasi dengan pendamping}
    programmes: {graduation_package: {budget: Rp 22 miliar/tahun}}
    mentors: {budget: Rp 8 miliar/tahun, type: contract}
"""


def scenario_file(name="scenario", **changes):
    """Write the scenario to a file, with some pieces of its text replaced."""
    text = SCENARIO
    for old, new in changes.items():
        assert old in text, f"the scenario says nowhere {old!r}"
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


ours = scenario_file()
print(es.check(ours) or "The file is in order.")

# %% [markdown]
# ## Mistakes, told in words
#
# The first mapping is never right. Each mistake names the file, the line, what was expected and what was found; all of
# them at once.

# %%
wrong = scenario_file(
    "wrong", **{"village: psu": "village: PSU", "size: hhsize": "size: hh_size", "female_head:": "woman_head:"}
)
for problem in es.check(wrong):
    print(str(problem).replace(str(folder), "."))

# %% [markdown]
# A wrong key is seen without the data. A wrong column, or a word that nobody translated, is seen when the file is read:

# %%
for name, changes in {
    "columns": {"village: psu": "village: PSU", "size: hhsize": "size: hh_size"},
    "levels": {"SMP: 9, ": ""},
    "numbers": {"schooling_years: {column: educ, levels": "schooling_years: {column: educ}  # levels"},
}.items():
    try:
        es.simulate(scenario_file(name, **changes), months=1, replicates=1)
    except es.errors.PopulationError as error:
        print(error, end="\n\n")

# %% [markdown]
# ## What was read, and what was made up
#
# No program can see that your consumption is in thousands and your line in rupiah: then everybody is poor, and all the
# rest looks fine. The notes of a result say what was read, in plain sentences. Read them before any number.

# %%
first = es.simulate(ours, months=1, replicates=1)
for note in first.notes:
    print("-", note)

# %% [markdown]
# *Imputed* means: drawn from the relations of the place that the scenario names, household by household. Nothing was
# left at zero, and nothing was silently taken as the mean. Would you rather have asked for one of these columns in the
# next survey?
#
# ## Weights and the poverty line
#
# Towns were sampled thinly, so a household of a town stands for more. Whoever forgets that describes the sample, not
# the district.

# %%
columns = es.load(ours).survey.columns
read = read_survey(folder / "district.csv", columns, "households")
people = pd.DataFrame(dict(read.columns))
people["persons"] = people.weight * people["size"]
line = 600_000
rate = {
    "all rows alike": (people.consumption < line).mean(),
    "households, by weight": np.average(people.consumption < line, weights=people.weight),
    "persons, by weight": np.average(people.consumption < line, weights=people.persons),
}
for label, share in rate.items():
    print(f"{label:24s}{100 * share:5.1f} % below the line")

order = people.sort_values("consumption")
reached = 100 * order.persons.cumsum() / order.persons.sum()
plain = 100 * np.arange(1, len(order) + 1) / len(order)
figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
axes.plot(order.consumption / 1000, reached, color="#0072B2", label="persons, by weight")
axes.plot(order.consumption / 1000, plain, color="#999999", linestyle="--", label="all rows alike")
axes.axvline(line / 1000, color="#D55E00", label="the poverty line")
axes.set(xlabel="consumption, thousand Rp a person and month", ylabel="% that have less", xlim=(0, 2500))
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# The statistics office counts *persons*. If you know the official rate but your questionnaire measures consumption
# differently, give `headcount: 37 %` in place of `poverty_line`: the line is then set where that share of persons is
# poor, and the order of the households is all that your survey has to get right.
#
# ## The comparison
#
# Without `households` each household of the survey stands once. With it, households are drawn by weight, village by
# village; this is what a comparison of policies wants. All policies live through the same futures.

# %% tags=["docs"]
result = es.compare(ours, households=3000)
es.plots.differences(result, "poverty_headcount").figure

# %%
es.plots.effects(result, "poverty_headcount").figure

# %% [markdown]
# Who gains? The survey knows regions and starting consumption, so the answer can be split.

# %%
es.plots.winners(result, policy="graduation", by="quintile").figure

# %%
shown = {}
for outcome, times, unit in (
    ("poverty_headcount", 100, "points of the poverty rate"),
    ("bottom40_consumption", 1e-3, "thousand Rp a person and month, poorest 40 %"),
    ("cost", 1e-9, "Rp billion, whole horizon"),
):
    for policy in result.others:
        row = {
            name: times * result.differences.one(name, policy=policy, outcome=outcome)
            for name in ("mean", "low", "high")
        }
        shown[result.label(policy), unit] = f"{row['mean']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
pd.Series(shown).unstack()

# %% [markdown]
# ## Does the line decide?
#
# A line is a convention. Draw it a fifth lower and a fifth higher, and compare again. If the order of the policies
# turns, say so in the report.

# %%
rows = []
for shift in (0.8, 1.0, 1.2):
    path = scenario_file(f"line_{shift}", **{"poverty_line: 600000": f"poverty_line: {600_000 * shift:.0f}"})
    moved = es.compare(path, households=1500, replicates=6, months=36)
    table = moved.differences.to_pandas().query("outcome == 'poverty_headcount'")
    start = moved.outcomes.one("mean", policy="no_programme", outcome="poverty_headcount")
    rows += [(shift, 100 * start, moved.label(row.policy), 100 * row["mean"]) for _, row in table.iterrows()]
lines = pd.DataFrame(rows, columns=["line, times 600,000", "poor without, %", "policy", "points"])
lines.pivot(index=["line, times 600,000", "poor without, %"], columns="policy", values="points").round(2)

# %% [markdown]
# ## Gaps: which rows may be missing?
#
# Households without consumption are left out, if they are few; the program refuses a file in which they are many,
# because those who do not answer are not like those who do. `missing: 9` fills gaps with a value of *yours*, and says
# so in the notes: an assumption with your name on it.

# %%
gaps = survey.copy()
rich = gaps.exp_k.fillna(0) > gaps.exp_k.quantile(0.7)
gaps.loc[rich & (draw.random(count) < 0.7), "exp_k"] = pd.NA  # the better-off do not open the door
gaps.to_csv(folder / "gaps.csv", index=False)
try:
    es.simulate(scenario_file("gaps", **{"district.csv": "gaps.csv"}), months=1, replicates=1)
except es.errors.PopulationError as error:
    print(error)

# %% [markdown]
# ## A file of persons
#
# Many surveys have a row a *person*. `kind: members` counts them, and takes the schooling of the best-educated adult
# and the illness of those who earn.

# %%
persons = survey.loc[survey.index.repeat(survey.hhsize)].reset_index(drop=True)
persons["age"] = np.where(persons.groupby(["psu", "hh"]).cumcount() < 2, draw.integers(20, 60, len(persons)), 0)
persons.loc[persons.age == 0, "age"] = draw.integers(0, 30, int((persons.age == 0).sum()))
persons["enrolled"] = np.where(persons.age.between(7, 15), (draw.random(len(persons)) < 0.94).astype(int), 0)
persons.to_csv(folder / "persons.csv", index=False)

members = scenario_file(
    "members",
    **{
        "district.csv": "persons.csv",
        "kind: households": "kind: members",
        "size: hhsize": "age: age\n        in_school: enrolled",
        "female_head: {column: sex_head, equals: 2}": "# who heads the household is imputed",
    },
)
for note in es.simulate(members, months=1, replicates=1).notes[:4]:
    print("-", note)

# %% [markdown]
# ## A real survey
#
# `scenarios/survey-vietnam.yaml` maps the Vietnam Living Standards Survey of 1997-98. The data are not in the package;
# if you have not got them, the program says how to get them.

# %%
try:
    vlss = es.simulate("survey-vietnam", months=12, replicates=1, households=2000)
    for note in vlss.notes:
        print("-", note)
except es.errors.PopulationError as error:
    for problem in error.problems:
        print(f"expected {problem.expected}; {problem.remedy}")

# %% [markdown]
# ## Exercises
#
# **1.** Forget the weights (take the line `weight: wgt` out). How far does the poverty rate of the first month move?
#
# <details><summary>Answer</summary>
#
# ```python
# flat = scenario_file("flat", **{"        weight: wgt\n": ""})
# for name, path in (("with weights", ours), ("without", flat)):
#     start = es.simulate(path, months=1, replicates=4, households=3000)
#     print(name, f"{100 * start.outcomes.one('mean', outcome='poverty_headcount'):.1f} % of persons are poor")
# ```
#
# </details>
#
# **2.** Set the line so that 25 % of persons are poor, and let the notes tell you where it stands.
#
# <details><summary>Answer</summary>
#
# ```python
# quarter = scenario_file("quarter", **{"poverty_line: 600000 ": "headcount: 25 % "})
# print(next(note for note in es.simulate(quarter, months=1, replicates=1).notes if "poverty line" in note))
# ```
#
# </details>
#
# **3.** What does your survey change? Compare the same policies on households that the program makes itself for the
# place `indonesia`.
#
# <details><summary>Answer</summary>
#
# ```python
# start, rest = SCENARIO.split("  population:")
# made = start + "  simulation:" + rest.split("  simulation:")[1]
# made = made.replace("{place: indonesia}", f"{{place: indonesia, households: {int(survey.wgt.sum())}}}")
# (folder / "made.yaml").write_text(made, encoding="utf-8")
# other = es.compare(folder / "made.yaml", households=3000, replicates=6)
# tables = [one.differences.to_pandas().assign(households=name) for name, one in (("ours", result), ("made", other))]
# both = pd.concat(tables).query("outcome == 'poverty_headcount'")
# print(both.pivot(index="policy", columns="households", values="mean").mul(100).round(2))  # percentage points
# ```
#
# Poverty rates differ, so the same money meets more or fewer poor households. Say which population a result is about.
#
# </details>
#
# **4.** Take the schooling column out of the mapping. Which numbers of the comparison change, and by how much against
# their intervals?
#
# <details><summary>Answer</summary>
#
# ```python
# column = "        schooling_years: {column: educ, levels: {none: 0, SD: 6, SMP: 9, SMA: 12, D3/S1: 15}}\n"
# without = es.compare(scenario_file("without", **{column: ""}), households=3000, replicates=6)
# for name, one in (("schooling read", result), ("schooling imputed", without)):
#     row = one.differences.where(policy="skills", outcome="poverty_headcount").to_pandas().iloc[0]
#     print(f"{name}: {100 * row['mean']:.2f} points ({100 * row['low']:.2f} to {100 * row['high']:.2f})")
# ```
#
# </details>
#
# *More:* [Your own survey](../docs/howto/own-survey.md), and the [scenario format](../docs/scenario-format.md).
