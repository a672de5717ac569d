"""Proving again who one is: before a sensitive act, and before changing how one signs in."""

from uuid import UUID

from pydantic import Field, SecretStr, model_validator

from common.database import Db
from common.errors import Forbidden
from common.privacy import KeyRing
from common.text import Asked
from workforce.commands import passwords, second_factors
from workforce.commands.sign_ins import SignedIn, end_sign_ins, hold_caller, prove_again
from workforce.commands.throttles import count_proof, take_back
from workforce.rules.signing import EndReason


class StepUp(Asked):
    """The code where a second factor is on file, else the password."""

    password: SecretStr | None = Field(default=None, max_length=1000)
    code: SecretStr | None = Field(default=None, max_length=64, description="of the authenticator app, or for recovery")

    @model_validator(mode="after")
    def _something(self) -> "StepUp":
        if self.password is None and self.code is None:
            raise ValueError("must hold a password or a code")
        return self


class ProofRefused(Forbidden):
    def __init__(self) -> None:
        super().__init__("proof-refused", "The password or code is wrong, used or too old. Try again.")


async def step_up(db: Db, keys: KeyRing, sign_in_id: UUID, request: StepUp) -> SignedIn | None:
    """Note a fresh proof on the caller's sign-in; None for a wrong one, which the caller commits: it has to count.

    Raises `Forbidden` for a password of somebody whose second factor is on file: it would prove less than they did.
    """
    staff_id = _caller(db)
    await hold_caller(db, staff_id, sign_in_id)
    attempt = await count_proof(db, keys, staff_id)
    if await passwords.has_second_factor(db, staff_id):
        if request.code is None:
            detail = "Confirm with your passkey, or send the code of your authenticator app or a recovery code."
            raise Forbidden("code-needed", detail)
        proved, aal = await second_factors.prove(db, keys, staff_id, request.code.get_secret_value()), 2
        right = proved is not None
    else:
        given = request.password.get_secret_value() if request.password else ""
        right, aal = await passwords.check_password(db, staff_id, given) is not None, 1
    if not right:
        return None
    await take_back(db, attempt)
    return await prove_again(db, sign_in_id, aal=aal)


async def change_password(db: Db, keys: KeyRing, sign_in_id: UUID, request: passwords.ChangePassword) -> bool:
    """Change one's own password, which ends the other sign-ins; tell whether the old one was right.

    The caller commits either way: a wrong one has to count. Raises `Unprocessable` for a new one that will not do.
    """
    staff_id = _caller(db)
    await hold_caller(db, staff_id, sign_in_id)
    attempt = await count_proof(db, keys, staff_id)
    if await passwords.check_password(db, staff_id, request.password.get_secret_value()) is None:
        return False
    await take_back(db, attempt)
    await passwords.change_password(db, keys, staff_id, request, sign_in_id)
    return True


async def confirm_totp(db: Db, keys: KeyRing, sign_in_id: UUID, code: str) -> tuple[SignedIn, list[str]] | None:
    """Make an enrolled authenticator count; return the stepped-up sign-in and the recovery codes, None if wrong.

    It ends the sign-ins that a password alone started, for somebody else may have known it.
    """
    staff_id = _caller(db)
    await hold_caller(db, staff_id, sign_in_id)
    attempt = await count_proof(db, keys, staff_id)
    codes = await second_factors.confirm(db, keys, staff_id, code)
    if codes is None:
        return None
    await take_back(db, attempt)
    await end_sign_ins(db, staff_id=staff_id, but=sign_in_id, below_aal=2, reason=EndReason.SECOND_FACTOR_ADDED)
    return await prove_again(db, sign_in_id, aal=2), codes


def _caller(db: Db) -> UUID:
    assert db.scope.actor_id is not None  # only who is signed in proves anything again
    return db.scope.actor_id
