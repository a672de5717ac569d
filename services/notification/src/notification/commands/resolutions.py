"""What people make of replies that a machine did not understand, and of a wish for silence that was spoken."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import select, union

from common.contracts import notification as facts
from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Distinct
from notification.commands.access import ALL, reach_person
from notification.commands.contacts import look_again, standing_of, stop
from notification.commands.replies import waiting_for
from notification.models import Correspondent, MessageConsent, Reply
from notification.queries.messages import family_of
from notification.rules.messages import Channel

Stoppable = Literal[Channel.SMS, Channel.EMAIL]


class Resolution(StrEnum):
    """`stop`: they want nothing more; `resume`: they want to go on; `no_change`: it was about something else."""

    STOP = "stop"
    RESUME = "resume"
    NO_CHANGE = "no_change"


class Resolve(Asked):
    resolution: Resolution


class StopMessages(Asked):
    """Somebody said, on the phone or in person, that they want no more messages."""

    participant_id: UUID
    channels: Annotated[list[Stoppable], Distinct, Field(min_length=1)] = [Channel.SMS, Channel.EMAIL]


async def resolve(db: Db, actor: Actor, reply_id: UUID, request: Resolve, expected: int) -> Created:
    """Settle a reply. Raises `NotThere`; `Refused` if it was settled otherwise.

    What it held back goes on, once no other reply of that number waits; nobody here can take back a stop.
    """
    reply = await db.get(Reply, (db.scope.agency_id, reply_id), with_for_update=True)
    if reply is None:
        raise NotThere
    family = await _within(db, actor, reply)
    if reply.resolved_at is not None:
        if reply.resolution == request.resolution:
            return Created(id=reply.id, version=reply.version)
        raise Refused("settled-already", "Somebody settled this reply otherwise. Read it again.")
    require_version(reply.version, expected)
    reply.resolution, reply.resolved_by, reply.resolved_at = request.resolution, actor.staff_id, db.now
    reply.version += 1
    await db.flush()
    channel = Channel(reply.channel)
    if request.resolution is Resolution.STOP:
        await stop(db, channel, reply.digest, "staff")
    if not await waiting_for(db, [reply.digest]):
        standing = await standing_of(db, channel, reply.digest)
        standing.held_at = None
        standing.version += 1
        await look_again(db, family)
    db.audit("reply.resolve", reply.participant_id, reply_id=str(reply.id), resolution=request.resolution)
    return Created(id=reply.id, version=reply.version)


async def _within(db: Db, actor: Actor, reply: Reply) -> set[UUID]:
    """Return the person's records; a stranger's reply is for whoever may read the agency's queue."""
    if reply.participant_id is not None:
        return await reach_person(db, actor, reply.participant_id)
    if not actor.may(*ALL):
        raise NotThere
    return set()


async def stop_messages(db: Db, actor: Actor, request: StopMessages) -> Created:
    """Stop every number and address of a person that we ever wrote to or were allowed to. Raises `NotThere`."""
    await reach_person(db, actor, request.participant_id)
    family = await family_of(db, request.participant_id) | {request.participant_id}
    stop_id = uuid4()
    for channel in request.channels:
        for digest in await _contacts(db, family, Channel(channel)):
            await stop(db, Channel(channel), digest, "staff")
        told = facts.StopFacts(
            stop_id=stop_id,
            participant_id=request.participant_id,
            channel=facts.StoppedChannel(channel),
            stopped_at=db.now,
        )
        db.publish(facts.MESSAGES_STOPPED, told, about=stop_id, seq=request.channels.index(channel) + 1)
    db.audit("message.stop", request.participant_id, channels=sorted(request.channels))
    return Created(id=stop_id, version=1)


async def _contacts(db: Db, family: Collection[UUID], channel: Channel) -> list[bytes]:
    kinds = (MessageConsent, Correspondent)
    found = union(
        *(
            select(kind.digest).where(
                kind.agency_id == db.scope.agency_id, kind.participant_id.in_(family), kind.channel == channel
            )
            for kind in kinds
        )
    )
    return sorted(bytes(one) for one in await db.scalars(found))
