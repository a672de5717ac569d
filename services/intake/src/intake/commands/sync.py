"""What intake takes from phones: each kind of item, and the ordinary request that it stands for."""

from typing import Any

from common.database import Db
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.sync_forms import Forms, Keeping, Kind, Sent, sealing
from intake.commands import attempts, brief_intakes, notices, safety
from intake.models import Attempt, Participant, SafetyConcern, Synced

NOT_HERE = frozenset({"not-found"})  # a program of workforce's, or a person whose assignment is still being made
SAFETY = "safety-concern"


def _kept(model: Any, worker: str | None, at: str = "recorded_at") -> Keeping:
    return Keeping(model.__table__, worker, at)


async def _give_notice(db: Db, _: KeyRing, actor: Actor, sent: Sent[notices.GiveNoticeAgain]) -> Created:
    return await notices.give_notice(db, actor, sent.about, sent.body)


async def _log_attempt(db: Db, keys: KeyRing, actor: Actor, sent: Sent[attempts.LogAttempt]) -> Created:
    return await attempts.log_attempt(db, keys, actor, sent.about, sent.body)


KINDS: dict[str, Kind[Any]] = {
    SAFETY: Kind(
        body=safety.OpenConcern,
        route="POST /v1/safety-concerns",
        do=sealing(safety.open_by_hand),
        location="/api/intake/v1/safety-concerns/{id}",
        keeping=_kept(SafetyConcern, "opened_by", "opened_at"),
    ),
    "brief-intake": Kind(
        body=brief_intakes.BriefIntake,
        route="POST /v1/brief-intakes",
        do=sealing(brief_intakes.take_in),
        location="/api/intake/v1/participants/{id}",
        keeping=_kept(Participant, None),
    ),
    "notice": Kind(body=notices.GiveNoticeAgain, route="POST /v1/participants/{about}/notices", do=_give_notice),
    "attempt": Kind(
        body=attempts.LogAttempt,
        route="POST /v1/participants/{about}/attempts",
        do=_log_attempt,
        keeping=_kept(Attempt, "recorded_by"),
    ),
}
SYNCED: Any = Synced.__table__
FORMS = Forms(kinds=KINDS, synced=SYNCED, not_here=NOT_HERE, urgent=frozenset({SAFETY}))
