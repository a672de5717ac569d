"""What intake remembers, a file for each noun; importing this package is what makes the schema whole."""

from intake.models.answers import Assessment
from intake.models.bases import Agreement, CareRelation, CourtOrder, LegalDemand, Party, Restriction
from intake.models.care import Assignment, Episode
from intake.models.contacts import Attempt, ChannelLock, Locator, Reachability, SafeContact
from intake.models.directory import Meeting, MeetingFeed
from intake.models.disclosing import Disclosure, DisclosureReview, Package
from intake.models.duplicates import Merge, PossiblePair
from intake.models.grants import ClientCode, DuePoint, Funding, Grant
from intake.models.heard import Agency, Attendance, Placement, Program, ProgramPack, Staff
from intake.models.instruments import Answer, Instrument
from intake.models.matching import Match, MatchCandidate, PeerProfile, Veto, Waiting
from intake.models.own import OwnCode, OwnCodeHandle, SelfIntake
from intake.models.paging import Duty, SafetyCall
from intake.models.papers import (
    Consent,
    ConsentApplied,
    ConsentMove,
    ConsentRecipient,
    NoticeDeferral,
    NoticeText,
)
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
from intake.models.privacy import AgencyPrivacy, BreakGlass, Determination
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
from intake.models.sync import Synced

__all__ = [
    "TABLES",
    "Agency",
    "AgencyPrivacy",
    "Agreement",
    "Answer",
    "Assessment",
    "Assignment",
    "Attempt",
    "Attendance",
    "BreakGlass",
    "CareRelation",
    "ChannelLock",
    "ClientCode",
    "Consent",
    "ConsentApplied",
    "ConsentMove",
    "ConsentRecipient",
    "CourtOrder",
    "Determination",
    "Disclosure",
    "DisclosureReview",
    "DuePoint",
    "Duty",
    "Eligibility",
    "Episode",
    "Funding",
    "Goal",
    "GoalProgress",
    "GoalTask",
    "Grant",
    "ImportedRow",
    "Instrument",
    "LegalDemand",
    "Locator",
    "Match",
    "MatchCandidate",
    "Meeting",
    "MeetingFeed",
    "MeetingInvitation",
    "Merge",
    "Model",
    "Notice",
    "NoticeDeferral",
    "NoticeText",
    "OwnCode",
    "OwnCodeHandle",
    "Owned",
    "Package",
    "Participant",
    "ParticipantChange",
    "Party",
    "PeerProfile",
    "Placement",
    "Plan",
    "PlanAgreement",
    "PlanReview",
    "PlanVersion",
    "PossiblePair",
    "Program",
    "ProgramPack",
    "Reachability",
    "Referral",
    "ReferralImport",
    "ReferralImportPart",
    "ReferralImportRefusal",
    "ReferralStep",
    "Restriction",
    "SafeContact",
    "SafetyAction",
    "SafetyCall",
    "SafetyConcern",
    "SelfIntake",
    "Staff",
    "Synced",
    "Veto",
    "Waiting",
]
