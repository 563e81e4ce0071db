"""The columns of a household and a village: one registry for arrays, files, documents and plots.

The order of `HOUSEHOLD` is the order of the rows of a tile in memory. Everything that needs a row
asks `ROW`; everything that shows a column asks its `Column` for unit, bounds and meaning.

Unit of money inside the model: **L**, one month of the household's poverty-line budget
(poverty line per person and month x persons). Rupiah appear only at the edges.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple


class Column(NamedTuple):
    """What a column holds.

    `role` says how it lives: a `trait` never changes, a `state` is carried from month to month, an
    `output` is written by the month and read by reports, targeting or next month's community.
    """

    name: str
    unit: str
    lower: float
    upper: float
    role: Literal["trait", "state", "output"]
    meaning: str


_INF: Final = float("inf")

HOUSEHOLD: Final[tuple[Column, ...]] = (
    Column("permanent", "log", -6.0, 6.0, "trait", "permanent part of log earning capacity"),
    Column("own_assets", "k", -6.0, 6.0, "trait", "deviation of the accustomed level of productive assets"),
    Column("size", "persons", 1.0, 30.0, "trait", "members of the household"),
    Column("children", "persons", 0.0, 20.0, "trait", "members of school age (7 to 18 years)"),
    Column("schooling_years", "years", 0.0, 22.0, "trait", "years of schooling of the best-educated adult"),
    Column("female_head", "0/1", 0.0, 1.0, "trait", "the household is headed by a woman"),
    Column("literacy_base", "0-1", 0.0, 1.0, "trait", "functional literacy that daily life keeps alive"),
    Column("agency_base", "SD", -6.0, 6.0, "trait", "say and voice the household has without any programme"),
    Column("register_error", "SD", -6.0, 6.0, "trait", "error of the social register about the consumption"),
    Column("capacity", "log", -6.0, 6.0, "state", "persistent, slowly moving part of log earning capacity"),
    Column("job", "0/1", 0.0, 1.0, "state", "regular work (1) or casual work (0)"),
    Column("assets", "k", 0.0, 6.0, "state", "productive assets as k = ln(1 + scale x L)"),
    Column("savings", "L", 0.0, _INF, "state", "liquid savings"),
    Column("durables", "L", 0.0, _INF, "state", "durable goods"),
    Column("normal_income", "L/month", 0.0, _INF, "state", "income the household has grown used to"),
    Column("technical_skill", "0-1", 0.0, 1.0, "state", "skill in a trade"),
    Column("business_knowledge", "0-1", 0.0, 1.0, "state", "knowledge of how to run a business"),
    Column("business_practice", "0-1", 0.0, 1.0, "state", "business knowledge turned into habit"),
    Column("initiative", "0-1", 0.0, 1.0, "state", "personal initiative and confidence"),
    Column(
        "literacy", "0-1", 0.0, 1.0, "state", "functional literacy of the least literate working adult; a grade is 1/6"
    ),
    Column("motivation", "0-1", 0.0, 1.0, "state", "will to take part and act; raised by mentors and meetings"),
    Column("claims", "0-1", 0.0, 1.0, "state", "share of missing entitlements that the household has obtained"),
    Column("child_learning", "SD", -4.0, 6.0, "state", "learning of the children gained by tutoring and from adults"),
    Column("in_school", "0/1", 0.0, 1.0, "state", "the children of school age are enrolled"),
    Column("health", "SD", -6.0, 6.0, "state", "physical health"),
    Column("illness", "0/1/2", 0.0, 2.0, "state", "illness of an earner: none, moderate, severe"),
    Column("health_practice", "0-1", 0.0, 1.0, "state", "preventive practice at home"),
    Column("care_practice", "0-1", 0.0, 1.0, "state", "basic care of the sick at home, and seeking care in time"),
    Column("family_practice", "0-1", 0.0, 1.0, "state", "practice in feeding and in reproductive health"),
    Column("child_growth", "SD", -6.0, 6.0, "state", "growth of small children above what it would be"),
    Column("well_being", "SD", -8.0, 8.0, "state", "psychological well-being"),
    Column("empowerment", "SD", 0.0, 12.0, "state", "say in decisions, control over own life"),
    Column("voice", "SD", 0.0, 12.0, "state", "voice in the community and towards the state"),
    Column("trust", "0-1", 0.0, 1.0, "state", "trust in the mentor"),
    Column("advice", "0-1", 0.0, 1.0, "state", "flow of advice that still helps this month"),
    Column("participation", "0-1", 0.0, 1.0, "state", "share of group meetings attended, moving average"),
    Column("unseen", "months", 0.0, 600.0, "state", "months since the last visit of a mentor"),
    Column(
        "standing", "months", 0.0, 1200.0, "state", "months in a row above the independence line without aid or mentor"
    ),
    Column("above", "months", 0.0, 1200.0, "state", "months in a row above the poverty line"),
    Column("poor_months", "months", 0.0, 1200.0, "state", "months below the poverty line since the policies began"),
    Column("began_poor", "0/1", 0.0, 1.0, "state", "below the poverty line when the policies began"),
    Column("shock", "0-1", 0.0, 1.0, "state", "share of income still lost to the last village-wide shock"),
    Column("consumption", "L/month", 0.0, _INF, "output", "consumption of the month; below 1 is poor"),
    Column("income", "L/month", 0.0, _INF, "output", "earned income of the month after illness and shocks"),
    Column("visits", "visits/month", 0.0, 31.0, "output", "visits of a mentor this month"),
    Column("transfers", "L/month", 0.0, _INF, "output", "stipends and grants received this month"),
    Column("welfare", "L months", 0.0, _INF, "output", "sum of consumption over the judged months"),
)

ROW: Final[dict[str, int]] = {column.name: row for row, column in enumerate(HOUSEHOLD)}
ROWS: Final = len(HOUSEHOLD)

VILLAGE: Final[tuple[Column, ...]] = (
    Column("wage_supply", "share of time", 0.0, 1.0, "trait", "wage work to be had"),
    Column("market_access", "factor", 0.0, 3.0, "trait", "factor on business income"),
    Column("growth", "log/month", -0.02, 0.02, "trait", "growth of everybody's earnings"),
    Column("asset_death_hazard", "1/month", 0.0, 1.0, "trait", "hazard of losing productive assets"),
    Column("shock_hazard", "1/month", 0.0, 1.0, "trait", "hazard of a village-wide shock"),
    Column("shock_size", "share", 0.0, 1.0, "trait", "share of income lost in the month of the shock"),
    Column("spread", "factor", 0.0, 3.0, "trait", "dispersion of earnings relative to the calibrated one"),
    Column("morbidity", "factor", 0.0, 5.0, "trait", "illness hazard relative to the national one"),
    Column("rural", "0/1", 0.0, 1.0, "trait", "rural: informal insurance is weaker"),
    Column("pace", "factor", 0.0, 5.0, "trait", "pace of learning and change; never zero"),
    Column("line", "IDR/person/month", 0.0, _INF, "trait", "poverty line per person and month"),
    Column("venue_hours", "hours", 0.0, 48.0, "trait", "way to the meeting place, one way"),
    Column("outsider_trust", "0-1", 0.0, 1.0, "trait", "trust in a mentor at first meeting"),
    Column(
        "missing_entitlement",
        "L/month",
        0.0,
        1.0,
        "trait",
        "worth of the entitlements that poor households fail to get",
    ),
    Column("health_access", "0-1", 0.0, 1.0, "trait", "access to health services; 1 = at hand"),
    Column("signal", "0-1", 0.0, 1.0, "trait", "mobile signal: none, weak, strong"),
    Column("adat", "0-1", 0.0, 1.0, "trait", "how strongly custom governs: integrated, mixing, strongly traditional"),
    Column("leader", "0-1", 0.0, 1.0, "trait", "support of the local leader; 0.5 is neutral"),
    Column("harvest_start", "month", 0.0, 11.0, "trait", "first month of the peak season, 0 = January"),
    Column("harvest_length", "months", 0.0, 12.0, "trait", "months of peak work a year"),
    Column("theft_hazard", "1/month", 0.0, 0.2, "trait", "hazard of theft where nobody is poor"),
    Column("regular_work", "factor", 0.0, 3.0, "trait", "chance of finding regular work against the usual one"),
    Column("distant_work", "log", 0.0, 2.0, "trait", "wage premium of regular work away from home"),
    Column("own_food", "L/month", 0.0, 2.0, "trait", "food that every household grows for itself"),
    Column("asset_shift", "k", -4.0, 4.0, "trait", "accustomed assets of everybody against the calibrated level"),
    Column("mean_income", "L/month", 0.0, _INF, "state", "mean normal income last month"),
    Column("mean_practice", "0-1", 0.0, 1.0, "state", "mean business practice last month"),
    Column("mean_participation", "0-1", 0.0, 1.0, "state", "mean participation last month"),
    Column("mean_poor", "0-1", 0.0, 1.0, "state", "share of households below the line last month"),
    Column("collective", "0-1", 0.0, 1.0, "state", "collective capability: groups, bargaining, watchfulness"),
    Column("culture", "0-1", 0.0, 1.0, "state", "local values kept alive; harmed by programmes that do not fit"),
    Column("busy", "0/1", 0.0, 1.0, "state", "peak season this month"),
    Column("shock_now", "share", 0.0, 1.0, "state", "size of a shock that strikes this month, else 0"),
)

VILLAGE_ROW: Final[dict[str, int]] = {column.name: row for row, column in enumerate(VILLAGE)}
VILLAGE_ROWS: Final = len(VILLAGE)

REGION_TYPES: Final = ("urban", "peri_urban", "rural_road", "interior", "small_island")
"""Region types, from the easiest to reach to the hardest. The order is part of stored results."""

CHANNELS: Final[dict[str, str]] = {
    "technical": "share of one standard technical course a month",
    "business": "share of one standard business course a month",
    "initiative": "share of one standard personal-initiative course a month",
    "literacy": "adult literacy class, 1 = a standard class",
    "tutoring": "tutoring of the children, 1 = a standard dose",
    "health_group": "participatory group meetings a month, of whatever topic",
    "prevention": "health meetings a month on preventing disease",
    "basic_care": "health meetings a month on basic care",
    "nutrition": "health meetings a month on nutrition",
    "reproductive": "health meetings a month on reproductive health",
    "brokering": "cases a month in which somebody helps to claim an entitlement",
    "deliberation": "village meetings a month in which people choose",
    "fit": "cultural fit of what is offered, -1 to 1",
    "scholarship": "share of the cost of schooling covered",
    "saving": "obligatory saving, share of income",
    "stipend": "cash every month, rupiah a household",
    "asset_grant": "productive asset at the start, rupiah a household",
    "cash_grant": "cash at the start, rupiah a household",
    "visits": "visits of a mentor wanted a month",
    "sessions": "group sessions run by a mentor a month",
}
"""What a programme can give to an enrolled household: doses a month, or once at the start."""

CHANNEL_ROW: Final[dict[str, int]] = {name: row for row, name in enumerate(CHANNELS)}


def column(name: str) -> Column:
    """Return the household column called `name`; KeyError if there is none."""
    return HOUSEHOLD[ROW[name]]
