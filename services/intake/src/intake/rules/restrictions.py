"""What a person asked not to be disclosed (42 CFR 2.26): when the program must agree, and what it then stops."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from intake.rules.consents import InformationCategory, Purpose

MUST_AGREE_PURPOSES = frozenset({Purpose.PAYMENT, Purpose.HEALTH_CARE_OPERATIONS})


class RestrictionState(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"
    ENDED = "ended"


class DeclineReason(StrEnum):
    NEEDED_FOR_CARE = "needed_for_care"
    NEEDED_FOR_PAYMENT = "needed_for_payment"
    CANNOT_BE_KEPT = "cannot_be_kept"
    REQUIRED_BY_LAW = "required_by_law"
    OTHER = "other"


class RestrictionEnd(StrEnum):
    """How an agreed restriction ends; by the program alone, it goes on for what was recorded before."""

    PERSON_ASKED_IN_WRITING = "person_asked_in_writing"
    PERSON_AGREED_ORALLY = "person_agreed_orally"
    BY_PROGRAM = "by_program"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionAtHand:
    """A restriction as it stands. Nothing in `categories` or `purposes` means all of them, no party means anybody.

    `party_key`: the party's name by `office_key`, for it is meant by its name too, however that is written.
    `ended_on`: the day of its end, in the agency's zone, with `end_kind`.
    """

    state: RestrictionState
    categories: Collection[InformationCategory]
    purposes: Collection[Purpose]
    party_id: UUID | None
    to_health_plan: bool
    paid_in_full: bool
    party_key: str | None = None
    end_kind: RestrictionEnd | None = None
    ended_on: date | None = None


class RestrictionEffect(StrEnum):
    """What the restrictions of a person do to one disclosure."""

    NONE = "none"
    STOP = "stop"
    DO_NOT_PASS_ON = "do_not_pass_on"  # noqa: S105 - words, not a secret


def must_be_agreed(*, to_health_plan: bool, paid_in_full: bool, purposes: Collection[Purpose]) -> bool:
    """Return whether the program has no choice: payment or operations, to a health plan, of what was paid in full."""
    return to_health_plan and paid_in_full and (not purposes or not MUST_AGREE_PURPOSES.isdisjoint(purposes))


def restricts(
    restriction: RestrictionAtHand,
    *,
    categories: Collection[InformationCategory],
    purposes: Collection[Purpose],
    party_id: UUID | None,
    record_made_on: date | None,
    to_health_plan: bool | None = None,
    recipient_key: str | None = None,
) -> bool:
    """Return whether a restriction that binds speaks against disclosing these categories for these purposes.

    It binds once it was agreed and, where the program has no choice but to agree, from when it was asked.

    `record_made_on`: the day of the oldest record among them, null if nobody knows. `to_health_plan`: whether the
    recipient is a health plan, null if nobody knows. What nobody knows counts as restricted.
    """
    return (
        _binds(restriction, record_made_on)
        and _meets(restriction.categories, categories)
        and _meets(restriction.purposes, purposes)
        and _concerns(restriction, party_id, to_health_plan, recipient_key)
    )


def effect_of(
    restrictions: Iterable[RestrictionAtHand],
    *,
    categories: Collection[InformationCategory],
    purposes: Collection[Purpose],
    party_id: UUID | None,
    record_made_on: date | None,
    to_health_plan: bool | None = None,
    recipient_key: str | None = None,
    emergency: bool = False,
) -> RestrictionEffect:
    """Return what a person's restrictions do; emergency treatment goes on, with the request not to pass it on."""
    met = any(
        restricts(
            one,
            categories=categories,
            purposes=purposes,
            party_id=party_id,
            record_made_on=record_made_on,
            to_health_plan=to_health_plan,
            recipient_key=recipient_key,
        )
        for one in restrictions
    )
    if not met:
        return RestrictionEffect.NONE
    return RestrictionEffect.DO_NOT_PASS_ON if emergency else RestrictionEffect.STOP


def _binds(restriction: RestrictionAtHand, record_made_on: date | None) -> bool:
    if restriction.state is RestrictionState.AGREED:
        return True
    if restriction.state is RestrictionState.ASKED:
        return must_be_agreed(
            to_health_plan=restriction.to_health_plan,
            paid_in_full=restriction.paid_in_full,
            purposes=restriction.purposes,
        )
    if restriction.state is not RestrictionState.ENDED or restriction.end_kind is not RestrictionEnd.BY_PROGRAM:
        return False
    return record_made_on is None or restriction.ended_on is None or record_made_on <= restriction.ended_on


def _concerns(
    restriction: RestrictionAtHand, party_id: UUID | None, to_health_plan: bool | None, recipient_key: str | None
) -> bool:
    """Return whether the recipient is meant; a party that was named is, whatever it is registered as by now."""
    if restriction.party_id is not None:
        same = restriction.party_key is not None and restriction.party_key == recipient_key
        return same or restriction.party_id == party_id
    return not restriction.to_health_plan or to_health_plan is not False


def _meets(restricted: Collection[object], wished: Collection[object]) -> bool:
    return not restricted or not wished or not set(restricted).isdisjoint(wished)
