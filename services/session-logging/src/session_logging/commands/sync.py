"""What session-logging takes from phones: each kind of item, and the ordinary request that it stands for."""

from typing import Any

from common.database import Db
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.sync_forms import STALE, B, Do, Forms, Keeping, Kind, Sent, Theirs, plain, sealing
from session_logging.commands import (
    anonymous_contacts,
    appointments,
    check_ins,
    collateral,
    groups,
    mutual_aid,
    requests,
    sessions,
    tasks,
    work_times,
)
from session_logging.commands.recording import LOCATION
from session_logging.models import (
    AnonymousContact,
    Appointment,
    CheckIn,
    CollateralContact,
    MutualAidAttendance,
    PeerGroup,
    PeerSession,
    Synced,
    Task,
    WorkTime,
)
from session_logging.queries.sessions import session

# What another record on its way may lift: a person, an episode, a goal, a consent, a notice, an assignment of intake's.
NOT_HERE = frozenset(
    {
        "not-found",
        "unknown-episode",
        "unknown-participant",
        "unknown-goal",
        "unknown-program",
        "unknown-session",
        "no-such-consent",
        "notice-not-given",
    }
)
# Another version stands: the worker's own from another phone, what was signed there, or what was voided.
AS_IT_STANDS = Theirs("session.read", session, STALE | {"already-signed", "already-voided"})


def _kept(model: Any, worker: str = "staff_id", at: str = "recorded_at") -> Keeping:
    return Keeping(model.__table__, worker, at)


async def _change(db: Db, keys: KeyRing, actor: Actor, sent: Sent[requests.ChangeSession]) -> Created:
    return await sessions.change_session(db, keys, actor, sent.about, sent.expected, sent.body)


async def _sign(db: Db, keys: KeyRing, actor: Actor, sent: Sent[requests.Sign]) -> Created:
    return await sessions.sign_session(db, keys, actor, sent.about, sent.expected, sent.body)


async def _amend(db: Db, keys: KeyRing, actor: Actor, sent: Sent[requests.Amend]) -> Created:
    return await sessions.amend_session(db, keys, actor, sent.about, sent.body)


def _kind(command: Do[B], body: type[B], route: str, keeping: Keeping) -> Kind[B]:
    """Return a kind that adds a record, and whose route answers no location."""
    return Kind(body=body, route=f"POST /v1/{route}", do=command, keeping=keeping)


KINDS: dict[str, Kind[Any]] = {
    "session": Kind(
        body=requests.RecordSession,
        route="POST /v1/sessions",
        do=sealing(sessions.record_session),
        location=LOCATION,
        together=True,
        keeping=_kept(PeerSession),
    ),
    "session-change": Kind(
        body=requests.ChangeSession,
        route="PUT /v1/sessions/{about}",
        do=_change,
        changes=True,
        theirs=AS_IT_STANDS,
    ),
    "signature": Kind(
        body=requests.Sign,
        route="PUT /v1/sessions/{about}/signature",
        do=_sign,
        changes=True,
        theirs=AS_IT_STANDS,
    ),
    "addendum": Kind(body=requests.Amend, route="POST /v1/sessions/{about}/addenda", do=_amend),
    "group": _kind(sealing(groups.hold_group), requests.HoldGroup, "groups", _kept(PeerGroup)),
    "check-in": Kind(
        body=check_ins.RecordCheckIn,
        route="POST /v1/check-ins",
        do=sealing(check_ins.record_check_in),
        together=True,
        keeping=_kept(CheckIn),
    ),
    "anonymous-contact": _kind(
        plain(anonymous_contacts.record_anonymous_contact),
        anonymous_contacts.RecordAnonymousContact,
        "anonymous-contacts",
        _kept(AnonymousContact),
    ),
    "mutual-aid-attendance": _kind(
        plain(mutual_aid.attend_mutual_aid),
        mutual_aid.CountMutualAid,
        "mutual-aid-attendances",
        _kept(MutualAidAttendance, "recorded_by"),
    ),
    "collateral-contact": _kind(
        sealing(collateral.record_contact), requests.RecordContact, "collateral-contacts", _kept(CollateralContact)
    ),
    "appointment": _kind(
        sealing(appointments.schedule_appointment),
        appointments.Schedule,
        "appointments",
        _kept(Appointment, "made_by", "made_at"),
    ),
    "work-time": _kind(sealing(work_times.record_work_time), work_times.RecordWorkTime, "work-times", _kept(WorkTime)),
    "task": _kind(sealing(tasks.open_task), tasks.OpenTask, "tasks", _kept(Task, "opened_by", "opened_at")),
}
SYNCED: Any = Synced.__table__
FORMS = Forms(kinds=KINDS, synced=SYNCED, not_here=NOT_HERE)
