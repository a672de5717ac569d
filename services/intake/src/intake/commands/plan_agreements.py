"""The person's own yes to a plan: a signature, or words that somebody heard."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Instant, Line, Prose
from intake.commands.access import reach
from intake.commands.recording import Recording, recording
from intake.models import Plan, PlanAgreement
from intake.rules.planning import AgreementMethod

TERMS = "plan_agreement.terms"
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class SignedAgreement(Asked):
    method: Literal[AgreementMethod.SIGNATURE]
    signer: Line = Field(description="the name as signed")
    evidence_sha256: Sha256 = Field(description="digest of the signed paper or the signature, lower-case hex")
    agreed_at: Instant | None = None


class DocumentedAgreement(Asked):
    method: Literal[AgreementMethod.DOCUMENTED]
    witnessed_by: Line = Field(description="who heard the person agree")
    words: Prose = Field(description="what the person said")
    agreed_at: Instant | None = None


AgreementTerms = Annotated[SignedAgreement | DocumentedAgreement, Field(discriminator="method")]


class RecordAgreement(Asked):
    plan_version: int = Field(ge=1, le=2_147_483_647, description="the version that the person agreed to")
    agreement: AgreementTerms


def place_agreement(
    db: Db, now: Recording, sealer: Sealer, plan: Plan, terms: SignedAgreement | DocumentedAgreement
) -> PlanAgreement:
    """Write an agreement to the version that the plan has; without a time of its own it is as old as the plan."""
    agreement = PlanAgreement(
        agency_id=plan.agency_id,
        id=uuid7(),
        participant_id=plan.participant_id,
        plan_id=plan.id,
        plan_version=plan.version,
        method=terms.method,
        agreed_at=now.stated(terms.agreed_at or plan.agreed_at, "/agreement/agreed_at"),
        terms=sealer.seal(TERMS, terms.model_dump(mode="json", exclude={"method", "agreed_at"})),
        recorded_at=now.now,
        recorded_by=db.scope.actor_id,
    )
    db.add(agreement)
    return agreement


async def record_agreement(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, request: RecordAgreement) -> Created:
    """Note an agreement that was given to this or an earlier version, also when the plan has ended since."""
    now = await recording(db)
    plan = await reach(db, actor, Plan, plan_id, now, lock=True)
    if request.plan_version > plan.version:
        raise Unprocessable("no-such-version", "The plan has no such version yet. Name the one shown.", "/plan_version")
    sealer = await keys.sealer(db, db.scope.agency_id, plan.participant_id)
    agreement = place_agreement(db, now, sealer, plan, request.agreement)
    agreement.plan_version = request.plan_version
    if request.agreement.agreed_at is None:
        agreement.agreed_at = now.now
    db.audit("plan.agreement", plan.participant_id, plan_id=plan.id, agreement_id=agreement.id)
    return Created(id=agreement.id, version=1)
