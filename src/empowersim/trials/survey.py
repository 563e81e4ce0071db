"""What a survey writes down: the outcomes of a study, with the errors that enumerators and respondents make.

Each item has its own noise (log or additive), of the size in ``parameters/survey.yaml``; amounts of assets and sales
are cut at the 99th percentile as authors do. The noises set the scale of every effect in standard deviations; effects
in percent hardly depend on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.observe import FIRST
from empowersim.rng import Stream

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """One outcome of a survey."""

    name: str
    unit: str
    meaning: str
    better: int = 1


OUTCOMES: Final[dict[str, Outcome]] = {
    outcome.name: outcome
    for outcome in (
        Outcome("consumption", "L/month", "household consumption"),
        Outcome("log_consumption", "log", "log of household consumption"),
        Outcome("food", "index", "food security: follows log consumption"),
        Outcome("asset_index", "index", "productive assets and durables, standardised and summed"),
        Outcome("productive_assets", "L", "worth of productive assets"),
        Outcome("log_productive_assets", "k", "productive assets as ln(1 + scale x L)"),
        Outcome("durables", "L", "worth of durable goods"),
        Outcome("assets_value", "L", "productive assets, durables and savings"),
        Outcome("savings", "log L", "log of savings: financial inclusion"),
        Outcome("hours", "hours/week", "hours worked"),
        Outcome("business_hours", "hours/week", "hours in the own business"),
        Outcome("wage_hours", "hours/week", "hours in wage work"),
        Outcome("casual_hours", "hours/week", "hours in casual wage work"),
        Outcome("earnings", "L/month", "wages and business profit"),
        Outcome("own_earnings", "L/month", "business profit and half of the wages: earnings of one adult"),
        Outcome("wages", "L/month", "wage income"),
        Outcome("profit", "L/month", "profit of the business"),
        Outcome("log_profit", "log", "log of profit"),
        Outcome("sales", "L/month", "sales of the business"),
        Outcome("profit_and_sales", "index", "profit and sales, standardised and averaged"),
        Outcome("income_index", "index", "sales and wages, standardised and summed"),
        Outcome("employed", "0/1", "has regular work"),
        Outcome("in_business", "0/1", "runs a business with more than a token of assets"),
        Outcome("poor", "0/1", "consumes less than the poverty line", -1),
        Outcome("extreme_poor", "0/1", "consumes less than seven tenths of the line", -1),
        Outcome("well_being", "SD", "psychological well-being"),
        Outcome("health", "SD", "physical health"),
        Outcome("voice", "SD", "political involvement"),
        Outcome("empowerment", "SD", "say in decisions"),
        Outcome("literacy_test", "SD", "reading and calculating test of the adult"),
        Outcome("literacy_grades", "grades", "school grades that the adult's reading stands for"),
        Outcome("child_learning", "SD", "test of the children"),
        Outcome("in_school", "0/1", "children enrolled"),
        Outcome("neonatal_death", "probability", "chance that a newborn child dies", -1),
        Outcome("participation", "0-1", "share of meetings attended"),
        Outcome("illness", "0/1/2", "illness of an earner", -1),
        Outcome("income", "L/month", "income of the month, after illness"),
        Outcome("advice", "0-1", "advice of a mentor that still helps"),
        Outcome("practice", "0-1", "business practices in use"),
        Outcome("literacy_gain", "0-1", "functional literacy above where it was"),
    )
}
"""Outcomes by name."""


CUT: Final = ("productive_assets", "durables", "profit", "sales")
"""Amounts that authors cut at a percentile of the surveyed sample."""


def measure(
    state: dict[str, Any],
    p: Any,
    noise: NDArray[np.float32] | None,
    tops: dict[str, float] | None = None,
) -> dict[str, Float64Array]:
    """Outcomes (n,) of a state; `noise` = standard normals (streams of a survey, n), or None for what is true.

    `tops` = amount at which each of `CUT` is cut, as from `tops_of`; None cuts nothing.
    """

    def column(name: str) -> Float64Array:
        values: Float64Array = np.asarray(state[name], np.float64)
        return values

    def error(stream: Stream, size: float) -> Any:
        return 0.0 if noise is None else size * noise[int(stream) - int(FIRST)].astype(np.float64)

    def cut(item: str, values: Float64Array) -> Float64Array:
        return values if tops is None else np.minimum(values, tops[item])

    consumption = column("consumption") * np.exp(error(Stream.SURVEY_CONSUMPTION, p.survey_consumption))
    log_consumption = np.log(np.maximum(consumption, 1e-6))
    productive = cut("productive_assets", column("held") * np.exp(error(Stream.SURVEY_ASSETS, p.survey_assets)))
    durables = cut("durables", column("durables") * np.exp(error(Stream.SURVEY_DURABLES, p.survey_assets)))
    savings = np.log(
        p.survey_savings_floor + column("savings") * np.exp(error(Stream.SURVEY_SAVINGS, p.survey_savings))
    )
    hours_error = np.exp(error(Stream.SURVEY_HOURS, p.survey_hours))
    business_hours = p.survey_week_hours * column("business_time") * hours_error
    wage_hours = p.survey_week_hours * column("wage_time") * hours_error
    wages = column("wages") * np.exp(error(Stream.SURVEY_WAGES, p.survey_wages))
    money_error = np.exp(error(Stream.SURVEY_SALES, p.survey_sales))
    profit = cut("profit", column("profit") * money_error)
    sales = cut("sales", column("sales") * money_error)
    literacy = column("literacy")
    test = literacy * p.grades_in_literacy
    base = literacy - column("literacy_base")
    odds = (
        p.neonatal_log_odds
        - p.neonatal_per_practice * column("health_practice")
        - p.neonatal_per_health * column("health")
    )
    return {
        "consumption": consumption,
        "log_consumption": log_consumption,
        "food": np.log(np.maximum(column("consumption"), 1e-6))
        + error(Stream.SURVEY_CONSUMPTION, p.survey_consumption)
        + error(Stream.SURVEY_FOOD, p.survey_food),
        "productive_assets": productive,
        "log_productive_assets": np.log1p(p.asset_scale * productive),
        "durables": durables,
        "assets_value": productive + durables + column("savings"),
        "savings": savings,
        "hours": business_hours + wage_hours,
        "business_hours": business_hours,
        "wage_hours": wage_hours,
        "casual_hours": wage_hours * (column("job") < 0.5),
        "earnings": wages + profit,
        "own_earnings": p.survey_own_wages * wages + profit,
        "wages": wages,
        "profit": profit,
        "log_profit": np.log(np.maximum(profit, 1e-6)),
        "sales": sales,
        "employed": column("job"),
        "in_business": (column("held") > p.survey_business_assets).astype(np.float64),
        "poor": (consumption < 1.0).astype(np.float64),
        "extreme_poor": (consumption < p.survey_extreme_line).astype(np.float64),
        "well_being": column("well_being") + error(Stream.SURVEY_WELL_BEING, p.survey_well_being),
        "health": column("health") + error(Stream.SURVEY_HEALTH, p.survey_scale),
        "voice": column("voice") + error(Stream.SURVEY_VOICE, p.survey_scale),
        "empowerment": column("empowerment") + error(Stream.SURVEY_EMPOWERMENT, p.survey_scale),
        "literacy_test": test + error(Stream.SURVEY_LITERACY, p.survey_literacy),
        "literacy_grades": test,
        "child_learning": column("child_learning") + error(Stream.SURVEY_LEARNING, p.survey_learning),
        "in_school": column("in_school"),
        "neonatal_death": 1.0 / (1.0 + np.exp(-odds)),
        "participation": column("participation"),
        "illness": column("illness"),
        "income": column("income"),
        "advice": column("advice"),
        "practice": column("business_practice"),
        "literacy_gain": base,
    }


def tops_of(uncut: dict[str, Float64Array], p: Any) -> dict[str, float]:
    """Amounts at which a survey of these households (n,) is cut: a percentile of each of `CUT`."""
    return {item: float(np.percentile(uncut[item], float(p.survey_top))) for item in CUT}


INDICES: Final[dict[str, tuple[str, ...]]] = {
    "asset_index": ("productive_assets", "durables"),
    "income_index": ("sales", "wages"),
    "profit_and_sales": ("profit", "sales"),
}
"""Indices: sums of items standardised on the comparison households."""


def add_indices(outcomes: dict[str, Float64Array], reference: dict[str, tuple[float, float]]) -> None:
    """Add the indices to `outcomes`; `reference` = (mean, s.d.) of each item among comparison households."""
    for name, items in INDICES.items():
        total = sum((outcomes[item] - reference[item][0]) / reference[item][1] for item in items)
        outcomes[name] = np.asarray(total, np.float64)


def reference_of(outcomes: dict[str, Float64Array], among: NDArray[np.bool_]) -> dict[str, tuple[float, float]]:
    """Mean and s.d. of the items of the indices among the households marked."""
    items = sorted({item for group in INDICES.values() for item in group})
    found = {}
    for item in items:
        values = outcomes[item][among]
        found[item] = (float(values.mean()), max(float(values.std()), 1e-9))
    return found
