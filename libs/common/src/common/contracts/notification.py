"""What notification tells: messages that left or could not, who asked for silence, who is on call and was paged."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.contracts.envelope import ConsentAppliedFacts, Fact, Facts

SERVICE = "notification"
Weekday = Annotated[int, Field(ge=0, le=6, description="0 is Monday")]


class StoppedChannel(StrEnum):
    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"


class MessageFacts(Facts):
    message_id: UUID
    template: str
    channel: str
    recipient_id: UUID
    attempts: int


class StopFacts(Facts):
    """Somebody wants no more messages on one kind of channel, or wants them again once `resumed_at` is set."""

    stop_id: UUID
    participant_id: UUID | None = Field(default=None, description="none: nobody here is known by that number")
    channel: StoppedChannel
    stopped_at: AwareDatetime
    resumed_at: AwareDatetime | None = None


class DutyFacts(Facts):
    """When somebody is on call, week by week on the agency's clock; an `ends` not after `begins` is on the next day."""

    duty_id: UUID
    staff_id: UUID
    rung: int = Field(ge=1, le=9, description="1 is paged first")
    weekdays: list[Weekday]
    begins: time
    ends: time
    valid_from: date
    valid_to: date | None = None
    withdrawn: bool = False


class PageFacts(Facts):
    """That a safety concern was taken to a rung of the ladder; `handed_over_at`: a provider took the first page."""

    concern_id: UUID
    rung: int
    paged_at: AwareDatetime
    staff_ids: list[UUID]
    nobody_on_call: bool = False
    handed_over_at: AwareDatetime | None = None


MESSAGE_SENT = Fact(SERVICE, "message-sent", MessageFacts)
MESSAGE_FAILED = Fact(SERVICE, "message-failed", MessageFacts)
CONSENT_APPLIED = Fact(SERVICE, "consent-applied", ConsentAppliedFacts)
MESSAGES_STOPPED = Fact(SERVICE, "messages-stopped", StopFacts)
MESSAGES_RESUMED = Fact(SERVICE, "messages-resumed", StopFacts)
DUTY_SET = Fact(SERVICE, "duty-set", DutyFacts)
CONCERN_PAGED = Fact(SERVICE, "concern-paged", PageFacts)
