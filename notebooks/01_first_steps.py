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
# # 1. First steps
#
# *Ten minutes. In Bahasa Indonesia: [01_langkah_pertama](01_langkah_pertama.ipynb).*
#
# The city of Medan has Rp 60 billion a year to spend on community empowerment. Courses in a trade? Literacy?
# Scholarships? Health groups? Small businesses? A little of each? And would mentors, who visit families, be worth the
# money of one of them?
#
# `empowersim` lets thousands of made-up households live through the same five years under each of these policies, and
# compares.

# %%
# %matplotlib inline
import empowersim as es

# %% [markdown]
# ## What is compared
#
# A **scenario** is a small text file: one world, and policies that say what they do differently. Some are ready, and
# are known by their names. What does this one say?

# %%
sentences = es.describe("medan")
print("\n".join(sentences[:8]), f"\n... and {len(sentences) - 8} sentences more")

# %% [markdown]
# ## Compare
#
# 2,000 households stand for the whole city. Nobody knows the next five years, so they are lived twenty times: twenty
# **futures**, each with its own illnesses, harvests and lost jobs. Within a future all policies meet exactly the same
# luck.

# %%
result = es.compare("medan", households=2000, replicates=20)
result

# %% [markdown]
# Look at one cell of the table. The first line is the *level*: it holds everything that happens in Medan, with or
# without a programme. The line below is the *difference* from no programme, and that is what the policy did. How
# large is the one against the other?
#
# ## How much, and how sure?

# %% tags=["docs"]
es.plots.differences(result, "poverty_headcount").figure

# %% [markdown]
# Each dot is what a policy changes, each line its 95 % interval. An interval that reaches zero would mean: with these
# futures we cannot tell.
#
# - Which policy would you choose by this picture?
# - Two of the intervals overlap. Does that mean that nobody can tell the two policies apart? (Both lived through the
#   same futures: [notebook 3](03_comparing_mixes_honestly.ipynb) comes back to this.)
#
# ## When does it show?

# %%
es.plots.effects(result, "poverty_headcount", policies=["skills_training", "adult_literacy", "mix_mentors"]).figure

# %% [markdown]
# The dashed line is the reference: the difference of no programme from itself. Whose effect comes early, whose late?
# Has any of them stopped growing by the end? And what does a mayor see who looks after one year?
#
# ## Poverty is not everything
#
# The poverty rate counts people below a line. It does not ask *how far* below, or whether children learn. Which
# policy is best, outcome by outcome?

# %%
table = result.to_frame()
table = table[table.policy != result.reference]
asked = [
    "poverty_headcount",
    "poverty_gap",
    "bottom40_consumption",
    "literacy",
    "health",
    "schooling",
    "empowerment_index",
]
best = {
    es.plots.name_of(outcome): table[table.outcome == outcome]
    .set_index("label")
    .probability_best.sort_values(ascending=False)
    for outcome in asked
}
for outcome, shares in best.items():
    leaders = ", ".join(f"{label} ({100 * share:.0f})" for label, share in shares.items() if share > 0)
    print(f"{outcome:32} {leaders}")

# %% [markdown]
# The number is in how many of 100 futures the policy was the best of all. Is one policy the best of every line? If
# not, the choice depends on what the programme is *for*, and no model answers that.
#
# ## Who gains, who loses?
#
# An average hides people. Every household is compared with *itself* in the same future without a programme.

# %%
es.plots.winners(result, policy="mix_mentors", by="quintile").figure

# %% [markdown]
# Quintile 1 is the poorest fifth. Are they reached first? And how can a programme leave a household worse off at all?
# A day in a course is a day not worked, and a place that one family wins another does not get.
#
# ## What does it cost?

# %%
money = table[table.outcome.isin(["cost", "cost_per_household_year_out_of_poverty"])]
money = money.pivot(index="label", columns="outcome", values="mean")
money.columns = ["cost, billion Rp", "cost of a household-year out of poverty, million Rp"]
(money / [1e9, 1e6]).sort_values(money.columns[1]).round(1)

# %% [markdown]
# The cheapest year out of poverty need not belong to the policy that wins most of them: a programme that few people
# ask for can be cheap *for each* of them and still leave the city as it was. Compare this table with the first
# figure.
#
# ## Can it be repeated?
#
# All luck comes from one number, the seed. The same question gives the same answer, to the last digit, on any
# computer:

# %%
again = es.compare("medan", households=2000, replicates=20)
print("same result:", again.to_json() == result.to_json(), "- its name:", result.run_id)
assert again.to_json() == result.to_json()

# %% [markdown]
# ## What is it built on?
#
# Every figure in the model says where it comes from. Many are assumptions, because nobody has measured them in Medan.

# %%
text = es.cite("medan")
print("\n".join(line for line in text.splitlines() if line[:2] in ("A:", "B:", "C:", "me")))

# %% [markdown]
# A result like ours is not a forecast. It says: *if* the world is like this model, *then* the policies stand in this
# order. [Notebook 6](06_sensitivity_and_uncertainty.ipynb) asks which of the assumptions the order hangs on.
#
# ## Exercises
#
# **1.** Which policy is best for those who are *far* below the line? Draw the differences of the poverty gap.
#
# <details><summary>Answer</summary>
#
# ```python
# es.plots.differences(result, "poverty_gap").figure
# ```
#
# The gap counts how far below the line people live, so it also sees help that lifts nobody over the line.
#
# </details>
#
# **2.** The mayor is elected for two years. Compare over 24 months. Does the order change?
#
# <details><summary>Answer</summary>
#
# ```python
# short = es.compare("medan", households=2000, replicates=20, months=24)
#
#
# def order(found):
#     rows = found.to_frame().query("outcome == 'poverty_headcount' and policy != @found.reference")
#     return rows.sort_values("difference").label.tolist()
#
#
# for place, (two, five) in enumerate(zip(order(short), order(result)), start=1):
#     print(f"{place}. after two years: {two:28} after five: {five}")
# ```
#
# A course is over in months, a school year is not: some programmes bear fruit after any election.
#
# </details>
#
# **3.** How many futures do you need? Compare only `skills_training` and `mix_mentors` in 4 and in 40 futures. What
# happens to the intervals?
#
# <details><summary>Answer</summary>
#
# ```python
# for futures in (4, 40):
#     found = es.compare("medan", policies=["skills_training", "mix_mentors"], households=2000, replicates=futures)
#     rows = found.to_frame().query("outcome == 'poverty_headcount' and policy != 'no_programme'")
#     for row in rows.itertuples():
#         width = 100 * (row.difference_high - row.difference_low)
#         print(f"{futures} futures, {row.label:18} {100 * row.difference:.2f} points, interval {width:.2f} points wide")
# ```
#
# As a rule ten times the futures make an interval about three times narrower: the square root of ten. From four futures
# on it is more, about five times: four say little of how much futures differ, and the interval is made wider for that
# (Student's t).
#
# </details>
#
# **4.** Are the poorest reached? Draw winners and losers of `skills_training` by quintile and find the quintile that
# gains most.
#
# <details><summary>Answer</summary>
#
# ```python
# rows = result.table("winners").to_pandas().query("policy == 'skills_training' and dimension == 'quintile' and figure == 'better'")
# print(rows[["group", "mean"]].sort_values("mean", ascending=False))
# es.plots.winners(result, policy="skills_training").figure
# ```
#
# </details>
#
# *Next:* [what a mentor changes](02_what_a_mentor_changes.ipynb) in the life of one household.
