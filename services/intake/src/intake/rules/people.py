"""What follows from a birth date, a telephone number or a pair of days, and what an intake still lacks."""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from enum import StrEnum

from common.contracts.codes import AgeBand, Sex


class NoticeChannel(StrEnum):
    PAPER = "paper"
    ELECTRONIC = "electronic"
    EMAIL = "email"
    MAIL = "mail"
    READ_ALOUD = "read_aloud"


class IdentityField(StrEnum):
    """What is kept about who somebody is, a code for each field."""

    NAME = "name"
    ALIAS = "alias"
    PRONOUNS = "pronouns"
    GENDER_IDENTITY = "gender_identity"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    RACE_ETHNICITY = "race_ethnicity"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    LANGUAGE = "language"
    LANGUAGES = "languages"
    ACCESS_NEEDS = "access_needs"
    ACCESS_NEEDS_WORDS = "access_needs_words"
    DECLINED = "declined"
    ANONYMOUS = "anonymous"


class AskedFor(StrEnum):
    """What a person may decline to say."""

    BIRTH_DATE = "birth_date"
    SEX = "sex"
    PRONOUNS = "pronouns"
    GENDER_IDENTITY = "gender_identity"
    RACE_ETHNICITY = "race_ethnicity"
    LANGUAGE = "language"
    CONTACT = "contact"  # neither phone nor e-mail nor address: declined, or there is none
    ACCESS_NEEDS = "access_needs"


class IntakeStage(StrEnum):
    BRIEF = "brief"
    FULL = "full"


BAND_STARTS = (18, 25, 35, 45, 55, 65)
BANDS = (
    AgeBand.UNDER_18,
    AgeBand.FROM_18,
    AgeBand.FROM_25,
    AgeBand.FROM_35,
    AgeBand.FROM_45,
    AgeBand.FROM_55,
    AgeBand.FROM_65,
)


def age_band(birth_date: date | None, on: date) -> AgeBand:
    """Return the band of the age in full years on a day; somebody born on 29 February ages on 1 March."""
    if birth_date is None:
        return AgeBand.UNKNOWN
    years = on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))
    return BANDS[bisect_right(BAND_STARTS, years)]


# Any one of the fields answers the question; an empty list of access needs is the answer "none".
ANSWERED_BY: Mapping[AskedFor, tuple[IdentityField, ...]] = {
    AskedFor.BIRTH_DATE: (IdentityField.BIRTH_DATE,),
    AskedFor.SEX: (IdentityField.SEX,),
    AskedFor.PRONOUNS: (IdentityField.PRONOUNS,),
    AskedFor.GENDER_IDENTITY: (IdentityField.GENDER_IDENTITY,),
    AskedFor.RACE_ETHNICITY: (IdentityField.RACE_ETHNICITY,),
    AskedFor.LANGUAGE: (IdentityField.LANGUAGE, IdentityField.LANGUAGES),
    AskedFor.CONTACT: (IdentityField.PHONE, IdentityField.EMAIL, IdentityField.ADDRESS),
    AskedFor.ACCESS_NEEDS: (IdentityField.ACCESS_NEEDS, IdentityField.ACCESS_NEEDS_WORDS),
}
OPTIONAL = frozenset({AskedFor.GENDER_IDENTITY, AskedFor.RACE_ETHNICITY})


def missing_for_full_intake(answers: Mapping[str, object], declined: Collection[str]) -> list[str]:
    """Return the codes of what a full intake asks and was neither answered nor declined.

    The sex `unknown` is no answer. `name` cannot be declined, but an alias answers it.
    """

    def answered(fields: Collection[IdentityField]) -> bool:
        return any(answers.get(field) not in (None, Sex.UNKNOWN) for field in fields)

    missing = [] if answered((IdentityField.NAME, IdentityField.ALIAS)) else [str(IdentityField.NAME)]
    asked = [code for code in ANSWERED_BY if code not in OPTIONAL and code not in declined]
    return missing + [str(code) for code in asked if not answered(ANSWERED_BY[code])]


def intake_stage(missing: Collection[str]) -> IntakeStage:
    return IntakeStage.BRIEF if missing else IntakeStage.FULL


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> list[IdentityField]:
    """Return which fields truly changed; what was never asked equals what is not known."""
    return [field for field in IdentityField if before.get(field) != after.get(field)]


def phone_digits(phone: str) -> str:
    """Return a phone number as it is compared: digits, without the American 1; words stay as they are."""
    digits = "".join(character for character in phone if character.isdigit())
    if len(digits) == 11 and digits.startswith("1"):
        return digits[1:]
    return digits or phone


def is_active(first: date, last: date | None, on: date) -> bool:
    """Tell whether `on` lies between two days, both included; no last day means still."""
    return first <= on and (last is None or on <= last)


def ends_before(successor_from: date, earlier_from: date) -> date:
    """Return the last day of what a successor ends: the day before it, but not before its own first day."""
    return max(earlier_from, successor_from - timedelta(days=1))
