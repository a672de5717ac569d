"""What somebody answered to an instrument, and how their scores have changed since their first answers."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Select, select

from common.contracts.codes import AnswerOutcome, AssessmentPoint
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import family_of, reach, reach_participant
from intake.commands.answers import GivenBy, open_given
from intake.commands.instruments import packs_of, require_pack
from intake.commands.recording import recording
from intake.models import Answer, SafetyConcern
from intake.rules.instruments import TOTAL, Pack
from intake.rules.safety import SAY
from intake.rules.scoring import (
    Difference,
    Verdict,
    bands_of,
    cutoffs_of,
    difference,
    raises_concern,
    reviews_of,
    scored,
    suggestions,
    triage,
)
from intake.rules.trends import FIRST_ANSWERS, NO_ANSWERS, change_words

MOST_SCORES = 500


class CutoffReached(BaseModel):
    """A published limit as it applies to this person. Never a diagnosis."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    scale: str
    at_least: float
    reached: bool
    source: str


class Triage(BaseModel):
    """The level of the instrument's own protocol; what follows from it is set by the agency."""

    level: str
    protocol: str


class SafetyPointer(BaseModel):
    concern_id: UUID
    say: dict[str, str]


class AnswerEntry(BaseModel):
    id: UUID
    participant_id: UUID
    episode_id: UUID
    instrument: str
    pack_version: str
    outcome: AnswerOutcome
    given_by: GivenBy
    point: AssessmentPoint | None
    collected_on: date
    scores: dict[str, float] = Field(description="by scale; empty unless completed")
    recorded_by: UUID | None
    recorded_at: AwareDatetime


class AnswerRecord(AnswerEntry):
    """An answer in full. `overruled`: items given that the instrument does not count, because of another answer."""

    title: str
    items: dict[str, int]
    missing: list[str]
    overruled: list[str]
    bands: dict[str, str] = Field(description="by scale, where there are published ones")
    cutoffs: list[CutoffReached]
    reviews: list[str] = Field(description="doubts to look at before the score is called anything")
    triage: Triage | None
    suggests: list[str] = Field(description="instruments that it is time to offer")
    safety: SafetyPointer | None
    attribution: str


class AnswerPage(BaseModel):
    items: list[AnswerEntry]
    next: str | None = None


class ScorePoint(BaseModel):
    answer_id: UUID
    episode_id: UUID
    point: AssessmentPoint | None
    collected_on: date
    score: float


class Trend(BaseModel):
    """Scores by one version of the pack, that of the latest answer; for the person and their peer to look at."""

    instrument: str
    pack_version: str
    title: str
    scale: str
    least: float
    most: float
    baseline: ScorePoint | None
    latest: ScorePoint | None
    points: list[ScorePoint] = Field(max_length=MOST_SCORES, description="oldest first; the newest 500 if more")
    change: float | None
    days: int | None
    verdict: Verdict | None
    reliable: bool | None = Field(description="against a stricter published limit, where there is one")
    source: str | None = Field(description="where the limit for a change comes from")
    words: dict[str, str]


async def answer(db: Db, keys: KeyRing, actor: Actor, answer_id: UUID) -> AnswerRecord:
    found = await reach(db, actor, Answer, answer_id, await recording(db))
    pack = await require_pack(db, found.instrument, found.pack_version)
    items, sex = open_given(await keys.sealer(db, found.agency_id, found.participant_id), found)
    reached = cutoffs_of(pack, found.scores, sex)
    level, result = triage(pack, items) if items else None, scored(pack, items)
    more = {
        "title": pack.title,
        "items": items,
        "missing": result.missing if items else [],
        "overruled": result.overruled,
        "bands": bands_of(pack, found.scores),
        "cutoffs": [CutoffReached.model_validate(one) for one in reached],
        "reviews": reviews_of(pack, items, found.scores),
        "triage": None if level is None else Triage(level=level, protocol=pack.title),
        "suggests": suggestions(pack, reached, concern=raises_concern(pack, items)),
        "safety": await _safety(db, found),
        "attribution": pack.licence.attribution,
    }
    return AnswerRecord.model_validate(_entry(found) | more)


def _entry(row: Answer) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AnswerEntry.model_fields}


async def _safety(db: Db, answer: Answer) -> SafetyPointer | None:
    question = select(SafetyConcern.id).where(
        SafetyConcern.agency_id == answer.agency_id, SafetyConcern.answer_id == answer.id
    )
    concern_id = await db.scalar(question)
    return None if concern_id is None else SafetyPointer(concern_id=concern_id, say=dict(SAY))


async def answers(
    db: Db, actor: Actor, participant_id: UUID, instrument: str | None, after: Cursor | None, limit: int
) -> AnswerPage:
    """Return everything that was offered to a person, under each of their records, the last recorded first."""
    person = await reach_participant(db, actor, participant_id, await recording(db))
    question = _theirs(db, await family_of(db, person))
    if instrument is not None:
        question = question.where(Answer.instrument == instrument)
    if after:
        question = question.where(Answer.id < after.id)
    rows = (await db.scalars(question.order_by(Answer.id.desc()).limit(limit + 1))).all()
    items = [AnswerEntry.model_validate(_entry(row)) for row in rows[:limit]]
    return AnswerPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


def _theirs(db: Db, people: Sequence[UUID]) -> Select[Any]:
    return select(Answer).where(Answer.agency_id == db.scope.agency_id, Answer.participant_id.in_(people))


async def trend(db: Db, actor: Actor, participant_id: UUID, instrument: str, scale: str = TOTAL) -> Trend:
    """Return a person's trend, under all of their records. Raises `NotThere`, `Unprocessable` for what has no score."""
    person = await reach_participant(db, actor, participant_id, await recording(db))
    return await trend_of(db, await family_of(db, person), instrument, scale)


async def trend_of(db: Db, people: Sequence[UUID], instrument: str, scale: str = TOTAL) -> Trend:
    packs = await packs_of(db, instrument)
    if not packs:
        raise NotThere
    newest = await _newest(db, people, instrument)
    pack = next((pack for pack in packs if newest and pack.version == newest.pack_version), packs[-1])
    found = pack.scale(scale)
    if found is None:
        raise Unprocessable("not-scored", "This instrument has no such score; see its scales.", "/scale")
    points = [_point(row, scale) for row in await _completed(db, people, pack)]
    first = await _first(db, people, pack) if points else None
    least, most = pack.range_of(found)
    return Trend(
        instrument=pack.code,
        pack_version=pack.version,
        title=pack.title,
        scale=scale,
        least=least,
        most=most,
        baseline=None if first is None else _point(first, scale),
        latest=points[-1] if points else None,
        points=points,
        **_change(pack, scale, first, points),
    )


def _change(pack: Pack, scale: str, first: Answer | None, points: Sequence[ScorePoint]) -> dict[str, Any]:
    nothing = dict.fromkeys(("change", "days", "verdict", "reliable", "source"))
    if first is None or not points:
        return nothing | {"words": dict(NO_ANSWERS)}
    latest = points[-1]
    if latest.answer_id == first.id:
        return nothing | {"words": dict(FIRST_ANSWERS)}
    before = (first.collected_on, float(first.scores[scale]))
    return _said(difference(pack, scale, before, (latest.collected_on, latest.score)))


def _said(change: Difference) -> dict[str, Any]:
    return {
        "change": change.points,
        "days": change.days,
        "verdict": change.verdict,
        "reliable": change.reliable,
        "source": change.source,
        "words": dict(change_words(change)),
    }


def _point(row: Answer, scale: str) -> ScorePoint:
    return ScorePoint(
        answer_id=row.id,
        episode_id=row.episode_id,
        point=None if row.point is None else AssessmentPoint(row.point),
        collected_on=row.collected_on,
        score=float(row.scores[scale]),
    )


def _scores(db: Db, people: Sequence[UUID], instrument: str) -> Select[Any]:
    completed = Answer.outcome == AnswerOutcome.COMPLETED
    return _theirs(db, people).where(Answer.instrument == instrument, completed)


async def _newest(db: Db, people: Sequence[UUID], instrument: str) -> Answer | None:
    question = _scores(db, people, instrument).order_by(Answer.collected_on.desc(), Answer.id.desc())
    found: Answer | None = await db.scalar(question.limit(1))
    return found


async def _first(db: Db, people: Sequence[UUID], pack: Pack) -> Answer | None:
    question = _scores(db, people, pack.code).where(Answer.pack_version == pack.version)
    found: Answer | None = await db.scalar(question.order_by(Answer.collected_on, Answer.id).limit(1))
    return found


async def _completed(db: Db, people: Sequence[UUID], pack: Pack) -> list[Answer]:
    question = _scores(db, people, pack.code).where(Answer.pack_version == pack.version)
    newest = await db.scalars(question.order_by(Answer.collected_on.desc(), Answer.id.desc()).limit(MOST_SCORES))
    return list(reversed(newest.all()))
