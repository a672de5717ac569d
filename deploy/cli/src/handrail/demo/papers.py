"""The demo's third act: a consent in Spanish, a package that leaves on it, and a revocation by the person."""

import asyncio
from typing import Any

from rich.console import Console

from handrail.demo.agency import Caller, DemoFailed

INTAKE = "/api/intake/v1"
HEARERS = 3
TERMS = {
    "consent_type": "named_recipients",
    "disclosers": ["Riverbend Recovery Community"],
    "categories": ["substance_use_disorder", "attendance", "recovery_plan"],
    "recipients": [
        {"name": "County Health Clinic", "covered_entity": False},
        {"name": "Harbor House", "covered_entity": False},
    ],
    "purposes": ["care_coordination"],
    "right_to_revoke_statement": "right-to-revoke-2026-11",
    "how_to_revoke": "In writing, to the front desk, or with a code on your phone",
    "expiry": {"kind": "date", "on": "2027-10-31"},
}
WISH = {
    "basis": "consent",
    "recipient": {"name": "County Health Clinic", "address": "100 Main Street"},
    "purpose": "care_coordination",
    "categories": ["substance_use_disorder", "attendance", "recovery_plan"],
    "view": "referral_summary",
    "channel": "fax",
}


async def papers(console: Console, peer: Caller, participant_id: str) -> None:
    """Sign, preview, hand over, revoke; print what each of them did."""
    consent_id = await _signed(console, peer, participant_id)
    wish = WISH | {"participant_id": participant_id, "consent_id": consent_id}
    await _previewed(console, peer, wish)
    await _handed_over(console, peer, wish)
    await _revoked(console, peer, participant_id, consent_id, wish)
    accounting = await peer.get(f"{INTAKE}/participants/{participant_id}/accounting?years=3")
    console.print(f"Accounting: {len(accounting['entries'])} disclosure in three years.")


async def _signed(console: Console, peer: Caller, participant_id: str) -> str:
    name = (await peer.get(f"{INTAKE}/participants/{participant_id}"))["name"]
    terms = TERMS | {"participant_id": participant_id, "name_as_signed": name}
    draft = await peer.post(f"{INTAKE}/consent-drafts", terms)
    path = f"{INTAKE}/consents/{draft['id']}"
    shown = await peer.put(f"{path}/presentation", {"language": "es"}, draft["version"])
    signature = {
        "words_sha256": shown["words_sha256"],
        "signer": name,
        "method": "typed",
        "typed_name": name,
    }
    await peer.put(f"{path}/signature", signature, shown["version"])
    console.print(f"Consent: presented in Spanish and signed by its words, SHA-256 {shown['words_sha256'][:12]}….")
    return str(draft["id"])


async def _previewed(console: Console, peer: Caller, wish: dict[str, Any]) -> None:
    """Ask what would be sent, and why something else would not be."""
    covered = await peer.post(f"{INTAKE}/disclosure-previews", wish)
    beyond = await peer.post(f"{INTAKE}/disclosure-previews", wish | {"purpose": "employment"})
    why = ", ".join(one["code"] for one in beyond["grounds"])
    console.print(f"Preview: allowed by row {covered['row']}; for an employer's purpose refused ({why}).")


async def _handed_over(console: Console, peer: Caller, wish: dict[str, Any]) -> None:
    package = await peer.post(f"{INTAKE}/packages", wish)
    path = f"{INTAKE}/packages/{package['id']}"
    answer = await peer.put(f"{path}/handover", {}, package["version"])
    document = await peer.get(f"{path}/document")
    console.print(
        f"Package: {answer['outcome']}; {len(document['fields'])} fields, statement {document['notice']['code']}, "
        "with the consent's scope."
    )


async def _revoked(console: Console, peer: Caller, participant_id: str, consent_id: str, wish: dict[str, Any]) -> None:
    """Prepare another package, have the person revoke with a code of their own, and see every service follow."""
    waiting = await peer.post(f"{INTAKE}/packages", wish)
    made = await peer.post(f"{INTAKE}/participants/{participant_id}/own-codes", {"purpose": "papers", "language": "es"})
    code = (await peer.get(f"{INTAKE}/own-codes/{made['id']}/code"))["code"]
    said = await peer.post(f"{INTAKE}/own/consent-revocations", {"code": code, "consent_id": consent_id})
    package = await peer.get(f"{INTAKE}/packages/{waiting['id']}")
    heard = await _applied(peer, consent_id)
    console.print(
        f"Revocation: by the person's own code ({said['outcome']}); the package that waited is {package['state']}; "
        f"applied by {', '.join(heard)}."
    )


async def _applied(peer: Caller, consent_id: str) -> list[str]:
    """Wait until the other services have applied the revocation; return their names."""
    for _ in range(200):
        consent = await peer.get(f"{INTAKE}/consents/{consent_id}")
        heard = [one["service"] for one in consent["applied"] if one["applied"]]
        if len(heard) == HEARERS:
            return heard
        await asyncio.sleep(0.05)
    raise DemoFailed(f"only {heard} applied the revocation")
