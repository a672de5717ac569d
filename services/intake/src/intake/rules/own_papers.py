"""The words of a person's own view of their papers: how consents stand, who received what, and who looked."""

from collections.abc import Mapping
from enum import StrEnum

from common.contracts.codes import ConsentType, Role
from intake.rules.consent_states import ConsentStanding, RecipientState
from intake.rules.own import Labels

# What was signed once; a draft is nobody's consent, and what was declined or discarded never became one.
SHOWN = frozenset(ConsentStanding) - {
    *(ConsentStanding.DRAFT, ConsentStanding.PRESENTED),
    *(ConsentStanding.DISCARDED, ConsentStanding.DECLINED),
}
REVOCABLE = frozenset(
    {ConsentStanding.NOT_YET, ConsentStanding.ACTIVE, ConsentStanding.EXPIRED, ConsentStanding.SUSPENDED}
)


class LookedAt(StrEnum):
    """What of a record was looked at, as far as the person needs to tell one look from another."""

    RECORD = "record"
    SERVICE = "service"
    PLAN = "plan"
    ANSWERS = "answers"
    CONTACT = "contact"
    SAFETY = "safety"
    REFERRAL = "referral"
    PAPERS = "papers"
    OWN = "own"
    EMERGENCY = "emergency"
    OTHER = "other"


class LookKind(StrEnum):
    READ = "read"
    FOUND = "found"
    WROTE = "wrote"


class OwnOutcome(StrEnum):
    """What became of the person's own wish to stop a consent."""

    REVOKED = "revoked"
    RECIPIENT_REVOKED = "recipient_revoked"
    REQUESTED = "requested"
    NOTHING_TO_DO = "nothing_to_do"


NOUNS: Mapping[LookedAt, tuple[str, ...]] = {
    LookedAt.RECORD: ("participant", "duplicate", "merge"),
    LookedAt.SERVICE: (
        *("episode", "assignment", "peer", "caseload", "caseloads", "waiting", "match", "attempt", "veto"),
        *("eligibility", "grant", "meeting", "reassignment"),
    ),
    LookedAt.PLAN: ("plan",),
    LookedAt.ANSWERS: ("answer", "assessment", "instrument", "federal-point"),
    LookedAt.CONTACT: ("safe-contact", "locator"),
    LookedAt.SAFETY: ("safety-concern",),
    LookedAt.REFERRAL: ("referral", "referral-import"),
    LookedAt.PAPERS: (
        *("consent", "disclosure", "package", "notice", "restriction", "relation", "accounting", "court-order"),
        *("legal-demand", "looks", "fhir-consent", "intermediary-disclosure"),
    ),
    LookedAt.OWN: (
        *("own-code", "own-plan", "own-form", "own-instrument", "own-answer", "own-papers", "own-consent"),
        *("self-intake",),
    ),
    LookedAt.EMERGENCY: ("break-glass",),
}
OF_NOUN: Mapping[str, LookedAt] = {noun: what for what, nouns in NOUNS.items() for noun in nouns}
READING = frozenset(
    {
        *("read", "show", "records", "changes", "versions", "history", "trend", "standing", "merges", "agreement"),
        *("predictors", "preview", "check", "words", "document", "incident_candidates"),
    }
)
FINDING = frozenset({"search", "list", "queue", "waiting", "due"})


def looked_at(action: str) -> tuple[LookedAt, LookKind]:
    """Return what an audited action, `noun.verb`, looked at and how."""
    noun, _, verb = action.partition(".")
    kind = LookKind.READ if verb in READING or verb.endswith("-read") else LookKind.WROTE
    if verb in FINDING:
        kind = LookKind.FOUND
    return OF_NOUN.get(noun, LookedAt.OTHER), kind


STANDINGS: Labels = {
    ConsentStanding.NOT_YET: ("Signed, has not begun yet", "Firmado, todavía no empieza"),
    ConsentStanding.ACTIVE: ("In force", "Vigente"),
    ConsentStanding.EXPIRED: ("Over", "Terminado"),
    ConsentStanding.SUSPENDED: ("Stopped for now", "Detenido por ahora"),
    ConsentStanding.REVOKED: ("Revoked", "Revocado"),
    ConsentStanding.SUPERSEDED: ("Replaced by a newer one", "Reemplazado por uno más nuevo"),
    ConsentStanding.VOID: ("Not valid", "No válido"),
}
RECIPIENTS: Labels = {
    RecipientState.ACTIVE: ("Included", "Incluido"),
    RecipientState.SUSPENDED: ("Stopped for now", "Detenido por ahora"),
    RecipientState.REVOKED: ("Revoked", "Revocado"),
}
TYPES: Labels = {
    ConsentType.TPO: (
        "One consent for treatment, payment and health care operations",
        "Un solo consentimiento para tratamiento, pago y operaciones de atención médica",
    ),
    ConsentType.NAMED_RECIPIENTS: ("Consent for those it names", "Consentimiento para quienes nombra"),
    ConsentType.INTERMEDIARY: ("Consent to pass records on", "Consentimiento para transmitir registros"),
    ConsentType.COUNSELING_NOTES: ("Consent for counseling notes", "Consentimiento para notas de consejería"),
    ConsentType.PROCEEDINGS: ("Consent for a legal proceeding", "Consentimiento para un proceso legal"),
    ConsentType.CRIMINAL_JUSTICE: (
        "Consent for the justice system",
        "Consentimiento para el sistema de justicia",
    ),
    ConsentType.RESEARCH: ("Consent for a study", "Consentimiento para un estudio"),
}
LOOKED_AT: Labels = {
    LookedAt.RECORD: ("Who you are", "Quién es usted"),
    LookedAt.SERVICE: ("Your time with us", "Su tiempo con nosotros"),
    LookedAt.PLAN: ("Your plan", "Su plan"),
    LookedAt.ANSWERS: ("Your answers to questions", "Sus respuestas a preguntas"),
    LookedAt.CONTACT: ("How to reach you", "Cómo comunicarse con usted"),
    LookedAt.SAFETY: ("Your safety", "Su seguridad"),
    LookedAt.REFERRAL: ("How you came to us, or where you were sent", "Cómo llegó a nosotros, o adónde fue enviado"),
    LookedAt.PAPERS: ("Your consents and notices", "Sus consentimientos y avisos"),
    LookedAt.OWN: ("What you see and send with a code", "Lo que usted ve y envía con un código"),
    LookedAt.EMERGENCY: ("Your record, in an emergency", "Su registro, en una emergencia"),
    LookedAt.OTHER: ("Something else in your record", "Otra cosa en su registro"),
}
LOOK_KINDS: Labels = {
    LookKind.READ: ("looked at it", "lo miró"),
    LookKind.FOUND: ("saw it in a list", "lo vio en una lista"),
    LookKind.WROTE: ("wrote something", "escribió algo"),
}
ROLES: Labels = {
    Role.PEER: ("Peer specialist", "Especialista de apoyo entre pares"),
    Role.SUPERVISOR: ("Supervisor", "Supervisión"),
    Role.ADMINISTRATOR: ("Administration", "Administración"),
    Role.PRIVACY_OFFICER: ("Privacy officer", "Oficial de privacidad"),
    Role.AUDITOR: ("Auditor", "Auditoría"),
    Role.SERVICE: ("The computer system", "El sistema informático"),
}
YOURSELF = ("You", "Usted")
SOMEBODY = ("A member of staff", "Una persona del personal")
OUTCOMES: Labels = {
    OwnOutcome.REVOKED: (
        "This consent is revoked. From now on nothing is shared under it. What was shared before cannot be taken back.",
        "Este consentimiento está revocado. Desde ahora no se comparte nada con él. Lo que se compartió antes no se "
        "puede recuperar.",
    ),
    OwnOutcome.RECIPIENT_REVOKED: (
        "From now on nothing is shared with this recipient under this consent. The rest of it stays as it is.",
        "Desde ahora no se comparte nada con este destinatario con este consentimiento. Lo demás sigue igual.",
    ),
    OwnOutcome.REQUESTED: (
        "We wrote down that you asked. A federal rule, 42 CFR 2.35, does not let this consent be revoked yet, because "
        "taking part here is a condition in a legal matter. Somebody who works with you will explain it.",
        "Anotamos que usted lo pidió. Una regla federal, 42 CFR 2.35, no permite todavía revocar este consentimiento, "
        "porque participar aquí es una condición en un asunto legal. Alguien que trabaja con usted se lo explicará.",
    ),
    OwnOutcome.NOTHING_TO_DO: (
        "Nothing is shared under this any more. There is nothing left to revoke.",
        "Con esto ya no se comparte nada. No queda nada que revocar.",
    ),
}
REVOCABLE_ON = ("It can be revoked from {day}.", "Se puede revocar a partir del {day}.")
REVOCABLE_AFTER = (
    "It can be revoked once this has happened: {event}",
    "Se puede revocar cuando haya pasado esto: {event}",
)
STOP_HERE = (
    "You can revoke this, all of it or for one recipient, with the code that you typed, or in writing.",
    "Puede revocarlo, todo o para un destinatario, con el código que escribió, o por escrito.",
)
TITLE = ("Your papers", "Sus papeles")
CONSENTS = ("What you agreed to", "Lo que usted aceptó")
RECEIVED_BY = ("Who received something about you", "Quién recibió algo sobre usted")
LOOKS = ("Who looked at your record", "Quién miró su registro")
NOTICES = ("Your privacy notice", "Su aviso de privacidad")
NONE = ("Nothing so far.", "Nada hasta ahora.")
NOT_ON_FILE = (
    "The words of this version are not kept here. Ask for a copy.",
    "El texto de esta versión no se guarda aquí. Pida una copia.",
)
MORE_LOOKS = (
    "There are earlier ones. The privacy officer can show them to you.",
    "Hay anteriores. La persona oficial de privacidad se las puede mostrar.",
)
SIGNED = ("Signed", "Firmado")
UNTIL = ("Until when", "Hasta cuándo")
STOP = ("How to stop it", "Cómo detenerlo")
WHO = ("Who", "Quién")
WHAT = ("What", "Qué")
WHY = ("Why", "Para qué")
