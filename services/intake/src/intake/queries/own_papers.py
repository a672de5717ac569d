"""What a code shows a person of their papers: their consents, who received what, who looked, and their notice."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.contracts.codes import Role
from common.database import Db
from common.http import Look, looks_where
from common.privacy import KeyRing
from intake.commands.own_papers import OwnRevocation, own_family, own_survivor
from intake.commands.recording import recording
from intake.models import NoticeText, OwnCode, Staff
from intake.queries.accounting import AccountingEntry, Years, accounting_of
from intake.queries.looks import about_any
from intake.queries.notices import newest_notices
from intake.queries.own import Labelled
from intake.queries.own_consents import OwnConsent, labelled, language_code, own_consents, own_form
from intake.rules.own import OwnLanguage, said_in
from intake.rules.own_papers import (
    LOOK_KINDS,
    LOOKED_AT,
    OUTCOMES,
    REVOCABLE_AFTER,
    REVOCABLE_ON,
    ROLES,
    SOMEBODY,
    YOURSELF,
    LookedAt,
    OwnOutcome,
    looked_at,
)
from intake.rules.package_words import BASIS_LABELS

MOST_LOOKS = 200


class OwnDisclosure(BaseModel):
    """One line of the accounting of six years (45 CFR 164.528), which holds that of 42 CFR 2.25 too."""

    made_on: date
    recipient: str | None = Field(description="who received it, as far as it was recorded")
    address: str | None
    what: list[str]
    why: str
    basis: Labelled
    description: str | None


class OwnLook(BaseModel):
    """Never a name: the role tells enough, and the privacy officer tells more on request."""

    at: AwareDatetime
    who: str
    what: Labelled
    did: Labelled


class OwnNotice(BaseModel):
    notice_version: str
    given_at: AwareDatetime
    words: str | None = Field(description="null if the text of that version is not on file")


class OwnPapers(BaseModel):
    """The newest first: at most a hundred consents and notices, 5,000 disclosures and 200 looks."""

    language: OwnLanguage
    consents: list[OwnConsent]
    received: list[OwnDisclosure]
    looks: list[OwnLook]
    more_looks: bool = Field(description="there are earlier looks; the privacy officer can show them")
    notices: list[OwnNotice]


class OwnRevoked(BaseModel):
    outcome: OwnOutcome
    words: str


async def own_papers(db: Db, keys: KeyRing, code: OwnCode) -> OwnPapers:
    """Return a person's papers in the language of the code. It never takes a consent (42 CFR 2.23)."""
    family = await own_family(db, code)
    language = OwnLanguage(code.language)
    sealers = await keys.sealers(db, code.agency_id, set(family))
    looks, more = await _looks(db, language, family)
    db.audit("own-papers.read", code.participant_id, own_code_id=code.id)
    return OwnPapers(
        language=language,
        consents=await own_consents(db, language, family, sealers),
        received=await _received(db, keys, code, language),
        looks=looks,
        more_looks=more,
        notices=await _notices(db, family),
    )


def told(language: OwnLanguage, done: OwnRevocation) -> OwnRevoked:
    """Return what became of a wish in words, with the day from which it can be met where it is too early."""
    words = [said_in(language, OUTCOMES[done.outcome])]
    if done.revocable_on:
        words.append(said_in(language, REVOCABLE_ON).format(day=own_form(language).written(done.revocable_on)))
    elif done.revocable_event:
        words.append(said_in(language, REVOCABLE_AFTER).format(event=done.revocable_event))
    return OwnRevoked(outcome=done.outcome, words=" ".join(words))


async def _received(db: Db, keys: KeyRing, code: OwnCode, language: OwnLanguage) -> list[OwnDisclosure]:
    survivor = await own_survivor(db, code)
    now = await recording(db)
    found = await accounting_of(db, keys, survivor, now, years=Years.SIX, language=language_code(language))
    return [_disclosure(language, one) for one in found.entries]


def _disclosure(language: OwnLanguage, one: AccountingEntry) -> OwnDisclosure:
    form = own_form(language)
    return OwnDisclosure(
        made_on=one.made_on,
        recipient=one.recipient.name,
        address=one.recipient.address,
        what=[form.category[category] for category in one.categories],
        why=form.purpose[one.purpose],
        basis=Labelled(code=one.basis, label=BASIS_LABELS[one.basis][language_code(language)]),
        description=one.description,
    )


async def _looks(db: Db, language: OwnLanguage, family: Sequence[UUID]) -> tuple[list[OwnLook], bool]:
    """Return the newest looks, and whether there are earlier ones; what was refused was not seen."""
    allowed = about_any(db, family) & (db.tables.audit.c.outcome == "done")
    page = await looks_where(db, allowed, None, MOST_LOOKS)
    roles = await _roles(db, {look.actor_id for look in page.items if look.actor_id})
    return [_look(language, look, roles) for look in page.items], page.next is not None


async def _roles(db: Db, staff_ids: set[UUID]) -> dict[UUID, list[str]]:
    question = select(Staff.id, Staff.roles).where(Staff.agency_id == db.scope.agency_id, Staff.id.in_(staff_ids))
    return {row.id: row.roles for row in await db.execute(question)}


def _look(language: OwnLanguage, look: Look, roles: Mapping[UUID, list[str]]) -> OwnLook:
    what, did = looked_at(look.action)
    held = [Role(role) for role in roles.get(look.actor_id, ())] if look.actor_id else []
    if held:
        who = ", ".join(said_in(language, ROLES[role]) for role in held)
    else:
        themself = look.actor_id is None and what is LookedAt.OWN
        who = said_in(language, YOURSELF if themself else SOMEBODY)
    return OwnLook(
        at=look.at, who=who, what=labelled(language, LOOKED_AT, what), did=labelled(language, LOOK_KINDS, did)
    )


async def _notices(db: Db, family: Sequence[UUID]) -> list[OwnNotice]:
    """Return the notices that the person was given, each with the words of its version and language."""
    given = await newest_notices(db, family)
    question = select(NoticeText.notice_version, NoticeText.language, NoticeText.words).where(
        NoticeText.agency_id == db.scope.agency_id,
        NoticeText.notice_version.in_({notice.notice_version for notice in given}),
    )
    texts = {(version, language): words for version, language, words in await db.execute(question)}
    return [
        OwnNotice(
            notice_version=one.notice_version,
            given_at=one.given_at,
            words=texts.get((one.notice_version, one.language)),
        )
        for one in given
    ]
