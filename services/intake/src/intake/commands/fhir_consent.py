"""Drawing up a consent from a FHIR R4 Consent: it stays a draft until it is complete, presented and signed here."""

import asyncio
from uuid import UUID

from pydantic import BaseModel, Field

from common.database import Db
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import reach_unmerged
from intake.commands.consent_drafts import place_draft
from intake.commands.recording import recording
from intake.rules.consent_faults import element_faults
from intake.rules.consent_words import with_statements
from intake.rules.fhir_consent_in import FhirConsent, consent_in


class ConsentDocument(BaseModel):
    """What makes a repeat of a Consent the same: its bytes, and whose it is to be."""

    sha256: str
    participant_id: UUID


class Lack(BaseModel):
    """An element of 42 CFR 2.31 that is missing or does not fit, by its pointer in our own terms."""

    code: str
    pointer: str


class DrawnUp(Created):
    """What became of a Consent; codes and pointers only."""

    lacks: list[Lack] = Field(description="what to complete before it can be presented; the signature is yet to come")
    remarks: list[str] = Field(description="codes of what was not taken or is unsure, such as exception-not-taken")


async def read_consent(content: bytes) -> FhirConsent:
    """Read a Consent without holding up other requests. Raises `FhirRefused`."""
    return await asyncio.to_thread(consent_in, content)


async def draw_up_from_fhir(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, found: FhirConsent) -> DrawnUp:
    """Write the draft of a person's consent. What the sender signed counts for nothing here (42 CFR 2.31(a)(8))."""
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    consent = place_draft(db, now, sealer, participant_id, found.terms)
    faults = element_faults(with_statements(found.terms), day=now.today)
    unsure = () if found.person == f"Patient/{participant_id}" else ("person-not-compared",)
    return DrawnUp(
        id=consent.id,
        version=consent.version,
        lacks=[Lack(code=one.code, pointer=f"/{one.where}") for one in faults],
        remarks=[*found.remarks, *unsure],
    )
