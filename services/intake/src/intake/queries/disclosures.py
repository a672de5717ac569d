"""What was disclosed about somebody, and what a second person has yet to review."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Select, or_, select

from common.contracts.codes import DisclosureBasis, RecordOrigin
from common.database import Db
from common.errors import Unprocessable
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import business_deadline
from intake.commands.access import family_of, reach_participant, within_reach
from intake.commands.disclosure_reviews import ReviewOutcome
from intake.commands.disclosures import DETAILS
from intake.commands.recording import Recording, recording
from intake.models import Disclosure, DisclosureReview
from intake.rules.consents import InformationCategory, Purpose
from intake.rules.disclosures import Channel, OutboundPath, OwnAccess, View


class ShownRecipient(BaseModel):
    name: str | None = None
    address: str | None = None
    party_id: UUID | None = None


class DisclosureEntry(BaseModel):
    """One line of the ledger. `late`: recorded after it happened; only an emergency may be."""

    id: UUID
    participant_id: UUID
    made_at: AwareDatetime
    made_by: UUID | None
    recorded_at: AwareDatetime | None
    late: bool
    recipient: ShownRecipient
    description: str | None
    purpose: Purpose
    categories: list[InformationCategory]
    basis: DisclosureBasis | OwnAccess
    basis_valid: bool
    consent_id: UUID | None
    consent_version: int | None
    agreement_id: UUID | None
    court_order_id: UUID | None
    package_id: UUID | None
    path: OutboundPath
    decision_row: str | None
    view: View | None
    channel: Channel | None
    for_proceeding: bool
    do_not_pass_on: bool
    origin: RecordOrigin
    ehr: bool
    notice_statement: str | None
    scope_attached: str | None
    source_system: str | None
    review: ReviewOutcome | None = None


class DisclosurePage(BaseModel):
    items: list[DisclosureEntry]
    next: str | None = None


class WaitingReview(BaseModel):
    """A disclosure without consent, or beyond it, that nobody else has looked at yet.

    `due_at`: the end of the next business day after it was made.
    """

    id: UUID
    participant_id: UUID
    basis: DisclosureBasis
    basis_valid: bool
    path: OutboundPath
    made_at: AwareDatetime
    made_by: UUID | None
    late: bool
    due_at: AwareDatetime
    overdue: bool


class WaitingReviews(BaseModel):
    items: list[WaitingReview] = Field(description="the longest waiting first")
    next: str | None = None


async def disclosures_of(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> DisclosurePage:
    """Return what was disclosed about a person under any of their records, the newest entry first."""
    family = await family_of(db, await reach_participant(db, actor, participant_id, await recording(db)))
    question = _with_review(db).where(Disclosure.participant_id.in_(family))
    if after:
        question = question.where(Disclosure.id < after.id)
    rows = (await db.execute(question.order_by(Disclosure.id.desc()).limit(limit + 1))).all()
    page = rows[:limit]
    sealers = await keys.sealers(db, db.scope.agency_id, {row[0].participant_id for row in page})
    items = [entry_of(row, sealers[row.participant_id], outcome) for row, outcome in page]
    more = encode_cursor("", page[-1][0].id) if len(rows) > limit else None
    return DisclosurePage(items=items, next=more)


def _with_review(db: Db) -> Select[Disclosure, str | None]:
    joined = (DisclosureReview.agency_id == Disclosure.agency_id) & (DisclosureReview.disclosure_id == Disclosure.id)
    return (
        select(Disclosure, DisclosureReview.outcome)
        .outerjoin(DisclosureReview, joined)
        .where(Disclosure.agency_id == db.scope.agency_id)
    )


def details_of(sealer: Sealer, row: Disclosure) -> dict[str, Any]:
    """Return to whom it went and what was said of it in words."""
    details: dict[str, Any] = sealer.open(DETAILS, row.details)  # type: ignore[assignment]  # sealed by us
    return details


def is_late(row: Disclosure) -> bool:
    return (
        row.source_system is None
        and row.recorded_at is not None
        and row.told_by is None
        and (row.recorded_at > row.made_at)
    )


def entry_of(row: Disclosure, sealer: Sealer, outcome: str | None) -> DisclosureEntry:
    details = details_of(sealer, row)
    shown = {name: getattr(row, name) for name in DisclosureEntry.model_fields if hasattr(row, name)}
    return DisclosureEntry.model_validate(
        shown
        | {
            "recipient": details["recipient"],
            "description": details.get("description"),
            "late": is_late(row),
            "review": outcome,
        }
    )


async def waiting_reviews(db: Db, actor: Actor, after: Cursor | None, limit: int) -> WaitingReviews:
    """Return what this program disclosed without a consent, or beyond one, and nobody has reviewed."""
    now = await recording(db)
    question = _with_review(db).where(
        DisclosureReview.id.is_(None),
        or_(Disclosure.basis != DisclosureBasis.CONSENT, Disclosure.basis_valid.is_(False)),
        Disclosure.basis != OwnAccess.ACCESS_BY_PERSON,
        Disclosure.source_system.is_(None),
        within_reach(actor, now.today, Disclosure.participant_id),
    )
    if after:
        question = question.where(Disclosure.id > after.id)
    rows: Sequence[Disclosure] = (await db.scalars(question.order_by(Disclosure.id).limit(limit + 1))).all()
    page = rows[:limit]
    more = encode_cursor("", page[-1].id) if len(rows) > limit else None
    return WaitingReviews(items=[_waiting(row, now) for row in page], next=more)


def _waiting(row: Disclosure, now: Recording) -> WaitingReview:
    due_at = business_deadline(row.made_at, now.zone, 1, frozenset())
    return WaitingReview(
        id=row.id,
        participant_id=row.participant_id,
        basis=DisclosureBasis(row.basis),
        basis_valid=row.basis_valid,
        path=OutboundPath(row.path),
        made_at=row.made_at,
        made_by=row.made_by,
        late=is_late(row),
        due_at=due_at,
        overdue=due_at <= now.now,
    )


def require_reviewable(*, reviewable: bool) -> None:
    """Raise `Unprocessable` unless the one list that there is was asked for."""
    if not reviewable:
        raise Unprocessable("reviewable-only", "Ask with reviewable=true, or read one person's list.", "/reviewable")
