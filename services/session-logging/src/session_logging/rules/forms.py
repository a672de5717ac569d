"""What the form of a session asks for: how a call went, who took over, what belongs to a peer's role."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from common.contracts.codes import Activity, DeliveryMethod, Location, Modality, Outcome
from common.contracts.session_codes import SPOKEN_WITH, AttemptOutcome, HandoffReceiver, HandoffWay
from common.errors import Unprocessable
from session_logging.rules.times import Period
from session_logging.rules.units import is_delivered


class OutsideTheRole(StrEnum):
    """Clinical and other work that is not a peer's (TIP 64 on role clarity; a default of Handrail, no statute)."""

    DIAGNOSIS = "diagnosis"
    PSYCHOTHERAPY = "psychotherapy"
    COUNSELING = "counseling"
    CLINICAL_ASSESSMENT = "clinical_assessment"
    MEDICATION_ADVICE = "medication_advice"
    MEDICATION_HANDLING = "medication_handling"
    DRUG_TEST_COLLECTION = "drug_test_collection"
    LEGAL_ADVICE = "legal_advice"
    PAYEE = "payee"


# A modality that says by what means people met; the others go with any.
BY = {
    Modality.TELEPHONE_RECOVERY_SUPPORT: frozenset({DeliveryMethod.TELEPHONE}),
    Modality.VIDEO: frozenset({DeliveryMethod.VIDEO}),
    Modality.TEXT_CHAT: frozenset({DeliveryMethod.TEXT}),
    Modality.ONLINE_FORUM: frozenset({DeliveryMethod.TEXT}),
    Modality.TRANSPORT_ACCOMPANIMENT: frozenset({DeliveryMethod.IN_PERSON}),
    Modality.DROP_IN: frozenset({DeliveryMethod.IN_PERSON}),
}


class Handoff(BaseModel):
    """An introduction while the person was there, and when the receiver said yes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    way: HandoffWay
    receiver: HandoffReceiver
    accepted_at: AwareDatetime


def require_peer_work(named: object) -> object:
    """Return activities as they were sent. Raises `Unprocessable` if one is known to be outside a peer's role."""
    for place, one in enumerate(named if isinstance(named, list) else []):
        if isinstance(one, str) and one in set(OutsideTheRole):
            raise Unprocessable("outside-the-peer-role", OUTSIDE, f"/activities/{place}")
    return named


# What is done with several people at once; everything else is between two, or has its own place in the roster.
IN_COMPANY = frozenset(
    {
        Modality.GROUP_FACILITATION, Modality.VIDEO, Modality.TEXT_CHAT, Modality.ONLINE_FORUM, Modality.IN_REACH,
        Modality.RECOVERY_HOUSING_CHECKIN, Modality.DROP_IN, Modality.FAMILY_SESSION, Modality.COMMUNITY_ACTIVITY,
    }
)  # fmt: skip


def require_company(modality: Modality, activities: list[Activity], *, is_group: bool) -> None:
    """Raise `Unprocessable` for a group of what is between two, and for a session of one person that is a group's."""
    if is_group and (modality not in IN_COMPANY or Activity.WARM_HANDOFF in activities):
        detail = "This is done with one person. Record a session for each of them instead of a group."
        raise Unprocessable("not-in-a-group", detail, "/modality")
    if not is_group and modality is Modality.GROUP_FACILITATION:
        detail = "Record a group with its roster: everybody gets a session, and the size and the code follow."
        raise Unprocessable("needs-a-roster", detail, "/modality")


def require_fit(modality: Modality, method: DeliveryMethod, location: Location | None) -> None:
    """Raise `Unprocessable` for a method that the modality contradicts, or a place that the method does."""
    if method is DeliveryMethod.IN_PERSON and location is Location.TELEHEALTH:
        detail = "Who is met in person is somewhere. Choose the place, or correct the delivery method."
        raise Unprocessable("place-does-not-fit", detail, "/location")
    if method not in BY.get(modality, frozenset(DeliveryMethod)):
        detail = "This kind of session is held another way. Correct the delivery method, or choose another kind."
        raise Unprocessable("method-does-not-fit", detail, "/delivery_method")


def require_attempt(method: DeliveryMethod, outcome: Outcome, attempt: AttemptOutcome | None) -> None:
    """Raise `Unprocessable` for an attempt in person, or a service to somebody who was not reached."""
    if attempt is None:
        return
    if method is DeliveryMethod.IN_PERSON:
        detail = "Who is met in person is not called. Leave the attempt out, or correct the delivery method."
        raise Unprocessable("nobody-was-called", detail, "/attempt_outcome")
    if is_delivered(outcome) and attempt not in SPOKEN_WITH:
        detail = "Nobody was spoken with, so this is no service. Choose unable to locate, or correct the attempt."
        raise Unprocessable("nobody-was-reached", detail, "/attempt_outcome")


def require_handoff(
    modality: Modality, activities: list[Activity], outcome: Outcome, handoff: Handoff | None, when: Period
) -> None:
    """Raise `Unprocessable` for a warm hand-off without a receiver who accepted while the person was there."""
    if handoff is None:
        if is_delivered(outcome) and (modality is Modality.WARM_HANDOFF or Activity.WARM_HANDOFF in activities):
            raise Unprocessable("only-a-referral", REFERRAL, "/handoff")
        return
    if not is_within(handoff.accepted_at, when):
        detail = "The receiver accepts while all are together. Correct the time, or record a referral."
        raise Unprocessable("accepted-at-another-time", detail, "/handoff/accepted_at")


def is_within(instant: datetime, when: Period) -> bool:
    return when.started_at <= instant <= when.ended_at


OUTSIDE = (
    "This is not a peer's work: diagnosis, therapy, clinical assessment, medicines, drug tests, legal advice and "
    "handling a person's money are not. Say what you did as a peer, or hand it to somebody whose work it is."
)
REFERRAL = (
    "A warm hand-off names how the receiver was introduced, who it was and when they accepted. A number or address "
    "that was given is a referral: choose resource navigation."
)
