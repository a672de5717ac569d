"""From minutes to units, by the method that a payer selects."""

from decimal import ROUND_HALF_UP, Decimal

from common.contracts.codes import (
    DELIVERED,
    Outcome,
    UnitMethod,
)

MINUTES_PER_UNIT = 15
BASE_METHODS = {
    UnitMethod.DAILY_SUM_MIDPOINT_8: UnitMethod.MIDPOINT_8,
    UnitMethod.DAILY_SUM_FLOOR_15: UnitMethod.FLOOR_15,
    UnitMethod.DAILY_SUM_EXACT: UnitMethod.EXACT,
}


def is_daily_sum(method: UnitMethod) -> bool:
    """Tell whether units follow from the day's minutes instead of the session's own."""
    return method in BASE_METHODS


def units(minutes: int, method: UnitMethod) -> Decimal:
    """Return units of 15 minutes by a payer's method; for the daily-sum methods `minutes` are the whole day's.

    `minutes`: 0 or more. Source: samhsa.md 5.3; there is no national rule, the payer's contract selects.
    """
    base = BASE_METHODS.get(method, method)
    if base is UnitMethod.EXACT:
        return (Decimal(minutes) / MINUTES_PER_UNIT).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if base is UnitMethod.FLOOR_15:
        return Decimal(minutes // MINUTES_PER_UNIT)
    return Decimal((minutes + 7) // MINUTES_PER_UNIT)  # 8 to 22 minutes are one unit


def daily_sum_units(minutes: int, method: UnitMethod, *, day_minutes: int, day_units: Decimal) -> Decimal:
    """Return the units that a session adds to its day, so that the day's units are those of the day's minutes.

    `day_minutes`, `day_units`: the other delivered sessions of the same client, code, modifiers and worker that day.
    Never below 0: shortening a session takes no units from its neighbours, which may be signed.
    """
    return max(Decimal(0), units(day_minutes + minutes, method) - day_units)


def is_delivered(outcome: Outcome) -> bool:
    """Tell whether a session counts as service; no-shows and the like have no units."""
    return outcome in DELIVERED
