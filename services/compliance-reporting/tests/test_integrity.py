"""M21 and M22: groups and time, worked out by hand and against a slow reference."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.codes import Format, NoteElement, Outcome, SessionStatus
from compliance_reporting.rules import Verdict


def _line(books: Any, group: UUID, moment: str = "2026-01-10T10:00", **more: Any) -> UUID:
    values = {"group_id": group, "format": Format.GROUP, "modifiers": ["HQ"]}
    line: UUID = books.session(moment, 60, **(values | more))
    return line


async def test_m21_a_group_needs_its_size_its_code_and_a_note_for_each(books: Any) -> None:
    books.setting()  # at most 3 people, modifier HQ
    good, too_big, one_note_short, without_code, without_summary, nobody_wrote = (
        books.group(f"2026-01-10T{hour}:00", size)
        for hour, size in (("08", 2), ("10", 4), ("12", 3), ("14", 1), ("16", 1), ("18", 1))
    )
    for group, lines in ((good, 2), (too_big, 4), (one_note_short, 2)):
        for _ in range(lines):
            _line(books, group)
    _line(books, without_code, modifiers=["U1"])
    _line(books, without_summary, missing_elements=[NoteElement.SUMMARY])

    result, units = await books.ask("M21")

    assert units == {
        good: True, too_big: False, one_note_short: False, without_code: False, without_summary: False,
        nobody_wrote: False,
    }  # fmt: skip
    assert (result.numerator, result.denominator, result.percent, result.verdict) == (1, 6, 16.7, Verdict.WARN)


async def test_m21_two_lines_of_one_person_are_one_note(books: Any) -> None:
    books.setting()
    group, person = books.group("2026-01-10T10:00", 2), uuid4()
    _line(books, group, participant_id=person)
    _line(books, group, participant_id=person)

    _, units = await books.ask("M21")

    assert units == {group: False}


async def test_m21_unbilled_lines_and_programs_without_a_code_need_none(books: Any) -> None:
    books.setting()
    free = books.program(uuid4(), group_modifier=None)
    unbilled = books.group("2026-01-10T10:00", 1)
    _line(books, unbilled, service_code=None, modifiers=[])
    uncoded = books.group("2026-01-10T12:00", 1, program_id=free)
    _line(books, uncoded, modifiers=[])

    _, units = await books.ask("M21")

    assert units == {unbilled: True, uncoded: True}


async def test_m21_counts_groups_of_the_period_that_were_not_voided(books: Any) -> None:
    books.setting()
    voided = books.group("2026-01-10T10:00", 1)
    _line(books, voided, status=SessionStatus.VOIDED)
    books.group("2025-12-31T23:59", 1)
    books.group("2026-04-01T00:00", 1)
    first, last = books.group("2026-01-01T00:00", 1), books.group("2026-03-31T23:59", 1)
    unknown_program = books.group("2026-01-10T12:00", 1, program_id=uuid4())

    _, units = await books.ask("M21")

    assert units == {first: False, last: False, unknown_program: None}


async def test_m22_back_to_back_is_fine_and_overlapping_fails_both(books: Any) -> None:
    books.setting()
    first = books.session("2026-01-10T09:00", 60)
    second = books.session("2026-01-10T10:00", 60)  # begins as the first one ends
    third = books.session("2026-01-10T10:59", 60)
    alone = books.session("2026-01-11T09:00", 60)

    result, units = await books.ask("M22")

    assert units == {first: True, second: False, third: False, alone: True}
    assert (result.numerator, result.denominator, result.percent) == (2, 4, 50.0)


async def test_m22_the_same_person_cannot_be_with_two_workers(books: Any) -> None:
    books.setting()
    other, person = books.staff(uuid4()), uuid4()
    here = books.session("2026-01-10T09:00", 60, participant_id=person)
    there = books.session("2026-01-10T09:30", 60, participant_id=person, staff_id=other)
    somebody_else = books.session("2026-01-10T11:00", 60, staff_id=other)

    _, units = await books.ask("M22")

    assert units == {here: False, there: False, somebody_else: True}


async def test_m22_a_groups_lines_do_not_overlap_for_its_worker(books: Any) -> None:
    books.setting()
    group = books.group("2026-01-10T10:00", 2)
    lines = [_line(books, group), _line(books, group, "2026-01-10T10:10")]
    beside = books.session("2026-01-10T10:30", 60)
    after = books.session("2026-01-10T11:30", 60)

    _, units = await books.ask("M22")

    assert units == {lines[0]: False, lines[1]: False, beside: False, after: True}


async def test_m22_a_recorded_co_facilitator_may_write_for_the_same_person(books: Any) -> None:
    books.setting()
    helper, stranger = books.staff(uuid4()), books.staff(uuid4())
    with_helper = books.group("2026-01-10T10:00", 1, co_facilitator_id=helper)
    alone = books.group("2026-01-11T10:00", 1)
    first, second = uuid4(), uuid4()
    allowed = [
        _line(books, with_helper, participant_id=first),
        _line(books, with_helper, participant_id=first, staff_id=helper),
    ]
    refused = [
        _line(books, alone, "2026-01-11T10:00", participant_id=second),
        _line(books, alone, "2026-01-11T10:00", participant_id=second, staff_id=stranger),
    ]

    _, units = await books.ask("M22")

    assert units == dict.fromkeys(allowed, True) | dict.fromkeys(refused, False)


async def test_m22_a_session_must_end_after_it_starts(books: Any) -> None:
    books.setting()
    empty = books.session("2026-01-10T09:30", 0)
    backwards = books.session("2026-01-10T09:40", -20)
    around = books.session("2026-01-10T09:00", 60)

    _, units = await books.ask("M22")

    assert units == {empty: False, backwards: False, around: True}


async def test_m22_employment_includes_its_first_and_last_day(books: Any) -> None:
    books.agency()
    books.program()
    books.staff(employed_from=date(2026, 1, 10), employed_to=date(2026, 1, 20))
    days = {day: books.session(f"2026-01-{day:02}T10:00") for day in (9, 10, 20, 21)}
    unknown = books.session("2026-01-15T10:00", staff_id=uuid4())

    result, units = await books.ask("M22")

    assert units == {days[9]: False, days[10]: True, days[20]: True, days[21]: False, unknown: None}
    assert (result.numerator, result.denominator, result.unevaluable) == (2, 4, 1)


async def test_m22_looks_beyond_the_period_but_counts_inside_it(books: Any) -> None:
    books.setting()
    books.session("2025-12-31T23:30", 60)
    new_year = books.session("2026-01-01T00:15", 60)
    no_show = books.session("2026-02-01T10:00", 60, outcome=Outcome.NO_SHOW)
    beside_no_show = books.session("2026-02-01T10:30", 60)

    _, units = await books.ask("M22")

    assert units == {new_year: False, beside_no_show: True}
    assert no_show not in units


SESSION = st.tuples(
    st.integers(0, 12),  # start, in steps of ten minutes
    st.integers(-1, 8),  # length, likewise
    st.integers(0, 2),  # worker
    st.integers(0, 2),  # person
    st.sampled_from([None, 0, 0, 1]),  # group
)


@given(st.lists(SESSION, min_size=2, max_size=7), st.none() | st.integers(0, 2))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_m22_agrees_with_comparing_every_pair(many_books: Any, drawn: Any, co_facilitator: int | None) -> None:
    books = many_books()
    books.agency()
    workers, people = [books.staff(uuid4()) for _ in range(3)], [uuid4() for _ in range(3)]
    helper = None if co_facilitator is None else workers[co_facilitator]
    groups = [books.group("2026-01-10T00:00", 2, staff_id=workers[0], co_facilitator_id=helper) for _ in range(2)]
    midnight = books.at("2026-01-10T00:00").timestamp()
    sessions = {}
    for start, length, worker, person, group in drawn:
        group_id = None if group is None else groups[group]
        session = books.session(
            datetime.fromtimestamp(midnight + start * 600, UTC), length * 10,
            staff_id=workers[worker], participant_id=people[person], group_id=group_id,
        )  # fmt: skip
        sessions[session] = (start, start + length, worker, person, group)

    _, units = await books.ask("M22")

    assert units == {one: _is_sound(one, sessions, co_facilitator) for one in sessions}


def _is_sound(one: UUID, sessions: Any, co_facilitator: int | None) -> bool:
    """The rule, said pair by pair."""
    start, end, worker, person, group = sessions[one]
    if end <= start:
        return False
    for other, (its_start, its_end, its_worker, its_person, its_group) in sessions.items():
        if other == one or its_end <= its_start or not (start < its_end and its_start < end):
            continue
        same_group = group is not None and group == its_group
        if its_worker == worker and not same_group:
            return False
        both_lead = {worker, its_worker} == {0, co_facilitator} and worker != its_worker
        if its_person == person and not (same_group and both_lead):
            return False
    return True
