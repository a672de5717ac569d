"""Bringing what came in to the people it concerns; it stays with the person, whoever their peer is."""

from collections.abc import Collection
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts import notification as facts
from common.contracts.codes import SafetyStatus
from common.contracts.intake import SafetyFacts
from common.database import Db
from common.privacy import KeyRing
from notification.commands.contacts import look_again
from notification.commands.escalations import alarm, hear
from notification.models import INBOUND_WORDS, REPLY_WORDS, Correspondent, Inbound, Morning, Reply
from notification.queries.messages import family_of
from notification.rules.replies import Meaning

REPLIES = UUID("3d0c7a52-5a0e-5c7e-9b7e-6a1a6f0f1d10")  # ids that follow from replies stand under this one
WAITING = frozenset({Meaning.UNCLEAR, Meaning.CRISIS})
STOPS = {Meaning.STOP: facts.MESSAGES_STOPPED, Meaning.START: facts.MESSAGES_RESUMED}


def concern_id(provider_id: str) -> UUID:
    """Return the id of the safety concern that a reply raises, the same however often it is tried."""
    return uuid5(REPLIES, provider_id)


async def whose(db: Db, inbound: Inbound, agency_for_strangers: UUID | None) -> tuple[UUID | None, UUID | None]:
    """Return the agency and the person that wrote to this number last.

    A stranger's words go to the only agency that there is, else to the one that the operator named, else to nobody:
    then only their stop counts.
    """
    latest = select(Correspondent.agency_id, Correspondent.participant_id).where(
        Correspondent.digest == inbound.digest, Correspondent.channel == inbound.channel
    )
    found = (await db.execute(latest.order_by(Correspondent.last_at.desc()).limit(1))).first()
    if found is not None:
        return found.agency_id, found.participant_id
    agencies = (await db.scalars(select(Morning.agency_id).limit(2))).all()
    return (agencies[0] if len(agencies) == 1 else agency_for_strangers), None


async def keep(db: Db, keys: KeyRing, provider_id: str, participant_id: UUID | None) -> None:
    """Keep a reply in the agency whose transaction this is, and do what follows; a second worker finds it done."""
    inbound = await db.get(Inbound, provider_id, with_for_update=True, populate_existing=True)
    if inbound is None or inbound.routed_at is not None or inbound.words is None:
        return
    meaning, reply_id = Meaning(inbound.meaning), uuid7()
    words = keys.platform_sealer().open(INBOUND_WORDS, inbound.words)
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id or reply_id)
    row = insert(Reply).values(
        agency_id=db.scope.agency_id,
        id=reply_id,
        provider_id=provider_id,
        participant_id=participant_id,
        channel=inbound.channel,
        digest=inbound.digest,
        meaning=meaning,
        words=sealer.seal(REPLY_WORDS, words),
        at=inbound.at,
        waits=meaning in WAITING,
        version=1,
    )
    await db.execute(row.on_conflict_do_nothing())
    inbound.words, inbound.routed_at = None, db.now
    await _follow(db, inbound, participant_id, meaning)
    db.audit("reply.keep", participant_id, reply_id=str(reply_id), meaning=meaning)


async def _follow(db: Db, inbound: Inbound, participant_id: UUID | None, meaning: Meaning) -> None:
    if meaning is Meaning.CRISIS:
        await _raise(db, inbound, participant_id)
    elif participant_id is not None and meaning in STOPS:
        await tell_stop(db, inbound, participant_id, meaning)
        if meaning is Meaning.START:
            await look_again(db, await family_of(db, participant_id) | {participant_id})


async def _raise(db: Db, inbound: Inbound, participant_id: UUID | None) -> None:
    """Page who is on call now; intake opens the concern under the same id as soon as it answers."""
    concern = concern_id(inbound.provider_id)
    if participant_id is None:
        inbound.raised_at = db.now
        await alarm(db, concern)
        return
    opened = SafetyFacts(
        concern_id=concern, participant_id=participant_id, status=SafetyStatus.OPEN, opened_at=inbound.at
    )
    await hear(db, opened, 0)


async def tell_stop(db: Db, inbound: Inbound, participant_id: UUID, meaning: Meaning) -> None:
    """Tell the others that a person wants silence, or wants to hear again."""
    stop_id = uuid5(REPLIES, f"{db.scope.agency_id}|{inbound.digest.hex()}")
    said = select(func.count()).where(
        Reply.agency_id == db.scope.agency_id, Reply.digest == inbound.digest, Reply.meaning.in_(list(STOPS))
    )
    told = facts.StopFacts(
        stop_id=stop_id,
        participant_id=participant_id,
        channel=facts.StoppedChannel(inbound.channel),
        stopped_at=inbound.at,
        resumed_at=inbound.at if meaning is Meaning.START else None,
    )
    db.publish(STOPS[meaning], told, about=stop_id, seq=await db.scalar(said) or 1)


async def waiting_for(db: Db, digests: Collection[bytes]) -> set[bytes]:
    """Return which of these contacts still have a reply that nobody has read."""
    question = select(Reply.digest).where(
        Reply.agency_id == db.scope.agency_id, Reply.digest.in_(digests), Reply.waits, Reply.resolved_at.is_(None)
    )
    return {bytes(one) for one in await db.scalars(question)}
