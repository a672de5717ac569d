"""Giving the privacy notice (42 CFR 2.22), putting it off, and what may not be closed before it was given."""

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import exists, func, or_, select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import CloseReason
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.text import Asked, Code, Instant
from intake.commands.access import family_of, reach_unmerged
from intake.commands.recording import Recording, recording
from intake.models import AgencyPrivacy, Episode, Notice, NoticeDeferral, NoticeText, Participant
from intake.rules.notices import CLOSED_WITHOUT_NOTICE, DeferralReason, NoticeAcknowledgement
from intake.rules.people import NoticeChannel

ON_PAPER = (NoticeChannel.PAPER, NoticeChannel.MAIL)


class GiveNotice(Asked):
    version: Code = Field(description="of the notice's text")
    language: Code
    channel: NoticeChannel
    given_at: Instant | None = Field(default=None, description="now, unless it was on paper before")
    acknowledgement: NoticeAcknowledgement | None = Field(default=None, description="whether receipt was confirmed")


class GiveNoticeAgain(GiveNotice):
    """Somebody whose e-mail came back gets the notice on paper."""

    after_bounce_of: UUID | None = Field(default=None, description="the notice whose e-mail came back")

    @model_validator(mode="after")
    def _on_paper(self) -> Self:
        if self.after_bounce_of is not None and self.channel not in ON_PAPER:
            raise ValueError("after an e-mail that came back, give the notice on paper or by mail")
        return self


class DeferNotice(Asked):
    reason: DeferralReason
    deferred_at: Instant | None = Field(default=None, description="now, unless it was written down before")


async def place_notice_on_file(db: Db, now: Recording, participant_id: UUID, terms: GiveNotice) -> Notice:
    """Write down that one of the agency's own texts was given. Raises `Unprocessable` where there is no such text."""
    notice = place_notice(db, now, participant_id, terms)
    of_agency = select(NoticeText.language, NoticeText.notice_version, NoticeText.effective_on).where(
        NoticeText.agency_id == db.scope.agency_id
    )
    with db.no_autoflush:
        texts = (await db.execute(of_agency)).all()
    was_given_on = now.day(notice.given_at)
    before_any = all(was_given_on < text.effective_on for text in texts)  # so nothing here can tell which one it was
    if not before_any and (terms.language, terms.version) not in {(one.language, one.notice_version) for one in texts}:
        detail = (
            "The agency has no notice of this version in this language. GET notice-texts lists those there are; "
            "record the missing text first, or give the person another."
        )
        raise Unprocessable("notice-not-on-file", detail, "/version")
    return notice


def place_notice(db: Db, recording: Recording, participant_id: UUID, terms: GiveNotice) -> Notice:
    """Write down a notice as it was given, here or, long ago, elsewhere."""
    notice = Notice(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        notice_version=terms.version,
        language=terms.language,
        channel=terms.channel,
        given_at=recording.stated(terms.given_at, "/given_at"),
        given_by=db.scope.actor_id,
        acknowledgement=terms.acknowledgement,
        source_system=recording.source_system,
        recorded_at=recording.now,
    )
    db.add(notice)
    db.publish(
        facts.NOTICE_GIVEN,
        facts.NoticeFacts(
            notice_id=notice.id, participant_id=participant_id, version=terms.version, given_at=notice.given_at
        ),
        about=notice.id,
        seq=1,
    )
    return notice


async def give_notice(db: Db, actor: Actor, participant_id: UUID, request: GiveNoticeAgain) -> Created:
    now = await recording(db)
    participant = await reach_unmerged(db, actor, participant_id, now)
    if request.after_bounce_of is not None:
        await _require_emailed(db, participant, request.after_bounce_of)
    notice = await place_notice_on_file(db, now, participant_id, request)
    notice.after_bounce_of = request.after_bounce_of
    db.audit("notice.give", participant_id, notice_id=notice.id)
    return Created(id=notice.id, version=1)


async def _require_emailed(db: Db, participant: Participant, notice_id: UUID) -> None:
    """Raise `Unprocessable` unless the notice went to this person by e-mail."""
    earlier = await db.get(Notice, (db.scope.agency_id, notice_id))
    of_them = earlier is not None and earlier.participant_id in await family_of(db, participant)
    if earlier is None or not of_them or earlier.channel != NoticeChannel.EMAIL:
        detail = "Name a notice that this person was sent by e-mail, or leave this out."
        raise Unprocessable("notice-not-emailed", detail, "/after_bounce_of")


async def defer_notice(db: Db, actor: Actor, participant_id: UUID, request: DeferNotice) -> Created:
    """Record that the notice waits; it is still owed. Raises `Refused` where it was given."""
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    if await _was_given(db, participant_id):
        raise Refused("notice-given-already", "This person was given the notice; there is nothing to put off.")
    deferral = NoticeDeferral(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        reason=request.reason,
        deferred_at=now.stated(request.deferred_at, "/deferred_at"),
        deferred_by=db.scope.actor_id,
    )
    db.add(deferral)
    state = facts.NoticeDeferralFacts(
        deferral_id=deferral.id, participant_id=participant_id, deferred_at=deferral.deferred_at
    )
    db.publish(facts.NOTICE_DEFERRED, state, about=deferral.id, seq=1)
    db.audit("notice.defer", participant_id, deferral_id=deferral.id, reason=request.reason)
    return Created(id=deferral.id, version=1)


async def require_notice(db: Db, episode: Episode, reason: CloseReason) -> None:
    """Raise `Refused` where a program would end its service without ever having told of the law that protects it."""
    excused = reason in CLOSED_WITHOUT_NOTICE or episode.single_contact_outreach
    if excused or episode.source_system is not None or not await _is_program(db):
        return
    person_id = episode.participant_id
    if not (await _was_given(db, person_id) or await _was_deferred(db, person_id)):
        detail = "This person was never given the privacy notice. Give it, or record why it had to wait; then close."
        raise Refused("notice-not-given", detail)


async def _is_program(db: Db) -> bool:
    """Tell whether the agency is a Part 2 program, which it is until it was determined otherwise."""
    standing = await db.get(AgencyPrivacy, db.scope.agency_id)
    return standing is None or standing.is_program


async def _was_given(db: Db, participant_id: UUID) -> bool:
    return await _any(db, Notice, participant_id)


async def _was_deferred(db: Db, participant_id: UUID) -> bool:
    return await _any(db, NoticeDeferral, participant_id)


async def _any(db: Db, kind: type[Notice] | type[NoticeDeferral], participant_id: UUID) -> bool:
    """Tell whether there is one of its kind under any record of the same person."""
    survivor = (
        select(func.coalesce(Participant.merged_into, Participant.id))
        .where(Participant.agency_id == db.scope.agency_id, Participant.id == participant_id)
        .scalar_subquery()
    )
    family = select(Participant.id).where(
        Participant.agency_id == db.scope.agency_id,
        or_(Participant.id == survivor, Participant.merged_into == survivor),
    )
    found = exists().where(kind.agency_id == db.scope.agency_id, kind.participant_id.in_(family))
    return bool(await db.scalar(select(found)))
