"""The codes of training, attestation, assessment and supervision."""

from enum import StrEnum


class CertificateStage(StrEnum):
    """How far a certificate has come: a first one is watched more closely (Texas supervises it weekly)."""

    TRAINEE = "trainee"
    INITIAL = "initial"
    FULL = "full"


class TrainingKind(StrEnum):
    """What a training counts for: becoming certified, staying so, supervising others, or nothing but the work."""

    CORE = "core"
    CONTINUING = "continuing"
    SUPERVISING_PEERS = "supervising_peers"
    SUPERVISING_ONLINE = "supervising_online"
    ORIENTATION = "orientation"


class TrainingTopic(StrEnum):
    """The topics that certifying bodies count hours of."""

    ADVOCACY = "advocacy"
    MENTORING_EDUCATION = "mentoring_education"
    RECOVERY_WELLNESS = "recovery_wellness"
    ETHICS = "ethics"
    LAW_AND_ETHICS = "law_and_ethics"
    PEER_SPECIFIC = "peer_specific"
    SUICIDE_PREVENTION = "suicide_prevention"
    HEALTH_EQUITY = "health_equity"
    PEER_SUPERVISION = "peer_supervision"
    RELATED = "related"


class AttestationKind(StrEnum):
    """What a member of staff declares with a signature; nobody asks for a diagnosis."""

    CODE_OF_ETHICS = "code_of_ethics"
    LIVED_EXPERIENCE = "lived_experience"
    RECOVERY = "recovery"
    CONFIDENTIALITY = "confidentiality"


class AssessmentMethod(StrEnum):
    OBSERVATION = "observation"
    SELF_ASSESSMENT = "self_assessment"
    CASE_REVIEW = "case_review"


class WorkHoursKind(StrEnum):
    """Hours that a certifying body counts: work under supervision, and supervision received elsewhere."""

    SUPERVISED_WORK = "supervised_work"
    SUPERVISION_RECEIVED = "supervision_received"


class SupervisionMode(StrEnum):
    FACE_TO_FACE = "face_to_face"
    VIDEO = "video"
    TELEPHONE = "telephone"
    OBSERVATION = "observation"


class SupervisionTopic(StrEnum):
    """What a supervision was about, in codes; its words stay where they were written."""

    CASELOAD = "caseload"
    ETHICS_AND_BOUNDARIES = "ethics_and_boundaries"
    DOCUMENTATION = "documentation"
    SAFETY = "safety"
    SKILLS = "skills"
    OWN_WELLNESS = "own_wellness"
    ROLE_CLARITY = "role_clarity"
    RESOURCES = "resources"
    OTHER = "other"
