"""Brief check-ins and attempts: one request, kept for the next peer, never billed, withdrawn and not changed."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from common.contracts import intake
from common.contracts.codes import CloseReason, DeliveryMethod
from common.contracts.session_codes import SPOKEN_WITH, AttemptOutcome
from common.errors import Unprocessable
from handrail.testing import add_staff, open_agency
from session_logging.rules.check_ins import history_from, per_outcome, require_episode, require_outcome, require_past

CHECK_INS = "/api/session-logging/v1/check-ins"
NOON = datetime(2026, 3, 10, 17, tzinfo=UTC)
REFUSED = (
    "select (select count(*) from session_logging.audit_pending where agency_id = :a and outcome = 'refused') + "
    "(select count(*) from session_logging.audit where agency_id = :a and outcome = 'refused')"
)


def refusal(method: str, outcome: str, minutes: int) -> str | None:
    try:
        require_outcome(DeliveryMethod(method), AttemptOutcome(outcome), minutes)
    except Unprocessable as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("method", "outcome", "minutes", "expected"),
    [
        ("telephone", "reached", 7, None),
        ("telephone", "reached", 0, None),
        ("telephone", "reached", 60, None),
        ("telephone", "reached", 61, "longer-than-a-check-in"),
        ("telephone", "crisis_escalated", 60, None),
        ("telephone", "voicemail", 0, None),
        ("telephone", "voicemail", 1, "minutes-with-nobody"),
        ("telephone", "no_answer", 90, "minutes-with-nobody"),
        ("telephone", "busy", 0, None),
        ("telephone", "wrong_number", 0, None),
        ("telephone", "disconnected", 0, None),
        ("telephone", "call_back", 0, None),
        ("video", "no_answer", 0, None),
        ("video", "reached", 20, None),
        ("text", "reached", 3, None),
        ("text", "no_answer", 0, None),
        ("text", "wrong_number", 0, None),
        ("text", "voicemail", 0, "outcome-does-not-fit"),
        ("text", "busy", 0, "outcome-does-not-fit"),
        ("in_person", "reached", 15, None),
        ("in_person", "no_answer", 0, None),
        ("in_person", "crisis_escalated", 40, None),
        ("in_person", "voicemail", 0, "outcome-does-not-fit"),
        ("in_person", "busy", 0, "outcome-does-not-fit"),
        ("in_person", "wrong_number", 0, "outcome-does-not-fit"),
        ("in_person", "disconnected", 0, "outcome-does-not-fit"),
        ("in_person", "call_back", 0, "outcome-does-not-fit"),
    ],
)
def test_what_can_come_of_which_way_of_trying(method: str, outcome: str, minutes: int, expected: str | None) -> None:
    assert refusal(method, outcome, minutes) == expected


@given(st.sampled_from(list(DeliveryMethod)), st.sampled_from(list(AttemptOutcome)), st.integers(0, 1440))
def test_minutes_are_only_ever_with_somebody_and_at_most_an_hour(
    method: DeliveryMethod, outcome: AttemptOutcome, minutes: int
) -> None:
    if refusal(method, outcome, minutes) is None:
        assert minutes <= 60
        assert minutes == 0 or outcome in SPOKEN_WITH


def test_a_check_in_has_taken_place_and_within_the_episode() -> None:
    require_past(NOON, NOON)
    require_episode(date(2026, 3, 10), date(2026, 3, 10))

    with pytest.raises(Unprocessable) as future:
        require_past(NOON + timedelta(seconds=1), NOON)
    with pytest.raises(Unprocessable) as early:
        require_episode(date(2026, 3, 9), date(2026, 3, 10))

    assert (future.value.code, early.value.code) == ("in-the-future", "before-the-episode")


def test_the_history_is_of_thirty_days_and_names_every_outcome() -> None:
    assert history_from(date(2026, 3, 30)) == date(2026, 3, 1)
    assert per_outcome([("reached", 2), ("voicemail", 1)]) == {
        "reached": 2, "voicemail": 1, "no_answer": 0, "busy": 0, "wrong_number": 0, "disconnected": 0,
        "call_back": 0, "crisis_escalated": 0,
    }  # fmt: skip


# --- through HTTP


def check_in(person: Any, **changed: Any) -> dict[str, Any]:
    body = {
        "participant_id": str(person.participant_id), "episode_id": str(person.episode_id), "method": "telephone",
        "outcome": "reached", "minutes": 8, "contacted_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "words": "canary-checkin she is at her sister's",
    }  # fmt: skip
    return {name: value for name, value in (body | changed).items() if value is not None}


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def page(caller: Any, person: Any, **more: Any) -> Any:
    answer = await caller.get(CHECK_INS, participant_id=str(person.participant_id), **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def left(practice: Any) -> list[int]:
    """Count what check-ins leave behind in this agency: rows, stored answers, events."""
    count = "select count(*) from session_logging.{} where agency_id = :agency"
    agency = practice.administrator.agency_id
    tables = ("check_in", "idempotency", "outbox", "ledger")
    counts = [await practice.platform.value(count.format(table), agency=agency) for table in tables]
    return [counts[0], counts[1], counts[2] + counts[3]]


async def test_a_check_in_is_one_request_and_told_without_its_words(shared: Any) -> None:
    person = await shared.enrol()
    body = check_in(person)

    check_in_id = await shared.peer.created(CHECK_INS, body)

    [told] = await shared.told(check_in_id)
    assert told["type"] == "check-in-held"
    assert (told["outcome"], told["minutes"], told["method"], told["withdrawn"]) == ("reached", 8, "telephone", False)
    assert (told["participant_id"], told["program_id"]) == (str(person.participant_id), str(shared.program_id))
    assert "canary" not in str(told)
    [read] = (await page(shared.peer, person))["items"]
    assert (read["words"], read["version"], read["origin"]) == (body["words"], 1, "own_part2")
    stored = await shared.platform.fetch("select * from session_logging.check_in where id = :id", id=check_in_id)
    assert b"canary" not in bytes(stored[0]["words"])


async def test_a_check_in_has_no_units_and_makes_no_session(practice: Any) -> None:
    person = await practice.enrol()

    await practice.peer.created(CHECK_INS, check_in(person))

    assert (await practice.rows_left())["sessions"] == 0


async def test_the_next_peer_sees_every_attempt_and_their_sums(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    hours = (("reached", 1), ("no_answer", 2), ("no_answer", 3), ("voicemail", 4))
    for outcome, ago in hours:
        at = (datetime.now(UTC) - timedelta(hours=ago)).isoformat()
        body = check_in(person, outcome=outcome, contacted_at=at, minutes=8 if outcome == "reached" else None)
        await shared.peer.created(CHECK_INS, body)
    long_ago = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    await shared.peer.created(CHECK_INS, check_in(person, contacted_at=long_ago))
    handed_over = type(person)(**(vars(person) | {"assignment_id": uuid.uuid4()}))
    await shared.assign(handed_over, colleagues.peer)
    await shared.heard("assignment", [handed_over.assignment_id])

    seen = await page(colleagues.peer, person)

    assert [one["outcome"] for one in seen["items"]] == ["reached", "no_answer", "no_answer", "voicemail", "reached"]
    assert {name: count for name, count in seen["last_30_days"].items() if count} == {
        "reached": 1, "no_answer": 2, "voicemail": 1,
    }  # fmt: skip
    assert all(one["words"] for one in seen["items"])


async def test_pages_follow_one_another_without_gap_or_repeat(shared: Any) -> None:
    person = await shared.enrol()
    at = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    made = {str(await shared.peer.created(CHECK_INS, check_in(person, contacted_at=at))) for _ in range(5)}

    first = await page(shared.peer, person, limit=2)
    second = await page(shared.peer, person, limit=2, next=first["next"])
    third = await page(shared.peer, person, limit=2, next=second["next"])

    found = [one["id"] for part in (first, second, third) for one in part["items"]]
    assert (len(found), set(found), third["next"]) == (5, made, None)
    wrong = await shared.peer.get(CHECK_INS, participant_id=str(person.participant_id), next="nonsense")
    assert problem(wrong) == (422, "bad-cursor")


async def test_the_client_makes_the_id_and_it_is_taken_once(shared: Any) -> None:
    person, check_in_id = await shared.enrol(), str(uuid.uuid4())
    body, key = check_in(person, id=check_in_id), str(uuid.uuid4())

    first = await shared.peer.post(CHECK_INS, body, key=key)
    again = await shared.peer.post(CHECK_INS, body, key=key)
    other = await shared.peer.post(CHECK_INS, body)

    assert (first.status_code, first.json()) == (201, {"id": check_in_id, "version": 1})
    assert (again.status_code, again.content) == (201, first.content)
    assert problem(other) == (409, "already-recorded")


async def test_each_thing_that_cannot_be_has_its_own_code_and_leaves_nothing(practice: Any) -> None:
    person, other = await practice.enrol_many(2)
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    wrong: dict[str, dict[str, Any]] = {
        "in-the-future": {"contacted_at": soon},
        "time-does-not-exist": {"contacted_at": "2026-03-08T02:30"},
        "time-comes-twice": {"contacted_at": "2025-11-02T01:30"},
        "longer-than-a-check-in": {"minutes": 61},
        "minutes-with-nobody": {"outcome": "voicemail"},
        "outcome-does-not-fit": {"method": "text", "outcome": "busy", "minutes": 0},
        "not-found": {"episode_id": str(other.episode_id)},
        "invalid-request": {"words": "x" * 501},
    }
    wrong_shapes: list[dict[str, Any]] = [
        {"words": " "},
        {"units": 1},
        {"minutes": -1},
        {"outcome": "gone"},
        {"contacted_at": "2026-03-07"},
    ]
    before = await left(practice)

    answers = {code: await practice.peer.post(CHECK_INS, check_in(person, **change)) for code, change in wrong.items()}
    shapes = [await practice.peer.post(CHECK_INS, check_in(person, **change)) for change in wrong_shapes]
    supervisor = await add_staff(practice.administrator, "supervisor")
    early = check_in(person, contacted_at="2026-01-04T12:00:00Z")
    answers["before-the-episode"] = await supervisor.post(CHECK_INS, early)

    for code, answer in answers.items():
        assert problem(answer) == (404 if code == "not-found" else 422, code)
    assert {problem(answer) for answer in shapes} == {(422, "invalid-request")}
    assert await left(practice) == before
    await practice.platform.eventually(REFUSED, len(answers) + len(shapes), a=practice.administrator.agency_id)


async def test_calls_go_on_after_an_episode_was_closed_while_somebody_is_assigned(shared: Any) -> None:
    person = await shared.enrol()
    closed = intake.EpisodeFacts(
        episode_id=person.episode_id, participant_id=person.participant_id, program_id=shared.program_id,
        opened_on=date(2026, 1, 5), closed_on=date(2026, 2, 1), close_reason=CloseReason.COMPLETED,
    )  # fmt: skip
    await shared.tell(intake.EPISODE_CLOSED, closed, about=person.episode_id, seq=2)
    await shared.platform.eventually("select seq from session_logging.episode where id = :id", 2, id=person.episode_id)

    answer = await shared.peer.post(CHECK_INS, check_in(person))

    assert answer.status_code == 201, answer.text


async def test_who_does_not_serve_the_person_neither_records_nor_sees(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    check_in_id = await shared.peer.created(CHECK_INS, check_in(person))
    withdrawal = f"{CHECK_INS}/{check_in_id}/withdrawal"

    recorded = await colleagues.peer.post(CHECK_INS, check_in(person))
    withdrawn = await colleagues.peer.put(withdrawal, {"reason": "other"}, 1)
    seen = await page(colleagues.peer, person)
    stood_in = await colleagues.supervisor.post(CHECK_INS, check_in(person))
    audited = await colleagues.auditor.get(CHECK_INS, participant_id=str(person.participant_id))
    administrators = [
        await shared.administrator.post(CHECK_INS, check_in(person)),
        await shared.administrator.get(CHECK_INS, participant_id=str(person.participant_id)),
    ]

    assert problem(recorded) == problem(withdrawn) == (404, "not-found")
    assert (seen["items"], sum(seen["last_30_days"].values())) == ([], 0)
    assert stood_in.status_code == 201
    assert audited.status_code == 403
    assert [answer.status_code for answer in administrators] == [403, 200]


async def test_another_agencys_stranger_finds_nothing(shared: Any, platform: Any, http: Any) -> None:
    person = await shared.enrol()
    check_in_id = await shared.peer.created(CHECK_INS, check_in(person))
    elsewhere = await open_agency(http, platform, "America/New_York")
    stranger = await add_staff(elsewhere, "supervisor")
    await shared.heard("agency", [elsewhere.agency_id])

    recorded = await stranger.post(CHECK_INS, check_in(person))
    withdrawn = await stranger.put(f"{CHECK_INS}/{check_in_id}/withdrawal", {"reason": "other"}, 1)
    seen = await page(stranger, person)

    assert problem(recorded) == problem(withdrawn) == (404, "not-found")
    assert seen["items"] == []


async def test_a_mistake_is_withdrawn_stays_to_be_seen_and_counts_no_more(shared: Any) -> None:
    person = await shared.enrol()
    check_in_id = await shared.peer.created(CHECK_INS, check_in(person))
    withdrawal = f"{CHECK_INS}/{check_in_id}/withdrawal"

    first = await shared.peer.put(withdrawal, {"reason": "wrong_person"}, 1)
    again = await shared.peer.put(withdrawal, {"reason": "wrong_person"}, 1)
    other = await shared.peer.put(withdrawal, {"reason": "other"}, 2)

    assert (first.status_code, first.json()) == (200, {"id": str(check_in_id), "version": 2})
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert problem(other) == (409, "already-withdrawn")
    seen = await page(shared.peer, person)
    [read] = seen["items"]
    assert (read["withdrawal_reason"], read["words"], read["version"]) == ("wrong_person", None, 2)
    assert sum(seen["last_30_days"].values()) == 0
    told = await shared.told(check_in_id)
    assert [(one["type"], one["withdrawn"]) for one in told] == [
        ("check-in-held", False), ("check-in-withdrawn", True),
    ]  # fmt: skip


async def test_only_the_writer_or_a_supervisor_withdraws_and_only_the_version_seen(
    shared: Any, colleagues: Any
) -> None:
    person = await shared.enrol()
    check_in_id = await shared.peer.created(CHECK_INS, check_in(person))
    also_serves = type(person)(**(vars(person) | {"assignment_id": uuid.uuid4()}))
    await shared.assign(also_serves, colleagues.peer)
    await shared.heard("assignment", [also_serves.assignment_id])
    withdrawal = f"{CHECK_INS}/{check_in_id}/withdrawal"

    colleague = await colleagues.peer.put(withdrawal, {"reason": "other"}, 1)
    stale = await shared.peer.put(withdrawal, {"reason": "other"}, 7)
    blind = await shared.peer.put(withdrawal, {"reason": "other"})
    reasonless = await shared.peer.put(withdrawal, {}, 1)
    supervisor = await colleagues.supervisor.put(withdrawal, {"reason": "other"}, 1)

    assert problem(colleague) == (403, "not-your-entry")
    assert problem(stale) == (412, "stale-version")
    assert problem(blind) == (428, "if-match-missing")
    assert problem(reasonless) == (422, "invalid-request")
    assert supervisor.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        "outcome = 'voicemail', minutes = 0",
        "contacted_at = now()",
        "words = null",
        "version = 9",
        "withdrawn_at = null",
    ],
)
async def test_no_role_changes_a_check_in(shared: Any, change: str) -> None:
    person = await shared.enrol()
    check_in_id = await shared.peer.created(CHECK_INS, check_in(person))

    async with shared.platform.admin.connect() as connection:
        with pytest.raises(IntegrityError, match="withdraw it"):
            await connection.execute(
                text(f"update session_logging.check_in set {change} where id = :id"),
                {"id": check_in_id},
            )


async def test_each_write_and_look_is_audited_without_words(practice: Any) -> None:
    person = await practice.enrol()
    check_in_id = await practice.peer.created(CHECK_INS, check_in(person))
    await page(practice.peer, person)
    await practice.peer.put(f"{CHECK_INS}/{check_in_id}/withdrawal", {"reason": "wrong_details"}, 1)
    audited = (
        "select count(*) from (select action, agency_id from session_logging.audit_pending union all "
        "select action, agency_id from session_logging.audit) a where agency_id = :agency and action = :action"
    )

    for action in ("check-in.record", "check-in.list", "check-in.withdraw"):
        await practice.platform.eventually(audited, 1, agency=practice.administrator.agency_id, action=action)
    for table in ("audit", "audit_pending", "idempotency", "outbox", "ledger"):
        found = f"select count(*) from session_logging.{table} t where t::text like '%canary%'"
        assert await practice.platform.value(found) == 0
    assert isinstance(check_in_id, UUID)
