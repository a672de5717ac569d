"""One consent as a FHIR R4 Consent, as it stands at this moment."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import reach
from intake.commands.consents import open_terms, recipients_of, standing_at
from intake.commands.recording import recording
from intake.models import Consent
from intake.rules.consent_states import RecipientState
from intake.rules.consent_words import scope_explanation
from intake.rules.fhir_consent import ConsentToSend, consent_resource
from intake.rules.statements import Language


class ConsentResource(BaseModel):
    """The elements of a Consent that are always there; the rest is as FHIR R4 says."""

    model_config = ConfigDict(extra="allow")

    resource_type: Literal["Consent"] = Field(alias="resourceType")
    id: UUID
    status: Literal["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"]
    scope: dict[str, Any]
    category: list[dict[str, Any]]
    patient: dict[str, Any]
    provision: dict[str, Any]


async def fhir_consent(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID) -> dict[str, Any]:
    """Return the Consent of somebody within reach. Recipients who were revoked or suspended are not in it."""
    now = await recording(db)
    consent = await reach(db, actor, Consent, consent_id, now)
    terms = open_terms(await keys.sealer(db, db.scope.agency_id, consent.participant_id), consent)
    closed = {one.place for one in await recipients_of(db, consent) if one.state != RecipientState.ACTIVE}
    open_places = [place for place in range(len(terms.recipients)) if place not in closed]
    left = terms.model_copy(update={"recipients": [terms.recipients[place] for place in open_places]})
    language: Language = "es" if consent.language == "es" else "en"
    return consent_resource(
        ConsentToSend(
            id=consent.id,
            participant_id=consent.participant_id,
            version=consent.version,
            language=language,
            standing=await standing_at(db, consent, terms, now.today),
            terms=terms,
            open_places=open_places,
            signed_at=consent.signed_at,
            narrative=scope_explanation(left, language),
        )
    )
