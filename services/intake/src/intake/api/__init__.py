"""How a person or program asks intake: a file for each noun, each with its own router."""

from intake.api import (
    assessments,
    assignments,
    consents,
    contacts,
    directory,
    duplicates,
    episodes,
    fhir,
    imports,
    matching,
    own,
    participants,
    plans,
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
    episodes.router,
    fhir.router,
    imports.router,
    matching.router,
    own.router,
    participants.router,
    plans.router,
    referrals.router,
    safety.router,
    suprt.router,
)
PUBLIC: frozenset[str] = frozenset()
IMPORTS = frozenset({"/v1/imports"})
MEDIA: dict[str, frozenset[str]] = {}
