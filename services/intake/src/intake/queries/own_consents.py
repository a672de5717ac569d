"""What a code shows a person of what they agreed to: every consent that they signed, in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.contracts.codes import ConsentType
from common.database import Db
from common.http import PAGE_MOST
from common.privacy import Sealer
from intake.commands.consents import WORDS, open_terms, recipients_of, standing_at
from intake.commands.recording import Recording, recording
from intake.models import Consent
from intake.queries.own import Labelled
from intake.rules.consent_states import RecipientState
from intake.rules.consent_words import Form, consent_words, form_in
from intake.rules.consents import ConsentTerms, Expiry, Recipient
from intake.rules.own import Labels, OwnLanguage, said_in
from intake.rules.own_papers import (
    RECIPIENTS,
    REVOCABLE,
    REVOCABLE_AFTER,
    REVOCABLE_ON,
    SHOWN,
    STANDINGS,
    STOP_HERE,
    TYPES,
)
from intake.rules.statements import Language


class OwnRecipient(BaseModel):
    place: int = Field(description="to name this recipient by, from 0")
    name: str
    standing: Labelled


class OwnConsent(BaseModel):
    """One consent in plain words; `words` are those that the person read, or would read now."""

    id: UUID
    kind: Labelled
    standing: Labelled
    signed_at: AwareDatetime
    disclosers: list[str]
    what: list[str]
    recipients: list[OwnRecipient]
    why: list[str]
    until: str | None
    how_to_stop: list[str]
    revocable: bool = Field(description="it can still be stopped, or asked to be, with the code")
    words: str


async def own_consents(
    db: Db, language: OwnLanguage, family: Sequence[UUID], sealers: Mapping[UUID, Sealer]
) -> list[OwnConsent]:
    """Return the newest hundred consents that a person signed; drafts and refusals are none."""
    now = await recording(db)
    question = select(Consent).where(
        Consent.agency_id == db.scope.agency_id, Consent.participant_id.in_(family), Consent.signed_at.is_not(None)
    )
    rows = (await db.scalars(question.order_by(Consent.signed_at.desc(), Consent.id.desc()).limit(PAGE_MOST))).all()
    found = [await _consent(db, language, now, row, sealers[row.participant_id]) for row in rows]
    return [one for one in found if one.standing.code in SHOWN]


async def _consent(db: Db, language: OwnLanguage, now: Recording, row: Consent, sealer: Sealer) -> OwnConsent:
    assert row.signed_at is not None  # asked for
    terms, form = open_terms(sealer, row), own_form(language)
    standing = await standing_at(db, row, terms, now.today)
    states = {one.place: RecipientState(one.state) for one in await recipients_of(db, row)}
    stands = standing in REVOCABLE  # else nobody on it receives anything any more
    words = str(sealer.open(WORDS, row.words)) if row.words else consent_words(terms, language_code(language))
    return OwnConsent(
        id=row.id,
        kind=labelled(language, TYPES, ConsentType(row.consent_type)),
        standing=labelled(language, STANDINGS, standing),
        signed_at=row.signed_at,
        disclosers=terms.disclosers,
        what=[form.category[one] for one in terms.categories],
        recipients=[
            _recipient(
                language, place, one, states.get(place, RecipientState.ACTIVE) if stands else RecipientState.REVOKED
            )
            for place, one in enumerate(terms.recipients)
        ],
        why=[form.purpose[one] for one in terms.purposes],
        until=_until(form, terms.expiry),
        how_to_stop=list(_how_to_stop(language, row, terms)) if stands else [],
        revocable=stands,
        words=words,
    )


def _recipient(language: OwnLanguage, place: int, one: Recipient, state: RecipientState) -> OwnRecipient:
    of_class = own_form(language).recipient_class[one.recipient_class] if one.recipient_class else ""
    return OwnRecipient(place=place, name=one.name or of_class, standing=labelled(language, RECIPIENTS, state))


def _until(form: Form, end: Expiry | None) -> str | None:
    if end is None:
        return None
    return form.expiry[end.kind].format(day=form.written(end.on) if end.on else "", event=end.event or "")


def _how_to_stop(language: OwnLanguage, row: Consent, terms: ConsentTerms) -> Iterator[str]:
    """Yield how it can be stopped, and from when where 42 CFR 2.35 has the person wait."""
    if row.revocable_from:
        yield said_in(language, REVOCABLE_ON).format(day=own_form(language).written(row.revocable_from))
    elif terms.revocable_from and terms.revocable_from.event:
        yield said_in(language, REVOCABLE_AFTER).format(event=terms.revocable_from.event)
    yield said_in(language, STOP_HERE)
    if terms.how_to_revoke:
        yield terms.how_to_revoke


def own_form(language: OwnLanguage) -> Form:
    """Return the words of the consent form in the language of a code."""
    return form_in(language_code(language))


def language_code(language: OwnLanguage) -> Language:
    return "es" if language is OwnLanguage.ES else "en"


def labelled(language: OwnLanguage, labels: Labels, code: StrEnum) -> Labelled:
    return Labelled(code=str(code), label=said_in(language, labels[code]))
