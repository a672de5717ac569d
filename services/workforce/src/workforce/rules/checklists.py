"""What is done when somebody comes and when they leave, as data: all of it defaults of Handrail, none of it law."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from common.contracts.codes import Role

NOTE = {
    "en": "These lists are a default of Handrail, not a rule of law. What a program's packs ask for is said elsewhere.",
    "es": "Estas listas son una propuesta de Handrail, no una norma legal. Lo que piden las normas de cada programa "
    "se indica en otro lugar.",
}
PEER = frozenset({Role.PEER})
SUPERVISOR = frozenset({Role.SUPERVISOR})
EVERYBODY: frozenset[Role] = frozenset()


class ChecklistKind(StrEnum):
    ONBOARDING = "onboarding"
    LEAVING = "leaving"


class Doer(StrEnum):
    """Whose it is to do: the member of staff's own, their supervisor's or an administrator's."""

    MEMBER = "member"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Sight(StrEnum):
    """What Handrail sees by itself, as things stand on the day of asking."""

    SIGNED_IN = "signed_in"
    TWO_FACTORS_USED = "two_factors_used"
    CONFIDENTIALITY_ATTESTED = "confidentiality_attested"
    ETHICS_ATTESTED = "ethics_attested"
    LIVED_EXPERIENCE_ATTESTED = "lived_experience_attested"
    PLACED = "placed"
    SUPERVISED = "supervised"
    CREDENTIAL_IN_FORCE = "credential_in_force"
    CORE_TRAINING = "core_training"
    SUPERVISOR_TRAINING = "supervisor_training"
    SUPERVISION_HELD = "supervision_held"
    COMPETENCIES_ASSESSED = "competencies_assessed"
    CASELOAD_HANDED_OVER = "caseload_handed_over"
    SUPERVISEES_HANDED_OVER = "supervisees_handed_over"
    PLACEMENTS_ENDED = "placements_ended"
    DEVICES_ENDED = "devices_ended"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing to do. `roles`: for whom, empty for everybody. `sight`: what ticks it; None where a person does."""

    kind: ChecklistKind
    code: str
    doer: Doer
    en: str
    es: str
    sight: Sight | None = None
    roles: frozenset[Role] = EVERYBODY

    def is_for(self, roles: Collection[str]) -> bool:
        return not self.roles or not self.roles.isdisjoint(roles)


def _coming(
    code: str, doer: Doer, en: str, es: str, sight: Sight | None = None, roles: frozenset[Role] = EVERYBODY
) -> ChecklistItem:
    return ChecklistItem(ChecklistKind.ONBOARDING, code, doer, en, es, sight, roles)


def _leaving(
    code: str, doer: Doer, en: str, es: str, sight: Sight | None = None, roles: frozenset[Role] = EVERYBODY
) -> ChecklistItem:
    return ChecklistItem(ChecklistKind.LEAVING, code, doer, en, es, sight, roles)


ITEMS: tuple[ChecklistItem, ...] = (
    _coming(
        "papers_complete",
        Doer.ADMINISTRATOR,
        "The papers for the employment are complete.",
        "La documentación del empleo está completa.",
    ),
    _coming(
        "first_sign_in",
        Doer.MEMBER,
        "They have signed in for the first time.",
        "Ha iniciado sesión por primera vez.",
        Sight.SIGNED_IN,
    ),
    _coming(
        "two_factors",
        Doer.MEMBER,
        "They have signed in with two factors, or with a passkey.",
        "Ha iniciado sesión con dos factores o con una llave de acceso.",
        Sight.TWO_FACTORS_USED,
    ),
    _coming(
        "confidentiality",
        Doer.MEMBER,
        "They have signed the declaration of confidentiality.",
        "Ha firmado la declaración de confidencialidad.",
        Sight.CONFIDENTIALITY_ATTESTED,
    ),
    _coming(
        "code_of_ethics",
        Doer.MEMBER,
        "They have signed the code of ethics.",
        "Ha firmado el código de ética.",
        Sight.ETHICS_ATTESTED,
    ),
    _coming(
        "lived_experience",
        Doer.MEMBER,
        "They have attested to lived experience, without saying of what.",
        "Ha declarado tener experiencia vivida, sin decir cuál.",
        Sight.LIVED_EXPERIENCE_ATTESTED,
        PEER,
    ),
    _coming(
        "placed",
        Doer.ADMINISTRATOR,
        "They are placed in a program.",
        "Está asignado o asignada a un programa.",
        Sight.PLACED,
    ),
    _coming(
        "supervisor",
        Doer.ADMINISTRATOR,
        "A supervisor is assigned to them.",
        "Tiene a alguien que supervisa su trabajo.",
        Sight.SUPERVISED,
        PEER,
    ),
    _coming(
        "credential",
        Doer.ADMINISTRATOR,
        "A credential in force is recorded.",
        "Consta una acreditación vigente.",
        Sight.CREDENTIAL_IN_FORCE,
        PEER,
    ),
    _coming(
        "core_training",
        Doer.ADMINISTRATOR,
        "Hours of core training are recorded.",
        "Constan horas de formación básica.",
        Sight.CORE_TRAINING,
        PEER,
    ),
    _coming(
        "supervisor_training",
        Doer.ADMINISTRATOR,
        "Hours of training in supervising peers are recorded.",
        "Constan horas de formación en supervisión de pares.",
        Sight.SUPERVISOR_TRAINING,
        SUPERVISOR,
    ),
    _coming(
        "privacy_explained",
        Doer.ADMINISTRATOR,
        "How records are protected (42 CFR Part 2, HIPAA) was explained.",
        "Se explicó cómo se protegen los expedientes (42 CFR parte 2, HIPAA).",
    ),
    _coming(
        "role_explained",
        Doer.SUPERVISOR,
        "What the role is, and what it is not, was talked through.",
        "Se habló de qué es y qué no es su función.",
    ),
    _coming(
        "emergencies_explained",
        Doer.SUPERVISOR,
        "They know whom to call, and what to do, in an emergency.",
        "Sabe a quién llamar y qué hacer en una emergencia.",
    ),
    _coming(
        "shadowing",
        Doer.SUPERVISOR,
        "They went along with an experienced peer before working alone.",
        "Acompañó a un par con experiencia antes de trabajar por su cuenta.",
        roles=PEER,
    ),
    _coming(
        "first_supervision",
        Doer.SUPERVISOR,
        "A first supervision was held.",
        "Se realizó una primera supervisión.",
        Sight.SUPERVISION_HELD,
        PEER,
    ),
    _coming(
        "competencies",
        Doer.SUPERVISOR,
        "Competencies were looked at together for the first time.",
        "Se revisaron juntos las competencias por primera vez.",
        Sight.COMPETENCIES_ASSESSED,
        PEER,
    ),
    _leaving(
        "caseload_handed_over",
        Doer.ADMINISTRATOR,
        "Whom they accompany is handed over, or somebody is named who takes over.",
        "Las personas que acompaña pasaron a otro par, o se sabe quién las acompañará.",
        Sight.CASELOAD_HANDED_OVER,
    ),
    _leaving(
        "supervisees_handed_over",
        Doer.ADMINISTRATOR,
        "They supervise nobody after the last day.",
        "No supervisa a nadie después del último día.",
        Sight.SUPERVISEES_HANDED_OVER,
    ),
    _leaving(
        "placements_ended",
        Doer.ADMINISTRATOR,
        "They are placed in no program after the last day.",
        "No está en ningún programa después del último día.",
        Sight.PLACEMENTS_ENDED,
    ),
    _leaving(
        "devices_ended",
        Doer.ADMINISTRATOR,
        "What waited on their phones was sent, and the phones are ended.",
        "Se envió lo que esperaba en sus teléfonos, y los teléfonos están dados de baja.",
        Sight.DEVICES_ENDED,
    ),
    _leaving(
        "goodbyes",
        Doer.MEMBER,
        "The people whom they accompany were told in good time.",
        "Se avisó con tiempo a las personas que acompaña.",
        roles=PEER,
    ),
    _leaving(
        "notes_finished",
        Doer.SUPERVISOR,
        "Their notes are finished and signed.",
        "Sus notas están terminadas y firmadas.",
    ),
    _leaving(
        "things_returned",
        Doer.ADMINISTRATOR,
        "Phone, keys and badge were given back.",
        "Devolvió el teléfono, las llaves y la identificación.",
    ),
    _leaving(
        "other_accounts_closed",
        Doer.ADMINISTRATOR,
        "Accounts outside Handrail are closed.",
        "Se cerraron las cuentas fuera de Handrail.",
    ),
    _leaving(
        "signed_out",
        Doer.ADMINISTRATOR,
        "Nobody is signed in as them.",
        "No queda ninguna sesión abierta a su nombre.",
        Sight.SIGNED_OUT,
    ),
    _leaving(
        "exit_talk",
        Doer.SUPERVISOR,
        "A talk at the end was offered.",
        "Se ofreció una conversación de despedida.",
    ),
)
BY_CODE: Mapping[str, ChecklistItem] = {item.code: item for item in ITEMS}


def lists_for(roles: Collection[str], *, leaves: bool) -> dict[ChecklistKind, list[ChecklistItem]]:
    """Return somebody's lists by their roles; there is one for leaving once a last day is known."""
    kinds = list(ChecklistKind) if leaves else [ChecklistKind.ONBOARDING]
    return {kind: [item for item in ITEMS if item.kind is kind and item.is_for(roles)] for kind in kinds}


def item_for(code: str, roles: Collection[str], *, leaves: bool) -> ChecklistItem | None:
    """Return an item if it is on somebody's lists."""
    item = BY_CODE.get(code)
    if item is None or not item.is_for(roles):
        return None
    return item if leaves or item.kind is ChecklistKind.ONBOARDING else None


def may_tick(item: ChecklistItem, *, oneself: bool, administers: bool, supervises: bool) -> bool:
    """Tell who ticks an item that Handrail does not see.

    Nobody ticks about themself what somebody else is to do; one's own part, one ticks oneself or administrators do.
    """
    if oneself:
        return item.doer is Doer.MEMBER
    return administers or (supervises and item.doer is Doer.SUPERVISOR)
