"""What a brief check-in can be: how somebody was tried, what came of it, and how long it lasted.

Each attempt counts as much as each contact: the next peer sees what was tried. A return to use ends no calls: nothing
here asks whether there was one (samhsa.md 7.2, on telephone recovery support).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from common.contracts.codes import DeliveryMethod
from common.contracts.session_codes import SPOKEN_WITH, AttemptOutcome
from common.errors import Unprocessable

MINUTES_MOST = 60
HISTORY_DAYS = 30

# What cannot come of a way of trying: nobody's line is busy in person, and a text leaves no voicemail.
NEVER = {
    DeliveryMethod.IN_PERSON: frozenset(AttemptOutcome) - SPOKEN_WITH - {AttemptOutcome.NO_ANSWER},
    DeliveryMethod.TEXT: frozenset({AttemptOutcome.VOICEMAIL, AttemptOutcome.BUSY}),
}


def require_outcome(method: DeliveryMethod, outcome: AttemptOutcome, minutes: int) -> None:
    """Raise `Unprocessable` for an outcome that the method cannot have, or a length that the outcome cannot have."""
    if outcome in NEVER.get(method, frozenset()):
        detail = "That does not come of this way of trying. Correct the way, or what came of it."
        raise Unprocessable("outcome-does-not-fit", detail, "/outcome")
    if minutes and outcome not in SPOKEN_WITH:
        detail = "Nobody was spoken with, so it took no time with them. Leave the minutes out, or correct the outcome."
        raise Unprocessable("minutes-with-nobody", detail, "/minutes")
    if minutes > MINUTES_MOST:
        detail = "A check-in lasts an hour at most. Record a session instead."
        raise Unprocessable("longer-than-a-check-in", detail, "/minutes")


def require_past(contacted_at: datetime, now: datetime) -> None:
    if contacted_at > now:
        detail = "A check-in is recorded after it took place. Correct the time."
        raise Unprocessable("in-the-future", detail, "/contacted_at")


def require_episode(contacted_on: date, opened_on: date) -> None:
    """Raise `Unprocessable` before the episode; one that is closed does not end calls."""
    if contacted_on < opened_on:
        detail = "The episode had not begun then. Correct the day, or record outreach: it needs no enrolment."
        raise Unprocessable("before-the-episode", detail, "/contacted_at")


def history_from(today: date) -> date:
    """Return the first of the 30 days, today's included, that a call history sums up."""
    return today - timedelta(days=HISTORY_DAYS - 1)


def per_outcome(counted: Iterable[tuple[str, int]]) -> dict[AttemptOutcome, int]:
    """Return how often each outcome came, also those that never did, in the order of the codes."""
    found = Counter({AttemptOutcome(outcome): count for outcome, count in counted})
    return {outcome: found[outcome] for outcome in AttemptOutcome}
