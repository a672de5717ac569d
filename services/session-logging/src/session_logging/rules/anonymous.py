"""Work with people whom nobody enrolled: which kinds there are, and what they can hold."""

from common.contracts.codes import Location, Modality
from common.errors import Unprocessable

PEOPLE_MOST = 1000
SUPPLIES_MOST = 10_000

# Kinds of work that can do without knowing anybody; all others serve somebody who is enrolled.
WITH_ANYBODY = frozenset(
    {
        Modality.OUTREACH,
        Modality.DROP_IN,
        Modality.COMMUNITY_ACTIVITY,
        Modality.ONLINE_FORUM,
        Modality.IN_REACH,
        Modality.GROUP_FACILITATION,
    }
)


def require_anybody(modality: Modality) -> None:
    """Raise `Unprocessable` for a kind of support that is given to somebody known."""
    if modality not in WITH_ANYBODY:
        detail = "This kind of support is for somebody who is enrolled. Record a session or a check-in of theirs."
        raise Unprocessable("modality-needs-a-person", detail, "/modality")


def require_place(modality: Modality, location: Location | None) -> None:
    if modality is Modality.ONLINE_FORUM and location not in (None, Location.TELEHEALTH):
        detail = "A forum is online. Leave the place out, or choose another kind of work."
        raise Unprocessable("location-does-not-fit", detail, "/location")


def require_threads(modality: Modality, threads: int) -> None:
    if threads and modality is not Modality.ONLINE_FORUM:
        detail = "Threads are answered in an online forum. Leave them out, or choose online forum."
        raise Unprocessable("threads-outside-a-forum", detail, "/threads_answered")
