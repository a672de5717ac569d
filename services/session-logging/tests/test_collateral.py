"""Speaking with somebody outside: only on a consent of the person that covers it, and what is told when it changes."""

import asyncio
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts import intake
from common.contracts.codes import ConsentStatus, ConsentType
from common.errors import Refused
from handrail.testing import add_staff, open_agency
from session_logging.rules.consents import HeardConsent, require_cover

CONTACTS = "/api/session-logging/v1/collateral-contacts"
SIGNED = datetime(2026, 3, 2, 15, tzinfo=UTC)
LATER = SIGNED + timedelta(days=10)
DAY = LATER.date()
LONG = timedelta(hours=2)


def refusal(consent: HeardConsent, place: int = 0, at: datetime = LATER, day: date | None = None) -> str | None:
    try:
        require_cover(consent, place, at, day or at.date())
    except Refused as refused:
        return refused.code
    return None


ACTIVE = HeardConsent(status=ConsentStatus.ACTIVE, signed_at=SIGNED)


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        (ACTIVE, None),
        (HeardConsent(ConsentStatus.ACTIVE, LATER), None),
        (HeardConsent(ConsentStatus.ACTIVE, LATER + timedelta(seconds=1)), "consent-not-begun"),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, starts_on=DAY), None),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, starts_on=DAY + timedelta(1)), "consent-not-begun"),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, expires_on=DAY), None),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, expires_on=DAY - timedelta(1)), "consent-expired"),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, ended=True), "consent-ended"),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, revoked_recipients=frozenset({1})), None),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, revoked_recipients=frozenset({0})), "recipient-revoked"),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, recipients=1), None),
        (HeardConsent(ConsentStatus.ACTIVE, SIGNED, recipients=0), "no-such-recipient"),
        (HeardConsent(ConsentStatus.SUSPENDED, SIGNED), "consent-suspended"),
        (HeardConsent(ConsentStatus.SUPERSEDED, SIGNED), "consent-superseded"),
        (HeardConsent(ConsentStatus.VOID, SIGNED), "consent-void"),
        (HeardConsent(ConsentStatus.REVOKED, SIGNED, revoked_at=LATER), "consent-revoked"),
        (HeardConsent(ConsentStatus.REVOKED, SIGNED, revoked_at=LATER + timedelta(seconds=1)), None),
        (HeardConsent(ConsentStatus.REVOKED, SIGNED), "consent-revoked"),
        (
            HeardConsent(
                ConsentStatus.REVOKED, SIGNED, revoked_recipients=frozenset({0}), revoked_at=LATER + timedelta(1)
            ),
            "recipient-revoked",
        ),
    ],
)
def test_each_ground_against_a_contact_has_its_own_code(consent: HeardConsent, expected: str | None) -> None:
    assert refusal(consent) == expected


@given(st.timedeltas(-timedelta(days=300), timedelta(days=300)), st.sampled_from(list(ConsentStatus)))
def test_no_contact_at_or_after_a_revocation_is_covered(shift: timedelta, status: ConsentStatus) -> None:
    revoked_at = LATER + shift
    consent = HeardConsent(status, SIGNED, revoked_at=revoked_at if status is ConsentStatus.REVOKED else None)

    if status is ConsentStatus.REVOKED and revoked_at > LATER:
        assert refusal(consent) is None
    else:
        assert (refusal(consent) is None) == (status is ConsentStatus.ACTIVE)


# --- through HTTP


async def hear(practice: Any, person: Any, consent_id: uuid.UUID | None = None, seq: int = 1, **more: Any) -> uuid.UUID:
    """Tell the state of a consent of this person, as intake would; return its id when it has been heard."""
    consent_id = consent_id or uuid.uuid4()
    values = {
        "consent_id": consent_id, "participant_id": person.participant_id, "status": ConsentStatus.ACTIVE,
        "consent_type": ConsentType.NAMED_RECIPIENTS, "signed_at": datetime.now(UTC) - timedelta(days=20),
    }  # fmt: skip
    state = intake.ConsentFacts(**(values | more))
    revoked = state.status is ConsentStatus.REVOKED
    fact = intake.CONSENT_REVOKED if revoked else intake.CONSENT_SIGNED if seq == 1 else intake.CONSENT_CHANGED
    await practice.tell(fact, state, about=consent_id, seq=seq)
    await practice.platform.eventually("select seq from session_logging.consent where id = :id", seq, id=consent_id)
    return consent_id


def contact(person: Any, consent_id: uuid.UUID, **changed: Any) -> dict[str, Any]:
    body = {
        "participant_id": str(person.participant_id), "consent_id": str(consent_id), "recipient_place": 0,
        "role": "housing", "contacted_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "method": "telephone", "minutes": 10, "note": "canary-contact spoke about the waiting list",
    }  # fmt: skip
    return body | changed


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def contacts(caller: Any, person: Any) -> list[dict[str, Any]]:
    answer = await caller.get(CONTACTS, participant_id=str(person.participant_id))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_contact_on_a_consent_is_recorded_sealed_and_told_without_its_words(shared: Any) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)

    contact_id = await shared.peer.created(CONTACTS, contact(person, consent_id))

    [told] = await shared.told(contact_id)
    assert (told["type"], told["consent_id"], told["recipient_place"]) == (
        "collateral-contacted", str(consent_id), 0,
    )  # fmt: skip
    [read] = await contacts(shared.peer, person)
    assert (read["id"], read["role"], read["origin"]) == (str(contact_id), "housing", "own_part2")
    assert read["words"] == "canary-contact spoke about the waiting list"
    for table in ("collateral_contact", "outbox", "ledger", "audit_pending", "audit", "idempotency"):
        count = f"select count(*) from session_logging.{table} t where t::text like '%canary-contact%'"
        assert await shared.platform.value(count) == 0


async def test_nobody_is_spoken_with_whom_the_consent_does_not_name(shared: Any) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person, recipients=2)
    told_nobody_how_many = await hear(shared, person)

    answers = [
        await shared.peer.post(CONTACTS, contact(person, consent_id, recipient_place=place)) for place in (1, 2, 49)
    ]
    earlier = await shared.peer.post(CONTACTS, contact(person, told_nobody_how_many, recipient_place=2))

    assert [one.status_code for one in answers] == [201, 409, 409]
    assert problem(answers[1]) == problem(answers[2]) == (409, "no-such-recipient")
    assert earlier.status_code == 201


async def test_from_the_instant_a_revocation_is_applied_it_is_refused_but_what_was_before_may_be_recorded(
    shared: Any,
) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)
    revoked_at = datetime.now(UTC) - timedelta(minutes=30)

    await hear(shared, person, consent_id, 2, status=ConsentStatus.REVOKED, revoked_at=revoked_at)

    after = contact(person, consent_id, contacted_at=(revoked_at + timedelta(minutes=1)).isoformat())
    before = contact(person, consent_id, contacted_at=(revoked_at - timedelta(minutes=1)).isoformat())
    assert problem(await shared.peer.post(CONTACTS, after)) == (409, "consent-revoked")
    assert problem(
        await shared.peer.post(CONTACTS, contact(person, consent_id, contacted_at=revoked_at.isoformat()))
    ) == (409, "consent-revoked")
    assert (await shared.peer.post(CONTACTS, before)).status_code == 201


async def test_a_suspension_refuses_until_it_is_lifted_and_a_recipient_taken_off_for_good(shared: Any) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)

    await hear(shared, person, consent_id, 2, status=ConsentStatus.SUSPENDED)
    suspended = await shared.peer.post(CONTACTS, contact(person, consent_id))
    await hear(shared, person, consent_id, 3, revoked_recipients=[0])
    taken_off = await shared.peer.post(CONTACTS, contact(person, consent_id))
    other = await shared.peer.post(CONTACTS, contact(person, consent_id, recipient_place=1))

    assert problem(suspended) == (409, "consent-suspended")
    assert problem(taken_off) == (409, "recipient-revoked")
    assert other.status_code == 201


async def test_a_consent_of_somebody_else_answers_like_one_that_does_not_exist(shared: Any) -> None:
    person, other = await shared.enrol(), await shared.enrol()
    theirs = await hear(shared, other)

    answers = [await shared.peer.post(CONTACTS, contact(person, one)) for one in (theirs, uuid.uuid4())]

    assert [problem(answer) for answer in answers] == [(409, "no-such-consent")] * 2
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


async def test_a_consent_under_a_merged_record_is_the_persons_own(shared: Any) -> None:
    person, double, merge_id = await shared.enrol(), await shared.enrol(), uuid.uuid4()
    consent_id = await hear(shared, double)
    merged = intake.MergeFacts(
        merge_id=merge_id, survivor_id=person.participant_id, merged_id=double.participant_id,
        merged_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    await shared.tell(intake.PARTICIPANTS_MERGED, merged, about=merge_id)
    await shared.heard("merge", [merge_id])

    assert (await shared.peer.post(CONTACTS, contact(person, consent_id))).status_code == 201
    assert len(await contacts(shared.peer, double)) == 1


async def test_who_does_not_serve_the_person_is_told_nothing(shared: Any, colleagues: Any, http: Any) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)
    stranger = await add_staff(await open_agency(http, shared.platform), "supervisor")

    assert problem(await colleagues.peer.post(CONTACTS, contact(person, consent_id))) == (404, "not-found")
    assert (await stranger.post(CONTACTS, contact(person, consent_id))).status_code == 404
    assert (await shared.administrator.post(CONTACTS, contact(person, consent_id))).status_code == 403
    assert (await colleagues.supervisor.post(CONTACTS, contact(person, consent_id))).status_code == 201
    assert await contacts(colleagues.peer, person) == []
    assert await contacts(stranger, person) == []
    assert [one["words"] for one in await contacts(colleagues.auditor, person)] == [None]


@pytest.mark.parametrize(
    "changed",
    [
        {"recipient_place": -1}, {"recipient_place": 50}, {"minutes": 0}, {"minutes": 1441}, {"role": "friend"},
        {"method": "fax"}, {"note": ""}, {"note": "x" * 200_000}, {"contacted_at": "2199-01-01T00:00:00Z"},
        {"contacted_at": "2026-03-08"}, {"surprise": 1}, {"id": "seven"},
    ],
)  # fmt: skip
async def test_bad_input_leaves_nothing_behind(shared: Any, changed: dict[str, Any]) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)

    answer = await shared.peer.post(CONTACTS, contact(person, consent_id, **changed))

    assert answer.status_code == 422
    assert await contacts(shared.peer, person) == []


async def test_a_repeat_is_answered_and_an_id_is_used_once(shared: Any) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)
    body = contact(person, consent_id, id=str(uuid.uuid4()))

    first = await shared.peer.post(CONTACTS, body, key="one-contact")
    repeat = await shared.peer.post(CONTACTS, body, key="one-contact")
    again = await shared.peer.post(CONTACTS, body)

    assert (first.status_code, first.json()["id"], repeat.content) == (201, body["id"], first.content)
    assert problem(again) == (409, "id-already-used")


async def test_contacts_come_in_pages_newest_first(shared: Any) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)
    hours = [datetime.now(UTC) - timedelta(hours=hour) for hour in (3, 2, 1)]
    ids = [
        await shared.peer.created(CONTACTS, contact(person, consent_id, contacted_at=one.isoformat())) for one in hours
    ]
    asked = {"participant_id": str(person.participant_id), "limit": 2}

    first = (await shared.peer.get(CONTACTS, **asked)).json()
    second = (await shared.peer.get(CONTACTS, **asked, next=first["next"])).json()

    assert [one["id"] for one in first["items"] + second["items"]] == [str(one) for one in reversed(ids)]
    assert second["next"] is None


# --- applying what was told


async def applied(practice: Any, consent_id: uuid.UUID) -> list[int]:
    """Return the states of a consent that were told to be applied, oldest first."""
    return [one["consent_seq"] for one in await practice.told(consent_id)]


async def test_a_fresh_consent_is_kept_without_a_word_and_each_later_state_is_told_once(shared: Any) -> None:
    person = await shared.enrol()
    consent_id = await hear(shared, person)
    assert await applied(shared, consent_id) == []

    await hear(shared, person, consent_id, 2, status=ConsentStatus.SUSPENDED)
    await hear(shared, person, consent_id, 3)
    await hear(shared, person, consent_id, 4, status=ConsentStatus.REVOKED, revoked_at=datetime.now(UTC))
    last = intake.ConsentFacts(
        consent_id=consent_id, participant_id=person.participant_id, consent_type=ConsentType.NAMED_RECIPIENTS,
        status=ConsentStatus.REVOKED, signed_at=SIGNED, revoked_at=datetime.now(UTC),
    )  # fmt: skip
    await shared.tell(intake.CONSENT_REVOKED, last, about=consent_id, seq=4)  # told again, under another event id
    await hear(shared, person)

    assert await applied(shared, consent_id) == [2, 3, 4]


async def test_an_older_state_that_arrives_later_undoes_no_revocation(shared: Any) -> None:
    person, consent_id = await shared.enrol(), uuid.uuid4()
    await hear(shared, person, consent_id, 3, status=ConsentStatus.REVOKED, revoked_at=datetime.now(UTC) - LONG)
    active = intake.ConsentFacts(
        consent_id=consent_id, participant_id=person.participant_id, consent_type=ConsentType.NAMED_RECIPIENTS,
        status=ConsentStatus.ACTIVE, signed_at=SIGNED,
    )  # fmt: skip

    await shared.tell(intake.CONSENT_SIGNED, active, about=consent_id, seq=1)
    await hear(shared, person)  # heard after the late fact, so that one has been applied too

    assert problem(await shared.peer.post(CONTACTS, contact(person, consent_id))) == (409, "consent-revoked")
    assert await applied(shared, consent_id) == [3]


async def test_the_facts_of_earlier_releases_are_understood(shared: Any) -> None:
    person, consent_id = await shared.enrol(), uuid.uuid4()
    values = {
        "consent_id": consent_id, "participant_id": person.participant_id, "consent_type": "named_recipients",
        "signed_at": datetime.now(UTC) - timedelta(days=20),
    }  # fmt: skip
    signed = intake.EarlierConsentFacts(**values, status="active")
    revoked = intake.EarlierConsentFacts(**values, status="revoked", revoked_at=datetime.now(UTC) - LONG)

    await shared.tell(intake.CONSENT_SIGNED_1, signed, about=consent_id)
    await shared.heard("consent", [consent_id])
    assert (await shared.peer.post(CONTACTS, contact(person, consent_id))).status_code == 201
    await shared.tell(intake.CONSENT_REVOKED_1, revoked, about=consent_id, seq=2)
    await shared.platform.eventually("select seq from session_logging.consent where id = :id", 2, id=consent_id)

    assert problem(await shared.peer.post(CONTACTS, contact(person, consent_id))) == (409, "consent-revoked")
    assert await applied(shared, consent_id) == [2]


async def test_contacts_that_race_a_revocation_are_written_or_refused_and_none_follows_it(shared: Any) -> None:
    person = await shared.enrol()
    for _ in range(5):
        consent_id = await hear(shared, person)
        now = datetime.now(UTC)
        body = contact(person, consent_id, contacted_at=(now - timedelta(seconds=1)).isoformat())
        revoked_at = now - timedelta(minutes=1)

        answers, _ = await asyncio.gather(
            asyncio.gather(*(shared.peer.post(CONTACTS, body) for _ in range(8))),
            hear(shared, person, consent_id, 2, status=ConsentStatus.REVOKED, revoked_at=revoked_at),
        )

        assert {answer.status_code for answer in answers} <= {201, 409}
        assert problem(await shared.peer.post(CONTACTS, body)) == (409, "consent-revoked")
        written = "select count(*) from session_logging.collateral_contact where consent_id = :id"
        accepted = sum(answer.status_code == 201 for answer in answers)
        assert await shared.platform.value(written, id=consent_id) == accepted
