"""How an agency stands under 42 CFR Part 2: its six facts, the second person, going live, and the label of records."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from common.contracts.codes import RecordOrigin
from handrail.going_live import go_live
from handrail.testing import Caller, Platform, add_staff, open_agency
from intake.rules.part2 import (
    AgencyFact,
    Ground,
    Lack,
    effective,
    is_overdue,
    lacking,
    last_review_day,
    needs_second_person,
    origin_of,
    referral_origin,
    rests_on_assistance_alone,
)

INTAKE = "/api/intake/v1"
STATUS, DETERMINATIONS, LIVE = (f"{INTAKE}/privacy/{part}" for part in ("status", "determinations", "go-live"))
PROGRAM = AgencyFact.PART2_PROGRAM
TODAY = datetime.now(UTC).date()
YESTERDAY, NEXT_YEAR = (TODAY - timedelta(days=1)).isoformat(), (TODAY + timedelta(days=360)).isoformat()
DECISION = {
    "fact": "part2_program",
    "holds": True,
    "decided_on": YESTERDAY,
    "grounds": "We refer people to treatment and say so on our website.",
    "ground_codes": ["diagnosis_treatment_or_referral", "holds_itself_out"],
    "review_on": NEXT_YEAR,
}
OFF = DECISION | {
    "holds": False,
    "ground_codes": ["counsel_opinion"],
    "grounds": "Counsel reads 2.11 so in her letter.",
}
NOTICE = {
    "notice_version": "one",
    "language": "en",
    "words": "Notice of Privacy Practices",
    "effective_on": "2026-01-01",
}


# What the rules say


def test_until_somebody_decides_an_agency_is_a_program_and_nothing_else() -> None:
    assert effective({}) == {fact: fact is PROGRAM for fact in AgencyFact}
    assert effective({PROGRAM: False, AgencyFact.INTERMEDIARY: True}) == {
        AgencyFact.PART2_PROGRAM: False,
        AgencyFact.COVERED_ENTITY: False,
        AgencyFact.BUSINESS_ASSOCIATE: False,
        AgencyFact.QUALIFIED_SERVICE: False,
        AgencyFact.INTERMEDIARY: True,
        AgencyFact.LAWFUL_HOLDER: False,
    }


@pytest.mark.parametrize(
    ("fact", "counts_now", "holds", "second"),
    [
        (PROGRAM, True, False, True),
        (PROGRAM, True, True, False),
        (PROGRAM, False, True, False),
        (PROGRAM, False, False, False),
        (AgencyFact.COVERED_ENTITY, True, False, False),
        (AgencyFact.LAWFUL_HOLDER, True, False, False),
    ],
)
def test_only_taking_the_protection_away_needs_a_second_person(
    fact: AgencyFact, counts_now: bool, holds: bool, second: bool
) -> None:
    assert needs_second_person(fact, counts_now=counts_now, holds=holds) is second


@pytest.mark.parametrize(
    ("fact", "grounds", "alone"),
    [
        (PROGRAM, [], True),
        (PROGRAM, [Ground.FEDERAL_FUNDING], True),
        (PROGRAM, [Ground.FEDERAL_FUNDING, Ground.TAX_EXEMPT], True),
        (PROGRAM, [Ground.FEDERAL_FUNDING, Ground.HOLDS_ITSELF_OUT], False),
        (PROGRAM, [Ground.COUNSEL_OPINION], False),
        (AgencyFact.COVERED_ENTITY, [], False),
        (AgencyFact.COVERED_ENTITY, [Ground.FEDERAL_FUNDING], False),
    ],
)
def test_funding_alone_decides_nothing(fact: AgencyFact, grounds: list[Ground], alone: bool) -> None:
    assert rests_on_assistance_alone(fact, grounds) is alone


@pytest.mark.parametrize(
    ("decided_on", "last"),
    [
        (date(2026, 3, 7), date(2028, 3, 7)),
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2026, 2, 28), date(2028, 2, 28)),
    ],
)
def test_a_decision_is_looked_at_again_within_two_years(decided_on: date, last: date) -> None:
    assert last_review_day(decided_on) == last


def test_a_decision_is_overdue_from_the_day_after_its_review() -> None:
    assert not is_overdue(date(2026, 3, 7), date(2026, 3, 7))
    assert is_overdue(date(2026, 3, 7), date(2026, 3, 8))


def test_going_live_lacks_each_thing_under_its_own_name() -> None:
    today = date(2026, 3, 7)
    complete = dict.fromkeys(AgencyFact, today)

    nothing = lacking({}, today, notice=Lack.NOTICE_TEXT, has_officer=False)
    overdue = lacking(complete | {PROGRAM: date(2026, 3, 6)}, today, notice=None, has_officer=True)

    assert [one.what for one in nothing] == [*AgencyFact, Lack.NOTICE_TEXT, Lack.PRIVACY_OFFICER]
    assert [one.what for one in overdue] == [PROGRAM]
    assert lacking(complete, today, notice=None, has_officer=True) == []


@pytest.mark.parametrize(
    ("is_program", "received", "person", "referral"),
    [
        (True, False, RecordOrigin.OWN_PART2, RecordOrigin.OWN_PART2),
        (True, True, RecordOrigin.OWN_PART2, RecordOrigin.RECEIVED_PART2),
        (False, True, RecordOrigin.RECEIVED_PART2, RecordOrigin.RECEIVED_PART2),
        (False, False, RecordOrigin.OTHER, RecordOrigin.OTHER),
    ],
)
def test_a_record_is_labelled_by_where_it_comes_from(
    is_program: bool, received: bool, person: RecordOrigin, referral: RecordOrigin
) -> None:
    assert origin_of(is_program=is_program, received=received) is person
    assert referral_origin(is_program=is_program, received=received) is referral


# How it is asked for


@pytest_asyncio.fixture
async def new(platform: Platform, http: httpx.AsyncClient) -> Caller:
    """The administrator of an agency that intake knows and that is not live."""
    administrator = await open_agency(http, platform, live=False)
    await platform.eventually("select count(*) from intake.agency where id = :a", 1, a=administrator.agency_id)
    return administrator


@pytest_asyncio.fixture
async def live(new: Caller) -> Caller:
    """The administrator of an agency of the test's own that went live with the defaults."""
    assert new.token is not None
    await go_live(new.http, new.token)
    return new


async def fact(caller: Caller, name: str = "part2_program") -> dict[str, Any]:
    (found,) = [one for one in (await caller.get(STATUS)).json()["facts"] if one["fact"] == name]
    return dict(found)


async def told(platform: Platform, caller: Caller) -> list[Any]:
    """Return what was told of the agency's status, in order."""
    sql = (
        "select (payload::jsonb)->'data' as data, aggregate_seq from (select agency_id, payload::text, aggregate_seq, "
        "type from intake.outbox union all select agency_id, payload::text, aggregate_seq, type from intake.ledger) e "
        "where agency_id = :a and type = 'handrail.intake.privacy-status-determined.v1' order by aggregate_seq"
    )
    rows = await platform.fetch(sql, a=caller.agency_id)
    return [(row["aggregate_seq"], row["data"]) for row in rows]


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_before_any_decision_the_defaults_count_and_everything_is_missing(new: Caller) -> None:
    answer = await new.get(STATUS)

    status = answer.json()
    assert (answer.headers["etag"], status["version"], status["live_at"]) == ('"0"', 0, None)
    assert [(one["fact"], one["holds"], one["determined"]) for one in status["facts"]] == [
        (str(name), name is PROGRAM, False) for name in AgencyFact
    ]
    assert [one["what"] for one in status["missing"]] == [*AgencyFact, "notice_text", "privacy_officer"]


async def test_going_live_is_refused_with_an_entry_for_each_thing_that_is_missing(new: Caller) -> None:
    bare = await new.put(LIVE, {}, version=0)
    await new.created(DETERMINATIONS, DECISION)
    less = await new.put(LIVE, {"administrator_answers": True}, version=1)

    assert slug(bare) == slug(less) == (409, "go-live-incomplete")
    assert [one["pointer"] for one in bare.json()["errors"]] == [
        *(f"/{name}" for name in AgencyFact),
        "/notice_text",
        "/privacy_officer",
    ]
    assert [one["pointer"] for one in less.json()["errors"]] == [
        *(f"/{name}" for name in AgencyFact if name is not PROGRAM),
        "/notice_text",
    ]
    assert (await new.get(STATUS)).json()["live_at"] is None


async def test_a_notice_that_is_yet_to_come_or_only_in_spanish_does_not_do(new: Caller) -> None:
    later = (TODAY + timedelta(days=3)).isoformat()
    await new.created(f"{INTAKE}/notice-texts", NOTICE | {"effective_on": later})
    await new.created(f"{INTAKE}/notice-texts", NOTICE | {"language": "es"})

    status = (await new.get(STATUS)).json()

    assert "notice_text" in [one["what"] for one in status["missing"]]


async def test_nobody_is_taken_in_before_the_agency_is_live(platform: Platform, new: Caller) -> None:
    program = await new.created("/api/workforce/v1/programs", {"name": "Canary program", "opened_on": "2025-01-01"})
    await platform.eventually("select count(*) from intake.program where id = :p", 1, p=program)
    referral = {"referred_on": YESTERDAY, "kind": "self", "person": {"name": "Maura Canary"}}
    referral_id = await new.created(f"{INTAKE}/referrals", referral)
    brief = {"person": {"anonymous": True}, "program_id": str(program), "voluntary": True}
    row = {
        "external_id": "one",
        "name": "Maura Canary",
        "enrolled_at": "2026-01-05T15:00:00Z",
        "episode": {"program_id": str(program), "opened_on": "2026-01-05"},
    }

    answers = [
        await new.post(f"{INTAKE}/participants", {"name": "Maura Canary"}),
        await new.post(f"{INTAKE}/participants", {"anonymous": True}),
        await new.post(f"{INTAKE}/brief-intakes", brief),
        await new.post(f"{INTAKE}/referrals/{referral_id}/enrolments", {}),
        await new.post(f"{INTAKE}/imports", {"source_system": "old", "participants": [row]}),
    ]

    assert {answer.json()["type"] for answer in answers} == {"/problems/agency-not-live"}, [a.text for a in answers]
    people = "select count(*) from intake.participant where agency_id = :a"
    assert await platform.value(people, a=new.agency_id) == 0


async def test_an_administrator_goes_live_where_they_say_that_they_answer_for_privacy(
    platform: Platform, new: Caller
) -> None:
    assert new.token is not None
    await go_live(new.http, new.token)

    status = (await new.get(STATUS)).json()
    again = await new.put(LIVE, {"administrator_answers": True}, version=2)
    stale = await new.put(LIVE, {"administrator_answers": True}, version=1)

    assert (status["missing"], status["live_by"], status["version"]) == ([], str(new.staff_id), 2)
    assert (slug(again), slug(stale)) == ((409, "live-already"), (412, "stale-version"))
    assert (await new.post(f"{INTAKE}/participants", {"name": "Maura Canary"})).status_code == 201
    first, second = await told(platform, new)
    assert first == (1, {name: value for name, value in second[1].items() if name != "live_at"})
    assert second[0] == 2
    assert second[1] == {
        "is_program": True,
        "is_covered_entity": False,
        "is_business_associate": False,
        "is_qualified_service": False,
        "is_intermediary": False,
        "is_lawful_holder": False,
        "live_at": second[1]["live_at"],
    }


async def test_a_privacy_officer_on_the_staff_is_enough(platform: Platform, new: Caller) -> None:
    officer = await add_staff(new, "privacy_officer")
    await platform.eventually("select count(*) from intake.staff where id = :s", 1, s=officer.staff_id)
    for name in AgencyFact:
        await officer.created(DETERMINATIONS, DECISION | {"fact": name, "holds": name is PROGRAM})
    await officer.created(f"{INTAKE}/notice-texts", NOTICE)

    unread = await officer.put(LIVE, {}, version=1)
    answer = await officer.put(LIVE, {"notice_confirmed": True}, version=1)

    assert (slug(unread), [one["pointer"] for one in unread.json()["errors"]]) == (
        (409, "go-live-incomplete"),
        ["/notice_parts"],
    )
    assert answer.status_code == 200, answer.text
    assert (await new.get(STATUS)).json()["live_by"] == str(officer.staff_id)


async def test_saying_that_an_administrator_answers_is_the_administrators_to_say(
    platform: Platform, new: Caller
) -> None:
    officer = await add_staff(new, "privacy_officer")
    await platform.eventually("select count(*) from intake.staff where id = :s", 1, s=officer.staff_id)
    async with platform.admin.begin() as connection:  # who leaves today, their token still being good
        sql = "update intake.staff set employed_to = employed_from where id = :s"
        await connection.execute(text(sql), {"s": officer.staff_id})

    answer = await officer.put(LIVE, {"administrator_answers": True}, version=0)

    assert "/privacy_officer" in [one["pointer"] for one in answer.json()["errors"]]


async def test_a_decision_is_shown_with_who_when_why_and_until_when(clinic: Any, live: Caller) -> None:
    made = await live.created(DETERMINATIONS, DECISION | {"evidence": "Letter of counsel, drawer 2"})

    found = await fact(live)

    decision = found["determination"]
    assert (found["holds"], found["determined"], found["overdue"], found["proposed"]) == (True, True, False, None)
    assert decision | DECISION == decision
    assert (decision["id"], decision["decided_by"], decision["state"]) == (str(made), str(live.staff_id), "in_force")
    assert decision["evidence"] == "Letter of counsel, drawer 2"


async def test_the_decision_before_is_replaced_and_stays_on_file(live: Caller) -> None:
    for holds in (True, False):
        await live.created(DETERMINATIONS, DECISION | {"fact": "covered_entity", "holds": holds})

    first = (await live.get(DETERMINATIONS, fact="covered_entity", limit=2)).json()
    rest = (await live.get(DETERMINATIONS, fact="covered_entity", limit=2, next=first["next"])).json()

    assert [(one["holds"], one["state"]) for one in first["items"]] == [(False, "in_force"), (True, "replaced")]
    assert [(one["holds"], one["state"]) for one in rest["items"]] == [(False, "replaced")]
    assert rest["next"] is None


async def test_what_changes_how_the_agency_counts_is_told_and_what_does_not_is_not(
    platform: Platform, live: Caller
) -> None:
    before = await told(platform, live)

    await live.created(DETERMINATIONS, DECISION)
    same = await told(platform, live)
    await live.created(DETERMINATIONS, DECISION | {"fact": "covered_entity"})
    after = await told(platform, live)

    assert same == before
    assert [(seq, data["is_covered_entity"]) for seq, data in after[len(before) :]] == [(3, True)]


async def test_switching_the_program_off_waits_for_another_person(platform: Platform, live: Caller) -> None:
    officer = await add_staff(live, "privacy_officer")
    proposal = await live.created(DETERMINATIONS, OFF)
    path = f"{DETERMINATIONS}/{proposal}/approval"

    waiting = await fact(live)
    alone = await live.put(path, None, version=1)
    stale = await officer.put(path, None, version=2)
    approved = await officer.put(path, None, version=1)
    again = await officer.put(path, None, version=2)

    assert (waiting["holds"], waiting["proposed"]["id"]) == (True, str(proposal))
    assert (slug(alone), slug(stale)) == ((409, "own-proposal"), (412, "stale-version"))
    assert (approved.status_code, approved.json()["version"]) == (200, 2)
    assert slug(again) == (409, "determination-settled")
    now = await fact(live)
    assert (now["holds"], now["proposed"], now["determination"]["settled_by"]) == (False, None, str(officer.staff_id))
    assert [data["is_program"] for _, data in await told(platform, live)] == [True, True, False]


async def test_a_refused_proposal_changes_nothing_and_the_next_one_may_come(live: Caller) -> None:
    officer = await add_staff(live, "privacy_officer")
    first = await live.created(DETERMINATIONS, OFF)

    second = await live.post(DETERMINATIONS, OFF)
    refused = await officer.put(f"{DETERMINATIONS}/{first}/refusal", None, version=1)
    settled = await officer.put(f"{DETERMINATIONS}/{first}/approval", None, version=2)

    assert (slug(second), refused.status_code) == ((409, "proposal-waiting"), 200)
    assert slug(settled) == (409, "determination-settled")
    assert ((await fact(live))["holds"], (await fact(live))["proposed"]) == (True, None)
    assert await live.created(DETERMINATIONS, OFF)


async def test_switching_the_program_on_again_needs_nobody_else(live: Caller) -> None:
    officer = await add_staff(live, "privacy_officer")
    off = await live.created(DETERMINATIONS, OFF)
    await officer.put(f"{DETERMINATIONS}/{off}/approval", None, version=1)

    renewed = await live.created(DETERMINATIONS, OFF)
    still_off = await fact(live)
    await live.created(DETERMINATIONS, DECISION)

    assert (still_off["holds"], still_off["determination"]["id"]) == (False, str(renewed))
    assert (await fact(live))["holds"] is True


@pytest.mark.parametrize(
    ("wrong", "status", "code", "pointer"),
    [
        ({"ground_codes": ["federal_funding"]}, 422, "funding-alone-decides-nothing", "/ground_codes"),
        ({"ground_codes": ["tax_exempt", "federal_funding"]}, 422, "funding-alone-decides-nothing", "/ground_codes"),
        ({"ground_codes": []}, 422, "funding-alone-decides-nothing", "/ground_codes"),
        ({"ground_codes": ["other", "other"]}, 422, "invalid-request", "/ground_codes"),
        ({"grounds": "Because."}, 422, "invalid-request", "/grounds"),
        ({"fact": "hospital"}, 422, "invalid-request", "/fact"),
        ({"holds": "perhaps"}, 422, "invalid-request", "/holds"),
        ({"decided_on": "2990-01-01", "review_on": "2991-01-01"}, 422, "in-the-future", "/decided_on"),
        ({"review_on": YESTERDAY}, 422, "review-day-out-of-range", "/review_on"),
        ({"review_on": "2990-01-01"}, 422, "review-day-out-of-range", "/review_on"),
        ({"decided_on": "2020-01-01", "review_on": "2021-01-01"}, 422, "review-day-passed", "/review_on"),
        ({"decided_by": str(uuid4())}, 422, "invalid-request", "/decided_by"),
        ({"evidence": " "}, 422, "invalid-request", "/evidence"),
    ],
)
async def test_a_wrong_decision_leaves_nothing_but_its_refusal(
    clinic: Any, wrong: dict[str, object], status: int, code: str, pointer: str
) -> None:
    refusals, rows = await clinic.refusals(), await clinic.rows()
    count = "select count(*) from intake.determination where agency_id = :a"
    before = await clinic.platform.value(count, a=clinic.administrator.agency_id)

    answer = await clinic.administrator.post(DETERMINATIONS, DECISION | wrong)

    assert slug(answer) == (status, code), answer.text
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert await clinic.platform.value(count, a=clinic.administrator.agency_id) == before
    assert (await clinic.rows(), await clinic.refusals()) == (rows, refusals + 1)


async def test_who_may_decide_and_who_may_know(clinic: Any) -> None:
    for caller in (clinic.peer, clinic.supervisor):
        assert (await caller.get(STATUS)).status_code == 200
        assert (await caller.get(DETERMINATIONS)).status_code == 200
        assert (await caller.post(DETERMINATIONS, DECISION)).status_code == 403
        assert (await caller.put(LIVE, {}, version=2)).status_code == 403
        assert (await caller.put(f"{DETERMINATIONS}/{uuid4()}/approval", None, version=1)).status_code == 403
        assert (await caller.put(f"{DETERMINATIONS}/{uuid4()}/refusal", None, version=1)).status_code == 403


async def test_another_agencys_decision_is_not_there(stranger: Caller, live: Caller, nobody: UUID) -> None:
    proposal = await live.created(DETERMINATIONS, OFF)

    answers = [
        await stranger.put(f"{DETERMINATIONS}/{one}/{move}", None, version=1)
        for one in (proposal, nobody)
        for move in ("approval", "refusal")
    ]

    assert {slug(answer) for answer in answers} == {(404, "not-found")}
    assert str(proposal) not in (await stranger.get(DETERMINATIONS)).text


async def test_the_words_of_a_decision_stay_out_of_events_and_audit(platform: Platform, live: Caller) -> None:
    await live.created(DETERMINATIONS, DECISION | {"grounds": "Canary grounds, said by the board at length."})

    for table in ("outbox", "ledger", "audit", "audit_pending", "idempotency"):
        rows = await platform.fetch(f"select t::text as whole from intake.{table} t")
        assert not [row for row in rows if "Canary grounds" in row["whole"]], table


# The label of records


@pytest_asyncio.fixture
async def no_program(live: Caller) -> Caller:
    """The administrator of a live agency that was determined to be no program."""
    officer = await add_staff(live, "privacy_officer")
    off = await live.created(DETERMINATIONS, OFF)
    assert (await officer.put(f"{DETERMINATIONS}/{off}/approval", None, version=1)).status_code == 200
    return live


def referred(**more: object) -> dict[str, object]:
    return {"referred_on": YESTERDAY, "source": {"organization": "Mercy"}, "person": {"name": "Maura Canary"}} | more


async def origin(caller: Caller, kind: str, row_id: UUID | str) -> str:
    return str((await caller.get(f"{INTAKE}/{kind}/{row_id}")).json()["origin"])


async def enrolled_from(caller: Caller, **more: object) -> tuple[str, str]:
    """Return the labels of a referral and of the person it became."""
    referral_id = await caller.created(f"{INTAKE}/referrals", referred(**more))
    made = (await caller.post(f"{INTAKE}/referrals/{referral_id}/enrolments", {})).json()
    return await origin(caller, "referrals", referral_id), await origin(caller, "participants", made["participant_id"])


async def test_the_records_of_a_program_are_its_own_part_2_records(live: Caller) -> None:
    participant_id = await live.created(f"{INTAKE}/participants", {"name": "Maura Canary"})

    assert await origin(live, "participants", participant_id) == "own_part2"
    assert await enrolled_from(live) == ("own_part2", "own_part2")
    assert await enrolled_from(live, received_part2=True) == ("received_part2", "own_part2")


async def test_what_another_agency_receives_keeps_the_label_it_came_with(no_program: Caller) -> None:
    participant_id = await no_program.created(f"{INTAKE}/participants", {"name": "Maura Canary"})

    assert await origin(no_program, "participants", participant_id) == "other"
    assert await enrolled_from(no_program) == ("other", "other")
    assert await enrolled_from(no_program, received_part2=True) == ("received_part2", "received_part2")


async def test_a_person_served_already_takes_the_label_of_what_was_received(
    platform: Platform, no_program: Caller
) -> None:
    participant_id = await no_program.created(f"{INTAKE}/participants", {"name": "Maura Canary"})
    referral_id = await no_program.created(f"{INTAKE}/referrals", referred(received_part2=True))

    body = {"participant_id": str(participant_id)}
    answer = await no_program.post(f"{INTAKE}/referrals/{referral_id}/enrolments", body)

    assert answer.status_code == 201, answer.text
    assert await origin(no_program, "participants", participant_id) == "received_part2"
    sql = "select type, (payload::jsonb)->'data'->>'origin' as origin from intake.ledger where aggregate_id = :p"
    await platform.eventually("select count(*) from intake.ledger where aggregate_id = :p", 2, p=participant_id)
    assert [row["origin"] for row in await platform.fetch(f"{sql} order by aggregate_seq", p=participant_id)] == [
        "other",
        "received_part2",
    ]


async def test_a_merged_record_leaves_its_label_with_the_survivor(no_program: Caller) -> None:
    survivor_id = await no_program.created(f"{INTAKE}/participants", {"name": "Maura Canary"})
    referral_id = await no_program.created(f"{INTAKE}/referrals", referred(received_part2=True))
    made = (await no_program.post(f"{INTAKE}/referrals/{referral_id}/enrolments", {})).json()

    merge = {"survivor_id": str(survivor_id), "merged_id": made["participant_id"], "reason": "entered_twice"}
    answer = await no_program.post(f"{INTAKE}/merges", merge)

    assert answer.status_code == 201, answer.text
    assert await origin(no_program, "participants", survivor_id) == "received_part2"


async def test_a_referral_that_goes_out_is_labelled_as_its_person(no_program: Caller) -> None:
    participant_id = await no_program.created(f"{INTAKE}/participants", {"name": "Maura Canary"})
    out = {
        "direction": "out",
        "referred_on": YESTERDAY,
        "participant_id": str(participant_id),
        "receiver": {"organization": "Mercy"},
    }

    referral_id = await no_program.created(f"{INTAKE}/referrals", out)
    wrong = await no_program.post(f"{INTAKE}/referrals", out | {"received_part2": True})

    assert await origin(no_program, "referrals", referral_id) == "other"
    assert slug(wrong) == (422, "invalid-request")
