"""Merging two records of one person, linking an anonymous contact with consent, and undoing either.

Nothing moves and nothing is sealed anew: the merged record points at the survivor, and episodes, consents and sessions
keep their own. Only fields that were asked to be taken over are written, like any change of who somebody is.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, ValidationError
from sqlalchemy import update
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import RecordOrigin
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Code, Distinct, Instant
from intake.commands.access import reach_unmerged
from intake.commands.duplicates import decide_pair
from intake.commands.participants import Identity, identity_of, known_of, label, replace_identity, vault_of
from intake.commands.recording import Recording, clock, recording
from intake.models import Merge, Participant
from intake.rules.duplicates import Agreement, MergeKind, MergeReason, PairState
from intake.rules.people import ANSWERED_BY, AskedFor, IdentityField, changed_fields

BEFORE = "merge.before"


class MergeParticipants(Asked):
    """`merged_id` becomes a signpost to `survivor_id`; `take` names what the survivor takes over from it."""

    survivor_id: UUID
    merged_id: UUID
    reason: MergeReason
    take: Annotated[list[IdentityField], Distinct] = Field(default=[], max_length=len(IdentityField))


class LinkOutreach(Asked):
    """The person agrees that what was recorded of an anonymous contact is theirs."""

    contact_id: UUID
    agreed_at: Instant | None = Field(default=None, description="now, unless it was before")
    how: Agreement
    statement: Code = Field(description="the version of the words that were agreed to")


class Joined(Created):
    """A merge, and what the survivor's record is called by now."""

    survivor_version: int


async def merge_participants(db: Db, keys: KeyRing, actor: Actor, request: MergeParticipants) -> Joined:
    now = await recording(db)
    survivor, merged = await _both(db, actor, now, request.survivor_id, request.merged_id, "/merged_id")
    if survivor.anonymous != merged.anonymous:
        raise Refused(
            "needs-consent",
            "An anonymous contact is linked with the person's consent: POST /v1/participants/{id}/outreach-links.",
        )
    merge = _new_merge(db, survivor, merged, MergeKind.DUPLICATE, request.reason)
    return await _join(db, keys, now, merge, survivor, merged, request.take)


async def link_outreach(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: LinkOutreach) -> Joined:
    now = await recording(db)
    person, contact = await _both(db, actor, now, participant_id, request.contact_id, "/contact_id")
    if not contact.anonymous:
        raise Refused("not-anonymous", "This contact has a name. Let a supervisor merge the two records.")
    if person.anonymous:
        raise Refused("not-identified", "Record who the person is first, then link the contact.")
    merge = _new_merge(db, person, contact, MergeKind.OUTREACH, MergeReason.OUTREACH_CONTACT_KNOWN)
    merge.agreed_at = now.stated(request.agreed_at, "/agreed_at")
    merge.agreed_how, merge.agreed_statement = request.how, request.statement
    return await _join(db, keys, now, merge, person, contact, [])


async def _both(
    db: Db, actor: Actor, now: Recording, survivor_id: UUID, merged_id: UUID, pointer: str
) -> tuple[Participant, Participant]:
    """Return both records locked, in the order of their ids, so that two merges cannot wait for each other."""
    if survivor_id == merged_id:
        raise Unprocessable("same-record", "Name two records.", pointer)
    found = {one: await reach_unmerged(db, actor, one, now, lock=True) for one in sorted((survivor_id, merged_id))}
    return found[survivor_id], found[merged_id]


def _new_merge(db: Db, survivor: Participant, merged: Participant, kind: MergeKind, reason: MergeReason) -> Merge:
    return Merge(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        survivor_id=survivor.id,
        merged_id=merged.id,
        kind=kind,
        reason=reason,
        merged_by=db.scope.actor_id,
        version=1,
    )


async def _join(
    db: Db,
    keys: KeyRing,
    now: Recording,
    merge: Merge,
    survivor: Participant,
    merged: Participant,
    take: list[IdentityField],
) -> Joined:
    """Point the merged record, and all that point at it, at the survivor. The clock is read under both locks."""
    sealer = await keys.sealer(db, db.scope.agency_id, survivor.id)
    rows = {"survivor": row_of(survivor), "merged": row_of(merged)}
    merge.merged_at = await clock(db)
    merge.taken = [str(field) for field in await _take(db, keys, now, survivor, merged, take)] if take else []
    await label(db, keys, now, survivor, RecordOrigin(merged.origin))
    merge.before = sealer.seal(BEFORE, rows | {"after": row_of(survivor)})
    merge.moved_ids = await _move_along(db, merged.id, survivor.id)
    merged.merged_into = survivor.id
    db.add(merge)
    await decide_pair(db, now, survivor.id, merged.id, PairState.MERGED, merge.reason)
    tell(db, facts.PARTICIPANTS_MERGED, merge)
    db.audit("participant.merge", survivor.id, merge_id=merge.id, merged_id=merged.id, kind=merge.kind, taken=take)
    return Joined(id=merge.id, version=1, survivor_version=survivor.version)


async def _move_along(db: Db, merged_id: UUID, survivor_id: UUID) -> list[UUID]:
    """Make what points at a record point at its survivor, so that no chain is ever longer than one step."""
    moved = (
        update(Participant)
        .where(Participant.agency_id == db.scope.agency_id, Participant.merged_into == merged_id)
        .values(merged_into=survivor_id)
        .returning(Participant.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(await db.scalars(moved))


async def _take(
    db: Db, keys: KeyRing, now: Recording, survivor: Participant, merged: Participant, take: list[IdentityField]
) -> list[IdentityField]:
    """Write what the survivor takes over; return the fields that changed by it."""
    vault = await vault_of(db, keys, survivor.id)
    theirs = known_of(await keys.sealer(db, db.scope.agency_id, merged.id), merged)
    for place, field in enumerate(take):
        if field not in theirs:
            raise Unprocessable("nothing-to-take", "The merged record does not know this.", f"/take/{place}")
    mine = known_of(vault.sealer, survivor)
    values = _without_answered(mine | {str(field): theirs[field] for field in take}, take)
    if not changed_fields(mine, values):
        return []
    return replace_identity(db, now, vault, survivor, standing_together(values))


def _without_answered(values: dict[str, Any], take: list[IdentityField]) -> dict[str, Any]:
    """Leave out what the survivor had declined to say and is now taken over, unless that is taken over too."""
    if IdentityField.DECLINED in take or IdentityField.DECLINED not in values:
        return values
    left = [code for code in values[IdentityField.DECLINED] if set(ANSWERED_BY[AskedFor(code)]).isdisjoint(take)]
    return {field: value for field, value in values.items() if field != IdentityField.DECLINED} | (
        {str(IdentityField.DECLINED): left} if left else {}
    )


def standing_together(known: Mapping[str, Any]) -> Identity:
    """Return what is known as it could be sent. Raises `Refused` if it does not stand together."""
    try:
        return identity_of(known)
    except ValidationError as error:
        detail = "A field would be both given and declined, or no name be left. Change the survivor's record first."
        raise Refused("fields-disagree", detail) from error


def row_of(participant: Participant) -> dict[str, object]:
    """Return a whole row by column, as it goes into JSON: bytes as hexadecimal digits, ids and instants as text."""
    return {column.key: _written(getattr(participant, column.key)) for column in Participant.__table__.columns}


def _written(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def tell(db: Db, fact: Fact, merge: Merge) -> None:
    state = facts.MergeFacts(
        merge_id=merge.id,
        survivor_id=merge.survivor_id,
        merged_id=merge.merged_id,
        moved_ids=merge.moved_ids,
        merged_at=merge.merged_at,
        undone_at=merge.undone_at,
    )
    db.publish(fact, state, about=merge.id, seq=merge.version)
