"""The words of the field as closed lists; a code never changes its meaning."""

from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may do; see docs/glossary.md."""

    PEER = "peer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    PRIVACY_OFFICER = "privacy_officer"
    AUDITOR = "auditor"
    SERVICE = "service"  # another service of this platform, never a person


class AgeBand(StrEnum):
    """Age at enrolment, in years, both ends included; every age is in exactly one band."""

    UNDER_18 = "0-17"
    FROM_18 = "18-24"
    FROM_25 = "25-34"
    FROM_35 = "35-44"
    FROM_45 = "45-54"
    FROM_55 = "55-64"
    FROM_65 = "65+"
    UNKNOWN = "unknown"


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Dimension(StrEnum):
    """The four dimensions that support recovery (SAMHSA working definition, 2012)."""

    HEALTH = "health"
    HOME = "home"
    PURPOSE = "purpose"
    COMMUNITY = "community"


class StatedBy(StrEnum):
    PARTICIPANT = "participant"
    TOGETHER = "together"
    STAFF = "staff"


class CredentialType(StrEnum):
    CERTIFIED_PEER_SPECIALIST = "certified_peer_specialist"
    CERTIFIED_PEER_SUPERVISOR = "certified_peer_supervisor"
    PEER_COUNSELOR = "peer_counselor"
    RECOVERY_COACH = "recovery_coach"
    LICENSED_CLINICIAN = "licensed_clinician"


class Specialty(StrEnum):
    SUBSTANCE_USE = "substance_use"
    MENTAL_HEALTH = "mental_health"
    CO_OCCURRING = "co_occurring"
    FAMILY = "family"


class CredentialStatus(StrEnum):
    ACTIVE = "active"
    PROVISIONAL = "provisional"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class Modality(StrEnum):
    ONE_ON_ONE_MENTORING = "one_on_one_mentoring"
    GROUP_FACILITATION = "group_facilitation"
    TELEPHONE_RECOVERY_SUPPORT = "telephone_recovery_support"
    VIDEO = "video"
    TEXT_CHAT = "text_chat"
    ONLINE_FORUM = "online_forum"
    OUTREACH = "outreach"
    WARM_HANDOFF = "warm_handoff"
    IN_REACH = "in_reach"
    RECOVERY_HOUSING_CHECKIN = "recovery_housing_checkin"
    DROP_IN = "drop_in"
    FAMILY_SESSION = "family_session"
    COMMUNITY_ACTIVITY = "community_activity"
    TRANSPORT_ACCOMPANIMENT = "transport_accompaniment"
    CRISIS_SUPPORT = "crisis_support"


class Format(StrEnum):
    INDIVIDUAL = "individual"
    GROUP = "group"


class DeliveryMethod(StrEnum):
    IN_PERSON = "in_person"
    TELEPHONE = "telephone"
    VIDEO = "video"
    TEXT = "text"


class Location(StrEnum):
    OFFICE = "office"
    RECOVERY_CENTER = "recovery_center"
    HOME = "home"
    COMMUNITY = "community"
    SHELTER = "shelter"
    RECOVERY_HOUSING = "recovery_housing"
    HOSPITAL = "hospital"
    EMERGENCY_DEPARTMENT = "emergency_department"
    JAIL = "jail"
    TELEHEALTH = "telehealth"


class Activity(StrEnum):
    """What a peer did; none of these is clinical (samhsa.md 7.3, after GPRA, FHIR and county lists)."""

    RECOVERY_PLANNING = "recovery_planning"
    COACHING_MENTORING = "coaching_mentoring"
    SHARING_LIVED_EXPERIENCE = "sharing_lived_experience"
    SKILL_BUILDING = "skill_building"
    MUTUAL_AID_LINKAGE = "mutual_aid_linkage"
    RESOURCE_NAVIGATION = "resource_navigation"
    WARM_HANDOFF = "warm_handoff"
    ACCOMPANIMENT = "accompaniment"
    TRANSPORT = "transport"
    HOUSING_SUPPORT = "housing_support"
    EMPLOYMENT_EDUCATION_SUPPORT = "employment_education_support"
    BENEFITS_ID_HELP = "benefits_id_help"
    LEGAL_COURT_SUPPORT = "legal_court_support"
    HEALTH_EDUCATION = "health_education"
    NALOXONE_EDUCATION = "naloxone_education"
    FAMILY_SUPPORT = "family_support"
    SOCIAL_RECREATIONAL = "social_recreational"
    ADVOCACY = "advocacy"
    CRISIS_SUPPORT = "crisis_support"
    WELLNESS_CHECKIN = "wellness_checkin"
    GROUP_FACILITATION = "group_facilitation"
    OUTREACH = "outreach"


class Outcome(StrEnum):
    """How a session ended; only completed, partial and crisis sessions are delivered services."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    NO_SHOW = "no_show"
    CANCELLED_BY_PERSON = "cancelled_by_person"
    CANCELLED_BY_PROGRAM = "cancelled_by_program"
    DECLINED = "declined"
    UNABLE_TO_LOCATE = "unable_to_locate"
    RESCHEDULED = "rescheduled"
    CRISIS = "crisis"


DELIVERED = frozenset({Outcome.COMPLETED, Outcome.PARTIAL, Outcome.CRISIS})


class SessionStatus(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    VOIDED = "voided"


class NoteElement(StrEnum):
    """What a progress note must hold (base set: 26 TAC §301.361; elements 9 and 10 only if used)."""

    PARTICIPANT = "participant"
    SERVICE_CODE = "service_code"
    SERVICE_DATE = "service_date"
    BEGIN_AND_END = "begin_and_end"
    LOCATION = "location"
    SUMMARY = "summary"
    FORMAT = "format"
    DELIVERY_METHOD = "delivery_method"
    GOALS = "goals"
    PROGRESS = "progress"
    RESPONSE = "response"
    SIGNATURE = "signature"
    CREDENTIAL = "credential"
    EVENTS = "events"
    GROUP_SIZE = "group_size"


class UnitMethod(StrEnum):
    """How a payer turns minutes into units of 15 (samhsa.md 5.3); there is no national rule."""

    MIDPOINT_8 = "midpoint_8"
    FLOOR_15 = "floor_15"
    EXACT = "exact"
    DAILY_SUM_MIDPOINT_8 = "daily_sum_midpoint_8"
    DAILY_SUM_FLOOR_15 = "daily_sum_floor_15"
    DAILY_SUM_EXACT = "daily_sum_exact"


class ConsentType(StrEnum):
    """What kind of consent it is (42 CFR 2.31, 2.35); the last four stand alone on their form."""

    TPO = "tpo"  # one consent for all future treatment, payment and health care operations
    NAMED_RECIPIENTS = "named_recipients"
    INTERMEDIARY = "intermediary"
    COUNSELING_NOTES = "counseling_notes"
    PROCEEDINGS = "proceedings"
    CRIMINAL_JUSTICE = "criminal_justice"
    RESEARCH = "research"


class ConsentStatus(StrEnum):
    """What was decided about a signed consent; whether it has begun or run out follows from the clock."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    VOID = "void"


class AgreementKind(StrEnum):
    QUALIFIED_SERVICE = "qualified_service"
    AUDIT_EVALUATION = "audit_evaluation"
    RESEARCH = "research"
    CONTRACTOR = "contractor"


class RecordOrigin(StrEnum):
    """Where a record comes from under 42 CFR Part 2; the label travels with it."""

    OWN_PART2 = "own_part2"
    RECEIVED_PART2 = "received_part2"
    OTHER = "other"


class CollateralRole(StrEnum):
    """With whom somebody's peer speaks about them, outside the program."""

    FAMILY = "family"
    TREATMENT_PROVIDER = "treatment_provider"
    HEALTH_CARE = "health_care"
    HOUSING = "housing"
    EMPLOYER = "employer"
    JUSTICE = "justice"
    OTHER = "other"


class DisclosureBasis(StrEnum):
    CONSENT = "consent"
    HIPAA_PERMITTED = "hipaa_permitted"  # a record that is no Part 2 record
    MEDICAL_EMERGENCY = "medical_emergency"
    COURT_ORDER = "court_order"
    CHILD_ABUSE_REPORT = "child_abuse_report"
    CRIME_ON_PREMISES = "crime_on_premises"
    QUALIFIED_SERVICE = "qualified_service"
    AUDIT_EVALUATION = "audit_evaluation"
    RESEARCH = "research"


class AssessmentPoint(StrEnum):
    BASELINE = "baseline"
    FOLLOW_UP = "follow_up"
    CLOSEOUT = "closeout"


class Employment(StrEnum):
    FULL_TIME = "full_time"
    PART_TIME = "part_time"
    UNEMPLOYED = "unemployed"
    NOT_IN_LABOR_FORCE = "not_in_labor_force"


class Housing(StrEnum):
    INDEPENDENT = "independent"
    DEPENDENT = "dependent"
    HOMELESS = "homeless"


class CloseReason(StrEnum):
    COMPLETED = "completed"
    MOVED_ON = "moved_on"
    TRANSFERRED = "transferred"
    LOST_CONTACT = "lost_contact"
    ENDED_BY_PROGRAM = "ended_by_program"
    INCARCERATED = "incarcerated"
    DECEASED = "deceased"
    OTHER = "other"


class MutualAid(StrEnum):
    """Mutual-support group types; attendance is a count, never other members or places."""

    AA = "AA"
    NA = "NA"
    CA = "CA"
    CMA = "CMA"
    MA = "MA"
    HA = "HA"
    DRA = "DRA"
    MARA = "MARA"
    ALANON = "ALANON"
    ALATEEN = "ALATEEN"
    NARANON = "NARANON"
    FAMANON = "FAMANON"
    CRAFT_FAMILY = "CRAFT_FAMILY"
    SMART = "SMART"
    SMART_FF = "SMART_FF"
    LIFERING = "LIFERING"
    SOS = "SOS"
    WFS = "WFS"
    RD = "RD"
    REFUGE = "REFUGE"
    CR = "CR"
    WELLBRIETY = "WELLBRIETY"
    MM = "MM"
    HAMS = "HAMS"
    ALL_RECOVERY = "ALL_RECOVERY"
    ONLINE_FORUM = "ONLINE_FORUM"
    OTHER = "OTHER"


class ReferralDirection(StrEnum):
    IN = "in"
    OUT = "out"


class ReferralKind(StrEnum):
    """A warm hand-off is a live introduction with the person present; a number that was given is a referral."""

    REFERRAL = "referral"
    WARM_HANDOFF = "warm_handoff"
    SELF = "self"


class ReferralStatus(StrEnum):
    """How far a referral is: what a referrer without an account may know, and no more."""

    RECEIVED = "received"
    CONTACTED = "contacted"
    CONNECTED = "connected"
    CLOSED = "closed"


class AnswerOutcome(StrEnum):
    """What came of offering an instrument; only `completed` has a score, and declined is an answer."""

    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    DECLINED = "declined"


class SafetyStatus(StrEnum):
    """A safety concern on its way; only somebody else than its opener closes it, after a review."""

    OPEN = "open"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    IN_CONTACT = "in_contact"
    HANDED_OFF = "handed_off"
    CLOSED = "closed"


class FederalTool(StrEnum):
    """The client-level instrument of a SAMHSA grant: SUPRT from 2025-10-01, GPRA before."""

    SUPRT = "suprt"
    GPRA = "gpra"


class FederalPoint(StrEnum):
    BASELINE = "baseline"
    REASSESSMENT = "reassessment"
    ANNUAL = "annual"
    CLOSEOUT = "closeout"
    GPRA_INTAKE = "gpra_intake"
    GPRA_FOLLOW_UP = "gpra_follow_up"
    GPRA_DISCHARGE = "gpra_discharge"


class ClientPart(StrEnum):
    """What came of the part that the client fills in by themselves (SUPRT-C); it is never owed by the client."""

    COMPLETED = "completed"
    PROXY = "proxy"
    DECLINED = "declined"
    NOT_OFFERED = "not_offered"
    NOT_APPLICABLE = "not_applicable"
