"""Merged records are one person in every figure about persons, until the merge is undone."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from common.contracts import intake
from common.contracts.codes import Activity

MERGED_AT = datetime.fromisoformat("2026-02-01T12:00:00+00:00")
BASELINE = date(2025, 11, 1)


def merge(books: Any, survivor: UUID, merged: UUID, *moved: UUID, day: int = 0) -> UUID:
    facts = intake.MergeFacts(
        merge_id=uuid4(),
        survivor_id=survivor,
        merged_id=merged,
        moved_ids=list(moved),
        merged_at=MERGED_AT + timedelta(days=day),
    )
    books.say(intake.PARTICIPANTS_MERGED, facts, facts.merge_id)
    return facts.merge_id


def undo(books: Any, merge_id: UUID, survivor: UUID, merged: UUID, *moved: UUID) -> None:
    facts = intake.MergeFacts(
        merge_id=merge_id,
        survivor_id=survivor,
        merged_id=merged,
        moved_ids=list(moved),
        merged_at=MERGED_AT,
        undone_at=MERGED_AT + timedelta(days=9),
    )
    books.say(intake.PARTICIPANTS_SPLIT, facts, merge_id, 2)


async def test_m30_counts_merged_records_once_and_two_again_when_undone(books: Any) -> None:
    books.setting()
    ann, again = books.participant(), books.participant()
    books.session("2026-01-10T10:00", participant_id=ann, activities=[Activity.TRANSPORT])
    books.session("2026-01-11T10:00", participant_id=again, activities=[Activity.TRANSPORT])
    merged = merge(books, ann, again)

    result, units = await books.ask("M30")
    assert units == {ann: True}
    assert [extra.value for extra in result.extras if extra.name == "persons"] == [1, 1]

    undo(books, merged, ann, again)
    result, units = await books.ask("M30")
    assert units == {ann: True, again: True}


async def test_m30_follows_a_record_that_was_merged_on(books: Any) -> None:
    books.setting()
    first, second, third = (books.participant() for _ in range(3))
    for place, person in enumerate((first, second, third)):
        books.session(f"2026-01-1{place}T10:00", participant_id=person)
    merge(books, second, first)
    last = merge(books, third, second, first, day=1)

    _, units = await books.ask("M30")
    assert units == {third: True}

    undo(books, last, third, second, first)
    _, units = await books.ask("M30")
    assert units == {second: True, third: True}


async def test_m22_one_person_cannot_be_in_two_places_under_two_records(books: Any) -> None:
    books.setting()
    ann, again, elsewhere = uuid4(), uuid4(), books.staff(uuid4())
    one = books.session("2026-01-10T10:00", participant_id=ann)
    other = books.session("2026-01-10T10:30", participant_id=again, staff_id=elsewhere)

    _, units = await books.ask("M22")
    assert units == {one: True, other: True}

    merge(books, ann, again)
    _, units = await books.ask("M22")
    assert units == {one: False, other: False}


async def test_m31_a_person_of_two_records_counts_once_with_the_later_answer(books: Any) -> None:
    books.setting()
    ann, again = uuid4(), uuid4()
    for person, start, after in ((ann, BASELINE, 4), (again, BASELINE + timedelta(days=7), 0)):
        episode = books.episode(start, participant_id=person)
        books.assessment(episode, person, "baseline", start, use_days_30=20)
        books.assessment(episode, person, "follow_up", start + timedelta(days=90), use_days_30=after)
    merge(books, ann, again)

    result, units = await books.ask("M31")

    assert units == {ann: True}
    assert (result.numerator, result.denominator) == (1, 1)
