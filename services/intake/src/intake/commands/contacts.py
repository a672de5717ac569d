"""Keeping how somebody may safely be contacted and who can reach them, version by version, and what went wrong."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import VERSION_MOST, Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer, blind_index
from common.text import Asked, Distinct, Instant
from intake.commands.access import reach_participant, reach_unmerged
from intake.commands.recording import Recording, recording
from intake.models import ChannelLock, Locator, Reachability, SafeContact
from intake.rules.contacts import BounceKind, LocatorTerms, SafeContactTerms, channel_key, reconfirm_due

SAFE_CONTACT = "safe_contact.terms"
LOCATOR = "locator.terms"
Place = Annotated[int, Field(ge=0, le=9, description="of a channel in the version named, counted from 0")]
Version = Annotated[int, Field(ge=1, le=VERSION_MOST, description="which you read; another one is in force: 412")]
Paper = TypeVar("Paper", SafeContact, Locator)


class SetSafeContact(SafeContactTerms):
    confirmed_at: Instant | None = Field(default=None, description="when the person said so; now if empty")


class ConfirmSafeContact(Asked):
    """The person says that it is still right; channels that had bounced may be used again."""

    version: Version
    channels: Annotated[list[Place], Distinct, Field(min_length=1, max_length=10)] | None = Field(
        default=None, description="which channels were confirmed; all if empty"
    )
    confirmed_at: Instant | None = None


class ReportBounce(Asked):
    version: Version
    channel: Place
    what: BounceKind
    at: Instant | None = None


class SetLocator(LocatorTerms):
    confirmed_at: Instant | None = Field(default=None, description="when the person said so; now if empty")


class ConfirmLocator(Asked):
    """The person says that the locator is still right."""

    version: Version
    confirmed_at: Instant | None = None


async def set_safe_contact(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: SetSafeContact, *, expected: int
) -> Created:
    """Write the next version; 0 is the version of nothing yet. Channels that are locked stay locked."""
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    standing = await reachability(db, participant_id)
    require_version(standing.safe_contact_version, expected)
    standing.safe_contact_version += 1
    standing.safe_contact_confirmed_at = now.stated(request.confirmed_at, "/confirmed_at")
    terms = SafeContactTerms.model_validate(request.model_dump(exclude={"confirmed_at"}, by_alias=True))
    sealed = (await _sealer(db, keys, participant_id)).seal(SAFE_CONTACT, terms.model_dump(mode="json"))
    row = _placed(db, now, SafeContact, participant_id, standing.safe_contact_version, sealed)
    await _settle(db, keys, now, standing, terms)
    db.audit("safe-contact.set", participant_id, version=row.version)
    return Created(id=row.id, version=row.version)


async def set_locator(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: SetLocator, *, expected: int
) -> Created:
    """Write the next version; 0 is the version of nothing yet."""
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    for place, entry in enumerate(request.entries):
        if entry.permission_given_on:
            now.require_past(entry.permission_given_on, f"/entries/{place}/permission_given_on")
    standing = await reachability(db, participant_id)
    require_version(standing.locator_version, expected)
    standing.locator_version += 1
    standing.locator_confirmed_at = now.stated(request.confirmed_at, "/confirmed_at")
    said = request.model_dump(mode="json", exclude={"confirmed_at"})
    sealed = (await _sealer(db, keys, participant_id)).seal(LOCATOR, said)
    row = _placed(db, now, Locator, participant_id, standing.locator_version, sealed)
    db.audit("locator.set", participant_id, version=row.version)
    return Created(id=row.id, version=row.version)


def _placed(
    db: Db, recording: Recording, kind: type[Paper], participant_id: UUID, version: int, sealed: bytes
) -> Paper:
    row = kind(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        version=version,
        terms=sealed,
        recorded_by=db.scope.actor_id,
        recorded_at=recording.now,
    )
    db.add(row)
    return row


async def reachability(db: Db, participant_id: UUID) -> Reachability:
    """Return how a person's papers stand, locked for a change; made if it is the first."""
    first = insert(Reachability).values(
        agency_id=db.scope.agency_id, participant_id=participant_id, safe_contact_version=0, locator_version=0
    )
    await db.execute(first.on_conflict_do_nothing())
    question = select(Reachability).where(
        Reachability.agency_id == db.scope.agency_id, Reachability.participant_id == participant_id
    )
    found = await db.scalars(question.with_for_update().execution_options(populate_existing=True))
    return found.one()


async def confirm_safe_contact(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: ConfirmSafeContact
) -> Created:
    """Start the 90 days anew, and lift the locks of what was confirmed that are not younger than the confirmation."""
    now, standing, row, terms = await _in_force(db, keys, actor, participant_id, request.version)
    at = now.stated(request.confirmed_at, "/confirmed_at")
    places = range(len(terms.channels)) if request.channels is None else request.channels
    for position, place in enumerate(places):
        require_place(terms, place, f"/channels/{position}")
    standing.safe_contact_confirmed_at = _later(standing.safe_contact_confirmed_at, at)
    digests = await channel_digests(db, keys, terms)
    confirmed = {digests[place] for place in places}
    for lock in await open_locks(db, participant_id, confirmed):
        if lock.locked_at <= at:
            lock.lifted_at = at
    await _settle(db, keys, now, standing, terms)
    db.audit("safe-contact.confirm", participant_id, version=row.version)
    return Created(id=row.id, version=row.version)


def _later(known: datetime | None, stated: datetime) -> datetime:
    return stated if known is None else max(known, stated)


async def report_bounce(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: ReportBounce) -> Created:
    """Lock a channel until it is confirmed again; a second bounce of a locked one changes nothing."""
    now, standing, row, terms = await _in_force(db, keys, actor, participant_id, request.version)
    require_place(terms, request.channel, "/channel")
    at = now.stated(request.at, "/at")
    await lock_channel(db, keys, now, standing, terms, request.channel, request.what, at=at)
    db.audit("safe-contact.bounce", participant_id, version=row.version, what=request.what)
    return Created(id=row.id, version=row.version)


async def _in_force(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, version: int
) -> tuple[Recording, Reachability, SafeContact, SafeContactTerms]:
    now = await recording(db)
    await reach_participant(db, actor, participant_id, now)
    standing = await reachability(db, participant_id)
    row = await newest(db, SafeContact, participant_id)
    if row is None:
        raise NotThere
    require_version(row.version, version)
    return now, standing, row, open_safe_contact(await _sealer(db, keys, participant_id), row)


def require_place(terms: SafeContactTerms, place: int, pointer: str) -> None:
    if place >= len(terms.channels):
        raise Unprocessable("no-such-channel", "The safe contact has fewer channels. Count from 0.", pointer)


async def lock_channel(
    db: Db,
    keys: KeyRing,
    recording: Recording,
    standing: Reachability,
    terms: SafeContactTerms,
    place: int,
    what: BounceKind,
    *,
    at: datetime,
) -> None:
    """Lock a channel, unless it is locked already; `standing` must be locked, so that two bounces take turns."""
    digest = (await channel_digests(db, keys, terms))[place]
    if not await open_locks(db, standing.participant_id, {digest}):
        db.add(
            ChannelLock(
                agency_id=db.scope.agency_id,
                id=uuid7(),
                participant_id=standing.participant_id,
                channel_index=digest,
                what=what,
                locked_at=at,
                recorded_by=db.scope.actor_id,
                recorded_at=recording.now,
            )
        )
    await _settle(db, keys, recording, standing, terms)


async def _settle(db: Db, keys: KeyRing, recording: Recording, standing: Reachability, terms: SafeContactTerms) -> None:
    """Write from which day on the safe contact must be confirmed again."""
    assert standing.safe_contact_confirmed_at is not None  # there is one in force
    await db.flush()
    locks = await open_locks(db, standing.participant_id, set(await channel_digests(db, keys, terms)))
    locked_on: Sequence[date] = [recording.day(lock.locked_at) for lock in locks]
    standing.reconfirm_on = reconfirm_due(recording.day(standing.safe_contact_confirmed_at), locked_on)


async def channel_digests(db: Db, keys: KeyRing, terms: SafeContactTerms) -> list[bytes]:
    """Return by what each channel is recognized, in their order, without saying it."""
    key = await keys.index_key(db, db.scope.agency_id)
    return [blind_index(key, *channel_key(channel)) for channel in terms.channels]


async def open_locks(db: Db, participant_id: UUID, digests: Collection[bytes]) -> Sequence[ChannelLock]:
    question = select(ChannelLock).where(
        ChannelLock.agency_id == db.scope.agency_id,
        ChannelLock.participant_id == participant_id,
        ChannelLock.lifted_at.is_(None),
        ChannelLock.channel_index.in_(digests),
    )
    return (await db.scalars(question)).all()


async def confirm_locator(db: Db, actor: Actor, participant_id: UUID, request: ConfirmLocator) -> Created:
    now = await recording(db)
    await reach_participant(db, actor, participant_id, now)
    standing = await reachability(db, participant_id)
    row = await newest(db, Locator, participant_id)
    if row is None:
        raise NotThere
    require_version(row.version, request.version)
    refresh_locator(standing, now.stated(request.confirmed_at, "/confirmed_at"))
    db.audit("locator.confirm", participant_id, version=row.version)
    return Created(id=row.id, version=row.version)


def refresh_locator(standing: Reachability, at: datetime) -> None:
    standing.locator_confirmed_at = _later(standing.locator_confirmed_at, at)


async def newest(db: Db, kind: type[Paper], participant_id: UUID) -> Paper | None:
    """Return the version in force."""
    question = select(kind).where(kind.agency_id == db.scope.agency_id, kind.participant_id == participant_id)
    found: Paper | None = await db.scalar(question.order_by(kind.version.desc()).limit(1))
    return found


async def _sealer(db: Db, keys: KeyRing, participant_id: UUID) -> Sealer:
    return await keys.sealer(db, db.scope.agency_id, participant_id)


def open_safe_contact(sealer: Sealer, row: SafeContact) -> SafeContactTerms:
    return SafeContactTerms.model_validate(sealer.open(SAFE_CONTACT, row.terms))


def open_locator(sealer: Sealer, row: Locator) -> LocatorTerms:
    return LocatorTerms.model_validate(sealer.open(LOCATOR, row.terms))
