"""Taking in what somebody answered: a wish to be left alone holds at once, whoever they are."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.privacy import KeyRing
from notification.commands.contacts import contact_digest, resume, standing_of, stop
from notification.models import INBOUND_WORDS, ContactStanding, Inbound
from notification.rules.messages import Channel
from notification.rules.replies import Meaning, Understood, understood

HELPED_AGAIN = timedelta(days=1)
# What the provider itself understood, and answered already.
OPT_OUTS = {"STOP": Meaning.STOP, "START": Meaning.START, "HELP": Meaning.HELP}


@dataclass(frozen=True)
class Came:
    """One message from a number (E.164), by its provider's name for it. `opt_out`: what the provider did with it."""

    provider_id: str
    number: str = field(repr=False)
    words: str = field(repr=False)
    opt_out: str | None = None


@dataclass(frozen=True)
class Reaction:
    """Which template answers, if any does, in which language (null: not known)."""

    template: str
    language: str | None


async def take(db: Db, keys: KeyRing, came: Came) -> Reaction | None:
    """Take a message in, act on what is certain, and say what to answer; the same message again changes nothing."""
    meant = understood(came.words)
    if came.opt_out in OPT_OUTS and meant.meaning is not Meaning.CRISIS:
        meant = Understood(OPT_OUTS[came.opt_out], meant.language)
    digest = contact_digest(keys, Channel.SMS, came.number)
    standing = await standing_of(db, Channel.SMS, digest)  # first of all, so that two at once take turns
    if not await _keep(db, keys, came, digest, meant.meaning):
        return None
    template = await _act(db, standing, meant.meaning)
    db.audit("message.inbound", None, meaning=meant.meaning)
    return Reaction(template, meant.language) if template and came.opt_out is None else None


async def _keep(db: Db, keys: KeyRing, came: Came, digest: bytes, meaning: Meaning) -> bool:
    row = insert(Inbound).values(
        provider_id=came.provider_id,
        digest=digest,
        channel=Channel.SMS,
        meaning=meaning,
        words=keys.platform_sealer().seal(INBOUND_WORDS, came.words),
        at=db.now,
        raises=meaning is Meaning.CRISIS,
    )
    return await db.scalar(row.on_conflict_do_nothing().returning(Inbound.provider_id)) is not None


async def _act(db: Db, standing: ContactStanding, meaning: Meaning) -> str | None:
    """Do what was meant; return the template that answers it. Words of danger are answered by people only."""
    match meaning:
        case Meaning.STOP:
            standing = await stop(db, Channel.SMS, standing.digest, "words")
            if standing.confirmed_at is None:
                standing.confirmed_at = db.now
                return "stop-confirmed"
        case Meaning.START if standing.stopped_at or standing.held_at:
            await resume(db, Channel.SMS, standing.digest)
            return "start-confirmed"
        case Meaning.HELP if standing.helped_at is None or db.now - standing.helped_at > HELPED_AGAIN:
            standing.helped_at = db.now
            return "help-answer"
        case Meaning.UNCLEAR | Meaning.CRISIS:
            standing.held_at = standing.held_at or db.now
    return None
