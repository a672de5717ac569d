"""The privacy notice of 42 CFR 2.22: how it was taken, why it waited, and a mechanical look at what its text lacks."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files

from common.contracts.codes import CloseReason


class NoticeLanguage(StrEnum):
    EN = "en"
    ES = "es"


class NoticeAcknowledgement(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    NOT_ASKED = "not_asked"


class DeferralReason(StrEnum):
    EMERGENCY = "emergency"
    UNABLE_NOW = "unable_now"


class NoticePart(StrEnum):
    """What the notice must hold (42 CFR 2.22(b)(1))."""

    HEADING = "heading"
    USES_WITH_CONSENT = "uses_with_consent"
    USES_WITHOUT_CONSENT = "uses_without_consent"
    SINGLE_CONSENT = "single_consent"
    REVOCATION = "revocation"
    PROCEEDINGS = "proceedings"
    REDISCLOSURE = "redisclosure"
    FUNDRAISING = "fundraising"
    RIGHTS = "rights"
    DUTIES = "duties"
    COMPLAINT_TO_PROGRAM = "complaint_to_program"
    COMPLAINT_TO_SECRETARY = "complaint_to_secretary"
    NO_RETALIATION = "no_retaliation"
    CONTACT_PHONE = "contact_phone"
    CONTACT_EMAIL = "contact_email"
    EFFECTIVE_DATE = "effective_date"


# Nothing to be notified of remains where the person died, went away, or was met once on the street.
CLOSED_WITHOUT_NOTICE = frozenset({CloseReason.DECEASED, CloseReason.LOST_CONTACT})
PHONE = r"(?<!\d)(\+?1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?!\d)"
EMAIL = r"[^@\s]{1,64}@[^@\s]{1,190}\.[a-z]{2,}"
DAY = r"(\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}|[a-z]{3,12} \d{1,2}, \d{4}|\d{1,2} de [a-z]{3,12} de[l]? \d{4})"
# Each part by language: every expression must be found, in lower case and without accents.
MARKS: Mapping[NoticeLanguage, Mapping[NoticePart, tuple[str, ...]]] = {
    NoticeLanguage.EN: {
        NoticePart.HEADING: (r"notice of privacy practices", r"used and disclosed", r"your rights", r"complaint"),
        NoticePart.USES_WITH_CONSENT: (r"with your (written )?consent",),
        NoticePart.USES_WITHOUT_CONSENT: (r"without your (written )?consent",),
        NoticePart.SINGLE_CONSENT: (r"single consent", r"treatment, payment,? (and|or) health care operations"),
        NoticePart.REVOCATION: (r"revoke",),
        NoticePart.PROCEEDINGS: (
            r"civil, criminal, administrative,? (and|or) legislative",
            r"court order",
            r"subpoena",
        ),
        NoticePart.REDISCLOSURE: (r"redisclos|re-disclos|pass(ed)? (it )?on",),
        NoticePart.FUNDRAISING: (r"fundrais|raise money",),
        NoticePart.RIGHTS: (r"restrict", r"accounting|list of disclosures", r"copy of this notice", r"right"),
        NoticePart.DUTIES: (r"required by law", r"(change|amend) (the terms of )?this notice"),
        NoticePart.COMPLAINT_TO_PROGRAM: (r"complain",),
        NoticePart.COMPLAINT_TO_SECRETARY: (r"secretary", r"health and human services"),
        NoticePart.NO_RETALIATION: (r"retaliat",),
        NoticePart.EFFECTIVE_DATE: (rf"effective\b.{{0,80}}?{DAY}",),
    },
    NoticeLanguage.ES: {
        NoticePart.HEADING: (r"aviso (de|sobre) (las )?practicas de privacidad", r"derechos", r"queja"),
        NoticePart.USES_WITH_CONSENT: (r"con su consentimiento",),
        NoticePart.USES_WITHOUT_CONSENT: (r"sin su consentimiento",),
        NoticePart.SINGLE_CONSENT: (r"un solo consentimiento|consentimiento unico", r"tratamiento, (el )?pago"),
        NoticePart.REVOCATION: (r"revocar|revoque",),
        NoticePart.PROCEEDINGS: (
            r"civil(es)?, penal(es)?, administrativ\w+,? (y|o|ni) legislativ",
            r"orden",
            r"citacion",
        ),
        NoticePart.REDISCLOSURE: (r"volver a (divulgar|compartir)|redivulga|nueva divulgacion",),
        NoticePart.FUNDRAISING: (r"recaudar fondos|recaudacion de fondos",),
        NoticePart.RIGHTS: (r"restring|restriccion|limit", r"lista de|rendicion de cuentas", r"copia de este aviso"),
        NoticePart.DUTIES: (r"la ley (nos )?(exige|obliga)", r"cambiar (los terminos de )?este aviso"),
        NoticePart.COMPLAINT_TO_PROGRAM: (r"queja",),
        NoticePart.COMPLAINT_TO_SECRETARY: (r"secretari[oa]", r"salud y servicios humanos"),
        NoticePart.NO_RETALIATION: (r"represalia",),
        NoticePart.EFFECTIVE_DATE: (rf"(vigente|vigencia|entra en vigor)\b.{{0,80}}?{DAY}",),
    },
}
ANYWHERE: Mapping[NoticePart, tuple[str, ...]] = {
    NoticePart.CONTACT_PHONE: (PHONE,),
    NoticePart.CONTACT_EMAIL: (EMAIL,),
}


def parts_lacking(words: str, language: NoticeLanguage) -> list[NoticePart]:
    """Return the parts of which no sign is found. A sign proves nothing and its absence only warns: words are free."""
    plain = _plain(words)
    marks = {**MARKS[language], **ANYWHERE}
    return [part for part in NoticePart if not all(re.search(mark, plain) for mark in marks[part])]


BLANK = "___"


def is_complete(words: str, language: NoticeLanguage) -> bool:
    """Tell whether a text has no blank left and shows a sign of every part."""
    return BLANK not in words and not parts_lacking(words, language)


def _plain(words: str) -> str:
    decomposed = unicodedata.normalize("NFD", words.casefold())
    kept = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(kept.replace("*", "").split())


def model_notice(language: NoticeLanguage) -> str:
    """Return the model text in our own words, with blanks; an agency has its counsel read it."""
    return files("intake.rules").joinpath("papers", f"notice_{language}.md").read_text(encoding="utf-8")
