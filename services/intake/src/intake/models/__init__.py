"""What intake remembers, a file for each noun; importing this package is what makes the schema whole."""

from intake.models.answers import Assessment
from intake.models.care import Assignment, Episode
from intake.models.contacts import Attempt, ChannelLock, Locator, Reachability, SafeContact
from intake.models.directory import Meeting, MeetingFeed
from intake.models.duplicates import Merge, PossiblePair
from intake.models.grants import ClientCode, DuePoint, Funding, Grant
from intake.models.heard import Agency, Program, Staff
from intake.models.instruments import Answer, Instrument
from intake.models.matching import Match, MatchCandidate, PeerProfile, Veto, Waiting
from intake.models.own import OwnCode, OwnCodeHandle, SelfIntake
from intake.models.papers import Consent, Disclosure
from intake.models.people import ImportedRow, Notice, Participant, ParticipantChange
from intake.models.planning import (
    Goal,
    GoalProgress,
    GoalTask,
    MeetingInvitation,
    Plan,
    PlanAgreement,
    PlanReview,
    PlanVersion,
)
from intake.models.referring import (
    Eligibility,
    Referral,
    ReferralImport,
    ReferralImportPart,
    ReferralImportRefusal,
    ReferralStep,
)
from intake.models.safety import SafetyAction, SafetyConcern
from intake.models.schema import TABLES, Model, Owned

__all__ = [
    "TABLES",
    "Agency",
    "Answer",
    "Assessment",
    "Assignment",
    "Attempt",
    "ChannelLock",
    "ClientCode",
    "Consent",
    "Disclosure",
    "DuePoint",
    "Eligibility",
    "Episode",
    "Funding",
    "Goal",
    "GoalProgress",
    "GoalTask",
    "Grant",
    "ImportedRow",
    "Instrument",
    "Locator",
    "Match",
    "MatchCandidate",
    "Meeting",
    "MeetingFeed",
    "MeetingInvitation",
    "Merge",
    "Model",
    "Notice",
    "OwnCode",
    "OwnCodeHandle",
    "Owned",
    "Participant",
    "ParticipantChange",
    "PeerProfile",
    "Plan",
    "PlanAgreement",
    "PlanReview",
    "PlanVersion",
    "PossiblePair",
    "Program",
    "Reachability",
    "Referral",
    "ReferralImport",
    "ReferralImportPart",
    "ReferralImportRefusal",
    "ReferralStep",
    "SafeContact",
    "SafetyAction",
    "SafetyConcern",
    "SelfIntake",
    "Staff",
    "Veto",
    "Waiting",
]
