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
# # 6. Sensitivity and uncertainty
#
# The same money for courses in a trade, or for courses in business with a little capital: which does more for the
# poorest 40 %? A model gives a number at once. But it stands on many figures that nobody measured in this city. Three
# questions for an honest answer:
#
# 1. **How sure is it?** How much of the doubt is chance, how much is not knowing the figures?
# 2. **What does it hang on?** Which of the figures move the *decision*?
# 3. **What would have to be true** for the answer to turn?

# %%
# %matplotlib inline
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import empowersim as es
from empowersim.experiments.discovery import discover
from empowersim.experiments.sweep_variance import variance_split
from empowersim.fronts.evidence_api import calibrated_spread
from empowersim.fronts.sensitivity_plots import morris_scatter, sobol_bars

scenario = es.load("medan")
folder = Path(tempfile.mkdtemp())

A, B = "entrepreneurship", "skills_training"  # the question: A instead of B
OUTCOME = "bottom40_consumption"  # rupiah a person and month, mean of the poorest 40 %
small = {"households": 400, "months": 36}  # small, so that the notebook is quick; exercise 1 asks for more

# %% [markdown]
# ## What the answer stands on
#
# Every figure of the model has a passport: its value, its bounds, its source, and a grade. A was read in a source, B is
# well known or fitted to evidence, C is assumed. How many of each does this scenario use?

# %%
passports = json.loads(es.cite(scenario, format="json"))
figure, axes = plt.subplots(figsize=(8, 2.4), layout="constrained")
for place, (grade, meaning) in enumerate(passports["confidence"].items()):
    count = len(passports["figures"][grade])
    axes.barh(place, count, color=["#009E73", "#0072B2", "#D55E00"][place])
    axes.text(count, place, f"  {count}", va="center")
axes.set_yticks(range(3), [f"{grade}: {meaning}" for grade, meaning in passports["confidence"].items()])
axes.invert_yaxis()
axes.set_xlabel("figures that the scenario uses")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Two kinds of not knowing
#
# *Chance* is what differs between futures when all figures are known: who falls ill, whose job ends. More futures
# shrink it. *Parameters* are what we do not know. No number of futures shrinks that; only evidence does.
#
# A **sweep** crosses the two. Sixteen draws of the figures (those that were fitted come from the calibrated ensemble,
# which knows what the evidence leaves open; those that were assumed move between the bounds of their passports), each
# in the same six futures.

# %%
design = folder / "known.yaml"
design.write_text(
    f"""
sweep: 1
name: known
scenario: {json.dumps(str(Path(scenario.path).resolve()))}
policies: [{B}, {A}]
households: {small["households"]}
months: {small["months"]}
replicates: 6
outcomes: [bottom40_consumption, poverty_gap, empowerment_index, cost]
uncertain: {{ensemble: calibrated, parameters: assumed, draws: 16, method: sobol, seed: 1}}
""",
    encoding="utf-8",
)
report = es.sweep(design, folder / "known", executor="serial", threads=2)
print(f"{report.made} runs: {report.draws} draws x {report.replicates} futures, all policies in each")

# %% [markdown]
# Reading a sweep back is one call, and one question in SQL. How often is A better than B?

# %%
tables = es.read_sweep(folder / "known")
tables.sql(f"""
    select count(*) as runs,
           avg((a.{OUTCOME} > b.{OUTCOME})::int) as share_in_which_the_poorest_40_have_more_with_a,
           avg((a.poverty_gap < b.poverty_gap)::int) as share_in_which_a_leaves_a_smaller_poverty_gap,
           avg((a.cost < b.cost)::int) as share_in_which_a_costs_less
    from results a join results b using (draw, replicate)
    where a.policy = '{A}' and b.policy = '{B}'
""").to_pandas().T

# %% tags=["docs"]
frame = tables.pandas().pivot_table(index=["draw", "replicate"], columns="policy", values=OUTCOME)
frame["difference"] = frame[A] - frame[B]

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for panel, column, title in zip(axes, (A, "difference"), (f"level under {A}", f"{A} minus {B}"), strict=True):
    ranks = frame.groupby("draw")[column].mean().sort_values().index
    for place, draw in enumerate(ranks):
        values = frame.loc[draw, column]
        panel.plot([place] * len(values), values / 1000, "o", color="#0072B2", alpha=0.45, markersize=5)
        panel.plot(place, values.mean() / 1000, "_", color="#D55E00", markersize=16, markeredgewidth=2.5)
    panel.set(xlabel="draws of the figures, sorted", title=title)
axes[0].set_ylabel("consumption of the poorest 40 %,\nthousand Rp a person and month")
axes[1].axhline(0, color="#555555", linestyle="--", linewidth=1)
axes[1].plot([], [], "o", color="#0072B2", label="a future")
axes[1].plot([], [], "_", color="#D55E00", markersize=16, markeredgewidth=2.5, label="mean of a draw")
axes[1].legend(frameon=False)
plt.show()

# %% [markdown]
# A column of dots is chance; the steps from column to column are the figures. The law of total variance adds the two
# up:

# %%
rows = {}
for name in (OUTCOME, "empowerment_index"):
    for label, against in ((f"{name}: level", None), (f"{name}: difference", B)):
        (split,) = variance_split(tables, name, A, versus=against)
        rows[label] = {
            "mean": split.mean,
            "s.d. by chance": np.sqrt(max(split.chance, 0)),
            "s.d. by parameters": np.sqrt(max(split.parameters, 0)),
            "share of parameters": split.share,
            "its error": split.share_error,
        }
pd.DataFrame(rows).T.map(lambda value: f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4f}")

# %% [markdown]
# Compare the rows of the level with those of the **difference**: both policies live through the same futures under the
# same figures, and what they share cancels. Then compare the columns: an interval over futures alone, which
# `es.compare` prints, covers only "by chance".
#
# ## What does the decision hang on? A screening
#
# Morris' method moves one input at a time along random paths, all through the same futures. It is cheap, so it can look
# at all figures on income and on programmes at once. `mu*` is how much the difference between A and B moves, on
# average, when an input goes from its low to its high end; `sigma` is large where that depends on the other inputs.

# %%
ask = {"policy": A, "against": B, "outcomes": [OUTCOME, "poverty_gap"], "futures": 2, **small}
screened = es.sensitivity(scenario, ["income", "programmes"], samples=6, **ask)
morris_scatter(screened, OUTCOME).figure

# %%
print(f"{len(screened.inputs)} inputs, {len(screened.values)} runs of {screened.futures} futures.")
print(f"{len(screened.idle(OUTCOME))} inputs changed no bit of the answer in any run: they play no part here.")
luck = screened.chance[OUTCOME]
print(f"Of the variance between runs {100 * luck.left:.0f} % is luck, though all live through the same futures;")
print(f"had each run had futures of its own, {100 * luck.unpaired:.0f} % of what we see would be.")
screened.to_frame(OUTCOME)[["input", "mu", "mu_star", "low", "high", "sigma"]].head(6).round(0)

# %% [markdown]
# ### Bounds, or what the evidence leaves open?
#
# The bounds of a passport say what is *possible*. Some inputs have been fitted to published trials, and the calibrated
# ensemble says what is still *open*. An input that is important over its bounds and hardly moves anything over the
# ensemble has been settled by evidence. (Both bars carry the error of a short screening: read large differences, not
# small ones.)

# %%
leaders = [one.name for one in screened.ranked(OUTCOME)[:10]]
known = es.sensitivity(scenario, leaders, samples=10, spread=calibrated_spread(), **ask)
both = pd.DataFrame(
    {
        "over its bounds": screened.to_frame(OUTCOME).set_index("input").mu_star,
        "after the evidence": known.to_frame(OUTCOME).set_index("input").mu_star,
    }
).sort_values("over its bounds", ascending=False)
axes = both.head(len(leaders))[::-1].plot.barh(figsize=(9, 4.4), color=["#999999", "#0072B2"], width=0.75)
axes.set(xlabel="mu*: mean effect on the difference, Rp a person and month", ylabel="")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Shares of the variance
#
# Sobol's method costs more and says more: which share of the variance an input makes alone (first), and in how much it
# has any part (total). It is for the few that are left.

# %%
few = [one.name for one in known.ranked(OUTCOME)[:4]]
shares = es.sensitivity(scenario, few, method="sobol", samples=64, spread=calibrated_spread(), **ask)
sobol_bars(shares, OUTCOME).figure

# %% [markdown]
# First indices that add up to about one mean that the inputs act side by side. Where `total` stands well above `first`,
# an input works through others: which policy would change that?
#
# ## What would change the answer?
#
# The runs are all still there: `values` are the inputs, `answers` the differences, future by future. Plot the
# difference against the input that matters most.

# %%
top = shares.ranked(OUTCOME)[0].name
column = [one.name for one in shares.inputs].index(top)
given, answer = shares.values[:, column], shares.answers[:, :, 0].mean(axis=1)
slope, level = np.polyfit(given, answer, 1)
turn = -level / slope

figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
axes.scatter(given, answer, s=14, alpha=0.6, color="#0072B2")
ends = np.array([given.min(), given.max()])
axes.plot(ends, level + slope * ends, color="#D55E00", label="straight line through the runs")
axes.axhline(0, color="#555555", linestyle="--", linewidth=1)
if ends[0] < turn < ends[1]:
    axes.axvline(turn, color="#009E73", linestyle=":", linewidth=2, label=f"the line turns at {turn:.3g}")
axes.set(xlabel=top.replace("_", " "), ylabel=f"{A} minus {B}, Rp a month")
axes.legend(frameon=False)
plt.show()

# %%
print(
    "The line turns inside what is open." if ends[0] < turn < ends[1] else "Inside what is open the line does not turn."
)

# %% [markdown]
# ### A corner of the unknown
#
# One input at a time may miss a corner. **Scenario discovery** (PRIM) takes runs of interest and looks for a box of
# inputs that holds most of them. Here: the quarter of the runs in which A does best against B. No new run is needed.
# (For a design of your own with levers and switches, `es.adapters.ema_model` hands the scenario to ema_workbench.)

# %%
runs = pd.DataFrame(shares.values, columns=[one.name for one in shares.inputs])
best = answer >= np.quantile(answer, 0.75)
(box,) = discover(runs, best, density=0.8)
print(box)
inside = np.array([box.holds(row) for row in runs.to_dict("records")])
ahead, ahead_inside = np.mean(answer > 0), np.mean(answer[inside] > 0)
print(f"A is ahead of B in {100 * ahead:.0f} of 100 runs, and in {100 * ahead_inside:.0f} of 100 inside the box.")

# %%
names = [limit.name for limit in box.limits][:2] or few[:1]
x, y = (names + [name for name in few if name not in names])[:2]
figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
for mask, label, marker, colour in ((~best, "the other runs", "o", "#999999"), (best, "A does best", "D", "#D55E00")):
    axes.scatter(runs[x][mask], runs[y][mask], s=26, alpha=0.7, marker=marker, color=colour, label=label)
limits = {limit.name: (limit.low, limit.high) for limit in box.limits}
(left, right), (low, high) = (limits.get(name, (runs[name].min(), runs[name].max())) for name in (x, y))
axes.add_patch(plt.Rectangle((left, low), right - left, high - low, fill=False, linewidth=2, label="the box"))
axes.set(xlabel=x.replace("_", " "), ylabel=y.replace("_", " "))
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# Read a box as a question to the world, not as a finding: *is our city in this corner?* That is the survey, or the
# pilot, that is worth its money. `es.decide` puts a price on it.
#
# ## Exercises
#
# **1.** How much of the luck goes if there are four times as many households? Screen the three leading inputs with 400
# and with 1,600 households, and compare the `chance` of both outcomes.
#
# <details><summary>Answer</summary>
#
# ```python
# for households in (400, 1600):
#     of_size = {**ask, "households": households}
#     found = es.sensitivity(scenario, leaders[:3], samples=4, **of_size)
#     for name in found.outcomes:
#         print(f"{households} households, {name}: {100 * found.chance[name].left:.0f} % of the variance is luck")
# ```
#
# Poverty counts households near a line; a few hundred of them are few.
#
# </details>
#
# **2.** Screen the *level* under A instead of the difference (leave out `against`). Do the same inputs lead? Why?
#
# <details><summary>Answer</summary>
#
# ```python
# alone = {name: value for name, value in ask.items() if name != "against"}
# level = es.sensitivity(scenario, ["income", "programmes"], samples=4, **alone)
# print("level:     ", [one.name for one in level.ranked(OUTCOME)[:5]])
# print("difference:", [one.name for one in screened.ranked(OUTCOME)[:5]])
# ```
#
# What moves everybody moves the level, and cancels in the difference. Ask for the difference if you have to choose.
#
# </details>
#
# **3.** Is it the money? Let the budget of A move as well: a *lever* is a key path of the scenario file.
#
# <details><summary>Answer</summary>
#
# ```python
# budget = f"policies.{A}.programmes.entrepreneurship_training.budget=30..90 billion IDR/year"
# moved = es.sensitivity(scenario, [*few, budget], samples=8, spread=calibrated_spread(), **ask)
# print(moved.to_frame(OUTCOME)[["input", "mu", "mu_star", "sigma"]].round(0))
# ```
#
# `mu` has a sign: how much does half as much or half as much again of the money do, beside what nobody knows?
#
# </details>
#
# **4.** Ask the sweep another question in SQL: in which draw does A do best, and what does it cost there?
#
# <details><summary>Answer</summary>
#
# ```python
# print(
#     tables.sql(f"""
#         select draw, avg(a.{OUTCOME} - b.{OUTCOME}) as gain, avg(a.cost - b.cost) / 1e9 as billion
#         from results a join results b using (draw, replicate)
#         where a.policy = '{A}' and b.policy = '{B}'
#         group by draw order by gain desc limit 3
#     """).to_pandas()
# )
# ```
#
# </details>
#
# *More:* [sensitivity](../docs/howto/sensitivity.md), [sweeps](../docs/howto/sweep.md), [scenario
# discovery](../docs/howto/scenario-discovery.md), [decisions](../docs/howto/decide.md).
