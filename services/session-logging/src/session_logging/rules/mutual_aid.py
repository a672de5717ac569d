"""Attendance at mutual-support meetings as counts: the last 30 days, and the band that a federal form asks for.

The bands are those of the Treatment Episode Data Set: attendance in the last 30 days at self-help groups that are about
one's own recovery from substance use. Their numbers are as public copies of its codebook have them; its manual was not
read, and it asks the person while we count entries, so that a band is always shown as not confirmed.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from common.contracts.codes import MutualAid
from common.errors import Unprocessable

WINDOW_DAYS = 30
ANSWERS = frozenset({"NONE", "DECLINED"})  # of a question; in the field's list beside the kinds of group
# For the families and friends of somebody in recovery (samhsa.md 7.1); not what the federal question is about.
FOR_FAMILIES = frozenset(
    {
        MutualAid.ALANON,
        MutualAid.ALATEEN,
        MutualAid.NARANON,
        MutualAid.FAMANON,
        MutualAid.CRAFT_FAMILY,
        MutualAid.SMART_FF,
    }
)
NOT_CONFIRMED: Literal["not_confirmed"] = "not_confirmed"


class SelfHelpBand(StrEnum):
    """Times in the last 30 days: none, 1 to 3, 4 to 7, 8 or more, some but nobody knows how often."""

    NONE = "1"
    ONE_TO_THREE = "2"
    FOUR_TO_SEVEN = "3"
    EIGHT_OR_MORE = "4"
    UNKNOWN_HOW_OFTEN = "5"


def require_a_kind(named: object) -> object:
    """Return the kind of group as it was sent. Raises `Unprocessable` for an answer that is no attendance."""
    if isinstance(named, str) and named in ANSWERS:
        detail = "This is an answer, not a meeting: nothing is counted. Put it into the person's next assessment."
        raise Unprocessable("no-attendance", detail, "/mutual_aid")
    return named


def first_day(on: date) -> date:
    """Return the first of the 30 days that end with `on`."""
    return on - timedelta(days=WINDOW_DAYS - 1)


def require_day(on: date, today: date) -> None:
    if on > today:
        raise Unprocessable("in-the-future", "Ask for today or a day before.", "/on")


def own_recovery(counts: Mapping[MutualAid, int]) -> int:
    """Return how many of these meetings the federal question is about."""
    return sum(count for kind, count in counts.items() if kind not in FOR_FAMILIES)


def band(times: int) -> SelfHelpBand:
    """Return the band of a count; more than 30, at two meetings a day, is still the highest.

    `UNKNOWN_HOW_OFTEN` is never returned: what was counted is known.
    """
    if times == 0:
        return SelfHelpBand.NONE
    if times < 4:
        return SelfHelpBand.ONE_TO_THREE
    if times < 8:
        return SelfHelpBand.FOUR_TO_SEVEN
    return SelfHelpBand.EIGHT_OR_MORE
