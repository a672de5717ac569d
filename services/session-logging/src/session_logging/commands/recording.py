"""Recording a draft in one statement: agency, permission, idempotency, state, audit and event, or nothing at all.

Each step of the statement reads the one before, so that the agency is set before any policy looks, and a refused
request leaves no idempotency row. What the row was built from (program, method of units, zone) is compared by the
statement itself with what the database says, so that remembering it cannot make a row wrong.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    distinct,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from uuid_utils.compat import uuid7

from common.contracts.codes import Role
from common.contracts.session_logging import SESSION_RECORDED
from common.database import Db, Hot, Scope, agency_context, audit_row, event_row, insert_from
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from session_logging.commands.entries import Entry, Setting, facts_of, row_of
from session_logging.commands.lookups import require_caseload, require_goals, require_new, setting_of_episode
from session_logging.commands.requests import ChangeSession, RecordSession, Service
from session_logging.models import TABLES, Agency, Assignment, Episode, Goal, PeerSession, Plan, Program
from session_logging.rules.forms import require_attempt, require_company, require_fit, require_handoff
from session_logging.rules.times import Period, period

EPISODES_MOST = 20_000
LOCATION = "/api/session-logging/v1/sessions/{id}"
SESSION: Any = PeerSession.__table__
SESSION_COLUMNS = [column.name for column in SESSION.columns if column.name != "agency_id"]


class KnownEpisodes:
    """The settings of episodes met lately, so that most requests read nothing before they write."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[UUID, UUID, UUID], Setting] = OrderedDict()

    def get(self, agency_id: UUID, request: RecordSession) -> Setting | None:
        return self._known.get((agency_id, request.participant_id, request.episode_id))

    def keep(self, agency_id: UUID, request: RecordSession, setting: Setting) -> None:
        self._known[agency_id, request.participant_id, request.episode_id] = setting
        if len(self._known) > EPISODES_MOST:
            self._known.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A draft ready to be written, and the answer that will be stored and sent."""

    values: dict[str, object]
    content: bytes
    location: str


def require_form(request: Service, setting: Setting, now: datetime, *, is_group: bool = False) -> Period:
    """Return when a session took place. Raises `Unprocessable` for what its form cannot be."""
    when = period(request.started_at, request.ended_at, setting.zone, now=now)
    require_fit(request.modality, request.delivery_method, request.location)
    require_company(request.modality, request.activities, is_group=is_group)
    if isinstance(request, RecordSession | ChangeSession):
        require_attempt(request.delivery_method, request.outcome, request.attempt_outcome)
        require_handoff(request.modality, request.activities, request.outcome, request.handoff, when)
    return when


async def prepare(db: Db, keys: KeyRing, actor: Actor, request: RecordSession) -> Setting:
    """Return the setting of a session that may be recorded, and see that its person has a key.

    Raises exactly what the statement would refuse without a word: `NotThere`, `Unprocessable` for a goal, or `Refused`
    for an id that another request has used.
    """
    await require_new(db, PeerSession, request.id)
    setting = await setting_of_episode(db, request.participant_id, request.episode_id)
    when = require_form(request, setting, db.now)
    await require_caseload(db, actor, request.participant_id, when.service_date, request.episode_id)
    await require_goals(db, request.episode_id, request.goal_ids)
    await keys.sealer(db, db.scope.agency_id, request.participant_id)
    return setting


def recording(
    scope: Scope, actor: Actor, request: RecordSession, setting: Setting, sealer: Sealer | None, *, now: datetime
) -> Recording:
    """Return everything the statement needs; pure but for the new ids. Raises `Unprocessable` for wrong times."""
    when = require_form(request, setting, now)
    entry = Entry(
        agency_id=scope.agency_id,
        session_id=request.id or uuid7(),
        participant_id=request.participant_id,
        episode_id=request.episode_id,
        staff_id=actor.staff_id,
        setting=setting,
        recorded_at=now,
    )
    row = row_of(entry, request, request, when, sealer)
    event = event_row(SESSION_RECORDED, facts_of(row), about=entry.session_id, seq=1, scope=scope, now=now)
    audit = audit_row(scope, "session.record", entry.session_id, detail={"participant_id": str(entry.participant_id)})
    content = Created(id=entry.session_id, version=1).model_dump_json().encode()
    location = LOCATION.format(id=entry.session_id)
    values = {f"session_{name}": row[name] for name in SESSION_COLUMNS}
    values |= {f"event_{name}": value for name, value in event.items()}
    values |= {f"audit_{name}": value for name, value in audit.items()} | {"audit_detail": json.dumps(audit["detail"])}
    values |= {
        "agency": str(scope.agency_id),
        "supervises": actor.may(Role.SUPERVISOR),
        "goals": len(set(request.goal_ids)),
        "body": content,
        "location": location,
    }
    return Recording(values, content, location)


def _statement() -> Any:
    context = agency_context()
    allowed = select(context.c.agency_id).select_from(context.join(_place(context), true())).cte("allowed")
    claimed = _claim(allowed)
    state = insert_from(
        SESSION,
        claimed,
        agency_id=claimed.c.agency_id,
        **{name: bindparam(f"session_{name}") for name in SESSION_COLUMNS},
    )
    state = state.returning(SESSION.c.agency_id).cte("state")
    audit = _copied(TABLES.audit_pending, "audit", state).cte("audited")
    event = _copied(TABLES.outbox, "event", state).cte("told")
    count = select(func.count()).select_from(claimed).scalar_subquery()
    return select(count.label("fresh")).add_cte(audit, event)


def _place(context: Any) -> Any:
    """Return one row if the actor may record this session and it was built from what is true now."""
    place: Any = (
        select(literal_column("1"))
        .select_from(Episode)
        .join(Program, and_(Program.agency_id == Episode.agency_id, Program.id == Episode.program_id))
        .join(Agency, and_(Agency.agency_id == Episode.agency_id, Agency.id == Episode.agency_id))
        .where(Episode.agency_id == context.c.agency_id, Episode.id == bindparam("session_episode_id", type_=Uuid()))
        .where(Episode.participant_id == bindparam("session_participant_id", type_=Uuid()))
        .where(Program.id == bindparam("session_program_id", type_=Uuid()))
        .where(Program.unit_method == bindparam("session_unit_method", type_=Text()))
        .where(Agency.zone == bindparam("session_zone", type_=Text()))
        .where(or_(bindparam("supervises", type_=Boolean()), _assigned()))
        .where(~exists().where(SESSION.c.agency_id == Episode.agency_id, SESSION.c.id == bindparam("session_id")))
        .where(_known_goals() == bindparam("goals", type_=BigInteger()))
    )
    return place.offset(literal_column("0")).lateral("place")  # OFFSET 0: else it may run before the agency is set


def _assigned() -> Any:
    day: Any = bindparam("session_service_date", type_=Date())
    return exists(
        select(literal_column("1"))
        .select_from(Assignment)
        .where(
            Assignment.agency_id == Episode.agency_id,
            Assignment.staff_id == bindparam("session_staff_id", type_=Uuid()),
        )
        .where(Assignment.participant_id == Episode.participant_id, Assignment.episode_id == Episode.id)
        .where(Assignment.valid_from <= day, or_(Assignment.valid_to.is_(None), Assignment.valid_to >= day))
    )


def _known_goals() -> Any:
    wanted: Any = bindparam("session_goal_ids", type_=ARRAY(Uuid()))
    return (
        select(func.count(distinct(Goal.id)))
        .join(Plan, and_(Plan.agency_id == Goal.agency_id, Plan.id == Goal.plan_id))
        .where(Goal.agency_id == Episode.agency_id, Plan.episode_id == Episode.id, Goal.id == any_(wanted))
        .scalar_subquery()
    )


def _claim(allowed: Any) -> Any:
    claim = insert_from(
        TABLES.idempotency,
        allowed,
        agency_id=allowed.c.agency_id,
        actor_id=bindparam("session_staff_id"),
        key=bindparam("key"),
        fingerprint=bindparam("fingerprint"),
        status=literal_column("201"),
        body=bindparam("body"),
        location=bindparam("location"),
    )
    return claim.on_conflict_do_nothing().returning(TABLES.idempotency.c.agency_id).cte("claimed")


def _copied(table: Any, prefix: str, source: Any) -> Any:
    """Return the insert of one audit or outbox row, if `source` has a row."""
    given = [column.name for column in table.columns if column.server_default is None and not column.identity]
    values: dict[str, Any] = {name: bindparam(f"{prefix}_{name}") for name in given if name != "agency_id"}
    if prefix == "audit":
        values["detail"] = bindparam("audit_detail")
    return insert_from(table, source, agency_id=source.c.agency_id, **values)


RECORD = Hot(_statement())
