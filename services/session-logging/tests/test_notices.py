"""The privacy notice before the first service, the label of a record, and a record opened in an emergency."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.contracts import intake
from common.contracts.codes import AgeBand, Modality, Outcome, RecordOrigin, Sex
from handrail.testing import Platform, add_staff
from session_logging.rules.consents import needs_notice

SESSIONS = "/api/session-logging/v1/sessions"
GROUPS = "/api/session-logging/v1/groups"
NOT_GIVEN = (409, "/problems/notice-not-given")


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def defer_notice(practice: Any, person: Any) -> None:
    deferral_id = uuid.uuid4()
    deferred = intake.NoticeDeferralFacts(
        deferral_id=deferral_id, participant_id=person.participant_id, deferred_at=datetime.now(UTC)
    )
    await practice.tell(intake.NOTICE_DEFERRED, deferred, about=deferral_id)
    await practice.heard("notice", [deferral_id])


async def determine(practice: Any, *, is_program: bool, seq: int) -> None:
    agency_id = practice.administrator.agency_id
    status = intake.PrivacyStatusFacts(
        is_program=is_program, is_covered_entity=False, is_business_associate=False, is_qualified_service=False,
        is_intermediary=False, is_lawful_holder=False,
    )  # fmt: skip
    await practice.tell(intake.PRIVACY_STATUS_DETERMINED, status, about=agency_id, seq=seq)
    question = "select is_program from session_logging.privacy_status where id = :id and seq = :seq"
    await practice.platform.eventually(question, is_program, id=agency_id, seq=seq)


@pytest.mark.parametrize(
    ("modality", "outcome", "expected"),
    [
        (Modality.ONE_ON_ONE_MENTORING, Outcome.COMPLETED, True),
        (Modality.TELEPHONE_RECOVERY_SUPPORT, Outcome.PARTIAL, True),
        (Modality.ONE_ON_ONE_MENTORING, Outcome.CRISIS, False),
        (Modality.CRISIS_SUPPORT, Outcome.COMPLETED, False),
        (Modality.ONE_ON_ONE_MENTORING, Outcome.NO_SHOW, False),
        (Modality.OUTREACH, Outcome.DECLINED, False),
    ],
)
def test_a_service_outside_a_crisis_needs_the_notice(modality: Modality, outcome: Outcome, expected: bool) -> None:
    assert needs_notice(modality, outcome) is expected


async def test_nothing_is_signed_before_the_notice_was_given(shared: Any) -> None:
    person = await shared.enrol(notice=False)
    session_id = await shared.peer.created(SESSIONS, shared.session(person))

    signature = await shared.peer.put(f"{SESSIONS}/{session_id}/signature", {}, 1)
    at_once = await shared.peer.post(SESSIONS, shared.session(person, sign=True), key="before-the-notice")

    assert refusal(signature) == refusal(at_once) == NOT_GIVEN
    assert "Give this person the privacy notice" in signature.json()["detail"]
    assert (await shared.row(session_id))["status"] == "draft"

    await shared.give_notice(person)
    await shared.heard("notice", [person.notice_id])

    assert (await shared.peer.put(f"{SESSIONS}/{session_id}/signature", {}, 1)).status_code == 200
    again = await shared.peer.post(SESSIONS, shared.session(person, sign=True), key="after-the-notice")
    assert again.status_code == 201


async def test_a_notice_that_must_wait_lets_the_service_be_signed(shared: Any) -> None:
    person = await shared.enrol(notice=False)

    await defer_notice(shared, person)

    assert (await shared.peer.post(SESSIONS, shared.session(person, sign=True))).status_code == 201


async def test_a_crisis_and_a_session_that_did_not_take_place_are_signed_without_a_notice(shared: Any) -> None:
    person = await shared.enrol(notice=False)

    for exempt in ({"outcome": "crisis"}, {"modality": "crisis_support"}, {"outcome": "no_show", "note": None}):
        assert (await shared.peer.post(SESSIONS, shared.session(person, sign=True, **exempt))).status_code == 201
    ordinary = await shared.peer.post(SESSIONS, shared.session(person, sign=True))

    assert refusal(ordinary) == NOT_GIVEN  # what was exempt opens no door


async def test_a_notice_under_another_record_of_the_same_person_suffices(shared: Any) -> None:
    told, person, merge_id = await shared.enrol(), await shared.enrol(notice=False), uuid.uuid4()
    merged = intake.MergeFacts(
        merge_id=merge_id, survivor_id=told.participant_id, merged_id=person.participant_id,
        merged_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip

    await shared.tell(intake.PARTICIPANTS_MERGED, merged, about=merge_id)
    await shared.heard("merge", [merge_id])

    assert (await shared.peer.post(SESSIONS, shared.session(person, sign=True))).status_code == 201


async def test_an_agency_that_is_no_program_signs_without_a_notice_until_it_is_one(practice: Any) -> None:
    person = await practice.enrol(notice=False)

    await determine(practice, is_program=False, seq=1)
    outside = await practice.peer.post(SESSIONS, practice.session(person, sign=True))
    await determine(practice, is_program=True, seq=2)
    inside = await practice.peer.post(SESSIONS, practice.session(person, sign=True))

    assert outside.status_code == 201
    assert refusal(inside) == NOT_GIVEN


async def test_a_signed_group_points_at_who_lacks_the_notice_and_writes_nothing(practice: Any) -> None:
    told, person = await practice.enrol(), await practice.enrol(notice=False)
    one = practice.session(told)
    service = {name: one[name] for name in ("delivery_method", "location", "activities", "started_at", "ended_at")}
    attendees = [
        {"participant_id": str(who.participant_id), "episode_id": str(who.episode_id), "outcome": "completed"}
        for who in (told, person)
    ]
    body = service | {"program_id": str(practice.program_id), "attendees": attendees}

    signed = await practice.peer.post(GROUPS, body | {"sign": True})

    assert refusal(signed) == NOT_GIVEN
    assert [field["pointer"] for field in signed.json()["errors"]] == ["/attendees/1/participant_id"]
    assert (await practice.rows_left())["sessions"] == 0
    assert (await practice.peer.post(GROUPS, body)).status_code == 201


async def test_history_is_taken_in_without_a_notice(practice: Any) -> None:
    person = await practice.enrol(notice=False)
    row = practice.session(person, started_at="2026-03-03T09:00", ended_at="2026-03-03T09:30") | {
        "external_id": "s-1", "staff_id": str(practice.peer.staff_id),
        "recorded_at": "2026-03-03T17:00:00Z", "signed_at": "2026-03-03T17:05:00Z",
    }  # fmt: skip

    body = {"source_system": "old", "sessions": [row]}

    assert (await practice.administrator.post("/api/session-logging/v1/imports", body)).status_code == 201


# --- where a record comes from


async def test_the_label_of_a_record_travels_with_its_sessions(shared: Any) -> None:
    own, received = await shared.enrol(), await shared.enrol()
    labelled = intake.ParticipantFacts(
        participant_id=received.participant_id, age_band=AgeBand.FROM_25, sex=Sex.FEMALE,
        enrolled_at=datetime(2026, 1, 5, tzinfo=UTC), origin=RecordOrigin.RECEIVED_PART2,
    )  # fmt: skip
    await shared.tell(intake.PARTICIPANT_CHANGED, labelled, about=received.participant_id, seq=2)
    question = "select origin from session_logging.participant where id = :id"
    await shared.platform.eventually(question, "received_part2", id=received.participant_id)

    for person, label in ((own, "own_part2"), (received, "received_part2")):
        session_id = await shared.peer.created(SESSIONS, shared.session(person))
        assert (await shared.peer.get(f"{SESSIONS}/{session_id}")).json()["origin"] == label
        page = (await shared.peer.get(SESSIONS, participant_id=str(person.participant_id))).json()
        assert [one["origin"] for one in page["items"]] == [label]


# --- break-glass


async def open_record(practice: Any, person: Any, caller: Any, *, seq: int = 1, **more: Any) -> uuid.UUID:
    break_glass_id, now = more.pop("id", uuid.uuid4()), datetime.now(UTC)
    values = {
        "break_glass_id": break_glass_id, "participant_id": person.participant_id, "staff_id": caller.staff_id,
        "opened_at": now, "expires_at": now + timedelta(hours=4), "review_due_at": now + timedelta(days=1),
    }  # fmt: skip
    fact = intake.BREAK_GLASS_OPENED if seq == 1 else intake.BREAK_GLASS_CHANGED
    await practice.tell(fact, intake.BreakGlassFacts(**(values | more)), about=break_glass_id, seq=seq)
    question = "select seq from session_logging.break_glass where id = :id"
    await practice.platform.eventually(question, seq, id=break_glass_id)
    return break_glass_id


async def test_a_record_opened_in_an_emergency_is_read_until_it_is_ended(shared: Any, platform: Platform) -> None:
    person, other = await shared.enrol(), await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person))
    others = await shared.peer.created(SESSIONS, shared.session(other))
    helper = await add_staff(shared.administrator, "peer")
    assert (await helper.get(f"{SESSIONS}/{session_id}")).status_code == 404

    opened = await open_record(shared, person, helper)

    assert (await helper.get(f"{SESSIONS}/{session_id}")).status_code == 200
    assert [one["id"] for one in (await helper.get(SESSIONS)).json()["items"]] == [str(session_id)]
    assert (await helper.get(f"{SESSIONS}/{others}")).status_code == 404

    await open_record(shared, person, helper, id=opened, seq=2, ended_at=datetime.now(UTC))

    assert (await helper.get(f"{SESSIONS}/{session_id}")).status_code == 404
    assert (await helper.get(SESSIONS)).json()["items"] == []


async def test_an_emergency_that_ran_out_opens_nothing(shared: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person))
    helper = await add_staff(shared.administrator, "peer")
    long_ago = datetime.now(UTC) - timedelta(hours=5)

    await open_record(shared, person, helper, opened_at=long_ago, expires_at=long_ago + timedelta(hours=4))

    assert (await helper.get(f"{SESSIONS}/{session_id}")).status_code == 404
