"""How a message may leave: by which ways its recipient can be reached, and whether it may go now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from common.database import Db
from common.privacy import KeyRing
from notification.commands.deliveries import Claimed, Waits, begin
from notification.queries import messages as agencies
from notification.queries.devices import address_of
from notification.queries.preferences import channels_for, hours_for
from notification.rules.messages import HELD_FOR, Audience, Channel, Purpose
from notification.rules.wishes import wanted_at

OWN_HOURS = "own-hours"
NO_LEAVE_YET = "no-consent"
DEVICES = (Channel.SMS, Channel.PUSH)


@dataclass(frozen=True)
class Way:
    """One channel with the recipient's address on it, which lives in memory only."""

    channel: Channel
    address: str = field(repr=False)


@dataclass(frozen=True)
class Recipient:
    """How somebody can be reached, in the order in which they want it."""

    language: str
    ways: tuple[Way, ...]

    def left_for(self, claimed: Claimed) -> Sequence[Way]:
        """Return the ways that a message may still try."""
        wanted = [way for way in self.ways if claimed.only_by in (None, way.channel)]
        return [way for way in wanted if way.channel not in claimed.failed_channels]


@dataclass(frozen=True)
class Begun:
    """A try that was noted; `number` is null if the message was taken back meanwhile."""

    number: int | None


async def staff_ways(db: Db, keys: KeyRing, claimed: Claimed, email: str) -> tuple[Way, ...]:
    """Return the ways to a member of staff, in their own order; what was asked about (`looks`) stays among them."""
    staff_id = claimed.recipient_id
    wanted = await channels_for(db, [staff_id], claimed.template, claimed.purpose)
    order = list(dict.fromkeys([one for one in (claimed.only_by, claimed.looks) if one] + wanted[staff_id]))
    found = [Way(one, await _address(db, keys, claimed, one, email) or "") for one in order]
    return tuple(way for way in found if way.address or way.channel is Channel.INBOX)


async def _address(db: Db, keys: KeyRing, claimed: Claimed, channel: Channel, email: str) -> str | None:
    if channel is Channel.EMAIL:
        return email
    if channel not in DEVICES:
        return None
    device_id = claimed.values.get("device_id")
    return await address_of(db, keys, claimed.recipient_id, channel, device_id=device_id and UUID(device_id))


async def waits(db: Db, claimed: Claimed) -> Waits | None:
    """Tell what keeps a message back and until when; null: it may go. What is for safety knows no hours."""
    if claimed.audience is Audience.PARTICIPANT:
        return Waits(NO_LEAVE_YET, db.now + HELD_FOR)
    if claimed.purpose is Purpose.SAFETY or claimed.only_by is not None:
        return None
    hours = (await hours_for(db, [claimed.recipient_id]))[claimed.recipient_id]
    at = wanted_at(hours, await agencies.zone(db) or "UTC", db.now)
    return Waits(OWN_HOURS, at) if at > db.now else None


async def leave(db: Db, claimed: Claimed, way: Way) -> Begun:
    """Begin a try."""
    return Begun(await begin(db, claimed, way.channel))
