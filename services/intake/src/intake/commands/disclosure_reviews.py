"""Reviewing, by a second person, a disclosure that rested on no consent or went beyond one."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts.codes import DisclosureBasis
from common.database import Db
from common.errors import Refused
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Prose
from intake.commands.access import reach
from intake.commands.recording import recording
from intake.models import Disclosure, DisclosureReview
from intake.rules.disclosures import OwnAccess

WORDS = "disclosure_review.words"


class ReviewOutcome(StrEnum):
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"
    FOLLOW_UP = "follow_up"


class ReviewDisclosure(Asked):
    outcome: ReviewOutcome
    words: Prose | None = None


async def review_disclosure(
    db: Db, keys: KeyRing, actor: Actor, disclosure_id: UUID, request: ReviewDisclosure
) -> Created:
    """Record, once, what somebody else than who disclosed found. Raises `NotThere`, `Refused`."""
    disclosure = await reach(db, actor, Disclosure, disclosure_id, await recording(db))
    await _require_open(db, actor, disclosure)
    sealer = await keys.sealer(db, db.scope.agency_id, disclosure.participant_id)
    review = DisclosureReview(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=disclosure.participant_id,
        disclosure_id=disclosure.id,
        outcome=request.outcome,
        words=None if request.words is None else sealer.seal(WORDS, request.words),
        reviewed_at=db.now,
        reviewed_by=actor.staff_id,
    )
    db.add(review)
    db.audit("disclosure.review", disclosure.participant_id, disclosure_id=disclosure.id, outcome=request.outcome)
    return Created(id=review.id, version=1)


async def _require_open(db: Db, actor: Actor, disclosure: Disclosure) -> None:
    on_consent = disclosure.basis == DisclosureBasis.CONSENT and disclosure.basis_valid
    if on_consent or disclosure.basis == OwnAccess.ACCESS_BY_PERSON or disclosure.source_system is not None:
        raise Refused("no-review-needed", "Only what this program disclosed without consent or beyond it is reviewed.")
    if disclosure.made_by == actor.staff_id:
        raise Refused("reviewed-by-discloser", "Somebody else than who disclosed it has to review it.")
    reviewed = select(DisclosureReview.id).where(
        DisclosureReview.agency_id == disclosure.agency_id, DisclosureReview.disclosure_id == disclosure.id
    )
    if await db.scalar(reviewed) is not None:
        raise Refused("reviewed-already", "This disclosure was reviewed already; nothing needs to be done.")
