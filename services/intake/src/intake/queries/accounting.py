"""The accounting that a person may ask for: who received what about them, when, why and on what basis.

Two views of one ledger: 42 CFR 2.25 (with consent, three years) and 45 CFR 164.528 (six years, without consent too).
What the person received of their own is in neither, 164.528(a)(1)(ii); staff see it among the disclosures.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from enum import IntEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy import select

from common.contracts.codes import ConsentType, DisclosureBasis
from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import family_of, reach_participant
from intake.commands.recording import Recording, recording
from intake.models import Consent, Disclosure, Participant
from intake.queries.disclosures import ShownRecipient, details_of, is_late
from intake.rules.consent_words import form_in
from intake.rules.consents import InformationCategory, Purpose
from intake.rules.disclosures import OwnAccess
from intake.rules.package_words import ACCOUNTING_WORDS, BASIS_LABELS
from intake.rules.statements import Language

MOST = 5000


class Years(IntEnum):
    """How far back: with consent by 42 CFR 2.25, or with everything by 45 CFR 164.528."""

    THREE = 3
    SIX = 6


class AccountingEntry(BaseModel):
    """One disclosure. `recorded_on`: only if it was recorded on a later day than it was made."""

    id: UUID
    made_on: date
    recipient: ShownRecipient
    categories: list[InformationCategory]
    description: str | None
    purpose: Purpose
    basis: DisclosureBasis
    basis_valid: bool
    by_intermediary: bool = Field(default=False, description="through an intermediary (42 CFR 2.24)")
    recorded_on: date | None = None


class Accounting(BaseModel):
    participant_id: UUID
    language: Language
    years: Years
    since: date
    until: date
    entries: list[AccountingEntry] = Field(description="the newest first")
    more: bool = Field(description="there are more than are shown; the privacy officer prints the rest")


class IntermediaryEntry(BaseModel):
    """Who received it, on which day, and in brief what (42 CFR 2.24(a))."""

    made_on: date
    recipient: ShownRecipient
    description: str


class IntermediaryList(BaseModel):
    consent_ids: list[UUID]
    since: date
    entries: list[IntermediaryEntry]


async def accounting(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, *, years: Years, language: Language
) -> Accounting:
    """Return one of the two views for the person under all of their records."""
    now = await recording(db)
    person = await reach_participant(db, actor, participant_id, now)
    return await accounting_of(db, keys, person, now, years=years, language=language)


async def accounting_of(
    db: Db, keys: KeyRing, person: Participant, now: Recording, *, years: Years, language: Language
) -> Accounting:
    """Return the accounting of somebody whom the caller may see, as the person themselves may."""
    since = years_before(now.today, years)
    rows = await _ledger(db, await family_of(db, person), _starts(since, now.zone), years)
    page = rows[:MOST]
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row, _ in page})
    return Accounting(
        participant_id=person.id,
        language=language,
        years=years,
        since=since,
        until=now.today,
        entries=[_entry(row, kind, sealers[row.participant_id], now) for row, kind in page],
        more=len(rows) > MOST,
    )


def years_before(day: date, years: int) -> date:
    """Return the same day some years earlier; the last of February for its 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _starts(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone))


async def _ledger(
    db: Db, family: Sequence[UUID], since: datetime, years: Years
) -> Sequence[tuple[Disclosure, str | None]]:
    question = (
        select(Disclosure, Consent.consent_type)
        .outerjoin(Consent, (Consent.agency_id == Disclosure.agency_id) & (Consent.id == Disclosure.consent_id))
        .where(
            Disclosure.agency_id == db.scope.agency_id,
            Disclosure.participant_id.in_(family),
            Disclosure.made_at >= since,
            Disclosure.basis != OwnAccess.ACCESS_BY_PERSON,
        )
    )
    if years is Years.THREE:
        question = question.where(Disclosure.basis == DisclosureBasis.CONSENT)
    found = await db.execute(question.order_by(Disclosure.made_at.desc(), Disclosure.id.desc()).limit(MOST + 1))
    return [(row, kind) for row, kind in found]


def _entry(row: Disclosure, kind: str | None, sealer: Sealer, now: Recording) -> AccountingEntry:
    details, made_on = details_of(sealer, row), now.day(row.made_at)
    recorded_on = now.day(row.recorded_at) if row.recorded_at and is_late(row) else None
    return AccountingEntry(
        id=row.id,
        made_on=made_on,
        recipient=ShownRecipient.model_validate(details["recipient"]),
        categories=[InformationCategory(one) for one in row.categories],
        description=details.get("description"),
        purpose=Purpose(row.purpose),
        basis=DisclosureBasis(row.basis),
        basis_valid=row.basis_valid,
        by_intermediary=kind == ConsentType.INTERMEDIARY,
        recorded_on=recorded_on if recorded_on != made_on else None,
    )


async def intermediary_list(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> IntermediaryList:
    """Return who received records through an intermediary in the past three years (42 CFR 2.24)."""
    whole = await accounting(db, keys, actor, participant_id, years=Years.THREE, language="en")
    passed_on = [one for one in whole.entries if one.by_intermediary]
    form = form_in("en")
    return IntermediaryList(
        consent_ids=await _intermediary_consents(db, [one.id for one in passed_on]),
        since=whole.since,
        entries=[
            IntermediaryEntry(
                made_on=one.made_on,
                recipient=one.recipient,
                description=one.description or ", ".join(form.scope_category[code] for code in one.categories),
            )
            for one in passed_on
        ],
    )


async def _intermediary_consents(db: Db, disclosure_ids: Sequence[UUID]) -> list[UUID]:
    question = select(Disclosure.consent_id).where(
        Disclosure.agency_id == db.scope.agency_id, Disclosure.id.in_(disclosure_ids)
    )
    return sorted({one for one in await db.scalars(question) if one is not None})


def accounting_words(shown: Accounting) -> str:
    """Return the accounting as lines for `pages.page`, in the person's language."""
    return "\n".join(_lines(shown)) + "\n"


def _lines(shown: Accounting) -> Iterator[str]:
    words, form = ACCOUNTING_WORDS[shown.language], form_in(shown.language)
    yield f"# {words['title']}"
    yield ""
    yield words["since"].format(first=form.written(shown.since), last=form.written(shown.until))
    yield words["with_consent" if shown.years is Years.THREE else "all"]
    yield ""
    if not shown.entries:
        yield words["none"]
    for one in shown.entries:
        yield f"## {form.written(one.made_on)}"
        yield from _entry_lines(one, shown.language)
        yield ""


def _entry_lines(one: AccountingEntry, language: Language) -> Iterator[str]:
    words, form = ACCOUNTING_WORDS[language], form_in(language)
    yield f"- {words['to']}: {_plain(one.recipient.name or words['unknown'])}"
    yield f"- {words['address']}: {_plain(one.recipient.address or words['unknown'])}"
    what = "; ".join(form.category[code] for code in one.categories)
    yield f"- {words['what']}: {what}" + (f". {_plain(one.description)}" if one.description else "")
    yield f"- {words['purpose']}: {form.purpose[one.purpose]}"
    held = "" if one.basis_valid else f" ({words['not_held']})"
    yield f"- {words['basis']}: {BASIS_LABELS[one.basis][language]}{held}"
    if one.recorded_on:
        yield f"- {words['late'].format(day=form.written(one.recorded_on))}"


def _plain(words: str) -> str:
    return " ".join(words.split())
