"""How a safety concern may go on its way: which step may follow in which state, and what to do and say at once."""

from collections.abc import Mapping
from enum import StrEnum

from common.contracts.codes import SafetyStatus


class SafetySource(StrEnum):
    INSTRUMENT = "instrument"
    OVERDOSE_REPORT = "overdose_report"
    CRISIS = "crisis"
    DISCLOSED = "disclosed"
    REPLY = "reply"  # somebody answered a message with words that a human must read now
    OTHER = "other"


class SafetyStep(StrEnum):
    """What somebody did about a concern."""

    NOTIFICATION = "notification"
    ACKNOWLEDGEMENT = "acknowledgement"
    CONTACT = "contact"
    OFFER_988 = "offer_988"
    HAND_OFF = "hand_off"
    CLOSURE = "closure"


class Informed(StrEnum):
    ON_CALL_SUPERVISOR = "on_call_supervisor"
    SUPERVISOR = "supervisor"
    CLINICIAN = "clinician"


class ContactWay(StrEnum):
    IN_PERSON = "in_person"
    PHONE = "phone"
    VIDEO = "video"
    TEXT = "text"


class HandedTo(StrEnum):
    SUPERVISOR = "supervisor"
    CLINICIAN = "clinician"
    LIFELINE_988 = "988"
    MOBILE_CRISIS = "mobile_crisis"
    EMERGENCY_SERVICES = "emergency_services"
    EMERGENCY_DEPARTMENT = "emergency_department"


class DoNow(StrEnum):
    """A peer worker neither assesses nor treats: they stay, call and offer."""

    STAY_WITH_THE_PERSON = "stay_with_the_person"
    CALL_ON_CALL_SUPERVISOR = "call_on_call_supervisor"
    OFFER_988 = "offer_988"


DO_NOW = tuple(DoNow)
SAY: Mapping[str, str] = {
    "en": "Call or text 988. In danger, call 911.",
    "es": "Llame o envíe un mensaje de texto al 988. En peligro, llame al 911.",
}
DO_NOW_WORDS: Mapping[str, str] = {
    "en": "Stay with the person, call your on-call supervisor, offer 988.",
    "es": "Quédese con la persona, llame a su supervisor de guardia, ofrezca el 988.",
}

# While nobody has taken it on, contact and 988 are noted but the concern stays: it still calls for somebody.
# It may be handed off without contact, for somebody who cannot be reached; it is closed only after a hand-off.
_ANY_TIME = (SafetyStep.NOTIFICATION, SafetyStep.CONTACT, SafetyStep.OFFER_988)
_STAYS = {(status, step): status for status in SafetyStatus if status is not SafetyStatus.CLOSED for step in _ANY_TIME}
TRANSITIONS: Mapping[tuple[SafetyStatus, SafetyStep], SafetyStatus] = _STAYS | {
    (SafetyStatus.OPEN, SafetyStep.NOTIFICATION): SafetyStatus.NOTIFIED,
    (SafetyStatus.OPEN, SafetyStep.ACKNOWLEDGEMENT): SafetyStatus.ACKNOWLEDGED,
    (SafetyStatus.NOTIFIED, SafetyStep.ACKNOWLEDGEMENT): SafetyStatus.ACKNOWLEDGED,
    (SafetyStatus.ACKNOWLEDGED, SafetyStep.CONTACT): SafetyStatus.IN_CONTACT,
    (SafetyStatus.ACKNOWLEDGED, SafetyStep.HAND_OFF): SafetyStatus.HANDED_OFF,
    (SafetyStatus.IN_CONTACT, SafetyStep.HAND_OFF): SafetyStatus.HANDED_OFF,
    (SafetyStatus.HANDED_OFF, SafetyStep.HAND_OFF): SafetyStatus.HANDED_OFF,
    (SafetyStatus.HANDED_OFF, SafetyStep.CLOSURE): SafetyStatus.CLOSED,
}


def next_status(status: SafetyStatus, step: SafetyStep, *, contacted: bool) -> SafetyStatus | None:
    """Return where a step leads, null if it may not follow now; `contacted`: somebody has been in contact already."""
    after = TRANSITIONS.get((status, step))
    if step is SafetyStep.ACKNOWLEDGEMENT and after is not None and contacted:
        return SafetyStatus.IN_CONTACT
    return after


def possible_steps(status: SafetyStatus) -> list[SafetyStep]:
    return [step for step in SafetyStep if (status, step) in TRANSITIONS]
