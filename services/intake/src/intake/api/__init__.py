"""How a person or program asks intake: a file for each noun, each with its own router."""

from intake.api import (
    assessments,
    assignments,
    consents,
    contacts,
    directory,
    duplicates,
    eligibility,
    episodes,
    fhir,
    imports,
    matching,
    own,
    participants,
    plans,
    referral_imports,
    referral_status,
    referrals,
    safety,
    suprt,
)

ROUTERS = (
    assessments.router,
    assignments.router,
    consents.router,
    contacts.router,
    directory.router,
    duplicates.router,
    eligibility.router,
    episodes.router,
    fhir.router,
    imports.router,
    matching.router,
    own.router,
    participants.router,
    plans.router,
    referral_imports.router,
    referral_status.router,
    referrals.router,
    safety.router,
    suprt.router,
)
PUBLIC: frozenset[str] = frozenset(
    {
        "/v1/referral-status/{token}",
        "/v1/own/plan",
        "/v1/own/instrument",
        "/v1/own/instrument-form",
        "/v1/own/intake-form",
        "/v1/own/intake",
    }
)
IMPORTS = frozenset({"/v1/imports", "/v1/fhir/referral", "/v1/meeting-snapshots", "/v1/referral-imports"})
MEDIA: dict[str, frozenset[str]] = {
    "/v1/fhir/referral": frozenset({"application/fhir+json", "application/json"}),
    "/v1/referral-imports": frozenset({"text/csv", "application/json"}),
}
