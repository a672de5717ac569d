"""Why two records may be one person's, what becomes of such a pair, and why records are merged and split."""

from collections.abc import Collection
from enum import StrEnum


class DuplicateReason(StrEnum):
    """What two records share; the strongest first."""

    NAME_AND_BIRTH_DATE = "name_and_birth_date"
    ALIAS_AND_BIRTH_DATE = "alias_and_birth_date"
    SOUNDING_NAME_AND_BIRTH_DATE = "sounding_name_and_birth_date"
    PHONE = "phone"
    EMAIL = "email"


class PairState(StrEnum):
    """What became of a possible duplicate; only `proposed` is ever shown again."""

    PROPOSED = "proposed"
    DISMISSED = "dismissed"
    MERGED = "merged"
    SPLIT = "split"


class DismissReason(StrEnum):
    DIFFERENT_PEOPLE = "different_people"
    SHARED_HOUSEHOLD = "shared_household"
    SHARED_CONTACT = "shared_contact"  # a shelter's telephone, a relative's address
    OTHER = "other"


class MergeKind(StrEnum):
    DUPLICATE = "duplicate"
    OUTREACH = "outreach"  # an anonymous contact, linked with the person's consent


class MergeReason(StrEnum):
    ENTERED_TWICE = "entered_twice"
    CONFIRMED_BY_PERSON = "confirmed_by_person"
    CONFIRMED_BY_DOCUMENT = "confirmed_by_document"
    MOVED_IN_TWICE = "moved_in_twice"
    OUTREACH_CONTACT_KNOWN = "outreach_contact_known"
    OTHER = "other"


class SplitReason(StrEnum):
    DIFFERENT_PEOPLE = "different_people"
    WRONG_SURVIVOR = "wrong_survivor"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OTHER = "other"


class Agreement(StrEnum):
    """How a person agreed that what was recorded without a name is theirs."""

    SIGNATURE = "signature"
    SPOKEN = "spoken"


def strongest_first(reasons: Collection[str]) -> list[DuplicateReason]:
    """Return the reasons in order, once each; a name that is the same also sounds the same, which goes unsaid."""
    found = [reason for reason in DuplicateReason if reason in reasons]
    if DuplicateReason.NAME_AND_BIRTH_DATE in found:
        return [reason for reason in found if reason is not DuplicateReason.SOUNDING_NAME_AND_BIRTH_DATE]
    return found
