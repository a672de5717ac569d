"""The lists for coming and leaving: what Handrail ticks itself, what people tick, and who reaches whose."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from sqlalchemy import text

from handrail.testing import PASSWORD, Caller, add_staff

W = "/api/workforce/v1"
DONE = {"done": True}


def path(staff: Caller, item: str = "") -> str:
    return f"{W}/staff/{staff.staff_id}/checklists" + (f"/{item}" if item else "")


async def items_of(caller: Caller, about: Caller, kind: str = "onboarding") -> dict[str, Any]:
    answer = await caller.get(path(about))
    assert answer.status_code == 200, answer.text
    (found,) = [one for one in answer.json()["lists"] if one["kind"] == kind]
    assert found["left"] == sum(not item["done"] for item in found["items"])
    return {item["code"]: item for item in found["items"]}


async def done(caller: Caller, about: Caller, kind: str = "onboarding") -> set[str]:
    return {code for code, item in (await items_of(caller, about, kind)).items() if item["done"]}


# --- what Handrail sees


async def test_what_is_recorded_ticks_itself(open_house: Any) -> None:
    house = await open_house()
    assert await done(house.peer, house.peer) == {"first_sign_in", "supervisor"}

    for kind in ("confidentiality", "code_of_ethics", "lived_experience"):
        await house.peer.created(f"{W}/attestations", {"kind": kind, "text_version": "1"})
    await _place(house, house.peer, "peer")
    await _train(house, "core")

    seen = await done(house.supervisor, house.peer)
    assert seen == {
        *("first_sign_in", "supervisor", "confidentiality", "code_of_ethics", "lived_experience", "placed"),
        "core_training",
    }


async def test_what_is_taken_back_is_open_again(open_house: Any) -> None:
    house = await open_house()
    attestation_id = await house.peer.created(f"{W}/attestations", {"kind": "code_of_ethics", "text_version": "1"})
    training_id = await _train(house, "core")
    before = await done(house.peer, house.peer)

    await house.peer.put(f"{W}/attestations/{attestation_id}/withdrawal", {}, 1)
    voided = await house.administrator.put(f"{W}/trainings/{training_id}/void", {"reason": "recorded_in_error"}, 1)

    assert voided.status_code == 200, voided.text
    assert {"code_of_ethics", "core_training"} <= before
    assert not {"code_of_ethics", "core_training"} & await done(house.peer, house.peer)


@pytest.mark.parametrize(
    ("status", "days", "expected"),
    [("active", ("2025-01-01", "2199-12-31"), True), ("suspended", ("2025-01-01", "2199-12-31"), False),
     ("active", ("2020-01-01", "2021-12-31"), False)],
)  # fmt: skip
async def test_only_a_credential_in_force_counts(
    open_house: Any, status: str, days: tuple[str, str], expected: bool
) -> None:
    house = await open_house()
    body = {
        "staff_id": str(house.peer.staff_id), "credential_type": "certified_peer_specialist",
        "specialty": "substance_use", "issuer": "State board", "valid_from": days[0], "valid_to": days[1],
        "status": status,
    }  # fmt: skip

    await house.administrator.created(f"{W}/credentials", body)

    assert ("credential" in await done(house.peer, house.peer)) is expected


async def test_two_factors_are_seen_by_their_use(open_house: Any) -> None:
    house = await open_house()
    assert "two_factors" not in await done(house.peer, house.peer)

    await _use_two_factors(house)

    assert "two_factors" in await done(house.peer, house.peer)


async def test_the_list_for_leaving_shows_what_is_left_behind(open_house: Any) -> None:
    house = await open_house()
    await _place(house, house.peer, "peer")
    phone = (await house.peer.post(f"{W}/me/devices", {"label": "work phone"})).json()["id"]
    without = (await house.administrator.get(path(house.peer))).json()["lists"]
    left = await _leave(house, house.peer)
    assert left.status_code == 200, left.text

    first = await done(house.administrator, house.peer, "leaving")
    await house.administrator.post(f"{W}/devices/{phone}/endings", {"reason": "given_back"})
    then = await done(house.administrator, house.peer, "leaving")

    assert [one["kind"] for one in without] == ["onboarding"]
    assert first == {"caseload_handed_over", "supervisees_handed_over", "placements_ended", "signed_out"}
    assert then == first | {"devices_ended"}


async def test_whom_they_accompany_beyond_the_last_day_keeps_the_list_open(open_house: Any) -> None:
    house = await open_house()
    assert (await _leave(house, house.peer)).status_code == 200
    assert "caseload_handed_over" in await done(house.administrator, house.peer, "leaving")

    known = await _heard_assignment(house, house.peer, valid_to=None)
    still = await done(house.administrator, house.peer, "leaving")
    await _heard_assignment(house, house.peer, valid_to=house.day(10), known=known)

    assert "caseload_handed_over" not in still
    assert "caseload_handed_over" in await done(house.administrator, house.peer, "leaving")


async def test_a_named_successor_settles_the_caseload(open_house: Any) -> None:
    house = await open_house()
    other = await add_staff(house.administrator, "peer")
    await _heard_assignment(house, house.peer, valid_to=None)

    left = await _leave(house, house.peer, caseload_to=str(other.staff_id))

    assert left.status_code == 200, left.text
    assert "caseload_handed_over" in await done(house.administrator, house.peer, "leaving")


async def test_whoever_they_supervise_beyond_the_last_day_keeps_the_list_open(open_house: Any) -> None:
    house = await open_house()
    left = await _leave(house, house.supervisor, supervisees_to=str(house.colleague.staff_id))
    assert left.status_code == 200, left.text
    assert "supervisees_handed_over" in await done(house.administrator, house.supervisor, "leaving")

    other = await add_staff(house.administrator, "peer")
    body = {"staff_id": str(other.staff_id), "supervisor_id": str(house.supervisor.staff_id)}
    days = {"valid_from": house.day(), "valid_to": house.day(10)}
    assigned_id = await house.administrator.created(f"{W}/supervisor-assignments", body | days)
    within = await done(house.administrator, house.supervisor, "leaving")
    async with house.platform.admin.begin() as connection:  # as a release that did not refuse it may have kept it
        sql = "update workforce.supervisor_assignment set valid_to = null where id = :id"
        await connection.execute(text(sql), {"id": assigned_id})

    assert "supervisees_handed_over" in within
    assert "supervisees_handed_over" not in await done(house.administrator, house.supervisor, "leaving")


async def test_somebody_still_signed_in_keeps_the_list_open(open_house: Any) -> None:
    house = await open_house()
    assert (await _leave(house, house.peer)).status_code == 200
    assert "signed_out" in await done(house.administrator, house.peer, "leaving")

    await house.peer.http.post(f"{W}/sign-ins", json={"email": house.peer.email, "password": PASSWORD})

    assert "signed_out" not in await done(house.administrator, house.peer, "leaving")


async def test_ticking_tells_nobody_outside(open_house: Any) -> None:
    house = await open_house()
    told = (
        "select count(*) from (select agency_id from workforce.outbox union all select agency_id from "
        "workforce.ledger) t where agency_id = :agency"
    )
    before = await house.platform.value(told, agency=house.administrator.agency_id)

    await house.administrator.put(path(house.peer, "papers_complete"), DONE, 0)

    assert await house.platform.value(told, agency=house.administrator.agency_id) == before


# --- what people tick


async def test_a_supervisor_ticks_and_unticks(open_house: Any) -> None:
    house = await open_house()
    first = await house.supervisor.put(path(house.peer, "role_explained"), DONE | {"on": "2026-02-03"}, 0)
    ticked = (await items_of(house.peer, house.peer))["role_explained"]

    again = await house.supervisor.put(path(house.peer, "role_explained"), {"done": False}, 1)
    unticked = (await items_of(house.peer, house.peer))["role_explained"]

    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    assert (ticked["done"], ticked["done_on"], ticked["version"]) == (True, "2026-02-03", 1)
    assert ticked["changed_by"] == str(house.supervisor.staff_id)
    assert again.status_code == 200
    assert (unticked["done"], unticked["done_on"], unticked["version"]) == (False, None, 2)


async def test_a_tick_without_a_day_is_of_today(open_house: Any) -> None:
    house = await open_house()

    await house.administrator.put(path(house.peer, "papers_complete"), DONE, 0)

    assert (await items_of(house.peer, house.peer))["papers_complete"]["done_on"] == house.day()


async def test_each_tick_and_each_look_is_audited(open_house: Any) -> None:
    house = await open_house()

    await house.administrator.put(path(house.peer, "papers_complete"), DONE, 0)
    await house.administrator.put(path(house.peer, "papers_complete"), {"done": False}, 1)
    await house.supervisor.get(path(house.peer))

    audit = (
        "select count(*) from workforce.audit where subject_id = cast(:id as uuid) and outcome = 'done' "
        "and action like 'checklist.%'"
    )
    await house.platform.eventually(audit, 3, id=str(house.peer.staff_id))
    detail = (
        "select string_agg(action || ' ' || coalesce(detail->>'item', ''), ', ' order by seq) from workforce.audit "
        "where subject_id = cast(:id as uuid) and action like 'checklist.%'"
    )
    assert await house.platform.value(detail, id=str(house.peer.staff_id)) == (
        "checklist.tick papers_complete, checklist.untick papers_complete, checklist.read "
    )


async def test_one_of_two_ticks_at_once_is_stale(open_house: Any) -> None:
    house = await open_house()

    answers = await asyncio.gather(
        house.administrator.put(path(house.peer, "shadowing"), DONE, 0),
        house.supervisor.put(path(house.peer, "shadowing"), DONE, 0),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.parametrize(
    ("who", "item", "body", "version", "problem"),
    [
        ("peer", "role_explained", DONE, 0, (403, "not-yours-to-tick")),
        ("supervisor", "papers_complete", DONE, 0, (403, "not-yours-to-tick")),
        ("administrator", "placed", DONE, 0, (409, "ticked-by-itself")),
        ("administrator", "placed", {"done": False}, 0, (409, "ticked-by-itself")),
        ("administrator", "no_such_item", DONE, 0, (404, "not-found")),
        ("administrator", "supervisor_training", DONE, 0, (404, "not-found")),
        ("administrator", "exit_talk", DONE, 0, (404, "not-found")),
        ("administrator", "shadowing", DONE, 7, (412, "stale-version")),
        ("administrator", "shadowing", DONE, None, (428, "if-match-missing")),
        ("administrator", "shadowing", DONE | {"on": "tomorrow"}, 0, (422, "done-in-the-future")),
        ("administrator", "shadowing", {"done": False, "on": "2026-02-03"}, 0, (422, "invalid-request")),
        ("administrator", "shadowing", DONE | {"note": "canary"}, 0, (422, "invalid-request")),
        ("administrator", "shadowing", {}, 0, (422, "invalid-request")),
        ("administrator", "Not-A-Code", DONE, 0, (422, "invalid-request")),
        ("colleague", "role_explained", DONE, 0, (404, "not-found")),
        ("auditor", "role_explained", DONE, 0, (404, "not-found")),
        ("stranger", "role_explained", DONE, 0, (404, "not-found")),
    ],
)
async def test_what_cannot_be_ticked_leaves_one_audit_entry(
    open_house: Any, who: str, item: str, body: dict[str, Any], version: int | None, problem: tuple[int, str]
) -> None:
    house = await open_house()
    caller = getattr(house, who)
    refusals = "select count(*) from workforce.audit where agency_id = :agency and outcome = 'refused'"

    answer = await caller.put(path(house.peer, item), house.dated(body), version)

    assert house.problem(answer) == problem
    await house.platform.eventually(refusals, 1, agency=caller.agency_id)
    assert await house.counted("checklist_tick") == 0


async def test_an_administrator_does_not_vouch_for_themself(house: Any) -> None:
    answer = await house.administrator.put(path(house.administrator, "papers_complete"), DONE, 0)

    assert house.problem(answer) == (403, "not-yours-to-tick")


async def test_who_leaves_ticks_their_own_part(open_house: Any) -> None:
    house = await open_house()
    token = house.peer.token
    assert (await _leave(house, house.peer)).status_code == 200
    again = await house.peer.http.post(f"{W}/sign-ins", json={"email": house.peer.email, "password": PASSWORD})
    house.peer.token = again.json()["access_token"]

    answer = await house.peer.put(path(house.peer, "goodbyes"), DONE, 0)

    assert token != house.peer.token
    assert answer.status_code == 200
    assert "goodbyes" in await done(house.administrator, house.peer, "leaving")


# --- who reads


async def test_lists_are_read_by_those_who_bear_them(house: Any) -> None:
    for caller in (house.peer, house.supervisor, house.administrator):
        assert (await caller.get(path(house.peer))).status_code == 200

    others = [await caller.get(path(house.peer)) for caller in (house.colleague, house.auditor, house.stranger)]
    nobodys = await house.stranger.get(f"{W}/staff/{UUID(int=7)}/checklists")

    assert [house.problem(answer) for answer in others] == [(404, "not-found")] * 3
    unlike = {"request_id": "", "instance": ""}
    assert others[2].json() | unlike == nobodys.json() | unlike


async def test_the_texts_say_whose_they_are(house: Any) -> None:
    answer = (await house.peer.get(f"{W}/checklists")).json()

    assert answer["authority"] == "handrail_default"
    assert "not a rule of law" in answer["note"]["en"]
    assert "no una norma legal" in answer["note"]["es"]
    assert len(answer["items"]) == 27
    assert {"kind", "code", "doer", "en", "es", "roles", "ticked_by_itself"} == set(answer["items"][0])


async def test_roles_choose_the_items(open_house: Any) -> None:
    house = await open_house()
    both = await add_staff(house.administrator, "peer", "supervisor")

    assert "supervisor_training" not in await items_of(house.administrator, house.peer)
    assert "credential" not in await items_of(house.administrator, house.supervisor)
    assert {"supervisor_training", "credential"} <= set(await items_of(house.administrator, both))


# --- how things come about


async def _place(house: Any, staff: Caller, role: str) -> UUID:
    program_id = await house.administrator.created(f"{W}/programs", {"name": "Outreach", "opened_on": "2026-01-01"})
    body = {"program_id": str(program_id), "role": role, "fte": "1", "valid_from": "2026-01-01"}
    placed: UUID = await house.administrator.created(f"{W}/staff/{staff.staff_id}/placements", body)
    return placed


async def _train(house: Any, kind: str) -> UUID:
    body = {
        "staff_id": str(house.peer.staff_id), "kind": kind, "topic": "ethics", "hours": "6",
        "completed_on": "2026-02-02", "title": "Ethics", "provider": "A college",
    }  # fmt: skip
    recorded: UUID = await house.administrator.created(f"{W}/trainings", body)
    return recorded


async def _use_two_factors(house: Any) -> None:
    secret = (await house.peer.post(f"{W}/me/totp", {})).json()["secret"]
    confirmed = await house.peer.post(f"{W}/me/totp/confirmations", {"code": pyotp.TOTP(secret).now()})
    assert confirmed.status_code == 200, confirmed.text
    house.peer.token = confirmed.json()["access_token"]


async def _heard_assignment(house: Any, staff: Caller, valid_to: str | None, known: UUID | None = None) -> UUID:
    """Have workforce know that somebody accompanies a person, as it does once intake has told."""
    sql = text(
        "insert into workforce.assignment (agency_id, id, seq, staff_id, valid_from, valid_to) "
        "values (:agency, :id, 1, :staff, '2026-01-01', :to) "
        "on conflict (agency_id, id) do update set valid_to = excluded.valid_to"
    )
    assignment_id = known or uuid4()
    last = None if valid_to is None else date.fromisoformat(valid_to)
    values = {"agency": house.administrator.agency_id, "id": assignment_id, "staff": staff.staff_id, "to": last}
    async with house.platform.admin.begin() as connection:
        await connection.execute(sql, values)
    return assignment_id


async def _leave(house: Any, staff: Caller, **successors: str) -> Any:
    """Record a last day ten days ahead."""
    version = (await house.administrator.get(f"{W}/staff/{staff.staff_id}")).json()["version"]
    body = {"last_day": house.day(10)} | successors
    return await house.administrator.put(f"{W}/staff/{staff.staff_id}/departure", body, version)
