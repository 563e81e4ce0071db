"""Households and villages of a study, each made from its own address."""

from __future__ import annotations

import numpy as np

from empowersim.engine.inputs import Households, Population, Travel, Villages
from empowersim.engine.observe import drawn
from empowersim.rng import TRAITS, Kind, Stream
from empowersim.schema import REGION_TYPES, VILLAGE_ROW, VILLAGE_ROWS
from empowersim.trials.model import NEUTRAL, Trial


def population_of(trial: Trial, seed: int, replicate: int) -> Population:
    """Draw the households of a study; a larger sample of the same villages only adds.

    Log consumption is normal around the context's median; a share of its variance is common to a village.
    """
    context, sample = trial.context, trial.sample
    count = sample.villages * sample.households_per_village
    # a fixed stride, so that more households a village leave the others what they are
    village = np.repeat(np.arange(sample.villages, dtype=np.int64), sample.households_per_village)
    place = np.tile(np.arange(sample.households_per_village, dtype=np.int64), sample.villages)
    ids = village * _STRIDE + place

    def of_households(first: Stream, *, normal: bool = True) -> np.ndarray:
        return drawn(ids, Kind.HOUSEHOLD, TRAITS, int(first), 4, seed, replicate, normal=normal)

    own = of_households(Stream.WELFARE_RANK)[0]
    schooling = of_households(Stream.SIZE)[Stream.SCHOOLING_YEARS - Stream.SIZE]
    reading = of_households(Stream.SIZE)[Stream.LITERACY - Stream.SIZE]
    in_school = of_households(Stream.START_SAVINGS, normal=False)[Stream.IN_SCHOOL - Stream.START_SAVINGS]
    heads = of_households(Stream.FEMALE_HEAD, normal=False)[0]
    village_ids = np.arange(sample.villages, dtype=np.int64)
    level = drawn(village_ids, Kind.VILLAGE, TRAITS, int(Stream.VILLAGE_SIZE), 4, seed, replicate, normal=True)
    common = level[Stream.VILLAGE_LEVEL - Stream.VILLAGE_SIZE][village]
    score = np.sqrt(context.village_share) * common + np.sqrt(1.0 - context.village_share) * own
    years = context.schooling_years + context.schooling_spread * schooling
    constant = np.ones(count, np.float32)
    households = Households(
        household_id=ids,
        village=village.astype(np.int32),
        consumption=(context.consumption * np.exp(context.spread * score)).astype(np.float32),
        welfare_score=score.astype(np.float32),
        size=constant * np.float32(context.household_size),
        children=constant * np.float32(context.children),
        schooling_years=np.clip(years, 0.0, 22.0).astype(np.float32),
        female_head=(heads < context.female_heads).astype(np.float32),
        literacy=np.clip(context.literacy + context.literacy_spread * reading, 0.0, 1.0).astype(np.float32),
        in_school=(in_school < context.enrolled).astype(np.float32),
        illness=-constant,
    )
    columns = NEUTRAL | context.villages | {"own_food": context.own_food, "asset_shift": context.own_assets}
    rows = np.zeros((VILLAGE_ROWS, sample.villages), np.float32)
    for name, value in columns.items():
        rows[VILLAGE_ROW[name]] = value
    villages = Villages(
        village_id=village_ids,
        subdistrict=np.zeros(sample.villages, np.int32),
        region=np.full(sample.villages, REGION, np.int32),
        context=rows,
    )
    return Population(households, villages, np.zeros(1, np.int64), float(count))


REGION = REGION_TYPES.index("rural_road")
"""Region type of a study; it decides nothing, since travel costs nothing and the context says the rest."""
_STRIDE = 10**6
"""Most households of a village of a study."""


def no_travel() -> Travel:
    """Visits of a study take place as planned: travel costs nothing."""
    types = len(REGION_TYPES)
    ones, zeros = (1.0,) * types, (0.0,) * types
    return Travel(zeros, ones, zeros, ones, ones, ones, zeros, ones)
