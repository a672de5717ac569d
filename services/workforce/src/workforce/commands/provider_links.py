"""Which account at a provider is which member of staff: linking by hand or by e-mail address, and unlinking."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.errors import NotThere, Refused
from common.privacy import KeyRing, blind_index
from workforce.commands.email_domains import owner_of
from workforce.commands.passwords import has_passkey, has_password
from workforce.commands.passwords import identity as known_identity
from workforce.commands.sign_ins import end_sign_ins, hold_caller, hold_person
from workforce.models import Login, Provider, ProviderLink, Staff
from workforce.rules.id_tokens import Identity, subject_digest
from workforce.rules.providers import domain_of
from workforce.rules.signing import EndReason


class LinkedBy(StrEnum):
    PERSON = "person"
    EMAIL = "email"


class LinkedOtherwise(Refused):
    """Said only to somebody who is signed in and showed both: this account, or they at this provider, are linked."""

    def __init__(self) -> None:
        detail = "This account or you are linked otherwise already. Remove that link first, or ask your administrator."
        super().__init__("provider-linked-otherwise", detail)


async def linked_staff(db: Db, keys: KeyRing, provider: Provider, identity: Identity) -> UUID | None:
    """Return whom a provider's account is, linked now by its verified address if the agency wants that."""
    subject = await _subject(db, keys, provider, identity)
    link = await db.get(ProviderLink, (db.scope.agency_id, provider.id, subject))
    if link is None:
        staff_id = await _staff_by_email(db, keys, provider, identity)
        if staff_id is None or not await _linked(db, provider.id, subject, staff_id, LinkedBy.EMAIL):
            return None
        link = await db.get(ProviderLink, (db.scope.agency_id, provider.id, subject))
        assert link is not None  # made just now
    return link.staff_id


async def use_link(db: Db, keys: KeyRing, provider: Provider, identity: Identity) -> bool:
    """Note that the account of somebody who is locked signs them in; tell whether it is still theirs."""
    subject = await _subject(db, keys, provider, identity)
    key = (db.scope.agency_id, provider.id, subject)
    link = await db.get(ProviderLink, key, with_for_update=True, populate_existing=True)
    if link is None:  # unlinked while they were on their way
        return False
    link.last_used_at = db.now
    return True


async def _staff_by_email(db: Db, keys: KeyRing, provider: Provider, identity: Identity) -> UUID | None:
    """Return who has the address that a provider verified, if the provider may vouch for it."""
    email = identity.email
    if not provider.link_by_email or email is None or domain_of(email) not in provider.email_domains:
        return None
    if await owner_of(db, domain_of(email)) != db.scope.agency_id:  # the operator took it back
        return None
    login = await db.get(Login, blind_index(keys.platform_index_key(), "login", email))
    if login is None or login.owner_agency_id != db.scope.agency_id:
        return None
    # The index forgives accents, as people forget them; a provider may have given both addresses to two people.
    known = str((await known_identity(db, keys, login.staff_id))["email"])
    return login.staff_id if known.casefold() == email.casefold() else None


async def link_own(
    db: Db, keys: KeyRing, provider: Provider, identity: Identity, staff_id: UUID, sign_in_id: UUID
) -> None:
    """Link an account to who is signed in; a repeat changes nothing. Raises `LinkedOtherwise`."""
    await hold_caller(db, staff_id, sign_in_id)
    subject = await _subject(db, keys, provider, identity)
    if not await _linked(db, provider.id, subject, staff_id, LinkedBy.PERSON):
        raise LinkedOtherwise


async def _linked(db: Db, provider_id: UUID, subject: bytes, staff_id: UUID, by: LinkedBy) -> bool:
    """Link an account; tell whether it is theirs now. A second account of somebody never replaces the first.

    So an address that was given to somebody new opens nothing of whoever had it before.
    """
    row = {
        "agency_id": db.scope.agency_id,
        "provider_id": provider_id,
        "subject": subject,
        "staff_id": staff_id,
        "linked_by": by,
        "linked_at": db.now,
    }
    made = insert(ProviderLink).values(row).on_conflict_do_nothing().returning(ProviderLink.staff_id)
    if (await db.execute(made)).first() is not None:
        db.audit("provider-link.add", staff_id, provider_id=provider_id, linked_by=by)
        return True
    found = await db.get(ProviderLink, (db.scope.agency_id, provider_id, subject))
    return found is not None and found.staff_id == staff_id


async def remove_own(db: Db, staff_id: UUID, provider_id: UUID, sign_in_id: UUID) -> None:
    """Unlink one's own account, which ends one's other sign-ins. Raises `Refused` if no way in would be left."""
    await hold_caller(db, staff_id, sign_in_id)
    link = await db.scalar(select(ProviderLink).where(*_of(db, staff_id), ProviderLink.provider_id == provider_id))
    if link is None:
        raise NotThere
    others = select(ProviderLink.provider_id).where(*_of(db, staff_id), ProviderLink.provider_id != provider_id)
    if (
        not await has_password(db, staff_id)
        and not await has_passkey(db, staff_id)
        and await db.scalar(others.limit(1)) is None
    ):
        raise Refused("last-way-in", "Register a passkey first: without this account you could not sign in any more.")
    await db.delete(link)
    db.audit("provider-link.remove", staff_id, provider_id=provider_id)
    await end_sign_ins(db, staff_id=staff_id, but=sign_in_id, reason=EndReason.PROVIDER_UNLINKED)


async def remove_for(db: Db, staff_id: UUID) -> None:
    """Remove all links of somebody, which ends their sign-ins."""
    await hold_person(db, staff_id)
    if await db.get(Staff, (db.scope.agency_id, staff_id)) is None:
        raise NotThere
    await db.execute(delete(ProviderLink).where(*_of(db, staff_id)))
    db.audit("provider-link.remove-all", staff_id)
    await end_sign_ins(db, staff_id=staff_id, reason=EndReason.PROVIDER_UNLINKED)


async def is_linked_to(db: Db, keys: KeyRing, provider: Provider, identity: Identity, staff_id: UUID) -> bool:
    subject = await _subject(db, keys, provider, identity)
    link = await db.get(ProviderLink, (db.scope.agency_id, provider.id, subject))
    return link is not None and link.staff_id == staff_id


async def _subject(db: Db, keys: KeyRing, provider: Provider, identity: Identity) -> bytes:
    return subject_digest(await keys.index_key(db, db.scope.agency_id), provider.id, identity.subject)


def _of(db: Db, staff_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return ProviderLink.agency_id == db.scope.agency_id, ProviderLink.staff_id == staff_id
