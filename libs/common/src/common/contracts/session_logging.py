"""What session-logging tells: sessions, groups, lighter contacts, appointments and work time, without their words."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from common.contracts.codes import (
    Activity,
    CollateralRole,
    CredentialType,
    DeliveryMethod,
    Format,
    Location,
    Modality,
    MutualAid,
    NoteElement,
    Outcome,
    SessionStatus,
    UnitMethod,
)
from common.contracts.envelope import ConsentAppliedFacts, Fact, Facts, IdentityReleaseFacts
from common.contracts.session_codes import (
    AppointmentStatus,
    AttemptOutcome,
    HandoffReceiver,
    HandoffWay,
    LateReason,
    Mechanism,
    NavigationElement,
    NoteAnswer,
    ReminderIntent,
    Review,
    SessionFlag,
    TaskKind,
    WorkKind,
)

SERVICE = "session-logging"


class SessionFacts(Facts):
    """One person's session; a group gives every attendee one, joined by `group_id`.

    `status` signed: by the worker; with `review` awaited a supervisor has yet to co-sign, and may return it.
    `competencies`: codes of SAMHSA's core competencies that were shown, such as CC-1.2.
    """

    session_id: UUID
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    group_id: UUID | None = None
    modality: Modality
    format: Format
    delivery_method: DeliveryMethod
    location: Location | None = None
    service_code: str | None = Field(default=None, description="HCPCS code, such as H0038")
    modifiers: list[str] = []
    activities: list[Activity]
    goal_ids: list[UUID] = []
    started_at: AwareDatetime
    ended_at: AwareDatetime
    zone: str
    service_date: date = Field(description="calendar day of the start in `zone`")
    minutes: int = Field(ge=0)
    units: Decimal = Field(ge=0, description="of 15 minutes, by `unit_method`")
    unit_method: UnitMethod
    outcome: Outcome
    status: SessionStatus
    missing_elements: list[NoteElement] = Field(default=[], description="required note elements that are not there")
    signed_at: AwareDatetime | None = None
    credential_at_signing: CredentialType | None = None
    recorded_at: AwareDatetime
    imported: bool = False
    competencies: list[str] = []
    mechanisms: list[Mechanism] = []
    navigation: list[NavigationElement] = []
    attempt_outcome: AttemptOutcome | None = None
    handoff_way: HandoffWay | None = None
    handoff_receiver: HandoffReceiver | None = None
    handoff_accepted_at: AwareDatetime | None = None
    flags: list[SessionFlag] = []
    late_reason: LateReason | None = None
    review: Review | None = None
    cosigned_by: UUID | None = None
    cosigned_at: AwareDatetime | None = None


class GroupFacts(Facts):
    group_id: UUID
    program_id: UUID
    staff_id: UUID
    co_facilitator_id: UUID | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime
    size: int = Field(ge=1, description="people present, the facilitators not counted")
    imported: bool = False


class MutualAidFacts(Facts):
    """A count of one: this person went to a meeting of this kind on this day."""

    attendance_id: UUID
    participant_id: UUID
    mutual_aid: MutualAid
    attended_on: date
    imported: bool = False
    withdrawn: bool = False


class CollateralFacts(Facts):
    """Somebody outside was spoken with about a person, on a consent that names them."""

    contact_id: UUID
    participant_id: UUID
    consent_id: UUID
    recipient_place: int = Field(ge=0, description="the recipient's place in the consent's list, from 0")
    role: CollateralRole
    staff_id: UUID
    contacted_at: AwareDatetime


class NoteAnswerFacts(Facts):
    """Somebody said something about a note: a comment, thanks or approval. `staff_id` wrote the note."""

    answer_id: UUID
    session_id: UUID
    staff_id: UUID
    author_id: UUID
    kind: NoteAnswer
    answered_at: AwareDatetime


class ClaimedPersonFacts(BaseModel):
    """Somebody on a sheet of claims. `consent_id`: on which the payer was told; null where no Part 2 program tells."""

    participant_id: UUID
    consent_id: UUID | None = None


class ClaimReleaseFacts(Facts):
    """A run of claims was taken out for its payer: who was served, when, and for what. `party_id`: the payer."""

    release_id: UUID
    run_id: UUID
    party_id: UUID | None = None
    people: list[ClaimedPersonFacts] = Field(min_length=1, max_length=500)
    staff_id: UUID
    released_at: AwareDatetime


class CheckInFacts(Facts):
    """A light contact, or an attempt at one; `minutes` are 0 if nobody was spoken with. Never billed."""

    check_in_id: UUID
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    method: DeliveryMethod
    outcome: AttemptOutcome
    minutes: int = Field(ge=0, le=60)
    contacted_at: AwareDatetime
    contacted_on: date = Field(description="calendar day in the agency's zone")
    withdrawn: bool = False


class AnonymousContactFacts(Facts):
    """Work with people whom nobody enrolled: counts, no names and no words."""

    contact_id: UUID
    program_id: UUID
    staff_id: UUID
    modality: Modality
    location: Location | None = None
    activities: list[Activity]
    people: int = Field(ge=0, description="how many were met")
    started_at: AwareDatetime
    ended_at: AwareDatetime
    service_date: date
    minutes: int = Field(ge=0)
    withdrawn: bool = False


class WorkTimeFacts(Facts):
    """Work with nobody served, and the miles driven for it."""

    work_time_id: UUID
    staff_id: UUID
    program_id: UUID | None = None
    kind: WorkKind
    worked_on: date
    minutes: int = Field(ge=0, le=1440)
    miles: Decimal = Field(ge=0, le=2000, max_digits=6, decimal_places=1)
    withdrawn: bool = False


class AppointmentFacts(Facts):
    """When somebody is expected. `reminders`: what the person wants; whether it may be sent is decided then."""

    appointment_id: UUID
    participant_id: UUID
    staff_id: UUID
    program_id: UUID | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    zone: str
    status: AppointmentStatus
    reminders: list[ReminderIntent] = []
    session_id: UUID | None = Field(default=None, description="the session that came of it")
    replaced_by: UUID | None = None


class TaskFacts(Facts):
    """Something that a member of staff is to do; its words stay at home."""

    task_id: UUID
    staff_id: UUID
    participant_id: UUID | None = None
    kind: TaskKind
    due_on: date
    done_at: AwareDatetime | None = None
    withdrawn: bool = False


SESSION_RECORDED = Fact(SERVICE, "session-recorded", SessionFacts)
SESSION_CHANGED = Fact(SERVICE, "session-changed", SessionFacts)
SESSION_SIGNED = Fact(SERVICE, "session-signed", SessionFacts)
SESSION_AMENDED = Fact(SERVICE, "session-amended", SessionFacts)
SESSION_RETURNED = Fact(SERVICE, "session-returned", SessionFacts)
SESSION_COSIGNED = Fact(SERVICE, "session-cosigned", SessionFacts)
SESSION_VOIDED = Fact(SERVICE, "session-voided", SessionFacts)
NOTE_ANSWERED = Fact(SERVICE, "note-answered", NoteAnswerFacts)
SESSION_FACTS = (
    SESSION_RECORDED,
    SESSION_CHANGED,
    SESSION_SIGNED,
    SESSION_AMENDED,
    SESSION_RETURNED,
    SESSION_COSIGNED,
    SESSION_VOIDED,
)
GROUP_HELD = Fact(SERVICE, "group-held", GroupFacts)
MUTUAL_AID_ATTENDED = Fact(SERVICE, "mutual-aid-attended", MutualAidFacts)
MUTUAL_AID_WITHDRAWN = Fact(SERVICE, "mutual-aid-withdrawn", MutualAidFacts)
COLLATERAL_CONTACTED = Fact(SERVICE, "collateral-contacted", CollateralFacts)
CONSENT_APPLIED = Fact(SERVICE, "consent-applied", ConsentAppliedFacts)
IDENTITIES_RELEASED = Fact(SERVICE, "identities-released", IdentityReleaseFacts)
CLAIMS_RELEASED = Fact(SERVICE, "claims-released", ClaimReleaseFacts)
CHECK_IN_HELD = Fact(SERVICE, "check-in-held", CheckInFacts)
CHECK_IN_WITHDRAWN = Fact(SERVICE, "check-in-withdrawn", CheckInFacts)
ANONYMOUS_CONTACT_HELD = Fact(SERVICE, "anonymous-contact-held", AnonymousContactFacts)
ANONYMOUS_CONTACT_WITHDRAWN = Fact(SERVICE, "anonymous-contact-withdrawn", AnonymousContactFacts)
WORK_TIME_RECORDED = Fact(SERVICE, "work-time-recorded", WorkTimeFacts)
WORK_TIME_WITHDRAWN = Fact(SERVICE, "work-time-withdrawn", WorkTimeFacts)
APPOINTMENT_SCHEDULED = Fact(SERVICE, "appointment-scheduled", AppointmentFacts)
APPOINTMENT_CHANGED = Fact(SERVICE, "appointment-changed", AppointmentFacts)
TASK_OPENED = Fact(SERVICE, "task-opened", TaskFacts)
TASK_CHANGED = Fact(SERVICE, "task-changed", TaskFacts)
