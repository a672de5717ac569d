"""What a person sees and says of themselves without an account: codes, what is theirs to say, and words for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from common.contracts.codes import Dimension, Sex
from intake.rules.instruments import Pack
from intake.rules.people import ANSWERED_BY, AskedFor, IdentityField
from intake.rules.planning import GoalStanding, TaskDoer, TaskStatus

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no 0 and O, no 1 and I: they are read for one another
# 60 bits. A thousand guesses a second against a thousand open codes need some 36,000 years to find one, and none stays
# open for more than three days; so wrong guesses need no count, which a stranger could use to lock people out.
CODE_LETTERS = 12
GROUP = 4
BITS = 5


class OwnPurpose(StrEnum):
    INTAKE = "intake"
    PLAN = "plan"
    INSTRUMENT = "instrument"
    PAPERS = "papers"


class OwnLanguage(StrEnum):
    EN = "en"
    ES = "es"


class SelfIntakeStatus(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class DismissalReason(StrEnum):
    NOT_THE_PERSON = "not_the_person"
    MISTAKE = "mistake"
    OUTDATED = "outdated"
    TRIED_OUT = "tried_out"


class Obstacle(StrEnum):
    """Why somebody may not be left alone with an instrument."""

    NO_WORDS = "no_words"
    OTHER_LANGUAGE = "other_language"
    DANGER = "danger"


def obstacle(pack: Pack, language: OwnLanguage, *, staff_near: bool) -> Obstacle | None:
    """Return what stands against filling in an instrument alone, if anything.

    Who says that they are in danger must not be alone: an instrument that asks about it needs somebody near.
    """
    if not all(item.text for item in pack.items):
        return Obstacle.NO_WORDS
    if language not in pack.languages:
        return Obstacle.OTHER_LANGUAGE
    return Obstacle.DANGER if pack.safety and not staff_near else None


def code_letters(digest: bytes) -> str:
    """Return the letters of a code from the first 60 bits of a keyed digest."""
    number = int.from_bytes(digest[:8]) >> (64 - BITS * CODE_LETTERS)
    return "".join(LETTERS[number >> BITS * place & 31] for place in reversed(range(CODE_LETTERS)))


def grouped(letters: str) -> str:
    """Return a code as it is read out and typed: `ABCD-EFGH-JKLM`."""
    return "-".join(letters[place : place + GROUP] for place in range(0, len(letters), GROUP))


def typed_letters(typed: str) -> str | None:
    """Return the letters of a code however it was typed, or None if it cannot be one."""
    letters = "".join(typed.upper().replace("-", " ").split())
    return letters if len(letters) == CODE_LETTERS and set(letters) <= set(LETTERS) else None


OWN_FIELDS = (
    *(IdentityField.NAME, IdentityField.ALIAS, IdentityField.PRONOUNS, IdentityField.GENDER_IDENTITY),
    *(IdentityField.BIRTH_DATE, IdentityField.RACE_ETHNICITY, IdentityField.LANGUAGE),
    *(IdentityField.PHONE, IdentityField.EMAIL, IdentityField.ADDRESS, IdentityField.ACCESS_NEEDS_WORDS),
)
NAMING = frozenset(
    {
        *(IdentityField.NAME, IdentityField.ALIAS, IdentityField.BIRTH_DATE),
        *(IdentityField.PHONE, IdentityField.EMAIL, IdentityField.ADDRESS),
    }
)


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What a person said of themselves: values given, fields to be forgotten, and what they would rather not say."""

    given: Mapping[str, Any] = field(default_factory=dict)
    removed: Collection[str] = ()
    declined: Collection[str] = ()


def combined(known: Mapping[str, Any], said: OwnWords) -> dict[str, Any]:
    """Return what is known of somebody after what they said.

    What they left out stays. Declining takes away nothing that is known already, for that is what `removed` says; and
    an answer ends the declining of it.
    """
    after = {name: value for name, value in known.items() if name not in said.removed} | dict(said.given)
    if any(name in after for name in NAMING):
        after.pop(IdentityField.ANONYMOUS, None)
    declined = [code for code in AskedFor if code in said.declined or code in known.get(IdentityField.DECLINED, ())]
    after.pop(IdentityField.DECLINED, None)
    if left := [str(code) for code in declined if not _answered(after, code)]:
        after[IdentityField.DECLINED] = left
    return {str(name): value for name, value in after.items()}


def _answered(known: Mapping[str, Any], code: AskedFor) -> bool:
    return any(known.get(name) not in (None, [], Sex.UNKNOWN) for name in ANSWERED_BY[code])


# By kind of code, English and Spanish.
Labels = Mapping[StrEnum, tuple[str, str]]
DIMENSIONS: Labels = {
    Dimension.HEALTH: ("Health", "Salud"),
    Dimension.HOME: ("Home", "Hogar"),
    Dimension.PURPOSE: ("Purpose", "Propósito"),
    Dimension.COMMUNITY: ("Community", "Comunidad"),
}
STANDINGS: Labels = {
    GoalStanding.NOT_STARTED: ("Not started yet", "Todavía sin empezar"),
    GoalStanding.STARTED: ("Started", "Empezada"),
    GoalStanding.HALFWAY: ("Halfway there", "A medio camino"),
    GoalStanding.NEARLY: ("Nearly there", "Casi lograda"),
    GoalStanding.REACHED: ("Reached", "Lograda"),
    GoalStanding.SET_ASIDE: ("Set aside for now", "En pausa por ahora"),
}
STATUSES: Labels = {
    TaskStatus.OPEN: ("To do", "Por hacer"),
    TaskStatus.DONE: ("Done", "Hecho"),
    TaskStatus.DROPPED: ("No longer planned", "Ya no está previsto"),
}
DOERS: Labels = {
    TaskDoer.PARTICIPANT: ("You", "Usted"),
    TaskDoer.PEER: ("Your peer specialist", "Su especialista de apoyo entre pares"),
    TaskDoer.TOGETHER: ("You and your peer specialist", "Usted y su especialista de apoyo entre pares"),
    TaskDoer.OTHER: ("Somebody else", "Otra persona"),
}
FIELDS: Labels = {
    IdentityField.NAME: ("Name", "Nombre"),
    IdentityField.ALIAS: ("What people call you", "Cómo le llaman"),
    IdentityField.PRONOUNS: ("Pronouns", "Pronombres"),
    IdentityField.GENDER_IDENTITY: ("Gender, in your own words", "Género, en sus propias palabras"),
    IdentityField.BIRTH_DATE: ("Date of birth", "Fecha de nacimiento"),
    IdentityField.RACE_ETHNICITY: ("Race or ethnicity, in your own words", "Raza u origen étnico, en sus palabras"),
    IdentityField.LANGUAGE: ("Language you prefer", "Idioma que prefiere"),
    IdentityField.PHONE: ("Phone", "Teléfono"),
    IdentityField.EMAIL: ("E-mail", "Correo electrónico"),
    IdentityField.ADDRESS: ("Address", "Dirección"),
    IdentityField.ACCESS_NEEDS_WORDS: ("What makes things easier for you", "Qué le facilita las cosas"),
}
ASKED: Labels = {
    AskedFor.BIRTH_DATE: ("Date of birth", "Fecha de nacimiento"),
    AskedFor.SEX: ("Sex", "Sexo"),
    AskedFor.PRONOUNS: ("Pronouns", "Pronombres"),
    AskedFor.GENDER_IDENTITY: ("Gender", "Género"),
    AskedFor.RACE_ETHNICITY: ("Race or ethnicity", "Raza u origen étnico"),
    AskedFor.LANGUAGE: ("Language", "Idioma"),
    AskedFor.CONTACT: ("How to reach you", "Cómo comunicarnos con usted"),
    AskedFor.ACCESS_NEEDS: ("What makes things easier for you", "Qué le facilita las cosas"),
}
RECEIVED = (
    "Thank you. Somebody who works with you will look at this with you.",
    "Gracias. Alguien que trabaja con usted lo revisará con usted.",
)
ANSWERED = (
    "Thank you. Somebody who works with you will talk with you about it.",
    "Gracias. Alguien que trabaja con usted lo comentará con usted.",
)
MAY_DECLINE = (
    "You may leave out anything. Saying that you would rather not is a full answer.",
    "Puede dejar en blanco lo que quiera. Decir que prefiere no contestar es una respuesta completa.",
)


def said_in(language: OwnLanguage, pair: tuple[str, str]) -> str:
    """Return the English or the Spanish of a pair."""
    return pair[1] if language is OwnLanguage.ES else pair[0]
