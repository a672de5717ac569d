"""The states of a consent, what may happen to it in each, and how it stands on a day: expired is never stored."""

from datetime import date
from enum import StrEnum


class ConsentState(StrEnum):
    """What is stored: what people decided about a consent."""

    DRAFT = "draft"
    PRESENTED = "presented"
    DISCARDED = "discarded"
    DECLINED = "declined"
    SIGNED = "signed"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    VOID = "void"


class ConsentStanding(StrEnum):
    """How a consent stands at an instant; a signed one has not begun, is active or is expired."""

    DRAFT = "draft"
    PRESENTED = "presented"
    DISCARDED = "discarded"
    DECLINED = "declined"
    NOT_YET = "not_yet"
    ACTIVE = "active"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    VOID = "void"


class RecipientState(StrEnum):
    """How one recipient of a signed consent stands, below the consent as a whole."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class ConsentEvent(StrEnum):
    """What happens to a consent."""

    DRAW_UP = "draw_up"
    REWRITE = "rewrite"
    PRESENT = "present"
    DISCARD = "discard"
    DECLINE = "decline"
    SIGN = "sign"
    REVOKE_WRITTEN = "revoke_written"
    REQUEST_REVOCATION = "request_revocation"
    REVOKE_RECIPIENT = "revoke_recipient"
    SUSPEND = "suspend"
    SUSPEND_RECIPIENT = "suspend_recipient"
    LIFT = "lift"
    LIFT_RECIPIENT = "lift_recipient"
    VOID = "void"
    FIND_FALSE = "find_false"
    SUPERSEDE = "supersede"
    EXPIRE = "expire"
    BECOME_REVOCABLE = "become_revocable"


State, Event, Standing = ConsentState, ConsentEvent, ConsentStanding
# What has run out of time still stands as signed; what only blocks or ends may happen before the first day too.
MOVES: dict[tuple[ConsentStanding, ConsentEvent], ConsentState] = {
    (Standing.DRAFT, Event.REWRITE): State.DRAFT,
    (Standing.DRAFT, Event.PRESENT): State.PRESENTED,
    (Standing.DRAFT, Event.DISCARD): State.DISCARDED,
    (Standing.PRESENTED, Event.SIGN): State.SIGNED,
    (Standing.PRESENTED, Event.DECLINE): State.DECLINED,
    **{
        (standing, event): target
        for standing in (Standing.NOT_YET, Standing.ACTIVE)
        for event, target in (
            (Event.REVOKE_WRITTEN, State.REVOKED),
            (Event.REQUEST_REVOCATION, State.SIGNED),
            (Event.REVOKE_RECIPIENT, State.SIGNED),
            (Event.SUSPEND, State.SUSPENDED),
            (Event.SUSPEND_RECIPIENT, State.SIGNED),
            (Event.LIFT_RECIPIENT, State.SIGNED),
            (Event.VOID, State.VOID),
            (Event.SUPERSEDE, State.SUPERSEDED),
            (Event.EXPIRE, State.SIGNED),
            (Event.BECOME_REVOCABLE, State.SIGNED),
        )
    },
    (Standing.SUSPENDED, Event.REVOKE_WRITTEN): State.REVOKED,
    (Standing.SUSPENDED, Event.REQUEST_REVOCATION): State.SUSPENDED,
    (Standing.SUSPENDED, Event.LIFT): State.SIGNED,
    (Standing.SUSPENDED, Event.VOID): State.VOID,
    (Standing.SUSPENDED, Event.EXPIRE): State.SUSPENDED,
    (Standing.SUSPENDED, Event.BECOME_REVOCABLE): State.SUSPENDED,
    (Standing.EXPIRED, Event.REVOKE_WRITTEN): State.REVOKED,
    (Standing.EXPIRED, Event.REQUEST_REVOCATION): State.SIGNED,
    (Standing.EXPIRED, Event.VOID): State.VOID,
    (Standing.REVOKED, Event.FIND_FALSE): State.REVOKED,
    (Standing.SUPERSEDED, Event.FIND_FALSE): State.SUPERSEDED,
}
RECIPIENT_MOVES: dict[tuple[RecipientState, ConsentEvent], RecipientState] = {
    (RecipientState.ACTIVE, Event.REVOKE_RECIPIENT): RecipientState.REVOKED,
    (RecipientState.SUSPENDED, Event.REVOKE_RECIPIENT): RecipientState.REVOKED,
    (RecipientState.ACTIVE, Event.SUSPEND_RECIPIENT): RecipientState.SUSPENDED,
    (RecipientState.SUSPENDED, Event.LIFT_RECIPIENT): RecipientState.ACTIVE,
}
# What other services hear of; the rest never left intake.
TOLD = frozenset(ConsentEvent) - {
    *(Event.DRAW_UP, Event.REWRITE, Event.PRESENT, Event.DISCARD, Event.DECLINE),
    *(Event.REQUEST_REVOCATION, Event.BECOME_REVOCABLE, Event.FIND_FALSE),
}


def may(standing: ConsentStanding, event: ConsentEvent) -> ConsentState | None:
    """Return the state that an event leads to, or nothing where it may not happen."""
    return MOVES.get((standing, event))


def may_recipient(state: RecipientState, event: ConsentEvent) -> RecipientState | None:
    """Return how a recipient stands after an event of its own, or nothing where it may not happen."""
    return RECIPIENT_MOVES.get((state, event))


def standing(
    state: ConsentState, *, starts_on: date | None, expires_on: date | None, over: bool, on: date
) -> ConsentStanding:
    """Return how a consent stands on a day of the agency's zone; its first and its last day count.

    `over`: what it was to end with has happened, whatever the day.
    """
    if state is not ConsentState.SIGNED:
        return ConsentStanding(state.value)
    if over or (expires_on is not None and expires_on < on):
        return ConsentStanding.EXPIRED
    return ConsentStanding.NOT_YET if starts_on is not None and on < starts_on else ConsentStanding.ACTIVE
