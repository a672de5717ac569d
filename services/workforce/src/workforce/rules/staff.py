"""How somebody works: their weekly hours, and what goes with a role; pure decisions."""

from collections.abc import Sequence
from datetime import time
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

FTE = "1 is full time"
LANGUAGE = "^[a-z]{2,3}$"


class Shift(BaseModel):
    """Hours of one weekday. `weekday`: 1 is Monday. `begins`, `ends`: local, to the minute; none runs over midnight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weekday: Annotated[int, Field(ge=1, le=7)]
    begins: time
    ends: time

    @model_validator(mode="after")
    def _in_order(self) -> "Shift":
        for moment in (self.begins, self.ends):
            if moment.tzinfo is not None or moment.second or moment.microsecond:
                raise ValueError("must be local times to the minute, such as 09:00")
        if self.ends <= self.begins:
            raise ValueError("must end after they begin; write a night as two parts")
        return self

    def code(self) -> str:
        return f"{self.weekday} {self.begins:%H:%M}-{self.ends:%H:%M}"


def shift_of(code: str) -> Shift:
    """Return the hours that `Shift.code` wrote."""
    weekday, hours = code.split(" ")
    begins, ends = hours.split("-")
    return Shift(weekday=int(weekday), begins=time.fromisoformat(begins), ends=time.fromisoformat(ends))


def in_order(shifts: Sequence[Shift]) -> list[Shift]:
    return sorted(shifts, key=lambda one: (one.weekday, one.begins))


def overlap(shifts: Sequence[Shift]) -> bool:
    """Tell whether two parts of one day have a minute in common."""
    pairs = pairwise(in_order(shifts))
    return any(one.weekday == other.weekday and other.begins < one.ends for one, other in pairs)
