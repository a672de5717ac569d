"""What workforce remembers, a file for each noun; importing this package is what makes the schema whole."""

from workforce.models.checklists import ChecklistTick
from workforce.models.devices import Device
from workforce.models.heard import Assignment
from workforce.models.learning import Attestation, CompetencyAssessment, Training, WorkHours
from workforce.models.passkeys import Passkey, UsedChallenge
from workforce.models.people import Agency, Program, Staff
from workforce.models.placing import Placement, ProgramPack
from workforce.models.practice import Credential, CredentialCorrection, CredentialState
from workforce.models.providers import EmailDomain, Provider, ProviderLink, UsedProviderAttempt
from workforce.models.schema import TABLES, Model
from workforce.models.signing import (
    Access,
    Challenge,
    EndedSignIn,
    Login,
    Password,
    RecoveryCode,
    RefreshToken,
    SignIn,
    SignInPolicy,
    Throttle,
    Totp,
)
from workforce.models.supervision import FollowUp, SupervisedWorker, Supervision, SupervisorAssignment

__all__ = [
    "TABLES",
    "Access",
    "Agency",
    "Assignment",
    "Attestation",
    "Challenge",
    "ChecklistTick",
    "CompetencyAssessment",
    "Credential",
    "CredentialCorrection",
    "CredentialState",
    "Device",
    "EmailDomain",
    "EndedSignIn",
    "FollowUp",
    "Login",
    "Model",
    "Passkey",
    "Password",
    "Placement",
    "Program",
    "ProgramPack",
    "Provider",
    "ProviderLink",
    "RecoveryCode",
    "RefreshToken",
    "SignIn",
    "SignInPolicy",
    "Staff",
    "SupervisedWorker",
    "Supervision",
    "SupervisorAssignment",
    "Throttle",
    "Totp",
    "Training",
    "UsedChallenge",
    "UsedProviderAttempt",
    "WorkHours",
]
