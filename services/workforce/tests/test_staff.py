"""Members of staff: how they work, what changes about them, and what has to be settled before they leave."""

import uuid
from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.testing import Caller, Platform, add_staff, open_agency
from workforce.rules.staff import Shift, overlap, shift_of

W = "/api/workforce/v1"
MONDAYS = {"weekday": 1, "begins": "09:00", "ends": "12:30"}


def email() -> str:
    return f"canary-{uuid.uuid4().hex}@a.test"


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def record(administrator: Caller, staff_id: object) -> dict[str, Any]:
    found: dict[str, Any] = (await administrator.get(f"{W}/staff/{staff_id}/record")).json()
    return found


async def changed(administrator: Caller, caller: Caller, version: int = 1, **more: object) -> Any:
    body = {"name": "Sam Rivera", "email": caller.email, "roles": ["peer"], "language": "en"} | more
    return await administrator.put(f"{W}/staff/{caller.staff_id}", body, version)


# --- rules

minutes = st.integers(0, 24 * 60 - 1)


def shift(weekday: int, begins: int, ends: int) -> Shift:
    return Shift(weekday=weekday, begins=time(begins // 60, begins % 60), ends=time(ends // 60, ends % 60))


@given(st.integers(1, 7), st.lists(minutes, min_size=2, max_size=2, unique=True))
def test_a_shift_reads_as_it_was_written(weekday: int, moments: list[int]) -> None:
    one = shift(weekday, min(moments), max(moments))

    assert shift_of(one.code()) == one


@given(st.lists(st.tuples(st.integers(1, 2), st.lists(minutes, min_size=2, max_size=2, unique=True)), max_size=6))
def test_shifts_overlap_exactly_where_a_minute_is_in_two(drawn: list[tuple[int, list[int]]]) -> None:
    shifts = [shift(weekday, min(moments), max(moments)) for weekday, moments in drawn]
    covered = [
        (one.weekday, minute)
        for one in shifts
        for minute in range(one.begins.hour * 60 + one.begins.minute, one.ends.hour * 60 + one.ends.minute)
    ]

    assert overlap(shifts) == (len(covered) != len(set(covered)))


# --- changing


async def test_how_somebody_works_is_kept_told_and_theirs_to_read(platform: Platform, administrator: Caller) -> None:
    peer = await add_staff(administrator, "peer")

    answer = await changed(
        administrator, peer, fte="0.5", peer_worker_since="2019-03-01", languages=["en", "ase"], schedule=[MONDAYS]
    )
    mine = (await peer.get(f"{W}/me")).json()

    assert answer.status_code == 200, answer.text
    assert (mine["fte"], mine["peer_worker_since"], mine["languages"]) == ("0.50", "2019-03-01", ["en", "ase"])
    assert mine["schedule"] == [{"weekday": 1, "begins": "09:00:00", "ends": "12:30:00"}]
    assert mine == await record(administrator, peer.staff_id)
    sql = (
        "select payload::jsonb -> 'data' as data from (select * from workforce.outbox union all select null, event_id, "
        "agency_id, aggregate_id, aggregate_seq, type, payload, traceparent, recorded_at from workforce.ledger) e "
        "where aggregate_id = :s order by aggregate_seq desc limit 1"
    )
    told = await platform.value(sql, s=peer.staff_id)
    assert (told["fte"], told["peer_worker_since"], told["roles"]) == ("0.5", "2019-03-01", ["peer"])
    assert "ase" not in str(told)


async def test_people_say_themselves_when_they_work_and_what_they_speak(administrator: Caller) -> None:
    peer = await add_staff(administrator, "peer")

    answer = await peer.put(f"{W}/me", {"language": "es", "languages": ["es"], "schedule": [MONDAYS]}, 1)
    more = await peer.put(f"{W}/me", {"language": "es", "roles": ["administrator"]}, 2)

    mine = (await peer.get(f"{W}/me")).json()
    assert (answer.status_code, kind(more)) == (200, (422, "invalid-request"))
    assert (mine["language"], mine["languages"], mine["roles"], mine["version"]) == ("es", ["es"], ["peer"], 2)


@pytest.mark.parametrize(
    "more",
    [
        {"fte": "0"},
        {"fte": "1.01"},
        {"languages": ["English"]},
        {"languages": ["en", "en"]},
        {"schedule": [MONDAYS, MONDAYS | {"begins": "12:00", "ends": "13:00"}]},
        {"schedule": [MONDAYS | {"ends": "09:00"}]},
        {"schedule": [MONDAYS | {"weekday": 8}]},
        {"schedule": [MONDAYS | {"begins": "09:00:30"}]},
        {"roles": ["service"]},
        {"roles": []},
        {"peer_worker_since": "0001-01-01"},
    ],
)
async def test_what_makes_no_sense_changes_nothing(administrator: Caller, more: dict[str, Any]) -> None:
    peer = await add_staff(administrator, "peer")

    answer = await changed(administrator, peer, **more)

    assert answer.status_code == 422, answer.text
    assert (await record(administrator, peer.staff_id))["version"] == 1


async def test_other_roles_end_the_sign_ins_and_begin_with_the_next(platform: Platform, administrator: Caller) -> None:
    peer = await add_staff(administrator, "peer")

    answer = await changed(administrator, peer, roles=["supervisor", "peer"])

    assert answer.status_code == 200, answer.text
    reasons = "select string_agg(end_reason, ',') from workforce.sign_in where staff_id = :s and ended_at is not null"
    assert await platform.value(reasons, s=peer.staff_id) == "roles_changed"
    assert (await record(administrator, peer.staff_id))["roles"] == ["peer", "supervisor"]


async def test_a_new_address_signs_in_and_the_old_one_no_more(administrator: Caller) -> None:
    peer, address = await add_staff(administrator, "peer"), email()
    other = await add_staff(administrator, "peer")

    taken = await changed(administrator, peer, email=other.email)
    answer = await changed(administrator, peer, email=address)
    again = await changed(administrator, other, email=peer.email)

    assert (kind(taken), answer.status_code) == ((409, "email-in-use"), 200)
    assert again.status_code == 200, "the old address is free"
    assert (await record(administrator, peer.staff_id))["email"] == address


async def test_nobody_changes_their_own_roles_nor_takes_the_last_administrators(administrator: Caller) -> None:
    alone = await changed(administrator, administrator)
    second = await add_staff(administrator, "administrator")
    own = await changed(administrator, administrator)
    others = await changed(second, administrator)

    assert [kind(one)[1] for one in (alone, own)] == ["last-administrator", "not-ones-own-roles"]
    assert others.status_code == 200


async def test_a_role_somebody_is_needed_in_stays(administrator: Caller) -> None:
    supervisor, peer = await add_staff(administrator, "supervisor"), await add_staff(administrator, "peer")
    assigned = {"staff_id": str(peer.staff_id), "supervisor_id": str(supervisor.staff_id), "valid_from": "2026-01-01"}
    await administrator.created(f"{W}/supervisor-assignments", assigned)
    program_id = await administrator.created(f"{W}/programs", {"name": "P", "opened_on": "2025-01-01"})
    placed = {"program_id": str(program_id), "role": "peer", "valid_from": "2026-01-01"}
    await administrator.created(f"{W}/staff/{peer.staff_id}/placements", placed)

    supervising = await changed(administrator, supervisor, roles=["peer"])
    working = await changed(administrator, peer, roles=["auditor"])

    assert kind(supervising) == (409, "supervisees-without-supervisor")
    assert kind(working) == (409, "placed-in-this-role")


@pytest.mark.parametrize("role", ["peer", "supervisor", "auditor", "privacy_officer"])
async def test_only_administrators_change_staff_and_read_their_records(administrator: Caller, role: str) -> None:
    caller, peer = await add_staff(administrator, role), await add_staff(administrator, "peer")

    assert (await changed(caller, peer)).status_code == 403
    assert (await caller.get(f"{W}/staff/{peer.staff_id}/record")).status_code == 403


async def test_another_agencys_staff_are_not_there(administrator: Caller, platform: Platform) -> None:
    peer = await add_staff(administrator, "peer")
    stranger = await open_agency(administrator.http, platform)

    assert (await changed(stranger, peer, roles=["peer", "administrator"])).status_code == 404
    assert (await stranger.get(f"{W}/staff/{peer.staff_id}/record")).status_code == 404


# --- the list


async def test_the_list_is_narrowed_by_role_program_and_day(administrator: Caller) -> None:
    early = {"name": "A", "email": email(), "roles": ["peer"], "employed_from": "2025-01-01"}
    gone = await administrator.created(f"{W}/staff", early | {"employed_to": "2025-12-31"})
    here = await administrator.created(f"{W}/staff", early | {"email": email()})
    program_id = await administrator.created(f"{W}/programs", {"name": "P", "opened_on": "2025-01-01"})
    placed = {"program_id": str(program_id), "role": "peer", "valid_from": "2026-01-01", "valid_to": "2026-03-31"}
    await administrator.created(f"{W}/staff/{here}/placements", placed)

    async def ids(**query: object) -> list[str]:
        return [one["id"] for one in (await administrator.get(f"{W}/staff", **query)).json()["items"]]

    assert await ids(role="peer") == [str(gone), str(here)]
    assert await ids(role="peer", on="2026-01-01") == [str(here)]
    assert await ids(program_id=program_id) == await ids(program_id=program_id, on="2026-03-31") == [str(here)]
    assert await ids(program_id=program_id, on="2026-04-01") == []
    assert await ids(role="administrator", on="2020-01-01") == []


# --- leaving


async def test_supervisees_go_on_with_somebody_from_the_day_after(administrator: Caller) -> None:
    leaver, other = await add_staff(administrator, "supervisor"), await add_staff(administrator, "supervisor")
    peer = await add_staff(administrator, "peer")
    assigned = {"staff_id": str(peer.staff_id), "supervisor_id": str(leaver.staff_id), "valid_from": "2026-01-01"}
    await administrator.created(f"{W}/supervisor-assignments", assigned | {"fte": "0.5"})
    path, body = f"{W}/staff/{leaver.staff_id}/departure", {"last_day": "2026-06-30"}

    silent = await administrator.put(path, body, 1)
    misfit = await administrator.put(path, body | {"supervisees_to": str(peer.staff_id)}, 1)
    settled = await administrator.put(path, body | {"supervisees_to": str(other.staff_id)}, 1)

    assert kind(silent) == (409, "supervisees-without-supervisor")
    assert kind(misfit) == (422, "successor-does-not-fit")
    assert settled.status_code == 200, settled.text
    shown = (await administrator.get(f"{W}/supervisor-assignments", staff_id=peer.staff_id)).json()["items"]
    assert [(one["supervisor_id"], one["fte"], one["valid_from"], one["valid_to"]) for one in shown] == [
        (str(leaver.staff_id), "0.50", "2026-01-01", "2026-06-30"),
        (str(other.staff_id), "0.50", "2026-07-01", None),
    ]


async def test_nobody_supervises_or_is_placed_beyond_their_last_day(administrator: Caller) -> None:
    leaver, peer = await add_staff(administrator, "supervisor", "peer"), await add_staff(administrator, "peer")
    await administrator.put(f"{W}/staff/{leaver.staff_id}/departure", {"last_day": "2026-06-30"}, 1)
    program_id = await administrator.created(f"{W}/programs", {"name": "A", "opened_on": "2025-01-01"})
    placed = {"program_id": str(program_id), "role": "peer", "fte": "1", "valid_from": "2026-01-01"}
    assigned = {"staff_id": str(peer.staff_id), "supervisor_id": str(leaver.staff_id), "valid_from": "2026-01-01"}
    placements, assignments = f"{W}/staff/{leaver.staff_id}/placements", f"{W}/supervisor-assignments"

    open_placement = await administrator.post(placements, placed)
    late_placement = await administrator.post(placements, placed | {"valid_to": "2026-07-01"})
    open_assignment = await administrator.post(assignments, assigned)
    late_assignment = await administrator.post(assignments, assigned | {"valid_from": "2026-07-01"})

    assert kind(open_placement) == kind(late_placement) == (422, "not-employed-then")
    assert kind(open_assignment) == kind(late_assignment) == (422, "supervisor-leaves")
    assert (await administrator.post(placements, placed | {"valid_to": "2026-06-30"})).status_code == 201
    assert (await administrator.post(assignments, assigned | {"valid_to": "2026-06-30"})).status_code == 201


async def test_who_leaves_works_in_no_program_any_more(platform: Platform, administrator: Caller) -> None:
    leaver = await add_staff(administrator, "peer")
    programs = [
        await administrator.created(f"{W}/programs", {"name": name, "opened_on": "2025-01-01"}) for name in ("A", "B")
    ]
    path = f"{W}/staff/{leaver.staff_id}/placements"
    now, over = (
        {"program_id": str(one), "role": "peer", "fte": "0.5", "valid_from": "2026-01-01"} | more
        for one, more in zip(programs, ({}, {"valid_to": "2026-02-28"}), strict=True)
    )
    open_id, over_id = await administrator.created(path, now), await administrator.created(path, over)

    left = await administrator.put(f"{W}/staff/{leaver.staff_id}/departure", {"last_day": "2026-06-30"}, 1)

    assert left.status_code == 200, left.text
    shown = {one["id"]: one["valid_to"] for one in (await administrator.get(path)).json()["items"]}
    assert shown == {str(open_id): "2026-06-30", str(over_id): "2026-02-28"}
    told = "select max(cast(payload as jsonb) -> 'data' ->> 'valid_to') from workforce.ledger where aggregate_id = :id"
    await platform.eventually(told, "2026-06-30", id=open_id)


async def test_an_administrator_without_access_does_not_count_as_one(administrator: Caller) -> None:
    second = await add_staff(administrator, "administrator")
    ended = {"access": "ended", "reason": "leave"}
    await administrator.put(f"{W}/staff/{second.staff_id}/access", ended, 0)

    answer = await administrator.put(f"{W}/staff/{administrator.staff_id}/departure", {"last_day": "2099-01-01"}, 1)

    assert kind(answer) == (409, "last-administrator")
