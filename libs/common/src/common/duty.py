"""When somebody is on call: hours of some days of the week, on the clock on the wall."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of some weekdays (0 is Monday) from one day to another, both included; null `valid_to`: for good.

    An `ends` that is not after `begins` lies on the day that follows, which need not be within the days.
    """

    weekdays: Collection[int]
    begins: time
    ends: time
    valid_from: date
    valid_to: date | None

    def hold(self, local: datetime) -> bool:
        """Tell by the local clock, so that a night on which the clock changes needs no rule of its own."""
        day, clock = local.date(), local.time()
        if self.begins < self.ends:
            return self._includes(day) and self.begins <= clock < self.ends
        return (self._includes(day) and clock >= self.begins) or (
            self._includes(day - timedelta(days=1)) and clock < self.ends
        )

    def _includes(self, day: date) -> bool:
        return day.weekday() in self.weekdays and self.valid_from <= day <= (self.valid_to or date.max)
