"""Splitting a session by local days, and the nights on which clocks change: no minute is made or lost."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Unprocessable
from session_logging.rules.times import by_day, instant, period

ZONES = [
    "America/New_York", "America/Detroit", "America/Kentucky/Louisville", "America/Indiana/Indianapolis",
    "America/Chicago", "America/North_Dakota/Center", "America/Menominee", "America/Denver", "America/Boise",
    "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "America/Juneau", "America/Adak",
    "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago",
]  # fmt: skip
NIGHTS = [date(2026, 3, 8), date(2027, 3, 14), date(2026, 11, 1), date(2027, 11, 7)]
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_night_over_midnight_is_split_at_midnight() -> None:
    started, ended = datetime(2026, 7, 1, 4, 30, tzinfo=UTC), datetime(2026, 7, 1, 6, 15, tzinfo=UTC)

    # 11:30 PM to 1:15 AM in Chicago.
    assert by_day(started, ended, "America/Chicago") == [(date(2026, 6, 30), 30), (date(2026, 7, 1), 75)]


def test_the_short_night_of_spring_has_an_hour_less() -> None:
    started = instant(datetime.fromisoformat("2026-03-07T23:00"), "America/New_York", "")
    ended = instant(datetime.fromisoformat("2026-03-08T04:00"), "America/New_York", "")

    # 11 PM to midnight, then midnight to 4 AM without the hour from 2 to 3.
    assert by_day(started, ended, "America/New_York") == [(date(2026, 3, 7), 60), (date(2026, 3, 8), 180)]


def test_the_long_day_of_autumn_has_twenty_five_hours() -> None:
    started = instant(datetime.fromisoformat("2026-11-01T00:00"), "America/Denver", "")
    ended = instant(datetime.fromisoformat("2026-11-02T00:00"), "America/Denver", "")

    assert by_day(started, ended, "America/Denver") == [(date(2026, 11, 1), 25 * 60)]


def test_seconds_are_never_counted_twice() -> None:
    # 90 seconds before and 90 after midnight are three minutes: one before, and what completes them after.
    started, ended = datetime(2026, 7, 1, 3, 58, 30, tzinfo=UTC), datetime(2026, 7, 1, 4, 1, 30, tzinfo=UTC)

    assert by_day(started, ended, "America/New_York") == [(date(2026, 6, 30), 1), (date(2026, 7, 1), 2)]


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
def test_no_split_makes_or_loses_a_minute(zone: str, night: date, data: Any) -> None:
    noon = datetime(night.year, night.month, night.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(days=1)
    started = noon + timedelta(seconds=data.draw(st.integers(0, 36 * 3600)))
    ended = started + timedelta(seconds=data.draw(st.integers(1, 24 * 3600)))

    split = by_day(started, ended, zone)

    assert sum(minutes for _, minutes in split) == period(started, ended, zone, now=LATER).minutes
    assert all(minutes >= 0 for _, minutes in split)
    assert all(later - earlier == timedelta(days=1) for (earlier, _), (later, _) in pairwise(split))
    assert split[0][0] == started.astimezone(ZoneInfo(zone)).date()
    assert split[-1][0] <= ended.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("zone", ZONES)
@given(minute=st.integers(0, 24 * 60 - 1))
def test_a_wall_clock_time_is_one_instant_or_refused(zone: str, night: date, minute: int) -> None:
    wall = datetime.fromisoformat(f"{night}T00:00") + timedelta(minutes=minute)
    # Every instant of the day that shows this time on a clock there.
    first = datetime(night.year, night.month, night.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(hours=2)
    shown = [
        moment
        for moment in (first + timedelta(minutes=step) for step in range(minute, minute + 5 * 60, 1))
        if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall
    ]

    assert taken(wall, zone) == (shown[0] if len(shown) == 1 else WRONG[len(shown)])


WRONG = {0: "time-does-not-exist", 2: "time-comes-twice"}


def taken(wall: datetime, zone: str) -> datetime | str:
    try:
        return instant(wall, zone, "/started_at")
    except Unprocessable as refusal:
        return refusal.code


def test_a_time_that_comes_twice_is_refused_with_both_offsets() -> None:
    with pytest.raises(Unprocessable) as refused:
        instant(datetime.fromisoformat("2026-11-01T01:30"), "America/Chicago", "/ended_at")

    assert refused.value.code == "time-comes-twice"
    assert "-05:00 for the first, -06:00 for the second" in refused.value.detail
    assert refused.value.fields[0]["pointer"] == "/ended_at"


def test_with_its_offset_each_pass_is_taken_as_it_is() -> None:
    first = instant(datetime.fromisoformat("2026-11-01T01:30-05:00"), "America/Chicago", "")
    second = instant(datetime.fromisoformat("2026-11-01T01:30-06:00"), "America/Chicago", "")

    assert second - first == timedelta(hours=1)
