"""When what waits is told, and how somebody wants to hear it: cases with expected values worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.session_codes import ReminderIntent
from common.errors import Unprocessable
from notification.rules.devices import code, is_over, require_endpoint, require_key, require_number
from notification.rules.messages import Channel, Purpose
from notification.rules.told import (
    TELLINGS,
    Kind,
    Next,
    after,
    business_day_after,
    escalates,
    first,
    next_morning,
    reminders,
    widest,
)
from notification.rules.wishes import Group, Hours, channels, group_of, require_reachable, wanted_at

DUE = date(2026, 6, 30)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))
KINDS = st.sampled_from(sorted(Kind))


@pytest.mark.parametrize(
    ("kind", "today", "expected"),
    [
        # 2026-06-30 less 90, 60 and 30 days
        (Kind.CREDENTIAL_EXPIRING, date(2026, 1, 5), Next(0, date(2026, 4, 1))),
        (Kind.CREDENTIAL_EXPIRING, date(2026, 4, 1), Next(0, date(2026, 4, 1))),
        (Kind.CREDENTIAL_EXPIRING, date(2026, 4, 30), Next(0, date(2026, 4, 1))),
        (Kind.CREDENTIAL_EXPIRING, date(2026, 5, 1), Next(1, date(2026, 5, 1))),
        (Kind.CREDENTIAL_EXPIRING, date(2026, 6, 15), Next(2, date(2026, 5, 31))),
        (Kind.CREDENTIAL_EXPIRING, date(2026, 6, 30), Next(2, date(2026, 5, 31))),
        (Kind.CREDENTIAL_EXPIRING, date(2026, 7, 1), None),
        (Kind.CONSENT_EXPIRING, date(2026, 5, 1), Next(0, date(2026, 5, 31))),
        (Kind.CONSENT_EXPIRING, date(2026, 6, 24), Next(1, date(2026, 6, 23))),
        (Kind.SUPRT_OPENING, date(2026, 6, 1), Next(0, DUE)),
        (Kind.SUPRT_OPENING, date(2026, 7, 7), Next(0, DUE)),
        (Kind.SUPRT_OPENING, date(2026, 7, 8), None),
        (Kind.SUPRT_CLOSING, date(2026, 6, 1), Next(0, date(2026, 6, 23))),
        (Kind.SUPRT_CLOSING, date(2026, 7, 1), None),
        (Kind.PLAN_REVIEW_DUE, date(2026, 12, 1), Next(1, DUE)),
        (Kind.TASK_OVERDUE, date(2026, 6, 1), Next(0, date(2026, 7, 1))),
        (Kind.REFERRAL_WAITING, date(2026, 6, 1), Next(0, DUE)),
    ],
)
def test_what_is_told_first_follows_from_its_day_and_from_when_it_was_heard_of(
    kind: Kind, today: date, expected: Next | None
) -> None:
    assert first(kind, DUE, today) == expected


@pytest.mark.parametrize(
    ("kind", "step", "told_on", "expected"),
    [
        (Kind.CREDENTIAL_EXPIRING, 0, date(2026, 4, 1), Next(1, date(2026, 5, 1))),
        (Kind.CREDENTIAL_EXPIRING, 0, date(2026, 6, 2), Next(2, date(2026, 5, 31))),
        (Kind.CREDENTIAL_EXPIRING, 2, date(2026, 5, 31), Next(3, date(2026, 6, 2))),
        (Kind.CREDENTIAL_EXPIRING, 3, date(2026, 6, 2), None),
        (Kind.NOTE_RETURNED, 0, DUE, Next(1, date(2026, 7, 2))),
        (Kind.NOTE_RETURNED, 1, date(2026, 7, 2), None),
        (Kind.SUPRT_OPENING, 0, DUE, None),
        (Kind.SUPRT_CLOSING, 0, date(2026, 6, 23), Next(1, date(2026, 6, 25))),
    ],
)
def test_what_still_waits_two_days_after_the_last_reminder_is_told_higher_up_once(
    kind: Kind, step: int, told_on: date, expected: Next | None
) -> None:
    assert after(kind, DUE, step, told_on) == expected


@given(KINDS, DAYS, st.integers(-200, 200))
def test_every_reminder_is_told_at_most_once_in_order_and_ends_with_one_escalation(
    kind: Kind, due_on: date, ahead: int
) -> None:
    today = due_on + timedelta(days=ahead)
    told, step = [], first(kind, due_on, today)

    while step is not None:
        today = max(today, step.on)
        told.append(step.step)
        step = after(kind, due_on, step.step, today)

    assert told == sorted(set(told))
    assert not told or escalates(kind, told[-1]) is TELLINGS[kind].escalates


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        ("2026-03-07T12:59:00+00:00", "America/Chicago", "2026-03-07T07:00:00-06:00"),
        ("2026-03-07T13:00:00+00:00", "America/Chicago", "2026-03-08T07:00:00-05:00"),  # the night of the change
        ("2026-11-01T11:59:00+00:00", "America/Chicago", "2026-11-01T07:00:00-06:00"),
        ("2026-03-07T17:30:00+00:00", "Pacific/Honolulu", "2026-03-08T07:00:00-10:00"),
        ("2026-03-07T06:00:00+00:00", None, "2026-03-07T07:00:00+00:00"),
    ],
)
def test_the_morning_begins_at_seven_on_the_agencys_clock(now: str, zone: str | None, expected: str) -> None:
    assert next_morning(datetime.fromisoformat(now), zone) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("day", "days", "holidays", "expected"),
    [
        (date(2026, 3, 2), 2, (), date(2026, 3, 5)),  # Monday: Tuesday and Wednesday are two whole days
        (date(2026, 3, 5), 2, (), date(2026, 3, 10)),  # Thursday: over the weekend
        (date(2026, 3, 7), 2, (), date(2026, 3, 11)),  # Saturday
        (date(2026, 3, 2), 2, (date(2026, 3, 3),), date(2026, 3, 6)),
    ],
)
def test_business_days_leave_out_weekends_and_holidays(
    day: date, days: int, holidays: tuple[date, ...], expected: date
) -> None:
    assert business_day_after(day, days, holidays) == expected


def test_a_reminder_whose_instant_has_passed_is_not_made_up_for() -> None:
    starts = datetime(2026, 3, 10, 15, tzinfo=UTC)

    found = list(reminders(starts, list(ReminderIntent), datetime(2026, 3, 9, 15, 0, tzinfo=UTC)))

    assert found == [
        (ReminderIntent.DAY_BEFORE, datetime(2026, 3, 9, 15, tzinfo=UTC)),
        (ReminderIntent.TWO_HOURS_BEFORE, datetime(2026, 3, 10, 13, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [(["peer", "administrator"], "administrator"), (["peer", "supervisor"], "supervisor"), (["auditor"], None)],
)
def test_one_digest_for_the_widest_role(roles: list[str], expected: str | None) -> None:
    assert widest(roles) == expected


@pytest.mark.parametrize(
    ("chosen", "template", "purpose", "expected"),
    [
        ({}, "assignment", Purpose.WORK, [Channel.EMAIL]),
        ({"people": ["push", "email"]}, "assignment", Purpose.WORK, [Channel.PUSH, Channel.EMAIL]),
        ({"people": []}, "assignment", Purpose.WORK, [Channel.INBOX]),
        ({"people": []}, "note-returned", Purpose.WORK, [Channel.EMAIL]),
        ({"notes": ["sms"]}, "cosignature-waiting", Purpose.WORK, [Channel.SMS]),
        ({"deadlines": ["push"]}, "credential-expiring", Purpose.WORK, [Channel.PUSH]),
        ({}, "safety-page", Purpose.SAFETY, [Channel.SMS, Channel.PUSH, Channel.EMAIL]),
        ({"safety": ["email"]}, "safety-page", Purpose.SAFETY, [Channel.EMAIL, Channel.SMS, Channel.PUSH]),
        ({"safety": []}, "safety-page", Purpose.SAFETY, [Channel.SMS, Channel.PUSH, Channel.EMAIL]),
    ],
)
def test_ways_follow_the_choice_and_safety_keeps_every_one(
    chosen: dict[str, list[str]], template: str, purpose: Purpose, expected: list[Channel]
) -> None:
    assert channels(chosen, template, purpose) == expected


def test_safety_cannot_be_turned_off() -> None:
    with pytest.raises(Unprocessable, match="safety-cannot-be-silent"):
        require_reachable({Group.SAFETY: []})


@pytest.mark.parametrize("kind", sorted(Kind))
def test_every_kind_belongs_to_a_group_that_is_not_safety(kind: Kind) -> None:
    assert group_of(kind, Purpose.WORK) is not Group.SAFETY


NIGHT = Hours(time(20), time(8))
LUNCH = Hours(time(12), time(13))
WORKDAYS = Hours(time(18), time(8), (0, 1, 2, 3, 4))


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (Hours(), "2026-03-06T03:00", "2026-03-06T03:00"),
        (NIGHT, "2026-03-06T19:59", "2026-03-06T19:59"),
        (NIGHT, "2026-03-06T20:00", "2026-03-07T08:00"),
        (NIGHT, "2026-03-06T07:59", "2026-03-06T08:00"),
        (NIGHT, "2026-03-06T08:00", "2026-03-06T08:00"),
        (LUNCH, "2026-03-06T12:30", "2026-03-06T13:00"),
        (LUNCH, "2026-03-06T13:00", "2026-03-06T13:00"),
        (WORKDAYS, "2026-03-06T18:30", "2026-03-09T08:00"),  # Friday evening: Monday morning
        (WORKDAYS, "2026-03-08T12:00", "2026-03-09T08:00"),
    ],
)
def test_what_is_not_for_safety_waits_for_the_hours_that_somebody_chose(hours: Hours, at: str, expected: str) -> None:
    chicago = ZoneInfo("America/Chicago")

    found = wanted_at(hours, "America/Chicago", datetime.fromisoformat(at).replace(tzinfo=chicago))

    assert found == datetime.fromisoformat(expected).replace(tzinfo=chicago)


CLOCK = st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 730 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
ZONES = st.sampled_from(["America/New_York", "America/Phoenix", "America/Adak", "Pacific/Guam", "America/St_Johns"])
WEEKDAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))


@given(CLOCK, CLOCK, WEEKDAYS, ZONES, INSTANTS)
def test_whatever_is_chosen_there_comes_an_hour_for_it_within_eight_days(
    begins: time, ends: time, weekdays: tuple[int, ...], zone: str, at: datetime
) -> None:
    hours = Hours(begins, ends, weekdays) if begins != ends else Hours(None, None, weekdays)

    found = wanted_at(hours, zone, at)

    assert at <= found <= at + timedelta(days=9)
    assert wanted_at(hours, zone, found) == found


@pytest.mark.parametrize("number", ["+12025550123", "+17875550123"])
def test_a_us_number_may_be(number: str) -> None:
    assert require_number(number) == number


@pytest.mark.parametrize(
    "number", ["2025550123", "+442079460000", "+11025550123", "+1202555012", "+120255501234", "+1 202 555 0123", ""]
)
def test_no_other_number_may_be_and_the_refusal_does_not_quote_it(number: str) -> None:
    with pytest.raises(ValueError, match=r"must be a U\.S\. number") as refused:
        require_number(number)

    assert not number or number not in str(refused.value).replace("+12025550123", "")


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example.com/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://localhost/a",
        "https://printer.local/a",
        "https://push.example.com:8443/a",
        "https://user:secret@push.example.com/a",
        "https://2130706433/a",
        "https://10.1/a",
        "https://push.example.com/" + "a" * 1000,
        "ftp://push.example.com/a",
    ],
)
def test_a_push_endpoint_is_a_public_https_address(url: str) -> None:
    with pytest.raises(ValueError, match="must be the"):
        require_endpoint(url)


def test_a_push_key_is_so_many_bytes_in_base64url() -> None:
    assert require_key("A" * 22, 16) == "A" * 22
    for wrong in ("A" * 21, "A" * 24, "A" * 21 + "!", ""):
        with pytest.raises(ValueError, match="base64url"):
            require_key(wrong, 16)


def test_codes_have_six_digits_and_differ_by_device_round_and_agency() -> None:
    one, other = UUID(int=1), UUID(int=2)

    found = [code(b"k" * 32, one, 1), code(b"k" * 32, one, 2), code(b"k" * 32, other, 1), code(b"x" * 32, one, 1)]

    assert all(len(each) == 6 and each.isdigit() for each in found)
    assert len(set(found)) == 4


@pytest.mark.parametrize(("minutes", "wrong", "expected"), [(0, 0, False), (10, 4, False), (11, 0, True), (0, 5, True)])
def test_a_code_lasts_ten_minutes_and_five_guesses(minutes: int, wrong: int, expected: bool) -> None:
    sent_at = datetime(2026, 3, 2, 15, tzinfo=UTC)

    assert is_over(sent_at, wrong, sent_at + timedelta(minutes=minutes)) is expected
