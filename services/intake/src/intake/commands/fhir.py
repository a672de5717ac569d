"""Recording the referral of a FHIR R4 document."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.recording import recording
from intake.commands.referrals import Recorded, RecordReferral, record_referral
from intake.rules.fhir import FhirReferral, referral_in
from intake.rules.fhir_reading import FhirRefused, Issue

SYSTEM = "fhir"
NOT_NAMED = "Not named in the FHIR document"
DECEASED = "The sender's record says that this person has died. Check before you contact anybody."


class FhirDocument(BaseModel):
    """What makes a repeat of a document the same: its bytes, and the program that it is for."""

    sha256: str
    program_id: UUID | None = None


class Referred(Recorded):
    """What became of a document; element paths and codes only."""

    taken: list[str] = Field(description="the elements that the referral was taken from, as FHIRPath")
    left_out: dict[str, int] = Field(description="resources of which nothing was taken, by type")
    remarks: list[str] = Field(description="codes of what to know of how it was read, such as birth-date-incomplete")


async def read_document(content: bytes, today: date) -> FhirReferral:
    """Read a document without holding up other requests. Raises `FhirRefused`."""
    return await asyncio.to_thread(referral_in, content, today)


async def refer(db: Db, keys: KeyRing, actor: Actor, found: FhirReferral, program_id: UUID | None) -> Referred:
    """Record the referral of a document. Raises `FhirRefused`, and what `record_referral` does."""
    today = (await recording(db)).today
    request = _request(found, found.referred_on or today, program_id)
    recorded = await record_referral(db, keys, actor, request)
    return Referred(
        **recorded.model_dump(),
        taken=sorted(set(found.places.values())),
        left_out=found.left_out,
        remarks=list(found.remarks),
    )


def _request(found: FhirReferral, referred_on: date, program_id: UUID | None) -> RecordReferral:
    """Return the referral as our own request; what our own bounds refuse is said of its element."""
    try:
        return RecordReferral.model_validate(
            {
                "referred_on": referred_on,
                "source": _party(found),
                "person": _known(asdict(found.person)),
                "contacts": [_known(asdict(one)) for one in found.contacts],
                "coverage": [_known(asdict(one)) for one in found.coverage],
                "reasons": [_known(asdict(one)) for one in found.reasons],
                "reason": _prose(found),
                "program_id": program_id,
                "external_id": found.external_id,
                "source_system": SYSTEM,
            }
        )
    except ValidationError as error:
        pointer = "/" + "/".join(str(part) for part in error.errors()[0]["loc"])
        place = element_at(found.places, pointer)
        raise FhirRefused("bad-element", Issue.VALUE, "This cannot be kept as it is.", place) from None


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _party(found: FhirReferral) -> dict[str, Any]:
    source = found.source
    if not source.is_named:
        return {"organization": NOT_NAMED}
    return _known({"organization": source.organization, "person": source.person, "phone": source.phone})


def _prose(found: FhirReferral) -> str | None:
    """Return the reason at length; that the person has died comes first, for whoever calls."""
    first = DECEASED if "patient-deceased" in found.remarks else None
    return "\n\n".join(filter(None, (first, found.reason))) or None


def element_at(places: Mapping[str, str], pointer: str) -> str:
    """Return the FHIRPath of what stands at a pointer of our request: its own, its parent's, or the Patient's."""
    while pointer:
        if pointer in places:
            return places[pointer]
        pointer = pointer.rpartition("/")[0]
    name = next(iter(places.values()), "Patient.name")
    return name.rpartition(".")[0] or name
