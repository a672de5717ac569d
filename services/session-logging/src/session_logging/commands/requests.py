"""What may be asked of session-logging: the bodies of its requests, bounded on every side."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from common.contracts.codes import Activity, CollateralRole, DeliveryMethod, Location, Modality, MutualAid, Outcome
from common.contracts.session_codes import AttemptOutcome, LateReason, Mechanism, NavigationElement
from common.text import Asked, Code, Day, Distinct, Instant, Line, Prose
from session_logging.rules.forms import Handoff, require_peer_work
from session_logging.rules.mutual_aid import require_a_kind
from session_logging.rules.notes import Note

GROUP_MOST = 100
DAY_AND_MORE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _date_and_time(value: object) -> object:
    """Refuse numbers and bare dates, which would silently become some instant."""
    if isinstance(value, datetime) or (isinstance(value, str) and DAY_AND_MORE.match(value)):
        return value
    raise ValueError("must be a date and time, such as 2026-03-07T14:30 or 2026-03-07T20:30:00Z")


def _plausible(moment: datetime) -> datetime:
    if not 1900 < moment.year < 9990:  # a day's distance from what a zone's offset could overflow
        raise ValueError("must be a plausible date and time")
    return moment


Moment = Annotated[datetime, BeforeValidator(_date_and_time), AfterValidator(_plausible)]
ServiceCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{4}$")]
GoalIds = Annotated[list[UUID], Field(max_length=50), Distinct]
LATE = "why it is signed after the program's deadline, if it is; asked for, never a condition"
WHEN = "an instant, or a wall-clock time in the agency's zone if it has no offset"


Activities = Annotated[list[Activity], Distinct, Field(min_length=1, max_length=len(Activity))]
CompetencyCode = Annotated[str, StringConstraints(pattern=r"^CC-([1-9]|1[0-2])(\.[1-9][0-9]?)?$")]
Id = Annotated[UUID | None, Field(description="made by the client, which may refer to it before the answer")]


class Service(Asked):
    """How and when people met; a group's is the same for everybody in it."""

    modality: Modality
    delivery_method: DeliveryMethod
    location: Location | None = None
    service_code: ServiceCode | None = Field(default=None, description="HCPCS code, such as H0038")
    activities: Annotated[Activities, BeforeValidator(require_peer_work)] = Field(
        description="none of them is clinical"
    )
    started_at: Moment = Field(description=WHEN)
    ended_at: Moment = Field(description=WHEN)


class Told(Asked):
    """What one person's session was about, and how it ended."""

    goal_ids: GoalIds = []
    outcome: Outcome
    note: Note | None = None
    competencies: Annotated[list[CompetencyCode], Field(max_length=30), Distinct] = Field(
        default=[], description="SAMHSA's core competencies that were shown, such as CC-1.2"
    )
    mechanisms: Annotated[list[Mechanism], Distinct] = Field(default=[], description="why it may have helped")
    navigation: Annotated[list[NavigationElement], Distinct] = Field(
        default=[], description="service elements of Medicare's illness navigation by peers, if it was that"
    )


class Individual(Asked):
    """What only a session of one person can have: how a call went, and who took over."""

    attempt_outcome: AttemptOutcome | None = None
    handoff: Handoff | None = None


class Attended(Told):
    participant_id: UUID
    episode_id: UUID


class RecordSession(Service, Attended, Individual):
    """A session of one person, done by the caller; always individual, for groups are recorded as such."""

    id: Id = None
    sign: bool = False
    late_reason: LateReason | None = Field(default=None, description=LATE)


class ChangeSession(Service, Told, Individual):
    """The whole new content of a draft."""


class Sign(Asked):
    late_reason: LateReason | None = Field(default=None, description=LATE)


class Amend(Asked):
    reason: Line
    words: Prose


class Attendee(Attended):
    """One person in a group, with a note of their own."""


class HoldGroup(Service):
    id: Id = None
    modality: Modality = Modality.GROUP_FACILITATION
    program_id: UUID
    co_facilitator_id: UUID | None = None
    attendees: list[Attendee] = Field(min_length=1, max_length=GROUP_MOST)
    sign: bool = False
    late_reason: LateReason | None = Field(default=None, description=LATE)


class AttendMutualAid(Asked):
    participant_id: UUID
    mutual_aid: Annotated[MutualAid, BeforeValidator(require_a_kind)]
    attended_on: Day


class RecordContact(Asked):
    """A contact with somebody outside, on a consent of the person that it was about."""

    id: UUID | None = Field(default=None, description="given by who must know it before the answer")
    participant_id: UUID
    consent_id: UUID
    recipient_place: int = Field(ge=0, le=49, description="the recipient's place in the consent's list, from 0")
    role: CollateralRole
    contacted_at: Moment = Field(description=WHEN)
    method: DeliveryMethod
    minutes: int = Field(ge=1, le=1440)
    note: Prose


class FromElsewhere(Asked):
    """A row of another system, with its original times."""

    external_id: Code = Field(description="the row's id in the source system; the same id is imported once")


class ImportedSession(Service, Attended, Individual, FromElsewhere):
    staff_id: UUID
    recorded_at: Instant
    signed_at: Instant | None = None


class ImportedGroup(Service, FromElsewhere):
    modality: Modality = Modality.GROUP_FACILITATION
    program_id: UUID
    staff_id: UUID
    co_facilitator_id: UUID | None = None
    recorded_at: Instant
    signed_at: Instant | None = None
    attendees: list[Attendee] = Field(min_length=1, max_length=GROUP_MOST)


class ImportedAttendance(AttendMutualAid, FromElsewhere):
    pass


class ImportHistory(Asked):
    """What happened before the agency moved in; all of it is taken, or nothing."""

    source_system: Code
    sessions: list[ImportedSession] = Field(default=[], max_length=500)
    groups: list[ImportedGroup] = Field(default=[], max_length=100)
    mutual_aid: list[ImportedAttendance] = Field(default=[], max_length=1000)
