"""Hours on call against the clock on the wall."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.duty import Hours

MONDAY = date(2026, 3, 2)
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Adak", "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam",
)  # fmt: skip


def hours(begins: str, ends: str, *days: int, until: date | None = None) -> Hours:
    return Hours(days, time.fromisoformat(begins), time.fromisoformat(ends), MONDAY, until)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-02T08:59", False),
        ("2026-03-02T09:00", True),
        ("2026-03-02T16:59", True),
        ("2026-03-02T17:00", False),
        ("2026-03-03T10:00", False),  # a Tuesday
        ("2026-02-23T10:00", False),  # the Monday before it begins
    ],
)
def test_hours_of_a_day(local: str, expected: bool) -> None:
    assert hours("09:00", "17:00", 0).hold(datetime.fromisoformat(local)) is expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-02T21:59", False),
        ("2026-03-02T22:00", True),
        ("2026-03-03T05:59", True),  # Monday's night
        ("2026-03-03T06:00", False),
        ("2026-03-02T05:00", False),  # Sunday's would be another duty
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(local: str, expected: bool) -> None:
    assert hours("22:00", "06:00", 0, until=MONDAY).hold(datetime.fromisoformat(local)) is expected


def test_the_same_hour_twice_is_a_whole_day() -> None:
    whole = hours("08:00", "08:00", 0)

    monday = ("2026-03-02T07", "2026-03-02T08", "2026-03-02T23")
    tuesday = ("2026-03-03T00", "2026-03-03T07", "2026-03-03T08")
    assert [whole.hold(datetime.fromisoformat(hour)) for hour in monday] == [False, True, True]
    assert [whole.hold(datetime.fromisoformat(hour)) for hour in tuesday] == [True, True, False]


@given(
    zone=st.sampled_from(ZONES),
    minute=st.integers(0, 2 * 365 * 24 * 60),
    begins=st.times(),
    ends=st.times(),
)
def test_two_duties_that_share_every_day_leave_nobody_alone_and_never_overlap(
    zone: str, minute: int, begins: time, ends: time
) -> None:
    instant = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    local = instant.astimezone(ZoneInfo(zone))
    begins, ends = begins.replace(tzinfo=None), ends.replace(tzinfo=None)
    day = Hours(range(7), begins, ends, date(2025, 1, 1), None)
    night = Hours(range(7), ends, begins, date(2025, 1, 1), None)

    on = [day.hold(local), night.hold(local)]

    assert on.count(True) == (1 if begins != ends else 2)
