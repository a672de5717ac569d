"""An agency's own words for messages to persons: written, approved by somebody else, retired."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import StringConstraints, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked
from notification.models import MessageTemplate
from notification.rules.discreet import Finding, findings
from notification.rules.messages import PersonTemplate

Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class Parts(Asked):
    """What one language says. `short`: the text message; the others: the e-mail."""

    subject: Words
    text: Words
    short: Words


class Languages(Asked):
    en: Parts
    es: Parts | None = None


class WriteTemplate(Asked):
    """Words for one kind of message; {day} and {time} stand for those of an appointment reminder."""

    kind: PersonTemplate
    texts: Languages

    @model_validator(mode="after")
    def _says_its_time(self) -> Self:
        if self.kind is PersonTemplate.APPOINTMENT_REMINDER and "{time}" not in self.texts.en.short:
            raise ValueError("a reminder says {time}")
        return self


async def write(db: Db, actor: Actor, request: WriteTemplate) -> Created:
    """Keep a draft. Raises `Refused` with every word that is not discreet."""
    texts = request.texts.model_dump(exclude_none=True)
    require_discreet(findings(request.kind, texts))
    row = MessageTemplate(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        kind=request.kind,
        state="draft",
        texts=texts,
        written_by=actor.staff_id,
        written_at=db.now,
        version=1,
    )
    db.add(row)
    db.audit("message-template.write", row.id, kind=request.kind)
    return Created(id=row.id, version=1)


def require_discreet(found: list[Finding]) -> None:
    if found:
        fields = tuple({"pointer": one.pointer, "detail": one.detail} for one in found)
        detail = "A stranger who reads this would learn too much. Correct the parts named in `errors`."
        raise Refused("not-discreet", detail, status=422, fields=fields)


async def approve(db: Db, actor: Actor, template_id: UUID, expected: int) -> Created:
    """Put a draft in force instead of the one before. Raises `NotThere`, `Refused` for its own writer."""
    row = await _locked(db, template_id)
    if row.state == "approved":
        return Created(id=row.id, version=row.version)
    require_version(row.version, expected)
    if row.state == "retired":
        raise Refused("template-retired", "This template was retired. Write a new one.")
    if row.written_by == actor.staff_id:
        raise Refused("own-template", "Somebody else than its writer approves a template. Ask a colleague.", status=403)
    require_discreet(findings(PersonTemplate(row.kind), row.texts))
    await _retire_the_one_before(db, row)
    row.state, row.approved_by, row.approved_at = "approved", actor.staff_id, db.now
    row.version += 1
    db.audit("message-template.approve", row.id, kind=row.kind)
    return Created(id=row.id, version=row.version)


async def _retire_the_one_before(db: Db, row: MessageTemplate) -> None:
    question = select(MessageTemplate).where(
        MessageTemplate.agency_id == row.agency_id,
        MessageTemplate.kind == row.kind,
        MessageTemplate.state == "approved",
    )
    for before in await db.scalars(question.with_for_update()):
        _retire(db, before)
    await db.flush()


async def retire(db: Db, template_id: UUID, expected: int) -> Created:
    """Take a template out of use; the built-in words stand in for it. Again it changes nothing."""
    row = await _locked(db, template_id)
    if row.state != "retired":
        require_version(row.version, expected)
        _retire(db, row)
    return Created(id=row.id, version=row.version)


def _retire(db: Db, row: MessageTemplate) -> None:
    row.state, row.retired_at = "retired", db.now
    row.version += 1
    db.audit("message-template.retire", row.id, kind=row.kind)


async def _locked(db: Db, template_id: UUID) -> MessageTemplate:
    row = await db.get(MessageTemplate, (db.scope.agency_id, template_id), with_for_update=True)
    if row is None:
        raise NotThere
    return row
