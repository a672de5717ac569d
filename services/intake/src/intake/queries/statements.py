"""The statements that consents and disclosures carry, as anybody on the staff may read them."""

from pydantic import BaseModel, Field

from common.errors import NotThere
from intake.rules.statements import STATEMENTS, Language, Statement, StatementKind


class StatementRecord(BaseModel):
    """One version of a text. `courtesy`: an explanation in another language, where only the English words count."""

    code: str
    kind: StatementKind
    source: str | None = Field(description="where the words come from, if they are law text")
    words: dict[Language, str]
    courtesy: dict[Language, str]
    sha256: str


class Statements(BaseModel):
    items: list[StatementRecord]


def statements() -> Statements:
    return Statements(items=[_record(one) for one in STATEMENTS.values()])


def statement(code: str) -> StatementRecord:
    """Raises `NotThere`."""
    if (found := STATEMENTS.get(code)) is None:
        raise NotThere
    return _record(found)


def _record(one: Statement) -> StatementRecord:
    return StatementRecord(sha256=one.sha256, **one.model_dump())
