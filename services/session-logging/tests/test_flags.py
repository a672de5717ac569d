"""What is flagged at signing and never refused: overlaps, lateness, employment, group size, no credential."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from common.packs import Parameter, rule_on
from handrail.testing import add_staff

SESSIONS = "/api/session-logging/v1/sessions"
GROUPS = "/api/session-logging/v1/groups"
TUESDAY = "2026-06-02"


def at(hour: str, until: str, day: str = TUESDAY) -> dict[str, str]:
    return {"started_at": f"{day}T{hour}", "ended_at": f"{day}T{until}"}


async def flags_of(practice: Any, session_id: UUID) -> list[str]:
    flags: list[str] = (await practice.row(session_id))["flags"]
    return [flag for flag in flags if flag not in ("late", "no_live_credential")]


async def record(practice: Any, person: Any, peer: Any = None, **changed: Any) -> UUID:
    body = practice.session(person, sign=True, **changed)
    made: UUID = await (peer or practice.peer).created(SESSIONS, body)
    return made


async def test_one_worker_is_not_at_two_places(practice: Any) -> None:
    first, second = await practice.enrol_many(2)

    earlier = await record(practice, first, **at("10:00", "11:00"))
    later = await record(practice, second, **at("10:59", "11:30"))
    back_to_back = await record(practice, second, **at("11:30", "12:00"))

    assert await flags_of(practice, earlier) == []  # it was signed before there was anything to overlap
    assert await flags_of(practice, later) == ["overlaps_for_worker"]
    assert await flags_of(practice, back_to_back) == []


async def test_of_signatures_at_the_same_moment_all_but_the_first_are_flagged(practice: Any) -> None:
    people = await practice.enrol_many(5)
    bodies = [practice.session(person, sign=True, **at("10:00", "11:00")) for person in people]

    ids = await asyncio.gather(*(practice.peer.created(SESSIONS, body) for body in bodies))

    seen = [await flags_of(practice, session_id) for session_id in ids]
    assert sorted(seen) == [[]] + [["overlaps_for_worker"]] * 4


async def test_a_voided_session_frees_the_days_sum(open_practice: Any) -> None:
    practice = await open_practice(unit_method="daily_sum_midpoint_8")
    person = await practice.enrol()
    wrong = await practice.peer.created(SESSIONS, practice.session(person, **at("10:00", "10:10")))
    await practice.peer.put(f"{SESSIONS}/{wrong}/void", {"reason": "recorded_twice"}, 1)

    again = await practice.peer.created(SESSIONS, practice.session(person, **at("10:00", "10:10")))

    assert (await practice.row(again))["units"] == 1


async def test_one_person_is_not_with_two_workers(practice: Any) -> None:
    person = await practice.enrol()
    colleague = await add_staff(practice.administrator, "peer", "supervisor")

    await record(practice, person, **at("10:00", "11:00"))
    clash = await record(practice, person, colleague, **at("10:30", "11:30"))

    assert await flags_of(practice, clash) == ["overlaps_for_person"]


async def test_what_was_not_delivered_or_was_voided_overlaps_nothing(practice: Any) -> None:
    person = await practice.enrol()
    supervisor = await add_staff(practice.administrator, "supervisor")

    await record(practice, person, **at("10:00", "11:00"), outcome="no_show")
    voided = await record(practice, person, **at("10:00", "11:00"))
    await supervisor.put(f"{SESSIONS}/{voided}/void", {"reason": "recorded_twice"}, 1)
    alone = await record(practice, person, **at("10:00", "11:00"))
    missed = await record(practice, person, **at("10:00", "11:00"), outcome="no_show")

    assert await flags_of(practice, alone) == []
    assert await flags_of(practice, missed) == []


async def test_everybody_in_one_group_shares_its_time_and_a_second_group_clashes(practice: Any) -> None:
    people = await practice.enrol_many(2)
    body = {name: value for name, value in practice.session(people[0]).items() if name not in ATTENDED}
    attendees = [
        {"participant_id": str(one.participant_id), "episode_id": str(one.episode_id), "outcome": "completed"}
        for one in people
    ]
    group = body | at("18:00", "19:00") | {
        "modality": "group_facilitation", "program_id": str(practice.program_id), "attendees": attendees, "sign": True,
    }  # fmt: skip

    first = await practice.peer.created(GROUPS, group)
    second = await practice.peer.created(GROUPS, group | at("18:30", "19:30"))

    rows = await practice.platform.fetch(
        "select group_id, flags from session_logging.peer_session where agency_id = :id",
        id=practice.administrator.agency_id,
    )
    seen = {row["group_id"]: set(row["flags"]) - {"late", "no_live_credential"} for row in rows}
    assert seen == {first: set(), second: {"overlaps_for_worker", "overlaps_for_person"}}


ATTENDED = ("participant_id", "episode_id", "goal_ids", "outcome", "note")


async def test_a_group_above_the_limit_is_kept_and_flagged(open_practice: Any) -> None:
    practice = await open_practice(group_max=2)
    people = await practice.enrol_many(3)
    body = {name: value for name, value in practice.session(people[0]).items() if name not in ATTENDED}
    attendees = [
        {"participant_id": str(one.participant_id), "episode_id": str(one.episode_id), "outcome": outcome}
        for one, outcome in zip(people, ("completed", "completed", "no_show"), strict=True)
    ]
    group = body | {"modality": "group_facilitation", "program_id": str(practice.program_id)}

    within = await practice.peer.created(GROUPS, group | {"attendees": attendees})
    for one in attendees:
        one["outcome"] = "completed"
    above = await practice.peer.created(GROUPS, group | {"attendees": attendees})

    rows = await practice.platform.fetch(
        "select id, group_id, flags, modifiers from session_logging.peer_session where agency_id = :id",
        id=practice.administrator.agency_id,
    )
    assert {(row["group_id"], tuple(row["flags"]), tuple(row["modifiers"])) for row in rows} == {
        (within, (), ("HQ",)), (above, ("group_above_limit",), ("HQ",)),
    }  # fmt: skip
    # Signed later, one by one, the flag stays.
    one = next(row["id"] for row in rows if row["group_id"] == above)
    assert (await practice.peer.put(f"{SESSIONS}/{one}/signature", {}, 1)).status_code == 200
    assert "group_above_limit" in (await practice.row(one))["flags"]


@pytest.mark.parametrize(
    ("pack", "parameter", "binds"),
    [("TX", Parameter.NOTE_DEADLINE_BUSINESS_DAYS, True), ("VA", Parameter.GROUP_MAX, False)],
)
def test_only_a_rule_that_was_confirmed_goes_before_the_programs_own(
    pack: str, parameter: Parameter, binds: bool
) -> None:
    rule = rule_on([pack], parameter, date.fromisoformat(TUESDAY))

    assert rule is not None
    assert rule.is_required is binds


async def test_a_pack_that_binds_shortens_the_deadline_of_its_program(open_practice: Any) -> None:
    practice = await open_practice(note_deadline_business_days=60)
    person = await practice.enrol()
    then = datetime.now(UTC) - timedelta(days=12)
    times = {"started_at": (then - timedelta(hours=1)).isoformat(), "ended_at": then.isoformat()}

    by_its_own = await record(practice, person, **times)
    chosen = {"pack_id": "TX", "valid_from": "2026-01-01"}
    await practice.administrator.created(f"/api/workforce/v1/programs/{practice.program_id}/packs", chosen)
    await practice.platform.eventually(
        "select count(*) from session_logging.program_pack where program_id = :id", 1, id=practice.program_id
    )
    by_texas = await record(practice, person, **times)

    assert "late" not in (await practice.row(by_its_own))["flags"]
    assert "late" in (await practice.row(by_texas))["flags"]


async def test_a_session_outside_employment_is_kept_and_flagged(practice: Any) -> None:
    newcomer = await add_staff(practice.administrator, "peer", "supervisor", employed_from="2026-06-03")
    await practice.heard("staff", [newcomer.staff_id])
    person = await practice.enrol()

    before = await record(practice, person, newcomer, **at("10:00", "11:00"))
    after = await record(practice, person, newcomer, **at("10:00", "11:00", "2026-06-03"))

    assert await flags_of(practice, before) == ["outside_employment"]
    assert await flags_of(practice, after) == []


async def test_without_a_live_credential_the_note_is_kept_and_flagged(practice: Any) -> None:
    person = await practice.enrol()
    without = await record(practice, person, **at("09:00", "10:00"))
    await practice.credential()

    with_one = await record(practice, person, **at("10:00", "11:00"))

    assert "no_live_credential" in (await practice.row(without))["flags"]
    assert "no_live_credential" not in (await practice.row(with_one))["flags"]


async def test_a_late_note_is_flagged_with_its_reason_and_one_in_time_is_not(practice: Any) -> None:
    person = await practice.enrol()
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    long_ago = now - timedelta(days=30)
    times = {"started_at": (long_ago - timedelta(hours=1)).isoformat(), "ended_at": long_ago.isoformat()}

    late = await record(practice, person, **times, late_reason="no_connection")
    in_time = await record(practice, person, late_reason="forgotten")
    draft = await practice.peer.created(SESSIONS, practice.session(person, **times))
    signed = await practice.peer.put(f"{SESSIONS}/{draft}/signature", {"late_reason": "crisis_first"}, 1)

    assert signed.status_code == 200
    rows = [await practice.row(session_id) for session_id in (late, in_time, draft)]
    assert [("late" in row["flags"], row["late_reason"]) for row in rows] == [
        (True, "no_connection"), (False, None), (True, "crisis_first"),
    ]  # fmt: skip


async def test_a_deadline_of_no_days_ends_with_the_day(open_practice: Any) -> None:
    practice = await open_practice(note_deadline_business_days=0)
    person = await practice.enrol()
    then = datetime.now(UTC) - timedelta(days=2)
    times = {"started_at": (then - timedelta(hours=1)).isoformat(), "ended_at": then.isoformat()}

    session_id = await record(practice, person, **times)

    assert "late" in (await practice.row(session_id))["flags"]
