"""Withdrawing what was recorded by mistake: who may, and what the row says afterwards."""

from typing import Any
from uuid import UUID

from common.contracts.codes import Role
from common.database import Db
from common.errors import Forbidden, NotThere
from common.http import require_version
from common.identity import Actor
from common.text import Asked
from session_logging.rules.withdrawals import WithdrawalReason, require_standing


class Withdraw(Asked):
    reason: WithdrawalReason


async def locked(db: Db, model: Any, row_id: UUID) -> Any:
    """Return a row that is about to be withdrawn. Raises `NotThere`."""
    row = await db.get(model, (db.scope.agency_id, row_id), with_for_update=True)
    if row is None:
        raise NotThere
    return row


def require_writer(actor: Actor, worker_id: UUID) -> None:
    """Raise `Forbidden` unless the actor wrote a row that they can see, or supervises."""
    if worker_id != actor.staff_id and not actor.may(Role.SUPERVISOR):
        raise Forbidden("not-your-entry", "Who recorded it or a supervisor may withdraw it. Tell them.")


def is_withdrawn(db: Db, actor: Actor, row: Any, expected: int, request: Withdraw) -> bool:
    """Withdraw a row; return whether that changed anything: the same said again does not.

    Raises `Refused` for a version that is not the newest, and for another reason than the one that stands.
    """
    if row.withdrawal_reason == request.reason:
        return False
    require_standing(row.withdrawn_at)
    require_version(row.version, expected)
    row.withdrawn_at, row.withdrawn_by, row.withdrawal_reason = db.now, actor.staff_id, request.reason
    row.version += 1
    return True
