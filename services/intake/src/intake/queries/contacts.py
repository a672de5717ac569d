"""How somebody may be contacted, right now too, who can reach them, and what was tried."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select, tuple_

from common.database import Db
from common.errors import Unprocessable
from common.gate import plain_number
from common.http import VERSION_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import family_of, reach_participant, within_reach
from intake.commands.attempts import NOTE
from intake.commands.contacts import channel_digests, newest, open_locator, open_safe_contact
from intake.commands.recording import Recording, recording
from intake.models import Attempt, ChannelLock, Locator, Participant, Reachability, SafeContact
from intake.rules.contacts import (
    AttemptOutcome,
    BounceKind,
    ChannelKind,
    ContactRefusal,
    ContactState,
    LocatorTerms,
    SafeContactTerms,
    contact_state,
    may_contact,
)


class LockedChannel(BaseModel):
    place: int = Field(description="of the channel, counted from 0")
    what: BounceKind
    locked_at: AwareDatetime


class SafeContactRecord(BaseModel):
    """The version in force. Without one, `version` is 0: the If-Match of the first."""

    participant_id: UUID
    state: ContactState
    version: int
    terms: SafeContactTerms | None
    confirmed_at: AwareDatetime | None
    reconfirm_due_on: date | None
    locked: list[LockedChannel]
    merged_with: list[UUID] = Field(description="merged records that have a safe contact of their own; read them too")


class SafeContactVersion(BaseModel):
    id: UUID
    version: int
    terms: SafeContactTerms
    recorded_by: UUID | None
    recorded_at: AwareDatetime


class SafeContactVersions(BaseModel):
    items: list[SafeContactVersion] = Field(description="the newest first")
    next: str | None = None


class ChannelAdvice(BaseModel):
    place: int
    kind: ChannelKind
    allowed: bool
    reason: ContactRefusal | None = Field(description="why not")


class Advice(BaseModel):
    """Which channels may be used at an instant, in codes only, in the order to try them."""

    participant_id: UUID
    at: AwareDatetime
    state: ContactState
    version: int
    channels: list[ChannelAdvice]
    may_leave_voicemail: bool
    may_say_who_calls: bool
    shared_device: bool | None


class DueSafeContact(BaseModel):
    participant_id: UUID
    reconfirm_due_on: date


class DueSafeContacts(BaseModel):
    items: list[DueSafeContact]
    next: str | None = None


class LocatorRecord(BaseModel):
    """The version in force. Without one, `version` is 0: the If-Match of the first."""

    participant_id: UUID
    version: int
    terms: LocatorTerms | None
    confirmed_at: AwareDatetime | None
    age_days: int | None = Field(description="since it was last confirmed, in days of the agency's zone")
    merged_with: list[UUID] = Field(description="merged records that have a locator of their own; read them too")


class AttemptRecord(BaseModel):
    id: UUID
    participant_id: UUID
    at: AwareDatetime
    channel: ChannelKind
    outcome: AttemptOutcome
    safe_contact_version: int | None
    place: int | None
    point_id: UUID | None
    note: str | None
    recorded_by: UUID | None


class Attempts(BaseModel):
    items: list[AttemptRecord] = Field(description="the newest first")
    next: str | None = None


async def safe_contact(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> SafeContactRecord:
    now = await recording(db)
    participant = await reach_participant(db, actor, participant_id, now)
    row = await newest(db, SafeContact, participant_id)
    standing = await db.get(Reachability, (db.scope.agency_id, participant_id))
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    terms = open_safe_contact(sealer, row) if row else None
    due_on = standing.reconfirm_on if standing else None
    return SafeContactRecord(
        participant_id=participant_id,
        state=contact_state(due_on, now.today),
        version=row.version if row else 0,
        terms=terms,
        confirmed_at=standing.safe_contact_confirmed_at if standing else None,
        reconfirm_due_on=due_on,
        locked=await locked_channels(db, keys, terms, [participant_id]) if terms else [],
        merged_with=await _merged_with(db, participant, SafeContact),
    )


async def locked_channels(
    db: Db, keys: KeyRing, terms: SafeContactTerms, participant_ids: Sequence[UUID]
) -> list[LockedChannel]:
    question = select(ChannelLock).where(
        ChannelLock.agency_id == db.scope.agency_id,
        ChannelLock.participant_id.in_(participant_ids),
        ChannelLock.lifted_at.is_(None),
    )
    locks = {bytes(lock.channel_index): lock for lock in await db.scalars(question)}
    return [
        LockedChannel(place=place, what=BounceKind(locks[digest].what), locked_at=locks[digest].locked_at)
        for place, digest in enumerate(await channel_digests(db, keys, terms))
        if digest in locks
    ]


async def _merged_with(db: Db, participant: Participant, kind: type[SafeContact] | type[Locator]) -> list[UUID]:
    """Return which of the records merged into this one have such a paper; the newest word may stand there."""
    others = [one for one in await family_of(db, participant) if one != participant.id]
    question = select(kind.participant_id).where(
        kind.agency_id == participant.agency_id, kind.participant_id.in_(others), kind.version == 1
    )
    return list(await db.scalars(question.order_by(kind.participant_id))) if others else []


async def safe_contact_versions(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> SafeContactVersions:
    await reach_participant(db, actor, participant_id, await recording(db))
    question = select(SafeContact).where(
        SafeContact.agency_id == db.scope.agency_id, SafeContact.participant_id == participant_id
    )
    if after:
        question = question.where(SafeContact.version < _cursor_version(after))
    rows = (await db.scalars(question.order_by(SafeContact.version.desc()).limit(limit + 1))).all()
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    items = [
        SafeContactVersion(
            id=row.id,
            version=row.version,
            terms=open_safe_contact(sealer, row),
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in rows[:limit]
    ]
    return SafeContactVersions(items=items, next=_next(items, more=len(rows) > limit))


def _next(items: Sequence[SafeContactVersion], *, more: bool) -> str | None:
    return encode_cursor(items[-1].version, items[-1].id) if more else None


def _cursor_version(after: Cursor) -> int:
    version = plain_number(after.at, at_most=VERSION_MOST)
    if version is None:
        raise _bad_cursor()
    return version


def _bad_cursor() -> Unprocessable:
    return Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next")


async def advice(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, at: datetime | None) -> Advice:
    """Tell by what the person said, under whichever of their merged records: what any of them rules out is out."""
    now = await recording(db)
    participant = await reach_participant(db, actor, participant_id, now)
    family = await family_of(db, participant)
    row, terms = await spoken(db, keys, family)
    due_on = await _earliest_due(db, row.participant_id) if row else None
    shown = terms or SafeContactTerms()
    locked = {lock.place for lock in await locked_channels(db, keys, shown, family)}
    return Advice(
        participant_id=participant_id,
        at=at or now.now,
        state=contact_state(due_on, now.today),
        version=row.version if row else 0,
        channels=_advised(shown, at or now.now, locked),
        may_leave_voicemail=shown.may_leave_voicemail,
        may_say_who_calls=shown.may_say_who_calls,
        shared_device=shown.shared_device,
    )


async def _earliest_due(db: Db, participant_id: UUID) -> date | None:
    standing = await db.get(Reachability, (db.scope.agency_id, participant_id))
    return standing.reconfirm_on if standing else None


async def spoken(db: Db, keys: KeyRing, family: Sequence[UUID]) -> tuple[SafeContact | None, SafeContactTerms | None]:
    """Return the newest word among a person's records, with everything that any of them rules out."""
    found = [row for one in family if (row := await newest(db, SafeContact, one))]
    if not found:
        return None, None
    found.sort(key=lambda row: row.recorded_at)
    sealers = await keys.sealers(db, db.scope.agency_id, [row.participant_id for row in found])
    terms = [open_safe_contact(sealers[row.participant_id], row) for row in found]
    ruled_out = [never for one in terms for never in one.never_contact]
    return found[-1], terms[-1].model_copy(update={"never_contact": ruled_out})


def _advised(terms: SafeContactTerms, at: datetime, locked: Collection[int]) -> list[ChannelAdvice]:
    advised = []
    for place, channel in enumerate(terms.channels):
        verdict = may_contact(terms, channel, at, locked=place in locked)
        shown = ChannelAdvice(place=place, kind=channel.kind, allowed=verdict.allowed, reason=verdict.reason)
        advised.append(shown)
    return advised


async def safe_contacts_due(db: Db, actor: Actor, after: Cursor | None, limit: int) -> DueSafeContacts:
    """Return whose safe contact must be confirmed again, the longest due first."""
    now = await recording(db)
    question = (
        select(Reachability)
        .join(
            Participant,
            (Participant.agency_id == Reachability.agency_id) & (Participant.id == Reachability.participant_id),
        )
        .where(
            Reachability.agency_id == db.scope.agency_id,
            Reachability.reconfirm_on <= now.today,
            Participant.merged_into.is_(None),
            within_reach(actor, now.today, Reachability.participant_id),
        )
    )
    place = tuple_(Reachability.reconfirm_on, Reachability.participant_id)
    if after:
        question = question.where(place > (cursor_day(after), after.id))
    ordered = question.order_by(Reachability.reconfirm_on, Reachability.participant_id).limit(limit + 1)
    rows = (await db.scalars(ordered)).all()
    items = [
        DueSafeContact(participant_id=row.participant_id, reconfirm_due_on=row.reconfirm_on)
        for row in rows[:limit]
        if row.reconfirm_on
    ]
    last = items[-1] if len(rows) > limit else None
    return DueSafeContacts(
        items=items, next=encode_cursor(last.reconfirm_due_on, last.participant_id) if last else None
    )


def cursor_day(after: Cursor) -> date:
    try:
        return date.fromisoformat(after.at)
    except ValueError as error:
        raise _bad_cursor() from error


async def locator(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> LocatorRecord:
    now = await recording(db)
    participant = await reach_participant(db, actor, participant_id, now)
    row = await newest(db, Locator, participant_id)
    standing = await db.get(Reachability, (db.scope.agency_id, participant_id))
    confirmed_at = standing.locator_confirmed_at if standing else None
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    return LocatorRecord(
        participant_id=participant_id,
        version=row.version if row else 0,
        terms=open_locator(sealer, row) if row else None,
        confirmed_at=confirmed_at,
        age_days=age_days(now, confirmed_at),
        merged_with=await _merged_with(db, participant, Locator),
    )


def age_days(recording: Recording, confirmed_at: datetime | None) -> int | None:
    return (recording.today - recording.day(confirmed_at)).days if confirmed_at else None


async def attempts(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> Attempts:
    """Return the attempts to reach a person under all their records."""
    participant = await reach_participant(db, actor, participant_id, await recording(db))
    question = select(Attempt).where(
        Attempt.agency_id == db.scope.agency_id, Attempt.participant_id.in_(await family_of(db, participant))
    )
    if after:
        question = question.where(tuple_(Attempt.at, Attempt.id) < (_cursor_instant(after), after.id))
    rows = (await db.scalars(question.order_by(Attempt.at.desc(), Attempt.id.desc()).limit(limit + 1))).all()
    items = await _attempt_records(db, keys, rows[:limit])
    last = items[-1] if len(rows) > limit else None
    return Attempts(items=items, next=encode_cursor(last.at.isoformat(), last.id) if last else None)


async def _attempt_records(db: Db, keys: KeyRing, rows: Sequence[Attempt]) -> list[AttemptRecord]:
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in rows})
    records = []
    for row in rows:
        shown = {name: getattr(row, name) for name in AttemptRecord.model_fields if name != "note"}
        note = sealers[row.participant_id].open(NOTE, row.note) if row.note else None
        records.append(AttemptRecord.model_validate(shown | {"note": note}))
    return records


def _cursor_instant(after: Cursor) -> datetime:
    try:
        instant = datetime.fromisoformat(after.at)
    except ValueError as error:
        raise _bad_cursor() from error
    if instant.tzinfo is None:
        raise _bad_cursor()
    return instant
