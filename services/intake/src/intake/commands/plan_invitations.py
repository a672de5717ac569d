"""Warm invitations to mutual-aid meetings: the kind of group and how, never who was there or where it meets."""

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from uuid_utils.compat import uuid7

from common.contracts.codes import MutualAid
from common.database import Db
from common.errors import Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day
from intake.commands.access import reach, reach_participant
from intake.commands.recording import Recording, recording
from intake.models import Meeting, MeetingInvitation, Plan
from intake.rules.planning import InvitedHow


class InvitationTerms(Asked):
    meeting_id: UUID | None = Field(default=None, description="of the directory, if the meeting is listed there")
    kind: MutualAid
    invited_on: Day
    how: InvitedHow
    went: bool | None = Field(default=None, description="null is not known")

    @model_validator(mode="after")
    def _together_is_there(self) -> Self:
        if self.how is InvitedHow.WENT_TOGETHER and self.went is False:
            raise ValueError("who went together was there")
        return self


class InvitationOutcome(Asked):
    went: bool | None


class SessionInvitation(InvitationTerms):
    session_id: UUID = Field(description="in which it was made, as session-logging answered it")


async def invite(db: Db, actor: Actor, plan_id: UUID, request: InvitationTerms) -> Created:
    """Note an invitation on a plan."""
    now = await recording(db)
    plan = await reach(db, actor, Plan, plan_id, now)
    return await _noted(db, now, plan.participant_id, request, plan_id=plan.id)


async def invite_in_session(db: Db, actor: Actor, participant_id: UUID, request: SessionInvitation) -> Created:
    """Note an invitation on a session, which needs no plan."""
    now = await recording(db)
    person = await reach_participant(db, actor, participant_id, now)
    return await _noted(db, now, person.id, request)


async def _noted(
    db: Db, now: Recording, participant_id: UUID, request: InvitationTerms, *, plan_id: UUID | None = None
) -> Created:
    now.require_past(request.invited_on, "/invited_on")
    if request.meeting_id and await db.get(Meeting, (db.scope.agency_id, request.meeting_id)) is None:
        detail = "The directory has no meeting with this id. Leave it out, or search the directory again."
        raise Unprocessable("not-found", detail, "/meeting_id")
    invitation = MeetingInvitation(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        plan_id=plan_id,
        recorded_at=now.now,
        recorded_by=db.scope.actor_id,
        version=1,
        **request.model_dump(),
    )
    if request.how is InvitedHow.WENT_TOGETHER:
        invitation.went = True
    db.add(invitation)
    db.audit("meeting.invite", participant_id, plan_id=plan_id, invitation_id=invitation.id)
    return Created(id=invitation.id, version=1)


async def note_outcome(
    db: Db, actor: Actor, invitation_id: UUID, request: InvitationOutcome, *, expected: int
) -> Created:
    """Say whether the person went, which is theirs to tell or not."""
    invitation = await reach(db, actor, MeetingInvitation, invitation_id, await recording(db), lock=True)
    require_version(invitation.version, expected)
    if invitation.how == InvitedHow.WENT_TOGETHER and request.went is False:
        raise Unprocessable("went-together", "Who went together was there.", "/went")
    invitation.went = request.went
    invitation.version += 1
    db.audit("meeting.invitation-outcome", invitation.participant_id, invitation_id=invitation.id)
    return Created(id=invitation.id, version=invitation.version)
