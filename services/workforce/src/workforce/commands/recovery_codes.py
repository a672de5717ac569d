"""Recovery codes: ten at a time, each replaces a lost authenticator once."""

import secrets
from uuid import UUID

from sqlalchemy import delete, func, select, update

from common.database import Db
from workforce.models import RecoveryCode
from workforce.rules.totp import RECOVERY_BYTES, RECOVERY_CODES, recovery_code, recovery_digest


async def make_recovery_codes(db: Db, staff_id: UUID) -> list[str]:
    """Return ten new codes, to be shown once; the earlier ones are void."""
    await remove_recovery_codes(db, staff_id)
    codes = [recovery_code(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    db.add_all(
        RecoveryCode(
            agency_id=db.scope.agency_id, staff_id=staff_id, digest=recovery_digest(staff_id, code), made_at=db.now
        )
        for code in codes
    )
    db.audit("recovery-codes.make", staff_id)
    return codes


async def remove_recovery_codes(db: Db, staff_id: UUID) -> None:
    await db.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))


async def use_recovery_code(db: Db, staff_id: UUID, code: str) -> bool:
    """Tell whether this is an unused code of theirs; it is used from now on."""
    mine = RecoveryCode.staff_id == staff_id, RecoveryCode.digest == recovery_digest(staff_id, code)
    use = update(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None)).values(used_at=db.now)
    if not (await db.execute(use.returning(RecoveryCode.staff_id))).first():
        return False
    db.audit("recovery-code.use", staff_id)
    return True


async def unused_recovery_codes(db: Db, staff_id: UUID) -> int:
    unused = RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None)
    return await db.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0
