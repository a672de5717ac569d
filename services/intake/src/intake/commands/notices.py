"""Giving the privacy notice (42 CFR 2.22)."""

from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.database import Db
from common.http import Created
from common.identity import Actor
from common.text import Asked, Code, Instant
from intake.commands.access import reach_unmerged
from intake.commands.recording import Recording, recording
from intake.models import Notice
from intake.rules.people import NoticeChannel


class GiveNotice(Asked):
    version: Code = Field(description="of the notice's text")
    language: Code
    channel: NoticeChannel
    given_at: Instant | None = Field(default=None, description="now, unless it was on paper before")


def place_notice(db: Db, recording: Recording, participant_id: UUID, terms: GiveNotice) -> Notice:
    notice = Notice(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        notice_version=terms.version,
        language=terms.language,
        channel=terms.channel,
        given_at=recording.stated(terms.given_at, "/given_at"),
        given_by=db.scope.actor_id,
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


async def give_notice(db: Db, actor: Actor, participant_id: UUID, request: GiveNotice) -> Created:
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    notice = place_notice(db, now, participant_id, request)
    db.audit("notice.give", participant_id, notice_id=notice.id)
    return Created(id=notice.id, version=1)
