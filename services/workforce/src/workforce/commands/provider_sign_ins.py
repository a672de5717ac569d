"""Signing in, linking and confirming by what an identity provider vouched for."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from common.database import Db
from common.errors import Forbidden, Refused, Unauthenticated
from common.privacy import KeyRing
from workforce.commands import provider_links as links
from workforce.commands.passwords import has_second_factor
from workforce.commands.provider_attempts import AttemptRefused, Open
from workforce.commands.second_factors import is_demanded
from workforce.commands.sign_in import Limits
from workforce.commands.sign_ins import SignedIn, prove_again, require_working, start_sign_in
from workforce.models import Provider, SignIn
from workforce.rules.id_tokens import Identity, assurance, proof_counts_from, was_proved_since
from workforce.rules.signing import SignInMethod


class AccountRefused(Refused):
    """Whether the account is nobody's here, or of somebody who left or is out, stays unsaid."""

    status = 401

    def __init__(self, provider_id: UUID) -> None:
        super().__init__(
            "provider-account-refused",
            "Nobody who may work here signs in with this account. Sign in with your passkey or password and link it, "
            "or ask your administrator.",
        )
        self.audited: Mapping[str, object] = {"provider_id": str(provider_id)}


class OneFactorOnly(Forbidden):
    def __init__(self) -> None:
        super().__init__(
            "provider-second-factor-needed",
            "A second factor is asked of you, and your provider did not say that it saw one. Use two factors there, or "
            "sign in with your passkey, or with your password and a code.",
        )


class ProofTooOld(Forbidden):
    def __init__(self) -> None:
        super().__init__(
            "provider-proof-refused",
            "The provider did not have you prove again who you are. Confirm with your passkey, password or a code.",
        )


async def sign_in(db: Db, keys: KeyRing, attempt: Open, identity: Identity, limits: Limits) -> SignedIn:
    """Start a sign-in of whose account this is. Raises `AccountRefused` or `OneFactorOnly`."""
    provider = await _unchanged(db, attempt)
    staff_id = await links.linked_staff(db, keys, provider, identity)
    if staff_id is None:
        raise AccountRefused(provider.id)
    try:
        staff, _ = await require_working(db, staff_id)
    except Unauthenticated:
        raise AccountRefused(provider.id) from None
    if not await links.use_link(db, keys, provider, identity):
        raise AccountRefused(provider.id)
    aal = await _assured(db, provider, identity, staff_id, staff.roles)
    method, life, idle = SignInMethod.PROVIDER, limits.life, limits.idle
    signed_in = await start_sign_in(db, staff_id, method=method, life=life, idle=idle, aal=aal)
    started = await db.get_one(SignIn, (db.scope.agency_id, signed_in.sign_in_id))
    started.authenticated_at = proof_counts_from(identity, db.now)
    return replace(signed_in, authenticated_at=started.authenticated_at)


async def link(db: Db, keys: KeyRing, attempt: Open, identity: Identity, staff_id: UUID, sign_in_id: UUID) -> None:
    """Link an account to who is signed in. Raises `LinkedOtherwise`."""
    await links.link_own(db, keys, await _unchanged(db, attempt), identity, staff_id, sign_in_id)


async def step_up(
    db: Db, keys: KeyRing, attempt: Open, identity: Identity, staff_id: UUID, sign_in_id: UUID
) -> SignedIn:
    """Note on the caller's sign-in that they proved again, at the provider, who they are.

    Raises `AccountRefused`, `OneFactorOnly` or `ProofTooOld`.
    """
    provider = await _unchanged(db, attempt)
    if not await links.is_linked_to(db, keys, provider, identity, staff_id):
        raise AccountRefused(provider.id)
    if not was_proved_since(identity, attempt.begun_at):
        raise ProofTooOld
    staff, _ = await require_working(db, staff_id)
    return await prove_again(db, sign_in_id, aal=await _assured(db, provider, identity, staff_id, staff.roles))


async def _unchanged(db: Db, attempt: Open) -> Provider:
    """Return the provider, if nobody changed or disabled it while the network was asked. Raises `AttemptRefused`."""
    provider = await db.get(Provider, (db.scope.agency_id, attempt.provider_id), with_for_update={"read": True})
    if provider is None or not provider.enabled or provider.version != attempt.version:
        raise AttemptRefused
    return provider


async def _assured(db: Db, provider: Provider, identity: Identity, staff_id: UUID, roles: list[str]) -> int:
    """Return the assurance level of a provider's proof. Raises `OneFactorOnly` if a password would not do either."""
    aal = assurance(identity, provider.aal2_acr_values, provider.aal2_amr_values)
    if aal == 1 and (await has_second_factor(db, staff_id) or await is_demanded(db, roles)):
        raise OneFactorOnly
    return aal
