"""When exactly it opens again and when a day is over, by hand; and that who waits as told does not wait for ever."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notification.rules.messages import Channel, Purpose
from notification.rules.sending import US_ZONES, Facts, Rule, SafeHours, is_open, may_send, next_open

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 6, 10, 18, tzinfo=UTC)  # a Wednesday, noon in Denver
EVERY_DAY = frozenset(range(7))
INSTANTS = st.integers(0, 2 * 365 * 86_400).map(lambda seconds: NEW_YEAR + timedelta(seconds=seconds))
KNOWN = st.sampled_from(US_ZONES)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
OWN_HOURS = st.lists(
    st.builds(SafeHours, st.frozensets(st.integers(0, 6), min_size=1), CLOCKS, CLOCKS), min_size=1, max_size=2
)


def facts(**known: Any) -> Facts:
    usual: dict[str, Any] = {"channel": Channel.SMS, "purpose": Purpose.CHECK_IN, "now": NOON, "consented": True}
    return Facts(**usual | {"zone": "America/Denver"} | known)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


# Hours


@pytest.mark.parametrize(
    ("zone", "evening", "opens"),
    [
        ("America/New_York", utc(2026, 3, 8, 2), utc(2026, 3, 8, 12)),  # a night of ten hours instead of eleven
        ("America/New_York", utc(2026, 11, 1, 1), utc(2026, 11, 1, 13)),  # and one of twelve
        ("America/Phoenix", utc(2026, 3, 8, 4), utc(2026, 3, 8, 15)),
        ("America/Adak", utc(2027, 3, 14, 7), utc(2027, 3, 14, 17)),
        ("America/Puerto_Rico", utc(2027, 11, 7, 1), utc(2027, 11, 7, 12)),
        ("Pacific/Guam", utc(2026, 11, 1, 11), utc(2026, 11, 1, 22)),
        ("Pacific/Pago_Pago", utc(2026, 3, 8, 8), utc(2026, 3, 8, 19)),
        (None, utc(2026, 12, 1, 1), utc(2026, 12, 1, 22)),  # from Puerto Rico's evening to Guam's morning
    ],
)
def test_what_comes_in_the_evening_waits_for_eight_in_the_morning(
    zone: str | None, evening: datetime, opens: datetime
) -> None:
    assert next_open((), zone, evening) == opens
    assert is_open((), zone, evening - timedelta(seconds=1))
    assert is_open((), zone, opens)
    assert not is_open((), zone, opens - timedelta(seconds=1))


def test_hours_that_suit_no_instant_of_the_whole_country_never_open_until_the_zone_is_known() -> None:
    office = [SafeHours(EVERY_DAY, time(9), time(17))]

    verdict = may_send(facts(zone=None, safe_hours=office))

    assert (verdict.allowed, verdict.rule, verdict.not_before) == (False, Rule.SAFE_HOURS, None)
    assert may_send(facts(zone="America/Denver", safe_hours=office)).allowed


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    friday_night = [SafeHours(frozenset({4}), time(22), time(2))]
    clock = ZoneInfo("America/Denver")
    local = [(12, 21, 59), (12, 22, 0), (13, 1, 59), (13, 2, 0), (13, 22, 0)]

    opened = [is_open(friday_night, "America/Denver", datetime(2026, 6, *when, tzinfo=clock)) for when in local]

    assert opened == [False, True, True, False, False]


def test_an_hour_that_a_spring_night_skips_comes_a_week_later() -> None:
    skipped = [SafeHours(frozenset({6}), time(2), time(3))]

    assert next_open(skipped, "America/New_York", utc(2026, 3, 1, 8)) == utc(2026, 3, 15, 6)


def test_the_clock_of_whoever_asks_does_not_matter() -> None:
    asked = datetime(2026, 3, 7, 23, tzinfo=ZoneInfo("America/New_York"))

    assert next_open((), "America/New_York", asked) == utc(2026, 3, 8, 12)


def test_a_minute_that_is_no_quarter_of_an_hour_is_met() -> None:
    odd = [SafeHours(EVERY_DAY, time(10, 7), time(10, 9))]

    assert next_open(odd, "America/Denver", utc(2026, 6, 10, 15, 50)) == utc(2026, 6, 10, 16, 7)


@settings(deadline=None)
@given(OWN_HOURS | st.just([]), KNOWN, INSTANTS)
def test_the_next_open_instant_is_the_first(hours: list[SafeHours], zone: str, at: datetime) -> None:
    opens = next_open(hours, zone, at)

    assert opens is not None
    assert is_open(hours, zone, opens)
    assert opens == at or not any(is_open(hours, zone, one) for one in _between(at, opens))


def _between(at: datetime, opens: datetime) -> Sequence[datetime]:
    first = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    return [max(at, first + step * QUARTER) for step in range((opens - first) // QUARTER)]


@settings(deadline=None)
@given(OWN_HOURS | st.just([]), KNOWN | st.none(), INSTANTS, st.timedeltas(timedelta(0), 3 * DAY))
def test_who_asks_later_is_not_told_an_earlier_instant(
    hours: list[SafeHours], zone: str | None, at: datetime, later: timedelta
) -> None:
    first, second = next_open(hours, zone, at), next_open(hours, zone, at + later)

    assert first is None or second is None or first <= second


# Caps


@pytest.mark.parametrize(
    ("zone", "sent", "now", "ends"),
    [
        ("America/Denver", utc(2026, 6, 10, 14), NOON, utc(2026, 6, 11, 6)),
        ("America/Denver", utc(2026, 11, 1, 15), utc(2026, 11, 1, 23), utc(2026, 11, 2, 7)),  # a day of 25 hours
        ("America/Denver", utc(2026, 3, 8, 15), utc(2026, 3, 8, 23), utc(2026, 3, 9, 6)),  # and one of 23
        ("Pacific/Guam", utc(2026, 6, 9, 23), utc(2026, 6, 10, 1), utc(2026, 6, 10, 14)),
        (None, utc(2026, 6, 9, 23), utc(2026, 6, 10, 5), utc(2026, 6, 10, 14)),  # the day ends last in Guam
    ],
)
def test_one_a_day_by_the_persons_own_midnight(zone: str | None, sent: datetime, now: datetime, ends: datetime) -> None:
    always = [SafeHours(EVERY_DAY, time(), time())]

    verdict = may_send(facts(zone=zone, sent=[sent], now=now, safe_hours=always))

    assert (verdict.allowed, verdict.rule, verdict.not_before) == (False, Rule.CAP_A_DAY, ends)
    assert may_send(facts(zone=zone, sent=[sent], now=ends, safe_hours=always)).allowed


def test_what_another_worker_sent_a_moment_after_this_one_began_counts() -> None:
    last = utc(2026, 6, 11, 5, 59)
    always = [SafeHours(EVERY_DAY, time(), time())]

    verdict = may_send(facts(now=last, sent=[last + timedelta(minutes=2)], safe_hours=always))

    assert (verdict.rule, verdict.not_before) == (Rule.CAP_A_DAY, utc(2026, 6, 12, 6))


def test_a_fourth_in_seven_days_waits_until_the_first_of_them_is_a_week_ago() -> None:
    sent = [NOON - days * DAY for days in (6, 4, 2)]

    verdict = may_send(facts(sent=sent))

    assert (verdict.allowed, verdict.rule, verdict.not_before) == (False, Rule.CAP_A_WEEK, NOON + DAY)
    assert may_send(facts(sent=sent, now=NOON + DAY)).allowed
    assert may_send(facts(sent=sent[1:])).allowed


@given(st.lists(st.timedeltas(timedelta(0), 8 * DAY), max_size=6), KNOWN | st.none(), INSTANTS)
def test_who_waits_as_told_is_written_to_within_the_caps(ago: list[timedelta], zone: str | None, now: datetime) -> None:
    sent = [now - one for one in ago]
    for _ in range(20):
        verdict = may_send(facts(zone=zone, sent=sent, now=now))
        if verdict.allowed:
            break
        assert verdict.not_before is not None
        assert verdict.not_before > now
        now = verdict.not_before
    else:
        raise AssertionError("it waits for ever")

    clocks = [ZoneInfo(one) for one in ([zone] if zone else US_ZONES)]
    assert all(one.astimezone(clock).date() != now.astimezone(clock).date() for one in sent for clock in clocks)
    assert sum(one > now - 7 * DAY for one in sent) < 3
