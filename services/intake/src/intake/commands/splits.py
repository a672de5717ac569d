"""Undoing a merge: both records stand as they did before, and the pair is never proposed again.

A field that the survivor took over goes back to what it was, unless somebody changed it since: then the newer value
stays, and the answer names the field. What was never taken over was never touched, so there is nothing to put back.
The survivor's version alone does not go back: whoever holds an older one must not overwrite what came between.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from common.contracts import intake as facts
from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.privacy import KeyRing
from common.text import Asked
from intake.commands.duplicates import decide_pair
from intake.commands.merges import BEFORE, row_of, standing_together, tell
from intake.commands.participants import known_of, replace_identity, vault_of
from intake.commands.recording import Recording, clock, recording
from intake.models import Merge, Participant
from intake.rules.duplicates import PairState, SplitReason
from intake.rules.people import IdentityField

SEALED_OR_KEYED = frozenset(
    column.key for column in Participant.__table__.columns if column.key == "identity" or column.key.endswith("_index")
)
WRITTEN = SEALED_OR_KEYED | {"sex", "anonymous", "pairable"}


class UndoMerge(Asked):
    reason: SplitReason


class Split(Created):
    """`kept`: fields that the survivor had taken over and somebody changed since; the newer value stays."""

    survivor_version: int
    kept: list[IdentityField] = []


async def undo_merge(db: Db, keys: KeyRing, merge_id: UUID, request: UndoMerge, expected: int) -> Split:
    now = await recording(db)
    merge = await db.get(Merge, (db.scope.agency_id, merge_id), with_for_update=True)
    if merge is None:
        raise NotThere
    require_version(merge.version, expected)
    if merge.undone_at is not None:
        raise Refused("undone-already", "This merge is undone already; nothing needs to be done.")
    survivor, merged = await _locked(db, merge)
    await _require_newest(db, merge)
    kept = await _give_back(db, keys, now, merge, survivor)
    merged.merged_into = None
    await _move_back(db, merge)
    merge.undone_at, merge.undone_by, merge.undone_reason = await clock(db), db.scope.actor_id, request.reason
    merge.version += 1
    await decide_pair(db, now, survivor.id, merged.id, PairState.SPLIT, request.reason)
    tell(db, facts.PARTICIPANTS_SPLIT, merge)
    db.audit("participant.split", survivor.id, merge_id=merge.id, merged_id=merged.id, reason=request.reason, kept=kept)
    return Split(id=merge.id, version=merge.version, survivor_version=survivor.version, kept=kept)


async def _locked(db: Db, merge: Merge) -> tuple[Participant, Participant]:
    """Return the survivor and the merged record, locked in the order of their ids."""
    question = (
        select(Participant)
        .where(
            Participant.agency_id == merge.agency_id,
            Participant.id.in_([merge.survivor_id, merge.merged_id]),
        )
        .order_by(Participant.id)
        .with_for_update()
    )
    found = {one.id: one for one in await db.scalars(question)}
    return found[merge.survivor_id], found[merge.merged_id]


async def _require_newest(db: Db, merge: Merge) -> None:
    """Raise `Refused` if either record took part in a later merge that stands, naming the newest of those."""
    both = [merge.survivor_id, merge.merged_id]
    newest = await db.scalar(
        select(Merge.id)
        .where(
            Merge.agency_id == merge.agency_id,
            Merge.undone_at.is_(None),
            Merge.merged_at > merge.merged_at,
            or_(Merge.survivor_id.in_(both), Merge.merged_id.in_(both)),
        )
        .order_by(Merge.merged_at.desc())
        .limit(1)
    )
    if newest is not None:
        raise Refused("undo-later-first", f"One of these records was merged again since. Undo merge {newest} first.")


async def _move_back(db: Db, merge: Merge) -> None:
    await db.execute(
        update(Participant)
        .where(Participant.agency_id == merge.agency_id, Participant.id.in_(merge.moved_ids))
        .values(merged_into=merge.merged_id)
        .execution_options(synchronize_session=False)
    )


async def _give_back(db: Db, keys: KeyRing, now: Recording, merge: Merge, survivor: Participant) -> list[IdentityField]:
    """Put back what the survivor took over; return the fields that stay because somebody changed them since."""
    if not merge.taken:
        return []
    vault = await vault_of(db, keys, survivor.id)
    rows = vault.sealer.open(BEFORE, merge.before)
    assert isinstance(rows, dict)  # sealed by the merge
    was, became, today = (
        known_of(vault.sealer, one) for one in (_row(rows["survivor"]), _row(rows["after"]), survivor)
    )
    kept = [IdentityField(field) for field in merge.taken if today.get(field) != became.get(field)]
    untouched = all(row_of(survivor)[name] == rows["after"][name] for name in WRITTEN)
    if len(kept) < len(merge.taken):
        back = set(merge.taken) - set(kept)
        values = {field: value for field, value in today.items() if field not in back}
        replace_identity(db, now, vault, survivor, standing_together(values | {f: was[f] for f in back if f in was}))
    if untouched:
        _restore(survivor, rows["survivor"])
    return kept


def _row(columns: dict[str, Any]) -> Participant:
    """Return as much of a row as it takes to know who it was; it belongs to no session."""
    return Participant(identity=bytes.fromhex(columns["identity"]), sex=columns["sex"], anonymous=columns["anonymous"])


def _restore(survivor: Participant, columns: dict[str, Any]) -> None:
    """Make the row what it was, bit for bit: the same names sealed anew would be other bytes."""
    for name in WRITTEN:
        value = columns[name]
        setattr(survivor, name, bytes.fromhex(value) if name in SEALED_OR_KEYED and value is not None else value)
