"""What a safe contact and a locator say, and whether a channel may be used at an instant without harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from common.text import Asked, Code, Day, Distinct, Line, Prose, Zone
from intake.rules.people import phone_digits

RECONFIRM_DAYS = 90  # numbers change hands
QUIET_UNTIL, QUIET_FROM = time(8), time(21)
# Of the fifty states: what is allowed in all of them is allowed wherever the person turns out to be.
US_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
)
WallClock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class ChannelKind(StrEnum):
    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    MAIL = "mail"
    IN_PERSON = "in_person"
    THROUGH_PERSON = "through_person"


class Weekday(StrEnum):
    """In the order of `date.weekday()`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEK = tuple(Weekday)


class BounceKind(StrEnum):
    BOUNCED = "bounced"
    WRONG_NUMBER = "wrong_number"
    DISCONNECTED = "disconnected"


class AttemptOutcome(StrEnum):
    REACHED = "reached"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    DISCONNECTED = "disconnected"
    CALL_BACK = "call_back"
    LEFT_MESSAGE_WITH = "left_message_with"
    NOT_THERE = "not_there"
    CRISIS_ESCALATED = "crisis_escalated"


LOCKING = {
    AttemptOutcome.WRONG_NUMBER: BounceKind.WRONG_NUMBER,
    AttemptOutcome.DISCONNECTED: BounceKind.DISCONNECTED,
}


class ContactState(StrEnum):
    """Of a safe contact: `reconfirm` after 90 days, and from a bounce on."""

    CURRENT = "current"
    RECONFIRM = "reconfirm"
    NONE = "none"


class ContactRefusal(StrEnum):
    """Why a channel may not be used, the weightiest first."""

    NEVER_CONTACT = "never_contact"
    LOCKED = "locked"
    NO_TEXTING = "no_texting"
    OUTSIDE_SAFE_HOURS = "outside_safe_hours"
    QUIET_HOURS = "quiet_hours"


class LocatorKind(StrEnum):
    PERSON = "person"
    PLACE = "place"


VALUED = frozenset({ChannelKind.PHONE, ChannelKind.SMS, ChannelKind.EMAIL, ChannelKind.THROUGH_PERSON})
DIALLED = frozenset({ChannelKind.PHONE, ChannelKind.SMS})


class Channel(Asked):
    kind: ChannelKind
    value: Line | None = Field(default=None, description="the number, address, place or name")
    label: Line | None = Field(default=None, description="what the person calls it")

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        value = self.value or ""
        if self.kind in VALUED and not value:
            raise ValueError("give the number, the address or the name")
        if self.kind in DIALLED and not any(character.isdigit() for character in value):
            raise ValueError("a telephone number has digits")
        if self.kind is ChannelKind.EMAIL and "@" not in value:
            raise ValueError("an e-mail address has an @")
        return self


class MayAnswer(Asked):
    name: Line
    relation: Line | None = None
    may_be_told: bool = Field(default=False, description="who calls, and on whose behalf")


class SafeHours(Asked):
    """Hours of some days; a `to` that is not after `from` lies on the day that follows."""

    model_config = ConfigDict(serialize_by_alias=True)

    days: Annotated[list[Weekday], Distinct, Field(min_length=1, max_length=7)]
    from_: WallClock = Field(alias="from", description="included, such as 09:00")
    to: WallClock = Field(description="not included")


class NeverContact(Asked):
    what: Line = Field(description="a number, an address, a name, a label, or a kind of channel")


class SafeContactTerms(Asked):
    """How, when and by whom somebody may be reached, as they say it; no reason is asked (45 CFR 164.522(b))."""

    channels: list[Channel] = Field(default=[], max_length=10, description="in the order to try them")
    may_text: bool = False
    may_leave_voicemail: bool = False
    may_say_who_calls: bool = Field(default=False, description="may the organization be named")
    who_may_answer: list[MayAnswer] = Field(default=[], max_length=20)
    code_name_caller: Line | None = Field(default=None, description="what the caller calls themselves")
    code_name_person: Line | None = Field(default=None, description="whom the caller asks for")
    safe_hours: list[SafeHours] = Field(default=[], max_length=21, description="instead of 8:00 to 21:00 every day")
    zone: Zone | None = Field(default=None, description="where the person lives; not where their number is from")
    language: Code | None = Field(default=None, description="BCP 47, such as es or zh-Hant")
    shared_device: bool | None = None
    mail_to: Line | None = None
    never_contact: list[NeverContact] = Field(default=[], max_length=20)
    note: Prose | None = None


class LocatorEntry(Asked):
    """Somebody or some place that can reach the person when we cannot."""

    kind: LocatorKind
    name: Line
    relation: Line | None = None
    how: Line | None = Field(default=None, description="the number, the address, the hours")
    may_be_said: Line | None = Field(default=None, description="what they may be told; nothing if empty")
    permission_given_on: Day | None = Field(default=None, description="the day on which the person agreed to it")


class LocatorTerms(Asked):
    entries: list[LocatorEntry] = Field(max_length=20, description="in the order to try them")
    note: Prose | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    reason: ContactRefusal | None = None


def may_contact(terms: SafeContactTerms, channel: Channel, at: datetime, *, locked: bool = False) -> Verdict:
    """Tell whether a channel may be used at an instant, and if not, the weightiest reason.

    `locked`: the channel bounced, or belongs to somebody else, and nobody has confirmed it since. Hours are the
    person's own; in an unknown zone they must hold in every zone of the fifty states. A letter has no hours.
    """
    reason = _refusal(terms, channel, at, locked=locked)
    return Verdict(reason is None, reason)


def _refusal(terms: SafeContactTerms, channel: Channel, at: datetime, *, locked: bool) -> ContactRefusal | None:
    if is_ruled_out(terms, channel):
        return ContactRefusal.NEVER_CONTACT
    if locked:
        return ContactRefusal.LOCKED
    if channel.kind is ChannelKind.SMS and not terms.may_text:
        return ContactRefusal.NO_TEXTING
    if channel.kind is ChannelKind.MAIL or _in_hours(terms, at):
        return None
    return ContactRefusal.OUTSIDE_SAFE_HOURS if terms.safe_hours else ContactRefusal.QUIET_HOURS


def is_ruled_out(terms: SafeContactTerms, channel: Channel) -> bool:
    """Tell whether the person said: never by this, by its kind, its value or its label."""
    names = {_plain(said) for said in (channel.kind, channel.value, channel.label) if said}
    if channel.kind is ChannelKind.MAIL and terms.mail_to:
        names.add(_plain(terms.mail_to))
    return any(_plain(never.what) in names for never in terms.never_contact)


def _plain(said: str) -> str:
    """Return words folded and spaced alike, and telephone numbers as their digits."""
    digits = phone_digits(said)
    if digits.isdigit() and len(digits) >= 7 and not any(character.isalpha() for character in said):
        return digits
    return " ".join(said.casefold().replace("_", " ").split())


def _in_hours(terms: SafeContactTerms, at: datetime) -> bool:
    zones = (terms.zone,) if terms.zone else US_ZONES
    return all(_clock_allows(terms.safe_hours, at.astimezone(ZoneInfo(zone))) for zone in zones)


def _clock_allows(hours: Sequence[SafeHours], local: datetime) -> bool:
    """Tell by the clock on the wall, so that a day on which the clock changes needs no rule of its own."""
    if not hours:
        return QUIET_UNTIL <= local.time() < QUIET_FROM
    return any(_holds(one, local) for one in hours)


def _holds(hours: SafeHours, local: datetime) -> bool:
    begins, ends = time.fromisoformat(hours.from_), time.fromisoformat(hours.to)
    clock, today, before = local.time(), WEEK[local.weekday()], WEEK[local.weekday() - 1]
    if begins < ends:
        return today in hours.days and begins <= clock < ends
    return (today in hours.days and clock >= begins) or (before in hours.days and clock < ends)


def dialled(value: str) -> str | None:
    """Return a telephone number in E.164, of the United States unless it begins with a plus; null if it is none."""
    digits = "".join(character for character in value if character.isdigit())
    if not value.strip().startswith("+"):
        digits = f"1{digits}" if len(digits) == 10 else digits
        return f"+{digits}" if len(digits) == 11 and digits[0] == "1" else None
    return f"+{digits}" if 7 <= len(digits) <= 15 and digits[0] != "0" else None


def channel_key(channel: Channel) -> tuple[str, str]:
    """Return what a channel is recognized by, kind and value: a text and a call to one number are one."""
    if channel.kind in DIALLED:
        return "phone", phone_digits(channel.value or "")
    if channel.kind is ChannelKind.EMAIL:
        return "email", channel.value or ""
    return f"channel-{channel.kind}", channel.value or channel.label or ""


def reconfirm_due(confirmed_on: date, locked_on: Sequence[date]) -> date:
    """Return the day from which a safe contact must be confirmed again: 90 days on, or the day of a bounce."""
    return min([confirmed_on + timedelta(days=RECONFIRM_DAYS), *locked_on])


def contact_state(due_on: date | None, today: date) -> ContactState:
    """Return how a safe contact stands on a day; no due day means that there is none."""
    if due_on is None:
        return ContactState.NONE
    return ContactState.RECONFIRM if due_on <= today else ContactState.CURRENT
