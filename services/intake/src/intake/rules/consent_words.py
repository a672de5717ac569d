"""A consent as the person reads it, in six parts, and its scope as the recipient reads it: English and Spanish."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from importlib.resources import files

from common.contracts.codes import ConsentType
from common.text import Asked
from intake.rules.consents import (
    ConsentTerms,
    ExpiryKind,
    GeneralDesignation,
    InformationCategory,
    Purpose,
    Recipient,
    RecipientClass,
)
from intake.rules.statements import STATEMENTS as STATEMENTS
from intake.rules.statements import Language, StatementKind, current, digest

LANGUAGES: tuple[Language, ...] = ("en", "es")
Lines = Iterator[str]


class Form(Asked):
    """The sentences of the form in one language; a name in braces stands for what the consent says."""

    title: str
    part_why: str
    part_what: str
    part_who: str
    part_purpose: str
    part_rights: str
    part_sign: str
    about: str
    why: str
    why_by_type: dict[ConsentType, str]
    matter: str
    what: str
    disclosers: str
    recipients: str
    duty: str
    participants: str
    designation: dict[GeneralDesignation, str]
    purposes: str
    starts_on: str
    expiry: dict[ExpiryKind, str]
    revocable_on: str
    revocable_event: str
    how_to_revoke: str
    other_statement: str
    copy_of_it: str
    sign: str
    category: dict[InformationCategory, str]
    purpose: dict[Purpose, str]
    recipient_class: dict[RecipientClass, str]
    scope: str
    scope_what: str
    scope_who: str
    scope_purpose: str
    scope_rest: str
    scope_expiry: dict[ExpiryKind, str]
    scope_category: dict[InformationCategory, str]
    scope_recipient_class: dict[RecipientClass, str]
    scope_purpose_of: dict[Purpose, str]
    scope_designation: dict[GeneralDesignation, str]
    scope_starts_on: str
    day: str
    months: list[str]

    def written(self, day: date) -> str:
        return self.day.format(day=day.day, month=self.months[day.month - 1], year=day.year)


@cache
def form_in(language: Language) -> Form:
    """Return the sentences of a language; read once."""
    file = files("intake.rules") / "papers" / "form" / f"{language}.json"
    return Form.model_validate_json(file.read_text(encoding="utf-8"))


def consent_words(terms: ConsentTerms, language: Language) -> str:
    """Return the whole consent as the person reads it before they sign; equal terms give equal words."""
    form = form_in(language)
    parts = (
        (form.part_why, _why(terms, form)),
        (form.part_what, _listed(form.what, [form.category[one] for one in terms.categories])),
        (form.part_who, _who(terms, form)),
        (form.part_purpose, _purpose(terms, form)),
        (form.part_rights, _rights(terms, form, language)),
        (form.part_sign, iter([form.sign])),
    )
    return "\n\n".join([form.title, *("\n".join([heading, *lines]) for heading, lines in parts)]) + "\n"


def words_sha256(words: str) -> str:
    return digest(words)


def _listed(heading: str, lines: Sequence[str]) -> Lines:
    if lines:
        yield heading
        yield from (f"- {line}" for line in lines)


def _why(terms: ConsentTerms, form: Form) -> Lines:
    if terms.name_as_signed:
        yield form.about.format(name=terms.name_as_signed)
    yield form.why
    yield form.why_by_type[terms.consent_type]
    if terms.legal_matter:
        yield form.matter.format(name=terms.legal_matter.name)


def _who(terms: ConsentTerms, form: Form) -> Lines:
    yield from _listed(form.disclosers, terms.disclosers)
    yield from _listed(form.recipients, [_recipient(one, form, form.recipient_class) for one in terms.recipients])
    behind = [*terms.intermediary_participants]
    if terms.general_designation:
        behind.append(form.designation[terms.general_designation])
    yield from _listed(form.participants, behind)


def _recipient(one: Recipient, form: Form, classes: dict[RecipientClass, str]) -> str:
    name = one.name or (classes[one.recipient_class] if one.recipient_class else "")
    return form.duty.format(name=name, duty=one.monitoring_duty) if one.monitoring_duty else name


def _purpose(terms: ConsentTerms, form: Form) -> Lines:
    yield from _listed(form.purposes, [form.purpose[one] for one in terms.purposes])
    if terms.starts_on:
        yield form.starts_on.format(day=form.written(terms.starts_on))
    yield from _expiry(terms, form, form.expiry)


def _expiry(terms: ConsentTerms, form: Form, sentences: dict[ExpiryKind, str]) -> Lines:
    if terms.expiry:
        day = form.written(terms.expiry.on) if terms.expiry.on else ""
        yield sentences[terms.expiry.kind].format(day=day, event=terms.expiry.event or "")


def _rights(terms: ConsentTerms, form: Form, language: Language) -> Lines:
    for kind, code in statements_of(terms):
        statement = STATEMENTS.get(code)
        known = statement is not None and statement.kind is kind
        yield statement.in_language(language) if statement and known else form.other_statement.format(code=code)
    if since := terms.revocable_from:
        if since.on:
            yield form.revocable_on.format(day=form.written(since.on))
        if since.event:
            yield form.revocable_event.format(event=since.event)
    if terms.how_to_revoke:
        yield form.how_to_revoke.format(how=terms.how_to_revoke)
    yield form.copy_of_it


def statements_of(terms: ConsentTerms) -> Iterator[tuple[StatementKind, str]]:
    """Return the statements that a consent tells, each by its kind and the code of its version.

    A criminal justice consent always tells that it cannot be revoked at once, whatever version its terms name
    (42 CFR 2.35); one of counseling notes always tells that nothing depends on it (42 CFR 2.31(b)).
    """
    later = terms.consent_type is ConsentType.CRIMINAL_JUSTICE
    told: list[tuple[StatementKind, str | None]] = [
        (StatementKind.REVOCABLE_LATER, current(StatementKind.REVOCABLE_LATER).code)
        if later
        else (StatementKind.RIGHT_TO_REVOKE, terms.right_to_revoke_statement),
        (StatementKind.REDISCLOSURE, terms.redisclosure_statement),
        (StatementKind.TPO_REDISCLOSURE, terms.tpo_redisclosure_statement),
        (StatementKind.TPO_REFUSAL, terms.tpo_refusal_statement),
        (StatementKind.FUNDRAISING_OPT_OUT, terms.fundraising_statement),
    ]
    if terms.consent_type is ConsentType.COUNSELING_NOTES:
        told.append((StatementKind.COUNSELING_NOTES_FREE, current(StatementKind.COUNSELING_NOTES_FREE).code))
    return ((kind, code) for kind, code in told if code)


def with_statements(terms: ConsentTerms) -> ConsentTerms:
    """Return the terms with the newest version of every statement that they need and do not name."""
    later = terms.consent_type is ConsentType.CRIMINAL_JUSTICE
    tpo = terms.consent_type is ConsentType.TPO
    needed = {
        "right_to_revoke_statement": StatementKind.REVOCABLE_LATER if later else StatementKind.RIGHT_TO_REVOKE,
        **({"redisclosure_statement": StatementKind.REDISCLOSURE} if terms.needs_redisclosure_statement else {}),
        **({"tpo_redisclosure_statement": StatementKind.TPO_REDISCLOSURE} if tpo else {}),
        **({"tpo_refusal_statement": StatementKind.TPO_REFUSAL} if tpo else {}),
        **(
            {"fundraising_statement": StatementKind.FUNDRAISING_OPT_OUT}
            if Purpose.FUNDRAISING in terms.purposes
            else {}
        ),
    }
    empty = {name: current(kind).code for name, kind in needed.items() if getattr(terms, name) is None}
    return terms.model_copy(update=empty)


def unknown_statements(terms: ConsentTerms) -> list[str]:
    """Return the fields that name a statement which is not shipped, or is of another kind: it cannot be shown."""
    later = terms.consent_type is ConsentType.CRIMINAL_JUSTICE
    kinds = {
        "right_to_revoke_statement": StatementKind.REVOCABLE_LATER if later else StatementKind.RIGHT_TO_REVOKE,
        "redisclosure_statement": StatementKind.REDISCLOSURE,
        "tpo_redisclosure_statement": StatementKind.TPO_REDISCLOSURE,
        "tpo_refusal_statement": StatementKind.TPO_REFUSAL,
        "fundraising_statement": StatementKind.FUNDRAISING_OPT_OUT,
    }
    return [
        name
        for name, kind in kinds.items()
        if (code := getattr(terms, name)) is not None and (code not in STATEMENTS or STATEMENTS[code].kind is not kind)
    ]


def scope_explanation(terms: ConsentTerms, language: Language, place: int | None = None) -> str:
    """Return the clear explanation of a consent's scope that goes with a disclosure (42 CFR 2.32(b)).

    `place`: of the one recipient that reads it, who need not learn of the others. The person's name, the matter and
    the signature are not in it.
    """
    form = form_in(language)
    recipients = terms.recipients if place is None else terms.recipients[place : place + 1]
    who = [_recipient(one, form, form.scope_recipient_class) for one in recipients] + terms.intermediary_participants
    if terms.general_designation:
        who.append(form.scope_designation[terms.general_designation])
    lines = [
        form.scope,
        *_listed(form.scope_what, [form.scope_category[one] for one in terms.categories]),
        *_listed(form.scope_who, who),
        *_listed(form.scope_purpose, [form.scope_purpose_of[one] for one in terms.purposes]),
        *([form.scope_starts_on.format(day=form.written(terms.starts_on))] if terms.starts_on else []),
        *_expiry(terms, form, form.scope_expiry),
        form.scope_rest,
    ]
    return "\n".join(lines) + "\n"
