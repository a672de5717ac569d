"""How a person or program asks workforce: a file for each noun, each with its own router."""

from workforce.api import (
    attestations,
    checklists,
    competencies,
    credentials,
    devices,
    packs,
    passkeys,
    passwords,
    programs,
    provider_sign_ins,
    providers,
    second_factors,
    sign_in,
    staff,
    supervision,
    supervisions,
    trainings,
    work_hours,
)

ROUTERS = (
    attestations.router,
    checklists.router,
    competencies.router,
    credentials.router,
    devices.router,
    packs.router,
    passkeys.router,
    passwords.router,
    programs.router,
    provider_sign_ins.router,
    providers.router,
    second_factors.router,
    sign_in.router,
    staff.router,
    supervision.router,
    supervisions.router,
    trainings.router,
    work_hours.router,
)
PUBLIC: frozenset[str] = sign_in.PUBLIC | passkeys.PUBLIC | provider_sign_ins.PUBLIC | providers.PUBLIC
