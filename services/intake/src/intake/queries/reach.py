"""By which ways a message may reach a person, for the service that sends it and for nobody else."""

from datetime import time
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from common.database import Db
from common.privacy import KeyRing
from intake.commands.access import family_of, standing_for
from intake.models import Reachability
from intake.queries.contacts import locked_channels, spoken
from intake.rules.contacts import WEEK, Channel, ChannelKind, SafeContactTerms, SafeHours, dialled, is_ruled_out

LANGUAGE = "en"


class ReachWay(BaseModel):
    """One number in E.164 or one e-mail address; `never`: the person said so; `locked`: it bounced."""

    channel: Literal["sms", "email"]
    address: str = Field(repr=False)
    never: bool
    locked: bool


class ReachHours(BaseModel):
    """Hours of some weekdays (0 is Monday); an `ends` not after `begins` is on the next day."""

    weekdays: list[int]
    begins: time
    ends: time


class Reach(BaseModel):
    """How the person wants to be reached, under whichever of their merged records they said it."""

    participant_id: UUID = Field(description="whom the record stands for now, if it was merged")
    language: str
    zone: str | None
    may_text: bool
    safe_hours: list[ReachHours]
    confirmed_at: AwareDatetime | None
    ways: list[ReachWay] = Field(description="in the order to try them; none without a safe contact")


async def reach(db: Db, keys: KeyRing, participant_id: UUID) -> Reach:
    """Return by which ways a person may be written to. Raises `NotThere`."""
    person = await standing_for(db, participant_id)
    family = await family_of(db, person)
    row, terms = await spoken(db, keys, family)
    terms = terms or SafeContactTerms()
    locked = {lock.place for lock in await locked_channels(db, keys, terms, family)}
    standing = await db.get(Reachability, (db.scope.agency_id, row.participant_id)) if row else None
    ways = [_way(terms, channel, place in locked) for place, channel in enumerate(terms.channels)]
    return Reach(
        participant_id=person.id,
        language=terms.language or LANGUAGE,
        zone=terms.zone,
        may_text=terms.may_text,
        safe_hours=[_hours(one) for one in terms.safe_hours],
        confirmed_at=standing.safe_contact_confirmed_at if standing else None,
        ways=[way for way in ways if way],
    )


def _way(terms: SafeContactTerms, channel: Channel, locked: bool) -> ReachWay | None:
    address = _address(channel)
    if address is None:
        return None
    kind: Literal["sms", "email"] = "sms" if channel.kind is ChannelKind.SMS else "email"
    return ReachWay(channel=kind, address=address, never=is_ruled_out(terms, channel), locked=locked)


def _address(channel: Channel) -> str | None:
    match channel.kind:
        case ChannelKind.SMS:
            return dialled(channel.value or "")
        case ChannelKind.EMAIL:
            return (channel.value or "").strip().lower()
        case _:
            return None


def _hours(hours: SafeHours) -> ReachHours:
    return ReachHours(
        weekdays=[WEEK.index(day) for day in hours.days],
        begins=time.fromisoformat(hours.from_),
        ends=time.fromisoformat(hours.to),
    )
