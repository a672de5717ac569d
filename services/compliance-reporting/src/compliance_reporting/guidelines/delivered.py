"""Which sessions count as delivered: the same words and the same condition in every measure."""

from common.contracts.codes import DELIVERED, SessionStatus

WORDS = (
    "A delivered session has the outcome completed, partial or crisis and is not voided; a draft counts. "
    "Each attendee's line of a group is a session. It belongs to the period by its service date, the day of its start "
    "as the record states it."
)

_OUTCOMES = ", ".join(f"'{outcome}'" for outcome in sorted(DELIVERED))
IS_DELIVERED = f"s.outcome in ({_OUTCOMES}) and s.status <> '{SessionStatus.VOIDED}'"

SESSIONS = f"""
    select s.* from fact_session s
    where s.agency_id = :agency and s.service_date between :start and :end and {IS_DELIVERED}
"""
