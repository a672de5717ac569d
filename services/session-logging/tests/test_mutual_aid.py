"""Mutual-support meetings: every kind as a count, 30 days and their federal band, mistakes withdrawn, no names."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from common.contracts import intake
from common.contracts.codes import MutualAid
from common.errors import Unprocessable
from handrail.testing import add_staff, open_agency
from session_logging.models import MutualAidAttendance
from session_logging.rules.mutual_aid import band, first_day, own_recovery, require_a_kind, require_day

ATTENDANCES = "/api/session-logging/v1/mutual-aid-attendances"
# samhsa.md 7.1, row by row, but for the two answers that are no attendance.
KINDS = [
    "AA", "NA", "CA", "CMA", "MA", "HA", "DRA", "MARA", "ALANON", "ALATEEN", "NARANON", "FAMANON", "CRAFT_FAMILY",
    "SMART", "SMART_FF", "LIFERING", "SOS", "WFS", "RD", "REFUGE", "CR", "WELLBRIETY", "MM", "HAMS", "ALL_RECOVERY",
    "ONLINE_FORUM", "OTHER",
]  # fmt: skip


def test_every_kind_of_the_fields_list_is_there() -> None:
    assert set(MutualAid) == set(KINDS)


@pytest.mark.parametrize(
    ("times", "code"),
    [(0, "1"), (1, "2"), (3, "2"), (4, "3"), (7, "3"), (8, "4"), (30, "4"), (31, "4"), (60, "4")],
)
def test_the_band_of_a_count(times: int, code: str) -> None:
    assert band(times) == code


@given(st.integers(0, 500), st.integers(0, 500))
def test_more_meetings_are_never_in_a_lower_band(times: int, more: int) -> None:
    assert band(times) <= band(times + more)


def test_meetings_for_families_are_not_what_the_federal_question_is_about() -> None:
    kinds = dict.fromkeys(MutualAid, 1)

    assert own_recovery(kinds) == len(KINDS) - 6
    assert own_recovery({MutualAid.AA: 3, MutualAid.ALANON: 9}) == 3


def test_thirty_days_end_with_the_day_asked_for() -> None:
    assert first_day(date(2026, 3, 30)) == date(2026, 3, 1)


@pytest.mark.parametrize("answer", ["NONE", "DECLINED"])
def test_an_answer_is_no_attendance(answer: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        require_a_kind(answer)

    assert refused.value.code == "no-attendance"
    assert require_a_kind("AA") == "AA"


def test_a_day_to_come_has_no_count_yet() -> None:
    require_day(date(2026, 3, 1), date(2026, 3, 1))

    with pytest.raises(Unprocessable):
        require_day(date(2026, 3, 2), date(2026, 3, 1))


def test_nothing_that_is_kept_could_tell_who_else_was_there_or_where() -> None:
    assert set(MutualAidAttendance.__table__.columns.keys()) == {
        "agency_id", "id", "participant_id", "mutual_aid", "attended_on", "recorded_by", "recorded_at",
        "source_system", "withdrawn_at", "withdrawn_by", "withdrawal_reason", "version",
    }  # fmt: skip


# --- through HTTP


@pytest_asyncio.fixture(scope="module")
async def everybody(shared: Any) -> Any:
    """One person, for tests that look at their own entry only."""
    return await shared.enrol()


def meeting(person: Any, kind: str = "AA", on: str = "2026-03-10", **more: Any) -> dict[str, Any]:
    return {"participant_id": str(person.participant_id), "mutual_aid": kind, "attended_on": on} | more


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def ask(caller: Any, person: Any, **params: str) -> Any:
    return await caller.get(f"/api/session-logging/v1/participants/{person.participant_id}/mutual-aid", **params)


async def counts(caller: Any, person: Any, on: str = "2026-03-30") -> Any:
    answer = await ask(caller, person, on=on)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_counted(shared: Any, everybody: Any, kind: str) -> None:
    attendance_id = await shared.peer.created(ATTENDANCES, meeting(everybody, kind))

    [told] = await shared.told(attendance_id)
    assert (told["mutual_aid"], told["withdrawn"], told["imported"]) == (kind, False, False)


async def test_the_last_thirty_days_are_counted_by_kind_with_the_federal_band(shared: Any) -> None:
    person = await shared.enrol()
    went = (
        ("AA", "2026-03-01"), ("AA", "2026-03-30"), ("SMART", "2026-03-15"), ("ALANON", "2026-03-16"),
        ("AA", "2026-02-28"), ("NA", "2026-03-31"),
    )  # fmt: skip
    for kind, on in went:
        await shared.peer.created(ATTENDANCES, meeting(person, kind, on))

    seen = await counts(shared.peer, person)

    assert (seen["first"], seen["on"], seen["total"]) == ("2026-03-01", "2026-03-30", 4)
    assert seen["counts"] == {"AA": 2, "ALANON": 1, "SMART": 1}
    assert (seen["federal_band"]["code"], seen["federal_band"]["times"]) == ("2", 3)
    assert seen["federal_band"]["confidence"] == "not_confirmed"
    assert seen["origin"] == "own_part2"


async def test_without_a_day_the_count_ends_today_and_nothing_counts_as_none(shared: Any) -> None:
    person = await shared.enrol()

    answer = await ask(shared.peer, person)
    tomorrow = await ask(shared.peer, person, on=(datetime.now(UTC) + timedelta(days=2)).date().isoformat())

    assert answer.status_code == 200
    assert (answer.json()["total"], answer.json()["counts"]) == (0, {})
    assert answer.json()["federal_band"]["code"] == "1"
    assert problem(tomorrow) == (422, "in-the-future")


async def test_two_meetings_of_a_kind_in_a_day_count_twice_but_one_id_once(shared: Any) -> None:
    person, attendance_id = await shared.enrol(), str(uuid.uuid4())

    first = await shared.peer.post(ATTENDANCES, meeting(person, id=attendance_id))
    second = await shared.peer.post(ATTENDANCES, meeting(person))
    repeated = await shared.peer.post(ATTENDANCES, meeting(person, id=attendance_id))

    assert (first.status_code, first.json()["id"], second.status_code) == (201, attendance_id, 201)
    assert problem(repeated) == (409, "already-recorded")
    assert (await counts(shared.peer, person))["counts"] == {"AA": 2}


@pytest.mark.parametrize("answer", ["NONE", "DECLINED"])
async def test_an_answer_instead_of_a_meeting_is_refused_with_where_it_belongs(shared: Any, answer: str) -> None:
    person = await shared.enrol()

    refused = await shared.peer.post(ATTENDANCES, meeting(person, answer))

    assert problem(refused) == (422, "no-attendance")
    assert refused.json()["errors"][0]["pointer"] == "/mutual_aid"
    assert "assessment" in refused.json()["detail"]


@pytest.mark.parametrize("field", ["place", "sponsor", "others", "words", "note", "meeting_id"])
async def test_there_is_no_field_for_who_or_where(shared: Any, everybody: Any, field: str) -> None:
    assert problem(await shared.peer.post(ATTENDANCES, meeting(everybody, **{field: "x"}))) == (422, "invalid-request")


async def test_a_mistake_is_withdrawn_stays_in_the_list_and_counts_no_more(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    kept, mistaken = [await shared.peer.created(ATTENDANCES, meeting(person, on=f"2026-03-1{n}")) for n in (0, 1)]
    withdrawal = f"{ATTENDANCES}/{mistaken}/withdrawal"

    stale = await shared.peer.put(withdrawal, {"reason": "wrong_person"}, 3)
    first = await shared.peer.put(withdrawal, {"reason": "wrong_person"}, 1)
    again = await shared.peer.put(withdrawal, {"reason": "wrong_person"}, 1)
    other = await colleagues.supervisor.put(withdrawal, {"reason": "other"}, 2)

    assert problem(stale) == (412, "stale-version")
    assert (first.status_code, first.json()["version"], again.json()["version"]) == (200, 2, 2)
    assert problem(other) == (409, "already-withdrawn")
    assert (await counts(shared.peer, person))["total"] == 1
    listed = (await shared.peer.get(ATTENDANCES, participant_id=str(person.participant_id))).json()["items"]
    assert [(one["id"], one["withdrawal_reason"]) for one in listed] == [
        (str(mistaken), "wrong_person"), (str(kept), None),
    ]  # fmt: skip
    told = await shared.told(mistaken)
    assert [(one["type"], one["withdrawn"]) for one in told] == [
        ("mutual-aid-attended", False), ("mutual-aid-withdrawn", True),
    ]  # fmt: skip


async def test_who_does_not_serve_the_person_learns_nothing(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    attendance_id = await shared.peer.created(ATTENDANCES, meeting(person))

    answers = [
        await colleagues.peer.post(ATTENDANCES, meeting(person)),
        await ask(colleagues.peer, person),
        await colleagues.peer.get(ATTENDANCES, participant_id=str(person.participant_id)),
        await colleagues.peer.put(f"{ATTENDANCES}/{attendance_id}/withdrawal", {"reason": "other"}, 1),
    ]

    assert {problem(answer) for answer in answers} == {(404, "not-found")}
    assert (await ask(colleagues.auditor, person)).status_code == 403
    assert (await counts(colleagues.supervisor, person))["total"] == 1
    assert (await counts(shared.administrator, person))["total"] == 1


async def test_a_record_opened_in_an_emergency_is_read_until_that_ends(shared: Any, colleagues: Any) -> None:
    person, now = await shared.enrol(), datetime.now(UTC)
    opened = intake.BreakGlassFacts(
        break_glass_id=uuid.uuid4(), participant_id=person.participant_id, staff_id=colleagues.peer.staff_id,
        opened_at=now, expires_at=now + timedelta(hours=1), review_due_at=now + timedelta(days=1),
    )  # fmt: skip
    before = await ask(colleagues.peer, person)
    await shared.tell(intake.BREAK_GLASS_OPENED, opened, about=opened.break_glass_id)
    await shared.heard("break_glass", [opened.break_glass_id])
    during = await ask(colleagues.peer, person)
    ended = opened.model_copy(update={"ended_at": now})
    await shared.tell(intake.BREAK_GLASS_CHANGED, ended, about=opened.break_glass_id, seq=2)
    seq = "select seq from session_logging.break_glass where id = :id"
    await shared.platform.eventually(seq, 2, id=opened.break_glass_id)

    after = await ask(colleagues.peer, person)

    assert [answer.status_code for answer in (before, during, after)] == [404, 200, 404]


async def test_a_colleague_who_serves_the_person_sees_but_does_not_withdraw(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    attendance_id = await shared.peer.created(ATTENDANCES, meeting(person))
    shared_care = type(person)(**(vars(person) | {"assignment_id": uuid.uuid4()}))
    await shared.assign(shared_care, colleagues.peer)
    await shared.heard("assignment", [shared_care.assignment_id])

    refused = await colleagues.peer.put(f"{ATTENDANCES}/{attendance_id}/withdrawal", {"reason": "other"}, 1)

    assert problem(refused) == (403, "not-your-entry")
    assert (await counts(colleagues.peer, person))["total"] == 1


async def test_another_agencys_stranger_finds_nothing(shared: Any, platform: Any, http: Any) -> None:
    person = await shared.enrol()
    attendance_id = await shared.peer.created(ATTENDANCES, meeting(person))
    elsewhere = await open_agency(http, platform)
    stranger = await add_staff(elsewhere, "supervisor")
    await shared.heard("agency", [elsewhere.agency_id])

    answers = [
        await ask(stranger, person),
        await stranger.get(ATTENDANCES, participant_id=str(person.participant_id)),
        await stranger.put(f"{ATTENDANCES}/{attendance_id}/withdrawal", {"reason": "other"}, 1),
    ]

    assert {problem(answer) for answer in answers} == {(404, "not-found")}


async def test_meetings_of_both_records_of_one_person_are_counted_together(shared: Any) -> None:
    kept, merged = await shared.enrol_many(2)
    for person in (kept, merged):
        await shared.peer.created(ATTENDANCES, meeting(person))
    merge = intake.MergeFacts(
        merge_id=uuid.uuid4(), survivor_id=kept.participant_id, merged_id=merged.participant_id, moved_ids=[],
        merged_at=datetime.now(UTC),
    )  # fmt: skip
    await shared.tell(intake.PARTICIPANTS_MERGED, merge, about=merge.merge_id)
    await shared.heard("merge", [merge.merge_id])

    assert [(await counts(shared.peer, person))["total"] for person in (kept, merged)] == [2, 2]


async def test_pages_follow_one_another_without_gap_or_repeat(shared: Any) -> None:
    person = await shared.enrol()
    made = {str(await shared.peer.created(ATTENDANCES, meeting(person))) for _ in range(5)}
    found, following = [], None

    for _ in range(3):
        more: dict[str, str] = {"next": following} if following else {}
        answer = await shared.peer.get(ATTENDANCES, participant_id=str(person.participant_id), limit=2, **more)
        found += [one["id"] for one in answer.json()["items"]]
        following = answer.json()["next"]

    assert (len(found), set(found), following) == (5, made, None)


async def test_no_role_changes_what_was_counted(shared: Any) -> None:
    person = await shared.enrol()
    attendance_id = await shared.peer.created(ATTENDANCES, meeting(person))

    async with shared.platform.admin.connect() as connection:
        with pytest.raises(IntegrityError, match="withdraw it"):
            await connection.execute(
                text("update session_logging.mutual_aid_attendance set mutual_aid = 'NA' where id = :id"),
                {"id": attendance_id},
            )
