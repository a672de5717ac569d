"""Which agency's addresses end in which domain, as the operator says."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.errors import NotThere, Refused
from common.text import Asked
from workforce.models import Agency, EmailDomain

Domain = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$", max_length=253
    ),
    Field(description="in small letters, such as agency.org; others than ASCII as xn--…"),
]


class GrantDomain(Asked):
    """Only the operator grants domains, after seeing that the agency holds them."""

    agency_id: UUID
    domain: Domain


class WithdrawDomain(Asked):
    agency_id: UUID
    domain: Domain


async def grant(db: Db, request: GrantDomain) -> None:
    """Say that addresses of a domain are an agency's; a repeat changes nothing. Raises `Refused`."""
    if await db.get(Agency, request.agency_id) is None:
        raise NotThere
    row = {"domain": request.domain, "owner_agency_id": request.agency_id, "granted_at": db.now}
    await db.execute(insert(EmailDomain).values(row).on_conflict_do_nothing())
    if await owner_of(db, request.domain) != request.agency_id:
        detail = "Another agency has this domain. Withdraw it there first."
        raise Refused("domain-granted-elsewhere", detail)
    db.audit("email-domain.grant", request.agency_id)


async def withdraw(db: Db, request: WithdrawDomain) -> None:
    """Take a domain back: from now on no sign-in begins by its addresses, and no provider links anybody by one.

    Accounts that were linked before go on; disabling the provider ends those.
    """
    found = await db.get(EmailDomain, request.domain, with_for_update=True)
    if found is None or found.owner_agency_id != request.agency_id:
        raise NotThere
    await db.delete(found)
    db.audit("email-domain.withdraw", request.agency_id)


async def owner_of(db: Db, domain: str) -> UUID | None:
    """Return the agency that a domain was granted to."""
    found = await db.get(EmailDomain, domain)
    return found.owner_agency_id if found else None
