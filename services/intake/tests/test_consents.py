"""Consents through HTTP: every element, revocation, and disclosures that rest on them."""

from typing import Any

import pytest

INTAKE = "/api/intake/v1"
TPO = {
    "consent_type": "tpo",
    "recipients": [{"recipient_class": "treating_provider", "covered_entity": True}],
    "purposes": ["treatment", "payment", "health_care_operations"],
    "redisclosure_statement": "redisclosure-2026-11",
    "expiry": {"kind": "end_of_treatment"},
    "tpo_redisclosure_statement": "tpo-redisclosure-2026-11",
    "tpo_refusal_statement": "tpo-refusal-2026-11",
}
ELEMENTS = {
    "name_as_signed": "consent-name-missing",
    "disclosers": "consent-discloser-missing",
    "categories": "consent-information-missing",
    "recipients": "consent-recipient-missing",
    "redisclosure_statement": "consent-redisclosure-statement-missing",
    "purposes": "consent-purpose-missing",
    "right_to_revoke_statement": "consent-right-to-revoke-missing",
    "how_to_revoke": "consent-how-to-revoke-missing",
    "expiry": "consent-expiry-missing",
    "signature": "consent-signature-missing",
    "signed_at": "consent-signing-date-missing",
    "tpo_redisclosure_statement": "consent-tpo-redisclosure-statement-missing",
    "tpo_refusal_statement": "consent-tpo-refusal-statement-missing",
}


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(("element", "slug"), ELEMENTS.items())
async def test_a_consent_without_one_element_leaves_nothing(clinic: Any, element: str, slug: str) -> None:
    participant_id = await clinic.enrol()
    body = {name: value for name, value in clinic.consent(participant_id, **TPO).items() if name != element}
    before = await clinic.rows()

    answer = await clinic.administrator.post(f"{INTAKE}/consents", body)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{slug}")
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(f"/{element}", slug)]
    assert await clinic.rows() == before


async def test_every_missing_element_has_its_own_pointer(clinic: Any) -> None:
    body = {"participant_id": str(await clinic.enrol()), "consent_type": "named_recipients"}

    answer = await clinic.administrator.post(f"{INTAKE}/consents", body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/consent-incomplete")
    assert pointers(answer) == [
        "/name_as_signed",
        "/disclosers",
        "/categories",
        "/recipients",
        "/purposes",
        "/right_to_revoke_statement",
        "/how_to_revoke",
        "/expiry",
        "/signature",
        "/signed_at",
    ]


async def test_any_purpose_cannot_be_said(clinic: Any) -> None:
    body = clinic.consent(await clinic.enrol(), purposes=["any"])
    answer = await clinic.administrator.post(f"{INTAKE}/consents", body)
    assert (answer.status_code, pointers(answer)) == (422, ["/purposes/0"])


async def test_a_consent_is_signed_read_and_revoked(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.peer.created(f"{INTAKE}/consents", clinic.consent(participant_id))
    path = f"{INTAKE}/consents/{consent_id}"

    signed = await clinic.peer.get(path)
    unseen = await clinic.peer.put(f"{path}/revocation", {})
    revoked = await clinic.peer.put(f"{path}/revocation", {"capacity": "patient"}, version=1)
    stale = await clinic.peer.put(f"{path}/revocation", {}, version=1)
    again = await clinic.peer.put(f"{path}/revocation", {}, version=2)
    shown = await clinic.peer.get(path)

    assert (signed.json()["status"], signed.headers["etag"]) == ("active", '"1"')
    assert signed.json()["terms"]["name_as_signed"] == "Maura Canary-O'Brien"
    assert [one.status_code for one in (unseen, revoked, stale, again)] == [428, 200, 412, 409]
    assert (shown.json()["status"], shown.headers["etag"]) == ("revoked", '"2"')
    events = await clinic.events(consent_id)
    assert [event["type"] for event in events] == [
        "handrail.intake.consent-signed.v2",
        "handrail.intake.consent-revoked.v2",
    ]


async def test_an_expired_consent_says_so_permits_nothing_and_can_be_revoked(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id, expiry={"kind": "date", "on": "2026-01-31"})
    path = f"{INTAKE}/consents/{consent_id}"

    shown = await clinic.administrator.get(path)
    refused = await clinic.administrator.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id))
    revoked = await clinic.administrator.put(f"{path}/revocation", {}, version=1)

    assert shown.json()["status"] == "expired"
    assert (refused.status_code, pointers(refused)) == (409, ["/consent_id"])
    assert revoked.status_code == 200


async def test_a_consent_to_the_end_of_treatment_ends_with_the_last_episode(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    notice = {"version": "npp-1", "language": "en", "channel": "paper"}
    await clinic.administrator.created(f"{INTAKE}/participants/{participant_id}/notices", notice)
    episode_id = await clinic.open(participant_id)
    path = f"{INTAKE}/consents/{await clinic.sign(participant_id, **TPO)}"

    during = await clinic.administrator.get(path)
    closure = {"closed_on": "2026-02-01", "reason": "completed"}
    await clinic.administrator.put(f"{INTAKE}/episodes/{episode_id}/closure", closure, version=1)
    after = await clinic.administrator.get(path)

    assert (during.json()["status"], after.json()["status"]) == ("active", "expired")


async def test_a_disclosure_is_recorded_once_and_for_ever(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)

    disclosure_id = await clinic.administrator.created(
        f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id)
    )

    (event,) = await clinic.events(disclosure_id)
    assert '"basis_valid":true' in event["payload"]
    granted = await clinic.platform.fetch(
        "select distinct privilege_type from information_schema.role_table_grants "
        "where table_schema = 'intake' and table_name = 'disclosure' and grantee like 'intake_%' order by 1"
    )
    assert [row["privilege_type"] for row in granted] == ["INSERT", "SELECT"]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"recipient": {"name": "County Jail"}}, "/recipient"),
        ({"purpose": "employment"}, "/purpose"),
        ({"categories": ["attendance", "mental_health"]}, "/categories"),
        ({"consent_id": None}, "/consent_id"),
    ],
)
async def test_what_the_consent_does_not_cover_leaves_only_its_audit_entry(
    clinic: Any, wish: dict[str, Any], expected: str
) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    before, audited = await clinic.rows(), await clinic.refusals()

    answer = await clinic.administrator.post(
        f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id) | wish
    )

    assert answer.status_code == 409
    assert expected in pointers(answer)
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 1)


async def test_somebody_elses_consent_is_no_consent(clinic: Any) -> None:
    consent_id = await clinic.sign(await clinic.enrol())
    other = await clinic.enrol()

    answer = await clinic.administrator.post(f"{INTAKE}/disclosures", clinic.disclosure(other, consent_id))

    assert answer.status_code == 404
