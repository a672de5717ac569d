"""What follows from a session's times, note and signature, and when somebody outside may be spoken with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.codes import (
    DELIVERED,
    ConsentStatus,
    CredentialStatus,
    CredentialType,
    Format,
    Modality,
    NoteElement,
    Outcome,
    Specialty,
    UnitMethod,
)
from common.errors import Refused, Unprocessable
from common.text import Line, Prose, local_day, local_instant

MINUTES_PER_UNIT = 15
LONGEST = timedelta(hours=24)
# A suspended or revoked credential is not held; whether a provisional one suffices is for the report to judge.
HELD = frozenset({CredentialStatus.ACTIVE, CredentialStatus.PROVISIONAL})
BASE_METHODS = {
    UnitMethod.DAILY_SUM_MIDPOINT_8: UnitMethod.MIDPOINT_8,
    UnitMethod.DAILY_SUM_FLOOR_15: UnitMethod.FLOOR_15,
    UnitMethod.DAILY_SUM_EXACT: UnitMethod.EXACT,
}


class Note(BaseModel):
    """A progress note in ordinary words; sealed under the participant's key wherever it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: Prose = Field(description="what was done together")
    progress: Prose | None = Field(default=None, description="progress towards the goals, or the lack of it")
    response: Prose | None = Field(default=None, description="how the person responded, in their own terms")
    events: Prose | None = Field(default=None, description="pertinent events")
    next_step: Prose | None = None
    methods: list[Line] = Field(default=[], max_length=20, description="training methods, if any were used")
    curriculum: Line | None = Field(default=None, description="title of the curriculum, if one was used")


@dataclass(frozen=True, slots=True)
class Period:
    """When a session took place, as instants in UTC; `service_date` is the local day of its start."""

    started_at: datetime
    ended_at: datetime
    service_date: date
    minutes: int


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential as workforce told of it; both days are inclusive. `statuses`: all, by day; none in early facts."""

    credential_type: CredentialType
    specialty: Specialty
    valid_from: date
    valid_to: date
    status: CredentialStatus
    statuses: tuple[tuple[date, CredentialStatus], ...] = ()

    def status_on(self, day: date) -> CredentialStatus | None:
        """Return the status on `day`; None before the first. Without a history the newest stands for every day."""
        if not self.statuses:
            return self.status
        held = [status for since, status in self.statuses if since <= day]
        return held[-1] if held else None


@dataclass(frozen=True, slots=True)
class HeardConsent:
    """A consent as intake told of it; both days are inclusive, in the agency's zone.

    `recipients`: how many it names; null if nobody told.
    """

    status: ConsentStatus
    signed_at: datetime
    starts_on: date | None = None
    expires_on: date | None = None
    revoked_recipients: frozenset[int] = frozenset()
    ended: bool = False
    revoked_at: datetime | None = None
    recipients: int | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Which credentials a program accepts; no types means every type, no specialty means every specialty."""

    accepted: frozenset[str] = frozenset()
    specialty: str | None = None


@dataclass(frozen=True, slots=True)
class Documented:
    """What a session's record holds of the elements that may be missing.

    Person, date, begin and end, format and delivery method are there by construction: no session exists without.
    """

    service_code: str | None
    location: str | None
    format: Format
    goal_ids: list[UUID]
    note: Note | None
    signed_at: datetime | None = None
    credential: str | None = None
    group_size: int | None = None


def period(started: datetime, ended: datetime, zone: str, *, now: datetime, at: str = "") -> Period:
    """Return when a session took place; times without an offset are wall-clock times in `zone`.

    A session over midnight belongs to the local day of its start; splitting it by date is left to billing.
    `at`: JSON pointer of the object that holds both times. Raises `Unprocessable` for times that cannot be.
    """
    start = instant(started, zone, f"{at}/started_at")
    end = _end(ended, start, zone, f"{at}/ended_at")
    if end <= start:
        raise Unprocessable("ends-before-it-starts", "The end must be after the start.", f"{at}/ended_at")
    if end - start > LONGEST:
        raise Unprocessable("longer-than-a-day", "A session lasts at most 24 hours.", f"{at}/ended_at")
    if end > now:
        raise Unprocessable("in-the-future", "A session is recorded after it has ended.", f"{at}/ended_at")
    return Period(start, end, local_day(start, zone), int((end - start).total_seconds()) // 60)


def instant(moment: datetime, zone: str, pointer: str) -> datetime:
    """Return an instant in UTC; a time without an offset is wall-clock time in `zone`. Raises `Unprocessable`."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    try:
        return local_instant(moment, zone).astimezone(UTC)
    except ValueError as error:
        raise Unprocessable("time-does-not-exist", f"Correct the time: {error}.", pointer) from error


def _end(ended: datetime, start: datetime, zone: str, pointer: str) -> datetime:
    """Return the end; a wall-clock time that comes twice in autumn is its second pass if the first is too early."""
    end = instant(ended, zone, pointer)
    if end <= start and ended.tzinfo is None:
        return instant(ended.replace(fold=1), zone, pointer)
    return end


def is_daily_sum(method: UnitMethod) -> bool:
    """Tell whether units follow from the day's minutes instead of the session's own."""
    return method in BASE_METHODS


def units(minutes: int, method: UnitMethod) -> Decimal:
    """Return units of 15 minutes by a payer's method; for the daily-sum methods `minutes` are the whole day's.

    `minutes`: 0 or more. Source: samhsa.md 5.3; there is no national rule, the payer's contract selects.
    """
    base = BASE_METHODS.get(method, method)
    if base is UnitMethod.EXACT:
        return (Decimal(minutes) / MINUTES_PER_UNIT).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if base is UnitMethod.FLOOR_15:
        return Decimal(minutes // MINUTES_PER_UNIT)
    return Decimal((minutes + 7) // MINUTES_PER_UNIT)  # 8 to 22 minutes are one unit


def daily_sum_units(minutes: int, method: UnitMethod, *, day_minutes: int, day_units: Decimal) -> Decimal:
    """Return the units that a session adds to its day, so that the day's units are those of the day's minutes.

    `day_minutes`, `day_units`: the other delivered sessions of the same client, code, modifiers and worker that day.
    Never below 0: shortening a session takes no units from its neighbours, which may be signed.
    """
    return max(Decimal(0), units(day_minutes + minutes, method) - day_units)


def is_delivered(outcome: Outcome) -> bool:
    """Tell whether a session counts as service; no-shows and the like have no units."""
    return outcome in DELIVERED


def missing_elements(record: Documented) -> list[NoteElement]:
    """Return the required elements that a record lacks, in the order of 26 TAC §301.361 (samhsa.md 5.6).

    Training methods and curriculum (9, 10) are required only if used, so they are never missing.
    """
    note = record.note
    there = {
        NoteElement.SERVICE_CODE: record.service_code is not None,
        NoteElement.LOCATION: record.location is not None,
        NoteElement.SUMMARY: note is not None,
        NoteElement.GOALS: bool(record.goal_ids),
        NoteElement.PROGRESS: note is not None and note.progress is not None,
        NoteElement.RESPONSE: note is not None and note.response is not None,
        NoteElement.SIGNATURE: record.signed_at is not None,
        NoteElement.CREDENTIAL: record.credential is not None,
        NoteElement.EVENTS: note is not None and note.events is not None,
        NoteElement.GROUP_SIZE: record.format is Format.INDIVIDUAL or record.group_size is not None,
    }
    return [element for element, present in there.items() if not present]


def credential_on(day: date, held: Iterable[HeldCredential], program: Acceptance) -> CredentialType | None:
    """Return the type of the credential that a worker held on `day`: the one that serves the program best, if any.

    One that the program accepts goes first, then an active one before a provisional one, then the longest valid.
    """
    valid = [one for one in held if one.status_on(day) in HELD and one.valid_from <= day <= one.valid_to]
    if not valid:
        return None
    best = max(
        valid,
        key=lambda one: (
            _serves(one, program),
            one.status_on(day) is CredentialStatus.ACTIVE,
            one.valid_to,
            one.credential_type,
        ),
    )
    return best.credential_type


def _serves(one: HeldCredential, program: Acceptance) -> bool:
    type_fits = not program.accepted or one.credential_type in program.accepted
    return type_fits and program.specialty in (None, one.specialty)


def needs_notice(modality: Modality, outcome: Outcome) -> bool:
    """Tell whether a session is a service that the privacy notice comes before (42 CFR 2.22).

    In a crisis the notice waits; what was not delivered was no service.
    """
    return is_delivered(outcome) and outcome is not Outcome.CRISIS and modality is not Modality.CRISIS_SUPPORT


def require_cover(consent: HeardConsent, place: int, contacted_at: datetime, day: date) -> None:
    """Raise `Refused`, with the ground as its code, unless a consent covers speaking with one of those it names.

    `place`: the recipient's in its list. `day`: of the contact, in the agency's zone. What was relied on before a
    written revocation stays lawful (42 CFR 2.31(a)(6)), so such a contact may still be recorded afterwards. Of a
    suspension, a replacement, a mistake and a recipient taken off we know no instant, so these refuse whatever the day.
    """
    code = _stopped(consent, contacted_at) or _out_of_time(consent, contacted_at, day)
    if code is None and consent.recipients is not None and place >= consent.recipients:
        code = "no-such-recipient"
    if code is None and place in consent.revoked_recipients:
        code = "recipient-revoked"
    if code is not None:
        raise Refused(code, UNCOVERED[code])


def _stopped(consent: HeardConsent, contacted_at: datetime) -> str | None:
    if consent.status is ConsentStatus.REVOKED:
        before = consent.revoked_at is not None and contacted_at < consent.revoked_at
        return None if before else "consent-revoked"
    return None if consent.status is ConsentStatus.ACTIVE else f"consent-{consent.status}"


def _out_of_time(consent: HeardConsent, contacted_at: datetime, day: date) -> str | None:
    if contacted_at < consent.signed_at or (consent.starts_on is not None and day < consent.starts_on):
        return "consent-not-begun"
    if consent.expires_on is not None and day > consent.expires_on:
        return "consent-expired"
    return "consent-ended" if consent.ended else None


UNCOVERED = {
    "consent-revoked": "This consent was revoked before the contact. Tell the privacy officer if it took place.",
    "consent-suspended": "This consent is suspended. Ask the privacy officer whether it may be used again.",
    "consent-superseded": "This consent was replaced by another. Name the one that is in force now.",
    "consent-void": "This consent was found not to be valid. Tell the privacy officer if the contact took place.",
    "consent-not-begun": "This consent had not begun then. Check the time, or name another consent.",
    "consent-expired": "This consent had run out on that day. Ask the person whether they want to sign a new one.",
    "consent-ended": "What this consent was to end with has happened. Ask the person whether to sign a new one.",
    "no-such-recipient": "This consent names no recipient at this place. Count from 0, or ask for one that names them.",
    "recipient-revoked": "The person has taken this recipient off the consent. Do not speak with them about it.",
}
