"""How a standing is said to people: what is asked, how sure it is, and where it stands; in English and Spanish."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from common.contracts.codes import Role
from common.packs import Authority, Rule
from common.packs.model import Confidence
from workforce.rules.standing import (
    Asked,
    Line,
    Person,
    competency_lines,
    credential_lines,
    declared_lines,
    renewal_lines,
    training_lines,
)
from workforce.rules.standing_supervision import first_lines, route_lines, supervision_lines


@dataclass(frozen=True, slots=True)
class Words:
    en: str
    es: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where something asked stands, that no pack has a value for."""

    authority: Authority
    confidence: Confidence
    guideline_id: str
    citation: str


MODEL_STANDARDS = "SAMHSA-NMS-2023"
SOURCES: Mapping[Asked, Source] = {
    Asked.CREDENTIAL: Source(
        Authority.FED_REQ, Confidence.SOURCE, "CMS-SMDL-07-011", "CMS State Medicaid Director Letter #07-011 (2007)"
    ),
    Asked.CODE_OF_ETHICS: Source(
        Authority.FED_GUIDE, Confidence.SOURCE, MODEL_STANDARDS, "National Model Standards (2023), standard 9"
    ),
    Asked.LIVED_EXPERIENCE: Source(
        Authority.FED_GUIDE, Confidence.SOURCE, MODEL_STANDARDS, "National Model Standards (2023), standard 1"
    ),
    Asked.COMPETENCIES: Source(
        Authority.FED_GUIDE, Confidence.SOURCE, "SAMHSA-CC-2015", "Core Competencies for Peer Workers (2015)"
    ),
    Asked.SUPERVISOR: Source(
        Authority.FED_GUIDE, Confidence.SOURCE, MODEL_STANDARDS, "National Model Standards (2023), standard 11"
    ),
}
TEXTS: Mapping[Asked, Words] = {
    Asked.CREDENTIAL: Words(
        "A credential in force that this program and its rules accept.",
        "Una credencial vigente que este programa y sus reglas aceptan.",
    ),
    Asked.CORE_TRAINING: Words("Hours of core training.", "Horas de formación básica."),
    Asked.CORE_TOPICS: Words("Hours of core training by topic.", "Horas de formación básica por tema."),
    Asked.WORK_HOURS: Words("Hours of supervised work.", "Horas de trabajo supervisado."),
    Asked.SUPERVISION_HOURS: Words("Hours of supervision received.", "Horas de supervisión recibidas."),
    Asked.CONTINUING_EDUCATION: Words(
        "Hours of continuing education before the renewal.", "Horas de formación continua antes de la renovación."
    ),
    Asked.CONTINUING_TOPICS: Words(
        "Hours of continuing education by topic before the renewal.",
        "Horas de formación continua por tema antes de la renovación.",
    ),
    Asked.CODE_OF_ETHICS: Words(
        "The code of ethics, signed again in time.", "El código de ética, firmado de nuevo a tiempo."
    ),
    Asked.LIVED_EXPERIENCE: Words(
        "The attestation of lived experience is on file.", "La declaración de experiencia vivida está archivada."
    ),
    Asked.COMPETENCIES: Words(
        "Each of the twelve competency categories looked at or trained in lately; how well counts nowhere.",
        "Cada una de las doce categorías de competencias evaluada o practicada hace poco; el nivel no cuenta.",
    ),
    Asked.SUPERVISION: Words(
        "A supervision, long enough, in the running interval.",
        "Una supervisión, de duración suficiente, en el intervalo en curso.",
    ),
    Asked.SUPERVISION_BEFORE_WORK: Words(
        "Supervision held before working directly with people, in minutes.",
        "Supervisión recibida antes de trabajar directamente con personas, en minutos.",
    ),
    Asked.SUPERVISOR: Words("Somebody supervises them today.", "Alguien le supervisa hoy."),
    Asked.SUPERVISOR_ROUTE: Words(
        "One of the ways to qualify as supervisor.", "Una de las vías para calificar como supervisor."
    ),
}
BINDING = Words("Required by who is named as source.", "Exigido por la fuente indicada.")
GUIDANCE = Words("Guidance: nobody is bound by it.", "Orientación: no obliga a nadie.")
DEFAULT = Words("A default of Handrail, not a rule.", "Un valor propuesto por Handrail, no una norma.")
DOUBTED = Words(
    "Not confirmed: compare with the text in force before you rely on it.",
    "Sin confirmar: compárelo con el texto vigente antes de apoyarse en él.",
)


def certainty(source: Rule | Source) -> Words:
    """Return in words whether something asked binds anybody, and how sure we are of it."""
    if source.confidence is Confidence.RECHECK:
        return DOUBTED
    if source.authority.binds:
        return BINDING
    return DEFAULT if source.authority is Authority.DEFAULT else GUIDANCE


def lines_of(person: Person, day: date) -> list[Line]:
    """Return everything that the rules of a day ask of somebody in their roles, in a fixed order."""
    parts = [credential_lines]
    if Role.PEER in person.roles:
        parts += [training_lines, renewal_lines, declared_lines, competency_lines, first_lines, supervision_lines]
    return [line for part in (*parts, route_lines) for line in part(person, day)]
