"""How a message may leave: by which ways its recipient can be reached, and whether it may go now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from common.database import Db
from common.privacy import KeyRing
from notification.commands.contacts import contact_digest, latest_digest, lock, note_correspondent, standing_of, stop
from notification.commands.deliveries import Claimed, Failure, Outcome, Waits, begin
from notification.commands.devices import gone, values_at_send
from notification.models import ContactStanding, DeliveryAttempt, Message, MessageConsent
from notification.queries import messages as agencies
from notification.queries.devices import address_of
from notification.queries.preferences import channels_for, hours_for
from notification.queries.templates import approved, texts_of
from notification.rules.messages import HELD_FOR, OUTCOME_UNKNOWN, Audience, Channel, Purpose, State
from notification.rules.sending import Facts, SafeHours, Verdict, may_send
from notification.rules.wishes import wanted_at
from notification.senders.directory import Reach

OWN_HOURS = "own-hours"
NO_SAFE_CONTACT = "no-safe-contact"
DEVICES = (Channel.SMS, Channel.PUSH)
LATELY = timedelta(days=8)
RECIPIENT_STOPPED = "recipient-stopped"
SUBSCRIPTION_GONE = "subscription-gone"
BOUNCED = frozenset({"address-malformed", "recipient-unreachable", "recipient-refused"})


@dataclass(frozen=True)
class Way:
    """One channel with the recipient's address on it, which lives in memory only."""

    channel: Channel
    address: str = field(repr=False)


@dataclass(frozen=True)
class Recipient:
    """How somebody can be reached: of staff their `email`, of a person their `reach`, with their own rules."""

    language: str
    email: str | None = field(default=None, repr=False)
    reach: Reach | None = None


@dataclass(frozen=True)
class Begun:
    """A try that was noted, with the ways that are left after it and what it says.

    `number`: null if the message was taken back meanwhile. `own`: the agency's words for it.
    """

    number: int | None
    way: Way
    others: tuple[Channel, ...]
    values: Mapping[str, Any]
    own: Mapping[str, Any] | None = None


async def leave(
    db: Db, keys: KeyRing, claimed: Claimed, recipient: Recipient, channels: Collection[Channel]
) -> Begun | Waits | None:
    """Begin a try by the first way that is left and may be used now; null: there is none. `channels`: set up here."""
    if (held := await _waits(db, claimed)) is not None:
        return held
    ways = [
        way
        for way in await _ways(db, keys, claimed, recipient)
        if claimed.only_by in (None, way.channel)
        and way.channel not in claimed.failed_channels
        and way.channel in channels
    ]
    if not ways:
        return None
    chosen = await _chosen(db, keys, claimed, ways, recipient)
    if isinstance(chosen, Waits):
        return chosen
    own = await approved(db, claimed.template) if recipient.reach else None
    return Begun(
        number=await begin(db, claimed, chosen.channel, own),
        way=chosen,
        others=tuple(way.channel for way in ways if way != chosen),
        values=await values_at_send(db, keys, claimed.template, claimed.values),
        own=await texts_of(db, own),
    )


async def _ways(db: Db, keys: KeyRing, claimed: Claimed, recipient: Recipient) -> Sequence[Way]:
    """Return the ways to somebody in the order in which they want them."""
    if recipient.reach is not None:
        return [Way(way.channel, way.address) for way in recipient.reach.ways]
    return await _staff_ways(db, keys, claimed, recipient.email or "")


async def _staff_ways(db: Db, keys: KeyRing, claimed: Claimed, email: str) -> Sequence[Way]:
    """Return the ways to a member of staff, in their own order; what was asked about (`looks`) stays among them."""
    staff_id = claimed.recipient_id
    wanted = await channels_for(db, [staff_id], claimed.template, claimed.purpose)
    order = list(dict.fromkeys([one for one in (claimed.only_by, claimed.looks) if one] + wanted[staff_id]))
    found = [Way(one, await _address(db, keys, claimed, one, email) or "") for one in order]
    return [way for way in found if way.address or way.channel is Channel.INBOX]


async def _address(db: Db, keys: KeyRing, claimed: Claimed, channel: Channel, email: str) -> str | None:
    if channel is Channel.EMAIL:
        return email
    if channel not in DEVICES:
        return None
    device_id = claimed.values.get("device_id")
    return await address_of(db, keys, claimed.recipient_id, channel, device_id=device_id and UUID(device_id))


async def _waits(db: Db, claimed: Claimed) -> Waits | None:
    """Tell what keeps a message to staff back and until when; null: it may go. What is for safety knows no hours."""
    if claimed.audience is Audience.PARTICIPANT or claimed.purpose is Purpose.SAFETY or claimed.only_by is not None:
        return None
    hours = (await hours_for(db, [claimed.recipient_id]))[claimed.recipient_id]
    at = wanted_at(hours, await agencies.zone(db) or "UTC", db.now)
    return Waits(OWN_HOURS, at) if at > db.now else None


async def _chosen(db: Db, keys: KeyRing, claimed: Claimed, ways: Sequence[Way], recipient: Recipient) -> Way | Waits:
    """Return the way to take; of a person, what they said decides, at this instant."""
    if recipient.reach is None:
        return ways[0]
    await _take_turns(db, recipient.reach.participant_id)
    family = await agencies.family_of(db, claimed.recipient_id) | {recipient.reach.participant_id}
    verdicts = []
    for way in ways:
        verdict = may_send(await _facts(db, keys, claimed, way, recipient.reach, family))
        if verdict.allowed:
            digest = contact_digest(keys, way.channel, way.address)
            await standing_of(db, way.channel, digest)  # so that a link in what leaves finds it
            await note_correspondent(db, recipient.reach.participant_id, way.channel, digest)
            return way
        verdicts.append(verdict)
    return _the_soonest(db, verdicts)


async def _take_turns(db: Db, participant_id: UUID) -> None:
    """Let one message to a person be decided at a time, so that two cannot both be today's only one."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"to|{participant_id}", 0))))


async def _facts(db: Db, keys: KeyRing, claimed: Claimed, way: Way, reach: Reach, family: Collection[UUID]) -> Facts:
    digest = contact_digest(keys, way.channel, way.address)
    said = next(one for one in reach.ways if (one.channel, one.address) == (way.channel, way.address))
    standing = await db.get(ContactStanding, (digest, way.channel), populate_existing=True)
    bounced = standing.locked_at if standing else None
    return Facts(
        channel=way.channel,
        purpose=claimed.purpose,
        now=db.now,
        consented=await _agreed(db, family, way.channel, digest, claimed.purpose),
        suppressed=bool(standing and standing.stopped_at),
        never_contact=said.never,
        locked=said.locked or (bounced is not None and not (reach.confirmed_at and reach.confirmed_at > bounced)),
        held=bool(standing and standing.held_at),
        may_text=reach.may_text,
        zone=reach.zone,
        safe_hours=[SafeHours(one.weekdays, one.begins, one.ends) for one in reach.safe_hours],
        sent=await _left_lately(db, claimed, family),
    )


async def _agreed(db: Db, family: Collection[UUID], channel: Channel, digest: bytes, purpose: Purpose) -> bool:
    question = select(MessageConsent.id).where(
        MessageConsent.agency_id == db.scope.agency_id,
        MessageConsent.participant_id.in_(family),
        MessageConsent.channel == channel,
        MessageConsent.digest == digest,
        MessageConsent.purposes.contains([purpose]),
        MessageConsent.withdrawn_at.is_(None),
    )
    return await db.scalar(question.limit(1)) is not None


async def _left_lately(db: Db, claimed: Claimed, family: Collection[UUID]) -> list[datetime]:
    """Return when other messages left for the person lately; one that is on its way, or may be, has left."""
    question = (
        select(func.min(DeliveryAttempt.started_at))
        .join(
            Message,
            (Message.agency_id == DeliveryAttempt.agency_id) & (Message.id == DeliveryAttempt.message_id),
        )
        .where(
            Message.agency_id == db.scope.agency_id,
            Message.recipient_id.in_(family),
            Message.audience == Audience.PARTICIPANT,
            Message.purpose.not_in([Purpose.SAFETY, Purpose.ANSWER]),
            Message.id != claimed.message_id,
            DeliveryAttempt.started_at > db.now - LATELY,
            or_(DeliveryAttempt.outcome.is_(None), DeliveryAttempt.outcome.in_([State.SENT, OUTCOME_UNKNOWN])),
        )
        .group_by(Message.id)
    )
    return [at for at in await db.scalars(question) if at is not None]


def _the_soonest(db: Db, verdicts: Sequence[Verdict]) -> Waits:
    """Return what keeps the message back by the way that opens first; if only a change opens one, what that is."""
    timed = [one for one in verdicts if one.not_before is not None]
    first = min(timed, key=lambda one: one.not_before or db.now, default=verdicts[0])
    return Waits(first.rule, first.not_before or db.now + HELD_FOR)


async def looked_at(db: Db, keys: KeyRing, claimed: Claimed, recipient: Recipient) -> Way | None:
    """Return by which way a message of unknown outcome went; null if that cannot be told any more."""
    ways = [way for way in await _ways(db, keys, claimed, recipient) if way.channel == claimed.looks]
    if recipient.reach is None or claimed.looks is None:
        return next(iter(ways), None)
    family = await agencies.family_of(db, claimed.recipient_id) | {recipient.reach.participant_id}
    digest = await latest_digest(db, family, claimed.looks)
    return next((way for way in ways if contact_digest(keys, way.channel, way.address) == digest), None)


async def learn(db: Db, keys: KeyRing, claimed: Claimed, way: Way, outcome: Outcome) -> None:
    """Keep what a refusal says of the address itself: its owner wants nothing, or it is nobody's any more."""
    if not isinstance(outcome, Failure) or not outcome.permanent:
        return
    if claimed.audience is Audience.PARTICIPANT:
        digest = contact_digest(keys, way.channel, way.address)
        if outcome.code == RECIPIENT_STOPPED:
            await stop(db, way.channel, digest, "carrier")
        elif outcome.code in BOUNCED:
            await lock(db, way.channel, digest)
    elif outcome.code == SUBSCRIPTION_GONE:
        await gone(db, keys, claimed.recipient_id, way.channel, way.address)
