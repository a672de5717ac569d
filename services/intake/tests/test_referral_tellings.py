"""What a referral tells outside: only on a basis, with its line in the accounting, and never after a revocation."""

from typing import Any
from uuid import UUID

import pytest

from handrail.testing import Caller

INTAKE = "/api/intake/v1"
HOUSE = "Canary Recovery House"
REFERRER = "Canary County Jail Release"
TELLING = {
    "purpose": "care_coordination",
    "categories": ["attendance"],
    "channel": "portal",
    "notice_statement": "notice-short-2024",
    "scope_attached": "explanation",
}


async def consented(clinic: Any, participant_id: UUID, to: str, **more: object) -> dict[str, Any]:
    """Return a telling on a consent that names `to`."""
    recipients = [{"name": to, "covered_entity": False} | more]
    consent_id = await clinic.sign(participant_id, recipients=recipients, purposes=["care_coordination"])
    return TELLING | {"consent_id": str(consent_id)}


async def sent_out(clinic: Any, kind: str = "referral", to: str = HOUSE) -> tuple[UUID, UUID]:
    participant_id, _ = await clinic.assigned()
    body = {"direction": "out", "kind": kind, "referred_on": "2026-01-05", "receiver": {"organization": to}}
    referral = body | {"participant_id": str(participant_id)}
    return participant_id, await clinic.peer.created(f"{INTAKE}/referrals", referral)


async def becomes(caller: Caller, referral_id: UUID, version: int, status: str, **more: object) -> Any:
    return await caller.put(f"{INTAKE}/referrals/{referral_id}/status", {"status": status} | more, version)


async def ledger(clinic: Any, participant_id: UUID) -> list[tuple[str, str | None]]:
    rows = await clinic.platform.fetch(
        "select path, decision_row from intake.disclosure where participant_id = :p order by made_at", p=participant_id
    )
    return [(row["path"], row["decision_row"]) for row in rows]


async def test_telling_a_receiver_needs_a_basis_and_writes_a_line(clinic: Any) -> None:
    participant_id, referral_id = await sent_out(clinic)
    told = await consented(clinic, participant_id, HOUSE)

    silent = await becomes(clinic.peer, referral_id, 1, "contacted")
    made = await becomes(clinic.peer, referral_id, 1, "contacted", told=told)
    later = await becomes(clinic.peer, referral_id, 2, "connected")

    assert (silent.status_code, silent.json()["type"]) == (422, "/problems/telling-missing")
    assert (made.status_code, later.status_code) == (200, 200), made.text
    assert await ledger(clinic, participant_id) == [("referral", "D8")]


async def test_who_made_the_contact_themselves_was_told_of_by_nobody(clinic: Any) -> None:
    participant_id, referral_id = await sent_out(clinic)

    made = await becomes(clinic.peer, referral_id, 1, "connected", by_person=True)

    assert made.status_code == 200, made.text
    assert await ledger(clinic, participant_id) == []


async def test_an_introduction_by_us_is_never_the_persons_own_contact(clinic: Any) -> None:
    _, referral_id = await sent_out(clinic, "warm_handoff")
    introduction = {"introduction": "in_person", "accepted_at": "2026-01-06T15:00:00Z"}

    answer = await becomes(clinic.peer, referral_id, 1, "connected", by_person=True, **introduction)

    assert answer.json()["type"] == "/problems/telling-missing"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"categories": ["mental_health"]}, "category-not-covered"),
        ({"purpose": "employment"}, "purpose-not-covered"),
        ({"notice_statement": None}, "notice-statement-missing"),
    ],
)
async def test_what_the_consent_does_not_cover_is_not_told(clinic: Any, change: dict[str, Any], code: str) -> None:
    participant_id, referral_id = await sent_out(clinic)
    told = await consented(clinic, participant_id, HOUSE) | change
    refused = await clinic.refusals()

    answer = await becomes(clinic.peer, referral_id, 1, "contacted", told=told)
    shown = await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")

    assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{code}")
    assert (shown.json()["status"], shown.json()["version"]) == ("received", 1)
    assert (await ledger(clinic, participant_id), await clinic.refusals()) == ([], refused + 1)


async def test_the_party_that_is_told_is_the_one_that_the_referral_names(clinic: Any) -> None:
    parties, housing = f"{INTAKE}/parties", {"kind": "housing"}
    other = await clinic.administrator.created(parties, housing | {"name": "Canary Harbor Homes"})
    theirs = await clinic.administrator.created(parties, housing | {"name": "CANARY GARDEN, homes"})
    participant_id, referral_id = await sent_out(clinic, to="Canary Garden Homes")
    told = await consented(clinic, participant_id, "Canary Garden Homes", party_id=str(theirs))

    refused = await becomes(clinic.peer, referral_id, 1, "contacted", told=told | {"party_id": str(other)})
    made = await becomes(clinic.peer, referral_id, 1, "contacted", told=told | {"party_id": str(theirs)})

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/told-another-party")
    assert made.status_code == 200, made.text


async def followed(clinic: Any) -> tuple[UUID, UUID, str, str]:
    """Return a referral that came in and is linked and contacted: person, referral, consent, and the open link."""
    participant_id, _ = await clinic.assigned()
    body = {"referred_on": "2026-01-05", "source": {"organization": REFERRER}, "person": {"name": "Ana Canary"}}
    referral_id = await clinic.peer.created(f"{INTAKE}/referrals", body)
    linked = {"participant_id": str(participant_id), "connected_at": "2026-01-07T15:00:00Z"}
    answer = await clinic.peer.post(f"{INTAKE}/referrals/{referral_id}/enrolments", linked)
    assert answer.status_code == 201, answer.text
    told = await consented(clinic, participant_id, REFERRER)
    version = (await clinic.peer.get(f"{INTAKE}/referrals/{referral_id}")).json()["version"]
    path = f"{INTAKE}/referrals/{referral_id}/follow-link"
    opened = await clinic.peer.put(path, {"open": True, "told": told}, version)
    assert opened.status_code == 200, opened.text
    return participant_id, referral_id, told["consent_id"], (await clinic.peer.get(path)).json()["path"]


async def test_a_link_shows_more_on_a_consent_and_accounts_for_it_once(clinic: Any) -> None:
    participant_id, _, _, link = await followed(clinic)

    first, second = await clinic.peer.http.get(link), await clinic.peer.http.get(link)

    assert first.json() == second.json() == {"status": "connected", "since": "2026-01-07"}
    assert await ledger(clinic, participant_id) == [("referral_link", "D8")]


async def test_a_revoked_consent_closes_the_referrers_eyes_at_once(clinic: Any) -> None:
    participant_id, _, consent_id, link = await followed(clinic)
    before = await clinic.peer.http.get(link)

    await clinic.peer.put(f"{INTAKE}/consents/{consent_id}/revocation", {}, 1)
    after = await clinic.peer.http.get(link)

    assert (before.json()["status"], after.json()["status"]) == ("connected", "received")
    assert len(await ledger(clinic, participant_id)) == 1


async def test_nobody_could_consent_before_the_referral_is_linked(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    body = {"referred_on": "2026-01-05", "source": {"organization": REFERRER}, "person": {"name": "Ana Canary"}}
    referral_id = await clinic.peer.created(f"{INTAKE}/referrals", body)
    told = await consented(clinic, participant_id, REFERRER)

    answer = await clinic.peer.put(f"{INTAKE}/referrals/{referral_id}/follow-link", {"open": True, "told": told}, 1)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/referral-not-linked")
