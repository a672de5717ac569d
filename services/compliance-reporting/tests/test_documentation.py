"""M01, M16, M17 and M18: each with its numerator, denominator and exclusions worked out by hand."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.codes import (
    CredentialStatus,
    CredentialType,
    Modality,
    NoteElement,
    Outcome,
    SessionStatus,
    Specialty,
)
from common.text import business_deadline
from compliance_reporting.rules import Verdict


async def test_m01_a_credential_must_cover_the_service_date_both_ends_included(books: Any) -> None:
    books.agency()
    books.program()
    books.credential(valid_from=date(2026, 1, 10), valid_to=date(2026, 1, 20))
    days = {day: books.session(f"2026-01-{day:02}T10:00") for day in (9, 10, 20, 21)}

    result, units = await books.ask("M01")

    assert units == {days[9]: False, days[10]: True, days[20]: True, days[21]: False}
    assert (result.numerator, result.denominator, result.percent, result.verdict) == (2, 4, 50.0, Verdict.FAIL)


@pytest.mark.parametrize("status", [CredentialStatus.PROVISIONAL, CredentialStatus.SUSPENDED, CredentialStatus.REVOKED])
async def test_m01_only_active_credentials_count(books: Any, status: CredentialStatus) -> None:
    books.agency()
    books.program()
    books.credential(status=status)
    session = books.session("2026-01-10T10:00")

    _, units = await books.ask("M01")

    assert units == {session: False}


async def test_m01_the_program_says_which_specialty_and_types_it_takes(books: Any) -> None:
    books.agency()
    books.program(required_specialty=Specialty.FAMILY)
    coaches = books.program(uuid4(), accepted_credentials=[CredentialType.RECOVERY_COACH])
    any_credential = books.program(uuid4())
    books.credential(specialty=Specialty.SUBSTANCE_USE, credential_type=CredentialType.RECOVERY_COACH)
    wrong_specialty = books.session("2026-01-10T10:00")
    right_type = books.session("2026-01-11T10:00", program_id=coaches)
    other_worker = books.session("2026-01-12T10:00", program_id=any_credential, staff_id=uuid4())
    anything = books.session("2026-01-13T10:00", program_id=any_credential)

    result, units = await books.ask("M01")

    assert units == {wrong_specialty: False, right_type: True, other_worker: False, anything: True}
    assert {one.program_id: (one.numerator, one.denominator) for one in result.by_program} == {
        books.program_id: (0, 1),
        coaches: (1, 1),
        any_credential: (1, 2),
    }


async def test_m01_leaves_out_what_was_not_delivered_or_needs_no_credential(books: Any) -> None:
    books.setting()
    free = books.program(uuid4(), credential_required=False)
    books.session("2026-01-10T10:00", program_id=free)
    books.session("2026-01-10T11:00", outcome=Outcome.NO_SHOW)
    books.session("2026-01-10T12:00", status=SessionStatus.VOIDED)
    books.session("2025-12-31T23:30")
    books.session("2026-04-01T00:00")
    partial = books.session("2026-01-11T10:00", outcome=Outcome.PARTIAL)
    crisis = books.session("2026-01-12T10:00", outcome=Outcome.CRISIS, status=SessionStatus.DRAFT, signed_at=None)
    unknown_program = books.session("2026-01-13T10:00", program_id=uuid4())

    result, units = await books.ask("M01")

    assert units == {partial: True, crisis: True, unknown_program: None}
    assert (result.numerator, result.denominator, result.unevaluable) == (2, 2, 1)


async def test_m16_a_note_is_complete_with_every_element_and_a_signature(books: Any) -> None:
    books.setting()
    complete = books.session("2026-01-10T10:00")
    without_goals = books.session("2026-01-10T11:00", missing_elements=[NoteElement.GOALS])
    unsigned = books.session("2026-01-10T12:00", status=SessionStatus.DRAFT, signed_at=None)
    books.session("2026-01-10T13:00", outcome=Outcome.CANCELLED_BY_PERSON, missing_elements=[NoteElement.SUMMARY])

    result, units = await books.ask("M16")

    assert units == {complete: True, without_goals: False, unsigned: False}
    assert (result.percent, result.verdict) == (33.3, Verdict.WARN)


async def test_m17_the_deadline_is_the_end_of_the_second_business_day_to_the_second(books: Any) -> None:
    books.setting()
    on_time = books.session("2026-01-06T10:00", signed_at=books.at("2026-01-08T23:59:59"))  # Tuesday, due Thursday
    late = books.session("2026-01-06T10:00", signed_at=books.at("2026-01-09T00:00:00"))
    friday = books.session("2026-01-09T10:00", signed_at=books.at("2026-01-13T23:59:59"))  # due Tuesday
    saturday = books.session("2026-01-10T10:00", signed_at=books.at("2026-01-14T00:00:00"))  # due Tuesday
    unsigned = books.session("2026-01-06T12:00", status=SessionStatus.DRAFT, signed_at=None)

    result, units = await books.ask("M17")

    assert units == {on_time: True, late: False, friday: True, saturday: False, unsigned: False}
    assert (result.numerator, result.denominator, result.percent) == (2, 5, 40.0)


async def test_m17_holidays_are_no_business_days(books: Any) -> None:
    books.agency(date(2026, 1, 19))  # a Monday
    books.program()
    friday = books.session("2026-01-16T10:00", signed_at=books.at("2026-01-21T23:59:59"))  # Tuesday, Wednesday
    late = books.session("2026-01-16T10:00", signed_at=books.at("2026-01-22T00:00:00"))

    _, units = await books.ask("M17")

    assert units == {friday: True, late: False}


async def test_m17_days_keep_their_midnights_when_the_clocks_change(books: Any) -> None:
    books.setting()
    # Summer time begins on Sunday 8 March: Friday's note is due at the end of Tuesday, now five hours behind UTC.
    on_time = books.session("2026-03-06T10:00", signed_at=datetime(2026, 3, 11, 4, 59, 59, tzinfo=UTC))
    late = books.session("2026-03-06T10:00", signed_at=datetime(2026, 3, 11, 5, 0, 0, tzinfo=UTC))

    _, units = await books.ask("M17")

    assert units == {on_time: True, late: False}


async def test_m17_a_session_over_midnight_is_due_from_the_day_it_ended(books: Any) -> None:
    books.setting()
    over_midnight = books.session("2026-01-06T23:30", 60, signed_at=books.at("2026-01-09T23:59:59"))  # ends Wednesday

    _, units = await books.ask("M17")

    assert units == {over_midnight: True}


async def test_m17_a_program_may_ask_for_the_same_day_or_more(books: Any) -> None:
    books.setting()
    same_day = books.program(uuid4(), note_deadline_business_days=0)
    long = books.program(uuid4(), note_deadline_business_days=60)
    sunday = books.session("2026-01-11T10:00", program_id=same_day, signed_at=books.at("2026-01-11T23:59:59"))
    monday = books.session("2026-01-11T10:00", program_id=same_day, signed_at=books.at("2026-01-12T00:00:00"))
    # 60 business days after 31 March, a Tuesday, are 12 weeks: due Tuesday 23 June.
    slow = books.session("2026-03-31T10:00", program_id=long, signed_at=books.at("2026-06-23T23:59:59"))
    too_slow = books.session("2026-03-31T10:00", program_id=long, signed_at=books.at("2026-06-24T00:00:00"))

    _, units = await books.ask("M17")

    assert units == {sunday: True, monday: False, slow: True, too_slow: False}


async def test_m17_an_unsigned_note_is_undecided_until_it_is_due(books: Any) -> None:
    books.setting()
    note = books.session("2026-01-06T10:00", status=SessionStatus.DRAFT, signed_at=None)

    before, undecided = await books.ask("M17", as_of=books.at("2026-01-08T23:59:59"))
    after, decided = await books.ask("M17", as_of=books.at("2026-01-09T00:00:00"))

    assert (undecided, before.verdict, before.percent) == ({note: None}, Verdict.NOT_EVALUABLE, None)
    assert (decided, after.verdict) == ({note: False}, Verdict.WARN)


NOTE = st.tuples(
    st.integers(0, 90 * 24 * 60),  # minute of the start
    st.integers(1, 300),  # minutes
    st.integers(0, 3),  # business days to sign
    st.sampled_from([None, -86_400, -1, 0, 1, 86_400]),  # seconds from its deadline to its signature
)


@given(
    st.lists(NOTE, max_size=12),
    st.sets(st.dates(date(2026, 1, 1), date(2026, 4, 20)), max_size=6),
    st.sampled_from(["America/Chicago", "America/New_York", "Asia/Tokyo", "UTC"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_m17_agrees_with_the_rule_for_one_note(
    many_books: Any, notes: Any, holidays: set[date], zone: str
) -> None:
    books = many_books()
    books.agency(*holidays, zone=zone)
    programs = [books.program(uuid4(), note_deadline_business_days=days) for days in range(4)]
    expected = {}
    for minute, length, days, from_deadline in notes:
        started = books.at("2026-01-01T00:00").timestamp() + minute * 60
        ended = datetime.fromtimestamp(started + length * 60, UTC)
        due = business_deadline(ended, zone, days, frozenset(holidays))
        signed = None if from_deadline is None else datetime.fromtimestamp(due.timestamp() + from_deadline, UTC)
        note = books.session(datetime.fromtimestamp(started, UTC), length, program_id=programs[days], signed_at=signed)
        expected[note] = from_deadline is not None and from_deadline < 0

    result, units = await books.ask("M17", date(2026, 1, 1), date(2026, 4, 10))

    assert units == expected
    assert (result.numerator, result.denominator) == (sum(expected.values()), len(expected))


async def test_m18_a_session_serves_a_goal_that_is_active_on_its_day(books: Any) -> None:
    books.setting()
    person, episode = uuid4(), books.episode(date(2026, 1, 1))
    goal = books.goal(active_from=date(2026, 1, 10), active_to=date(2026, 1, 20))
    books.plan(episode, books.at("2026-01-05T10:00"), [goal], participant_id=person)

    def session(day: int, *goals: Any, **more: Any) -> Any:
        values = {"participant_id": person, "episode_id": episode, "goal_ids": list(goals)}
        return books.session(f"2026-01-{day:02}T10:00", **(values | more))

    too_early, first, last = session(9, goal.goal_id), session(10, goal.goal_id), session(20, goal.goal_id)
    too_late, without = session(21, goal.goal_id), session(12)
    unknown_and_known = session(13, uuid4(), goal.goal_id)
    someone_elses = session(14, goal.goal_id, participant_id=uuid4())

    result, units = await books.ask("M18")

    assert units == {
        too_early: False, first: True, last: True, too_late: False, without: False, unknown_and_known: True,
        someone_elses: False,
    }  # fmt: skip
    assert (result.numerator, result.denominator, result.percent) == (3, 7, 42.9)


async def test_m18_leaves_out_crisis_outreach_and_what_came_before_the_plan(books: Any) -> None:
    books.setting()
    episode, unplanned = books.episode(date(2026, 1, 1)), books.episode(date(2026, 1, 1))
    books.plan(episode, books.at("2026-01-15T15:00"))
    books.plan(episode, books.at("2026-02-15T15:00"))
    books.session("2026-01-14T10:00", episode_id=episode)
    plan_day = books.session("2026-01-15T10:00", episode_id=episode)
    books.session("2026-01-16T10:00", episode_id=episode, outcome=Outcome.CRISIS)
    books.session("2026-01-17T10:00", episode_id=episode, modality=Modality.CRISIS_SUPPORT)
    books.session("2026-01-18T10:00", episode_id=episode, modality=Modality.OUTREACH)
    books.session("2026-01-19T10:00", episode_id=unplanned)
    group = books.session("2026-01-20T10:00", episode_id=episode, modality=Modality.GROUP_FACILITATION)

    _, units = await books.ask("M18")

    assert units == {plan_day: False, group: False}
