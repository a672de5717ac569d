"""The codes that only session-logging's facts use: how a contact came to be, what helped, what a reviewer did."""

from enum import StrEnum


class AttemptOutcome(StrEnum):
    """What came of trying to reach somebody by telephone, text or video; only two of these are contacts."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    DISCONNECTED = "disconnected"
    CALL_BACK = "call_back"
    CRISIS_ESCALATED = "crisis_escalated"


SPOKEN_WITH = frozenset({AttemptOutcome.REACHED, AttemptOutcome.CRISIS_ESCALATED})


class Mechanism(StrEnum):
    """Why peer support may have helped in a session, as the worker saw it."""

    SOCIAL_LEARNING = "social_learning"
    SHARED_IDENTITY = "shared_identity"
    COPING_PRACTICE = "coping_practice"
    HELPING_OTHERS = "helping_others"


class NavigationElement(StrEnum):
    """The service elements of Medicare's principal illness navigation by peers (G0140, G0146)."""

    PERSON_CENTERED_INTERVIEW = "person_centered_interview"
    GOAL_SETTING = "goal_setting"
    TAILORED_SUPPORT = "tailored_support"
    REFERRAL_TO_SERVICES = "referral_to_services"
    PRACTITIONER_COMMUNICATION = "practitioner_communication"
    HEALTH_EDUCATION = "health_education"
    SELF_ADVOCACY = "self_advocacy"
    SOCIAL_NEEDS = "social_needs"


class HandoffWay(StrEnum):
    """How a receiver was introduced while the person was present; anything else is a referral."""

    IN_PERSON = "in_person"
    THREE_WAY_CALL = "three_way_call"


class HandoffReceiver(StrEnum):
    TREATMENT_PROVIDER = "treatment_provider"
    HOSPITAL = "hospital"
    DETOX = "detox"
    RECOVERY_HOUSING = "recovery_housing"
    ANOTHER_PEER = "another_peer"
    MUTUAL_SUPPORT_MEMBER = "mutual_support_member"
    SOCIAL_SERVICES = "social_services"
    COURT_OR_JAIL = "court_or_jail"
    OTHER = "other"


class SessionFlag(StrEnum):
    """What is kept and shown, and may stop a claim line, but never the record."""

    OVERLAPS_FOR_WORKER = "overlaps_for_worker"
    OVERLAPS_FOR_PERSON = "overlaps_for_person"
    OUTSIDE_EMPLOYMENT = "outside_employment"
    GROUP_ABOVE_LIMIT = "group_above_limit"
    LATE = "late"
    NO_LIVE_CREDENTIAL = "no_live_credential"


class LateReason(StrEnum):
    NO_CONNECTION = "no_connection"
    CRISIS_FIRST = "crisis_first"
    ILLNESS_OR_LEAVE = "illness_or_leave"
    RETURNED_TO_WORKER = "returned_to_worker"
    FORGOTTEN = "forgotten"
    OTHER = "other"


class Cosignature(StrEnum):
    """Whose notes of a program a supervisor co-signs; `without_credential`: of who holds none that it accepts."""

    NEVER = "never"
    WITHOUT_CREDENTIAL = "without_credential"
    ALWAYS = "always"


class Review(StrEnum):
    """Where a note stands with its supervisor; a note that needs no co-signature has none of these."""

    AWAITED = "awaited"
    RETURNED = "returned"
    COSIGNED = "cosigned"


class ReturnReason(StrEnum):
    MISSING_ELEMENT = "missing_element"
    UNCLEAR = "unclear"
    WRONG_TIME = "wrong_time"
    WRONG_PERSON = "wrong_person"
    WRONG_CODE = "wrong_code"
    LANGUAGE = "language"
    OTHER = "other"


class NoteAnswer(StrEnum):
    """What a supervisor says to a worker about a note, or a worker answers."""

    COMMENT = "comment"
    THANKS = "thanks"
    APPROVAL = "approval"


class VoidReason(StrEnum):
    WRONG_PERSON = "wrong_person"
    RECORDED_TWICE = "recorded_twice"
    DID_NOT_HAPPEN = "did_not_happen"
    OTHER = "other"


class AppointmentStatus(StrEnum):
    SCHEDULED = "scheduled"
    KEPT = "kept"
    NO_SHOW = "no_show"
    CANCELLED_BY_PERSON = "cancelled_by_person"
    CANCELLED_BY_PROGRAM = "cancelled_by_program"
    RESCHEDULED = "rescheduled"


class ReminderIntent(StrEnum):
    """When somebody wants to be reminded; what is said, and whether it may be, is decided when it is sent."""

    WEEK_BEFORE = "week_before"
    DAY_BEFORE = "day_before"
    TWO_HOURS_BEFORE = "two_hours_before"


class TaskKind(StrEnum):
    CALL = "call"
    FOLLOW_UP = "follow_up"
    PAPERWORK = "paperwork"
    FINISH_NOTE = "finish_note"
    ANSWER_RETURN = "answer_return"
    BRING_TO_SUPERVISION = "bring_to_supervision"
    ACCOMPANY = "accompany"
    OTHER = "other"


class WorkKind(StrEnum):
    """Time that is work but with nobody served; never billed."""

    TRAVEL = "travel"
    DOCUMENTATION = "documentation"
    SUPERVISION = "supervision"
    TRAINING = "training"
    TEAM_MEETING = "team_meeting"
    PREPARATION = "preparation"
    ADMINISTRATION = "administration"
    WAITING = "waiting"
    OTHER = "other"
