"""May this be sent? By the clock of every zone of the country, in every night on which clocks change, within caps."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notification.rules.messages import Channel, Purpose
from notification.rules.sending import (
    CLOSES,
    LONGEST,
    OPENS,
    US_ZONES,
    Facts,
    Rule,
    SafeHours,
    is_open,
    may_send,
    next_open,
)

EVERY_ZONE = (
    *US_ZONES,
    "America/Puerto_Rico",
    "America/St_Thomas",
    "Pacific/Guam",
    "Pacific/Saipan",
    "Pacific/Pago_Pago",
    "America/Boise",
    "America/Detroit",
    "America/Indiana/Indianapolis",
    "America/Kentucky/Louisville",
    "America/North_Dakota/Center",
    "America/Juneau",
)
# The second Sunday of March and the first of November (15 U.S.C. 260a), counted by hand.
CHANGES = (date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7))
NOON = datetime(2026, 6, 10, 18, tzinfo=UTC)
FREE = {Purpose.SAFETY, Purpose.ANSWER}
CAPPED = [one for one in Purpose if one not in FREE]
MINUTES = 2 * 365 * 24 * 60
INSTANTS = st.integers(0, MINUTES).map(lambda one: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=one))


def facts(**what: object) -> Facts:
    usual = {"channel": Channel.SMS, "purpose": Purpose.APPOINTMENT, "now": NOON, "consented": True}
    return Facts(**(usual | {"zone": "America/Chicago"} | what))  # type: ignore[arg-type]


def minutes_around(day: date, zone: str) -> list[datetime]:
    """Return every quarter of an hour from noon before a night to noon after it."""
    noon = datetime.combine(day - timedelta(days=1), time(12), ZoneInfo(zone)).astimezone(UTC)
    return [noon + timedelta(minutes=15 * step) for step in range(4 * 24 + 1)]


@pytest.mark.parametrize("zone", EVERY_ZONE)
@pytest.mark.parametrize("day", CHANGES)
def test_in_the_night_the_clock_changes_the_wall_decides(zone: str, day: date) -> None:
    for at in minutes_around(day, zone):
        local = at.astimezone(ZoneInfo(zone))
        allowed = may_send(facts(now=at, zone=zone))
        assert allowed.allowed == (8 <= local.hour < 21), local
        if not allowed.allowed:
            assert allowed.rule is Rule.QUIET_HOURS
            assert allowed.not_before is not None
            opens = allowed.not_before.astimezone(ZoneInfo(zone))
            assert (opens.hour, opens.minute) == (8, 0)
            assert timedelta(0) < allowed.not_before - at <= timedelta(hours=12)


@pytest.mark.parametrize("day", CHANGES)
def test_an_unknown_zone_gets_the_hours_that_suit_every_state(day: date) -> None:
    for at in minutes_around(day, "America/New_York"):
        hours = [at.astimezone(ZoneInfo(zone)).hour for zone in US_ZONES]
        assert may_send(facts(now=at, zone=None)).allowed == all(8 <= hour < 21 for hour in hours)


@pytest.mark.parametrize("day", [date(2026, 12, 1), date(2026, 7, 1)])
def test_the_hours_that_suit_every_state_and_territory_by_hand(day: date) -> None:
    """8:00 in Guam (UTC+10) is 22:00 UTC; 21:00 in Puerto Rico (UTC-4) is 1:00 UTC, winter and summer alike."""
    noon = datetime.combine(day, time(12), UTC)
    open_ones = [at for at in (noon + timedelta(minutes=15 * step) for step in range(96)) if is_open((), None, at)]
    assert open_ones == [noon + timedelta(hours=10, minutes=15 * step) for step in range(12)]


@given(INSTANTS, st.sampled_from(EVERY_ZONE), st.sampled_from(CAPPED))
def test_nothing_but_safety_leaves_at_night(at: datetime, zone: str, purpose: Purpose) -> None:
    local = at.astimezone(ZoneInfo(zone))
    verdict = may_send(facts(now=at, zone=zone, purpose=purpose))
    assert verdict.allowed == (OPENS <= local.time() < CLOSES)
    assert may_send(facts(now=at, zone=zone, purpose=Purpose.SAFETY)).allowed


HOURS = st.builds(
    SafeHours,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)


@settings(max_examples=60, deadline=None)
@given(INSTANTS, st.one_of(st.none(), st.sampled_from(EVERY_ZONE)), st.lists(HOURS, max_size=3))
def test_the_next_opening_is_open_and_nothing_before_it_is(
    at: datetime, zone: str | None, hours: list[SafeHours]
) -> None:
    opens = next_open(hours, zone, at)
    if opens is None:
        assert not any(is_open(hours, zone, at + timedelta(minutes=31 * step)) for step in range(9 * 24 * 2 - 24))
        assert zone is None, "hours of some weekday come round within a week where the zone is known"
        return
    assert at <= opens <= at + LONGEST
    assert is_open(hours, zone, opens)
    step = max((opens - at) / 40, timedelta(seconds=1))
    between = [at + step * one for one in range(40)]
    assert not any(is_open(hours, zone, one) for one in between if one < opens)


@given(st.lists(st.integers(0, 8 * 24 * 60), max_size=8), st.sampled_from(EVERY_ZONE))
def test_one_a_day_and_three_in_seven_days(minutes: list[int], zone: str) -> None:
    sent = [NOON - timedelta(minutes=one) for one in minutes]
    clock = ZoneInfo(zone)
    verdict = may_send(facts(sent=sent, zone=zone, safe_hours=(SafeHours(frozenset(range(7)), time(), time()),)))
    today = sum(one.astimezone(clock).date() == NOON.astimezone(clock).date() for one in sent)
    week = sum(one > NOON - timedelta(days=7) for one in sent)
    assert verdict.allowed == (today == 0 and week < 3)
    assert may_send(facts(sent=sent, zone=zone, purpose=Purpose.SAFETY)).allowed
    if not verdict.allowed:
        assert verdict.rule is (Rule.CAP_A_DAY if today else Rule.CAP_A_WEEK)
        assert verdict.not_before is not None
        then = may_send(
            facts(
                now=verdict.not_before,
                sent=sent,
                zone=zone,
                safe_hours=(SafeHours(frozenset(range(7)), time(), time()),),
            )
        )
        assert then.allowed or then.rule is Rule.CAP_A_WEEK


STANDING = {
    "suppressed": Rule.SUPPRESSED,
    "never_contact": Rule.NEVER_CONTACT,
    "locked": Rule.LOCKED,
    "held": Rule.HELD,
}


@given(st.sets(st.sampled_from(sorted(STANDING))), st.booleans(), st.booleans(), st.sampled_from(list(Purpose)))
def test_the_answer_names_the_weightiest_rule(
    stands: set[str], consented: bool, may_text: bool, purpose: Purpose
) -> None:
    verdict = may_send(facts(purpose=purpose, consented=consented, may_text=may_text, **dict.fromkeys(stands, True)))
    expected = [rule for name, rule in STANDING.items() if name in stands]
    expected += [] if consented else [Rule.NO_CONSENT]
    expected += [] if may_text else [Rule.NO_TEXTING]
    if purpose is Purpose.ANSWER:
        expected = []
    assert verdict.rule is (expected[0] if expected else Rule.ALLOWED)
    assert verdict.allowed == (not expected)


def test_who_may_not_be_texted_may_be_mailed() -> None:
    assert may_send(facts(channel=Channel.EMAIL, may_text=False)).allowed
