"""What intake tells, as ids, codes, days and amounts: referrals, people, episodes, plans, answers, grants, safety."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.contracts.codes import (
    AgeBand,
    AgreementKind,
    AnswerOutcome,
    AssessmentPoint,
    ClientPart,
    CloseReason,
    ConsentStatus,
    ConsentType,
    Dimension,
    DisclosureBasis,
    Employment,
    FederalPoint,
    FederalTool,
    Housing,
    RecordOrigin,
    ReferralDirection,
    ReferralKind,
    ReferralStatus,
    SafetyStatus,
    Sex,
    StatedBy,
)
from common.contracts.earlier import EarlierConsentFacts, EarlierDisclosureFacts
from common.contracts.envelope import Fact, Facts

SERVICE = "intake"


class ParticipantFacts(Facts):
    participant_id: UUID
    age_band: AgeBand
    sex: Sex
    enrolled_at: AwareDatetime
    imported: bool = False
    origin: RecordOrigin | None = None


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
    starts_on: date | None = Field(default=None, description="first day, if it is not that of the signature")
    expires_on: date | None = Field(default=None, description="last day; null if it ends by an event or not at all")
    revoked_at: AwareDatetime | None = None
    recipients: int | None = Field(default=None, ge=0, description="how many its list has; their places count from 0")
    revoked_recipients: list[int] = Field(default=[], description="places in its list, from 0, revoked or suspended")
    ended: bool = Field(default=False, description="the event that it was to end with has happened")


class DisclosureFacts(Facts):
    """One disclosure outside the program, with the basis it rested on at that instant."""

    disclosure_id: UUID
    participant_id: UUID
    basis: DisclosureBasis
    consent_id: UUID | None = None
    basis_valid: bool = Field(description="the basis held at `made_at`, as decided by intake when it was recorded")
    made_at: AwareDatetime
    origin: RecordOrigin | None = None


class NoticeDeferralFacts(Facts):
    """The notice could not be given before the first service; it is still owed."""

    deferral_id: UUID
    participant_id: UUID
    deferred_at: AwareDatetime


class PackageFacts(Facts):
    """Something was put together for one recipient and waits to be handed over, or no longer waits."""

    package_id: UUID
    participant_id: UUID
    consent_id: UUID | None = None
    prepared_by: UUID | None = None
    prepared_at: AwareDatetime
    open: bool = Field(description="it still waits; false once handed over or cancelled")


class AgreementFacts(Facts):
    """A written agreement with a party outside, live from the first to the last day, both included."""

    agreement_id: UUID
    kind: AgreementKind
    valid_from: date
    valid_to: date
    ended_on: date | None = None


class BreakGlassFacts(Facts):
    """Somebody opened a record in an emergency without serving the person."""

    break_glass_id: UUID
    participant_id: UUID
    staff_id: UUID
    opened_at: AwareDatetime
    expires_at: AwareDatetime
    review_due_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    reviewed_at: AwareDatetime | None = None
    justified: bool | None = None


class PrivacyStatusFacts(Facts):
    """How the agency stands under 42 CFR Part 2, all six facts together, and since when it serves people here."""

    is_program: bool
    is_covered_entity: bool
    is_business_associate: bool
    is_qualified_service: bool
    is_intermediary: bool
    is_lawful_holder: bool
    live_at: AwareDatetime | None = None


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


class ReferralFacts(Facts):
    """A referral's state. `participant_id` is known once it was linked with somebody served."""

    referral_id: UUID
    direction: ReferralDirection
    kind: ReferralKind
    status: ReferralStatus
    participant_id: UUID | None = None
    episode_id: UUID | None = None
    program_id: UUID | None = None
    referred_on: date
    contacted_at: AwareDatetime | None = None
    accepted_at: AwareDatetime | None = None
    connected_at: AwareDatetime | None = Field(default=None, description="first service, or the live introduction")
    closed_at: AwareDatetime | None = None
    declined_by_person: bool = False
    imported: bool = False


class MergeFacts(Facts):
    """Two records of one person: everything told of `merged_id` is about `survivor_id`, until it is undone."""

    merge_id: UUID
    survivor_id: UUID
    merged_id: UUID
    moved_ids: list[UUID] = Field(default=[], description="records merged into `merged_id` before, moved along")
    merged_at: AwareDatetime
    undone_at: AwareDatetime | None = None


class ReviewFacts(Facts):
    """A recovery plan was looked at again together with the person."""

    review_id: UUID
    plan_id: UUID
    participant_id: UUID
    episode_id: UUID
    reviewed_at: AwareDatetime


class ScoreFacts(Facts):
    """What came of offering an instrument. Items and words stay in intake; scores are null unless completed."""

    answer_id: UUID
    participant_id: UUID
    episode_id: UUID
    instrument: str
    pack_version: str
    outcome: AnswerOutcome
    collected_on: date
    scores: dict[str, float] = Field(default={}, description="by scale; `total` is the whole instrument's")


class SafetyFacts(Facts):
    """A safety concern's state; what raised it stays in intake."""

    concern_id: UUID
    participant_id: UUID
    status: SafetyStatus
    opened_at: AwareDatetime
    opened_by: UUID | None = None
    notified_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    contacted_at: AwareDatetime | None = None
    offered_988_at: AwareDatetime | None = None
    handed_off_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None


class GrantFacts(Facts):
    """A grant with the terms that its reporting clock runs by."""

    grant_id: UUID
    tool: FederalTool
    starts_on: date
    ends_on: date | None = None
    program_ids: list[UUID]
    interval_months: int = Field(ge=3, le=6, description="to the reassessment: 3 or 6")


class FederalPointFacts(Facts):
    """One point of one episode under one grant; days are inclusive."""

    point_id: UUID
    participant_id: UUID
    episode_id: UUID
    grant_id: UUID
    tool: FederalTool
    point: FederalPoint
    due_on: date
    opens_on: date
    closes_on: date
    first_service_on: date | None = None
    collected_on: date | None = None
    client_part: ClientPart | None = None
    entered_on: date | None = Field(default=None, description="day of entry in the funder's system")
    cancelled: bool = Field(default=False, description="no more owed: closed out, or deceased")


PARTICIPANT_ENROLLED = Fact(SERVICE, "participant-enrolled", ParticipantFacts)
EPISODE_OPENED = Fact(SERVICE, "episode-opened", EpisodeFacts)
EPISODE_CHANGED = Fact(SERVICE, "episode-changed", EpisodeFacts)
EPISODE_CLOSED = Fact(SERVICE, "episode-closed", EpisodeFacts)
NOTICE_GIVEN = Fact(SERVICE, "notice-given", NoticeFacts)
CONSENT_SIGNED = Fact(SERVICE, "consent-signed", ConsentFacts, version=2)
CONSENT_REVOKED = Fact(SERVICE, "consent-revoked", ConsentFacts, version=2)
DISCLOSURE_MADE = Fact(SERVICE, "disclosure-made", DisclosureFacts, version=2)
# Told by earlier releases; a ledger may hold them for ninety days.
CONSENT_SIGNED_1 = Fact(SERVICE, "consent-signed", EarlierConsentFacts)
CONSENT_REVOKED_1 = Fact(SERVICE, "consent-revoked", EarlierConsentFacts)
DISCLOSURE_MADE_1 = Fact(SERVICE, "disclosure-made", EarlierDisclosureFacts)
PLAN_AGREED = Fact(SERVICE, "plan-agreed", PlanFacts)
PLAN_CHANGED = Fact(SERVICE, "plan-changed", PlanFacts)
PEER_ASSIGNED = Fact(SERVICE, "peer-assigned", AssignmentFacts)
PEER_UNASSIGNED = Fact(SERVICE, "peer-unassigned", AssignmentFacts)
ASSESSMENT_RECORDED = Fact(SERVICE, "assessment-recorded", AssessmentFacts)
PARTICIPANT_CHANGED = Fact(SERVICE, "participant-changed", ParticipantFacts)
PARTICIPANTS_MERGED = Fact(SERVICE, "participants-merged", MergeFacts)
PARTICIPANTS_SPLIT = Fact(SERVICE, "participants-split", MergeFacts)
REFERRAL_RECORDED = Fact(SERVICE, "referral-recorded", ReferralFacts)
REFERRAL_CHANGED = Fact(SERVICE, "referral-changed", ReferralFacts)
PLAN_REVIEWED = Fact(SERVICE, "plan-reviewed", ReviewFacts)
INSTRUMENT_ANSWERED = Fact(SERVICE, "instrument-answered", ScoreFacts)
SAFETY_CONCERN_OPENED = Fact(SERVICE, "safety-concern-opened", SafetyFacts)
SAFETY_CONCERN_CHANGED = Fact(SERVICE, "safety-concern-changed", SafetyFacts)
GRANT_SET = Fact(SERVICE, "grant-set", GrantFacts)
FEDERAL_POINT_SET = Fact(SERVICE, "federal-point-set", FederalPointFacts)
CONSENT_CHANGED = Fact(SERVICE, "consent-changed", ConsentFacts)
NOTICE_DEFERRED = Fact(SERVICE, "notice-deferred", NoticeDeferralFacts)
PACKAGE_PREPARED = Fact(SERVICE, "package-prepared", PackageFacts)
PACKAGE_CLOSED = Fact(SERVICE, "package-closed", PackageFacts)
AGREEMENT_RECORDED = Fact(SERVICE, "agreement-recorded", AgreementFacts)
AGREEMENT_CHANGED = Fact(SERVICE, "agreement-changed", AgreementFacts)
BREAK_GLASS_OPENED = Fact(SERVICE, "break-glass-opened", BreakGlassFacts)
BREAK_GLASS_CHANGED = Fact(SERVICE, "break-glass-changed", BreakGlassFacts)
PRIVACY_STATUS_DETERMINED = Fact(SERVICE, "privacy-status-determined", PrivacyStatusFacts)
