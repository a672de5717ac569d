"""Restrictions (42 CFR 2.26): what they stop, when the program must agree, and how they end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.rules.consents import InformationCategory, Purpose
from intake.rules.restrictions import (
    RestrictionAtHand,
    RestrictionEffect,
    RestrictionEnd,
    RestrictionState,
    effect_of,
    must_be_agreed,
    restricts,
)

INTAKE = "/api/intake/v1"
DAY = date(2026, 3, 10)
SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
PLAN, OTHER = uuid4(), uuid4()
ATTENDANCE, BILLING = InformationCategory.ATTENDANCE, InformationCategory.BILLING
AGREED = RestrictionAtHand(
    state=RestrictionState.AGREED,
    categories=[ATTENDANCE],
    purposes=[Purpose.PAYMENT],
    party_id=None,
    to_health_plan=False,
    paid_in_full=False,
)
ASKED = {
    "words": "Please do not tell my sister's clinic, Canary",
    "categories": ["attendance"],
    "purposes": ["payment"],
}
MUST = ASKED | {"to_health_plan": True, "paid_in_full": True}
ANYTHING: dict[str, Any] = {
    "categories": [ATTENDANCE],
    "purposes": [Purpose.PAYMENT],
    "party_id": OTHER,
    "record_made_on": DAY,
}


# What the rules say


@pytest.mark.parametrize(
    ("restriction", "wish", "stopped"),
    [
        ({}, {}, True),
        ({}, {"categories": [ATTENDANCE, BILLING]}, True),
        ({}, {"categories": [BILLING]}, False),
        ({"categories": []}, {"categories": [BILLING]}, True),
        ({}, {"purposes": [Purpose.TREATMENT]}, False),
        ({"purposes": []}, {"purposes": [Purpose.TREATMENT]}, True),
        ({"party_id": PLAN}, {"party_id": PLAN}, True),
        ({"party_id": PLAN}, {"party_id": OTHER}, False),
        ({"party_id": PLAN}, {"party_id": None}, False),
        ({}, {"party_id": None}, True),
        ({"to_health_plan": True}, {"to_health_plan": True}, True),
        ({"to_health_plan": True}, {"to_health_plan": False}, False),
        ({"to_health_plan": True}, {}, True),
        ({"state": RestrictionState.ASKED}, {}, False),
        ({"state": RestrictionState.ASKED, "to_health_plan": True, "paid_in_full": True}, {}, True),
        ({"state": RestrictionState.DECLINED}, {}, False),
        ({"party_id": PLAN, "to_health_plan": True}, {"party_id": PLAN, "to_health_plan": False}, True),
    ],
)
def test_a_restriction_that_binds_stops_what_it_names(
    restriction: dict[str, Any], wish: dict[str, Any], stopped: bool
) -> None:
    assert restricts(replace(AGREED, **restriction), **(ANYTHING | wish)) is stopped


@pytest.mark.parametrize(
    ("kind", "made_on", "stopped"),
    [
        (RestrictionEnd.PERSON_ASKED_IN_WRITING, DAY - timedelta(days=9), False),
        (RestrictionEnd.PERSON_AGREED_ORALLY, DAY - timedelta(days=9), False),
        (RestrictionEnd.BY_PROGRAM, DAY - timedelta(days=9), True),
        (RestrictionEnd.BY_PROGRAM, DAY, True),
        (RestrictionEnd.BY_PROGRAM, DAY + timedelta(days=1), False),
        (RestrictionEnd.BY_PROGRAM, None, True),
    ],
)
def test_an_end_by_the_program_alone_frees_later_records_only(
    kind: RestrictionEnd, made_on: date | None, stopped: bool
) -> None:
    ended = replace(AGREED, state=RestrictionState.ENDED, end_kind=kind, ended_on=DAY)

    assert restricts(ended, **(ANYTHING | {"record_made_on": made_on})) is stopped


@pytest.mark.parametrize(
    ("to_health_plan", "paid_in_full", "purposes", "must"),
    [
        (True, True, [Purpose.PAYMENT], True),
        (True, True, [Purpose.HEALTH_CARE_OPERATIONS], True),
        (True, True, [Purpose.PAYMENT, Purpose.TREATMENT], True),
        (True, True, [], True),
        (True, True, [Purpose.TREATMENT], False),
        (True, False, [Purpose.PAYMENT], False),
        (False, True, [Purpose.PAYMENT], False),
    ],
)
def test_the_program_must_agree_for_what_was_paid_in_full_without_the_plan(
    to_health_plan: bool, paid_in_full: bool, purposes: list[Purpose], must: bool
) -> None:
    assert must_be_agreed(to_health_plan=to_health_plan, paid_in_full=paid_in_full, purposes=purposes) is must


def test_an_emergency_goes_on_with_the_request_not_to_pass_it_on() -> None:
    assert effect_of([AGREED], **ANYTHING) is RestrictionEffect.STOP
    assert effect_of([AGREED], **ANYTHING, emergency=True) is RestrictionEffect.DO_NOT_PASS_ON
    assert effect_of([], **ANYTHING, emergency=True) is RestrictionEffect.NONE


CATEGORIES = st.sets(st.sampled_from(InformationCategory))
PURPOSES = st.sets(st.sampled_from(Purpose))
PARTIES = st.none() | st.sampled_from([PLAN, OTHER])
RESTRICTIONS = st.builds(
    RestrictionAtHand,
    state=st.sampled_from(RestrictionState),
    categories=CATEGORIES,
    purposes=PURPOSES,
    party_id=PARTIES,
    to_health_plan=st.booleans(),
    paid_in_full=st.booleans(),
    end_kind=st.none() | st.sampled_from(RestrictionEnd),
    ended_on=st.none() | st.dates(date(2026, 1, 1), date(2026, 6, 1)),
)
WISHES = st.fixed_dictionaries(
    {
        "categories": CATEGORIES,
        "purposes": PURPOSES,
        "party_id": PARTIES,
        "record_made_on": st.none() | st.dates(date(2025, 1, 1), date(2027, 1, 1)),
        "to_health_plan": st.none() | st.booleans(),
    }
)


@given(RESTRICTIONS, WISHES, st.sampled_from(InformationCategory), st.sampled_from(Purpose))
def test_wishing_for_more_never_escapes_a_restriction(
    restriction: RestrictionAtHand, wish: dict[str, Any], category: InformationCategory, purpose: Purpose
) -> None:
    if wish["categories"] and wish["purposes"] and restricts(restriction, **wish):
        more = wish | {"categories": wish["categories"] | {category}, "purposes": wish["purposes"] | {purpose}}
        assert restricts(restriction, **more)


@given(RESTRICTIONS, WISHES)
def test_not_knowing_is_never_freer_than_knowing(restriction: RestrictionAtHand, wish: dict[str, Any]) -> None:
    if restricts(restriction, **wish):
        assert restricts(restriction, **(wish | {"record_made_on": None, "to_health_plan": None}))


@given(RESTRICTIONS, WISHES)
def test_what_was_declined_or_only_asked_stops_nothing(restriction: RestrictionAtHand, wish: dict[str, Any]) -> None:
    for state in (RestrictionState.ASKED, RestrictionState.DECLINED):
        assert not restricts(replace(restriction, state=state, paid_in_full=False), **wish)


@given(RESTRICTIONS, WISHES)
def test_what_must_be_agreed_binds_from_when_it_was_asked(restriction: RestrictionAtHand, wish: dict[str, Any]) -> None:
    must = replace(restriction, to_health_plan=True, paid_in_full=True, purposes=[Purpose.PAYMENT])
    asked, agreed = (replace(must, state=one) for one in (RestrictionState.ASKED, RestrictionState.AGREED))

    assert restricts(asked, **wish) == restricts(agreed, **wish)


@given(RESTRICTIONS, WISHES)
def test_an_agreed_restriction_of_everything_stops_everything(
    restriction: RestrictionAtHand, wish: dict[str, Any]
) -> None:
    everything = replace(
        restriction,
        state=RestrictionState.AGREED,
        categories=[],
        purposes=[],
        party_id=None,
        to_health_plan=False,
    )

    assert restricts(everything, **wish)


# Through HTTP


async def asked(clinic: Any, participant_id: UUID, **terms: object) -> str:
    path = f"{INTAKE}/participants/{participant_id}/restrictions"
    return f"{INTAKE}/restrictions/{await clinic.supervisor.created(path, ASKED | terms)}"


async def agreed(clinic: Any, **terms: object) -> str:
    path = await asked(clinic, await clinic.enrol(), **terms)
    answer = await clinic.privacy_officer.put(f"{path}/decision", {"decision": "agreed"}, version=1)
    assert answer.status_code == 200, answer.text
    return path


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def count(clinic: Any) -> int:
    sql = "select count(*) from intake.restriction where agency_id = :a"
    return int(await clinic.platform.value(sql, a=clinic.administrator.agency_id))


async def test_a_restriction_is_asked_agreed_read_and_ended(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    listed = f"{INTAKE}/participants/{participant_id}/restrictions"
    restriction_id = await clinic.peer.created(listed, ASKED)
    path = f"{INTAKE}/restrictions/{restriction_id}"

    waiting = await clinic.peer.get(path)
    said = {"decision": "agreed", "words": "We can keep this."}
    decided = await clinic.privacy_officer.put(f"{path}/decision", said, version=1)
    ended = await clinic.administrator.put(f"{path}/end", {"kind": "person_asked_in_writing"}, version=2)
    (shown,) = (await clinic.peer.get(listed)).json()["items"]

    assert (waiting.json()["state"], waiting.headers["etag"]) == ("asked", '"1"')
    assert (decided.status_code, ended.status_code) == (200, 200)
    assert (shown["state"], shown["end_kind"], shown["version"]) == ("ended", "person_asked_in_writing", 3)
    assert (shown["words"], shown["decision_words"]) == (ASKED["words"], "We can keep this.")


async def test_a_restriction_may_be_declined_with_a_reason_once(clinic: Any) -> None:
    path = await asked(clinic, await clinic.enrol())

    unreasoned = await clinic.privacy_officer.put(f"{path}/decision", {"decision": "declined"}, version=1)
    body = {"decision": "declined", "reason": "needed_for_payment"}
    declined = await clinic.privacy_officer.put(f"{path}/decision", body, version=1)
    again = await clinic.privacy_officer.put(f"{path}/decision", {"decision": "agreed"}, version=2)
    ended = await clinic.privacy_officer.put(f"{path}/end", {"kind": "by_program"}, version=2)

    assert problem(unreasoned) == (422, "decline-reason-missing")
    assert declined.status_code == 200
    assert problem(again) == (409, "restriction-decided-already")
    assert problem(ended) == (409, "restriction-not-agreed")


async def test_what_was_paid_in_full_cannot_be_declined_nor_ended_by_the_program(clinic: Any) -> None:
    path = await asked(clinic, await clinic.enrol(), **MUST)
    body = {"decision": "declined", "reason": "needed_for_payment"}

    declined = await clinic.privacy_officer.put(f"{path}/decision", body, version=1)
    must = (await clinic.privacy_officer.get(path)).json()["must_be_agreed"]
    await clinic.privacy_officer.put(f"{path}/decision", {"decision": "agreed"}, version=1)
    by_program = await clinic.privacy_officer.put(f"{path}/end", {"kind": "by_program"}, version=2)
    by_person = await clinic.privacy_officer.put(f"{path}/end", {"kind": "person_asked_in_writing"}, version=2)

    assert must is True
    assert problem(declined) == (409, "restriction-must-be-agreed")
    assert problem(by_program) == (409, "restriction-must-be-kept")
    assert by_person.status_code == 200


async def test_an_oral_end_needs_a_note(clinic: Any) -> None:
    path = await agreed(clinic)

    without = await clinic.privacy_officer.put(f"{path}/end", {"kind": "person_agreed_orally"}, version=2)
    body = {"kind": "person_agreed_orally", "note": "Said so on the phone, Canary"}
    noted = await clinic.privacy_officer.put(f"{path}/end", body, version=2)

    assert problem(without) == (422, "oral-end-without-note")
    assert noted.status_code == 200
    assert (await clinic.privacy_officer.get(path)).json()["end_note"] == "Said so on the phone, Canary"


async def test_a_restrictions_words_are_sealed_and_told_to_nobody(clinic: Any) -> None:
    path = await agreed(clinic)

    restriction_id = UUID(path.rsplit("/", 1)[1])
    (row,) = await clinic.platform.fetch("select * from intake.restriction where id = :id", id=restriction_id)
    assert "Canary" not in str(dict(row))
    assert await clinic.events(restriction_id) == []


async def test_only_officials_decide_and_end(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await asked(clinic, participant_id)

    answers = [
        await clinic.peer.put(f"{path}/decision", {"decision": "agreed"}, version=1),
        await clinic.supervisor.put(f"{path}/decision", {"decision": "agreed"}, version=1),
        await clinic.supervisor.put(f"{path}/end", {"kind": "by_program"}, version=1),
    ]

    assert [one.status_code for one in answers] == [403, 403, 403]


async def test_only_who_reaches_a_person_sees_or_asks(clinic: Any, stranger: Any, nobody: UUID) -> None:
    participant_id, _ = await clinic.assigned()
    path = await asked(clinic, participant_id)
    listed = f"{INTAKE}/participants/{participant_id}/restrictions"

    answers = [
        await clinic.other_peer.get(listed),
        await clinic.other_peer.get(path),
        await clinic.other_peer.post(listed, ASKED),
        await stranger.get(listed),
        await stranger.put(f"{path}/decision", {"decision": "agreed"}, version=1),
        await stranger.put(f"{path}/end", {"kind": "by_program"}, version=1),
        await clinic.supervisor.get(f"{INTAKE}/restrictions/{nobody}"),
    ]

    assert {problem(one) for one in answers} == {(404, "not-found")}


async def test_a_stale_version_decides_nothing(clinic: Any) -> None:
    path = await asked(clinic, await clinic.enrol())

    unseen = await clinic.privacy_officer.put(f"{path}/decision", {"decision": "agreed"})
    stale = await clinic.privacy_officer.put(f"{path}/decision", {"decision": "agreed"}, version=2)

    assert (unseen.status_code, stale.status_code) == (428, 412)
    assert (await clinic.privacy_officer.get(path)).json()["state"] == "asked"


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"words": None}, (422, "invalid-request")),
        ({"purposes": ["any"]}, (422, "invalid-request")),
        ({"categories": ["attendance", "attendance"]}, (422, "invalid-request")),
        ({"state": "agreed"}, (422, "invalid-request")),
        ({"asked_at": SOON}, (422, "in-the-future")),
        ({"party_id": str(OTHER)}, (404, "not-found")),
    ],
)
async def test_what_cannot_be_asked_leaves_nothing_but_an_audit_entry(
    clinic: Any, terms: dict[str, Any], expected: tuple[int, str]
) -> None:
    participant_id = await clinic.enrol()
    before, audited = (await count(clinic), await clinic.rows()), await clinic.refusals()

    answer = await clinic.supervisor.post(f"{INTAKE}/participants/{participant_id}/restrictions", ASKED | terms)

    assert problem(answer) == expected
    assert (await count(clinic), await clinic.rows()) == before
    assert await clinic.refusals() == audited + 1


async def test_a_health_plan_that_is_none_is_refused(clinic: Any) -> None:
    body = {"name": "Canary Housing", "kind": "housing"}
    party_id = await clinic.supervisor.created(f"{INTAKE}/parties", body)
    path = f"{INTAKE}/participants/{await clinic.enrol()}/restrictions"

    answer = await clinic.supervisor.post(path, ASKED | {"party_id": str(party_id), "to_health_plan": True})

    assert problem(answer) == (422, "not-a-health-plan")
