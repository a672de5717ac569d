"""What an auditor from outside is shown of people: on a live agreement only, and told of (42 CFR 2.53)."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import or_, select
from uuid_utils.compat import uuid7

from common.contracts.codes import AgreementKind, Role
from common.contracts.envelope import IdentityReleaseFacts
from common.contracts.session_logging import CLAIMS_RELEASED, IDENTITIES_RELEASED, ClaimedPersonFacts, ClaimReleaseFacts
from common.database import Db
from common.errors import Refused
from common.identity import Actor
from common.text import local_day
from session_logging.commands.lookups import zone_of
from session_logging.models import Agreement

OWN_STAFF = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)
PEOPLE_MOST = 500  # in one fact


async def require_basis(db: Db, actor: Actor) -> UUID | None:
    """Return the agreement that an auditor from outside reads on; None for own staff, who use what they see.

    Asked before anything is looked for, so that a refusal does not tell what is there. A peer who is an auditor too
    is an auditor here: that role is what lets them see everybody. Raises `Refused` unless an agreement is live today.
    """
    if actor.may(*OWN_STAFF) or not actor.may(Role.AUDITOR):
        return None
    return await _live_agreement(db)


def release(db: Db, actor: Actor, agreement_id: UUID | None, participant_ids: Iterable[UUID]) -> None:
    """Tell, in the transaction that reads them, whom an auditor is shown: at most the people of one page."""
    shown = sorted(set(participant_ids))
    if agreement_id is None or not shown:
        return
    released = IdentityReleaseFacts(
        release_id=uuid7(),
        agreement_id=agreement_id,
        participant_ids=shown,
        staff_id=actor.staff_id,
        released_at=db.now,
    )
    db.publish(IDENTITIES_RELEASED, released, about=released.release_id, seq=1)
    db.audit("identities.release", released.release_id, agreement_id=agreement_id, people=len(shown))


def release_claims(
    db: Db, actor: Actor, run_id: UUID, party_id: UUID | None, people: Mapping[UUID, UUID | None]
) -> None:
    """Tell, in the transaction that reads them, of whom a payer is told, and on which consent: 500 people a fact."""
    told = [ClaimedPersonFacts(participant_id=one, consent_id=consent_id) for one, consent_id in people.items()]
    for batch in batched(told, PEOPLE_MOST):
        released = ClaimReleaseFacts(
            release_id=uuid7(),
            run_id=run_id,
            party_id=party_id,
            people=list(batch),
            staff_id=actor.staff_id,
            released_at=db.now,
        )
        db.publish(CLAIMS_RELEASED, released, about=released.release_id, seq=1)
    for one in told:
        db.audit("claims.release", run_id, participant_id=one.participant_id)


def batched(people: list[ClaimedPersonFacts], most: int) -> Iterable[list[ClaimedPersonFacts]]:
    return (people[first : first + most] for first in range(0, len(people), most))


async def _live_agreement(db: Db) -> UUID:
    today = local_day(db.now, await zone_of(db))
    question = (
        select(Agreement.id)
        .where(Agreement.agency_id == db.scope.agency_id, Agreement.kind == AgreementKind.AUDIT_EVALUATION)
        .where(Agreement.valid_from <= today, Agreement.valid_to >= today)
        .where(or_(Agreement.ended_on.is_(None), Agreement.ended_on > today))
        .order_by(Agreement.valid_to.desc(), Agreement.id)
        .limit(1)
    )
    agreement_id: UUID | None = await db.scalar(question)
    if agreement_id is None:
        raise Refused(
            "agreement-not-live",
            "Auditors see records on a written audit agreement that is in force today. "
            "Ask the privacy officer to record it.",
        )
    return agreement_id
