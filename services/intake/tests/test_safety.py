"""Safety concerns: opened with the answer that raised them, taken on step by step, closed by somebody else."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from common.contracts.codes import SafetyStatus
from handrail.testing import add_staff
from intake.rules.safety import TRANSITIONS, SafetyStep, next_status, possible_steps

INTAKE = "/api/intake/v1"
CONCERNS = f"{INTAKE}/safety-concerns"
INVALID = "/problems/invalid-request"
DO_NOW = ["stay_with_the_person", "call_on_call_supervisor", "offer_988"]
CALM = {f"q{place}": 0 for place in range(1, 10)}
CANARY = "canary-words about a bridge"
ORDER = ["open", "notified", "acknowledged", "in_contact", "handed_off", "closed"]
STEPS: list[tuple[str, dict[str, Any]]] = [
    ("notification", {"informed": "on_call_supervisor"}),
    ("acknowledgement", {}),
    ("contact", {"way": "in_person"}),
    ("offer-988", {"accepted": True}),
    ("hand-off", {"to": "mobile_crisis"}),
    ("closure", {"review": "Looked at together with the team."}),
]


# The rules

FORBIDDEN = [
    ("open", "hand_off"), ("open", "closure"), ("notified", "hand_off"), ("notified", "closure"),
    ("acknowledged", "acknowledgement"), ("acknowledged", "closure"), ("in_contact", "acknowledgement"),
    ("in_contact", "closure"), ("handed_off", "acknowledgement"),
    *(("closed", step.value) for step in SafetyStep),
]  # fmt: skip


def test_these_steps_and_no_others_are_forbidden() -> None:
    refused = [
        (status.value, step.value)
        for status in SafetyStatus
        for step in SafetyStep
        if next_status(status, step, contacted=False) is None
    ]
    assert sorted(refused) == sorted(FORBIDDEN)


def test_a_concern_goes_from_opened_to_closed_and_reviewed() -> None:
    status, seen = SafetyStatus.OPEN, ["open"]
    for step in SafetyStep:
        after = next_status(status, step, contacted=False)
        assert after is not None
        status = after
        seen.append(status.value)

    assert seen == ["open", "notified", "acknowledged", "in_contact", "in_contact", "handed_off", "closed"]


@pytest.mark.parametrize("status", [SafetyStatus.OPEN, SafetyStatus.NOTIFIED])
def test_contact_before_anybody_took_it_on_still_calls_for_somebody(status: SafetyStatus) -> None:
    assert next_status(status, SafetyStep.CONTACT, contacted=False) is status
    assert next_status(status, SafetyStep.ACKNOWLEDGEMENT, contacted=True) is SafetyStatus.IN_CONTACT


def test_somebody_who_cannot_be_reached_may_be_handed_off() -> None:
    assert next_status(SafetyStatus.ACKNOWLEDGED, SafetyStep.HAND_OFF, contacted=False) is SafetyStatus.HANDED_OFF


class Concern(RuleBasedStateMachine):
    """A concern that anybody tries any step on."""

    def __init__(self) -> None:
        super().__init__()
        self.status = SafetyStatus.OPEN
        self.taken: list[SafetyStep] = []

    @rule(step=st.sampled_from(SafetyStep))
    def take(self, step: SafetyStep) -> None:
        contacted = SafetyStep.CONTACT in self.taken
        after = next_status(self.status, step, contacted=contacted)
        assert (after is not None) == (step in possible_steps(self.status))
        assert (self.status.value, step.value) not in FORBIDDEN or after is None
        if after is not None:
            assert ORDER.index(after) >= ORDER.index(self.status), "a concern never goes back"
            self.status = after
            self.taken.append(step)

    @invariant()
    def nothing_is_skipped_that_must_have_been(self) -> None:
        place = ORDER.index(self.status)
        assert place < ORDER.index("acknowledged") or SafetyStep.ACKNOWLEDGEMENT in self.taken
        assert self.status is not SafetyStatus.IN_CONTACT or SafetyStep.CONTACT in self.taken
        assert place < ORDER.index("handed_off") or SafetyStep.HAND_OFF in self.taken
        assert self.status is not SafetyStatus.CLOSED or self.taken[-1] is SafetyStep.CLOSURE


TestAnySequenceOfSteps = Concern.TestCase


@given(st.lists(st.sampled_from(SafetyStep), max_size=30))
def test_nobody_closes_what_was_not_taken_on_and_handed_off(steps: list[SafetyStep]) -> None:
    status, taken = SafetyStatus.OPEN, list[SafetyStep]()
    for step in steps:
        after = next_status(status, step, contacted=SafetyStep.CONTACT in taken)
        status, taken = (status, taken) if after is None else (after, [*taken, step])

    assert status is not SafetyStatus.CLOSED or {SafetyStep.ACKNOWLEDGEMENT, SafetyStep.HAND_OFF} <= set(taken)


def test_every_state_but_closed_has_a_way_on() -> None:
    for status in SafetyStatus:
        ways = {after for (start, _), after in TRANSITIONS.items() if start is status} - {status}
        assert bool(ways) is (status is not SafetyStatus.CLOSED)


# Opened with an answer


async def answered(clinic: Any, episode_id: UUID, instrument: str, items: dict[str, int]) -> dict[str, Any]:
    body = {"episode_id": str(episode_id), "instrument": instrument, "items": items}
    made = await clinic.peer.post(f"{INTAKE}/answers", body | {"collected_on": "2026-01-05", "given_by": "interview"})
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def concern(caller: Any, concern_id: str) -> dict[str, Any]:
    found = await caller.get(f"{CONCERNS}/{concern_id}")
    assert found.status_code == 200, found.text
    read: dict[str, Any] = found.json()
    return read


@pytest.mark.parametrize(
    ("instrument", "items", "outcome", "level"),
    [
        ("phq-9", CALM | {"q9": 1}, "completed", None),
        ("phq-9", CALM | {"q9": 3}, "completed", None),
        ("phq-9", {"q9": 1}, "incomplete", None),
        ("c-ssrs-screener", {"q1": 1, "q2": 0, "q6": 0}, "completed", "low"),
        ("c-ssrs-screener", {"q1": 0, "q2": 0, "q6": 1, "q6_recent": 0}, "completed", "moderate"),
        ("c-ssrs-screener", {"q1": 0, "q2": 0, "q6": 1, "q6_recent": 1}, "completed", "high"),
        ("c-ssrs-screener", {"q6": 1}, "incomplete", None),
        ("c-ssrs-screener", {"q4": 1}, "incomplete", "high"),
    ],
)
async def test_a_danger_said_opens_a_concern_with_the_answer(
    clinic: Any, instrument: str, items: dict[str, int], outcome: str, level: str | None
) -> None:
    participant_id, episode_id = await clinic.assigned()

    made = await answered(clinic, episode_id, instrument, items)
    read = await concern(clinic.peer, made["safety"]["concern_id"])
    shown = (await clinic.peer.get(f"{INTAKE}/answers/{made['id']}")).json()

    assert (made["outcome"], made["safety"]["do_now"]) == (outcome, DO_NOW)
    assert (read["participant_id"], read["episode_id"]) == (str(participant_id), str(episode_id))
    assert (read["answer_id"], read["source"], read["status"]) == (made["id"], "instrument", "open")
    assert (read["level"], read["opened_by"]) == (level, str(clinic.peer.staff_id))
    assert shown["safety"]["concern_id"] == read["id"]
    assert all("988" in shown["safety"]["say"][language] for language in ("en", "es"))
    assert "911" in read["say"]["en"]


@pytest.mark.parametrize(
    ("instrument", "items"),
    [
        ("phq-9", CALM),
        ("phq-9", {f"q{place}": 3 for place in range(1, 9)} | {"q9": 0}),
        ("phq-2", {"q1": 3, "q2": 3}),
        ("gad-7", {f"q{place}": 3 for place in range(1, 8)}),
        ("c-ssrs-screener", {"q1": 0, "q2": 0, "q6": 0}),
    ],
)
async def test_no_concern_where_nothing_was_said(clinic: Any, instrument: str, items: dict[str, int]) -> None:
    _, episode_id = await clinic.assigned()

    assert (await answered(clinic, episode_id, instrument, items))["safety"] is None


async def test_the_phq_9_then_suggests_the_screener_and_the_screener_shows_its_own_triage(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()

    said = await answered(clinic, episode_id, "phq-9", CALM | {"q9": 1})
    screened = await answered(clinic, episode_id, "c-ssrs-screener", {"q1": 1, "q2": 0, "q6": 0})
    first = (await clinic.peer.get(f"{INTAKE}/answers/{said['id']}")).json()
    second = (await clinic.peer.get(f"{INTAKE}/answers/{screened['id']}")).json()

    assert (first["suggests"], first["triage"]) == (["c-ssrs-screener"], None)
    assert (second["triage"], second["scores"]) == ({"level": "low", "protocol": "C-SSRS Screener"}, {})


async def test_a_lower_answer_later_takes_nothing_back(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()

    first = await answered(clinic, episode_id, "phq-9", CALM | {"q9": 2})
    second = await answered(clinic, episode_id, "phq-9", CALM)

    assert second["safety"] is None
    assert (await concern(clinic.peer, first["safety"]["concern_id"]))["status"] == "open"


async def test_a_repeat_of_the_same_answer_opens_no_second_concern(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    key = str(uuid4())
    body = {"episode_id": str(episode_id), "instrument": "phq-9", "items": CALM | {"q9": 1}}
    body |= {"collected_on": "2026-01-05", "given_by": "self"}

    made = [await clinic.peer.post(f"{INTAKE}/answers", body, key=key) for _ in range(2)]

    count = "select count(*) from intake.safety_concern where answer_id = :i"
    assert made[0].content == made[1].content
    assert await clinic.platform.value(count, i=UUID(made[0].json()["id"])) == 1


async def test_nothing_of_what_was_said_leaves_intake(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()

    made = await answered(clinic, episode_id, "c-ssrs-screener", {"q4": 1, "q6": 1, "q6_recent": 1})
    (opened,) = await clinic.events(UUID(made["safety"]["concern_id"]))
    (told,) = await clinic.events(UUID(made["id"]))

    facts = json.loads(opened["payload"])["data"]
    assert (opened["type"], opened["aggregate_seq"]) == ("handrail.intake.safety-concern-opened.v1", 1)
    assert facts["status"] == "open"
    assert "high" not in opened["payload"] + told["payload"]
    assert "suicid" not in opened["payload"] + told["payload"]
    assert json.loads(told["payload"])["data"]["scores"] == {}


# Opened by hand


async def opened(clinic: Any, by: Any = None, **more: Any) -> str:
    participant_id, _ = await clinic.assigned()
    body = {"participant_id": str(participant_id), "source": "disclosed", "note": CANARY} | more
    made = await (by or clinic.peer).post(CONCERNS, body)
    assert made.status_code == 201, made.text
    safety = made.json()["safety"]
    assert (safety["concern_id"], safety["do_now"], safety["on_call"]) == (made.json()["id"], DO_NOW, 0)
    assert set(safety["say"]) == {"en", "es"}
    return str(made.json()["id"])


@pytest.mark.parametrize("source", ["instrument", "overdose_report", "crisis", "disclosed", "other"])
async def test_a_concern_is_opened_by_hand_and_its_words_are_sealed(clinic: Any, source: str) -> None:
    concern_id = await opened(clinic, source=source)

    read = await concern(clinic.supervisor, concern_id)
    (row,) = await clinic.platform.fetch("select * from intake.safety_concern where id = :i", i=UUID(concern_id))

    assert (read["source"], read["note"], read["answer_id"], read["status"]) == (source, CANARY, None, "open")
    assert (read["do_now"], read["minutes_open"]) == (DO_NOW, 0)
    assert CANARY.encode() not in bytes(row["note"])


async def test_a_concern_about_a_merged_record_is_opened_on_the_one_that_goes_on(clinic: Any) -> None:
    participant_id, survivor_id = (await clinic.assigned())[0], (await clinic.assigned())[0]
    async with clinic.platform.admin.begin() as connection:
        await connection.exec_driver_sql(
            f"update intake.participant set merged_into = '{survivor_id}' where id = '{participant_id}'"
        )

    made = await clinic.peer.post(CONCERNS, {"participant_id": str(participant_id), "source": "crisis"})

    assert (await concern(clinic.peer, made.json()["id"]))["participant_id"] == str(survivor_id)


@pytest.mark.parametrize(
    ("wrong", "status", "kind"),
    [
        ({"source": "gossip"}, 422, INVALID),
        ({"note": " "}, 422, INVALID),
        ({"note": "x" * 8001}, 422, INVALID),
        ({"level": "high"}, 422, INVALID),
        ({"participant_id": str(uuid4())}, 404, "/problems/not-found"),
        ({"episode_id": str(uuid4())}, 404, "/problems/not-found"),
    ],
)
async def test_a_bad_concern_leaves_nothing_but_its_audit_entry(
    clinic: Any, wrong: dict[str, Any], status: int, kind: str
) -> None:
    participant_id, _ = await clinic.assigned()
    before, audited = await kept(clinic), await clinic.refusals()

    refused = await clinic.peer.post(CONCERNS, {"participant_id": str(participant_id), "source": "crisis"} | wrong)

    assert (refused.status_code, refused.json()["type"]) == (status, kind), refused.text
    assert (await kept(clinic), await clinic.refusals()) == (before, audited + 1)


async def test_a_concern_does_not_name_somebody_elses_episode(clinic: Any) -> None:
    (participant_id, _), (_, other_episode_id) = await clinic.assigned(), await clinic.assigned()
    body = {"participant_id": str(participant_id), "source": "crisis", "episode_id": str(other_episode_id)}

    refused = await clinic.peer.post(CONCERNS, body)

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/not-their-episode")


async def kept(clinic: Any) -> list[int]:
    counts = [
        clinic.platform.value(
            f"select count(*) from intake.{table} where agency_id = :a", a=clinic.administrator.agency_id
        )
        for table in ("safety_concern", "safety_action")
    ]
    return [*await asyncio.gather(*counts), await clinic.told()]


# Step by step


async def take(caller: Any, concern_id: str, place: int, version: int, **more: Any) -> Any:
    path, body = STEPS[place]
    return await caller.put(f"{CONCERNS}/{concern_id}/{path}", body | more, version)


async def test_every_step_is_kept_with_its_time_and_who_took_it(clinic: Any) -> None:
    concern_id = await opened(clinic)
    took = [clinic.peer, clinic.supervisor, clinic.peer, clinic.peer, clinic.supervisor, clinic.administrator]

    made = [await take(caller, concern_id, place, place + 1) for place, caller in enumerate(took)]
    read = await concern(clinic.supervisor, concern_id)

    assert [one.status_code for one in made] == [200] * 6, [one.text for one in made]
    assert [one.json()["status"] for one in made] == [
        "notified", "acknowledged", "in_contact", "in_contact", "handed_off", "closed",
    ]  # fmt: skip
    assert [(one["step"], one["taken_by"]) for one in read["actions"]] == [
        (step.value, str(caller.staff_id)) for step, caller in zip(SafetyStep, took, strict=True)
    ]
    assert [one["how"] for one in read["actions"]] == [
        "on_call_supervisor",
        None,
        "in_person",
        None,
        "mobile_crisis",
        None,
    ]
    moments = ("notified_at", "acknowledged_at", "contacted_at", "offered_988_at", "handed_off_at", "closed_at")
    assert all(read[moment] for moment in moments)
    assert [read[moment] for moment in moments] == [one["at"] for one in read["actions"]]
    assert (read["actions"][3]["accepted"], read["actions"][5]["said"]) == (True, STEPS[5][1]["review"])
    assert (read["possible_steps"], read["do_now"], read["version"]) == ([], [], 7)


async def test_every_step_is_told_in_order_and_without_words(clinic: Any) -> None:
    concern_id = await opened(clinic)
    await take(clinic.peer, concern_id, 2, 1, note=CANARY)
    await take(clinic.supervisor, concern_id, 1, 2)

    events = await clinic.events(UUID(concern_id))

    assert [(event["type"].split(".")[2], event["aggregate_seq"]) for event in events] == [
        ("safety-concern-opened", 1), ("safety-concern-changed", 2), ("safety-concern-changed", 3),
    ]  # fmt: skip
    assert [json.loads(event["payload"])["data"]["status"] for event in events] == ["open", "open", "in_contact"]
    assert json.loads(events[1]["payload"])["data"]["contacted_at"]
    assert all("canary" not in event["payload"] for event in events)


@pytest.mark.parametrize("places", [(4,), (5,), (0, 4), (1, 1), (1, 5), (1, 2, 5), (1, 4, 1), (1, 4, 5, 2)])
async def test_a_step_that_may_not_follow_is_refused(clinic: Any, places: tuple[int, ...]) -> None:
    concern_id = await opened(clinic)
    for version, place in enumerate(places[:-1], 1):
        assert (await take(clinic.supervisor, concern_id, place, version)).status_code == 200
    before, audited = await kept(clinic), await clinic.refusals()

    refused = await take(clinic.supervisor, concern_id, places[-1], len(places))

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/step-not-possible")
    assert (await kept(clinic), await clinic.refusals()) == (before, audited + 1)


async def test_whoever_opened_it_does_not_close_it(clinic: Any) -> None:
    concern_id = await opened(clinic, by=clinic.supervisor)
    for version, place in enumerate((1, 2, 4), 1):
        assert (await take(clinic.supervisor, concern_id, place, version)).status_code == 200

    own = await take(clinic.supervisor, concern_id, 5, 4)
    other = await take(clinic.administrator, concern_id, 5, 4)

    assert (own.status_code, own.json()["type"]) == (403, "/problems/reviewed-by-another")
    assert (other.status_code, other.json()["status"]) == (200, "closed")


@pytest.mark.parametrize("place", [1, 5])
async def test_a_peer_neither_takes_a_concern_on_nor_closes_it(clinic: Any, place: int) -> None:
    concern_id = await opened(clinic)

    refused = await take(clinic.peer, concern_id, place, 1)

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")


async def test_two_people_do_not_take_the_same_step_unseen(clinic: Any) -> None:
    concern_id = await opened(clinic)

    both = await asyncio.gather(take(clinic.supervisor, concern_id, 1, 1), take(clinic.administrator, concern_id, 1, 1))

    assert sorted(one.status_code for one in both) == [200, 412]
    assert (await take(clinic.supervisor, concern_id, 1, 1)).json()["type"] == "/problems/stale-version"
    assert (await clinic.supervisor.put(f"{CONCERNS}/{concern_id}/contact", {"way": "phone"})).status_code == 428


async def test_what_was_done_before_it_was_noted_keeps_its_own_time(clinic: Any) -> None:
    concern_id = await opened(clinic)
    earlier = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()

    await take(clinic.peer, concern_id, 2, 1, at=earlier)
    await take(clinic.peer, concern_id, 2, 2)
    read = await concern(clinic.peer, concern_id)

    assert datetime.fromisoformat(read["contacted_at"]) == datetime.fromisoformat(earlier)
    assert len(read["actions"]) == 2


@pytest.mark.parametrize(
    ("place", "wrong", "status", "kind"),
    [
        (0, {"informed": "neighbour"}, 422, INVALID),
        (0, {"staff_id": str(uuid4())}, 422, "/problems/no-such-staff"),
        (2, {"way": "pigeon"}, 422, INVALID),
        (2, {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, 422, "/problems/in-the-future"),
        (2, {"at": (datetime.now(UTC) - timedelta(hours=25)).isoformat()}, 422, "/problems/before-the-concern"),
        (2, {"at": "2026-01-05T10:00:00"}, 422, INVALID),
        (3, {"accepted": "perhaps"}, 422, INVALID),
        (4, {"to": "nobody"}, 422, INVALID),
        (5, {"review": ""}, 422, INVALID),
        (1, {"note": "no words here"}, 422, INVALID),
    ],
)
async def test_a_bad_step_leaves_nothing_but_its_audit_entry(
    clinic: Any, place: int, wrong: dict[str, Any], status: int, kind: str
) -> None:
    concern_id = await opened(clinic)
    before, audited = await kept(clinic), await clinic.refusals()

    refused = await take(clinic.supervisor, concern_id, place, 1, **wrong)

    assert (refused.status_code, refused.json()["type"]) == (status, kind), refused.text
    assert (await kept(clinic), await clinic.refusals()) == (before, audited + 1)


# Who sees them


async def ids(caller: Any, **params: Any) -> list[str]:
    """Turn all pages of the list."""
    seen, following = list[str](), None
    while True:
        page = (await caller.get(CONCERNS, **params, **({"next": following} if following else {}))).json()
        seen += [one["id"] for one in page["items"]]
        following = page["next"]
        if following is None:
            return seen


async def test_supervisors_see_every_open_concern_and_a_peer_those_of_their_people(clinic: Any, stranger: Any) -> None:
    peer = await add_staff(clinic.administrator, "peer")
    await clinic.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=peer.staff_id)
    first, second = await opened(clinic), await opened(clinic)
    participant_id = (await concern(clinic.peer, second))["participant_id"]
    episode = "select id from intake.episode where participant_id = :p"
    await clinic.assign(participant_id, await clinic.platform.value(episode, p=UUID(participant_id)), peer)

    everything = await ids(clinic.supervisor, limit=2)

    assert everything.index(first) < everything.index(second), "the longest open comes first"
    assert everything == sorted(everything)
    assert await ids(peer) == [second]
    assert await ids(stranger) == []


async def test_what_is_closed_is_listed_apart(clinic: Any) -> None:
    concern_id = await opened(clinic)
    for version, place in enumerate((1, 2, 4, 5), 1):
        assert (await take(clinic.supervisor, concern_id, place, version)).status_code == 200

    assert concern_id not in await ids(clinic.supervisor)
    assert (await ids(clinic.supervisor, closed="true"))[0] == concern_id


async def test_somebody_elses_concern_is_out_of_reach(clinic: Any, stranger: Any, nobody: UUID) -> None:
    concern_id = await opened(clinic)
    participant_id = (await concern(clinic.peer, concern_id))["participant_id"]

    for caller in (clinic.other_peer, stranger):
        asked = [
            await caller.get(f"{CONCERNS}/{concern_id}"),
            await caller.get(f"{CONCERNS}/{nobody}"),
            await take(caller, concern_id, 2, 1),
            await caller.post(CONCERNS, {"participant_id": participant_id, "source": "crisis"}),
        ]
        assert [one.status_code for one in asked] == [404] * 4


async def test_reading_the_list_is_audited_with_whom_it_showed(clinic: Any) -> None:
    concern_id = await opened(clinic)
    participant_id = (await concern(clinic.peer, concern_id))["participant_id"]

    await clinic.supervisor.get(CONCERNS, limit=100)

    sql = (
        "select count(*) from (select detail, action from intake.audit union all "
        "select detail, action from intake.audit_pending) a "
        "where action = 'safety-concern.list' and detail->'seen' @> to_jsonb(cast(:p as text))"
    )
    assert await clinic.platform.value(sql, p=participant_id) >= 1
