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
# # 3. Comparing mixes honestly
#
# Two mixes for the same city: five programmes with a fifth of the money each, or the same with mentors in place of
# the health groups. Which leaves fewer people poor? A consultant ran a simulation of each, and reports a clear
# winner. **Would you believe it?**
#
# Here we ask the same question twice: with **common random numbers** (both mixes live through the same futures) and
# without (each gets futures of its own, as in most simulations). The model, the households and the work for the
# computer are the same.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import empowersim as es
from empowersim.experiments.statistics import t_quantile

A, B = "mix_mentors", "balanced_mix"  # the question: A instead of B
OUTCOME = "poverty_headcount"
FUTURES = 10
size = {"households": 1000, "months": 48}  # small, so that the notebook is quick; exercise 2 asks for more


def points(share):
    """A share as percentage points."""
    return 100 * np.asarray(share)


# %% [markdown]
# ## The honest way: the same futures
#
# `es.compare` gives all policies the same luck. Each line below is one future, from its poverty rate under B to that
# under A.


# %%
def futures_of(result, policy):
    """The outcome of a policy, future by future."""
    rows = result.table("futures").where(policy=policy, outcome=OUTCOME)
    return points(rows["value"])


paired = es.compare("medan", policies=[A], reference=B, replicates=FUTURES, **size)
with_a, with_b = futures_of(paired, A), futures_of(paired, B)

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for one, other in zip(with_b, with_a, strict=True):
    axes[0].plot([0, 1], [one, other], "o-", color="#0072B2" if other < one else "#D55E00", alpha=0.7)
axes[0].set_xticks([0, 1], [paired.label(B), paired.label(A)])
axes[0].set(xlim=(-0.4, 1.4), ylabel="poverty rate, %", title="levels: ten futures under both")
axes[1].axvline(0, color="#555555", linestyle="--")
axes[1].plot(with_a - with_b, np.arange(FUTURES), "o", color="#0072B2")
axes[1].set(xlabel="percentage points", ylabel="future", title="differences A - B: the same ten futures")
for panel in axes:
    panel.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The lines start far apart: some futures are hard on everybody. But they run side by side. What makes a future hard
# (illness, lost jobs, who lives there) is *in both ends* of a line, so it cancels in the difference. Compare the two
# scales.
#
# ## The usual way: futures of their own
#
# The same model, the same number of futures. But now B gets its luck from one seed and A from another, as if two
# teams had run one simulation each.


# %%
def alone(policy, seed, futures):
    """Simulate one policy with luck of its own."""
    return futures_of(es.simulate("medan", policy, seed=seed, replicates=futures, **size), policy)


def welch(a, b):
    """Difference of two independent means, and half the width of its 95 % interval (Welch 1947)."""
    parts = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / (len(b) - 1))
    return a.mean() - b.mean(), t_quantile(0.975, int(freedom)) * np.sqrt(sum(parts))


row = paired.to_frame().query("policy == @A and outcome == @OUTCOME").iloc[0]
middle, low, high = points(row[["difference", "difference_low", "difference_high"]].astype(float))
own_a, own_b = alone(A, seed=101, futures=FUTURES), alone(B, seed=202, futures=FUTURES)
unpaired, half = welch(own_a, own_b)

answers = pd.DataFrame(
    {
        "common futures": {"A - B": middle, "low": low, "high": high, "width": high - low},
        "futures of their own": {"A - B": unpaired, "low": unpaired - half, "high": unpaired + half, "width": 2 * half},
    }
).T
answers.round(3)

# %%
figure, axes = plt.subplots(figsize=(9, 2.4), layout="constrained")
for place, (name, answer) in enumerate(answers.iterrows()):
    colour = ("#0072B2", "#D55E00")[place]
    axes.plot([answer["low"], answer["high"]], [place, place], color=colour, linewidth=3)
    axes.plot(answer["A - B"], place, "o", color=colour, markersize=8)
axes.axvline(0, color="#555555", linestyle="--")
axes.set_yticks([0, 1], [f"{name},\n{FUTURES} each" for name in answers.index])
axes.set(ylim=(1.6, -0.6), xlabel="A - B: poverty rate, percentage points, 95 % interval")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Both intervals are correct: both hold the truth in about 95 of 100 studies. Only one of them is of any use. Can you see
# the upper one at all?
#
# ## How many futures would the usual way need?
#
# The width of an interval goes with one over the square root of the number of futures. To be as sure as ten common
# futures make us, the usual way needs as many times more as this:
#
# $$\frac{\mathrm{var}\,A + \mathrm{var}\,B}{\mathrm{var}(A - B)} \;=\; \frac{1}{1 - \rho} \quad\text{if both have the same variance,}$$
#
# where $\rho$ is the correlation of A and B over common futures. The program works it out for every outcome.

# %%
table = paired.to_pandas("differences").query("policy == @A").set_index("outcome")
names = ["poverty_headcount", "poverty_gap", "bottom40_consumption", "empowerment_index", "health", "schooling"]
need = pd.DataFrame(
    {
        "times as many futures": table.variance_ratio_unpaired[names].round(0),
        "futures in place of ten": (FUTURES * table.variance_ratio_unpaired[names]).round(0),
    }
)
correlation = np.corrcoef(with_a, with_b)[0, 1]
print(
    f"{OUTCOME}: correlation over common futures {correlation:.5f}, so about {1 / (1 - correlation):,.0f} times as many."
)
need.rename(index=es.plots.name_of).map("{:,.0f}".format)

# %% [markdown]
# At a ratio of 1 common futures would not help at all. It is the smaller, the more the two policies change *whose* luck
# counts: which of these outcomes would health groups touch, which only one of the mixes has? (From ten futures a ratio
# is only roughly known. Read how many digits it has, not which.)
#
# ## A wrong conclusion, and how easily it is drawn
#
# The consultant has time for a few futures of each mix. Let forty consultants do so, each with seeds of their own,
# and print what each would report.

# %% tags=["docs"]
FEW, CONSULTANTS = 4, 40
many_a = alone(A, seed=1001, futures=FEW * CONSULTANTS).reshape(CONSULTANTS, FEW)
many_b = alone(B, seed=2002, futures=FEW * CONSULTANTS).reshape(CONSULTANTS, FEW)
common = es.compare("medan", policies=[A], reference=B, seed=3003, replicates=FEW * CONSULTANTS, **size)
both = (futures_of(common, A) - futures_of(common, B)).reshape(CONSULTANTS, FEW)
truth = both.mean()

reports = pd.DataFrame([welch(a, b) for a, b in zip(many_a, many_b, strict=True)], columns=["own", "half"])
reports["common"] = both.mean(axis=1)
reports = reports.sort_values("own").reset_index(drop=True)

figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, layout="constrained")
for panel, column, title in zip(axes, ("own", "common"), ("futures of their own", "common futures"), strict=True):
    wrong = reports[column] * truth < 0
    panel.axhline(0, color="#555555", linestyle="--", linewidth=1)
    panel.axhline(truth, color="#009E73", linewidth=2, label="the effect, from all common futures")
    panel.plot(reports.index[~wrong], reports[column][~wrong], "o", color="#0072B2", label="right sign")
    panel.plot(reports.index[wrong], reports[column][wrong], "X", color="#D55E00", label="wrong sign")
    panel.set(
        title=f"{title}: {wrong.mean():.0%} report the wrong winner", xlabel=f"consultants, {FEW} futures a mix each"
    )
    panel.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("A - B: poverty rate, percentage points")
axes[0].legend(frameon=False, loc="upper left")
plt.show()

# %% [markdown]
# Whom would you hire? Here is the report of one consultant in the left panel, the one who is most wrong:

# %%
worst = reports.own.idxmax() if truth < 0 else reports.own.idxmin()
report = reports.loc[worst]
better, other = (B, A) if report.own > 0 else (A, B)
print(
    f"“{paired.label(better)} leaves {abs(report.own):.2f} percentage points fewer people in poverty than {paired.label(other)}. "
    f"Of every 100,000 people that is {abs(report.own) / 100 * 100_000:,.0f}.”"
)
print(f"\nThe effect is {truth:+.3f} points: the other way, and {abs(report.own / truth):.0f} times smaller.")
held = (reports.own - reports.half < truth) & (truth < reports.own + reports.half)
print(
    f"Had they printed intervals, {held.sum()} of the {CONSULTANTS} would have held the true effect, and {(reports.half > abs(reports.own)).sum()} zero."
)

# %% [markdown]
# So the mistake is not the usual way. It is to print a difference **without its interval**, and to choose by it.
# Common futures make the interval narrow; honesty is printing it.
#
# ## What common futures do not do
#
# They take away the luck that both mixes share. They do not touch what we do not *know*: if a figure of the model is
# wrong, it is wrong in every future. An interval over futures, however narrow, says nothing about that. See [notebook
# 6](06_sensitivity_and_uncertainty.ipynb).
#
# And the *level* is no surer than before: its interval is as wide as ever.

# %%
levels = paired.to_frame().query("outcome == @OUTCOME").set_index("label")
print(levels[["low", "high"]].mul(100).round(2).to_string())
print(f"\nThe intervals of the levels {'overlap' if levels.low.max() < levels.high.min() else 'do not overlap'}.")
print(f"The interval of the difference {'holds' if low < 0 < high else 'does not hold'} zero.")

# %% [markdown]
# Two intervals that overlap do **not** mean that the policies cannot be told apart, if the futures are common. Look
# at the difference.
#
# ## How does it work?
#
# Many programs give both runs the same seed and hope. That breaks as soon as one policy draws one number more: from
# there on everything is shifted, and the luck is no longer the same. Here a draw is no step of a sequence. It is
# worked out from its *address*: seed, future, household, month, and what it decides. Household 17 meets the same draw
# for illness in month 9 under every policy, whatever has been drawn for others.

# %%
told = es.story("medan", household=17, policies=[B, A], households=1000, months=48)
events = told.to_frame("events").query("kind in ['illness_starts', 'illness_ends', 'job_lost', 'job_found']")
side_by_side = events.pivot_table(index=["month", "kind"], columns="policy", values="draw", sort=True)[[B, A]]
side_by_side

# %% [markdown]
# ## Exercises
#
# **1.** A against *no programme*: is the correlation as high as between the two mixes? Why not? Would the consultants
# have fared better?
#
# <details><summary>Answer</summary>
#
# ```python
# far = es.compare("medan", policies=[A], replicates=FUTURES, **size)
# line = far.to_pandas("differences").query("policy == @A and outcome == @OUTCOME").iloc[0]
# print(f"against no programme: {line.variance_ratio_unpaired:,.0f} times as many futures; between the mixes {need.iloc[0, 0]:,.0f}")
# print(f"effect {100 * line['mean']:+.3f} points, between the mixes {truth:+.3f}")
# ```
#
# The more alike two policies are, the more luck they share, and the more hopeless is the usual way: small differences
# are the ones that need common futures.
#
# </details>
#
# **2.** Do more *households* help the usual way? Take 4,000 in place of 1,000.
#
# <details><summary>Answer</summary>
#
# ```python
# bigger = {**size, "households": 4000}
# large = es.compare("medan", policies=[A], reference=B, replicates=FUTURES, **bigger)
# for households, found in ((1000, paired), (4000, large)):
#     line = found.to_pandas("differences").query("policy == @A and outcome == @OUTCOME").iloc[0]
#     width = 100 * (line.high - line.low)
#     print(
#         f"{households} households, points: common futures {width:.3f} wide, "
#         f"futures of their own about {width * np.sqrt(line.variance_ratio_unpaired):.2f}"
#     )
# ```
#
# Luck of single households and villages averages out, so they do help: expect each interval to become about half as wide, which is
# what four times the futures would do, at the same cost. You may see something else, because ten futures tell a width
# only roughly, and the difference between two mixes so alike hangs on the few households that only one of them moves over
# the line. But the usual way stays far behind.
#
# </details>
#
# **3.** How many common futures do you need to tell A from B at all? Compare with 2, 4, 8 and 16, and look at whether
# zero is in the interval.
#
# <details><summary>Answer</summary>
#
# ```python
# for futures in (2, 4, 8, 16):
#     line = es.compare("medan", policies=[A], reference=B, replicates=futures, **size).to_pandas("differences")
#     line = line.query("policy == @A and outcome == @OUTCOME").iloc[0]
#     print(f"{futures:2} futures: {100 * line.low:+.3f} to {100 * line.high:+.3f} points", "" if line.low < 0 < line.high else "told apart")
# ```
#
# Looking again and again until it is "told apart" is a way of fooling oneself, too. `es.decide` looks as often as you
# like, and pays for it.
#
# </details>
#
# **4.** Forty consultants, 5 % level: how many would you expect to announce a *significant* winner of the wrong sign,
# if there were no difference at all? How many did?
#
# <details><summary>Answer</summary>
#
# ```python
# significant = reports.own.abs() > reports.half
# print("expected with no difference: about", 0.025 * CONSULTANTS, "on either side")
# print("significant and wrong:", int((significant & (reports.own * truth < 0)).sum()), "of", CONSULTANTS)
# ```
#
# </details>
#
# *Next:* [build and change a scenario](04_build_and_change_a_scenario.ipynb). *More:* [decide with a stopping
# rule](../docs/howto/decide.md).
