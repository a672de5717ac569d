"""Saying who is on call, week by week."""

from datetime import date, time, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import notification as facts
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Created, require_version
from common.text import Asked, Day, Distinct
from notification.models import Duty, Staff
from notification.queries.messages import today

Weekday = Annotated[int, Field(ge=0, le=6)]


class SetDuty(Asked):
    """Hours of some weekdays on the agency's clock; for one day, the same `valid_from` and `valid_to`."""

    staff_id: UUID
    rung: int = Field(default=1, ge=1, le=9, description="1 is paged first, the next five minutes later")
    weekdays: Annotated[list[Weekday], Distinct, Field(min_length=1, max_length=7, description="0 is Monday")]
    begins: time = Field(description="included, without a zone")
    ends: time = Field(description="not included; not after `begins`: on the day that follows")
    valid_from: Day
    valid_to: Day | None = Field(default=None, description="included")

    @model_validator(mode="after")
    def _hours(self) -> Self:
        if self.begins.tzinfo or self.ends.tzinfo:
            raise ValueError("give hours of the agency's clock, without a zone")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self


class EndDuty(Asked):
    last_day: Day | None = Field(default=None, description="the last day on call; empty: it was never right")


async def set_duty(db: Db, request: SetDuty) -> Created:
    """Put somebody on call. Raises `Unprocessable` for whom nobody has heard of, or who has left."""
    staff = await db.get(Staff, (db.scope.agency_id, request.staff_id))
    if staff is None or (staff.employed_to or date.max) < max(request.valid_from, await today(db)):
        raise Unprocessable("no-such-staff", "Nobody works here then under this id. Choose somebody else.", "/staff_id")
    duty = Duty(
        agency_id=db.scope.agency_id, id=uuid7(), recorded_by=db.scope.actor_id, version=1, **request.model_dump()
    )
    db.add(duty)
    _tell(db, duty)
    db.audit("duty.set", duty.id, staff_id=duty.staff_id)
    return Created(id=duty.id, version=1)


async def end_duty(db: Db, duty_id: UUID, request: EndDuty, *, expected: int) -> Created:
    """Take somebody off call from a day on, or withdraw what was never right."""
    question = select(Duty).where(Duty.agency_id == db.scope.agency_id, Duty.id == duty_id).with_for_update()
    duty = await db.scalar(question)
    if duty is None or duty.withdrawn_at is not None:
        raise NotThere
    require_version(duty.version, expected)
    if request.last_day is None or request.last_day < duty.valid_from:
        duty.withdrawn_at = db.now
    elif request.last_day < await today(db) - timedelta(days=1):
        raise Unprocessable("day-is-past", "Who was on call is history. Give yesterday, today or later.", "/last_day")
    else:
        duty.valid_to = request.last_day
    duty.version += 1
    _tell(db, duty)
    db.audit("duty.end", duty.id, staff_id=duty.staff_id)
    return Created(id=duty.id, version=duty.version)


def _tell(db: Db, duty: Duty) -> None:
    told = facts.DutyFacts(
        duty_id=duty.id,
        staff_id=duty.staff_id,
        rung=duty.rung,
        weekdays=duty.weekdays,
        begins=duty.begins,
        ends=duty.ends,
        valid_from=duty.valid_from,
        valid_to=duty.valid_to,
        withdrawn=duty.withdrawn_at is not None,
    )
    db.publish(facts.DUTY_SET, told, about=duty.id, seq=duty.version)
