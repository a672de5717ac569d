"""What people say of themselves with a code, and what those who serve them do with it."""

from collections.abc import Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, ValidationError, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Code, Day, Distinct, Email, Line, Prose
from intake.commands.access import reach, reach_unmerged
from intake.commands.duplicates import Enrolled
from intake.commands.own import OwnCodeUnknown, TypedCode
from intake.commands.participants import describe_participant, identity_of, known_of
from intake.commands.recording import recording
from intake.models import OwnCode, Participant, SelfIntake
from intake.rules.own import OWN_FIELDS, DismissalReason, OwnWords, SelfIntakeStatus, combined
from intake.rules.people import ANSWERED_BY, AskedFor, IdentityField, changed_fields

ANSWERS = "self_intake.answers"


class OwnAnswers(Asked):
    """What is left out stays as it is."""

    name: Line | None = None
    alias: Line | None = None
    pronouns: Line | None = None
    gender_identity: Line | None = None
    birth_date: Day | None = None
    race_ethnicity: Line | None = None
    language: Code | None = None
    phone: Line | None = None
    email: Email | None = None
    address: Line | None = None
    access_needs_words: Prose | None = None
    removed: Annotated[list[IdentityField], Distinct] = Field(
        default=[], max_length=len(OWN_FIELDS), description="what should be known no more"
    )
    declined: Annotated[list[AskedFor], Distinct] = Field(default=[], max_length=len(AskedFor))

    @model_validator(mode="after")
    def _stands_together(self) -> Self:
        given = self.given
        if any(name not in OWN_FIELDS or name in given for name in self.removed):
            raise ValueError("removed names what is on the form and was not given")
        if any(name in given for code in self.declined for name in ANSWERED_BY[code]):
            raise ValueError("what is declined was not given")
        if not (given or self.removed or self.declined):
            raise ValueError("say at least one thing")
        return self

    @property
    def given(self) -> dict[str, Any]:
        values = self.model_dump(mode="json", include={str(name) for name in OWN_FIELDS})
        return {name: value for name, value in values.items() if value is not None}

    def said(self, only: Sequence[str] | None = None) -> OwnWords:
        """Return what was said, or the part of it in the fields of `only`."""
        wanted = set(OWN_FIELDS if only is None else only)
        given = {name: value for name, value in self.given.items() if name in wanted}
        return OwnWords(given, [name for name in self.removed if name in wanted], self.declined)


class SendOwnIntake(Asked):
    code: TypedCode
    answers: OwnAnswers


class AcceptSelfIntake(Asked):
    fields: Annotated[list[IdentityField], Distinct] | None = Field(
        default=None, max_length=len(IdentityField), description="only these; null takes all that was said"
    )


class DismissSelfIntake(Asked):
    reason: DismissalReason


class SelfIntakeAccepted(Enrolled):
    """`id` and `version` are the self-intake's; the duplicates are those the change of the person met."""

    participant_version: int
    taken: list[IdentityField] = Field(description="the fields that changed by it")


async def receive_self_intake(db: Db, keys: KeyRing, code: OwnCode, answers: OwnAnswers) -> SelfIntake:
    """Keep what the person said and use up the code; what is sent again alike is answered alike.

    Raises `OwnCodeUnknown` if the code was used for something else.
    """
    now = await recording(db)
    if answers.birth_date:
        now.require_past(answers.birth_date, "/answers/birth_date")
    sealer = await keys.sealer(db, code.agency_id, code.participant_id)
    said = answers.model_dump(mode="json", exclude_none=True)
    if code.used_at is not None:
        before = await _received(db, code)
        if sealer.open(ANSWERS, before.answers) != said:
            raise OwnCodeUnknown
        return before
    code.used_at = now.now
    code.version += 1
    received = SelfIntake(
        agency_id=code.agency_id,
        id=uuid7(),
        participant_id=code.participant_id,
        own_code_id=code.id,
        answers=sealer.seal(ANSWERS, said),
        language=code.language,
        status=SelfIntakeStatus.WAITING,
        received_at=now.now,
        taken=[],
        version=1,
    )
    db.add(received)
    db.audit("self-intake.receive", code.participant_id, self_intake_id=received.id, own_code_id=code.id)
    return received


async def _received(db: Db, code: OwnCode) -> SelfIntake:
    question = select(SelfIntake).where(SelfIntake.agency_id == code.agency_id, SelfIntake.own_code_id == code.id)
    return (await db.scalars(question)).one()


async def accept_self_intake(
    db: Db, keys: KeyRing, actor: Actor, self_intake_id: UUID, request: AcceptSelfIntake, *, expected: int
) -> SelfIntakeAccepted:
    """Make what the person said what is known of them, field by field, on top of what is known now."""
    found = await _to_decide(db, actor, self_intake_id, expected)
    participant = await reach_unmerged(db, actor, found.participant_id, await recording(db), lock=True)
    sealer = await keys.sealer(db, db.scope.agency_id, participant.id)
    answers = OwnAnswers.model_validate(sealer.open(ANSWERS, found.answers))
    before = known_of(sealer, participant)
    after = combined(before, answers.said(request.fields))
    found.taken = [str(name) for name in changed_fields(before, after)]
    described = await _describe(db, keys, actor, participant, after) if found.taken else None
    _decide(db, actor, found, SelfIntakeStatus.ACCEPTED)
    return SelfIntakeAccepted(
        id=found.id,
        version=found.version,
        participant_version=participant.version,
        taken=[IdentityField(name) for name in found.taken],
        possible_duplicates=described.possible_duplicates if described else [],
    )


async def _describe(db: Db, keys: KeyRing, actor: Actor, participant: Participant, after: dict[str, Any]) -> Enrolled:
    try:
        identity = identity_of(after)
    except ValidationError as error:
        detail = "Taken together, this would leave nobody to call by a name or an alias. Take only some of the fields."
        raise Unprocessable("does-not-stand-together", detail, "/fields") from error
    return await describe_participant(db, keys, actor, participant.id, identity, expected=participant.version)


async def dismiss_self_intake(
    db: Db, actor: Actor, self_intake_id: UUID, request: DismissSelfIntake, *, expected: int
) -> Created:
    """Put aside what was said; nothing that is known changes."""
    found = await _to_decide(db, actor, self_intake_id, expected)
    found.reason = request.reason
    _decide(db, actor, found, SelfIntakeStatus.DISMISSED)
    return Created(id=found.id, version=found.version)


async def _to_decide(db: Db, actor: Actor, self_intake_id: UUID, expected: int) -> SelfIntake:
    found = await reach(db, actor, SelfIntake, self_intake_id, await recording(db), lock=True)
    require_version(found.version, expected)
    if found.status != SelfIntakeStatus.WAITING:
        raise Refused("self-intake-decided", "This was accepted or dismissed already. Nothing is left to do.")
    return found


def _decide(db: Db, actor: Actor, found: SelfIntake, status: SelfIntakeStatus) -> None:
    found.status, found.decided_at, found.decided_by = status, db.now, actor.staff_id
    found.version += 1
    db.audit(f"self-intake.{status}", found.participant_id, self_intake_id=found.id, taken=found.taken)
