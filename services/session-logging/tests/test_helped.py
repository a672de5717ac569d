"""What was at work in a program's sessions, counted; and the groups one held, with their rosters."""

from typing import Any

SESSIONS = "/api/session-logging/v1/sessions"
GROUPS = "/api/session-logging/v1/groups"
HELPED = "/api/session-logging/v1/helped"
MAY = {"from": "2026-05-01", "to": "2026-05-31"}


def on(day: str) -> dict[str, str]:
    return {"started_at": f"{day}T10:00", "ended_at": f"{day}T11:00"}


async def test_what_helped_is_counted_by_hand(practice: Any) -> None:
    ana, ben = await practice.enrol_many(2)
    told = [
        (ana, on("2026-05-01") | {"mechanisms": ["shared_identity"], "competencies": ["CC-1"]}),
        (ana, on("2026-05-31") | {"mechanisms": ["shared_identity", "helping_others"]}),
        (ben, on("2026-05-15") | {"mechanisms": ["shared_identity"], "activities": ["advocacy", "outreach"]}),
        (ben, on("2026-05-16") | {"mechanisms": ["shared_identity"], "outcome": "no_show"}),
        (ben, on("2026-06-01") | {"mechanisms": ["coping_practice"]}),
    ]
    ids = [await practice.peer.created(SESSIONS, practice.session(one, **more)) for one, more in told]
    voided = await practice.peer.created(SESSIONS, practice.session(ana, **on("2026-05-20")))
    assert (await practice.peer.put(f"{SESSIONS}/{voided}/void", {"reason": "recorded_twice"}, 1)).status_code == 200

    answer = (await practice.administrator.get(HELPED, **MAY)).json()

    assert len(ids) == 5
    assert (answer["sessions"], answer["people"]) == (3, 2)
    assert counts(answer["mechanisms"]) == {"shared_identity": (3, 2), "helping_others": (1, 1)}
    assert counts(answer["competencies"]) == {"CC-1": (1, 1)}
    assert counts(answer["activities"]) == {"coaching_mentoring": (2, 1), "advocacy": (1, 1), "outreach": (1, 1)}
    assert counts(answer["modalities"]) == {"one_on_one_mentoring": (3, 2)}


def counts(listed: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    return {one["code"]: (one["sessions"], one["people"]) for one in listed}


async def test_an_empty_period_and_one_that_cannot_be(shared: Any) -> None:
    nothing = (await shared.administrator.get(HELPED, **{"from": "2001-01-01", "to": "2001-12-31"})).json()
    backwards = await shared.administrator.get(HELPED, **{"from": "2026-05-02", "to": "2026-05-01"})
    long = await shared.administrator.get(HELPED, **{"from": "2024-01-01", "to": "2026-05-01"})

    assert (nothing["sessions"], nothing["people"], nothing["mechanisms"]) == (0, 0, [])
    assert [(one.status_code, one.json()["type"]) for one in (backwards, long)] == [
        (422, "/problems/ends-before-it-starts"), (422, "/problems/period-too-long"),
    ]  # fmt: skip
    assert (await shared.peer.get(HELPED, **MAY)).status_code == 403


async def hold(practice: Any, people: list[Any], **changed: Any) -> Any:
    body = {
        name: value
        for name, value in practice.session(people[0]).items()
        if name not in ("participant_id", "episode_id", "goal_ids", "outcome", "note")
    }
    attendees = [
        {"participant_id": str(one.participant_id), "episode_id": str(one.episode_id), "outcome": "completed"}
        for one in people
    ]
    body |= {"modality": "group_facilitation", "program_id": str(practice.program_id), "attendees": attendees}
    return await practice.peer.created(GROUPS, body | changed)


async def test_a_group_is_read_with_its_roster_by_who_held_it_and_by_nobody_else(shared: Any, colleagues: Any) -> None:
    people = await shared.enrol_many(3)
    group_id = await hold(shared, people, co_facilitator_id=str(colleagues.supervisor.staff_id))

    shown = (await shared.peer.get(f"{GROUPS}/{group_id}")).json()

    assert (shown["size"], shown["co_facilitator_id"]) == (3, str(colleagues.supervisor.staff_id))
    assert {line["participant_id"] for line in shown["roster"]} == {str(one.participant_id) for one in people}
    assert (await colleagues.peer.get(f"{GROUPS}/{group_id}")).status_code == 404
    # The roster stands on each person's session, too; a peer who was not there hears only how many were.
    session_id = shown["roster"][0]["session_id"]
    roster = (await shared.peer.get(f"{SESSIONS}/{session_id}")).json()["roster"]
    assert set(roster["participants"]) == {str(one.participant_id) for one in people}
    served = next(one for one in people if str(one.participant_id) == shown["roster"][0]["participant_id"])
    again = type(served)(served.participant_id, served.episode_id)
    await shared.assign(again, colleagues.peer)
    await shared.heard("assignment", [again.assignment_id])
    theirs = (await colleagues.peer.get(f"{SESSIONS}/{session_id}")).json()["roster"]
    assert (theirs["size"], theirs["participants"]) == (3, None)


async def test_ones_groups_are_paged_the_newest_first(practice: Any) -> None:
    people = await practice.enrol_many(2)
    held = [await hold(practice, people, **on(f"2026-05-0{day}")) for day in (1, 2, 3)]

    page = (await practice.peer.get(GROUPS, limit="2")).json()
    rest = (await practice.peer.get(GROUPS, limit="2", next=page["next"])).json()

    assert [one["id"] for one in page["items"] + rest["items"]] == [str(one) for one in reversed(held)]
    assert rest["next"] is None


async def test_sessions_are_narrowed_by_worker_status_and_flag(practice: Any) -> None:
    person = await practice.enrol()
    draft = await practice.peer.created(SESSIONS, practice.session(person))
    late = await practice.peer.created(SESSIONS, practice.session(person, **on("2026-05-01"), sign=True))

    async def ids(**wanted: str) -> list[str]:
        return [one["id"] for one in (await practice.peer.get(SESSIONS, **wanted)).json()["items"]]

    assert await ids(status="draft") == [str(draft)]
    assert await ids(flag="late") == [str(late)]
    assert await ids(staff_id=str(practice.peer.staff_id)) == [str(draft), str(late)]
    assert await ids(staff_id=str(practice.administrator.staff_id)) == []
    assert await ids(review="awaited") == []
