"""Warm invitations to mutual-aid meetings: the kind of group and how, never who was there or where it meets."""

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from uuid_utils.compat import uuid7

from common.contracts.codes import MutualAid
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day
from intake.commands.access import reach
from intake.commands.recording import recording
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


async def invite(db: Db, actor: Actor, plan_id: UUID, request: InvitationTerms) -> Created:
    now = await recording(db)
    plan = await reach(db, actor, Plan, plan_id, now)
    now.require_past(request.invited_on, "/invited_on")
    if request.meeting_id and await db.get(Meeting, (plan.agency_id, request.meeting_id)) is None:
        detail = "The directory has no meeting with this id. Leave it out, or search the directory again."
        raise Unprocessable("not-found", detail, "/meeting_id")
    invitation = MeetingInvitation(
        agency_id=plan.agency_id,
        id=uuid7(),
        participant_id=plan.participant_id,
        plan_id=plan.id,
        recorded_at=now.now,
        recorded_by=db.scope.actor_id,
        version=1,
        **request.model_dump(),
    )
    if request.how is InvitedHow.WENT_TOGETHER:
        invitation.went = True
    db.add(invitation)
    db.audit("plan.invite", plan.participant_id, plan_id=plan.id, invitation_id=invitation.id)
    return Created(id=invitation.id, version=1)


async def note_outcome(
    db: Db, actor: Actor, plan_id: UUID, invitation_id: UUID, request: InvitationOutcome, *, expected: int
) -> Created:
    """Say whether the person went, which is theirs to tell or not."""
    invitation = await reach(db, actor, MeetingInvitation, invitation_id, await recording(db), lock=True)
    if invitation.plan_id != plan_id:
        raise NotThere
    require_version(invitation.version, expected)
    if invitation.how == InvitedHow.WENT_TOGETHER and request.went is False:
        raise Unprocessable("went-together", "Who went together was there.", "/went")
    invitation.went = request.went
    invitation.version += 1
    db.audit("plan.invitation-outcome", invitation.participant_id, plan_id=plan_id, invitation_id=invitation.id)
    return Created(id=invitation.id, version=invitation.version)
