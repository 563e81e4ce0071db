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
# # 7. Extend the model
#
# The model knows illness, lost jobs and village-wide bad months. It knows no floods that take what people have saved, and no savings groups. **Would the programmes
# still do as much where the river comes? And would a savings group help?** Nobody has built that into the model, so you do.
#
# There are two ways. On the **slow path** you write a subclass of a Mesa agent, in plain Python. On the **fast path** you write small rules that are compiled together
# with the model. We begin with something simple, go both ways, and see whether they agree.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np

import empowersim as es
from empowersim.abm import EmpowermentModel, HouseholdAgent
from empowersim.extend import HALF, ONE, ZERO, Extension, F, Number, State, flag, greater, lesser, positive, rule

POLICY, REFERENCE = "mix_mentors", "no_programme"
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"

# %% [markdown]
# ## The slow path: a household that puts something aside
#
# `live` is a household's month: it gets what the household has and what happens to it, and returns what becomes of it. We let the model do its month, and then move two
# per cent of consumption to savings. `F` makes a float32, the kind of number that the model counts in.


# %%
class Saver(HouseholdAgent):
    """A household that puts two per cent aside every month."""

    def live(self, home, village, dose, draw, since):
        after = super().live(home, village, dose, draw, since)
        aside = F(0.02) * after.consumption
        return after._replace(consumption=after.consumption - aside, savings=after.savings + aside)


model = EmpowermentModel("medan", POLICY, rng=1, households=300, household_class=Saver, engine="agents")
slow = []
for _ in range(12):
    model.step()
    slow.append(np.mean([float(household.savings) for household in model.households]))
print(f"savings after a year: {slow[-1]:.3f} months of the poverty-line budget")

# %% [markdown]
# ## The fast path: rules
#
# A rule is a function of numbers: `p` holds parameters, `home` the household as it stands, `draw` the luck of the month. `month` is 0 before the policies begin, so this
# rule leaves the burn-in alone, as our agent did. No `if`: `flag(...)` is 1 or 0.


# %%
@rule
def thrift(p, village, start, home, dose, draw, month):
    """The household with a share of what it would consume put aside, once the policies have begun."""
    aside = p.thrift * home.consumption * flag(month > ZERO)
    return home._replace(consumption=home.consumption - aside, savings=home.savings + aside)


# %% [markdown]
# While we are at it: the flood. A rule of the **village** decides whether the water comes, by a draw that all its households share, and also makes it a bad month for
# everybody's income. A rule of the **household** says what is lost, by a draw of its own.


# %%
@rule
def river(p, village, draw, month):
    """The village: flooded (1) or not, and then no month like others for anybody's income."""
    flooded = flag(draw.flood < p.flood_chance) * flag(month > ZERO)
    return village._replace(flooded=flooded, shock_now=greater(village.shock_now, flooded * p.flood_income_loss))


@rule
def flood(p, village, start, home, dose, draw, month):
    """The household after the water: up to `flood_loss` of savings and durable goods are gone."""
    left = ONE - village.flooded * p.flood_loss * draw.depth
    return home._replace(savings=home.savings * left, durables=home.durables * left)


# %% [markdown]
# And the savings group. Households join by example, pay in every month, and are paid out when somebody is ill or the village has a bad month. The fund is a column of the
# village; `village.mean_paid_in` is the mean of a column of ours over its households last month, so the books balance.


# %%
@rule
def books(p, village, draw, month):
    """The village, with last month's payments in its group's fund (L a household)."""
    return village._replace(fund=positive(village.fund + village.mean_paid_in - village.mean_paid_out))


@rule
def savings_group(p, village, start, home, dose, draw, month):
    """The household: joins where others have joined, pays in every month, is paid in a month of illness or shock."""
    joins = flag(draw.joins < p.joining * (ONE + p.example * village.mean_member)) * flag(month > ZERO)
    member = greater(home.member, joins)
    paid_in = member * lesser(p.premium * home.normal_income, home.savings)
    in_need = member * greater(flag(home.illness > HALF), flag(village.shock_now > ZERO))
    paid_out = in_need * lesser(p.help * home.normal_income, village.fund)
    savings = home.savings - paid_in + paid_out
    return home._replace(member=member, paid_in=paid_in, paid_out=paid_out, savings=savings)


# %% [markdown]
# An `Extension` puts the rules together and says what they need: parameters with bounds, columns, draws. Each draw has a number, which is part of its address and must
# never change. All figures here are assumed; yours would need a source.

# %%
more = Extension(
    "floods_and_groups",
    villages=[river, books],
    add=[flood, savings_group, thrift],
    parameters={
        "thrift": Number(0.02, "share of consumption", 0, 1),
        "flood_chance": Number(0.02, "1/month", 0, 1),
        "flood_loss": Number(0.5, "share", 0, 1),
        "flood_income_loss": Number(0.3, "share", 0, 1),
        "joining": Number(0.02, "1/month", 0, 1),
        "example": Number(3, "factor", 0, 50),
        "premium": Number(0.02, "share of income", 0, 1),
        "help": Number(0.5, "months of income", 0, 12),
    },
    columns={"member": State(0, "0/1", 0, 1), "paid_in": State(0, "L", 0), "paid_out": State(0, "L", 0)},
    village_columns={"flooded": State(0, "0/1", 0, 1), "fund": State(0, "L a household", 0)},
    village_draws={"flood": 0},
    draws={"depth": 0, "joins": 4},
)
es.extend.check(more)  # a second; a run would say the same before its half minute of compiling
print(more.sentence())

# %% [markdown]
# ## Do both ways agree?
#
# With no floods and no groups only thrift is left. `es.column_means` follows any column month by month, on the fast path.

# %%
only_thrift = more.with_values(flood_chance=0, joining=0)
fast = es.column_means("medan", ["savings"], policies=[POLICY], households=300, months=12, extension=only_thrift)
usual = es.column_means("medan", ["savings"], policies=[POLICY], households=300, months=12)

figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
axes.plot(usual[POLICY]["savings"], color=GREY, label="the model as it is")
axes.plot(fast[POLICY]["savings"], color=BLUE, linewidth=3, label="fast path")
axes.plot(slow, "o", color=ORANGE, label="slow path")
axes.set(xlabel="month", ylabel="mean savings, L", title="the same rule, compiled and agent by agent")
axes.legend(frameon=False)
plt.show()
print("largest difference:", np.abs(np.array(slow) - fast[POLICY]["savings"]).max())

# %% [markdown]
# ## Does the pairing hold?
#
# A comparison is fair if luck is the same under all policies. **Does the flood come to the same villages in the same months, whatever the programme?** It should: the
# address of a draw knows seed, future, village, month and stream, and no policy.

# %%
settings = {"households": 1500, "months": 36}
seen = es.column_means("medan", ["flooded", "member", "fund"], policies=[REFERENCE, POLICY], extension=more, **settings)

figure, axes = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
axes[0].bar(seen.months, 100 * seen[REFERENCE]["flooded"], color=BLUE, label="no programme")
axes[0].plot(seen.months, 100 * seen[POLICY]["flooded"], "o", color=ORANGE, label="mix with mentors")
axes[0].set(xlabel="month", ylabel="households under water, %", title="floods")
axes[0].legend(frameon=False)
axes[1].plot(seen.months, 100 * seen[POLICY]["member"], color=ORANGE)
axes[1].set(xlabel="month", ylabel="members, %", ylim=(0, 100), title="savings groups")
plt.show()
print("the same floods under both:", np.array_equal(seen[REFERENCE]["flooded"], seen[POLICY]["flooded"]))

# %% [markdown]
# ## The question
#
# Three worlds: as the model has it, with floods, and with floods and savings groups. In each, both policies live through the same futures. Also between the worlds every
# draw of the model is the same, so that worlds can be compared future by future.

# %% tags=["docs"]
worlds = {
    "the model": None,
    "floods": more.with_values(thrift=0, joining=0),
    "floods and groups": more.with_values(thrift=0),
}
size = {"households": 1500, "months": 48, "replicates": 6}
results = {
    name: es.compare("medan", policies=[POLICY], reference=REFERENCE, extension=extension, **size)
    for name, extension in worlds.items()
}


def futures_of(result, policy, outcome="poverty_headcount"):
    """The outcome of a policy, future by future, in per cent."""
    return 100 * np.array(result.table("futures").where(policy=policy, outcome=outcome)["value"])


figure, axes = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained")
for place, result in enumerate(results.values()):
    without, with_programme = futures_of(result, REFERENCE), futures_of(result, POLICY)
    axes[0].plot(without, np.full(len(without), place) - 0.1, "o", color=GREY)
    axes[0].plot(with_programme, np.full(len(without), place) + 0.1, "o", color=ORANGE)
    axes[1].plot(with_programme - without, np.full(len(without), place), "o", color=BLUE)
axes[0].set(xlabel="poor, % (grey: no programme, orange: mix with mentors)", title="levels, a dot a future")
axes[1].set(xlabel="percentage points", title="what the programme changes, a dot a future")
axes[1].axvline(0, color=GREY, linestyle="--")
for panel in axes:
    panel.set_yticks(range(len(results)), results)
    panel.invert_yaxis()
plt.show()

# %% [markdown]
# Floods should move the levels; whether they move what the *programme* changes is another matter. Look at the right panel before you answer.
#
# What do savings groups do by themselves? Take the difference between worlds, future by future:

# %%
for policy in (REFERENCE, POLICY):
    change = futures_of(results["floods and groups"], policy) - futures_of(results["floods"], policy)
    print(f"{policy}: groups change poverty by {change.mean():+.2f} points (each future: {np.round(change, 2)})")
print(results["floods"].inputs["extension"])

# %% [markdown]
# The last line is what keeps results apart: name, digest and values of the extension are part of every result, stored or not.
#
# ## What if you get it wrong?
#
# Mistakes are told before anything is compiled for long: here a bare 0.5, which Python counts in double precision.


# %%
@rule
def careless(p, village, start, home, dose, draw, month):
    """The household with half of its savings; but the half is of the wrong kind."""
    return home._replace(savings=home.savings * 0.5)


try:
    es.extend.check(Extension("careless", add=careless))
except es.errors.SimulationError as error:
    print(error)

# %% [markdown]
# ## Exercises
#
# **1.** How often must the river come before savings groups make a difference of a point? Try a chance of 0.1 a month. Why is nothing compiled again?
#
# <details><summary>Answer</summary>
#
# ```python
# wet = more.with_values(thrift=0, flood_chance=0.1)
# with_groups = es.simulate("medan", REFERENCE, extension=wet, **size)
# without = es.simulate("medan", REFERENCE, extension=wet.with_values(joining=0), **size)
# print(np.round(futures_of(with_groups, REFERENCE) - futures_of(without, REFERENCE), 2))
# ```
#
# Values of parameters are read when the model runs; only another rule, column or draw is another program. Compare with the figures above, and look at
# `squared_poverty_gap`, too: who is it that groups help?
#
# </details>
#
# **2.** The group pays everybody the same. Write a rule in which the poor get more, and check it. (Tip: `lesser(a, b)`, and consumption below `ONE` is poor.)
#
# <details><summary>Answer</summary>
#
# ```python
# @rule
# def poor_first(p, village, start, home, dose, draw, month):
#     """The household with an extra payment where its member is poor, as far as the fund goes."""
#     extra = home.member * flag(home.consumption < ONE) * lesser(p.extra * home.normal_income, village.fund)
#     return home._replace(paid_out=home.paid_out + extra, savings=home.savings + extra)
#
#
# kinder = Extension("kinder", add=poor_first, parameters={"extra": Number(0.1, "months of income", 0, 1)})
# try:
#     es.extend.check(kinder)
# except es.errors.SimulationError as error:
#     print(error)
# es.extend.check(more + kinder)
# print((more + kinder).sentence())
# ```
#
# Alone it cannot be compiled: `member`, `paid_out` and `fund` are columns of the other extension. Together it can. Is the fund still never overdrawn? Not quite: a member in
# need who is also poor may now be paid more than the fund holds for a household. Limit both payments together.
#
# </details>
#
# **3.** On the slow path, how would an agent know that its village is flooded, so that both paths agree?
#
# <details><summary>Answer</summary>
#
# ```python
# home = model.households[0]
# print(F(home.village.luck(0)) < F(0.02))
# ```
#
# By the address of the draw: `luck(0)` of a village is the number that the compiled rule reads as `draw.flood`. A generator with a state would give other numbers as soon
# as anything else was drawn before it, and two policies would no longer have the same floods. `docs/howto/extend.md` has the whole of it as agents.
#
# </details>
#
# More, and how to put a rule of your own in place of one of the model's: `docs/howto/extend.md`.
