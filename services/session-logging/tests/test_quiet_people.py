"""Whom nobody has been in touch with: what counts as a contact, whose people are listed, and in which order."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from common.contracts import intake
from common.text import local_day
from handrail.testing import Caller, Platform, add_staff, open_agency
from session_logging.rules.days import quiet_before

Q = "/api/session-logging/v1/quiet-people"
SESSIONS = "/api/session-logging/v1/sessions"
CHICAGO = ZoneInfo("America/Chicago")
INSERT = text(
    "insert into session_logging.check_in (agency_id, id, participant_id, episode_id, program_id, staff_id, method, "
    "outcome, minutes, contacted_at, contacted_on, recorded_at, withdrawn_at, withdrawn_by, withdrawal_reason, "
    "version) values (:agency, :id, :person, :episode, :episode, :staff, 'phone', :outcome, 0, :at, :on, now(), "
    ":withdrawn_at, :withdrawn_by, :reason, 1)"
)


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def noon(days_ago: int) -> datetime:
    day = datetime.now(CHICAGO).date() - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHICAGO).astimezone(UTC)


@pytest.fixture
async def peer(shared: Any) -> Caller:
    """A peer without anybody yet."""
    return await add_staff(shared.administrator, "peer")


async def met(shared: Any, peer: Caller, person: Any, days_ago: int, **changed: Any) -> UUID:
    """Record a session that began at noon so many days ago."""
    start = noon(days_ago)
    times = {"started_at": start.isoformat(), "ended_at": (start + timedelta(minutes=30)).isoformat()}
    return await peer.created(SESSIONS, shared.session(person, **times | {"note": None} | changed))


async def checked_in(platform: Platform, peer: Caller, person: Any, days_ago: int, **changed: Any) -> None:
    values = {
        "agency": peer.agency_id, "id": uuid.uuid4(), "person": person.participant_id, "episode": person.episode_id,
        "staff": peer.staff_id, "outcome": "reached", "at": noon(days_ago), "on": noon(days_ago).date(),
        "withdrawn_at": None, "withdrawn_by": None, "reason": None,
    } | changed  # fmt: skip
    async with platform.admin.begin() as connection:
        await connection.execute(INSERT, values)


async def quiet(caller: Caller, **asked: Any) -> list[dict[str, Any]]:
    answer = await caller.get(Q, limit=100, **{name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def ids(people: list[dict[str, Any]]) -> list[str]:
    return [one["participant_id"] for one in people]


# --- rules


def test_fourteen_days_ago_is_quiet_whatever_the_hour() -> None:
    # On March 20 whoever was last seen on March 6 or before: until midnight in Chicago, then UTC-6.
    assert quiet_before(date(2026, 3, 20), 14, "America/Chicago") == datetime(2026, 3, 7, 6, tzinfo=UTC)


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(1, 90),
    st.integers(0, 100 * 24 * 60),
    st.sampled_from(["America/New_York", "America/Chicago", "America/Adak", "Pacific/Honolulu"]),
)
def test_quiet_means_so_many_calendar_days(today: date, days: int, minutes: int, zone: str) -> None:
    end_of_today = datetime.combine(today + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    contact = end_of_today.astimezone(UTC) - timedelta(minutes=minutes)

    is_quiet = contact < quiet_before(today, days, zone)

    assert is_quiet == ((today - local_day(contact, zone)).days >= days)


# --- what counts


async def test_who_was_seen_lately_is_not_listed_and_who_never_was_goes_first(shared: Any, peer: Caller) -> None:
    never, long_ago, edge, lately = await shared.enrol_many(4, peer)
    await met(shared, peer, long_ago, 40)
    await met(shared, peer, edge, 14)
    await met(shared, peer, lately, 13)

    people = await quiet(peer)

    assert ids(people) == [str(one.participant_id) for one in (never, long_ago, edge)]
    assert [one["days_since"] for one in people] == [None, 40, 14]
    assert people[0]["last_contact_at"] is None
    assert datetime.fromisoformat(people[1]["last_contact_at"]) == noon(40)
    assert people[0]["staff_ids"] == [str(peer.staff_id)]
    assert people[0]["assigned_from"] == "2026-01-06"


async def test_the_number_of_days_is_asked_for(shared: Any, peer: Caller) -> None:
    [person] = await shared.enrol_many(1, peer)
    await met(shared, peer, person, 5)

    assert ids(await quiet(peer, days=5)) == [str(person.participant_id)]
    assert await quiet(peer, days=6) == []
    for days in (0, 91, "many"):
        assert (await peer.get(Q, days=days)).status_code == 422


@pytest.mark.parametrize("outcome", ["no_show", "cancelled_by_person"])
async def test_what_did_not_take_place_is_no_contact(shared: Any, peer: Caller, outcome: str) -> None:
    [person] = await shared.enrol_many(1, peer)
    await met(shared, peer, person, 20)

    await met(shared, peer, person, 1, outcome=outcome)

    assert [one["days_since"] for one in await quiet(peer)] == [20]


async def test_a_voided_session_is_no_contact(shared: Any, peer: Caller) -> None:
    [person] = await shared.enrol_many(1, peer)
    session_id = await met(shared, peer, person, 1)
    assert await quiet(peer) == []

    await peer.put(f"{SESSIONS}/{session_id}/void", {"reason": "wrong_person"}, 1)

    assert [one["days_since"] for one in await quiet(peer)] == [None]


async def test_a_check_in_counts_only_if_the_person_was_reached(shared: Any, peer: Caller, platform: Platform) -> None:
    reached, escalated, unanswered, withdrawn = await shared.enrol_many(4, peer)
    for person in (reached, escalated, unanswered, withdrawn):
        await met(shared, peer, person, 30)

    await checked_in(platform, peer, reached, 2)
    await checked_in(platform, peer, escalated, 16, outcome="crisis_escalated")
    await checked_in(platform, peer, unanswered, 2, outcome="no_answer")
    taken_back = {"withdrawn_at": noon(1), "withdrawn_by": peer.staff_id, "reason": "did_not_happen"}
    await checked_in(platform, peer, withdrawn, 2, **taken_back)

    days = {one["participant_id"]: one["days_since"] for one in await quiet(peer)}
    assert days == {
        str(escalated.participant_id): 16,
        str(unanswered.participant_id): 30,
        str(withdrawn.participant_id): 30,
    }


async def test_a_contact_by_a_colleague_counts(shared: Any, peer: Caller, colleagues: Any) -> None:
    [person] = await shared.enrol_many(1, peer)

    await met(shared, colleagues.supervisor, person, 3)

    assert await quiet(peer) == []


async def test_merged_records_are_one_person(shared: Any, peer: Caller) -> None:
    first, second, third = await shared.enrol_many(3, peer)
    await met(shared, peer, third, 20)
    await met(shared, peer, first, 50)

    inner = await merge(shared, second, third, [], day=1)
    people = await quiet(peer)
    assert {one["participant_id"]: one["days_since"] for one in people} == {
        str(second.participant_id): 20, str(first.participant_id): 50,
    }  # fmt: skip
    await merge(shared, first, second, [third.participant_id], day=2)

    people = await quiet(peer)
    assert [(one["participant_id"], one["days_since"]) for one in people] == [(str(first.participant_id), 20)]
    assert inner.undone_at is None


async def merge(shared: Any, survivor: Any, merged: Any, moved: list[UUID], *, day: int) -> intake.MergeFacts:
    facts = intake.MergeFacts(
        merge_id=uuid.uuid4(), survivor_id=survivor.participant_id, merged_id=merged.participant_id, moved_ids=moved,
        merged_at=datetime(2026, 3, day, tzinfo=UTC),
    )  # fmt: skip
    await shared.tell(intake.PARTICIPANTS_MERGED, facts, about=facts.merge_id)
    await shared.heard("merge", [facts.merge_id])
    return facts


# --- whose people


async def test_who_is_served_no_longer_is_not_missed(shared: Any, peer: Caller, platform: Platform) -> None:
    handed_on, closed, served = await shared.enrol_many(3, peer)
    await shared.assign(handed_on, peer, valid_to=date(2026, 3, 1), seq=2)
    over = intake.EpisodeFacts(
        episode_id=closed.episode_id, participant_id=closed.participant_id, program_id=shared.program_id,
        opened_on=date(2026, 1, 5), closed_on=date(2026, 3, 1),
    )  # fmt: skip
    await shared.tell(intake.EPISODE_CLOSED, over, about=closed.episode_id, seq=2)
    for table, row_id in (("assignment", handed_on.assignment_id), ("episode", closed.episode_id)):
        await platform.eventually(f"select seq from session_logging.{table} where id = :id", 2, id=row_id)

    assert ids(await quiet(peer)) == [str(served.participant_id)]


async def test_peers_ask_for_their_own_and_supervisors_for_everybodys(
    shared: Any, peer: Caller, colleagues: Any
) -> None:
    [person] = await shared.enrol_many(1, peer)
    supervisor, mine = colleagues.supervisor, str(person.participant_id)

    assert ids(await quiet(peer, staff_id=peer.staff_id)) == [mine]
    assert ids(await quiet(supervisor, staff_id=peer.staff_id)) == [mine]
    assert mine in await everybody(supervisor)
    assert mine not in ids(await quiet(colleagues.peer))
    assert kind(await colleagues.peer.get(Q, staff_id=str(peer.staff_id))) == (404, "not-found")
    assert kind(await supervisor.get(Q, staff_id=str(uuid.uuid4()))) == (404, "not-found")
    assert kind(await supervisor.get(Q, staff_id=str(colleagues.auditor.staff_id))) == (404, "not-found")
    assert (await colleagues.auditor.get(Q)).status_code == 403
    assert (await shared.administrator.get(Q)).status_code == 403


async def everybody(caller: Caller, limit: int = 3) -> list[str]:
    """Return everybody whom the caller may ask for, page by page."""
    page = (await caller.get(Q, limit=limit)).json()
    seen = ids(page["items"])
    while page["next"]:
        page = (await caller.get(Q, limit=limit, next=page["next"])).json()
        assert page["items"]
        seen += ids(page["items"])
    return seen


async def test_pages_hold_everybody_once_the_longest_first(shared: Any, peer: Caller) -> None:
    people = await shared.enrol_many(7, peer)
    for person, days in zip(people, (20, 50, None, 20, None, 33, None), strict=True):
        if days is not None:
            await met(shared, peer, person, days)

    at_once, paged = await quiet(peer), await everybody(peer)
    first = (await peer.get(Q, limit=3)).json()
    second = (await peer.get(Q, limit=3, next=first["next"])).json()

    assert (first["total"], second["total"]) == (7, 7)
    assert paged == ids(at_once)
    assert [one["days_since"] for one in at_once] == [None, None, None, 50, 33, 20, 20]
    assert kind(await peer.get(Q, next="zzz")) == (422, "bad-cursor")


async def test_another_agencys_supervisor_sees_nobody_here(
    shared: Any, peer: Caller, platform: Platform, http: Any
) -> None:
    await shared.enrol_many(1, peer)
    stranger = await add_staff(await open_agency(http, platform), "supervisor")
    known = "select count(*) from session_logging.agency where id = :id"
    await platform.eventually(known, 1, id=stranger.agency_id)

    assert await quiet(stranger) == []
    assert kind(await stranger.get(Q, staff_id=str(peer.staff_id))) == (404, "not-found")
