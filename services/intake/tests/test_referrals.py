"""Referrals in and out: who may, what follows, how a referrer follows one, and whom a program is for."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import ReferralStatus
from handrail.testing import Caller
from intake.rules.eligibility import (
    Answers,
    Areas,
    Known,
    Languages,
    MaximumAge,
    MinimumAge,
    Question,
    Reason,
    Verdict,
    reasons,
    verdict,
    years,
)
from intake.rules.languages import preferred
from intake.rules.referrals import ReferralCloseReason, fits, may_become

INTAKE = "/api/intake/v1"
TABLES = ("referral", "referral_step", "participant", "episode", "eligibility")
INVALID = "/problems/invalid-request"
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
SOURCE = {"organization": "Canary General Hospital", "person": "Nurse Canary", "phone": "312-555-0142"}
PERSON = {"name": "Maura Canary-O'Brien", "birth_date": "1990-06-01", "phone": "312-555-0188", "language": "es-MX"}
INBOUND: dict[str, Any] = {
    "direction": "in",
    "kind": "referral",
    "referred_on": "2026-01-05",
    "source": SOURCE,
    "person": PERSON,
    "contacts": [{"name": "Canary Sister", "relation": "sister", "phone": "312-555-0111"}],
    "coverage": [{"payer": "Canary Health", "member_id": "CANARY-77"}],
    "reason": "Canary words of a reason",
    "reasons": [{"system": "http://snomed.info/sct", "code": "canary-1", "text": "canary reason text"}],
}
RECEIVER = {"organization": "Canary Recovery House", "person": "Dee Canary"}
TELLING = {
    "purpose": "housing",
    "categories": ["attendance"],
    "channel": "phone",
    "notice_statement": "notice-short-2024",
    "scope_attached": "explanation",
}


def facts(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event["payload"])["data"]
    return found


def neutral(answer: Any) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key != "request_id"}


async def rows(clinic: Any) -> dict[str, int]:
    counts = {
        table: await clinic.platform.value(
            f"select count(*) from intake.{table} where agency_id = :a", a=clinic.administrator.agency_id
        )
        for table in TABLES
    }
    return counts | {"events": await clinic.told()}


async def recorded(caller: Caller, **wish: object) -> UUID:
    return await caller.created(f"{INTAKE}/referrals", INBOUND | wish)


async def sent_out(clinic: Any, kind: str = "warm_handoff") -> UUID:
    participant_id, _ = await clinic.assigned()
    body = {"direction": "out", "kind": kind, "referred_on": "2026-01-05", "receiver": RECEIVER}
    return await clinic.peer.created(f"{INTAKE}/referrals", body | {"participant_id": str(participant_id)})


async def becomes(caller: Caller, referral_id: UUID, version: int, status: str, **more: object) -> Any:
    return await caller.put(f"{INTAKE}/referrals/{referral_id}/status", {"status": status} | more, version)


async def accepted(caller: Caller, referral_id: UUID, body: dict[str, Any] | None = None) -> Any:
    return await caller.post(f"{INTAKE}/referrals/{referral_id}/enrolments", body or {})


# What a referral may become.


@pytest.mark.parametrize(
    ("status", "wanted", "allowed"),
    [
        ("received", "contacted", True),
        ("received", "connected", True),
        ("received", "closed", True),
        ("contacted", "connected", True),
        ("contacted", "closed", True),
        ("connected", "closed", True),
        ("contacted", "received", False),
        ("contacted", "contacted", False),
        ("connected", "contacted", False),
        ("closed", "received", False),
        ("closed", "contacted", False),
        ("closed", "connected", False),
        ("closed", "closed", False),
    ],
)
def test_a_referral_only_goes_forward(status: str, wanted: str, allowed: bool) -> None:
    assert may_become(ReferralStatus(status), ReferralStatus(wanted)) is allowed


@pytest.mark.parametrize(
    ("reason", "connected", "unconnected"),
    [
        ("completed", True, False),
        ("declined_by_person", False, True),
        ("ineligible", False, True),
        ("unable_to_locate", False, True),
        ("connected_elsewhere", False, True),
        ("duplicate", True, True),
        ("withdrawn_by_referrer", True, True),
        ("deceased", True, True),
        ("other", True, True),
    ],
)
def test_a_reason_to_close_fits_whether_somebody_was_connected(reason: str, connected: bool, unconnected: bool) -> None:
    assert fits(ReferralCloseReason(reason), connected=True) is connected
    assert fits(ReferralCloseReason(reason), connected=False) is unconnected


# Whom a program is for.

ON = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("rule", "known", "expected"),
    [
        (MinimumAge(kind="minimum_age", years=18), {"birth_date": "2008-03-01"}, "eligible"),
        (MinimumAge(kind="minimum_age", years=18), {"birth_date": "2008-03-02"}, "not_eligible"),
        (MinimumAge(kind="minimum_age", years=18), {"birth_date": "2008-02-29"}, "eligible"),
        (MinimumAge(kind="minimum_age", years=18), {}, "unknown"),
        (MinimumAge(kind="minimum_age", years=0), {"birth_date": "2026-03-01"}, "eligible"),
        (MaximumAge(kind="maximum_age", years=25), {"birth_date": "2000-03-02"}, "eligible"),
        (MaximumAge(kind="maximum_age", years=25), {"birth_date": "2000-03-01"}, "not_eligible"),
        (MaximumAge(kind="maximum_age", years=25), {}, "unknown"),
        (Areas(kind="areas", areas=["Cook County"]), {"area": " cook  COUNTY"}, "eligible"),
        (Areas(kind="areas", areas=["Doña Ana"]), {"area": "Dona Ana"}, "eligible"),
        (Areas(kind="areas", areas=["Cook County"]), {"area": "Lake County"}, "not_eligible"),
        (Areas(kind="areas", areas=["Cook County"]), {}, "unknown"),
        (Languages(kind="languages", languages=["es"]), {"language": "es-MX"}, "eligible"),
        (Languages(kind="languages", languages=["ES"]), {"language": "es"}, "eligible"),
        (Languages(kind="languages", languages=["es"]), {"language": "est"}, "not_eligible"),
        (Languages(kind="languages", languages=["es-MX"]), {"language": "es"}, "not_eligible"),
        (Languages(kind="languages", languages=["es"]), {}, "unknown"),
        (Question(kind="question", question="housed", text="Housed?", wanted=True), {"housed": True}, "eligible"),
        (Question(kind="question", question="housed", text="Housed?", wanted=True), {"housed": False}, "not_eligible"),
        (Question(kind="question", question="housed", text="Housed?", wanted=False), {"housed": False}, "eligible"),
        (Question(kind="question", question="housed", text="Housed?", wanted=True), {"other": True}, "unknown"),
    ],
)
def test_each_rule_says_yes_no_or_unknown(rule: Any, known: dict[str, Any], expected: str) -> None:
    direct = {name: known[name] for name in ("birth_date", "language") if name in known}
    questions = {name: value for name, value in known.items() if isinstance(value, bool)}
    answers = Answers(area=known.get("area"), questions=questions)

    (reason,) = reasons([rule], Known(answers=answers, on=ON, **direct))

    assert reason.verdict == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], "eligible"),
        (["eligible", "eligible"], "eligible"),
        (["eligible", "unknown"], "unknown"),
        (["unknown", "not_eligible", "eligible"], "not_eligible"),
    ],
)
def test_one_no_is_no_and_one_unknown_is_unknown(said: list[str], expected: str) -> None:
    rule = {"rule": "areas", "question": None}
    assert verdict([Reason(**rule, verdict=Verdict(one)) for one in said]) == expected


@given(born=st.dates(date(1900, 1, 1), date(2026, 12, 31)), on=st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_nobody_grows_younger_and_a_year_is_a_year(born: date, on: date) -> None:
    age = years(born, on)
    if born > on:
        assert age is None
    else:
        assert age is not None
        assert 0 <= on.year - born.year - age <= 1
        assert years(born, on + timedelta(days=1)) in (age, age + 1)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr,es;q=0.5", "es"),
        ("en;q=0.2, ES ;q=0.7", "es"),
        ("fr", "en"),
        ("es;q=nonsense", "en"),
        (";;;,,,", "en"),
    ],
)
def test_a_browser_gets_the_language_that_its_reader_prefers(header: str, expected: str) -> None:
    assert preferred(header, ("en", "es")) == expected


# Recording.


async def test_a_referral_in_is_kept_exactly_and_its_event_names_nobody(clinic: Any) -> None:
    answer = await clinic.peer.post(f"{INTAKE}/referrals", INBOUND)

    assert answer.status_code == 201, answer.text
    referral_id = UUID(answer.json()["id"])
    assert answer.json() == {"id": str(referral_id), "version": 1, "eligibility": None, "recorded": True}
    shown = (await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")).json()
    assert {
        name: shown["said"][name] for name in ("source", "person", "contacts", "coverage", "reason", "reasons")
    } == {name: INBOUND[name] for name in ("source", "person", "contacts", "coverage", "reason", "reasons")}
    assert (shown["status"], shown["name"], len(shown["steps"])) == ("received", PERSON["name"], 1)
    (event,) = await clinic.events(referral_id)
    assert event["type"] == "handrail.intake.referral-recorded.v1"
    assert (facts(event)["status"], facts(event)["referred_on"], facts(event)["imported"]) == (
        "received",
        "2026-01-05",
        False,
    )
    assert "anary" not in event["payload"]


async def test_nothing_personal_stands_in_a_plain_column_or_a_stored_answer(clinic: Any) -> None:
    key = str(uuid4())
    answer = await clinic.peer.post(f"{INTAKE}/referrals", INBOUND, key=key)

    again = await clinic.peer.post(f"{INTAKE}/referrals", INBOUND, key=key)
    (row,) = await clinic.platform.fetch(
        "select convert_from(body, 'utf8') as body from intake.idempotency where key = :key", key=key
    )
    (stored,) = await clinic.platform.fetch(
        "select to_jsonb(r)::text as row from intake.referral r where id = :id", id=answer.json()["id"]
    )

    assert again.content == answer.content
    for text in (row["body"], stored["row"]):
        assert [word for word in ("anary", "1990-06-01", "555-0188", "es-MX") if word in text] == []


async def test_a_self_referral_needs_no_source(clinic: Any) -> None:
    body = {"kind": "self", "referred_on": "2026-01-05", "person": {"alias": "Sunny"}}
    referral_id = await clinic.peer.created(f"{INTAKE}/referrals", body)
    assert (await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")).json()["alias"] == "Sunny"


async def test_a_referral_of_another_system_is_recorded_once(clinic: Any) -> None:
    mark = {"source_system": "county-ehr", "external_id": uuid4().hex}

    first = await clinic.supervisor.post(f"{INTAKE}/referrals", INBOUND | mark)
    second = await clinic.supervisor.post(f"{INTAKE}/referrals", INBOUND | mark)

    assert (first.json()["recorded"], second.json()["recorded"]) == (True, False)
    assert first.json()["id"] == second.json()["id"]
    assert len(await clinic.events(UUID(first.json()["id"]))) == 1


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"person": None}, 422, INVALID),
    ({"person": {"birth_date": "1990-06-01"}}, 422, INVALID),
    ({"source": None}, 422, INVALID),
    ({"source": {"phone": "312-555-0142"}}, 422, INVALID),
    ({"direction": "sideways"}, 422, INVALID),
    ({"kind": "number_given"}, 422, INVALID),
    ({"referred_on": TOMORROW}, 422, "/problems/in-the-future"),
    ({"referred_on": "2026-02-30"}, 422, INVALID),
    ({"person": {"name": "Ana", "birth_date": TOMORROW}}, 422, "/problems/in-the-future"),
    ({"person": {"name": "Ana\u202egnp"}}, 422, INVALID),
    ({"person": {"name": "Ana", "nickname": "A"}}, 422, INVALID),
    ({"person": {"anonymous": True}}, 422, INVALID),
    ({"contacts": [{"name": "Eva"}] * 11}, 422, INVALID),
    ({"coverage": [{"payer": "Canary"}] * 11}, 422, INVALID),
    ({"reasons": [{"text": "x"}] * 51}, 422, INVALID),
    ({"reasons": [{"system": "x"}]}, 422, INVALID),
    ({"reason": " \n "}, 422, INVALID),
    ({"external_id": "x-1"}, 422, INVALID),
    ({"receiver": RECEIVER}, 422, INVALID),
    ({"participant_id": str(uuid4())}, 422, INVALID),
    ({"direction": "out"}, 422, INVALID),
    ({"program_id": str(uuid4())}, 404, "/problems/not-found"),
    ({"answers": {"questions": {"two words": True}}}, 422, INVALID),
    ({"link": "mine"}, 422, INVALID),
]


@pytest.mark.parametrize(("wish", "status", "kind"), BAD)
async def test_a_bad_referral_leaves_nothing_but_its_audit_entry(
    clinic: Any, wish: dict[str, Any], status: int, kind: str
) -> None:
    before, audited = await asyncio.gather(rows(clinic), clinic.refusals())

    answer = await clinic.supervisor.post(f"{INTAKE}/referrals", INBOUND | wish)

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert await asyncio.gather(rows(clinic), clinic.refusals()) == [before, audited + 1]


# Who may.


async def test_a_peer_reaches_what_they_recorded_and_what_is_about_their_people(clinic: Any) -> None:
    own, other = await recorded(clinic.peer), await recorded(clinic.other_peer)
    out = await sent_out(clinic)

    seen = [await clinic.peer.get(f"{INTAKE}/referrals/{one}") for one in (own, other, out)]
    hidden = await clinic.other_peer.get(f"{INTAKE}/referrals/{own}")
    nothing = await clinic.other_peer.get(f"{INTAKE}/referrals/{uuid4()}")
    whole = [await clinic.privacy_officer.get(f"{INTAKE}/referrals/{one}") for one in (own, other, out)]

    assert [one.status_code for one in seen] == [200, 404, 200]
    assert (hidden.status_code, neutral(hidden)) == (404, neutral(nothing))
    assert [one.status_code for one in whole] == [200, 200, 200]


async def test_somebody_elses_referral_is_not_there_to_change_accept_or_follow(clinic: Any, stranger: Caller) -> None:
    referral_id = await recorded(clinic.peer)
    path = f"{INTAKE}/referrals/{referral_id}"

    for caller in (clinic.other_peer, stranger):
        refused = [
            await caller.get(path),
            await becomes(caller, referral_id, 1, "contacted"),
            await accepted(caller, referral_id),
            await caller.get(f"{path}/follow-link"),
            await caller.put(f"{path}/follow-link", {"open": False}, 1),
        ]
        assert [one.status_code for one in refused] == [404] * 5

    assert (await clinic.peer.get(path)).json()["version"] == 1


async def test_a_privacy_officer_reads_but_records_nothing(clinic: Any) -> None:
    assert (await clinic.privacy_officer.post(f"{INTAKE}/referrals", INBOUND)).status_code == 403


async def test_a_peer_sends_out_only_their_own_people(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    body = {
        "direction": "out",
        "referred_on": "2026-01-05",
        "receiver": RECEIVER,
        "participant_id": str(participant_id),
    }

    assert (await clinic.peer.post(f"{INTAKE}/referrals", body)).status_code == 404
    assert (await clinic.supervisor.post(f"{INTAKE}/referrals", body)).status_code == 201


async def test_the_queue_filters_and_turns_its_pages(clinic: Any) -> None:
    mine = [str(await recorded(clinic.supervisor)) for _ in range(3)]
    await becomes(clinic.supervisor, UUID(mine[1]), 1, "contacted")

    async def all_of(caller: Caller, **wish: str) -> list[str]:
        found: list[str] = []
        page = (await caller.get(f"{INTAKE}/referrals", limit=2, **wish)).json()
        while True:
            found += [entry["id"] for entry in page["items"]]
            if page["next"] is None:
                return found
            page = (await caller.get(f"{INTAKE}/referrals", limit=2, next=page["next"], **wish)).json()

    received = await all_of(clinic.supervisor, status="received", direction="in")
    contacted = await all_of(clinic.supervisor, status="contacted")
    outward = await all_of(clinic.supervisor, direction="out")
    peers = await all_of(clinic.other_peer)

    assert [one for one in received if one in mine] == [mine[0], mine[2]]
    assert mine[1] in contacted
    assert not set(mine) & {*outward, *peers}
    assert len(set(received)) == len(received)


# How far it is.


async def test_a_referral_goes_from_received_to_closed_and_keeps_its_history(clinic: Any) -> None:
    referral_id = await recorded(clinic.peer)

    steps = [
        await becomes(clinic.peer, referral_id, 1, "contacted", at="2026-01-06T15:00:00Z"),
        await becomes(clinic.supervisor, referral_id, 2, "connected", at="2026-01-08T15:00:00Z"),
        await becomes(clinic.peer, referral_id, 3, "closed", reason="completed"),
    ]
    shown = (await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")).json()

    assert [one.json()["version"] for one in steps] == [2, 3, 4]
    assert [(one["status"], one["by"]) for one in shown["steps"]] == [
        ("received", str(clinic.peer.staff_id)),
        ("contacted", str(clinic.peer.staff_id)),
        ("connected", str(clinic.supervisor.staff_id)),
        ("closed", str(clinic.peer.staff_id)),
    ]
    assert (shown["contacted_at"], shown["connected_at"]) == ("2026-01-06T15:00:00Z", "2026-01-08T15:00:00Z")
    events = await clinic.events(referral_id)
    assert [(facts(one)["status"], one["aggregate_seq"]) for one in events] == [
        ("received", 1),
        ("contacted", 2),
        ("connected", 3),
        ("closed", 4),
    ]


async def test_declining_is_told_so_that_it_leaves_the_measure(clinic: Any) -> None:
    referral_id = await recorded(clinic.peer)
    await becomes(clinic.peer, referral_id, 1, "closed", reason="declined_by_person")
    assert facts((await clinic.events(referral_id))[-1])["declined_by_person"] is True


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"status": "received"}, 422, INVALID),
        ({"status": "closed"}, 422, INVALID),
        ({"status": "contacted", "reason": "other"}, 422, INVALID),
        ({"status": "contacted", "introduction": "in_person"}, 422, INVALID),
        ({"status": "closed", "reason": "completed"}, 422, "/problems/reason-does-not-fit"),
        ({"status": "closed", "reason": "lost"}, 422, INVALID),
        ({"status": "contacted", "at": SOON}, 422, "/problems/in-the-future"),
        ({"status": "contacted", "at": "2026-01-04T12:00:00Z"}, 422, "/problems/out-of-order"),
        ({"status": "connected", "introduction": "in_person"}, 422, "/problems/no-handoff"),
    ],
)
async def test_a_change_that_cannot_be_leaves_nothing(
    clinic: Any, change: dict[str, Any], status: int, kind: str
) -> None:
    referral_id = await recorded(clinic.peer)
    before, audited = await asyncio.gather(rows(clinic), clinic.refusals())

    answer = await clinic.peer.put(f"{INTAKE}/referrals/{referral_id}/status", change, 1)

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert await asyncio.gather(rows(clinic), clinic.refusals()) == [before, audited + 1]


async def test_a_stale_version_and_a_step_back_are_refused(clinic: Any) -> None:
    referral_id = await recorded(clinic.peer)
    await becomes(clinic.peer, referral_id, 1, "closed", reason="duplicate")

    stale = await becomes(clinic.peer, referral_id, 1, "contacted")
    back = await becomes(clinic.peer, referral_id, 2, "contacted")

    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-version")
    assert (back.status_code, back.json()["type"]) == (409, "/problems/not-next")


async def test_a_warm_handoff_is_a_live_introduction_with_the_receivers_yes(clinic: Any) -> None:
    referral_id = await sent_out(clinic)
    person = (await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")).json()["participant_id"]
    consent_id = await clinic.sign(person, recipients=[{"name": RECEIVER["organization"], "covered_entity": False}])

    bare = await becomes(clinic.peer, referral_id, 1, "connected")
    without_yes = await becomes(clinic.peer, referral_id, 1, "connected", introduction="three_way_call")
    made = await becomes(
        clinic.peer,
        referral_id,
        1,
        "connected",
        introduction="three_way_call",
        accepted_at="2026-01-06T15:00:00Z",
        at="2026-01-06T15:05:00Z",
        receiver={"person": "Rae Canary"},
        told=TELLING | {"consent_id": str(consent_id)},
    )

    assert [one.json()["type"] for one in (bare, without_yes)] == ["/problems/introduction-missing"] * 2
    assert made.status_code == 200, made.text
    told = facts((await clinic.events(referral_id))[-1])
    assert (told["kind"], told["accepted_at"], told["connected_at"]) == (
        "warm_handoff",
        "2026-01-06T15:00:00Z",
        "2026-01-06T15:05:00Z",
    )
    step = (await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")).json()["steps"][-1]
    assert (step["introduction"], step["receiver"]) == ("three_way_call", {"person": "Rae Canary"})


async def test_a_number_that_was_given_is_a_referral(clinic: Any) -> None:
    referral_id = await sent_out(clinic)
    await becomes(clinic.peer, referral_id, 1, "connected", kind="referral", by_person=True)
    assert facts((await clinic.events(referral_id))[-1])["kind"] == "referral"


# Taking somebody on.


async def test_a_referral_becomes_a_participant_with_an_episode(clinic: Any) -> None:
    referral_id = await recorded(clinic.supervisor, program_id=str(clinic.program_id))

    answer = await accepted(clinic.supervisor, referral_id, {"episode": {"opened_on": "2026-01-06"}})

    assert answer.status_code == 201, answer.text
    made = answer.json()
    person = (await clinic.supervisor.get(f"{INTAKE}/participants/{made['participant_id']}")).json()
    assert {name: person[name] for name in PERSON} == PERSON
    episode = (await clinic.supervisor.get(f"{INTAKE}/episodes/{made['episode_id']}")).json()
    assert (episode["program_id"], episode["participant_id"]) == (str(clinic.program_id), made["participant_id"])
    told = facts((await clinic.events(referral_id))[-1])
    assert (told["status"], told["participant_id"], told["episode_id"]) == (
        "connected",
        made["participant_id"],
        made["episode_id"],
    )


async def test_a_referral_is_linked_with_somebody_who_is_served(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    referral_id = await recorded(clinic.peer)

    answer = await accepted(clinic.peer, referral_id, {"participant_id": str(participant_id)})
    again = await accepted(clinic.peer, referral_id, {"participant_id": str(participant_id)})

    assert answer.json() == {
        "id": str(referral_id),
        "version": 2,
        "participant_id": str(participant_id),
        "episode_id": None,
        "possible_duplicates": [],
    }
    assert (again.status_code, again.json()["type"]) == (409, "/problems/linked-already")


async def test_taking_on_is_all_or_nothing(clinic: Any, nobody: UUID) -> None:
    referral_id = await recorded(clinic.supervisor)
    episode, late = {"opened_on": "2026-01-06"}, {"opened_on": TOMORROW, "program_id": str(clinic.program_id)}
    before = await rows(clinic)

    answers = [
        await accepted(clinic.supervisor, referral_id, {"episode": episode}),
        await accepted(clinic.supervisor, referral_id, {"episode": late}),
        await accepted(clinic.supervisor, referral_id, {"episode": episode | {"program_id": str(nobody)}}),
        await accepted(clinic.supervisor, referral_id, {"participant_id": str(nobody)}),
        await accepted(clinic.supervisor, referral_id, {"participant_id": str(nobody), "identity": {"name": "Ana"}}),
        await accepted(clinic.supervisor, referral_id, {"connected_at": "2026-01-04T10:00:00Z"}),
    ]

    assert [one.status_code for one in answers] == [422, 422, 404, 404, 422, 422]
    assert await rows(clinic) == before


async def test_a_peer_links_only_with_their_own_people(clinic: Any) -> None:
    referral_id, somebody = await recorded(clinic.peer), await clinic.enrol()
    assert (await accepted(clinic.peer, referral_id, {"participant_id": str(somebody)})).status_code == 404


async def test_what_is_closed_or_went_out_is_not_taken_on(clinic: Any) -> None:
    closed, out = await recorded(clinic.peer), await sent_out(clinic)
    await becomes(clinic.peer, closed, 1, "closed", reason="unable_to_locate")

    answers = [await accepted(clinic.peer, one) for one in (closed, out)]

    assert [one.json()["type"] for one in answers] == ["/problems/referral-closed", "/problems/sent-out"]


async def test_taking_on_who_may_be_served_already_says_so(clinic: Any) -> None:
    phone = f"630-{uuid4().int % 1000:03}-{uuid4().int % 10000:04}"
    known = await clinic.enrol(name="Somebody Canary", phone=phone)
    referral_id = await recorded(clinic.supervisor, person={"alias": "Sunny", "phone": phone})

    answer = await accepted(clinic.supervisor, referral_id)

    assert [one["id"] for one in answer.json()["possible_duplicates"]] == [str(known)]


async def test_somebody_who_is_served_gets_no_second_open_episode(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    referral_id = await recorded(clinic.peer, program_id=str(clinic.program_id))
    body = {"participant_id": str(participant_id), "episode": {"opened_on": "2026-01-06"}}
    before = await rows(clinic)

    answer = await accepted(clinic.peer, referral_id, body)

    assert (answer.status_code, await rows(clinic)) == (409, before)


async def test_a_warm_handoff_to_us_is_a_live_introduction_too(clinic: Any) -> None:
    referral_id = await recorded(clinic.supervisor, kind="warm_handoff")

    bare = await accepted(clinic.supervisor, referral_id)
    made = await accepted(clinic.supervisor, referral_id, {"introduction": "in_person"})

    assert (bare.json()["type"], made.status_code) == ("/problems/introduction-missing", 201)
    told = facts((await clinic.events(referral_id))[-1])
    assert (told["kind"], told["accepted_at"]) == ("warm_handoff", told["connected_at"])


async def test_two_who_take_somebody_on_at_once_enrol_one_person(clinic: Any) -> None:
    referral_id = await recorded(clinic.supervisor)
    before = await rows(clinic)

    answers = await asyncio.gather(*(accepted(clinic.supervisor, referral_id) for _ in range(4)))

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    assert (await rows(clinic))["participant"] == before["participant"] + 1


async def test_two_who_send_the_same_referral_at_once_record_one(clinic: Any) -> None:
    mark = {"source_system": "county-ehr", "external_id": uuid4().hex}
    before = await rows(clinic)

    answers = await asyncio.gather(*(clinic.supervisor.post(f"{INTAKE}/referrals", INBOUND | mark) for _ in range(4)))

    assert {one.status_code for one in answers} <= {201, 409}
    assert (await rows(clinic))["referral"] == before["referral"] + 1


# Possible duplicates.


async def test_a_possible_match_is_shown_to_those_who_may_reach_it_and_to_nobody_else(clinic: Any) -> None:
    phone, mark = f"312-{uuid4().int % 1000:03}-{uuid4().int % 10000:04}", uuid4().hex
    known = await clinic.enrol(name=f"Zoë {mark}", birth_date="1980-05-06", phone=phone, email=f"{mark}@canary.test")
    other = {"name": "Somebody Else"}
    people: list[tuple[dict[str, str], bool]] = [
        ({"name": f"zoe  {mark}", "birth_date": "1980-05-06"}, True),
        ({"alias": f"ZOE {mark}", "name": "Z", "birth_date": "1980-05-06"}, True),
        ({"name": f"{mark} zoe", "birth_date": "1980-05-06"}, True),
        (other | {"phone": f"+1 {phone}"}, True),
        (other | {"email": f"{mark.upper()}@CANARY.test"}, True),
        ({"name": f"zoe {mark}", "birth_date": "1980-05-07"}, False),
        ({"name": f"zoe {mark}"}, False),
        (other | {"birth_date": "1980-05-06"}, False),
    ]

    for person, found in people:
        referral_id = await recorded(clinic.peer, person=person)
        seen = (await clinic.supervisor.get(f"{INTAKE}/referrals/{referral_id}")).json()["possible_matches"]
        hidden = (await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")).json()["possible_matches"]
        assert (seen, hidden) == ([str(known)] if found else [], []), person


async def test_a_number_that_hundreds_share_names_only_a_few(clinic: Any) -> None:
    phone = f"773-{uuid4().int % 1000:03}-{uuid4().int % 10000:04}"
    await asyncio.gather(*(clinic.enrol(phone=phone) for _ in range(12)))

    referral_id = await recorded(clinic.supervisor, person={"alias": "Sunny", "phone": phone})

    shown = (await clinic.supervisor.get(f"{INTAKE}/referrals/{referral_id}")).json()
    assert len(shown["possible_matches"]) == 10


# Following a referral without an account.


async def link_of(caller: Caller, referral_id: UUID) -> str:
    return str((await caller.get(f"{INTAKE}/referrals/{referral_id}/follow-link")).json()["path"])


async def test_a_link_says_received_for_ever_unless_a_consent_names_the_referrer(clinic: Any) -> None:
    referral_id = await recorded(clinic.peer)
    path, http = await link_of(clinic.peer, referral_id), clinic.peer.http

    before = await http.get(path)
    await becomes(clinic.peer, referral_id, 1, "contacted", at="2026-01-06T15:00:00Z")
    contacted = await http.get(path)
    await becomes(clinic.peer, referral_id, 2, "closed", reason="declined_by_person", at="2026-01-08T02:00:00Z")
    closed = await http.get(path)

    assert (before.status_code, set(before.json()), before.json()["status"]) == (200, {"status", "since"}, "received")
    assert contacted.json() == closed.json() == before.json()
    assert closed.headers["cache-control"] == "no-store"
    assert path == await link_of(clinic.supervisor, referral_id)


async def test_following_is_audited(clinic: Any) -> None:
    referral_id = await recorded(clinic.peer)
    await clinic.peer.http.get(await link_of(clinic.peer, referral_id))

    sql = (
        "select count(*) from (select action, subject_id from intake.audit union all "
        "select action, subject_id from intake.audit_pending) a where action = 'referral.follow' and subject_id = :id"
    )
    assert await clinic.platform.value(sql, id=referral_id) == 1


@pytest.mark.parametrize(("asked", "title", "word"), [("en-US", "Status", "Received"), ("es-MX", "Estado", "Recibido")])
async def test_a_browser_gets_a_neutral_page_in_its_language(clinic: Any, asked: str, title: str, word: str) -> None:
    path = await link_of(clinic.peer, await recorded(clinic.peer, program_id=str(clinic.program_id)))

    page = await clinic.peer.http.get(path, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": asked})

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert f"<title>{title}</title>" in page.text
    assert f"<h1>{word}</h1>" in page.text
    for word in ("anary", "ecovery", "eferral", "iverbend", "andrail", str(clinic.program_id)):
        assert word not in page.text


async def test_a_wrong_renewed_or_closed_link_answers_like_no_link(clinic: Any, stranger: Caller) -> None:
    referral_id, other = await recorded(clinic.peer), await recorded(clinic.peer)
    first, http = await link_of(clinic.peer, referral_id), clinic.peer.http
    token = first.rsplit("/", 1)[1]
    path = f"{INTAKE}/referrals/{referral_id}/follow-link"

    renewed = await clinic.peer.put(path, {"open": True}, 1)
    second = await link_of(clinic.peer, referral_id)
    works = await http.get(second)
    closed = await clinic.peer.put(path, {"open": False}, 2)
    wrong = [
        first,
        second,
        f"{first[:-1]}{'A' if first[-1] != 'A' else 'B'}",
        (await link_of(clinic.peer, other))[:-22] + token[-22:],
        f"{INTAKE}/referral-status/{'A' * 64}",
        f"{INTAKE}/referral-status/short",
        f"{INTAKE}/referral-status/{'%C3%A9' * 32}",
        f"{INTAKE}/referral-status/{'=' * 64}",
        f"{INTAKE}/referral-status/{token}{token}",
    ]

    assert (renewed.status_code, closed.status_code, works.status_code) == (200, 200, 200)
    answers = [await http.get(one) for one in wrong]
    nothing = await clinic.peer.get(f"{INTAKE}/referrals/{uuid4()}")
    assert [one.status_code for one in answers] == [404] * len(wrong)
    assert all(neutral(one) == neutral(nothing) for one in answers)
    assert (await clinic.peer.get(path)).json() == {"path": None, "open": False, "version": 3}


async def test_a_forged_agency_makes_no_key(clinic: Any) -> None:
    before = await clinic.platform.value("select count(*) from intake.key_ring")
    await clinic.peer.http.get(f"{INTAKE}/referral-status/{'Q' * 64}")
    assert await clinic.platform.value("select count(*) from intake.key_ring") == before


# Whom a program is for.

RULES = [
    {"kind": "minimum_age", "years": 18},
    {"kind": "languages", "languages": ["es", "en"]},
    {"kind": "areas", "areas": ["Cook County"]},
    {"kind": "question", "question": "wants-peer", "text": "Do you want a peer?", "wanted": True},
]


async def program_with(clinic: Any, *rules: dict[str, Any]) -> str:
    """Return a program of its own with rules, which other tests do not meet."""
    program_id = await clinic.administrator.created(
        "/api/workforce/v1/programs", {"name": "Canary Rules", "opened_on": "2025-01-01"}
    )
    await clinic.platform.eventually("select count(*) from intake.program where id = :p", 1, p=program_id)
    path = f"{INTAKE}/programs/{program_id}/eligibility"
    answer = await clinic.supervisor.put(path, {"rules": list(rules)}, 0)
    assert answer.status_code == 200, answer.text
    return str(program_id)


async def test_rules_are_kept_in_versions(clinic: Any) -> None:
    program_id = await program_with(clinic, *RULES)
    path = f"{INTAKE}/programs/{program_id}/eligibility"

    stale = await clinic.supervisor.put(path, {"rules": []}, 0)
    newer = await clinic.supervisor.put(path, {"rules": RULES[:1]}, 1)
    shown = await clinic.peer.get(path)

    assert (stale.status_code, newer.json()["version"]) == (412, 2)
    assert (shown.json()["rules"], shown.headers["etag"]) == (RULES[:1], '"2"')
    kept = "select count(*) from intake.eligibility where program_id = :p"
    assert await clinic.platform.value(kept, p=program_id) == 2


async def test_a_form_is_screened_without_keeping_anything(clinic: Any) -> None:
    path = f"{INTAKE}/programs/{await program_with(clinic, *RULES)}/eligibility-checks"
    full = {"birth_date": "1990-06-01", "language": "es", "answers": {"area": "cook county"}}

    open_ = await clinic.peer.post(path, full)
    yes = await clinic.peer.post(path, full | {"answers": {"area": "Cook County", "questions": {"wants-peer": True}}})
    no = await clinic.peer.post(path, full | {"birth_date": "2000-01-01", "on": "2017-12-31"})

    assert [one.json()["verdict"] for one in (open_, yes, no)] == ["unknown", "eligible", "not_eligible"]
    assert [one["verdict"] for one in no.json()["reasons"]] == ["not_eligible", "eligible", "eligible", "unknown"]


async def test_the_rules_advise_and_a_person_decides(clinic: Any) -> None:
    program_id = await program_with(clinic, RULES[0])
    young = INBOUND | {"program_id": program_id, "person": {"name": "Kit", "birth_date": "2015-01-01"}}

    answer = await clinic.supervisor.post(f"{INTAKE}/referrals", young)
    taken = await accepted(clinic.supervisor, UUID(answer.json()["id"]), {"override_reason": "Canary: turns 18 soon"})
    shown = (await clinic.supervisor.get(f"{INTAKE}/referrals/{answer.json()['id']}")).json()

    assert (answer.json()["eligibility"], taken.status_code) == ("not_eligible", 201)
    assert shown["screening"]["overridden_because"] == "Canary: turns 18 soon"
    assert shown["screening"]["reasons"] == [{"rule": "minimum_age", "question": None, "verdict": "not_eligible"}]


@pytest.mark.parametrize(
    "rules",
    [
        [{"kind": "minimum_age", "years": -1}],
        [{"kind": "minimum_age", "years": 121}],
        [{"kind": "income", "most": 5}],
        [{"kind": "areas", "areas": []}],
        [{"kind": "areas", "areas": ["Cook", "Cook"]}],
        [RULES[0], RULES[0]],
        [RULES[3], RULES[3]],
        [RULES[3] | {"question": "two words"}],
        [RULES[0]] * 51,
    ],
)
async def test_rules_that_make_no_sense_are_refused(clinic: Any, rules: list[dict[str, Any]]) -> None:
    before, audited = await asyncio.gather(rows(clinic), clinic.refusals())

    path = f"{INTAKE}/programs/{clinic.program_id}/eligibility"
    answer = await clinic.supervisor.put(path, {"rules": rules}, 0)

    assert (answer.status_code, answer.json()["type"]) == (422, INVALID)
    assert await asyncio.gather(rows(clinic), clinic.refusals()) == [before, audited + 1]


async def test_peers_and_strangers_set_no_rules(clinic: Any, stranger: Caller) -> None:
    path = f"{INTAKE}/programs/{clinic.program_id}/eligibility"
    assert (await clinic.peer.put(path, {"rules": []}, 0)).status_code == 403
    assert (await stranger.put(path, {"rules": []}, 0)).status_code == 404
    assert (await stranger.get(path)).status_code == 404


async def test_an_external_id_of_somebody_elses_referral_loses_and_tells_nothing(clinic: Any) -> None:
    def of(name: str) -> dict[str, Any]:
        known = {"source_system": "county-x", "external_id": "x-1"}
        return {"kind": "self", "referred_on": "2026-02-01", "person": {"name": name}} | known

    first = await clinic.supervisor.post(f"{INTAKE}/referrals", of("First Person"))
    again = await clinic.supervisor.post(f"{INTAKE}/referrals", of("First Person"))
    other = await clinic.supervisor.post(f"{INTAKE}/referrals", of("Second Person"))
    hidden = await clinic.other_peer.post(f"{INTAKE}/referrals", of("Third Person"))

    assert (again.json()["id"], again.json()["recorded"]) == (first.json()["id"], False)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/external-id-in-use")
    assert (hidden.status_code, hidden.json()["recorded"]) == (201, True)
    assert hidden.json()["id"] != first.json()["id"]
    read = (await clinic.other_peer.get(f"{INTAKE}/referrals/{hidden.json()['id']}")).json()
    assert "Third Person" in str(read)
