"""What workforce tells: agencies, programs, staff, credentials and who supervises whom."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.contracts.codes import CredentialStatus, CredentialType, Role, Specialty, UnitMethod
from common.contracts.envelope import Fact, Facts

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


class StaffFacts(Facts):
    """A member of staff: roles and employment; no name, no address."""

    staff_id: UUID
    roles: list[Role]
    employed_from: date
    employed_to: date | None = None


class CredentialFacts(Facts):
    credential_id: UUID
    staff_id: UUID
    credential_type: CredentialType
    specialty: Specialty
    valid_from: date
    valid_to: date
    status: CredentialStatus


class SupervisorFacts(Facts):
    """Who supervises whom, from and to (inclusive) a calendar day."""

    assignment_id: UUID
    staff_id: UUID
    supervisor_id: UUID
    valid_from: date
    valid_to: date | None = None


AGENCY_ACTIVATED = Fact(SERVICE, "agency-activated", AgencyFacts)
PROGRAM_OPENED = Fact(SERVICE, "program-opened", ProgramFacts)
STAFF_JOINED = Fact(SERVICE, "staff-joined", StaffFacts)
STAFF_CHANGED = Fact(SERVICE, "staff-changed", StaffFacts)
STAFF_LEFT = Fact(SERVICE, "staff-left", StaffFacts)
CREDENTIAL_RECORDED = Fact(SERVICE, "credential-recorded", CredentialFacts)
SUPERVISOR_ASSIGNED = Fact(SERVICE, "supervisor-assigned", SupervisorFacts)
