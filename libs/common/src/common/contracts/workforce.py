"""What workforce tells: agencies, programs, staff, credentials and who supervises whom."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from common.contracts.codes import CredentialStatus, CredentialType, Role, Specialty, UnitMethod
from common.contracts.envelope import Fact, Facts
from common.contracts.session_codes import Cosignature
from common.contracts.workforce_codes import (
    AssessmentMethod,
    AttestationKind,
    CertificateStage,
    SupervisionMode,
    SupervisionTopic,
    TrainingKind,
    TrainingTopic,
    WorkHoursKind,
)

SERVICE = "workforce"


class AgencyFacts(Facts):
    """An agency's rules of time: its zone and its holidays."""

    agency_id: UUID
    zone: str = Field(description="IANA time zone of service dates and business days")
    holidays: list[date] = []
    activated_at: AwareDatetime


class ProgramFacts(Facts):
    """A program's documentation and billing rules; its name stays at home."""

    program_id: UUID
    credential_required: bool
    required_specialty: Specialty | None = None
    accepted_credentials: list[CredentialType] = []
    unit_method: UnitMethod
    group_max: int = Field(ge=2)
    group_modifier: str | None = None
    note_deadline_business_days: int = Field(ge=0)
    plan_deadline_days: int = Field(ge=1)
    opened_on: date
    cosignature: Cosignature = Cosignature.NEVER


class ProgramPackFacts(Facts):
    """Whose rules a program is judged by, from and to (inclusive) a calendar day; see docs/packs.md."""

    choice_id: UUID
    program_id: UUID
    pack_id: str = Field(pattern=r"^[A-Z0-9][A-Z0-9.-]{1,39}$")
    valid_from: date
    valid_to: date | None = None


class StaffFacts(Facts):
    """A member of staff: roles and employment; no name, no address.

    `caseload_to`: who takes over, from the day after the last one, everybody whom the leaver still accompanies then.
    `fte`: 1 is full time. `peer_worker_since`: direct experience of this work, here or elsewhere, began on this day.
    """

    staff_id: UUID
    roles: list[Role]
    employed_from: date
    employed_to: date | None = None
    caseload_to: UUID | None = None
    fte: Decimal = Field(default=Decimal(1), gt=0, le=1)
    peer_worker_since: date | None = None


class PlacementFacts(Facts):
    """In which program a member of staff works as what, from and to (inclusive) a calendar day."""

    placement_id: UUID
    staff_id: UUID
    program_id: UUID
    role: Role
    fte: Decimal = Field(gt=0, le=1)
    valid_from: date
    valid_to: date | None = None


class StatusSince(BaseModel):
    """A credential's status from this day on, until the next entry's day."""

    status: CredentialStatus
    since: date


class CredentialFacts(Facts):
    """A credential and its history. `status` is the newest; `statuses` are all, by day; empty in early events.

    `renewal_on`: the day by which continuing education has to be complete, if the issuer named one.
    """

    credential_id: UUID
    staff_id: UUID
    credential_type: CredentialType
    specialty: Specialty
    valid_from: date
    valid_to: date
    status: CredentialStatus
    statuses: list[StatusSince] = []
    stage: CertificateStage | None = None
    cycle_from: date | None = None
    renewal_on: date | None = None
    exam_passed_on: date | None = None


class TrainingFacts(Facts):
    """Hours of one training that a member of staff completed. `categories`: core competencies 1 to 12 it trained."""

    training_id: UUID
    staff_id: UUID
    kind: TrainingKind
    topic: TrainingTopic
    hours: Decimal = Field(gt=0, le=1000)
    completed_on: date
    categories: list[Annotated[int, Field(ge=1, le=12)]] = []
    voided: bool = False


class AttestationFacts(Facts):
    """What a member of staff declared, and when; never what it says about their health."""

    attestation_id: UUID
    staff_id: UUID
    kind: AttestationKind
    signed_on: date
    withdrawn_on: date | None = None


class CompetencyFacts(Facts):
    """Which of the twelve categories were looked at in one assessment; levels stay with the worker and supervisor."""

    assessment_id: UUID
    staff_id: UUID
    assessor_id: UUID
    method: AssessmentMethod
    assessed_on: date
    categories: list[Annotated[int, Field(ge=1, le=12)]]
    voided: bool = False


class WorkHoursFacts(Facts):
    """Hours worked under supervision, or supervised elsewhere, both days included."""

    entry_id: UUID
    staff_id: UUID
    kind: WorkHoursKind
    hours: Decimal = Field(gt=0, le=10_000)
    from_on: date
    to_on: date
    voided: bool = False


class SupervisorFacts(Facts):
    """Who supervises whom, from and to (inclusive) a calendar day. `fte`: the share supervised here, 1 is all."""

    assignment_id: UUID
    staff_id: UUID
    supervisor_id: UUID
    valid_from: date
    valid_to: date | None = None
    fte: Decimal = Field(default=Decimal(1), gt=0, le=1)


class SupervisionFacts(Facts):
    """One supervision that was held, with one worker or several; what was said stays at home."""

    supervision_id: UUID
    supervisor_id: UUID
    staff_ids: list[UUID] = Field(min_length=1, max_length=50)
    held_on: date
    minutes: int = Field(ge=1, le=600)
    mode: SupervisionMode
    topics: list[SupervisionTopic] = []
    voided: bool = False


AGENCY_ACTIVATED = Fact(SERVICE, "agency-activated", AgencyFacts)
PROGRAM_OPENED = Fact(SERVICE, "program-opened", ProgramFacts)
STAFF_JOINED = Fact(SERVICE, "staff-joined", StaffFacts)
STAFF_CHANGED = Fact(SERVICE, "staff-changed", StaffFacts)
STAFF_LEFT = Fact(SERVICE, "staff-left", StaffFacts)
CREDENTIAL_RECORDED = Fact(SERVICE, "credential-recorded", CredentialFacts)
SUPERVISOR_ASSIGNED = Fact(SERVICE, "supervisor-assigned", SupervisorFacts)
PROGRAM_CHANGED = Fact(SERVICE, "program-changed", ProgramFacts)
PROGRAM_PACK_CHOSEN = Fact(SERVICE, "program-pack-chosen", ProgramPackFacts)
STAFF_PLACED = Fact(SERVICE, "staff-placed", PlacementFacts)
CREDENTIAL_CHANGED = Fact(SERVICE, "credential-changed", CredentialFacts)
TRAINING_RECORDED = Fact(SERVICE, "training-recorded", TrainingFacts)
ATTESTATION_SIGNED = Fact(SERVICE, "attestation-signed", AttestationFacts)
COMPETENCIES_ASSESSED = Fact(SERVICE, "competencies-assessed", CompetencyFacts)
WORK_HOURS_RECORDED = Fact(SERVICE, "work-hours-recorded", WorkHoursFacts)
SUPERVISION_HELD = Fact(SERVICE, "supervision-held", SupervisionFacts)
