"""What session-logging keeps of what it hears: the newest state, whatever the order and however often."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

from common.contracts import intake
from common.contracts.codes import Dimension, StatedBy


def plan(person: Any, plan_id: uuid.UUID, **changed: Any) -> intake.PlanFacts:
    goal = intake.GoalFacts(
        goal_id=person.goal_id, dimension=Dimension.HOME, stated_by=StatedBy.PARTICIPANT,
        active_from=date(2026, 1, 10), active_to=changed.pop("active_to", None),
    )  # fmt: skip
    values = {
        "plan_id": plan_id, "participant_id": person.participant_id, "episode_id": person.episode_id,
        "agreed_at": datetime(2026, 1, 10, tzinfo=UTC), "goals": [goal],
    }  # fmt: skip
    return intake.PlanFacts(**(values | changed))


async def test_an_older_fact_that_arrives_later_undoes_nothing(shared: Any) -> None:
    person = await shared.enrol()
    await shared.assign(person, shared.peer, valid_to=date(2026, 5, 31), seq=3)
    seq = "select seq from session_logging.assignment where id = :id"
    await shared.platform.eventually(seq, 3, id=person.assignment_id)

    await shared.assign(person, shared.peer, valid_to=date(2026, 4, 30), seq=2)
    await shared.enrol()  # heard after the late fact, so that one has been applied too

    valid_to = "select valid_to from session_logging.assignment where id = :id"
    assert await shared.platform.value(valid_to, id=person.assignment_id) == date(2026, 5, 31)


async def test_a_changed_plan_ends_its_goal_and_keeps_one_it_no_longer_lists(shared: Any) -> None:
    person, plan_id = await shared.enrol(), uuid.uuid4()
    await shared.tell(intake.PLAN_AGREED, plan(person, plan_id), about=plan_id)
    ended = plan(person, plan_id, active_to=date(2026, 6, 30))
    seq = "select seq from session_logging.plan where id = :id"
    await shared.tell(intake.PLAN_CHANGED, ended, about=plan_id, seq=2)
    await shared.platform.eventually(seq, 2, id=plan_id)

    await shared.tell(intake.PLAN_CHANGED, plan(person, plan_id, goals=[]), about=plan_id, seq=3)
    await shared.platform.eventually(seq, 3, id=plan_id)

    [goal] = await shared.platform.fetch("select * from session_logging.goal where plan_id = :id", id=plan_id)
    assert (goal["id"], goal["active_to"]) == (person.goal_id, date(2026, 6, 30))


async def test_a_closed_episode_keeps_its_last_day(shared: Any) -> None:
    person = await shared.enrol()
    closed = intake.EpisodeFacts(
        episode_id=person.episode_id, participant_id=person.participant_id, program_id=shared.program_id,
        opened_on=date(2026, 1, 5), closed_on=date(2026, 7, 1),
    )  # fmt: skip

    await shared.tell(intake.EPISODE_CLOSED, closed, about=person.episode_id, seq=2)

    closed_on = "select closed_on from session_logging.episode where id = :id"
    await shared.platform.eventually(closed_on, date(2026, 7, 1), id=person.episode_id)
