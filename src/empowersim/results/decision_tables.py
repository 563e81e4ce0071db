"""Columns of the tables of a decision, registered beside those of a comparison."""

from __future__ import annotations

from typing import Final

from empowersim.results.tables import COLUMNS, TableColumn

_WORLD: Final = TableColumn("world", "text", "", "`no_trap` or `trap`")
_POLICY: Final = TableColumn("policy", "text", "", "name of the policy in the scenario file")
_AGAINST: Final = TableColumn("against", "text", "", "policy that it is compared with")
_UNIT: Final = TableColumn("unit", "text", "", "unit of the numbers of the row")
_FUTURES: Final = TableColumn("futures", "whole", "", "futures that the row rests on")
_THRESHOLD: Final = TableColumn("threshold", "real", "IDR/unit of the effect", "willingness to pay for one more")

DECISION_TABLES: Final[dict[str, tuple[TableColumn, ...]]] = {
    "ranking": (
        _WORLD,
        _POLICY,
        _UNIT,
        _FUTURES,
        TableColumn("mean", "real", "row", "mean of the outcome over futures"),
        TableColumn("low", "real", "row", "lower end of its Student t interval"),
        TableColumn("high", "real", "row", "upper end of its Student t interval"),
        TableColumn("probability_best", "real", "probability", "that its mean is the best, given the futures"),
        TableColumn("expected_loss", "real", "row", "expected loss of choosing it: mean of (best mean - its mean)"),
        TableColumn("rank_low", "whole", "", "best rank that the simultaneous intervals allow, 1 = the best"),
        TableColumn("rank_high", "whole", "", "worst rank that the simultaneous intervals allow"),
        TableColumn("share_best", "real", "share of futures", "futures in which it is the best; ties share"),
        TableColumn("future_loss", "real", "row", "mean over futures of (best of the future - its value)"),
    ),
    "pairs": (
        _WORLD,
        _POLICY,
        _AGAINST,
        _UNIT,
        _FUTURES,
        TableColumn("mean", "real", "row", "policy minus the other, mean of the paired difference"),
        TableColumn("low", "real", "row", "lower end of the interval that holds together with those of all pairs"),
        TableColumn("high", "real", "row", "upper end of that interval"),
        TableColumn("sequence_low", "real", "row", "lower end of the confidence sequence; null where not watched"),
        TableColumn("sequence_high", "real", "row", "upper end of the confidence sequence; null where not watched"),
        TableColumn("spread", "real", "row", "standard deviation of the difference over futures"),
        TableColumn("probability_better", "real", "probability", "that its mean is the better, given the futures"),
        TableColumn("share_better", "real", "share of futures", "futures in which it is better, ties half"),
        TableColumn("standing", "text", "", "`better`, `worse`, `open`, or `equal` in all futures"),
        TableColumn("needed", "real", "futures", "futures in all that would settle the sign at the present spread"),
    ),
    "ranks": (
        _WORLD,
        _POLICY,
        TableColumn("rank", "whole", "", "1 = the best"),
        TableColumn("probability", "real", "probability", "that its mean has this rank, given the futures"),
        TableColumn("share", "real", "share of futures", "futures in which it has this rank"),
    ),
    "looks": (
        _WORLD,
        _FUTURES,
        _POLICY,
        _AGAINST,
        _UNIT,
        TableColumn("mean", "real", "row", "mean of the paired difference at this look"),
        TableColumn("low", "real", "row", "lower end of the confidence sequence"),
        TableColumn("high", "real", "row", "upper end of the confidence sequence"),
        TableColumn("settled", "text", "", "`yes` where what was asked of the difference is known"),
        TableColumn("needed", "real", "futures", "futures in all that would settle it; null: none would"),
    ),
    "futures": (
        _WORLD,
        _POLICY,
        TableColumn("replicate", "whole", "", "number of the future, 0 = the first"),
        _UNIT,
        TableColumn("value", "real", "row", "value of the outcome"),
        TableColumn("cost", "real", "IDR", "discounted cost over the horizon"),
        TableColumn("effect", "real", "unit of the effect", "effect over the horizon, against the reference"),
    ),
    "draws": (
        _WORLD,
        TableColumn("draw", "whole", "", "number of the parameter draw, 0 = the first"),
        TableColumn("weight", "real", "share", "weight of the draw; those of a world add up to 1"),
        _POLICY,
        _UNIT,
        _FUTURES,
        TableColumn("value", "real", "row", "mean of the outcome over the futures of the draw, as simulated"),
        TableColumn("corrected", "real", "row", "the same without what luck adds to the spread between draws"),
        TableColumn("regret", "real", "row", "best of the draw minus the policy, corrected values"),
        TableColumn("cost", "real", "IDR", "discounted cost, mean over the futures of the draw"),
        TableColumn("effect", "real", "unit of the effect", "effect against the reference, mean over the futures"),
    ),
    "parameters": (
        TableColumn("draw", "whole", "", "number of the parameter draw, 0 = the first"),
        TableColumn("parameter", "text", "", "name of the parameter"),
        TableColumn("value", "real", "unit of the parameter", "value in this draw"),
    ),
    "regret": (
        _WORLD,
        _POLICY,
        _UNIT,
        TableColumn("mean", "real", "row", "weighted mean of the outcome over parameter draws"),
        TableColumn("low", "real", "row", "lower weighted quantile over draws, corrected for luck"),
        TableColumn("high", "real", "row", "upper weighted quantile over draws, corrected for luck"),
        TableColumn("difference", "real", "row", "policy minus reference, weighted mean over draws"),
        TableColumn("difference_low", "real", "row", "its lower weighted quantile, corrected for luck"),
        TableColumn("difference_high", "real", "row", "its upper weighted quantile, corrected for luck"),
        TableColumn("difference_se", "real", "row", "standard error of `difference` by the futures all draws share"),
        TableColumn("parameter_variance", "real", "row squared", "variance of the difference between draws"),
        TableColumn("chance_variance", "real", "row squared", "variance of the difference between futures of a draw"),
        TableColumn("expected", "real", "row", "expected regret"),
        TableColumn("regret_high", "real", "row", "regret that a share `level` of the draws does not exceed"),
        TableColumn("largest", "real", "row", "largest regret of all draws"),
        TableColumn("share_best", "real", "share of draws", "weighted draws in which it is the best; ties share"),
    ),
    "increments": (
        _WORLD,
        TableColumn("order", "whole", "", "place in the order of mean cost, 1 = the cheapest"),
        _POLICY,
        TableColumn("status", "text", "", "`cheapest`, `frontier`, `dominated`, `extendedly_dominated` or `tied`"),
        TableColumn("cost", "real", "IDR", "mean discounted cost over the horizon"),
        TableColumn("effect", "real", "unit of the effect", "mean effect against the reference"),
        _AGAINST,
        TableColumn("extra_cost", "real", "IDR", "cost more than that of the policy before on the frontier"),
        TableColumn("extra_effect", "real", "unit of the effect", "effect more than that of the policy before it"),
        TableColumn("ratio", "real", "IDR/unit of the effect", "incremental cost-effectiveness ratio (ICER)"),
        TableColumn("low", "real", "IDR/unit of the effect", "lower end of its interval over the cloud"),
        TableColumn("high", "real", "IDR/unit of the effect", "upper end of its interval over the cloud"),
    ),
    "plane": (
        _WORLD,
        TableColumn("point", "whole", "", "number of the parameter draw, or of the future"),
        TableColumn("kind", "text", "", "`draw` (mean over futures, without luck) or `future`"),
        TableColumn("weight", "real", "share", "weight of the point; those of a policy add up to 1"),
        _POLICY,
        TableColumn("extra_cost", "real", "IDR", "discounted cost more than the reference"),
        TableColumn("extra_effect", "real", "unit of the effect", "effect more than the reference"),
    ),
    "ellipses": (
        _WORLD,
        _POLICY,
        TableColumn("effect", "real", "unit of the effect", "centre"),
        TableColumn("cost", "real", "IDR", "centre, more than the reference"),
        TableColumn("effect_first", "real", "unit of the effect", "first half axis, effect"),
        TableColumn("cost_first", "real", "IDR", "first half axis, cost"),
        TableColumn("effect_second", "real", "unit of the effect", "second half axis, effect"),
        TableColumn("cost_second", "real", "IDR", "second half axis, cost"),
    ),
    "acceptability": (
        _WORLD,
        _THRESHOLD,
        _POLICY,
        TableColumn("probability", "real", "probability", "that its net benefit is the highest; ties share"),
        TableColumn("benefit", "real", "IDR", "mean net benefit against the reference"),
        TableColumn("frontier", "text", "", "`yes` for the policy of the highest mean net benefit"),
    ),
    "information": (
        _WORLD,
        _THRESHOLD,
        TableColumn("best", "text", "", "policy of the highest mean net benefit"),
        TableColumn("evpi", "real", "IDR", "expected value of perfect information on all parameters"),
        TableColumn("evpi_raw", "real", "IDR", "the same if luck were counted as uncertainty of parameters"),
    ),
    "partial": (
        _WORLD,
        _THRESHOLD,
        TableColumn("parameter", "text", "", "name of the parameter"),
        TableColumn("value", "real", "IDR", "expected value of perfect information on this parameter alone (EVPPI)"),
        TableColumn("se", "real", "IDR", "its standard error, from redrawn regression coefficients"),
        TableColumn("noise", "real", "IDR", "what pure noise seems to be worth in the luckiest 1 % of cases"),
        TableColumn("told", "text", "", "`yes` where the value is above that"),
        TableColumn("degrees", "whole", "", "degrees of freedom of the regression, 0: it explains nothing"),
        TableColumn("explained", "real", "share", "variance of net benefit differences that the parameter explains"),
    ),
    "impact": (
        _WORLD,
        _POLICY,
        TableColumn("year", "whole", "years", "year of the policy, 1 = the first"),
        TableColumn("months", "whole", "months", "months of the horizon that fall into the year"),
        TableColumn("mean", "real", "IDR", "spent in the year, undiscounted, mean over futures"),
        TableColumn("low", "real", "IDR", "lower end of its Student t interval over futures"),
        TableColumn("high", "real", "IDR", "upper end of its Student t interval over futures"),
        TableColumn("extra", "real", "IDR", "more than under the reference, mean of the paired difference"),
        TableColumn("extra_low", "real", "IDR", "lower end of its interval"),
        TableColumn("extra_high", "real", "IDR", "upper end of its interval"),
        TableColumn("draws_low", "real", "IDR", "lower weighted quantile of the extra over parameter draws"),
        TableColumn("draws_high", "real", "IDR", "upper weighted quantile of the extra over parameter draws"),
    ),
}
"""Columns of each table of a decision, in order."""

COLUMNS.update({f"decision_{name}": columns for name, columns in DECISION_TABLES.items()})

NAMES: Final = tuple(f"decision_{name}" for name in DECISION_TABLES)
"""Names of the tables in the registry and of the files, `decision_ranking` and so on."""
