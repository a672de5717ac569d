"""When an appointment can be, how a series keeps the wall clock, which ones clash, and what may come of one."""

import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.session_codes import AppointmentStatus
from common.errors import Refused, Unprocessable
from session_logging.rules.appointments import clashes, require_becomes, times, weekly

CHICAGO = "America/Chicago"
NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)
ZONES = [
    "America/New_York", "America/Detroit", "America/Kentucky/Louisville", "America/Indiana/Indianapolis",
    "America/Chicago", "America/North_Dakota/Center", "America/Menominee", "America/Denver", "America/Boise",
    "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "America/Juneau", "America/Adak",
    "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago",
]  # fmt: skip


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("starts", "ends", "code"),
    [
        ("2026-03-03T10:00", "2026-03-03T10:00", "ends-before-it-starts"),
        ("2026-03-03T10:00", "2026-03-03T09:00", "ends-before-it-starts"),
        ("2026-03-03T10:00", "2026-03-04T10:01", "longer-than-a-day"),
        ("2026-03-08T02:30", "2026-03-08T03:30", "time-does-not-exist"),
        ("2026-03-08T01:30", "2026-03-08T02:30", "time-does-not-exist"),
        ("2026-11-01T01:30", "2026-11-01T03:00", "time-comes-twice"),
        ("2026-01-30T10:00", "2026-01-30T11:00", "long-past"),
        ("2028-03-05T10:00", "2028-03-05T11:00", "too-far-ahead"),
    ],
)
def test_each_time_that_cannot_be_has_its_own_refusal(starts: str, ends: str, code: str) -> None:
    with pytest.raises(Unprocessable) as refusal:
        times(local(starts), local(ends), CHICAGO, now=NOON)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ("2026-03-03T10:00", datetime(2026, 3, 3, 16, tzinfo=UTC)),
        ("2026-03-09T10:00", datetime(2026, 3, 9, 15, tzinfo=UTC)),
        ("2026-11-01T01:30-05:00", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        ("2026-11-01T01:30-06:00", datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
        ("2026-01-31T12:00", datetime(2026, 1, 31, 18, tzinfo=UTC)),
    ],
)
def test_a_wall_clock_time_is_the_agencys_and_an_offset_says_which_of_two(starts: str, expected: datetime) -> None:
    start, end = times(local(starts), expected + timedelta(hours=1), CHICAGO, now=NOON)

    assert (start, end) == (expected, expected + timedelta(hours=1))


def test_weekly_ones_keep_the_wall_clock_over_the_change_to_summer_time() -> None:
    first = (datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 1, 17, tzinfo=UTC))

    # 10 to 11 AM in Chicago on March 1 (UTC-6), 8 and 15 (UTC-5).
    assert weekly(first, CHICAGO, 3) == [
        first,
        (datetime(2026, 3, 8, 15, tzinfo=UTC), datetime(2026, 3, 8, 16, tzinfo=UTC)),
        (datetime(2026, 3, 15, 15, tzinfo=UTC), datetime(2026, 3, 15, 16, tzinfo=UTC)),
    ]


@pytest.mark.parametrize("starts", ["2026-03-01T02:30", "2026-10-25T01:30"])
def test_a_series_is_refused_if_a_clock_change_makes_one_of_it_doubtful(starts: str) -> None:
    first = times(local(starts), local(starts) + timedelta(hours=1), CHICAGO, now=NOON)

    with pytest.raises(Unprocessable) as refusal:
        weekly(first, CHICAGO, 2)

    assert refusal.value.code == "series-meets-clock-change"
    assert "Number 2" in refusal.value.detail
    assert weekly(first, CHICAGO, 1) == [first]


@given(
    zone=st.sampled_from(ZONES),
    minutes=st.integers(0, 2 * 365 * 24 * 60),
    length=st.integers(1, 24 * 60),
    count=st.integers(1, 26),
)
def test_every_one_of_a_series_is_as_long_and_at_the_same_wall_clock_time(
    zone: str, minutes: int, length: int, count: int
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)

    try:
        series = weekly((start, start + timedelta(minutes=length)), zone, count)
    except Unprocessable:
        assert start.astimezone(ZoneInfo(zone)).hour in (1, 2)  # the hours that clocks repeat and skip
        return

    walls = [begin.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for begin, _ in series]
    assert len(walls) == count
    assert walls == [walls[0] + timedelta(weeks=week) for week in range(count)]
    assert {end - begin for begin, end in series} == {timedelta(minutes=length)}


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=12))
def test_what_clashes_is_what_shares_a_minute(spans: list[tuple[int, int]]) -> None:
    planned = [
        (uuid.UUID(int=place), NOON + timedelta(minutes=start), NOON + timedelta(minutes=start + length))
        for place, (start, length) in enumerate(spans)
    ]
    shared_minutes: dict[UUID, list[UUID]] = {}
    for one, start, end in planned:
        met = sorted(other for other, begin, until in planned if other != one and begin < end and until > start)
        if met:
            shared_minutes[one] = met

    assert clashes(planned) == shared_minutes


def test_back_to_back_is_no_clash() -> None:
    ids = [uuid.UUID(int=n) for n in range(3)]
    hour = timedelta(hours=1)

    found = clashes([(ids[0], NOON, NOON + hour), (ids[1], NOON + hour, NOON + 2 * hour), (ids[2], NOON, NOON + hour)])

    assert found == {ids[0]: [ids[2]], ids[2]: [ids[0]]}


S = AppointmentStatus
MAY = {
    (S.SCHEDULED, S.KEPT), (S.SCHEDULED, S.NO_SHOW), (S.SCHEDULED, S.CANCELLED_BY_PERSON),
    (S.SCHEDULED, S.CANCELLED_BY_PROGRAM), (S.SCHEDULED, S.RESCHEDULED), (S.KEPT, S.KEPT), (S.KEPT, S.NO_SHOW),
    (S.NO_SHOW, S.KEPT), (S.NO_SHOW, S.CANCELLED_BY_PERSON), (S.NO_SHOW, S.CANCELLED_BY_PROGRAM),
}  # fmt: skip


@pytest.mark.parametrize("after", list(S))
@pytest.mark.parametrize("before", list(S))
def test_what_may_come_of_what(before: AppointmentStatus, after: AppointmentStatus) -> None:
    codes = {
        S.CANCELLED_BY_PERSON: "appointment-cancelled",
        S.CANCELLED_BY_PROGRAM: "appointment-cancelled",
        S.RESCHEDULED: "appointment-moved",
    }
    refused = None
    try:
        require_becomes(before, after)
    except Refused as refusal:
        refused = refusal.code

    expected = None if (before, after) in MAY else codes.get(before, "appointment-closed")
    assert refused == expected
