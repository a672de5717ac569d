"""Work with people whom nobody enrolled: counts and no words, refused where somebody is known, summed up by period."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import Location, Modality
from common.contracts.session_logging import AnonymousContactFacts
from common.errors import Unprocessable
from handrail.testing import Caller, add_staff, open_agency
from session_logging.models import AnonymousContact
from session_logging.rules.anonymous import WITH_ANYBODY, require_anybody, require_place, require_threads
from session_logging.rules.spans import month, span

CONTACTS = "/api/session-logging/v1/anonymous-contacts"
TOTALS = f"{CONTACTS}/totals"
REFUSED = (
    "select (select count(*) from session_logging.audit_pending where agency_id = :a and outcome = 'refused') + "
    "(select count(*) from session_logging.audit where agency_id = :a and outcome = 'refused')"
)


def refusal(modality: Modality, location: Location | None = None, threads: int = 0) -> str | None:
    try:
        require_anybody(modality)
        require_place(modality, location)
        require_threads(modality, threads)
    except Unprocessable as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("modality", "location", "threads", "expected"),
    [
        ("outreach", "community", 0, None),
        ("outreach", None, 0, None),
        ("drop_in", "recovery_center", 0, None),
        ("community_activity", "community", 0, None),
        ("in_reach", "jail", 0, None),
        ("group_facilitation", "recovery_center", 0, None),
        ("online_forum", None, 12, None),
        ("online_forum", "telehealth", 0, None),
        ("online_forum", "jail", 0, "location-does-not-fit"),
        ("outreach", "community", 1, "threads-outside-a-forum"),
        ("one_on_one_mentoring", None, 0, "modality-needs-a-person"),
        ("telephone_recovery_support", None, 0, "modality-needs-a-person"),
        ("video", None, 0, "modality-needs-a-person"),
        ("text_chat", None, 0, "modality-needs-a-person"),
        ("warm_handoff", None, 0, "modality-needs-a-person"),
        ("recovery_housing_checkin", None, 0, "modality-needs-a-person"),
        ("family_session", None, 0, "modality-needs-a-person"),
        ("transport_accompaniment", None, 0, "modality-needs-a-person"),
        ("crisis_support", None, 0, "modality-needs-a-person"),
    ],
)
def test_which_work_can_do_without_knowing_anybody(
    modality: str, location: str | None, threads: int, expected: str | None
) -> None:
    assert refusal(Modality(modality), Location(location) if location else None, threads) == expected


def test_every_kind_of_support_is_decided() -> None:
    assert {one for one in Modality if refusal(one) is None} == WITH_ANYBODY


def test_nothing_that_is_kept_could_hold_a_name() -> None:
    free_text = {"zone", "words", "note", "name", "names", "description"}

    assert not free_text & set(AnonymousContact.__table__.columns.keys())
    assert not free_text & set(AnonymousContactFacts.model_fields)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.integers(-3, 800))
def test_a_span_has_between_one_day_and_a_year(first: date, days: int) -> None:
    last = first + timedelta(days=days)

    if 0 <= days < 366:
        assert (span(first, last).first, span(first, last).last) == (first, last)
    else:
        with pytest.raises(Unprocessable):
            span(first, last)


@pytest.mark.parametrize(
    ("asked", "last"),
    [("2026-02", date(2026, 2, 28)), ("2028-02", date(2028, 2, 29)), ("2026-12", date(2026, 12, 31)),
     ("2026-04", date(2026, 4, 30))],
)  # fmt: skip
def test_a_month_has_all_its_days(asked: str, last: date) -> None:
    assert (month(asked).first, month(asked).last) == (date.fromisoformat(f"{asked}-01"), last)


# --- through HTTP


@pytest_asyncio.fixture(scope="module")
async def workers(shared: Any) -> list[Caller]:
    """Two peers and a supervisor of the shared practice whose work no other file counts."""
    return [await add_staff(shared.administrator, role) for role in ("peer", "peer", "supervisor")]


def contact(practice: Any, **changed: Any) -> dict[str, Any]:
    body = {
        "program_id": str(practice.program_id), "modality": "outreach", "location": "community",
        "activities": ["outreach", "naloxone_education"], "started_at": "2026-03-10T18:00", "people": 14,
        "ended_at": "2026-03-10T20:30", "supplies": {"naloxone_kits": 9, "test_strips": 40},
    }  # fmt: skip
    return {name: value for name, value in (body | changed).items() if value is not None}


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def listed(caller: Caller, first: str = "2026-03-01", last: str = "2026-03-31", **more: Any) -> Any:
    answer = await caller.get(CONTACTS, **{"from": first, "to": last}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def summed(caller: Caller, first: str = "2026-03-01", last: str = "2026-03-31", **more: Any) -> Any:
    answer = await caller.get(TOTALS, **{"from": first, "to": last}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["lines"]


async def test_outreach_is_recorded_with_its_counts_and_told_without_supplies(shared: Any) -> None:
    contact_id = await shared.peer.created(CONTACTS, contact(shared))

    [told] = await shared.told(contact_id)
    assert (told["type"], told["people"], told["minutes"]) == ("anonymous-contact-held", 14, 150)
    assert (told["service_date"], told["withdrawn"]) == ("2026-03-10", False)
    read = next(one for one in (await listed(shared.peer))["items"] if one["id"] == str(contact_id))
    assert (read["naloxone_kits"], read["test_strips"], read["hygiene_kits"], read["information"]) == (9, 40, 0, 0)
    assert read["started_at"] == "2026-03-10T23:00:00Z"


async def test_a_night_over_the_spring_change_has_the_minutes_that_passed(shared: Any) -> None:
    body = contact(shared, started_at="2026-03-08T01:00", ended_at="2026-03-08T04:00")

    contact_id = await shared.peer.created(CONTACTS, body)

    [told] = await shared.told(contact_id)
    assert told["minutes"] == 120


async def test_an_online_forum_counts_the_threads_that_were_answered(shared: Any) -> None:
    body = contact(
        shared, modality="online_forum", location=None, activities=["coaching_mentoring"], supplies=None,
        threads_answered=11, people=6,
    )  # fmt: skip

    contact_id = await shared.peer.created(CONTACTS, body)

    read = next(one for one in (await listed(shared.peer))["items"] if one["id"] == str(contact_id))
    assert (read["threads_answered"], read["location"]) == (11, None)


async def test_each_thing_that_cannot_be_has_its_own_code_and_leaves_nothing(practice: Any) -> None:
    later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    wrong: dict[str, dict[str, Any]] = {
        "modality-needs-a-person": {"modality": "one_on_one_mentoring"},
        "outside-the-peer-role": {"activities": ["counseling"]},
        "ends-before-it-starts": {"ended_at": "2026-03-10T17:00"},
        "longer-than-a-day": {"ended_at": "2026-03-11T19:00"},
        "in-the-future": {"started_at": datetime.now(UTC).isoformat(), "ended_at": later},
        "time-does-not-exist": {"started_at": "2026-03-08T02:30", "ended_at": "2026-03-08T05:00"},
        "threads-outside-a-forum": {"threads_answered": 2},
        "unknown-program": {"program_id": str(uuid.uuid4())},
        "invalid-request": {"people": 1001},
    }
    shapes: list[dict[str, Any]] = [
        {"words": "a tall man"}, {"people": -1}, {"supplies": {"money": 1}}, {"activities": []},
        {"supplies": {"naloxone_kits": 10_001}}, {"participant_id": str(uuid.uuid4())},
    ]  # fmt: skip

    answers = {
        code: await practice.peer.post(CONTACTS, contact(practice, **changed)) for code, changed in wrong.items()
    }
    misshapen = [await practice.peer.post(CONTACTS, contact(practice, **changed)) for changed in shapes]

    assert {code: problem(answer) for code, answer in answers.items()} == {code: (422, code) for code in wrong}
    assert {problem(answer) for answer in misshapen} == {(422, "invalid-request")}
    agency = practice.administrator.agency_id
    for table in ("anonymous_contact", "idempotency", "outbox", "ledger"):
        count = f"select count(*) from session_logging.{table} where agency_id = :agency"
        assert await practice.platform.value(count, agency=agency) == 0
    await practice.platform.eventually(REFUSED, len(answers) + len(misshapen), a=agency)


async def test_the_client_makes_the_id_and_it_is_taken_once(shared: Any) -> None:
    body = contact(shared, id=str(uuid.uuid4()))

    first = await shared.peer.post(CONTACTS, body)
    other = await shared.peer.post(CONTACTS, body)

    assert (first.status_code, first.json()["id"]) == (201, body["id"])
    assert problem(other) == (409, "already-recorded")


async def test_peers_see_their_own_and_supervisors_and_administrators_all(shared: Any, workers: list[Caller]) -> None:
    one, other, supervisor = workers
    mine = str(await one.created(CONTACTS, contact(shared, started_at="2026-02-03T18:00", ended_at="2026-02-03T19:00")))
    theirs = str(
        await other.created(CONTACTS, contact(shared, started_at="2026-02-04T18:00", ended_at="2026-02-04T19:00"))
    )
    february = ("2026-02-01", "2026-02-28")

    seen = {
        name: [found["id"] for found in (await listed(caller, *february))["items"]]
        for name, caller in {"one": one, "supervisor": supervisor, "administrator": shared.administrator}.items()
    }

    assert seen == {"one": [mine], "supervisor": [theirs, mine], "administrator": [theirs, mine]}
    foreign = await one.put(f"{CONTACTS}/{theirs}/withdrawal", {"reason": "other"}, 1)
    assert problem(foreign) == (404, "not-found")


async def test_other_roles_and_strangers_may_not(shared: Any, colleagues: Any, platform: Any, http: Any) -> None:
    contact_id = await shared.peer.created(CONTACTS, contact(shared))
    elsewhere = await open_agency(http, platform)
    stranger = await add_staff(elsewhere, "supervisor")
    await shared.heard("agency", [elsewhere.agency_id])

    recorded = await stranger.post(CONTACTS, contact(shared))
    withdrawn = await stranger.put(f"{CONTACTS}/{contact_id}/withdrawal", {"reason": "other"}, 1)
    audited = await colleagues.auditor.get(CONTACTS, **{"from": "2026-03-01", "to": "2026-03-31"})
    administrator = await shared.administrator.post(CONTACTS, contact(shared))

    assert problem(recorded) == (422, "unknown-program")
    assert problem(withdrawn) == (404, "not-found")
    assert ((await listed(stranger))["items"], await summed(stranger)) == ([], [])
    assert (audited.status_code, administrator.status_code) == (403, 403)


async def test_sums_of_a_period_are_by_program_and_kind_without_withdrawn_entries(practice: Any) -> None:
    drop_in = {"modality": "drop_in", "location": "recovery_center", "activities": ["social_recreational"]}
    outreach = [contact(practice, people=people, started_at=f"2026-01-{day}T10:00", ended_at=f"2026-01-{day}T11:30")
                for people, day in ((3, "10"), (4, "31"))]  # fmt: skip
    outside = contact(practice, started_at="2026-02-01T10:00", ended_at="2026-02-01T11:30")
    come_by = contact(
        practice, **drop_in, people=20, supplies={"hygiene_kits": 5, "information": 7},
        started_at="2026-01-15T10:00", ended_at="2026-01-15T12:00",
    )  # fmt: skip
    ids = [await practice.peer.created(CONTACTS, body) for body in (*outreach, outside, come_by, come_by)]
    await practice.peer.put(f"{CONTACTS}/{ids[-1]}/withdrawal", {"reason": "recorded_twice"}, 1)

    lines = await summed(practice.peer, "2026-01-01", "2026-01-31")

    none = {"naloxone_kits": 0, "test_strips": 0, "hygiene_kits": 0, "information": 0, "threads_answered": 0}
    program = {"program_id": str(practice.program_id)}
    assert lines == [
        program | none | {"modality": "drop_in", "contacts": 1, "people": 20, "minutes": 120, "hygiene_kits": 5,
                          "information": 7},
        program | none | {"modality": "outreach", "contacts": 2, "people": 7, "minutes": 180, "naloxone_kits": 18,
                          "test_strips": 80},
    ]  # fmt: skip
    assert await summed(practice.peer, "2026-01-01", "2026-01-31", program_id=str(uuid.uuid4())) == []


async def test_pages_follow_one_another_without_gap_or_repeat(shared: Any, workers: list[Caller]) -> None:
    _, worker, _ = workers
    day = {"started_at": "2026-01-20T10:00", "ended_at": "2026-01-20T11:00"}
    made = {str(await worker.created(CONTACTS, contact(shared, **day))) for _ in range(5)}
    january, found, following = ("2026-01-01", "2026-01-31"), [], None

    for _ in range(3):
        page = await listed(worker, *january, limit=2, **({"next": following} if following else {}))
        found += [one["id"] for one in page["items"]]
        following = page["next"]

    assert (len(found), set(found), following) == (5, made, None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, "ends-before-it-starts"),
        ({"from": "2025-01-01", "to": "2026-03-01"}, "more-than-a-year"),
        ({"from": "2026-03-01"}, "invalid-request"),
        ({"from": "yesterday", "to": "2026-03-01"}, "invalid-request"),
        ({"from": "2026-03-01", "to": "2026-03-02", "next": "e30"}, "bad-cursor"),
    ],
)
async def test_a_period_that_cannot_be_is_refused(shared: Any, asked: dict[str, str], expected: str) -> None:
    answers = [await shared.peer.get(CONTACTS, **asked)]
    if "next" not in asked:
        answers.append(await shared.peer.get(TOTALS, **asked))

    assert {problem(answer) for answer in answers} == {(422, expected)}


async def test_a_mistake_is_withdrawn_and_told(shared: Any) -> None:
    contact_id = await shared.peer.created(CONTACTS, contact(shared))
    withdrawal = f"{CONTACTS}/{contact_id}/withdrawal"

    first = await shared.peer.put(withdrawal, {"reason": "did_not_happen"}, 1)
    again = await shared.peer.put(withdrawal, {"reason": "did_not_happen"}, 1)
    other = await shared.peer.put(withdrawal, {"reason": "other"}, 2)

    assert (first.json()["version"], again.json()["version"], problem(other)) == (2, 2, (409, "already-withdrawn"))
    told = await shared.told(contact_id)
    assert [(one["type"], one["withdrawn"]) for one in told] == [
        ("anonymous-contact-held", False), ("anonymous-contact-withdrawn", True),
    ]  # fmt: skip
