"""Who makes, sees and changes appointments: workers, colleagues, supervisors, auditors, strangers."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.contracts import intake
from handrail.testing import Caller, Platform, add_staff, open_agency

A = "/api/session-logging/v1/appointments"
PLACE, PURPOSE = "canary-place table by the window", "canary-purpose look at the letter of the court"


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def ahead(hours: float = 24, minutes: int = 30) -> dict[str, str]:
    """Return the times of an appointment that begins so many hours from now."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=minutes)).isoformat()}


def plan(person: Any, hours: float = 24, **changed: Any) -> dict[str, Any]:
    body = ahead(hours) | {
        "participant_id": str(person.participant_id), "modality": "one_on_one_mentoring", "location": "community",
        "place": PLACE, "purpose": PURPOSE, "reminders": ["day_before", "two_hours_before"],
    }  # fmt: skip
    return {name: value for name, value in (body | changed).items() if value is not None}


def content(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {n: v for n, v in body.items() if n not in ("id", "participant_id", "episode_id", "weekly_times")} | changed


async def read(caller: Caller, appointment_id: UUID | str) -> dict[str, Any]:
    answer = await caller.get(f"{A}/{appointment_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_colleague_sees_it_only_while_serving_the_person_and_never_changes_it(shared: Any) -> None:
    colleague = await add_staff(shared.administrator, "peer")
    person = await shared.enrol()
    made = await shared.peer.created(A, plan(person))
    asked: dict[str, Any] = {"participant_id": str(person.participant_id)}

    assert (await colleague.get(f"{A}/{made}")).status_code == 404
    assert (await colleague.get(A, **asked)).json()["items"] == []
    for route, body in (("", content(plan(person))), ("/cancellation", {"by": "person"}), ("/kept", {})):
        assert kind(await colleague.put(f"{A}/{made}{route}", body, 1)) == (404, "not-found")

    person.assignment_id = uuid.uuid4()
    await shared.assign(person, colleague)
    await shared.heard("assignment", [person.assignment_id])

    assert (await read(colleague, made))["purpose"] == PURPOSE
    assert [one["id"] for one in (await colleague.get(A, **asked)).json()["items"]] == [str(made)]
    assert (await colleague.get(A)).json()["items"] == []
    for route, body in (("", content(plan(person))), ("/cancellation", {"by": "person"}), ("/kept", {})):
        assert kind(await colleague.put(f"{A}/{made}{route}", body, 1)) == (403, "not-your-appointment")
    assert kind(await colleague.post(f"{A}/{made}/reschedulings", ahead(72))) == (403, "not-your-appointment")


async def test_a_colleague_is_not_told_what_else_a_worker_has(shared: Any, colleagues: Any) -> None:
    first, second = await shared.enrol_many(2)
    one = await shared.peer.created(A, plan(first, 200))
    await shared.peer.created(A, plan(second, 200))
    first.assignment_id = uuid.uuid4()
    await shared.assign(first, colleagues.peer)
    await shared.heard("assignment", [first.assignment_id])

    assert len((await read(shared.peer, one))["clashes"]) == 1
    assert len((await read(colleagues.supervisor, one))["clashes"]) == 1
    assert (await read(colleagues.peer, one))["clashes"] == []


async def test_each_role_does_only_what_it_may(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    made = await shared.peer.created(A, plan(person))

    assert (await colleagues.auditor.get(f"{A}/{made}")).status_code == 403
    assert (await colleagues.auditor.get(A)).status_code == 403
    assert (await shared.administrator.get(f"{A}/{made}")).status_code == 200
    assert (await shared.administrator.post(A, plan(person))).status_code == 403
    assert (await shared.administrator.put(f"{A}/{made}/no-show", {}, 1)).status_code == 403
    assert (await colleagues.supervisor.put(f"{A}/{made}/cancellation", {"by": "program"}, 1)).status_code == 200


async def test_an_auditor_who_is_a_peer_too_sees_no_more_than_a_peer(shared: Any, colleagues: Any) -> None:
    both = await add_staff(shared.administrator, "peer", "auditor")
    person = await shared.enrol()
    made = await shared.peer.created(A, plan(person))

    assert (await both.get(f"{A}/{made}")).status_code == 404
    assert (await both.get(A, participant_id=str(person.participant_id))).json()["items"] == []


async def test_strangers_find_nothing(shared: Any, platform: Platform, http: Any) -> None:
    person = await shared.enrol()
    made = await shared.peer.created(A, plan(person))
    stranger = await add_staff(await open_agency(http, platform), "peer", "supervisor")
    known = "select count(*) from session_logging.agency where id = :id"
    await platform.eventually(known, 1, id=stranger.agency_id)

    assert (await stranger.get(f"{A}/{made}")).status_code == 404
    assert (await stranger.get(A, participant_id=str(person.participant_id))).json()["items"] == []
    assert kind(await stranger.post(A, plan(person))) == (404, "not-found")
    assert kind(await stranger.put(f"{A}/{made}/no-show", {}, 1)) == (404, "not-found")
    assert kind(await stranger.post(f"{A}/{made}/reschedulings", ahead(72))) == (404, "not-found")


async def test_nobody_plans_with_whom_they_do_not_serve(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    unknown = plan(person, participant_id=str(uuid.uuid4()))

    assert kind(await colleagues.peer.post(A, plan(person))) == (404, "not-found")
    assert kind(await shared.peer.post(A, unknown)) == (404, "not-found")
    assert kind(await colleagues.supervisor.post(A, unknown)) == (404, "not-found")


async def test_a_supervisor_plans_for_who_serves_the_person(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    elsewhere = await add_staff(shared.administrator, "administrator")
    await shared.heard("staff", [elsewhere.staff_id])

    async def asked(caller: Caller, staff_id: Any) -> Any:
        return await caller.post(A, plan(person, staff_id=str(staff_id)))

    made = await asked(colleagues.supervisor, shared.peer.staff_id)
    assert made.status_code == 201, made.text
    assert (await read(shared.peer, made.json()["id"]))["staff_id"] == str(shared.peer.staff_id)
    assert kind(await asked(shared.peer, colleagues.peer.staff_id)) == (403, "only-supervisors")
    assert kind(await asked(colleagues.supervisor, uuid.uuid4())) == (422, "unknown-worker")
    assert kind(await asked(colleagues.supervisor, elsewhere.staff_id)) == (422, "unknown-worker")
    assert kind(await asked(colleagues.supervisor, colleagues.peer.staff_id)) == (409, "not-their-worker")
    assert (await asked(colleagues.supervisor, colleagues.supervisor.staff_id)).status_code == 201


async def test_an_appointment_is_handed_to_another_worker_by_a_supervisor(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    body = plan(person)
    made = await shared.peer.created(A, body)
    handed = content(body, staff_id=str(colleagues.supervisor.staff_id))

    refused = await shared.peer.put(f"{A}/{made}", handed, 1)
    done = await colleagues.supervisor.put(f"{A}/{made}", handed, 1)

    assert kind(refused) == (403, "only-supervisors")
    assert done.status_code == 200, done.text
    assert (await shared.told(made))[-1]["staff_id"] == str(colleagues.supervisor.staff_id)


async def test_who_no_longer_serves_the_person_may_close_but_not_plan(shared: Any) -> None:
    peer = await add_staff(shared.administrator, "peer")
    person = await shared.enrol(peer)
    body = plan(person)
    made = await peer.created(A, body)
    await shared.assign(person, peer, valid_to=date(2026, 3, 1), seq=2)
    ended = "select seq from session_logging.assignment where id = :id"
    await shared.platform.eventually(ended, 2, id=person.assignment_id)

    assert kind(await peer.put(f"{A}/{made}", content(body), 1)) == (409, "not-their-worker")
    assert kind(await peer.post(f"{A}/{made}/reschedulings", ahead(72))) == (409, "not-their-worker")
    assert kind(await peer.post(A, body)) == (404, "not-found")
    assert (await peer.put(f"{A}/{made}/cancellation", {"by": "program"}, 1)).status_code == 200


async def test_nobody_plans_for_who_has_left_by_then(shared: Any, colleagues: Any, platform: Platform) -> None:
    peer = await add_staff(shared.administrator, "peer")
    person = await shared.enrol(peer)
    leaves = text("update session_logging.staff set employed_to = :day where id = :id")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    async with platform.admin.begin() as connection:
        await connection.execute(leaves, {"day": tomorrow, "id": peer.staff_id})

    later = await colleagues.supervisor.post(A, plan(person, 24 * 5, staff_id=str(peer.staff_id)))

    assert kind(later) == (409, "not-employed-then")


async def test_who_serves_one_record_of_a_person_sees_the_appointments_of_all(shared: Any) -> None:
    colleague = await add_staff(shared.administrator, "peer")
    first, second = await shared.enrol(), await shared.enrol(colleague)
    theirs = await colleague.created(A, plan(second))
    merged = intake.MergeFacts(
        merge_id=uuid.uuid4(), survivor_id=first.participant_id, merged_id=second.participant_id,
        merged_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    assert (await shared.peer.get(f"{A}/{theirs}")).status_code == 404

    await shared.tell(intake.PARTICIPANTS_MERGED, merged, about=merged.merge_id)
    await shared.heard("merge", [merged.merge_id])

    assert (await read(shared.peer, theirs))["purpose"] == PURPOSE
    page = await shared.peer.get(A, participant_id=str(first.participant_id))
    assert [one["id"] for one in page.json()["items"]] == [str(theirs)]
    assert (await shared.peer.post(A, plan(second))).status_code == 201


async def test_what_its_worker_can_no_longer_keep_is_handed_on_first(shared: Any, colleagues: Any) -> None:
    peer = await add_staff(shared.administrator, "peer")
    person = await shared.enrol(peer)
    body = plan(person)
    made = await peer.created(A, body)
    await shared.assign(person, peer, valid_to=date(2026, 3, 1), seq=2)
    await shared.platform.eventually(
        "select seq from session_logging.assignment where id = :id", 2, id=person.assignment_id
    )
    handed = content(body, staff_id=str(colleagues.supervisor.staff_id))

    assert kind(await colleagues.supervisor.put(f"{A}/{made}", content(body), 1)) == (409, "not-their-worker")
    assert (await colleagues.supervisor.put(f"{A}/{made}", handed, 1)).status_code == 200
