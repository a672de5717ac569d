"""What intake tells: people (as ids and codes), episodes, consents, disclosures, plans, assessments, assignments."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.contracts.codes import (
    AgeBand,
    AssessmentPoint,
    CloseReason,
    ConsentStatus,
    ConsentType,
    Dimension,
    DisclosureBasis,
    Employment,
    Housing,
    Sex,
    StatedBy,
)
from common.contracts.envelope import Fact, Facts

SERVICE = "intake"


class ParticipantFacts(Facts):
    participant_id: UUID
    age_band: AgeBand
    sex: Sex
    enrolled_at: AwareDatetime
    imported: bool = False


class EpisodeFacts(Facts):
    """One person's time with one program; both days are inclusive, in the agency's zone."""

    episode_id: UUID
    participant_id: UUID
    program_id: UUID
    opened_on: date
    closed_on: date | None = None
    close_reason: CloseReason | None = None
    single_contact_outreach: bool = False
    voluntary_acknowledged_at: AwareDatetime | None = None
    deceased_on: date | None = None
    imported: bool = False


class NoticeFacts(Facts):
    notice_id: UUID
    participant_id: UUID
    version: str
    given_at: AwareDatetime


class ConsentFacts(Facts):
    """A consent's state; what it covers and for whom stays in intake."""

    consent_id: UUID
    participant_id: UUID
    consent_type: ConsentType
    status: ConsentStatus
    signed_at: AwareDatetime
    expires_on: date | None = None
    revoked_at: AwareDatetime | None = None


class DisclosureFacts(Facts):
    """One disclosure outside the program, with the basis it rested on at that instant."""

    disclosure_id: UUID
    participant_id: UUID
    basis: DisclosureBasis
    consent_id: UUID | None = None
    basis_valid: bool = Field(description="the basis held at `made_at`, as decided by intake when it was recorded")
    made_at: AwareDatetime


class GoalFacts(Facts):
    goal_id: UUID
    dimension: Dimension
    stated_by: StatedBy
    active_from: date
    active_to: date | None = None


class PlanFacts(Facts):
    plan_id: UUID
    participant_id: UUID
    episode_id: UUID
    agreed_at: AwareDatetime
    in_force_to: date | None = None
    declined_dimensions: list[Dimension] = []
    goals: list[GoalFacts]


class AssessmentFacts(Facts):
    """Amounts and states at one point; the substances they speak of stay in intake."""

    assessment_id: UUID
    participant_id: UUID
    episode_id: UUID
    point: AssessmentPoint
    collected_on: date
    use_days_30: int | None = Field(default=None, ge=0, le=30)
    employment: Employment | None = None
    in_education: bool | None = None
    housing: Housing | None = None
    arrests_30: int | None = Field(default=None, ge=0)
    mutual_aid_count_30: int | None = Field(default=None, ge=0)


class AssignmentFacts(Facts):
    assignment_id: UUID
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    valid_from: date
    valid_to: date | None = None
    imported: bool = False


PARTICIPANT_ENROLLED = Fact(SERVICE, "participant-enrolled", ParticipantFacts)
EPISODE_OPENED = Fact(SERVICE, "episode-opened", EpisodeFacts)
EPISODE_CHANGED = Fact(SERVICE, "episode-changed", EpisodeFacts)
EPISODE_CLOSED = Fact(SERVICE, "episode-closed", EpisodeFacts)
NOTICE_GIVEN = Fact(SERVICE, "notice-given", NoticeFacts)
CONSENT_SIGNED = Fact(SERVICE, "consent-signed", ConsentFacts)
CONSENT_REVOKED = Fact(SERVICE, "consent-revoked", ConsentFacts)
DISCLOSURE_MADE = Fact(SERVICE, "disclosure-made", DisclosureFacts)
PLAN_AGREED = Fact(SERVICE, "plan-agreed", PlanFacts)
PLAN_CHANGED = Fact(SERVICE, "plan-changed", PlanFacts)
PEER_ASSIGNED = Fact(SERVICE, "peer-assigned", AssignmentFacts)
PEER_UNASSIGNED = Fact(SERVICE, "peer-unassigned", AssignmentFacts)
ASSESSMENT_RECORDED = Fact(SERVICE, "assessment-recorded", AssessmentFacts)
