"""Sending to intake what waited on a phone: safety first, a new person with ids of their own, nothing twice."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from handrail.testing import Caller, Platform, add_staff, open_agency
from intake.api import ROUTERS
from intake.commands.sync import KINDS

SYNC = "/api/intake/v1/sync"
INTAKES = "/api/intake/v1/brief-intakes"
CONCERNS = "/api/intake/v1/safety-concerns"


def item(kind: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an item as a phone writes it, two days ago."""
    made_at = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    return {"id": str(uuid4()), "kind": kind, "v": 1, "recorded_at": made_at, "body": body} | more


def brief_intake(clinic: Any, **more: Any) -> dict[str, Any]:
    person = {"name": "Maura Canary-O'Brien", "phone": "555 0142"}
    body = {"person": person, "program_id": str(clinic.program_id), "voluntary": True, "episode_id": str(uuid4())}
    return item("brief-intake", body | more)


async def send(caller: Caller, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await caller.post(SYNC, {"items": list(items)})
    assert answer.status_code == 200, answer.text
    answered: list[dict[str, Any]] = answer.json()["items"]
    assert [one["id"] for one in answered] == [one["id"] for one in items]
    return answered


def outcomes(answered: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [
        (one["status"], one["problem"]["type"].removeprefix("/problems/") if one["problem"] else None)
        for one in answered
    ]


async def count(platform: Platform, table: str, agency_id: UUID | None) -> int:
    rows = f"select count(*) from intake.{table} where agency_id = :agency"
    return int(await platform.value(rows, agency=agency_id))


async def test_a_new_person_has_the_ids_that_the_phone_made(clinic: Any, platform: Platform) -> None:
    intake = brief_intake(clinic)

    [answered] = await send(clinic.supervisor, intake)

    assert (answered["status"], answered["record_id"], answered["version"]) == ("done", intake["id"], 1)
    assert answered["answer"]["episode_id"] == intake["body"]["episode_id"]
    record = await clinic.supervisor.get(f"/api/intake/v1/participants/{intake['id']}")
    assert record.json()["name"] == "Maura Canary-O'Brien"
    made = "select participant_id from intake.episode where id = :id"
    assert await platform.value(made, id=UUID(intake["body"]["episode_id"])) == UUID(intake["id"])


async def test_a_person_goes_before_what_is_about_them_and_all_is_done_once(clinic: Any, platform: Platform) -> None:
    intake = brief_intake(clinic)
    about = {"about": intake["id"], "depends_on": [intake["id"]]}
    attempt = item("attempt", {"channel": "phone", "outcome": "busy", "note": "canary-busy"}, **about)
    concern = item("safety-concern", {"participant_id": intake["id"], "source": "disclosed"}, depends_on=[intake["id"]])
    notice = item("notice", {"version": "2026-02", "language": "en", "channel": "paper"}, **about)
    batch = [notice, attempt, concern, intake]

    first = await send(clinic.supervisor, *batch)
    again = await send(clinic.supervisor, *reversed(batch))

    assert outcomes(first) == [("done", None)] * 4
    assert outcomes(again) == [("duplicate", None)] * 4
    assert [one["record_id"] for one in reversed(again)] == [one["record_id"] for one in first]
    for table in ("attempt", "safety_concern", "notice", "episode"):
        rows = f"select count(*) from intake.{table} where participant_id = :id"
        assert await platform.value(rows, id=UUID(intake["id"])) == 1


async def test_a_safety_concern_goes_first_with_the_person_that_it_is_about(clinic: Any, platform: Platform) -> None:
    known, _ = await clinic.assigned()
    attempts = [item("attempt", {"channel": "phone", "outcome": "busy"}, about=str(known)) for _ in range(3)]
    intake = brief_intake(clinic)
    concern = item("safety-concern", {"participant_id": intake["id"], "source": "disclosed"}, depends_on=[intake["id"]])

    answered = await send(clinic.supervisor, *attempts, concern, intake)

    assert outcomes(answered) == [("done", None)] * 5
    opened_at = await platform.value("select opened_at from intake.safety_concern where id = :i", i=UUID(concern["id"]))
    first = "select min(recorded_at) from intake.attempt where participant_id = :id"
    assert opened_at < await platform.value(first, id=known)
    assert answered[3]["answer"]["safety"]["do_now"] == [
        "stay_with_the_person", "call_on_call_supervisor", "offer_988"
    ]  # fmt: skip


async def test_what_the_ordinary_routes_answered_is_a_duplicate_here_and_the_other_way_round(clinic: Any) -> None:
    posted, synced = brief_intake(clinic), brief_intake(clinic, person={"alias": "Blue Jay"})
    first = await clinic.peer.post(INTAKES, posted["body"], key=posted["id"])
    await send(clinic.peer, synced)

    [again] = await send(clinic.peer, posted)
    repeated = await clinic.peer.post(INTAKES, synced["body"], key=synced["id"])

    assert (again["status"], again["answer"]) == ("duplicate", first.json())
    assert (repeated.status_code, repeated.json()["id"]) == (201, synced["id"])


async def test_a_record_that_may_be_the_same_persons_is_named_in_the_answer(clinic: Any) -> None:
    person = {"name": "Inigo Canary-Vasquez", "birth_date": "1961-02-03"}
    first = brief_intake(clinic, person=person)
    await send(clinic.supervisor, first)

    [second] = await send(clinic.supervisor, brief_intake(clinic, person=person))

    assert [one["id"] for one in second["answer"]["possible_duplicates"]] == [first["id"]]


async def test_a_peers_new_person_waits_for_the_assignment(clinic: Any) -> None:
    intake = brief_intake(clinic, opened_on="2026-01-05")
    attempt = item("attempt", {"channel": "phone", "outcome": "busy"}, about=intake["id"], depends_on=[intake["id"]])

    before = await send(clinic.peer, attempt, intake)
    await clinic.assign(UUID(intake["id"]), UUID(intake["body"]["episode_id"]))
    after = await send(clinic.peer, attempt, intake)

    assert outcomes(before) == [("later", "not-here-yet"), ("done", None)]
    assert outcomes(after) == [("done", None), ("duplicate", None)]


async def test_bad_items_stop_nothing_and_leave_one_audit_entry_each(clinic: Any, nobody: UUID) -> None:
    known, _ = await clinic.assigned()
    good = item("attempt", {"channel": "phone", "outcome": "busy"}, about=str(known))
    bad = [
        brief_intake(clinic, person={}),
        brief_intake(clinic) | {"v": 9},
        item("session", {}),
        item("attempt", {"channel": "phone", "outcome": "busy"}),
        item("attempt", {"channel": "phone", "outcome": "busy"}, about=str(nobody)),
        item("safety-concern", {"participant_id": str(nobody), "source": "disclosed"}),
        brief_intake(clinic, program_id=str(nobody)),
        brief_intake(clinic, notice={"version": "no-such", "language": "en", "channel": "paper"}),
    ]
    before, entries = await clinic.rows(), await clinic.refusals()

    answered = await send(clinic.peer, *bad, good)

    assert outcomes(answered) == [
        ("refused", "invalid-request"), ("refused", "form-version"), ("refused", "unknown-kind"),
        ("refused", "invalid-request"), ("refused", "not-found"), ("refused", "not-found"), ("refused", "not-found"),
        ("refused", "notice-not-on-file"), ("done", None),
    ]  # fmt: skip
    assert await clinic.rows() == before
    assert await clinic.refusals() == entries + len(bad)


def test_each_kind_stands_for_a_route_that_takes_the_same_body_from_the_same_roles() -> None:
    leaves = [(f"{method} {one.path}", one) for router in ROUTERS for one in router.routes for method in one.methods]
    routes = {asked: one.body_field.field_info.annotation if one.body_field else None for asked, one in leaves}
    roles = {asked: set(one.dependencies[0].dependency.roles) for asked, one in leaves if one.dependencies}

    for name, kind in KINDS.items():
        path = kind.route.replace("{about}", "{participant_id}")
        assert routes[path] is kind.body, name
        assert roles["POST /v1/sync"] <= roles[path], name


# Ids that clients make


async def test_an_id_that_is_something_here_already_is_nobody_new(clinic: Any) -> None:
    known, episode_id = await clinic.assigned()
    before = await clinic.rows()
    taken = [
        brief_intake(clinic, id=str(known)),
        brief_intake(clinic, id=str(clinic.administrator.agency_id)),  # or they would share a key
        brief_intake(clinic, id=str(clinic.peer.staff_id)),
        brief_intake(clinic, episode_id=str(episode_id)),
    ]

    answered = await send(clinic.supervisor, *taken)
    posted = [await clinic.supervisor.post(INTAKES, one["body"]) for one in taken]

    assert outcomes(answered) == [("refused", "already-recorded")] * 4
    assert [one["problem"]["errors"][0]["pointer"] for one in answered] == ["/id", "/id", "/id", "/episode_id"]
    assert [(one.status_code, one.json()["type"]) for one in posted] == [(409, "/problems/already-recorded")] * 4
    assert await clinic.rows() == before


async def test_concerns_and_attempts_may_have_the_clients_ids_once(clinic: Any) -> None:
    known, _ = await clinic.assigned()
    ids = [str(uuid4()), str(uuid4())]
    concern = {"id": ids[0], "participant_id": str(known), "source": "disclosed"}
    attempt = {"id": ids[1], "channel": "phone", "outcome": "busy"}
    attempts = f"/api/intake/v1/participants/{known}/attempts"

    made = [await clinic.peer.post(CONCERNS, concern), await clinic.peer.post(attempts, attempt)]
    again = [await clinic.peer.post(CONCERNS, concern), await clinic.peer.post(attempts, attempt)]

    assert [(one.status_code, one.json()["id"]) for one in made] == [(201, ids[0]), (201, ids[1])]
    assert [(one.status_code, one.json()["type"]) for one in again] == [(409, "/problems/already-recorded")] * 2


async def test_the_same_id_in_another_agency_is_another_person(clinic: Any, stranger: Caller) -> None:
    known = await clinic.enrol()
    program_id = await stranger.created("/api/workforce/v1/programs", {"name": "P", "opened_on": "2025-01-01"})
    await clinic.platform.eventually("select count(*) from intake.program where id = :i", 1, i=program_id)

    answer = await stranger.post(INTAKES, brief_intake(clinic, id=str(known), program_id=str(program_id))["body"])

    assert (answer.status_code, answer.json()["id"]) == (201, str(known))
    mine = (await clinic.administrator.get(f"/api/intake/v1/participants/{known}")).json()
    assert mine["version"] == 1


async def test_an_intake_posted_a_month_ago_is_known_by_the_id_that_the_client_made(
    platform: Platform, http: Any
) -> None:
    administrator = await open_agency(http, platform)
    agency = administrator.agency_id
    supervisor = await add_staff(administrator, "supervisor")
    program_id = await administrator.created("/api/workforce/v1/programs", {"name": "P", "opened_on": "2025-01-01"})
    await platform.eventually("select count(*) from intake.program where id = :i", 1, i=program_id)
    body = {"person": {"alias": "Blue Jay"}, "program_id": str(program_id), "voluntary": True, "id": str(uuid4())}
    posted, synced = item("brief-intake", body), item("brief-intake", body | {"id": str(uuid4())})
    first = await supervisor.post(INTAKES, posted["body"], key=posted["id"])
    await send(supervisor, synced)
    async with platform.admin.begin() as connection:
        for table, column in (("idempotency", "created_at"), ("participant", "recorded_at")):
            await connection.exec_driver_sql(
                f"update intake.{table} set {column} = {column} - interval '31 days' where agency_id = '{agency}'"
            )
        await connection.exec_driver_sql("select intake.keep_days()")

    answered = await send(supervisor, posted, synced)

    assert first.status_code == 201
    assert [(one["status"], one["record_id"]) for one in answered] == [
        ("duplicate", posted["body"]["id"]), ("duplicate", synced["body"]["id"])
    ]  # fmt: skip
    assert await count(platform, "participant", agency) == 2


# Who may


async def test_only_peers_and_supervisors_send(clinic: Any) -> None:
    batch = {"items": [brief_intake(clinic)]}

    answers = [await caller.post(SYNC, batch) for caller in (clinic.administrator, clinic.privacy_officer)]
    nobody = await clinic.peer.http.post(SYNC, json=batch)

    assert [answer.status_code for answer in (*answers, nobody)] == [403, 403, 401]


async def test_a_stranger_reaches_nobody_here(clinic: Any, stranger: Caller) -> None:
    known, _ = await clinic.assigned()
    peer = await add_staff(stranger, "peer", "supervisor")
    attempt = item("attempt", {"channel": "phone", "outcome": "busy"}, about=str(known))
    concern = item("safety-concern", {"participant_id": str(known), "source": "disclosed"})

    answered = await send(peer, attempt, concern)

    assert outcomes(answered) == [("refused", "not-found")] * 2


async def test_nothing_personal_is_left_where_others_look(clinic: Any, platform: Platform) -> None:
    intake = brief_intake(clinic, person={"name": "Zebulon Canary-Quill", "phone": "555 0199"})
    bad = brief_intake(clinic, person={"name": "Zebulon Canary-Quill", "birth_date": "2199-01-01"})

    answered = await send(clinic.supervisor, intake, bad)

    assert [one["status"] for one in answered] == ["done", "refused"]
    for table in ("outbox", "ledger", "audit_pending", "audit", "idempotency", "synced"):
        rows = f"select count(*) from intake.{table} t where t::text like '%Quill%' or t::text like '%555 0199%'"
        assert await platform.value(rows) == 0
    assert "Quill" not in str(answered)
