"""Where a session took place, as a claim says it: the two digits of CMS's place-of-service list."""

from common.contracts.codes import DeliveryMethod, Location
from session_logging.rules import codes

OTHER, TELEHEALTH_ELSEWHERE, TELEHEALTH_AT_HOME = "99", "02", "10"


def place_of_service(location: Location | None, method: DeliveryMethod) -> str:
    """Return two digits; by telephone or video the place is where the person was, at home if it says so."""
    if method is not DeliveryMethod.IN_PERSON:
        return TELEHEALTH_AT_HOME if location is Location.HOME else TELEHEALTH_ELSEWHERE
    return codes.place_of_service(location) if location else OTHER
