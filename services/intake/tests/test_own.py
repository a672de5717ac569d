"""A person's own view without an account: codes, their plan, what they say of themselves, and what becomes of it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from common.contracts.codes import Dimension
from intake.commands.participants import Identity, identity_of
from intake.rules.own import (
    ASKED,
    CODE_LETTERS,
    DIMENSIONS,
    DOERS,
    FIELDS,
    LETTERS,
    OWN_FIELDS,
    STANDINGS,
    STATUSES,
    Labels,
    OwnWords,
    code_letters,
    combined,
    grouped,
    typed_letters,
)
from intake.rules.people import AskedFor
from intake.rules.planning import GoalStanding, TaskDoer, TaskStatus

INTAKE = "/api/intake/v1"
INVALID = "/problems/invalid-request"
UNKNOWN = (404, "/problems/own-code-unknown")
CANARY = "canary-own"
ANSWERS = {
    "name": f"{CANARY} Maura O'Brien",
    "pronouns": "they/them",
    "phone": "+1 312 555 0188",
    "language": "es",
    "declined": ["birth_date"],
}
GOAL = {
    "dimension": "home",
    "stated_by": "participant",
    "words": f"{CANARY} a door of my own",
    "active_from": "2026-01-10",
    "tasks": [{"words": f"{CANARY} call", "done_by": "peer"}],
}
TABLES = ("own_code", "own_code_handle", "self_intake", "participant_change")


def test_letters_that_are_read_for_one_another_are_in_no_code() -> None:
    assert len(LETTERS) == len(set(LETTERS)) == 32
    assert not set("0O1I") & set(LETTERS)


def test_a_code_takes_sixty_bits_of_its_digest() -> None:
    assert code_letters(bytes(32)) == "A" * 12
    assert code_letters(b"\xff" * 32) == "9" * 12
    assert code_letters(b"\x08" + bytes(31)) == "B" + "A" * 11
    assert code_letters(bytes(7) + b"\x10" + bytes(24)) == "A" * 11 + "B"


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["", "-", " "]), st.booleans())
def test_a_code_is_read_however_it_is_typed(digest: bytes, between: str, lower: bool) -> None:
    letters = code_letters(digest)
    typed = f" {grouped(letters).replace('-', between)} "

    assert len(letters) == CODE_LETTERS
    assert typed_letters(typed.lower() if lower else typed) == letters


@pytest.mark.parametrize(
    "typed", ["", "ABCD-EFGH-JKL", "ABCD-EFGH-JKLMN", "ABCD-EFGH-JKL0", "ÄBCD-EFGH-JKLM", "\u0000" * 12]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert typed_letters(typed) is None


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        (DIMENSIONS, Dimension),
        (STANDINGS, GoalStanding),
        (STATUSES, TaskStatus),
        (DOERS, TaskDoer),
        (ASKED, AskedFor),
        (FIELDS, OWN_FIELDS),
    ],
)
def test_every_code_has_words_in_both_languages(labels: Labels, codes: Any) -> None:
    assert set(labels) == set(codes)
    assert all(english and spanish for english, spanish in labels.values())


@pytest.mark.parametrize(
    ("known", "said", "after"),
    [
        ({"name": "Ana"}, OwnWords({"phone": "1"}), {"name": "Ana", "phone": "1"}),
        ({"name": "Ana", "phone": "1"}, OwnWords({}, ["phone"]), {"name": "Ana"}),
        ({"name": "Ana"}, OwnWords({}, (), ["birth_date"]), {"name": "Ana", "declined": ["birth_date"]}),
        ({"name": "Ana", "phone": "1"}, OwnWords({}, (), ["contact"]), {"name": "Ana", "phone": "1"}),
        ({"name": "Ana", "phone": "1"}, OwnWords({}, ["phone"], ["contact"]), {"name": "Ana", "declined": ["contact"]}),
        ({"name": "Ana", "declined": ["contact"]}, OwnWords({"phone": "1"}), {"name": "Ana", "phone": "1"}),
        ({"anonymous": True, "sex": "unknown"}, OwnWords({"alias": "Jo"}), {"alias": "Jo", "sex": "unknown"}),
        ({"anonymous": True}, OwnWords({"pronouns": "she"}), {"anonymous": True, "pronouns": "she"}),
        ({"name": "Ana", "external_id": "x"}, OwnWords({}), {"name": "Ana", "external_id": "x"}),
    ],
)
def test_what_a_person_says_joins_what_is_known(known: dict[str, Any], said: OwnWords, after: dict[str, Any]) -> None:
    assert combined(known, said) == after


VALUES = {
    "alias": "Jo",
    "pronouns": "they",
    "birth_date": "1990-02-28",
    "phone": "1",
    "address": "Main St",
    "language": "es",
}
SOME = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none()).map(
    lambda some: {name: VALUES[name] for name in some}
)


@given(SOME, SOME, st.sets(st.sampled_from(sorted(VALUES))), st.sets(st.sampled_from(AskedFor)), st.booleans())
def test_what_is_known_stands_together_after_anything_said(
    known: dict[str, Any], given_: dict[str, Any], removed: set[str], declined: set[AskedFor], declined_before: bool
) -> None:
    before = {"name": "Ana"} | known | ({"declined": ["access_needs"]} if declined_before else {})

    after = combined(before, OwnWords(given_, sorted(removed - given_.keys()), sorted(declined)))

    assert isinstance(identity_of(after), Identity)
    assert combined(after, OwnWords()) == after


async def made(clinic: Any, participant_id: UUID, purpose: str = "intake", **wish: Any) -> tuple[str, str]:
    """Return a code's id and the code, as its maker hands it over."""
    path = f"{INTAKE}/participants/{participant_id}/own-codes"
    answer = await clinic.peer.post(path, {"purpose": purpose} | wish)
    assert answer.status_code == 201, answer.text
    shown = await clinic.peer.get(f"{INTAKE}/own-codes/{answer.json()['id']}/code")
    return answer.json()["id"], shown.json()["code"]


async def ask(clinic: Any, path: str, **body: Any) -> Any:
    """POST without a token, as somebody who has nothing but a code."""
    return await clinic.peer.http.post(f"{INTAKE}/own/{path}", json=body)


async def sent(clinic: Any, participant_id: UUID, **answers: Any) -> dict[str, Any]:
    """Return what waits after the person sent their answers."""
    _, code = await made(clinic, participant_id)
    answer = await ask(clinic, "intake", code=code, answers=answers or ANSWERS)
    assert answer.status_code == 201, answer.text
    listed = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/self-intakes")).json()
    waiting: dict[str, Any] = listed["items"][0]
    return waiting


async def counted(clinic: Any) -> dict[str, int]:
    counts: dict[str, int] = await clinic.rows()
    return counts | {table: await clinic.platform.value(f"select count(*) from intake.{table}") for table in TABLES}


async def audited(clinic: Any, action: str, subject_id: UUID) -> list[Any]:
    sql = (
        "select * from (select agency_id, action, subject_id, actor_id, detail from intake.audit union all "
        "select agency_id, action, subject_id, actor_id, detail from intake.audit_pending) a "
        "where agency_id = :agency and action = :action and subject_id = :subject"
    )
    found: list[Any] = await clinic.platform.fetch(
        sql, agency=clinic.administrator.agency_id, action=action, subject=subject_id
    )
    return found


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def test_a_code_is_shown_to_its_maker_and_stored_nowhere(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    own_code_id, code = await made(clinic, participant_id, valid_hours=72)

    again = (await clinic.peer.get(f"{INTAKE}/own-codes/{own_code_id}/code")).json()
    supervisor = await clinic.supervisor.get(f"{INTAKE}/own-codes/{own_code_id}/code")
    listed = (await clinic.supervisor.get(f"{INTAKE}/participants/{participant_id}/own-codes")).json()
    stored = [
        row["row"]
        for table in (*TABLES, "idempotency", "audit", "audit_pending", "outbox", "ledger")
        for row in await clinic.platform.fetch(f"select t::text as row from intake.{table} t")
    ]

    letters = code.replace("-", "")
    assert (again["code"], len(letters)) == (code, 12)
    assert supervisor.status_code == 404
    assert [(one["id"], one["good"], one["used_at"]) for one in listed["items"]] == [(own_code_id, True, None)]
    assert not [row for row in stored if letters in row or code in row or letters.encode().hex() in row]


async def test_a_person_reads_their_plan_in_their_words_and_language(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    plan = {"episode_id": str(episode_id), "agreed_at": "2026-01-10T16:00:00Z", "goals": [GOAL]}
    plan |= {"strengths": [f"{CANARY} patient"], "declined_dimensions": ["purpose"]}
    written = (await clinic.peer.post(f"{INTAKE}/plans", plan)).json()
    goal = f"{INTAKE}/plans/{written['id']}/goals/{written['goal_ids'][0]}"
    await clinic.peer.created(f"{goal}/progress", {"on": "2026-02-01", "standing": "nearly", "said_by": "participant"})
    own_code_id, code = await made(clinic, participant_id, "plan", language="es")

    first = await ask(clinic, "plan", code=code)
    second = await ask(clinic, "plan", code=code.lower().replace("-", ""))

    assert (first.status_code, second.json()) == (200, first.json())
    (shown,) = first.json()["plans"]
    assert (first.json()["language"], shown["agreed_on"], shown["strengths"]) == ("es", "2026-01-10", plan["strengths"])
    assert shown["declined"] == [{"code": "purpose", "label": "Propósito"}]
    (one,) = shown["goals"]
    assert (one["words"], one["dimension"]["label"], one["standing"]["label"]) == (
        GOAL["words"],
        "Hogar",
        "Casi lograda",
    )
    assert one["tasks"][0]["done_by"]["label"] == "Su especialista de apoyo entre pares"
    assert str(clinic.peer.staff_id) not in first.text
    entries = await audited(clinic, "own-plan.read", participant_id)
    assert [(entry["actor_id"], entry["detail"]["own_code_id"]) for entry in entries] == [(None, own_code_id)] * 2


async def test_a_plan_that_has_ended_is_shown_no_more(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    plan = {"episode_id": str(episode_id), "agreed_at": "2026-01-10T16:00:00Z", "goals": [GOAL]}
    await clinic.peer.created(f"{INTAKE}/plans", plan)
    _, code = await made(clinic, participant_id, "plan")
    notice = {"version": "npp-1", "language": "en", "channel": "paper"}
    await clinic.peer.created(f"{INTAKE}/participants/{participant_id}/notices", notice)
    closure = {"closed_on": "2026-02-01", "reason": "completed"}
    await clinic.administrator.put(f"{INTAKE}/episodes/{episode_id}/closure", closure, version=1)

    answer = await ask(clinic, "plan", code=code)

    assert (answer.status_code, answer.json()["plans"]) == (200, [])


async def test_a_person_sees_what_is_known_and_may_leave_out_anything(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    _, code = await made(clinic, participant_id)

    form = (await ask(clinic, "intake-form", code=code)).json()

    values = {one["field"]: one["value"] for one in form["fields"]}
    assert (values["name"], values["phone"]) == ("Maura Canary-O'Brien", None)
    assert set(values) == {str(name) for name in OWN_FIELDS}
    assert {one["code"] for one in form["may_decline"]} == set(AskedFor)
    assert "sex" not in values
    assert len(await audited(clinic, "own-form.read", participant_id)) == 1


async def test_what_a_person_says_waits_and_changes_nothing(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    before = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).json()

    waiting = await sent(clinic, participant_id)
    queue = (await clinic.peer.get(f"{INTAKE}/self-intakes", limit=100)).json()["items"]
    after = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).json()

    assert (waiting["status"], waiting["declined"], waiting["version"]) == ("waiting", ["birth_date"], 1)
    assert {one["field"]: (one["known"], one["said"]) for one in waiting["said"]} == {
        "name": ("Maura Canary-O'Brien", ANSWERS["name"]),
        "pronouns": (None, "they/them"),
        "language": (None, "es"),
        "phone": (None, ANSWERS["phone"]),
    }
    assert waiting["id"] in [one["id"] for one in queue]
    assert after == before
    assert len(await audited(clinic, "self-intake.receive", participant_id)) == 1


async def test_accepting_makes_it_known_with_its_history(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    waiting = await sent(clinic, participant_id)

    path = f"{INTAKE}/self-intakes/{waiting['id']}/acceptance"
    stale = await clinic.peer.put(path, {}, version=2)
    taken = await clinic.peer.put(path, {}, version=1)
    again = await clinic.peer.put(path, {}, version=2)
    person = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).json()
    changes = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/changes")).json()["items"]

    assert (stale.status_code, taken.status_code, again.status_code) == (412, 200, 409)
    assert (taken.json()["version"], taken.json()["participant_version"]) == (2, 2)
    assert set(taken.json()["taken"]) == {"name", "pronouns", "language", "phone", "declined"}
    assert json.dumps(person).count(CANARY) >= 1
    assert {one["field"] for one in changes} == set(taken.json()["taken"])
    assert {one["changed_by"] for one in changes} == {str(clinic.peer.staff_id)}
    told = await clinic.events(participant_id)
    assert CANARY not in "".join(one["payload"] for one in told)
    assert told[-1]["type"] == "handrail.intake.participant-changed.v1"


async def test_part_of_it_can_be_accepted(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    waiting = await sent(clinic, participant_id, name="Somebody Else", pronouns="she/her")

    path = f"{INTAKE}/self-intakes/{waiting['id']}/acceptance"
    taken = await clinic.peer.put(path, {"fields": ["pronouns"]}, version=1)
    person = json.dumps((await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).json())

    assert taken.json()["taken"] == ["pronouns"]
    assert ("Maura" in person, "Somebody Else" in person, "she/her" in person) == (True, False, True)


async def test_a_person_can_ask_for_something_to_be_known_no_more(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    first = await sent(clinic, participant_id, phone="+1 312 555 0199")
    await clinic.peer.put(f"{INTAKE}/self-intakes/{first['id']}/acceptance", {}, version=1)
    second = await sent(clinic, participant_id, removed=["phone"], declined=["contact"])
    nameless = await sent(clinic, participant_id, removed=["name"])

    taken = await clinic.peer.put(f"{INTAKE}/self-intakes/{second['id']}/acceptance", {}, version=1)
    refused = await clinic.peer.put(f"{INTAKE}/self-intakes/{nameless['id']}/acceptance", {}, version=1)

    assert set(taken.json()["taken"]) == {"phone", "declined"}
    assert refusal(refused) == (422, "/problems/does-not-stand-together")
    assert "0199" not in json.dumps((await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).json())


async def test_a_dismissed_one_changes_nothing(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    waiting = await sent(clinic, participant_id)

    path = f"{INTAKE}/self-intakes/{waiting['id']}"
    dismissed = await clinic.peer.put(f"{path}/dismissal", {"reason": "not_the_person"}, version=1)
    late = await clinic.peer.put(f"{path}/acceptance", {}, version=2)
    listed = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/self-intakes")).json()["items"]

    assert (dismissed.status_code, refusal(late)) == (200, (409, "/problems/self-intake-decided"))
    assert [(one["status"], one["reason"], one["taken"]) for one in listed] == [("dismissed", "not_the_person", [])]
    assert len(await clinic.events(participant_id)) == 1


async def test_wrong_over_used_and_other_codes_answer_alike(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    _, plan_code = await made(clinic, participant_id, "plan")
    wanted = {"instrument": "phq-2", "episode_id": str(episode_id)}
    _, instrument_code = await made(clinic, participant_id, "instrument", **wanted)
    used_id, used = await made(clinic, participant_id)
    await ask(clinic, "intake", code=used, answers=ANSWERS)
    ended_id, ended = await made(clinic, (await clinic.assigned())[0], "plan")
    await clinic.peer.put(f"{INTAKE}/own-codes/{ended_id}/end", {}, version=1)
    expired_id, expired = await made(clinic, (await clinic.assigned())[0], "plan", valid_minutes=5)
    await expire(clinic, expired_id)
    before = await counted(clinic)

    refused = [
        await ask(clinic, "plan", code="ABCD-EFGH-JKLM"),
        await ask(clinic, "plan", code="nonsense"),
        await ask(clinic, "plan", code=used),
        await ask(clinic, "plan", code=ended),
        await ask(clinic, "plan", code=expired),
        await ask(clinic, "plan", code=instrument_code),
        await ask(clinic, "intake-form", code=plan_code),
        await ask(clinic, "intake-form", code=used),
        await ask(clinic, "intake", code=plan_code, answers=ANSWERS),
        await ask(clinic, "instrument", code=plan_code, declined=True),
        await ask(clinic, "instrument-form", code=used),
        await ask(clinic, "intake", code=used, answers=ANSWERS | {"pronouns": "other"}),
    ]
    shown = [await clinic.peer.get(f"{INTAKE}/own-codes/{one}/code") for one in (used_id, ended_id, expired_id)]

    assert {refusal(one) for one in refused} == {UNKNOWN}
    assert len({one.json()["detail"] for one in refused}) == 1
    assert {refusal(one) for one in shown} == {(409, "/problems/own-code-over")}
    assert await counted(clinic) == before


async def expire(clinic: Any, own_code_id: str) -> None:
    async with clinic.platform.admin.begin() as connection:
        await connection.execute(
            text("update intake.own_code set expires_at = :past where id = :id"),
            {"past": datetime.now(UTC) - timedelta(seconds=1), "id": UUID(own_code_id)},
        )


async def test_a_lost_answer_can_be_asked_for_again(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    _, code = await made(clinic, participant_id)

    first, second = await asyncio.gather(*(ask(clinic, "intake", code=code, answers=ANSWERS) for _ in range(2)))
    listed = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/self-intakes")).json()["items"]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(listed) == 1


async def test_a_new_code_ends_the_one_before_for_the_same(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    _, first = await made(clinic, participant_id, "plan")
    _, other = await made(clinic, participant_id)
    _, second = await made(clinic, participant_id, "plan")

    answers = [await ask(clinic, "plan", code=first), await ask(clinic, "plan", code=second)]
    form = await ask(clinic, "intake-form", code=other)

    assert [one.status_code for one in (*answers, form)] == [404, 200, 200]


async def test_a_merged_record_leads_to_the_plans_of_the_one_person(clinic: Any) -> None:
    survivor_id, episode_id = await clinic.assigned()
    merged_id, _ = await clinic.assigned()
    plan = {"episode_id": str(episode_id), "agreed_at": "2026-01-10T16:00:00Z", "goals": [GOAL]}
    await clinic.peer.created(f"{INTAKE}/plans", plan)
    _, code = await made(clinic, merged_id, "plan")
    waiting = await sent(clinic, merged_id)
    body = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice", "take": []}
    merged = await clinic.supervisor.post(f"{INTAKE}/merges", body)

    shown = await ask(clinic, "plan", code=code)
    accepted = await clinic.supervisor.put(f"{INTAKE}/self-intakes/{waiting['id']}/acceptance", {}, version=1)
    listed = await clinic.supervisor.get(f"{INTAKE}/participants/{survivor_id}/self-intakes")
    found = (await clinic.supervisor.get(f"{INTAKE}/participants/{survivor_id}/predictors")).json()

    assert merged.status_code == 201, merged.text
    assert [one["goals"][0]["words"] for one in shown.json()["plans"]] == [GOAL["words"]]
    assert refusal(accepted) == (409, "/problems/merged-into")
    assert [one["id"] for one in listed.json()["items"]] == [waiting["id"]]
    assert found["goals_open"] == 1


async def test_a_code_works_for_its_own_agency_alone(clinic: Any, stranger: Any) -> None:
    theirs = await stranger.created(f"{INTAKE}/participants", {"name": "Elsewhere"})
    made_there = await stranger.post(f"{INTAKE}/participants/{theirs}/own-codes", {"purpose": "intake"})
    code = (await stranger.get(f"{INTAKE}/own-codes/{made_there.json()['id']}/code")).json()["code"]

    form = (await ask(clinic, "intake-form", code=code)).json()
    asked = [
        await clinic.administrator.get(f"{INTAKE}/own-codes/{made_there.json()['id']}/code"),
        await clinic.administrator.put(f"{INTAKE}/own-codes/{made_there.json()['id']}/end", {}, version=1),
        await clinic.administrator.get(f"{INTAKE}/participants/{theirs}/own-codes"),
        await clinic.administrator.get(f"{INTAKE}/participants/{theirs}/self-intakes"),
    ]

    assert next(one["value"] for one in form["fields"] if one["field"] == "name") == "Elsewhere"
    assert [one.status_code for one in asked] == [404] * 4
    assert await audited(clinic, "own-form.read", theirs) == []


async def test_somebody_elses_person_has_no_codes_and_says_nothing(clinic: Any, stranger: Any) -> None:
    participant_id, _ = await clinic.assigned()
    waiting = await sent(clinic, participant_id)
    own_code_id, _ = await made(clinic, participant_id, "plan")
    before = await counted(clinic)

    for other in (clinic.other_peer, stranger):
        answers = [
            await other.post(f"{INTAKE}/participants/{participant_id}/own-codes", {"purpose": "plan"}),
            await other.get(f"{INTAKE}/participants/{participant_id}/own-codes"),
            await other.get(f"{INTAKE}/own-codes/{own_code_id}/code"),
            await other.put(f"{INTAKE}/own-codes/{own_code_id}/end", {}, version=1),
            await other.get(f"{INTAKE}/participants/{participant_id}/self-intakes"),
            await other.put(f"{INTAKE}/self-intakes/{waiting['id']}/acceptance", {}, version=1),
            await other.put(f"{INTAKE}/self-intakes/{waiting['id']}/dismissal", {"reason": "mistake"}, version=1),
        ]
        assert [one.status_code for one in answers] == [404] * len(answers)
        assert waiting["id"] not in (await other.get(f"{INTAKE}/self-intakes", limit=100)).text
    assert await counted(clinic) == before


async def test_a_privacy_officer_sees_but_neither_makes_nor_decides(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    waiting = await sent(clinic, participant_id)
    officer = clinic.privacy_officer

    seen = await officer.get(f"{INTAKE}/participants/{participant_id}/self-intakes")
    refused = [
        await officer.post(f"{INTAKE}/participants/{participant_id}/own-codes", {"purpose": "plan"}),
        await officer.put(f"{INTAKE}/self-intakes/{waiting['id']}/acceptance", {}, version=1),
    ]

    assert (seen.status_code, [one.status_code for one in refused]) == (200, [403, 403])


async def test_what_waits_comes_in_pages(clinic: Any) -> None:
    people = [(await clinic.assigned())[0] for _ in range(3)]
    for participant_id in people:
        await sent(clinic, participant_id)

    seen: list[str] = []
    page: dict[str, Any] = {"next": None}
    while not seen or page["next"]:
        params = {"next": page["next"]} if page["next"] else {}
        page = (await clinic.peer.get(f"{INTAKE}/self-intakes", limit=2, **params)).json()
        seen += [one["participant_id"] for one in page["items"]]

    assert len(seen) == len(set(seen))
    assert [one for one in seen if UUID(one) in people] == [str(one) for one in people]


async def code_to_fill_in(clinic: Any, instrument: str, **wish: Any) -> tuple[UUID, str]:
    """Return a person, and a code for them to fill in an instrument."""
    participant_id, episode_id = await clinic.assigned()
    wish |= {"instrument": instrument, "episode_id": str(episode_id)}
    return participant_id, (await made(clinic, participant_id, "instrument", **wish))[1]


async def answers_of(clinic: Any, participant_id: UUID) -> list[Any]:
    found: list[Any] = await clinic.platform.fetch(
        "select outcome, given_by, instrument, recorded_by from intake.answer where participant_id = :p",
        p=participant_id,
    )
    return found


async def test_a_person_fills_in_an_instrument_in_their_language(clinic: Any) -> None:
    participant_id, code = await code_to_fill_in(clinic, "phq-2", language="es")

    form = (await ask(clinic, "instrument-form", code=code)).json()
    items = {one["key"]: one["options"][1]["value"] for one in form["items"]}
    first = await ask(clinic, "instrument", code=code, items=items)
    again = await ask(clinic, "instrument", code=code, items=items)
    other = await ask(clinic, "instrument", code=code, declined=True)

    assert (form["language"], len(form["items"])) == ("es", 2)
    assert [one["label"] for one in form["items"][0]["options"]] != ["0", "1", "2", "3"]
    assert (first.status_code, first.json()["help_now"]) == (201, None)
    assert (again.status_code, again.json(), refusal(other)) == (201, first.json(), UNKNOWN)
    assert [dict(one) for one in await answers_of(clinic, participant_id)] == [
        {"outcome": "completed", "given_by": "self", "instrument": "phq-2", "recorded_by": None}
    ]


async def test_declining_an_instrument_is_an_answer(clinic: Any) -> None:
    participant_id, code = await code_to_fill_in(clinic, "phq-2")

    answer = await ask(clinic, "instrument", code=code, declined=True)

    assert answer.status_code == 201
    assert [one["outcome"] for one in await answers_of(clinic, participant_id)] == ["declined"]


async def test_danger_said_alone_raises_alarm_and_says_whom_to_call(clinic: Any) -> None:
    participant_id, code = await code_to_fill_in(clinic, "phq-9", valid_minutes=30)
    form = (await ask(clinic, "instrument-form", code=code)).json()
    items = {one["key"]: 0 for one in form["items"]} | {"q9": 1}

    answer = await ask(clinic, "instrument", code=code, items=items)
    again = await ask(clinic, "instrument", code=code, items=items)

    concerns = await clinic.platform.fetch(
        "select status, opened_by from intake.safety_concern where participant_id = :p", p=participant_id
    )
    assert answer.json()["help_now"] == "Call or text 988. In danger, call 911."
    assert again.json() == answer.json()
    assert [(one["status"], one["opened_by"]) for one in concerns] == [("open", None)]


async def test_an_impossible_answer_beside_danger_keeps_nothing_but_says_whom_to_call(clinic: Any) -> None:
    participant_id, code = await code_to_fill_in(clinic, "phq-9", valid_minutes=30, language="es")

    wrong = await ask(clinic, "instrument", code=code, items={"q1": 9, "q9": 1})
    right = await ask(clinic, "instrument", code=code, items={"q1": 1})

    assert refusal(wrong) == (422, "/problems/item-values")
    assert wrong.json()["errors"][0]["pointer"] == "/items/q1"
    assert "988" in wrong.json()["detail"]
    assert right.status_code == 201
    assert len(await answers_of(clinic, participant_id)) == 1


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        ({"instrument": "phq-9"}, "/problems/instrument-needs-somebody-near"),
        ({"instrument": "gad-7", "language": "es"}, "/problems/instrument-in-other-languages"),
        ({"instrument": "barc-10"}, "/problems/instrument-without-words"),
    ],
)
async def test_not_every_instrument_is_filled_in_alone(clinic: Any, wish: dict[str, Any], kind: str) -> None:
    participant_id, episode_id = await clinic.assigned()
    path = f"{INTAKE}/participants/{participant_id}/own-codes"
    before = await counted(clinic)

    answer = await clinic.peer.post(path, {"purpose": "instrument", "episode_id": str(episode_id)} | wish)

    assert refusal(answer) == (409, kind)
    assert await counted(clinic) == before


async def test_an_instrument_is_filled_in_for_ones_own_episode(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    _, other_episode_id = await clinic.assigned()
    body = {"purpose": "instrument", "instrument": "phq-2", "episode_id": str(other_episode_id)}

    answer = await clinic.peer.post(f"{INTAKE}/participants/{participant_id}/own-codes", body)

    assert answer.status_code == 404


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("plan", {}, INVALID),
    ("plan", {"code": ""}, INVALID),
    ("plan", {"code": "x" * 41}, INVALID),
    ("plan", {"code": "{code}", "agency_id": str(uuid4())}, INVALID),
    ("intake", {"code": "{code}"}, INVALID),
    ("intake", {"code": "{code}", "answers": {}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"sex": "male"}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"name": " "}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"name": "x" * 201}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"email": "no"}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"phone": "1", "declined": ["contact"]}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"phone": "1", "removed": ["phone"]}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"removed": ["anonymous"]}}, INVALID),
    ("intake", {"code": "{code}", "answers": {"birth_date": "2990-01-01"}}, "/problems/in-the-future"),
]


@pytest.mark.parametrize(("path", "body", "kind"), BAD)
async def test_bad_input_costs_no_code_and_leaves_nothing(
    clinic: Any, path: str, body: dict[str, Any], kind: str
) -> None:
    participant_id, _ = await clinic.assigned()
    _, code = await made(clinic, participant_id)
    before = await counted(clinic)

    answer = await ask(clinic, path, **body | ({"code": code} if body.get("code") == "{code}" else {}))

    assert refusal(answer) == (422, kind)
    assert await counted(clinic) == before
    assert (await ask(clinic, "intake-form", code=code)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"purpose": "notes"},
        {"purpose": "plan", "valid_hours": 73},
        {"purpose": "plan", "valid_hours": 0},
        {"purpose": "plan", "valid_minutes": 60},
        {"purpose": "plan", "language": "fr"},
        {"purpose": "instrument"},
        {"purpose": "plan", "instrument": "phq-2", "episode_id": str(uuid4())},
        {"purpose": "plan", "code": "ABCD-EFGH-JKLM"},
    ],
)
async def test_a_code_that_cannot_be_made_is_refused(clinic: Any, body: dict[str, Any]) -> None:
    participant_id, _ = await clinic.assigned()
    before = await counted(clinic)

    answer = await clinic.peer.post(f"{INTAKE}/participants/{participant_id}/own-codes", body)

    assert refusal(answer) == (422, INVALID)
    assert await counted(clinic) == before


async def test_what_a_person_says_is_sealed(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    waiting = await sent(clinic, participant_id)
    await clinic.peer.put(f"{INTAKE}/self-intakes/{waiting['id']}/acceptance", {}, version=1)

    stored = [
        row["row"]
        for table in (*TABLES, "participant", "idempotency", "audit", "audit_pending", "outbox", "ledger")
        for row in await clinic.platform.fetch(f"select t::text as row from intake.{table} t")
    ]

    assert not [row for row in stored if CANARY in row or CANARY.encode().hex() in row or "555 0188" in row]
