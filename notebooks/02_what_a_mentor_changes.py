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
# # 2. What a mentor changes
#
# A mentor (*pendamping*) visits a family once a month for two years. What is that good for? An average says: so many
# rupiah. It does not say *how*. Here we follow one household, month by month, in two lives: with the same courses and
# the same luck, without and with a mentor.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import empowersim as es
from empowersim.experiments.story_gains import household_gains
from empowersim.fronts.story_plot import draw_story

# %% [markdown]
# ## Two policies that differ in one thing
#
# The ready scenario `mentors-or-courses` has courses, and what a mentor does. We lay two policies of our own on it:
# courses, and the *same* courses with mentors on top.

# %%
file = Path(tempfile.mkdtemp()) / "mentor.yaml"
file.write_text(
    """
empowersim: 1
extends: mentors-or-courses
name: with_a_mentor
title: {en: Courses without and with a mentor}
reference: courses
policies:
  courses:
    label: {en: Courses alone, id: Pelatihan saja}
    like: all_courses
  accompanied:
    label: {en: Courses and a mentor, id: Pelatihan dan pendamping}
    like: courses
    programmes: {accompaniment: {places: 20000 places/year}}
    mentors: {budget: 30 billion IDR/year, type: contract}
""",
    encoding="utf-8",
)
scenario = es.load(file)
policies = ["courses", "accompanied"]
print("\n".join(es.diff(scenario, scenario, policies=("courses", "accompanied"))))

# %% [markdown]
# ## First the average
#
# (So that nobody takes one story for the whole.)

# %%
result = es.compare(scenario, policies=policies, households=2000, replicates=20)
result

# %%
es.plots.winners(result, policy="accompanied", by="contact").figure

# %% [markdown]
# *Touched* are those who were ever in a programme or visited. Do the others live as before? And are some of the
# touched worse off? How can a visit make anybody *worse* off? We shall find out.
#
# ## One household
#
# Let us look for the household that gains most. Everything below is what happened to it, and why, in the words of the
# model. A *draw* is the household's luck of the month, a number between 0 and 1; something happens if the draw is
# below its *chance*.

# %%
told = es.story(scenario, find="gains-most", policies=policies, households=2000)
told

# %% tags=["docs"]
draw_story(told).figure

# %% [markdown]
# Look for the month in which the two lines part for good. Then read the story of that month again. Was the mentor's
# part in it large or small? Would it have happened to a household with other luck?
#
# ## Before money moves
#
# Consumption is the last link of a chain. What changes before it?

# %%
months = told.to_frame()
shown = {
    "visits": "visits in the month",
    "trust": "trust in the mentor (0 to 1)",
    "motivation": "motivation (0 to 1)",
    "voice": "voice in the village (0 to 1)",
    "business_practice": "business practice (0 to 1)",
    "income": "income (L a month)",
}
figure, axes = plt.subplots(2, 3, figsize=(11, 5.4), sharex=True, layout="constrained")
for panel, (column, title) in zip(axes.flat, shown.items(), strict=True):
    for policy, colour, line in zip(policies, ("#555555", "#0072B2"), ("--", "-"), strict=True):
        life = months[months.policy == policy]
        panel.plot(life.month, life[column], line, color=colour, label=told.label(policy))
    panel.set_title(title, loc="left", fontsize=11)
    panel.set_ylim(bottom=0)
    panel.spines[["top", "right"]].set_visible(False)
for panel in axes[1]:
    panel.set_xlabel("month")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
plt.show()

# %% [markdown]
# `L` is one month of the household's poverty-line budget. What comes first, what next, what last? What is left when
# the visits have ended?
#
# ## Through what does the money come?
#
# Each month's difference in consumption is traced to its parts by asking the model's own rules. The parts add up
# exactly.

# %%
parts = told.to_frame("parts")
parts["year"] = parts.month // 12 + 1
yearly = parts.groupby(["year", "part"]).difference.mean().unstack() * told.rupiah / 1000
yearly = yearly.rename(columns={"habit": "accustomed income"})  # people go on living as they are used to for a while
large = yearly[yearly.abs().max().sort_values(ascending=False).index[:5]]
axes = large.plot.bar(figsize=(9, 4.2), width=0.8, rot=0, color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#999999"])
axes.axhline(0, color="#555555", linewidth=1)
axes.set(xlabel="year", ylabel="with less without the mentor, Rp thousand a month")
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Is this the rule, or the exception?
#
# We asked for the household that gains *most*. Ask for others too: the one in the middle of those who were reached,
# one that leaves poverty only with a mentor, and the one that loses most.

# %%
found = {}
for how in ("gains-most", "leaves-poverty", "typical", "loses-most"):
    one = es.story(scenario, find=how, policies=policies, households=2000)
    found[how] = {
        "household": one.household,
        "consumption at the start, poverty lines": one.about["consumption"],
        "months with a visit": (one.to_frame().query("policy == 'accompanied'").visits > 0).sum(),
        "last year: with less without, Rp thousand a month": one.gain * one.rupiah / 1000,
    }
pd.DataFrame(found).T.round(2)

# %% [markdown]
# The stories that newspapers tell come from the first line. What a mentor changes for *a* family is nearer to the
# third.
#
# But is one household in the middle honest enough? Here is every household of this future that was reached by a
# course or a visit. (Who took a course but got no mentor is among them, and hardly differs.)

# %%
everyone = household_gains(scenario, policies=policies, households=2000).to_frame()
reached = everyone[everyone.reached == 1].sort_values("rupiah").reset_index(drop=True)
thousand = reached.rupiah / 1000

figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
axes.fill_between(reached.index, thousand.clip(lower=0), step="mid", color="#0072B2", label="gains")
axes.fill_between(reached.index, thousand.clip(upper=0), step="mid", color="#D55E00", label="loses")
for how, side, lift in (("gains-most", "right", 12), ("typical", "center", 12), ("loses-most", "left", -16)):
    place = reached.index[reached.household == found[how]["household"]][0]
    axes.annotate(how, (place, thousand[place]), xytext=(0, lift), textcoords="offset points", ha=side)
    axes.plot(place, thousand[place], "o", color="#222222", markersize=4)
axes.axhline(0, color="#555555", linewidth=1)
axes.set_yscale("symlog", linthresh=10)
axes.yaxis.set_major_formatter("{x:,.0f}")
axes.set(
    xlabel=f"{len(reached)} households that were reached, sorted",
    ylabel="with less without a mentor, Rp thousand a month",
)
axes.legend(frameon=False, loc="upper left")
axes.spines[["top", "right"]].set_visible(False)
axes.margins(y=0.15)
plt.show()
print(
    f"{(thousand > 0).mean():.0%} of those who were reached gain; half of them gain less than Rp {thousand[thousand > 0].median():,.0f} thousand a month."
)
largest = thousand.abs().sort_values(ascending=False)
print(
    f"The largest tenth of the changes makes {largest[: len(largest) // 10].sum() / largest.sum():.0%} of all change."
)

# %% [markdown]
# Mind the axis: beyond ±10 each line is ten times the one before. Why do a few households gain or lose so much more
# than the others? A course or a visit moves a *chance* a little. For most people the draw falls on the same side of
# it anyway. For a few it does not, and their lives go another way: they find work, or find it earlier, and so have
# work to lose at another time.
#
# ## Exercises
#
# **1.** Tell the story of the household that loses most. When do its two lives part for good, and is that the
# mentor's fault?
#
# <details><summary>Answer</summary>
#
# ```python
# loser = es.story(scenario, find="loses-most", policies=policies, households=2000)
# draw_story(loser).figure
# ```
#
# Read it with a line `loser`. Look for the months in which regular work is found or lost in one life only: having
# work is also what one can lose.
#
# </details>
#
# **2.** Is the household that gains most always one that finds work? Look at it in five futures.
#
# <details><summary>Answer</summary>
#
# ```python
# for future in range(5):
#     best = es.story(scenario, find="gains-most", policies=policies, households=2000, replicate=future)
#     parts = best.parts_over(best.last_year)
#     first = max(parts, key=parts.get)
#     print(f"future {future}: household {best.household}, {best.gain * best.rupiah / 1000:+.0f} thousand a month, most of it {first}")
# ```
#
# Each future draws its own households, too: number 5 of one future is not number 5 of another.
#
# </details>
#
# **3.** The mentors' supervisor wants to read the story in Bahasa Indonesia.
#
# <details><summary>Answer</summary>
#
# ```python
# from empowersim.fronts.notebook import show
#
# show(told, lang="id")
# ```
#
# </details>
#
# **4.** Visit twice a month instead of once, for half as many places. What changes for the typical household, what
# for the city?
#
# <details><summary>Answer</summary>
#
# ```python
# twice = file.with_name("twice.yaml")
# text = file.read_text(encoding="utf-8").replace("{places: 20000 places/year}", "{places: 10000 places/year, gives: {visits: 2 visits/month}}")
# twice.write_text(text, encoding="utf-8")
# often = es.compare(twice, policies=policies, households=2000, replicates=20)
# for name, one in (("once", result), ("twice", often)):
#     row = one.to_frame().query("policy == 'accompanied' and outcome == 'poverty_gap'").iloc[0]
#     gain = es.story(scenario if name == "once" else twice, find="typical", policies=policies, households=2000)
#     print(
#         f"{name} a month: poverty gap {100 * row.difference:+.3f} points ({100 * row.difference_low:+.3f} to "
#         f"{100 * row.difference_high:+.3f}); the typical household {gain.gain * gain.rupiah / 1000:+.1f} thousand a month"
#     )
# ```
#
# </details>
#
# *Next:* [comparing mixes honestly](03_comparing_mixes_honestly.ipynb). *More:* [Tell a household's
# story](../docs/howto/story.md).
