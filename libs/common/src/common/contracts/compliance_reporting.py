"""What compliance-reporting tells: finished reports and notes that are overdue."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime

from common.contracts.envelope import ConsentAppliedFacts, Fact, Facts, IdentityReleaseFacts

SERVICE = "compliance-reporting"


class ReportFacts(Facts):
    """A report is ready. `requested_by`: who asked for it; none: nobody did, it was made by the clock."""

    report_id: UUID
    requested_by: UUID | None = None
    period_start: date
    period_end: date
    as_of: AwareDatetime


class NoteOverdueFacts(Facts):
    """A delivered session still unsigned after its deadline."""

    session_id: UUID
    staff_id: UUID
    due_at: AwareDatetime


REPORT_COMPLETED = Fact(SERVICE, "report-completed", ReportFacts)
NOTE_OVERDUE = Fact(SERVICE, "note-overdue", NoteOverdueFacts)
IDENTITIES_RELEASED = Fact(SERVICE, "identities-released", IdentityReleaseFacts)
CONSENT_APPLIED = Fact(SERVICE, "consent-applied", ConsentAppliedFacts)
