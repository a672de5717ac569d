"""What a referral may become, and why it was closed."""

from enum import StrEnum

from common.contracts.codes import ReferralKind, ReferralStatus


class ReferralCloseReason(StrEnum):
    COMPLETED = "completed"
    DECLINED_BY_PERSON = "declined_by_person"
    INELIGIBLE = "ineligible"
    UNABLE_TO_LOCATE = "unable_to_locate"
    DUPLICATE = "duplicate"
    CONNECTED_ELSEWHERE = "connected_elsewhere"
    WITHDRAWN_BY_REFERRER = "withdrawn_by_referrer"
    DECEASED = "deceased"
    OTHER = "other"


class Introduction(StrEnum):
    """How somebody was introduced while they were there themselves."""

    IN_PERSON = "in_person"
    THREE_WAY_CALL = "three_way_call"
    VIDEO = "video"


# Somebody who walks in is connected without being contacted first; nothing goes back.
NEXT: dict[ReferralStatus, frozenset[ReferralStatus]] = {
    ReferralStatus.RECEIVED: frozenset({ReferralStatus.CONTACTED, ReferralStatus.CONNECTED, ReferralStatus.CLOSED}),
    ReferralStatus.CONTACTED: frozenset({ReferralStatus.CONNECTED, ReferralStatus.CLOSED}),
    ReferralStatus.CONNECTED: frozenset({ReferralStatus.CLOSED}),
    ReferralStatus.CLOSED: frozenset(),
}
NEVER_CONNECTED = frozenset(
    {
        ReferralCloseReason.DECLINED_BY_PERSON,
        ReferralCloseReason.INELIGIBLE,
        ReferralCloseReason.UNABLE_TO_LOCATE,
        ReferralCloseReason.CONNECTED_ELSEWHERE,
    }
)


def may_become(status: ReferralStatus, wanted: ReferralStatus) -> bool:
    return wanted in NEXT[status]


def fits(reason: ReferralCloseReason, *, connected: bool) -> bool:
    """Tell whether a reason to close can be true: who was connected was not lost, and who was not did not complete."""
    if connected:
        return reason not in NEVER_CONNECTED
    return reason is not ReferralCloseReason.COMPLETED


def is_live_introduction(kind: ReferralKind) -> bool:
    """Tell whether connecting needs the receiver and the time of their acceptance; a number given is a referral."""
    return kind is ReferralKind.WARM_HANDOFF
