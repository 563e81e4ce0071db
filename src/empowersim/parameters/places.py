"""Places: the published figures of who lives where, each with a passport.

Three kinds of file: ``regions.yaml`` holds what differs between region types (roads, markets, shocks, the
size of communities), ``places/common.yaml`` the relations that all places share, and ``places/NAME.yaml``
one preset each. A place is a mix of region types, and each of its region types has its own figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from math import isclose
from typing import Any, Final

from empowersim.errors import ParameterError
from empowersim.parameters import FOLDER, read_yaml
from empowersim.schema import REGION_TYPES

TRAVEL: Final = (
    "round_trip_hours",
    "visit_time_factor",
    "walk_hours",
    "sessions_per_trip",
    "visits_per_trip",
    "access",
    "trip_cost",
    "signal_factor",
)
"""Figures of a region type that cost mentors time and money; the fields of `engine.inputs.Travel`."""

TRAITS: Final = (
    "wage_supply",
    "market_access",
    "growth",
    "asset_death_hazard",
    "shock_hazard",
    "shock_size",
    "spread",
    "morbidity",
    "rural",
    "pace",
    "venue_hours",
    "outsider_trust",
    "missing_entitlement",
    "leader",
    "harvest_start",
    "harvest_length",
    "theft_hazard",
)
"""Figures of a region type that all of its villages have as a trait (`schema.VILLAGE`)."""

DRAWN: Final = {
    "signal": ("signal_none", "signal_weak"),
    "adat": ("adat_strong", "adat_mixing"),
    "health_access": ("health_access", "health_access_spread"),
}
"""Traits that differ between the villages of a region type, each with the two figures that it is drawn by."""

SPREAD: Final = tuple(figure for pair in DRAWN.values() for figure in pair)
"""Figures of a region type by which traits of its villages are drawn."""

COMMUNITY: Final = ("village_households", "village_log_sd", "villages")
"""Figures of a region type that say how households stand in villages and subdistricts."""


@dataclass(frozen=True)
class FigurePassport:
    """What is known of one figure of a place or of a region type."""

    name: str
    """As ``medan_urban.urban.poverty_rate`` or ``regions.access``."""
    value: float | tuple[float, ...]
    """One number; for region types one each, in the order of `REGION_TYPES`."""
    unit: str
    lower: float
    upper: float
    meaning: str
    source: str
    confidence: str
    """`A` read in a source, `B` well known, `C` assumed."""
    year: int = 0
    """0 where the figure has no year."""


@dataclass(frozen=True)
class RegionType:
    """What villages of one region type share."""

    name: str
    village_households: float
    """Median households of a village."""
    village_log_sd: float
    villages: int
    """Villages of a subdistrict."""
    traits: tuple[float, ...]
    """In the order of `TRAITS`."""
    spread: tuple[float, ...]
    """In the order of `SPREAD`."""
    travel: tuple[float, ...]
    """In the order of `TRAVEL`."""

    def trait(self, name: str) -> float:
        """One trait by name; ValueError if there is none of that name."""
        return self.traits[TRAITS.index(name)]

    def drawn_by(self, trait: str) -> tuple[float, float]:
        """The two figures by which a trait of `DRAWN` is drawn; KeyError if it is not drawn."""
        first, second = DRAWN[trait]
        return self.spread[SPREAD.index(first)], self.spread[SPREAD.index(second)]


@dataclass(frozen=True)
class PlaceRegion:
    """The households of one region type in one place. Shares are between 0 and 1."""

    type: RegionType
    """Region type, with this place's own traits where it has any."""
    share: float
    """Share of the households of the place."""
    poverty_line: float
    """IDR a person and month."""
    poverty_rate: float
    """Share of persons below the line."""
    body_sigma: float
    tail_quantile: float
    tail_alpha: float
    household_size: float
    household_size_poor: float
    school_age_share: float
    schooling_mean: float
    illiteracy: float
    low_literacy_poor: float
    female_head: float
    out_of_school: float
    minimum_wage: float
    """IDR a month."""

    @property
    def name(self) -> str:
        """Name of the region type."""
        return self.type.name

    @property
    def index(self) -> int:
        """Index of the region type in `REGION_TYPES`."""
        return REGION_TYPES.index(self.type.name)


@dataclass(frozen=True)
class Relations:
    """Relations between the traits of a household that all places share (``places/common.yaml``)."""

    adults: float
    education_shares: tuple[float, ...]
    education_years_low: tuple[float, ...]
    education_years_high: tuple[float, ...]
    welfare_schooling: float
    schooling_literacy: float
    welfare_enrolment: float
    illiterate_mark: float
    low_literacy_mark: float
    village_variance_share: float
    pace_log_sd: float
    pace_floor: float
    top_rank: float


@dataclass(frozen=True)
class Place:
    """A place: who lives there, in which region types."""

    name: str
    title_en: str
    title_id: str
    meaning: str
    price_year: int
    households: float
    """Households that the simulated ones stand for."""
    regions: tuple[PlaceRegion, ...]
    """In the order of `REGION_TYPES`; shares sum to 1."""
    relations: Relations

    def region(self, name: str) -> PlaceRegion:
        """Figures of one region type.

        Raises `ParameterError`, naming the region types that the place has, if it lacks this one.
        """
        for region in self.regions:
            if region.name == name:
                return region
        has = ", ".join(region.name for region in self.regions)
        raise ParameterError(f"{self.name} has no region type {name}; it has {has}")

    def override(self, figures: Mapping[str, float], region: str | None = None) -> Place:
        """Return the place with some figures changed, in one region type or in all.

        `figures` may name `households`, any figure of ``places/common.yaml`` but `share`, any trait or community figure
        of ``regions.yaml`` and any relation that is one number: `figure_names` lists them. Raises `ParameterError` for
        an unknown name (naming the nearest) or a value outside the figure's bounds.
        """
        if region is not None:
            self.region(region)
        place = self
        for name, value in figures.items():
            if name == _FIXED:
                raise ParameterError(f"{name} cannot be changed alone: the shares of the region types sum to 1")
            _check(name, value)
            if name == "households":
                place = replace(place, households=float(value))
            elif name in Relations.__dataclass_fields__:
                place = replace(place, relations=_with_relation(place.relations, name, value))
            else:
                changed = tuple(
                    _with(one, name, float(value)) if region in {None, one.name} else one for one in place.regions
                )
                place = replace(place, regions=changed)
        return place


def _with_relation(known: Relations, name: str, value: float) -> Relations:
    """Relations with one of them changed."""
    changed: dict[str, Any] = {name: float(value)}
    return replace(known, **changed)


def _with(region: PlaceRegion, name: str, value: float) -> PlaceRegion:
    """A place's region with one figure changed."""
    if name in TRAITS:
        traits = list(region.type.traits)
        traits[TRAITS.index(name)] = value
        return replace(region, type=replace(region.type, traits=tuple(traits)))
    if name in SPREAD:
        spread = list(region.type.spread)
        spread[SPREAD.index(name)] = value
        return replace(region, type=replace(region.type, spread=tuple(spread)))
    if name in COMMUNITY:
        changed: Any = int(value) if name == "villages" else value
        return replace(region, type=replace(region.type, **{name: changed}))
    fields: dict[str, Any] = {name: value}
    return replace(region, **fields)


@cache
def _bounds() -> dict[str, tuple[str, float, float]]:
    """Unit and bounds of each figure that `Place.override` may change."""
    common = _common()
    entries = {**common["figures"], **_region_table(), **common["relations"]}
    return {
        name: (entry["unit"], float(entry["bounds"][0]), float(entry["bounds"][1]))
        for name, entry in entries.items()
        if name not in TRAVEL and not isinstance(entry.get("value"), list)
    }


_FIXED: Final = "share"
"""Shares of region types sum to 1, so none can be changed alone."""


def figure_names() -> tuple[str, ...]:
    """Names of the figures that `Place.override` may change."""
    return tuple(name for name in _bounds() if name != _FIXED)


def _check(name: str, value: float) -> None:
    """Raise `ParameterError` unless `name` is a figure and `value` lies within its bounds."""
    known = _bounds()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise ParameterError(f"no figure of a place is called {name}" + (f"; did you mean {near[0]}?" if near else ""))
    unit, lower, upper = known[name]
    if not lower <= value <= upper:
        raise ParameterError(f"{name} = {value:g} {unit} lies outside its bounds {lower:g} to {upper:g}")


@cache
def _region_table() -> dict[str, Any]:
    table: dict[str, Any] = read_yaml(FOLDER / "regions.yaml")
    return table


@cache
def _common() -> dict[str, Any]:
    common: dict[str, Any] = read_yaml(FOLDER / "places" / "common.yaml")
    return common


@cache
def _place_files() -> dict[str, Any]:
    """Content of each preset, by name."""
    paths = sorted((FOLDER / "places").glob("*.yaml"))
    return {path.stem: read_yaml(path) for path in paths if path.stem != "common"}


@cache
def regions() -> dict[str, RegionType]:
    """Return the region types by name, in the order of `REGION_TYPES`."""
    table = _region_table()

    def value(figure: str, name: str) -> float:
        found = float(table[figure]["values"][name])
        lower, upper = table[figure]["bounds"]
        if not lower <= found <= upper:
            raise ParameterError(f"regions.yaml: {figure} of {name} = {found:g} lies outside {lower:g} to {upper:g}")
        return found

    return {
        name: RegionType(
            name=name,
            village_households=value("village_households", name),
            village_log_sd=value("village_log_sd", name),
            villages=int(value("villages", name)),
            traits=tuple(value(figure, name) for figure in TRAITS),
            spread=tuple(value(figure, name) for figure in SPREAD),
            travel=tuple(value(figure, name) for figure in TRAVEL),
        )
        for name in REGION_TYPES
    }


def travel() -> dict[str, tuple[float, ...]]:
    """Return the travel figures: the fields of `engine.inputs.Travel`, one value a region type."""
    table = _region_table()
    return {figure: tuple(float(table[figure]["values"][name]) for name in REGION_TYPES) for figure in TRAVEL}


@cache
def relations() -> Relations:
    """Return the relations that all places share."""
    entries = _common()["relations"]
    values: dict[str, Any] = {
        name: tuple(map(float, entry["value"])) if isinstance(entry["value"], list) else float(entry["value"])
        for name, entry in entries.items()
    }
    return Relations(**values)


@cache
def places() -> dict[str, Place]:
    """Return the presets by name.

    Raises `ParameterError` if a packaged file lacks a figure, has one out of bounds, or has shares that do not
    sum to 1.
    """
    return {name: _place(name, entry) for name, entry in _place_files().items()}


def place(name: str) -> Place:
    """Return one preset; `ParameterError` names the nearest if there is none of that name."""
    known = places()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "the places are " + ", ".join(known)
        raise ParameterError(f"no place is called {name}; {hint}")
    return known[name]


def _place(name: str, entry: Mapping[str, Any]) -> Place:
    """Make one place of the content of its file."""
    found = []
    figures = [figure for figure in _common()["figures"] if figure != "households"]
    for region in sorted(entry["regions"], key=REGION_TYPES.index):
        content = entry["regions"][region]
        missing = [figure for figure in figures if figure not in content]
        if missing:
            raise ParameterError(f"places/{name}.yaml: {region} lacks {', '.join(missing)}")
        values = {figure: float(content[figure]["value"]) for figure in figures}
        for figure, value in values.items():
            _check(figure, value)
        one = PlaceRegion(type=regions()[region], **values)
        for trait, passport in content.get("traits", {}).items():
            _check(trait, float(passport["value"]))
            one = _with(one, trait, float(passport["value"]))
        found.append(one)
    total = sum(region.share for region in found)
    if not isclose(total, 1.0, abs_tol=1e-9):
        raise ParameterError(f"places/{name}.yaml: the shares of the region types sum to {total:g}, not to 1")
    return Place(
        name=name,
        title_en=entry["title"]["en"],
        title_id=entry["title"]["id"],
        meaning=entry["meaning"],
        price_year=int(entry["price_year"]),
        households=float(entry["households"]["value"]),
        regions=tuple(found),
        relations=relations(),
    )


def region_passports() -> tuple[FigurePassport, ...]:
    """Return the passports of all figures of the region types, named ``regions.FIGURE``."""
    return tuple(
        FigurePassport(
            name=f"regions.{figure}",
            value=tuple(float(entry["values"][region]) for region in REGION_TYPES),
            unit=entry["unit"],
            lower=float(entry["bounds"][0]),
            upper=float(entry["bounds"][1]),
            meaning=entry["meaning"],
            source=entry["source"],
            confidence=entry["confidence"],
        )
        for figure, entry in _region_table().items()
    )


def place_passports(name: str) -> tuple[FigurePassport, ...]:
    """Return the passports of all figures of a place and of the relations that all places share.

    Names are ``PLACE.FIGURE``, ``PLACE.REGION.FIGURE`` and ``places.RELATION``. Raises `ParameterError` for an
    unknown place.
    """
    place(name)
    entry, common = _place_files()[name], _common()
    definitions = {**_region_table(), **common["figures"]}

    def passport(label: str, figure: str, content: Mapping[str, Any]) -> FigurePassport:
        definition = definitions[figure]
        return FigurePassport(
            name=label,
            value=float(content["value"]),
            unit=definition["unit"],
            lower=float(definition["bounds"][0]),
            upper=float(definition["bounds"][1]),
            meaning=definition["meaning"],
            source=content["source"],
            confidence=content["confidence"],
            year=int(content["year"]),
        )

    found = [passport(f"{name}.households", "households", entry["households"])]
    for region, content in entry["regions"].items():
        single = {figure: value for figure, value in content.items() if figure != "traits"}
        for figure, value in {**single, **content.get("traits", {})}.items():
            found.append(passport(f"{name}.{region}.{figure}", figure, value))
    for relation, content in common["relations"].items():
        value = content["value"]
        found.append(
            FigurePassport(
                name=f"places.{relation}",
                value=tuple(map(float, value)) if isinstance(value, list) else float(value),
                unit=content["unit"],
                lower=float(content["bounds"][0]),
                upper=float(content["bounds"][1]),
                meaning=content["meaning"],
                source=content["source"],
                confidence=content["confidence"],
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class SurveyRules:
    """Ages and tolerances by which members of a survey become households (``places/common.yaml``)."""

    school_age_from: float
    school_age_to: float
    adult_from: float
    earner_to: float
    missing_tolerated: float


@cache
def survey_rules() -> SurveyRules:
    """Return the ages and tolerances by which a survey is read."""
    return SurveyRules(**{name: float(entry["value"]) for name, entry in _common()["survey"].items()})


@cache
def survey_passports() -> tuple[FigurePassport, ...]:
    """Return the passports of `survey_rules`, named ``survey.RULE``."""
    return tuple(
        FigurePassport(
            name=f"survey.{name}",
            value=float(entry["value"]),
            unit=entry["unit"],
            lower=float(entry["bounds"][0]),
            upper=float(entry["bounds"][1]),
            meaning=entry["meaning"],
            source=entry["source"],
            confidence=entry["confidence"],
        )
        for name, entry in _common()["survey"].items()
    )
