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
# # 5. A virtual trial and its power
#
# A ministry is ready to pay for a package: a productive asset, a small stipend, a business course and a visit every
# week. Before it goes everywhere, it is to be tested in some villages. **In how many?** And if the study finds an
# effect, or finds none: how far may we believe it?
#
# A real study is run once, and nobody ever learns the truth. Here we run it as often as we like, and look the answer
# up.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import empowersim as es
from empowersim.fronts.trial_plots import power_curve, trial_estimates

folder = Path(tempfile.mkdtemp())  # our study files go here
pd.options.display.float_format = "{:.2f}".format

# %% [markdown]
# ## The study, in a file
#
# What a study is fits on a page: where it takes place, who takes part, what each arm gets, when people are asked, and
# what is estimated. `L` is a month of the household's poverty-line budget, so `6 lines` is an animal or a stock of
# goods worth half a year of it.

# %%
STUDY = """
trial: 1
title: "A package for poor villages"
context: {consumption: 0.9 lines, schooling_years: 5, literacy: 0.4}   # the median household lives below the line
population: {villages: 80, households_per_village: 20}
randomisation: {unit: village}                                         # half of the villages get the package
arms:
  control: {}
  treated:
    take_up: 70 %                                                      # not everybody accepts
    gives:
      grant: {asset_grant: 6 lines, month: 1}
      stipend: {stipend: 0.2 lines, months: 1-10}
      course: {business: 1 course, months: 1-4}
      visits: {visits: 4, health_group: 1, saving: 2 %, months: 1-24}
surveys: {24: {attrition: 6 %}}                                        # asked after two years; 6 % have moved away
estimates:
  consumption: {outcome: consumption, as: percent}
  consumption_of_takers: {outcome: consumption, as: percent, on: treated}
  productive_assets: {outcome: productive_assets, as: percent}
  consumption_sd: {outcome: consumption, as: sd}
  well_being_sd: {outcome: well_being, as: sd}
  empowerment_sd: {outcome: empowerment, as: sd}
"""


def study_file(name, **changes):
    """Write the study to a file, with some pieces of its text replaced."""
    text = STUDY
    for old, new in changes.items():
        assert old in text, f"the study says nowhere {old!r}"
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


study = study_file("package")

# %% [markdown]
# ## One study, as its authors would see it, and the truth
#
# `es.trial` draws the villages, gives the package out by lot, lets everybody live for two years, sends enumerators, and
# estimates. `value` to `p` are what the authors would print. `true_value` is what only a simulation knows: the same
# households, with the package minus without it, and no survey error.

# %%
found = es.trial(study)
columns = ["estimate", "scale", "value", "low", "high", "p", "true_value", "covered", "households", "clusters"]
found.to_frame()[columns]

# %%
axes = trial_estimates(found, scale="percent")
axes.figure.set_size_inches(9, 3.2)
axes.figure

# %% [markdown]
# *Before you go on:* which line would go into the press release? Would the press release be right?
#
# ## The same study, forty times
#
# Nothing changes but luck: which villages there are, who is drawn, who gets ill, what the enumerator writes down.

# %%
again = pd.concat([es.trial(study, replicate=number).to_frame().assign(study=number) for number in range(40)])
one = again[again.estimate == "consumption"].sort_values("value").reset_index(drop=True)

figure, axes = plt.subplots(figsize=(9, 4.6))
for place, row in one.iterrows():
    sure = row.p < 0.05
    axes.plot([place, place], [row.low, row.high], color="#0072B2" if sure else "#999999", linewidth=2)
    axes.plot(place, row.value, "o" if sure else "s", color="#0072B2" if sure else "#999999", markersize=5)
truth = one.true_value.mean()
axes.axhline(truth, color="#D55E00", label=f"the true effect: {truth:.1f} %")
axes.axhline(0, color="#555555", linestyle="--", linewidth=1)
axes.plot([], [], "o-", color="#0072B2", label="p below 0.05")
axes.plot([], [], "s-", color="#999999", label="not significant")
axes.set(xlabel="forty studies, in the order of what they find", ylabel="effect on consumption, %")
axes.legend(frameon=False)
plt.show()

# %%
significant = one[one.p < 0.05]
print(f"{len(significant)} of {len(one)} studies see the effect (p below 0.05): that share is the power.")
print(f"{int(one.covered.sum())} of {len(one)} intervals hold the true effect of their own households.")
print(
    f"Mean of all studies {one.value.mean():.1f} %, of the significant ones {significant.value.mean():.1f} %, "
    f"truth {truth:.1f} %."
)

# %% [markdown]
# The last line is worth a pause. If only significant results are published, what does a reader of journals believe?
#
# ## Offered, or taken?
#
# The effect on all to whom the package was **offered** (intention to treat, ITT) says what the policy does. The effect
# on those who **took** it says what the package does. The second is not the difference between takers and others: it
# divides the ITT by the share that took, with assignment as the instrument. Here is the arithmetic, from the
# households' own answers.

# %%
homes = found.households()
asked = homes[homes.found]
means = asked.groupby("arm").consumption.mean()
share = asked[asked.arm == "treated"].accepted.mean()
itt = means["treated"] - means["control"]
print(f"offered: {100 * itt / means['control']:.1f} % of the comparison's mean")
print(f"of those offered, {100 * share:.0f} % accepted")
print(f"for a household that took it: {itt:.3f} L / {share:.2f} = {itt / share:.3f} L a month")
found.to_frame().set_index("estimate").loc[["consumption", "consumption_of_takers"], ["value", "se", "p", "true_value"]]

# %% [markdown]
# Why not simply compare those who took with those who declined? Because the two need not be alike *without* the
# package. Only a simulation can check:

# %%
offered = homes[homes.arm == "treated"]
offered.groupby("accepted")[["consumption_untreated", "productive_assets_untreated", "well_being_untreated"]].mean()

# %% [markdown]
# In the model acceptance depends on motivation and on luck. In your district it may depend on much else, and no table
# would tell you.
#
# ## Neighbours are alike: what clustering does to the error
#
# Twenty neighbours share a road, a harvest and a market. Twenty answers of one village are worth fewer than twenty
# answers of twenty villages. Whoever forgets that prints errors that are too small. How often does an interval of "95
# %" then hold the truth?

# %%
naive = pd.concat(
    [es.trial(study, replicate=number, robust=False).to_frame().assign(study=number) for number in range(40)]
)
compared = {}
for label, table in (("clustered by village", again), ("as if independent", naive)):
    rows = table[table.estimate == "consumption"]
    compared[label] = {
        "mean standard error": rows.se.mean(),
        "true spread of the estimates": rows.value.std(),
        "intervals that hold the truth, %": 100 * rows.covered.mean(),
        "found significant, %": 100 * (rows.p < 0.05).mean(),
    }
pd.DataFrame(compared)

# %% [markdown]
# Errors that are too small call more studies significant. Is that not an advantage? Exercise 2 gives the villages
# nothing at all, and counts again.
#
# ## By village or by household?
#
# If households are drawn inside villages, both arms share the village, and the error is smaller. But then the
# comparison lives next door to the programme: kin share, neighbours learn. `spillover` is what the comparison gains; a
# study cannot see it.

# %%
by_household = study_file("by_household", **{"{unit: village}": "{unit: household}"})
designs = {"by village": study, "by household": by_household}
rows = []
for name, path in designs.items():
    table = es.trial(path).to_frame().set_index("estimate").loc["consumption"]
    rows.append({"drawn": name, **table[["value", "se", "true_value", "spillover"]].to_dict()})
pd.DataFrame(rows).set_index("drawn")

# %% [markdown]
# Two numbers to weigh: how much the standard error shrinks, and how much of the effect hides in the comparison. For
# which programmes of yours would the second be large? Think of health groups, of information, of a road.
#
# ## What the enumerator writes down
#
# Nobody knows what they consumed last month. The survey's error does not move the mean much, but it widens every
# spread, and so it shrinks every effect that is told in standard deviations.

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for panel, outcome, unit in zip(axes, ("consumption", "well_being"), ("L a month", "SD"), strict=True):
    panel.scatter(asked[f"{outcome}_true"], asked[outcome], s=7, alpha=0.4, color="#0072B2")
    ends = np.percentile(asked[outcome], [0.5, 99.5])
    panel.plot(ends, ends, color="#D55E00", linestyle="--")
    correlation = np.corrcoef(asked[f"{outcome}_true"], asked[outcome])[0, 1]
    panel.set(xlim=ends, ylim=ends, xlabel=f"true, {unit}", ylabel=f"written down, {unit}")
    panel.set_title(f"{outcome.replace('_', ' ')}: correlation {correlation:.2f}", loc="left")
plt.show()

# %%
untreated = asked[asked.arm == "control"]
pd.DataFrame(
    {
        outcome: {
            "spread written down": untreated[outcome].std(),
            "true spread": untreated[f"{outcome}_true"].std(),
        }
        for outcome in ("consumption", "productive_assets", "hours", "well_being")
    }
).T

# %% [markdown]
# An effect of 0.1 SD on well-being and an effect of 0.1 SD on consumption are not the same size of anything. Ask for
# percent or for the unit of the outcome where there is one.
#
# ## How many villages?
#
# `es.power` draws the study many times at each size. The dotted line is the textbook formula; the simulation knows more
# (attrition, refusals, skewed outcomes, survey error), so the two need not meet.

# %% tags=["docs"]
table = es.power(study, estimate="consumption", villages=[40, 80, 160, 320], draws=60, threads=2)
power_curve(table).figure

# %%
sizes = table.to_frame()[["villages", "power", "low", "high", "formula_power", "se", "detectable", "icc"]]
best = table.smallest()
if best is None:
    print(f"None of these is enough: the formula asks for about {table.rows[-1].villages_needed:.0f} villages.")
else:
    print(f"The smallest of these with a power of 80 %: {best.design}.")
sizes

# %% [markdown]
# - `detectable` is the smallest effect that the formula sees with a power of 80 %, in the unit of the estimate (%).
# - `icc` is the share of the variance that lies between villages. With *m* households of a village the variance of a
#   mean is 1 + (m - 1) x icc times that of independent households: the **design effect**.
# - The interval of the power itself (`low` to `high`) is wide with so few draws. Ask for `draws=400` before you write a
#   proposal.
#
# ## Exercises
#
# **1.** At the same number of households, is it better to have more villages or more households in each? Compare 160
# villages of 10 with 40 villages of 40.
#
# <details><summary>Answer</summary>
#
# ```python
# wide = es.power(study, estimate="consumption", villages=[160], households=[10], draws=40)
# deep = es.power(study, estimate="consumption", villages=[40], households=[40], draws=40)
# print(pd.concat([wide.to_frame(), deep.to_frame()])[["villages", "households", "power", "se"]])
# assert wide.rows[0].se < deep.rows[0].se  # neighbours tell the same story: more villages are worth more
# ```
#
# </details>
#
# **2.** Give the treated villages nothing (no asset, no money, no visits), and count how often each kind of error finds
# an effect.
#
# <details><summary>Answer</summary>
#
# ```python
# before, after = STUDY.split("    take_up")[0], STUDY.split("surveys")[1]
# empty = f"{before}    gives: {{visits: {{visits: 0, month: 1}}}}\nsurveys{after}"
# (folder / "nothing.yaml").write_text(empty, encoding="utf-8")
# for robust in (True, False):
#     draws = [es.trial(folder / "nothing.yaml", replicate=number, robust=robust) for number in range(60)]
#     wrong = np.mean([draw.effects[0].p < 0.05 for draw in draws])
#     print(f"clustered: {robust}; 'effects' of nothing found in {100 * wrong:.0f} of 100 studies, 5 were right")
# ```
#
# Whoever takes neighbours for strangers announces effects of nothing. That is why small errors "find" more.
#
# </details>
#
# **3.** Only 35 % accept instead of 70 %. By how much does the number of villages grow?
#
# <details><summary>Answer</summary>
#
# ```python
# shares = es.power(study, estimate="consumption", villages=[160], take_up=[0.35, 0.7], draws=30)
# print(shares.to_frame()[["take_up", "true_value", "power", "villages_needed"]])
# few, many = (row.villages_needed for row in shares.rows)
# print(f"{few / many:.1f} times as many villages, for half of the effect: needs go with one over its square")
# ```
#
# </details>
#
# **4.** Take a study that was really made (`es.trial("togo")`, `es.trial("nairobi")`) and look at `control_mean` and
# `true_value`. Would you have believed its smallest effect?
#
# <details><summary>Answer</summary>
#
# ```python
# nairobi = es.trial("nairobi").to_frame()
# print(nairobi[["estimate", "value", "low", "high", "p", "true_value"]].head(8))
# ```
#
# A small effect that a small study calls significant is usually smaller than it was found: else it would not have been
# significant.
#
# </details>
#
# *More:* [Replicate a study](../docs/howto/replicate-a-study.md) has every key of a study file.
