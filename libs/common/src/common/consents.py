"""Applying the newest state of a consent and telling so in the same transaction, alike in every service that hears."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from common.contracts import intake
from common.contracts.codes import ConsentStatus
from common.contracts.envelope import CloudEvent, ConsentAppliedFacts, Fact
from common.database import Db
from common.inbox import Events, newest

CONSENT_FACTS = (
    intake.CONSENT_SIGNED,
    intake.CONSENT_CHANGED,
    intake.CONSENT_REVOKED,
    intake.CONSENT_SIGNED_1,
    intake.CONSENT_REVOKED_1,
)
# What version 1 of the facts could not say yet.
UNSAID: dict[str, Any] = {"starts_on": None, "recipients": None, "revoked_recipients": [], "ended": False}


async def apply_consents(db: Db, table: Any, applied: Fact, events: Events) -> list[CloudEvent[Any]]:
    """Keep the newest state of each consent in `table`; publish `applied` for each that was new; return those.

    The first, wholly active state is kept and not told of: nothing depended on an earlier one, and an import of
    thousands must not double the traffic. `table`: columns named as the facts' fields, beside agency, id and seq.
    """
    latest = sorted(newest(events), key=lambda event: str(event.subject))  # in one order, so that nobody deadlocks
    changed = await _kept(db, table, latest)
    fresh = [event for event in latest if event.subject in changed]
    for event in fresh:
        if not is_first(event):
            told = ConsentAppliedFacts(consent_id=event.subject, consent_seq=event.aggregateseq, applied_at=db.now)
            db.publish(applied, told, about=event.subject, seq=event.aggregateseq)
    return fresh


def is_first(event: CloudEvent[Any]) -> bool:
    """Tell whether an event is a consent's signature and nothing has been taken back since."""
    signed = event.type in (intake.CONSENT_SIGNED.type, intake.CONSENT_SIGNED_1.type)
    return signed and stands(event.data) and not getattr(event.data, "revoked_recipients", [])


def stands(consent: Any) -> bool:
    """Tell whether a consent is active, for whoever is left on it; `consent`: its facts, of either version."""
    return bool(consent.status == ConsentStatus.ACTIVE and not getattr(consent, "ended", False))


async def _kept(db: Db, table: Any, events: list[CloudEvent[Any]]) -> set[Any]:
    """Insert or replace the rows, unless the stored `seq` is as new or newer; return the ids of those that changed."""
    if not events:
        return set()
    statement: Any = insert(table)
    replace = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=replace, where=table.c.seq < statement.excluded.seq
    ).returning(table.c.id)
    return set((await db.execute(statement, [_row(table, event) for event in events])).scalars())


def _row(table: Any, event: CloudEvent[Any]) -> dict[str, Any]:
    key = {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq}
    said = {column.name for column in table.columns} - key.keys()
    return key | {name: getattr(event.data, name, UNSAID.get(name)) for name in said}
