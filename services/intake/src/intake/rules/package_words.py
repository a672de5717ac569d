"""The words around what a package or an accounting shows, in English and Spanish."""

from collections.abc import Mapping

from common.contracts.codes import DisclosureBasis
from intake.rules.statements import Language
from intake.rules.views import ShownField as F

Words = Mapping[Language, str]
PAGE_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Information about one person",
        "prepared": "Put together on",
        "from": "From",
        "to": "To",
        "purpose": "For",
        "do_not_pass_on": "The person asked that this is not passed on. Please do not pass it on.",
        "scope": "What the person agreed to",
        "signed": "Signed by {signer} on {day} (UTC).",
        "yes": "yes",
        "no": "no",
    },
    "es": {
        "title": "Información sobre una persona",
        "prepared": "Preparado el",
        "from": "De",
        "to": "Para",
        "purpose": "Motivo",
        "do_not_pass_on": "La persona pidió que esto no se comparta con nadie más. Por favor, no lo comparta.",
        "scope": "Lo que la persona autorizó",
        "signed": "Firmado por {signer} el {day} (UTC).",
        "yes": "sí",
        "no": "no",
    },
}
FIELD_LABELS: Mapping[F, Words] = {
    F.NAME: {"en": "Name", "es": "Nombre"},
    F.BIRTH_DATE: {"en": "Date of birth", "es": "Fecha de nacimiento"},
    F.PRONOUNS: {"en": "Pronouns", "es": "Pronombres"},
    F.LANGUAGE: {"en": "Language", "es": "Idioma"},
    F.ACCESS_NEEDS: {"en": "Access needs", "es": "Lo que le facilita las cosas"},
    F.AGE_BAND: {"en": "Age at enrollment", "es": "Edad al inscribirse"},
    F.SEX: {"en": "Sex", "es": "Sexo"},
    F.PHONE: {"en": "Phone", "es": "Teléfono"},
    F.ADDRESS: {"en": "Address", "es": "Dirección"},
    F.PATIENT_STATUS: {"en": "Receives recovery support here", "es": "Recibe aquí apoyo para su recuperación"},
    F.SUBSTANCES: {"en": "Days of use in the last 30", "es": "Días de consumo en los últimos 30"},
    F.SERVICE_PERIODS: {"en": "Time with the program", "es": "Tiempo en el programa"},
    F.ATTENDANCE_DATES: {"en": "Days attended", "es": "Días en que asistió"},
    F.BILLED_SERVICES: {"en": "Services", "es": "Servicios"},
    F.GOALS: {"en": "Goals", "es": "Metas"},
    F.PROGRESS: {"en": "Progress", "es": "Avances"},
    F.ASSESSMENTS: {"en": "Assessments and scores", "es": "Evaluaciones y puntajes"},
    F.MENTAL_HEALTH_SCORES: {"en": "Scores on mental health", "es": "Puntajes de salud mental"},
    F.INCIDENT: {"en": "What happened", "es": "Qué ocurrió"},
    F.LAST_WHEREABOUTS: {"en": "Last known whereabouts", "es": "Último paradero conocido"},
    F.REPORT: {"en": "Report", "es": "Informe"},
}
PART_LABELS: Mapping[str, Words] = {
    "from": {"en": "from", "es": "desde"},
    "to": {"en": "to", "es": "hasta"},
    "on": {"en": "on", "es": "el"},
    "minutes": {"en": "minutes", "es": "minutos"},
    "kind": {"en": "kind", "es": "tipo"},
    "about": {"en": "about", "es": "sobre"},
    "goal": {"en": "goal", "es": "meta"},
    "by_when": {"en": "by", "es": "para el"},
    "standing": {"en": "standing", "es": "estado"},
    "instrument": {"en": "form", "es": "cuestionario"},
    "scores": {"en": "scores", "es": "puntajes"},
    "point": {"en": "at", "es": "en"},
    "authority": {"en": "authority", "es": "autoridad"},
    "child": {"en": "child", "es": "menor"},
    "suspected": {"en": "suspected", "es": "sospecha"},
}
BASIS_LABELS: Mapping[DisclosureBasis, Words] = {
    DisclosureBasis.CONSENT: {"en": "Your consent", "es": "Su consentimiento"},
    DisclosureBasis.HIPAA_PERMITTED: {
        "en": "Federal health privacy law (HIPAA)",
        "es": "La ley federal de privacidad de salud (HIPAA)",
    },
    DisclosureBasis.MEDICAL_EMERGENCY: {"en": "A medical emergency", "es": "Una emergencia médica"},
    DisclosureBasis.COURT_ORDER: {"en": "A court's order", "es": "La orden de un juez"},
    DisclosureBasis.CHILD_ABUSE_REPORT: {
        "en": "A report that state law asks for",
        "es": "Un informe que exige la ley del estado",
    },
    DisclosureBasis.CRIME_ON_PREMISES: {
        "en": "A crime on the premises or against staff",
        "es": "Un delito en el local o contra el personal",
    },
    DisclosureBasis.QUALIFIED_SERVICE: {
        "en": "A service that works for the program",
        "es": "Un servicio que trabaja para el programa",
    },
    DisclosureBasis.AUDIT_EVALUATION: {"en": "A review of the program", "es": "Una revisión del programa"},
    DisclosureBasis.RESEARCH: {"en": "Approved research", "es": "Una investigación aprobada"},
}
ACCOUNTING_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Who received information about you",
        "since": "From {first} to {last}.",
        "with_consent": "This list shows what was shared with your consent in the last 3 years.",
        "all": "This list shows everything that was shared in the last 6 years, with your consent or without it.",
        "none": "Nothing was shared in this time.",
        "what": "What",
        "to": "To",
        "address": "Address",
        "purpose": "Why",
        "basis": "Allowed by",
        "unknown": "not known",
        "late": "written down later, on {day}",
        "not_held": "this should not have been shared",
        "intermediary": "Passed on by {name}",
    },
    "es": {
        "title": "Quién recibió información sobre usted",
        "since": "Del {first} al {last}.",
        "with_consent": "Esta lista muestra lo que se compartió con su consentimiento en los últimos 3 años.",
        "all": "Esta lista muestra todo lo que se compartió en los últimos 6 años, con o sin su consentimiento.",
        "none": "No se compartió nada en este tiempo.",
        "what": "Qué",
        "to": "A quién",
        "address": "Dirección",
        "purpose": "Para qué",
        "basis": "Lo permitió",
        "unknown": "no se conoce",
        "late": "anotado después, el {day}",
        "not_held": "esto no debió compartirse",
        "intermediary": "Compartido por medio de {name}",
    },
}
