"""May this be sent, to this number, for this purpose, now? One decision that names the rule it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from notification.rules.messages import Channel, Purpose

# A house rule for all messages: the hours of 47 CFR 64.1200(c)(1), which is about solicitations.
OPENS, CLOSES = time(8), time(21)
# The fifty states and the territories: what is allowed in all of them is allowed wherever somebody turns out to be.
# From the hour at which Guam opens (22:00 UTC) to that at which Puerto Rico closes (1:00 UTC) three hours a day are
# left, all year. Somebody's own hours may leave none: then what waits leaves once their zone is known.
US_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/St_Thomas",
    "Pacific/Pago_Pago",
    "Pacific/Guam",
    "Pacific/Saipan",
)
A_WEEK = 3
WEEK = timedelta(days=7)
STEP = timedelta(minutes=15)  # clocks of every zone stand at the same quarter of an hour
LONGEST = timedelta(days=15)  # hours that open at all do within a week, or two if a clock skips them in spring
FREE_OF_HOURS = frozenset({Purpose.SAFETY, Purpose.ANSWER})


class Rule(StrEnum):
    """What decided, the weightiest first."""

    SUPPRESSED = "suppressed"  # they asked to be left alone
    NEVER_CONTACT = "never-contact"  # the person said: never by this
    LOCKED = "locked"  # it bounced, or belongs to somebody else
    HELD = "held-for-a-human"  # they wrote something that nobody has understood yet
    NO_CONSENT = "no-consent"
    NO_TEXTING = "no-texting"
    CAP_A_DAY = "cap-a-day"
    CAP_A_WEEK = "cap-a-week"
    SAFE_HOURS = "safe-hours"  # the person's own
    QUIET_HOURS = "quiet-hours"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class SafeHours:
    """Hours of some weekdays (0 is Monday) that are safe; an `ends` not after `begins` is on the next day."""

    weekdays: frozenset[int]
    begins: time
    ends: time

    def hold(self, local: datetime) -> bool:
        today, clock = local.weekday(), local.time()
        if self.begins < self.ends:
            return today in self.weekdays and self.begins <= clock < self.ends
        before = (today - 1) % 7
        return (today in self.weekdays and clock >= self.begins) or (before in self.weekdays and clock < self.ends)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one number or address at the moment of sending.

    `sent`: when anything but safety left for this person, in the last eight days. `zone`: where they live; null: not
    known, then every zone of the country must allow it. No `safe_hours`: 8:00 to 21:00 every day.
    """

    channel: Channel
    purpose: Purpose
    now: datetime
    consented: bool = False
    suppressed: bool = False
    never_contact: bool = False
    locked: bool = False
    held: bool = False
    may_text: bool = True
    zone: str | None = None
    safe_hours: Sequence[SafeHours] = ()
    sent: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`not_before`: when it is asked again; null with a refusal: when something changes."""

    allowed: bool
    rule: Rule
    not_before: datetime | None = None


def may_send(facts: Facts) -> Verdict:
    """Decide, the weightiest rule first; what is refused waits, it is never dropped."""
    if (rule := _standing_in_the_way(facts)) is not None:
        return Verdict(False, rule)
    if facts.purpose in FREE_OF_HOURS:
        return Verdict(True, Rule.ALLOWED)
    if (capped := _capped(facts)) is not None:
        return capped
    opens = next_open(facts.safe_hours, facts.zone, facts.now)
    if opens == facts.now:
        return Verdict(True, Rule.ALLOWED)
    return Verdict(False, Rule.SAFE_HOURS if facts.safe_hours else Rule.QUIET_HOURS, opens)


def _standing_in_the_way(facts: Facts) -> Rule | None:
    """Return what time alone does not cure. An answer to who wrote to us needs no consent, and comes once."""
    if facts.purpose is Purpose.ANSWER:
        return None
    reasons = (
        (facts.suppressed, Rule.SUPPRESSED),
        (facts.never_contact, Rule.NEVER_CONTACT),
        (facts.locked, Rule.LOCKED),
        (facts.held, Rule.HELD),
        (not facts.consented, Rule.NO_CONSENT),
        (facts.channel is Channel.SMS and not facts.may_text, Rule.NO_TEXTING),
    )
    return next((rule for stands, rule in reasons if stands), None)


def _capped(facts: Facts) -> Verdict | None:
    """Refuse a second message of a day and a fourth in seven days; days are the person's own.

    With an unknown zone a day is over when it is over everywhere.
    """
    if not facts.sent:
        return None
    ends = max(_next_day(max(facts.sent), ZoneInfo(zone)) for zone in _zones(facts.zone))
    if ends > facts.now:
        return Verdict(False, Rule.CAP_A_DAY, ends)
    lately = sorted(one for one in facts.sent if one > facts.now - WEEK)
    if len(lately) >= A_WEEK:
        return Verdict(False, Rule.CAP_A_WEEK, lately[-A_WEEK] + WEEK)
    return None


def _next_day(at: datetime, clock: ZoneInfo) -> datetime:
    """Return when the day after that of an instant begins on a clock."""
    day = at.astimezone(clock).date() + timedelta(days=1)
    return datetime.combine(day, time(), clock).astimezone(UTC)


def _zones(zone: str | None) -> Sequence[str]:
    return (zone,) if zone else US_ZONES


def is_open(hours: Sequence[SafeHours], zone: str | None, at: datetime) -> bool:
    """Tell by the clock on the wall, of one zone or of all, so that a night on which it changes needs no rule."""
    return all(_allows(hours, at.astimezone(ZoneInfo(one))) for one in _zones(zone))


def _allows(hours: Sequence[SafeHours], local: datetime) -> bool:
    if not hours:
        return OPENS <= local.time() < CLOSES
    return any(one.hold(local) for one in hours)


def next_open(hours: Sequence[SafeHours], zone: str | None, at: datetime) -> datetime | None:
    """Return the first instant from `at` at which it is open; `at` itself if it is; null if it never is.

    With an unknown zone and narrow hours there may be no instant that suits the whole country.
    """
    if is_open(hours, zone, at):
        return at
    turns = {time()} | {clock for one in hours for clock in (one.begins, one.ends)}
    after = sorted({timedelta(minutes=one.minute % 15, seconds=one.second) for one in turns})
    first = at.astimezone(UTC)  # a step on a local clock would be an hour off where the clock changes
    first = first.replace(minute=first.minute - first.minute % 15, second=0, microsecond=0)
    looks = (first + quarter * STEP + one for quarter in range(LONGEST // STEP) for one in after)
    return next((one for one in looks if one > at and is_open(hours, zone, one)), None)
