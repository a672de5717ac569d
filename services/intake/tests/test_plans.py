"""Recovery plans: goals with tasks and progress, versions as they stood, reviews, agreements, what a reviewer finds."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import Dimension, StatedBy
from intake.rules.planning import (
    AUTHORITIES,
    NEXT_STEPS,
    GoalLook,
    GoalSoFar,
    GoalStanding,
    PlanLook,
    PlanPoint,
    goals_completed,
    goals_open,
    plan_standing,
    review_due,
)

INTAKE = "/api/intake/v1"
INVALID = "/problems/invalid-request"
CANARY = "canary-plan"
GOAL: dict[str, Any] = {
    "dimension": "home",
    "other_dimensions": ["purpose"],
    "stated_by": "participant",
    "words": f"{CANARY} a door of my own",
    "measure": f"{CANARY} I hold the key",
    "by_when": "2026-09-01",
    "active_from": "2026-01-10",
    "tasks": [{"words": f"{CANARY} call the housing office", "done_by": "together", "due_on": "2026-02-01"}],
}
SIGNATURE = {"method": "signature", "signer": f"{CANARY} Maura", "evidence_sha256": "ab" * 32}
SAID_YES = {"method": "documented", "witnessed_by": f"{CANARY} Jo", "words": f"{CANARY} yes, that is mine"}
PROGRESS = {"on": "2026-01-20", "standing": "halfway", "said_by": "participant", "words": f"{CANARY} got the form"}
REVIEW = {"reviewed_at": "2026-02-10T16:00:00Z", "with_participant": True, "words": f"{CANARY} going well"}
INVITATION = {"kind": "SMART", "invited_on": "2026-01-12", "how": "introduced"}
PLAN = {
    "agreed_at": "2026-01-10T16:00:00Z",
    "goals": [GOAL],
    "declined_dimensions": ["community"],
    "strengths": [f"{CANARY} I keep my word"],
    "agreement": SIGNATURE,
}
OPENED = date(2026, 1, 5)
TABLES = (
    *("plan", "goal", "goal_task", "plan_version", "goal_progress"),
    *("plan_review", "plan_agreement", "meeting_invitation"),
)


def look(**wish: Any) -> PlanLook:
    usual: dict[str, Any] = {
        "goals": [],
        "declined": [],
        "strengths": 0,
        "agreements": 0,
        "opened_on": OPENED,
        "first_agreed_on": OPENED,
        "agreed_on": OPENED,
        "last_review_on": None,
        "on": OPENED,
    }
    return PlanLook(**usual | wish)


def goal_look(dimension: Dimension, stated_by: StatedBy = StatedBy.PARTICIPANT, since: date = OPENED) -> GoalLook:
    return GoalLook(dimension, stated_by, since)


def met(seen: PlanLook) -> set[PlanPoint]:
    return {one.point for one in plan_standing(seen) if one.met}


def test_a_plan_that_says_nothing_is_on_time_and_no_more() -> None:
    assert met(look()) == {PlanPoint.PLAN_ON_TIME, PlanPoint.REVIEW_CURRENT}


def test_a_whole_plan_lacks_nothing() -> None:
    goals = [goal_look(Dimension.HOME), goal_look(Dimension.HEALTH, StatedBy.TOGETHER)]
    declined = [Dimension.PURPOSE, Dimension.COMMUNITY]

    assert met(look(goals=goals, declined=declined, strengths=1, agreements=1)) == set(PlanPoint)


def test_declining_is_a_full_answer_and_shown_as_one() -> None:
    found = {one.point: one for one in plan_standing(look(declined=[Dimension.HOME]))}

    assert (found[PlanPoint.HOME].met, found[PlanPoint.HOME].declined) == (True, True)
    assert (found[PlanPoint.HEALTH].met, found[PlanPoint.HEALTH].declined) == (False, False)


@pytest.mark.parametrize(
    ("stated_by", "counts"), [(StatedBy.PARTICIPANT, True), (StatedBy.TOGETHER, False), (StatedBy.STAFF, False)]
)
def test_an_own_goal_is_one_that_the_person_stated(stated_by: StatedBy, counts: bool) -> None:
    seen = met(look(goals=[goal_look(Dimension.HOME, stated_by)]))

    assert (PlanPoint.OWN_GOAL in seen, PlanPoint.HOME in seen) == (counts, True)


def test_a_goal_counts_once_it_is_active() -> None:
    later = goal_look(Dimension.HOME, since=OPENED + timedelta(days=1))

    assert PlanPoint.HOME not in met(look(goals=[later]))
    assert PlanPoint.HOME in met(look(goals=[later], on=OPENED + timedelta(days=1)))


@pytest.mark.parametrize(("agreed_on", "on_time"), [("2026-02-04", True), ("2026-02-05", False)])
def test_a_plan_is_on_time_up_to_day_thirty(agreed_on: str, on_time: bool) -> None:
    day = date.fromisoformat(agreed_on)
    seen = look(first_agreed_on=day, agreed_on=day, on=day)

    assert (PlanPoint.PLAN_ON_TIME in met(seen)) is on_time


@pytest.mark.parametrize(
    ("agreed_on", "reviewed_on", "due"),
    [
        ("2026-01-05", None, "2026-04-05"),
        ("2026-01-05", "2026-03-01", "2026-05-30"),
        ("2027-12-01", None, "2028-02-29"),
    ],
)
def test_a_review_is_due_ninety_days_after_the_last_look(agreed_on: str, reviewed_on: str | None, due: str) -> None:
    reviewed = date.fromisoformat(reviewed_on) if reviewed_on else None

    assert review_due(date.fromisoformat(agreed_on), reviewed) == date.fromisoformat(due)


@pytest.mark.parametrize(("on", "current"), [("2026-04-05", True), ("2026-04-06", False)])
def test_a_review_is_current_on_its_last_day(on: str, current: bool) -> None:
    assert (PlanPoint.REVIEW_CURRENT in met(look(on=date.fromisoformat(on)))) is current


def test_no_point_is_called_required() -> None:
    assert {authority for authority, _ in AUTHORITIES.values()} == {"guidance", "default"}
    assert set(AUTHORITIES) == set(NEXT_STEPS) == set(PlanPoint)
    assert not [words for words in NEXT_STEPS.values() if "require" in words]


GOAL_LOOKS = st.builds(
    GoalLook,
    st.sampled_from(Dimension),
    st.sampled_from(StatedBy),
    st.dates(OPENED - timedelta(days=9), OPENED + timedelta(days=9)),
)


@given(st.lists(GOAL_LOOKS, max_size=6), st.sets(st.sampled_from(Dimension)), GOAL_LOOKS, st.integers(0, 3))
def test_saying_more_never_makes_a_plan_worse(
    goals: list[GoalLook], declined: set[Dimension], more: GoalLook, strengths: int
) -> None:
    before = met(look(goals=goals, declined=declined, strengths=strengths))

    assert before <= met(look(goals=[*goals, more], declined=declined, strengths=strengths + 1))
    assert before <= met(look(goals=goals, declined=set(Dimension), strengths=strengths, agreements=1))


def test_completed_and_open_goals_are_counted() -> None:
    def goal(standing: GoalStanding | None, until: date | None = None, *, ended: bool = False) -> GoalSoFar:
        return GoalSoFar(standing, OPENED, until, ended)

    goals = [
        goal(None),
        goal(GoalStanding.HALFWAY),
        goal(GoalStanding.HALFWAY, OPENED),
        goal(GoalStanding.SET_ASIDE),
        goal(GoalStanding.REACHED),
        goal(GoalStanding.REACHED, OPENED, ended=True),
        goal(GoalStanding.STARTED, ended=True),
    ]

    assert goals_completed(goals) == 2
    assert goals_open(goals, OPENED) == 3
    assert goals_open(goals, OPENED + timedelta(days=1)) == 2


def facts(event: Any) -> Any:
    return json.loads(event["payload"])["data"]


async def agreed(clinic: Any, **wish: Any) -> tuple[UUID, str, dict[str, Any]]:
    """Return a person, the path of their plan, and what agreeing it answered."""
    participant_id, episode_id = await clinic.assigned()
    answer = await clinic.peer.post(f"{INTAKE}/plans", PLAN | {"episode_id": str(episode_id)} | wish)
    assert answer.status_code == 201, answer.text
    return participant_id, f"{INTAKE}/plans/{answer.json()['id']}", answer.json()


async def counted(clinic: Any) -> dict[str, int]:
    return {
        table: await clinic.platform.value(
            f"select count(*) from intake.{table} where agency_id = :a", a=clinic.administrator.agency_id
        )
        for table in TABLES
    } | {"events": await clinic.told()}


async def test_a_plan_holds_goals_tasks_and_strengths_in_the_persons_words(clinic: Any) -> None:
    participant_id, path, written = await agreed(clinic)

    shown = await clinic.peer.get(path)

    body = shown.json()
    assert (shown.headers["etag"], body["participant_id"], body["version"]) == ('"1"', str(participant_id), 1)
    assert (body["strengths"], body["declined_dimensions"]) == ([f"{CANARY} I keep my word"], ["community"])
    (goal,) = body["goals"]
    assert (goal["id"], goal["dimension"], goal["other_dimensions"]) == (written["goal_ids"][0], "home", ["purpose"])
    assert (goal["words"], goal["measure"], goal["by_when"]) == (GOAL["words"], GOAL["measure"], "2026-09-01")
    (task,) = goal["tasks"]
    assert (task["words"], task["done_by"], task["due_on"]) == (GOAL["tasks"][0]["words"], "together", "2026-02-01")
    assert (task["status"], task["done_on"], goal["standing"]) == ("open", None, None)


async def test_what_a_plan_says_is_sealed_and_told_to_nobody(clinic: Any) -> None:
    _, path, written = await agreed(clinic)
    goal = f"{path}/goals/{written['goal_ids'][0]}"
    await clinic.peer.created(f"{goal}/progress", PROGRESS)
    await clinic.peer.created(f"{goal}/tasks", {"words": f"{CANARY} ring back"})
    await clinic.peer.created(f"{path}/reviews", REVIEW)
    await clinic.peer.created(f"{path}/agreements", {"plan_version": 1, "agreement": SAID_YES})

    stored = [
        (table, row)
        for table in (*TABLES, "idempotency", "audit", "audit_pending", "outbox", "ledger")
        for row in await clinic.platform.fetch(f"select t::text as row from intake.{table} t")
    ]

    assert stored
    hexed = CANARY.encode().hex()
    assert [table for table, row in stored if CANARY in row["row"] or hexed in row["row"]] == []


async def test_an_earlier_version_reads_as_it_stood(clinic: Any) -> None:
    _, path, written = await agreed(clinic)
    goal = f"{path}/goals/{written['goal_ids'][0]}"
    before = (await clinic.peer.get(path)).json()
    task_id = before["goals"][0]["tasks"][0]["id"]

    words = {"dimension": "purpose", "stated_by": "together", "words": f"{CANARY} a job I can keep"}
    reworded = await clinic.peer.put(f"{goal}/words", words, version=1)
    done = {"words": "called", "done_by": "peer", "status": "done", "done_on": "2026-02-01"}
    ticked = await clinic.peer.put(f"{goal}/tasks/{task_id}", done, version=2)
    changed = await clinic.peer.put(path, {"strengths": [], "declined_dimensions": []}, version=3)
    added = await clinic.peer.post(f"{path}/goals", GOAL | {"dimension": "health", "tasks": []})
    ended = await clinic.peer.put(goal, {"active_to": "2026-03-01"}, version=5)
    listed = (await clinic.peer.get(f"{path}/versions")).json()
    stood = [(await clinic.peer.get(f"{path}/versions/{number}")).json() for number in range(1, 7)]

    assert [one.status_code for one in (reworded, ticked, changed, added, ended)] == [200, 200, 200, 201, 200]
    assert ticked.json() == {"id": task_id, "version": 3}
    assert listed["version"] == 6
    assert [(one["version"], one["change"]) for one in listed["items"]] == [
        (5, "goal_ended"),
        (4, "goal_added"),
        (3, "plan_changed"),
        (2, "task_changed"),
        (1, "goal_changed"),
    ]
    assert {one["changed_by"] for one in listed["items"]} == {str(clinic.peer.staff_id)}
    assert stood[0]["goals"] == [drop(before["goals"][0], "standing", "standing_on")]
    assert (stood[0]["strengths"], stood[0]["stood_until"]) == (before["strengths"], listed["items"][4]["stood_until"])
    first = [one["goals"][0] for one in stood]
    assert [one["words"] for one in first] == [GOAL["words"], *[words["words"]] * 5]
    assert [one["tasks"][0]["status"] for one in first] == ["open", "open", *["done"] * 4]
    assert [len(one["strengths"]) for one in stood] == [1, 1, 1, 0, 0, 0]
    assert [len(one["goals"]) for one in stood] == [1, 1, 1, 1, 2, 2]
    assert [one["active_to"] for one in first] == [*[None] * 5, "2026-03-01"]
    assert stood[5]["stood_until"] is None
    assert (await clinic.peer.get(f"{path}/versions/7")).status_code == 404


def drop(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


async def test_versions_come_in_pages(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)
    for version in (1, 2, 3):
        await clinic.peer.put(path, {"strengths": [str(version)]}, version=version)

    first = (await clinic.peer.get(f"{path}/versions", limit=2)).json()
    second = (await clinic.peer.get(f"{path}/versions", limit=2, next=first["next"])).json()
    wrong = await clinic.peer.get(f"{path}/versions", next="nonsense")

    assert [one["version"] for one in first["items"] + second["items"]] == [3, 2, 1]
    assert (second["next"], wrong.status_code) == (None, 422)


async def test_a_plan_that_was_followed_by_another_reads_as_it_was_in_force(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)
    episode_id = (await clinic.peer.get(path)).json()["episode_id"]

    await clinic.peer.created(f"{INTAKE}/plans", PLAN | {"episode_id": episode_id, "agreed_at": "2026-03-01T16:00:00Z"})
    listed = (await clinic.peer.get(f"{path}/versions")).json()
    before, after = [(await clinic.peer.get(f"{path}/versions/{number}")).json() for number in (1, 2)]

    assert [(one["version"], one["change"]) for one in listed["items"]] == [(1, "plan_ended")]
    assert (before["in_force_to"], after["in_force_to"]) == (None, "2026-02-28")
    assert before["goals"] == after["goals"]


async def test_every_change_tells_the_whole_plan_anew(clinic: Any) -> None:
    _, path, written = await agreed(clinic)
    goal = f"{path}/goals/{written['goal_ids'][0]}"

    await clinic.peer.created(f"{goal}/tasks", {"words": "x"})
    await clinic.peer.put(f"{goal}/words", {"dimension": "health", "stated_by": "staff", "words": "y"}, version=2)
    await clinic.peer.put(path, {"declined_dimensions": []}, version=3)

    told = await clinic.events(UUID(written["id"]))
    assert [one["aggregate_seq"] for one in told] == [1, 2, 3, 4]
    assert [facts(one)["goals"][0]["dimension"] for one in told] == ["home", "home", "health", "health"]
    assert [facts(one)["declined_dimensions"] for one in told] == [["community"]] * 3 + [[]]
    assert {facts(one)["goals"][0]["goal_id"] for one in told} == {written["goal_ids"][0]}


async def test_progress_is_kept_and_the_latest_is_shown(clinic: Any) -> None:
    _, path, written = await agreed(clinic)
    goal = f"{path}/goals/{written['goal_ids'][0]}"

    await clinic.peer.created(f"{goal}/progress", PROGRESS)
    await clinic.peer.created(f"{goal}/progress", PROGRESS | {"on": "2026-02-20", "standing": "reached"})
    await clinic.peer.created(f"{goal}/progress", PROGRESS | {"on": "2026-01-15", "standing": "started", "words": None})
    shown = (await clinic.peer.get(path)).json()
    first = (await clinic.peer.get(f"{goal}/progress", limit=2)).json()
    second = (await clinic.peer.get(f"{goal}/progress", limit=2, next=first["next"])).json()

    assert (shown["goals"][0]["standing"], shown["goals"][0]["standing_on"]) == ("reached", "2026-02-20")
    assert shown["version"] == 1
    assert [one["standing"] for one in first["items"] + second["items"]] == ["reached", "halfway", "started"]
    assert [one["words"] for one in second["items"]] == [None]
    assert (first["items"][1]["words"], first["items"][1]["said_by"]) == (PROGRESS["words"], "participant")


async def test_a_review_with_the_person_is_told_and_one_without_is_not(clinic: Any) -> None:
    participant_id, path, written = await agreed(clinic)

    review_id = await clinic.peer.created(f"{path}/reviews", REVIEW | {"next_review_on": "2026-05-01"})
    alone = REVIEW | {"with_participant": False, "reviewed_at": "2026-03-10T16:00:00Z"}
    alone_id = await clinic.peer.created(f"{path}/reviews", alone)
    listed = (await clinic.peer.get(f"{path}/reviews")).json()

    (event,) = await clinic.events(review_id)
    assert (event["type"], event["aggregate_seq"]) == ("handrail.intake.plan-reviewed.v1", 1)
    assert facts(event) == {
        "review_id": str(review_id),
        "plan_id": written["id"],
        "participant_id": str(participant_id),
        "episode_id": facts((await clinic.events(UUID(written["id"])))[0])["episode_id"],
        "reviewed_at": "2026-02-10T16:00:00Z",
    }
    assert await clinic.events(alone_id) == []
    assert [one["id"] for one in listed["items"]] == [str(alone_id), str(review_id)]
    assert (listed["items"][1]["words"], listed["items"][1]["next_review_on"]) == (REVIEW["words"], "2026-05-01")


async def test_an_agreement_is_signed_or_heard_and_names_its_version(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)
    await clinic.peer.put(path, {"strengths": ["new"]}, version=1)

    heard = await clinic.peer.post(f"{path}/agreements", {"plan_version": 2, "agreement": SAID_YES})
    ahead = await clinic.peer.post(f"{path}/agreements", {"plan_version": 3, "agreement": SAID_YES})
    listed = (await clinic.peer.get(f"{path}/agreements")).json()["items"]

    assert (heard.status_code, ahead.status_code, ahead.json()["type"]) == (201, 422, "/problems/no-such-version")
    assert [(one["method"], one["plan_version"]) for one in listed] == [("documented", 2), ("signature", 1)]
    assert (listed[0]["witnessed_by"], listed[0]["words"]) == (SAID_YES["witnessed_by"], SAID_YES["words"])
    assert (listed[1]["signer"], listed[1]["evidence_sha256"]) == (SIGNATURE["signer"], "ab" * 32)
    assert listed[1]["agreed_at"] == "2026-01-10T16:00:00Z"


async def test_a_reviewer_finds_what_is_there_and_what_is_missing(clinic: Any) -> None:
    _, path, _ = await agreed(clinic, agreement=None, strengths=[], agreed_at="2026-02-10T16:00:00Z")
    before = (await clinic.peer.get(f"{path}/standing")).json()

    await clinic.peer.put(path, {"strengths": ["kind"], "declined_dimensions": ["health", "community"]}, version=1)
    await clinic.peer.created(f"{path}/agreements", {"plan_version": 2, "agreement": SAID_YES})
    await clinic.peer.created(f"{path}/reviews", {"with_participant": True})
    await clinic.peer.created(f"{path}/goals", GOAL | {"dimension": "purpose", "other_dimensions": []})
    after = (await clinic.peer.get(f"{path}/standing")).json()

    assert missing(before) == {"health", "purpose", "strength", "agreement", "plan_on_time", "review_current"}
    assert missing(after) == {"plan_on_time"}
    assert after["agreed_versions"] == [2]
    late = next(one for one in after["points"] if one["point"] == "plan_on_time")
    assert (late["by"], late["authority"]) == ("2026-02-04", "default")
    assert "Pennsylvania" in late["note"]
    assert {one["authority"] for one in after["points"]} == {"guidance", "default"}
    assert [one["next_step"] for one in after["points"] if one["met"]] == [None] * 8


def missing(found: dict[str, Any]) -> set[str]:
    return {one["point"] for one in found["points"] if not one["met"]}


async def test_a_later_plan_does_not_make_an_episode_late(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)
    episode_id = (await clinic.peer.get(path)).json()["episode_id"]
    later = PLAN | {"episode_id": episode_id, "agreed_at": "2026-05-10T16:00:00Z"}

    next_id = await clinic.peer.created(f"{INTAKE}/plans", later)
    standing = (await clinic.peer.get(f"{INTAKE}/plans/{next_id}/standing")).json()
    ended = (await clinic.peer.get(f"{path}/standing")).json()

    assert "plan_on_time" not in missing(standing)
    assert ended["on"] == "2026-05-09"


async def test_a_warm_invitation_is_noted_and_its_outcome_later(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)

    invitation_id = await clinic.peer.created(f"{path}/invitations", INVITATION)
    await clinic.peer.created(f"{path}/invitations", INVITATION | {"invited_on": "2026-01-11", "how": "went_together"})
    unknown = await clinic.peer.post(f"{path}/invitations", INVITATION | {"meeting_id": str(uuid4())})
    went = await clinic.peer.put(f"{INTAKE}/invitations/{invitation_id}/outcome", {"went": True}, version=1)
    stale = await clinic.peer.put(f"{INTAKE}/invitations/{invitation_id}/outcome", {"went": None}, version=1)
    listed = (await clinic.peer.get(f"{path}/invitations")).json()["items"]

    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/meeting_id")
    assert (went.status_code, went.json()["version"], stale.status_code) == (200, 2, 412)
    assert [(one["invited_on"], one["how"], one["went"]) for one in listed] == [
        ("2026-01-12", "introduced", True),
        ("2026-01-11", "went_together", True),
    ]


async def test_a_warm_invitation_is_noted_on_a_session_without_a_plan(clinic: Any, stranger: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path, session_id = f"{INTAKE}/participants/{participant_id}/invitations", str(uuid4())
    feed = {"name": "listed", "kind": "AA", "zone": "America/Chicago"}
    feed_id = await clinic.administrator.created(f"{INTAKE}/meeting-feeds", feed)
    listed = [{"name": "Warmly Invited", "slug": "warmly-invited", "day": 0, "time": "18:00"}]
    await clinic.administrator.post(f"{INTAKE}/meeting-snapshots?feed_id={feed_id}", listed)
    [meeting] = (await clinic.peer.get(f"{INTAKE}/meetings", text="warmly")).json()["items"]

    body = INVITATION | {"session_id": session_id, "meeting_id": meeting["id"]}
    await clinic.peer.created(path, body)

    found = (await clinic.peer.get(path, session_id=session_id)).json()["items"]
    assert [(one["session_id"], one["plan_id"], one["meeting_id"]) for one in found] == [
        (session_id, None, meeting["id"])
    ]
    assert (await clinic.peer.get(path, session_id=str(uuid4()))).json()["items"] == []
    for caller in (clinic.other_peer, stranger):
        assert (await caller.post(path, body)).status_code == 404
        assert (await caller.get(path)).status_code == 404


async def test_what_goes_with_a_good_outcome_is_counted(clinic: Any) -> None:
    participant_id, path, written = await agreed(clinic, goals=[GOAL, GOAL | {"dimension": "health"}])
    goal = f"{path}/goals/{written['goal_ids'][0]}"
    before = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/predictors")).json()

    await clinic.peer.created(f"{goal}/progress", PROGRESS | {"standing": "reached"})
    await clinic.peer.created(f"{path}/reviews", REVIEW)
    await clinic.peer.created(f"{path}/reviews", {"with_participant": True})
    await clinic.peer.created(f"{path}/reviews", {"with_participant": False})
    after = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/predictors")).json()

    counts = ("goals_completed", "goals_open", "reviews", "days_since_last_review")
    assert [before[name] for name in counts] == [0, 2, 0, None]
    assert [after[name] for name in counts] == [1, 1, 2, 0]
    assert after["doi"] == "10.1016/j.addbeh.2021.106945"
    assert "associated with" in after["association"]


async def test_a_plan_is_carried_to_another_program_with_its_words(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)
    goal = (await clinic.peer.get(path)).json()["goals"][0]
    done = {"words": "called", "done_by": "peer", "status": "done", "done_on": "2026-02-01"}
    await clinic.peer.created(f"{path}/goals/{goal['id']}/tasks", {"words": "ring back"})
    await clinic.peer.put(f"{path}/goals/{goal['id']}/tasks/{goal['tasks'][0]['id']}", done, version=2)
    episode_id = (await clinic.peer.get(path)).json()["episode_id"]
    program_id = await clinic.administrator.created(
        "/api/workforce/v1/programs", {"name": "Second", "opened_on": "2025-01-01"}
    )
    await clinic.platform.eventually("select count(*) from intake.program where id = :id", 1, id=program_id)

    body = {"program_id": str(program_id), "on": "2026-03-01", "reason": "needs_changed", "carry_plan": True}
    moved = await clinic.administrator.post(f"{INTAKE}/episodes/{episode_id}/transfers", body)
    carried = (await clinic.administrator.get(f"{INTAKE}/plans/{moved.json().get('plan_id')}")).json()

    assert moved.status_code == 201, moved.text
    assert (carried["strengths"], carried["agreed_at"]) == (PLAN["strengths"], PLAN["agreed_at"])
    assert [(one["words"], one["measure"]) for one in carried["goals"]] == [(GOAL["words"], GOAL["measure"])]
    assert [one["words"] for one in carried["goals"][0]["tasks"]] == ["ring back"]


async def test_an_imported_plan_brings_tasks_strengths_and_agreement(clinic: Any) -> None:
    row = {
        "external_id": uuid4().hex,
        "name": "Ines",
        "enrolled_at": "2025-01-05T16:00:00Z",
        "episode": {
            "program_id": str(clinic.program_id),
            "opened_on": "2025-01-05",
            "closed_on": "2025-06-01",
            "reason": "completed",
        },
        "plan": PLAN | {"agreed_at": "2025-01-10T16:00:00Z", "goals": [GOAL | {"active_from": "2025-01-10"}]},
    }

    answer = await clinic.administrator.post(f"{INTAKE}/imports", {"source_system": "old", "participants": [row]})
    path = f"{INTAKE}/plans/{answer.json()['participants'][0]['plan_id']}"
    shown = (await clinic.supervisor.get(path)).json()
    agreements = (await clinic.supervisor.get(f"{path}/agreements")).json()["items"]
    before = (await clinic.supervisor.get(f"{path}/versions/1")).json()

    assert (shown["version"], shown["in_force_to"], before["in_force_to"]) == (2, "2025-06-01", None)
    assert (len(shown["goals"][0]["tasks"]), shown["strengths"]) == (1, PLAN["strengths"])
    assert [(one["plan_version"], one["agreed_at"]) for one in agreements] == [(1, "2025-01-10T16:00:00Z")]


async def test_two_changes_of_one_version_cannot_both_stand(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)

    answers = await asyncio.gather(
        *(clinic.peer.put(path, {"strengths": [f"s{place}"]}, version=1) for place in range(4))
    )

    assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]
    assert len((await clinic.peer.get(f"{path}/versions")).json()["items"]) == 1


async def test_a_goal_holds_fifty_tasks_and_no_more(clinic: Any) -> None:
    _, path, written = await agreed(clinic, goals=[GOAL | {"tasks": [{"words": "x"}] * 50}])

    more = await clinic.peer.post(f"{path}/goals/{written['goal_ids'][0]}/tasks", {"words": "y"})

    assert (more.status_code, more.json()["type"]) == (409, "/problems/too-many-tasks")


async def test_what_has_ended_is_not_changed(clinic: Any) -> None:
    _, path, written = await agreed(clinic)
    goal = f"{path}/goals/{written['goal_ids'][0]}"
    await clinic.peer.put(goal, {"active_to": "2026-03-01"}, version=1)
    ended_goal = await clinic.peer.post(f"{goal}/tasks", {"words": "x"})
    episode_id = (await clinic.peer.get(path)).json()["episode_id"]
    await clinic.peer.created(f"{INTAKE}/plans", PLAN | {"episode_id": episode_id, "agreed_at": "2026-03-02T16:00:00Z"})
    before = await counted(clinic)

    answers = [
        await clinic.peer.put(path, {"strengths": ["x"]}, version=3),
        await clinic.peer.post(f"{goal}/tasks", {"words": "x"}),
        await clinic.peer.post(f"{goal}/progress", PROGRESS),
        await clinic.peer.put(f"{goal}/words", {"dimension": "home", "stated_by": "staff", "words": "x"}, version=3),
    ]
    late = await clinic.peer.post(f"{path}/reviews", {"with_participant": True})

    assert (ended_goal.status_code, ended_goal.json()["type"]) == (409, "/problems/goal-ended")
    assert {(one.status_code, one.json()["type"]) for one in answers} == {(409, "/problems/plan-not-in-force")}
    assert (late.status_code, late.json()["type"]) == (422, "/problems/not-in-force-then")
    assert await counted(clinic) == before


BAD: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("post", "plans", PLAN | {"goals": [GOAL | {"other_dimensions": ["home"]}]}, 422, INVALID),
    ("post", "plans", PLAN | {"goals": [GOAL | {"other_dimensions": ["purpose", "purpose"]}]}, 422, INVALID),
    ("post", "plans", PLAN | {"goals": [GOAL | {"by_when": "2026-01-09"}]}, 422, "/problems/ends-before-it-starts"),
    ("post", "plans", PLAN | {"goals": [GOAL | {"tasks": [{"words": "x"}] * 51}]}, 422, INVALID),
    ("post", "plans", PLAN | {"goals": [GOAL | {"tasks": [{"words": "x" * 1001}]}]}, 422, INVALID),
    ("post", "plans", PLAN | {"strengths": [" "]}, 422, INVALID),
    ("post", "plans", PLAN | {"strengths": ["x"] * 51}, 422, INVALID),
    ("post", "plans", PLAN | {"agreement": {"method": "signature", "signer": "x"}}, 422, INVALID),
    ("post", "plans", PLAN | {"agreement": SIGNATURE | {"evidence_sha256": "AB" * 32}}, 422, INVALID),
    ("post", "plans", PLAN | {"agreement": {"method": "nod"}}, 422, INVALID),
    (
        "post",
        "plans",
        PLAN | {"agreement": SIGNATURE | {"agreed_at": "2990-01-01T00:00:00Z"}},
        422,
        "/problems/in-the-future",
    ),
    ("put", "{plan}", {"declined_dimensions": ["spirit"]}, 422, INVALID),
    ("put", "{goal}/words", {"dimension": "home", "stated_by": "staff"}, 422, INVALID),
    (
        "put",
        "{goal}/words",
        {"dimension": "home", "stated_by": "staff", "words": "x", "by_when": "2025-01-01"},
        422,
        "/problems/ends-before-it-starts",
    ),
    ("put", "{task}", {"words": "x", "status": "done"}, 422, INVALID),
    ("put", "{task}", {"words": "x", "status": "open", "done_on": "2026-01-11"}, 422, INVALID),
    ("put", "{task}", {"words": "x", "status": "done", "done_on": "2990-01-11"}, 422, "/problems/in-the-future"),
    ("put", "{goal}/tasks/" + str(UUID(int=1)), {"words": "x", "status": "open"}, 404, "/problems/not-found"),
    ("post", "{goal}/progress", PROGRESS | {"standing": "won"}, 422, INVALID),
    ("post", "{goal}/progress", PROGRESS | {"on": "2990-01-01"}, 422, "/problems/in-the-future"),
    ("post", "{goal}/progress", PROGRESS | {"on": "2026-01-09"}, 422, "/problems/before-the-goal"),
    ("post", "{plan}/goals/" + str(UUID(int=1)) + "/progress", PROGRESS, 404, "/problems/not-found"),
    ("post", "{plan}/goals/" + str(UUID(int=1)) + "/tasks", {"words": "x"}, 404, "/problems/not-found"),
    ("post", "{plan}/reviews", {}, 422, INVALID),
    ("post", "{plan}/reviews", REVIEW | {"reviewed_at": "2990-01-01T00:00:00Z"}, 422, "/problems/in-the-future"),
    ("post", "{plan}/reviews", REVIEW | {"reviewed_at": "2026-01-09T16:00:00Z"}, 422, "/problems/not-in-force-then"),
    ("post", "{plan}/reviews", REVIEW | {"next_review_on": "2026-02-10"}, 422, "/problems/next-not-later"),
    ("post", "{plan}/agreements", {"agreement": SAID_YES}, 422, INVALID),
    ("post", "{plan}/agreements", {"plan_version": 1, "agreement": SAID_YES | {"signer": "x"}}, 422, INVALID),
    ("post", "{plan}/invitations", INVITATION | {"kind": "PUB"}, 422, INVALID),
    ("post", "{plan}/invitations", INVITATION | {"place": "church"}, 422, INVALID),
    ("post", "{plan}/invitations", INVITATION | {"invited_on": "2990-01-01"}, 422, "/problems/in-the-future"),
    ("post", "{plan}/invitations", INVITATION | {"how": "went_together", "went": False}, 422, INVALID),
]


@pytest.mark.parametrize(("verb", "path", "body", "status", "kind"), BAD)
async def test_bad_input_leaves_nothing_behind(
    clinic: Any, verb: str, path: str, body: dict[str, Any], status: int, kind: str
) -> None:
    _, plan, written = await agreed(clinic)
    shown = (await clinic.peer.get(plan)).json()
    goal = f"{plan}/goals/{written['goal_ids'][0]}"
    task = f"{goal}/tasks/{shown['goals'][0]['tasks'][0]['id']}"
    if path == "plans":
        path, body = f"{INTAKE}/plans", body | {"episode_id": shown["episode_id"]}
    before, refusals = await counted(clinic), await clinic.refusals()

    full = path.format(plan=plan, goal=goal, task=task)
    answer = await (clinic.peer.post(full, body) if verb == "post" else clinic.peer.put(full, body, version=1))

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert (await counted(clinic), await clinic.refusals()) == (before, refusals + 1)


async def test_somebody_elses_plan_is_not_there(clinic: Any, stranger: Any) -> None:
    participant_id, path, written = await agreed(clinic)
    shown = (await clinic.peer.get(path)).json()
    goal = f"{path}/goals/{written['goal_ids'][0]}"
    task = f"{goal}/tasks/{shown['goals'][0]['tasks'][0]['id']}"
    invitation_id = await clinic.peer.created(f"{path}/invitations", INVITATION)
    invitation = f"{INTAKE}/invitations/{invitation_id}/outcome"
    words = {"dimension": "home", "stated_by": "staff", "words": "x"}
    before = await counted(clinic)

    for other in (clinic.other_peer, stranger):
        answers = [
            *[await other.get(one) for one in (path, f"{path}/versions", f"{path}/versions/1", f"{path}/standing")],
            *[await other.get(f"{path}/{one}") for one in ("reviews", "agreements", "invitations")],
            await other.get(f"{goal}/progress"),
            await other.get(f"{INTAKE}/participants/{participant_id}/predictors"),
            await other.put(path, {"strengths": ["x"]}, version=1),
            await other.put(f"{goal}/words", words, version=1),
            await other.post(f"{goal}/tasks", {"words": "x"}),
            await other.put(task, {"words": "x", "status": "open"}, version=1),
            await other.post(f"{goal}/progress", PROGRESS),
            await other.post(f"{path}/reviews", REVIEW),
            await other.post(f"{path}/agreements", {"plan_version": 1, "agreement": SAID_YES}),
            await other.post(f"{path}/invitations", INVITATION),
            await other.put(invitation, {"went": True}, version=1),
        ]
        assert [one.status_code for one in answers] == [404] * len(answers)
    assert await counted(clinic) == before


async def test_a_privacy_officer_reads_plans_and_changes_none(clinic: Any) -> None:
    _, path, _ = await agreed(clinic)

    read = await clinic.privacy_officer.get(path)
    written = [
        await clinic.privacy_officer.put(path, {"strengths": ["x"]}, version=1),
        await clinic.privacy_officer.post(f"{path}/reviews", REVIEW),
        await clinic.privacy_officer.post(f"{path}/invitations", INVITATION),
    ]

    assert (read.status_code, [one.status_code for one in written]) == (200, [403, 403, 403])
