"""What would be sent, how a package stands, and its document once it was handed over."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from common.contracts.codes import Role
from common.database import Db
from common.errors import Refused
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import reach
from intake.commands.decision_facts import decide_on, require_allowed
from intake.commands.package_fields import package_fields
from intake.commands.packages import CONTENT, WISH, AskPreview, GroundAgainst, grounds_of, scope_with, wish_of
from intake.commands.recording import recording
from intake.models import Package
from intake.rules.decision_facts import Obligation
from intake.rules.disclosures import DisclosureTerms
from intake.rules.packages import (
    AccompanyingScope,
    AccompanyingStatement,
    DisclosurePackage,
    PackageState,
    content_sha256,
    notice_of,
)
from intake.rules.views import ShownField


class Preview(BaseModel):
    """What would be sent, and why or why not; nothing was."""

    allowed: bool
    row: str
    grounds: list[GroundAgainst]
    obligations: list[Obligation]
    fields: dict[ShownField, Any]
    notice: AccompanyingStatement | None
    scope: AccompanyingScope | None
    discloser_compared: bool | None = Field(
        description="whether the consent's disclosers were compared with what this agency is called; false: nobody "
        "recorded that, with PUT /v1/privacy/names; null: no consent is named"
    )


class PackageRecord(BaseModel):
    id: UUID
    participant_id: UUID
    state: PackageState
    consent_id: UUID | None
    decision_row: str
    content_sha256: str
    prepared_at: AwareDatetime
    prepared_by: UUID | None
    ended_at: AwareDatetime | None
    ended_by: UUID | None
    end_reason: str | None
    version: int


async def preview(db: Db, keys: KeyRing, actor: Actor, request: AskPreview) -> Preview:
    """Decide and compose as a package would, and leave an audit entry with the row."""
    decided = await decide_on(db, keys, actor, request.participant_id, wish_of(request))
    wish, decision = decided.wish, decided.decision
    db.audit(
        "disclosure.preview",
        decided.participant.id,
        row=decision.row,
        allowed=decision.allowed,
        grounds=[one.code for one in decision.faults],
    )
    return Preview(
        allowed=decision.allowed,
        row=decision.row,
        grounds=grounds_of(decision),
        obligations=decision.obligations,
        fields=await package_fields(db, keys, decided),
        notice=notice_of(wish),
        scope=await scope_with(db, keys, decided, request.language),
        discloser_compared=bool(decided.facts.own_names) if decided.consent else None,
    )


async def package(db: Db, actor: Actor, package_id: UUID) -> PackageRecord:
    found = await reach(db, actor, Package, package_id, await recording(db))
    return PackageRecord.model_validate(found, from_attributes=True)


async def document(db: Db, keys: KeyRing, actor: Actor, package_id: UUID) -> DisclosurePackage:
    """Return what was handed over, as long as it may still be disclosed; the privacy officer sees it at any time.

    This is the last look before the wire. Raises `Refused`, `NotDisclosed`.
    """
    found = await reach(db, actor, Package, package_id, await recording(db))
    sealer = await keys.sealer(db, db.scope.agency_id, found.participant_id)
    if not actor.may(Role.PRIVACY_OFFICER):
        if found.state != PackageState.HANDED_OVER:
            raise Refused("not-handed-over", "Hand the package over first: only then may it leave, and be seen.")
        wish = DisclosureTerms.model_validate(sealer.open(WISH, found.wish))
        require_allowed(await decide_on(db, keys, actor, found.participant_id, wish))
    content = DisclosurePackage.model_validate(sealer.open(CONTENT, found.content))
    assert content_sha256(content) == found.content_sha256  # nobody but a bug could have changed it
    return content
