"""Putting a package together for one recipient, handing it over, and taking it back before that.

Handing over decides again, under the consent's lock: what was revoked meanwhile never reaches the wire.
"""

from dataclasses import replace
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import DisclosureBasis
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked
from intake.commands.access import reach, reach_unmerged
from intake.commands.consents import WORDS
from intake.commands.decision_facts import Decided, NotDisclosed, decide_on, require_allowed
from intake.commands.disclosures import place_disclosure
from intake.commands.package_fields import package_fields
from intake.commands.participants import known_of
from intake.commands.recording import recording
from intake.models import Package
from intake.rules.consent_words import consent_words
from intake.rules.decision_bases import own_disclosers
from intake.rules.decision_facts import Decision, Obligation
from intake.rules.disclosures import (
    Channel,
    DisclosedTo,
    DisclosureTerms,
    OutboundPath,
    RecipientKind,
    ScopeAttached,
)
from intake.rules.packages import (
    AccompanyingScope,
    DisclosurePackage,
    PackageRecipient,
    PackageState,
    content_sha256,
    notice_of,
    scope_of,
    signed_copy,
    with_papers,
)
from intake.rules.statements import Language

WISH, CONTENT = "package.wish", "package.content"
OfLanguage = Annotated[Language, Field(description="of the pages and the scope; the statement is law text, in English")]


class AskPreview(DisclosureTerms):
    """What somebody thinks of sending; nothing is sent. Statement and scope are as they are named.

    Left out: the long statement, the short one by fax and phone, and an explanation of the scope.
    """

    participant_id: UUID
    language: OfLanguage = "en"


class PreparePackage(AskPreview):
    """What is to be put together, of a view, which fixes the fields."""

    @model_validator(mode="after")
    def _of_a_view(self) -> Self:
        if self.view is None:
            raise ValueError("name the view, which fixes the fields")
        return self


class CancelPackage(Asked):
    reason: Annotated[str, StringConstraints(pattern="^[a-z][a-z_]{0,39}$")] = "withdrawn"


class PackageMade(Created):
    row: str = Field(description="of the decision table")


class GroundAgainst(BaseModel):
    """One ground on which something is not disclosed."""

    code: str
    pointer: str
    detail: str


class HandoverAnswer(Created):
    """What came of it. `cancelled`: it may no longer be disclosed, so nothing was, and the package is closed."""

    outcome: PackageState
    row: str
    disclosure_id: UUID | None = None
    grounds: list[GroundAgainst] = []


def wish_of(request: AskPreview) -> DisclosureTerms:
    """Return the wish in a request, with the papers that a package always carries."""
    named = {name: getattr(request, name) for name in DisclosureTerms.model_fields}
    return with_papers(DisclosureTerms.model_construct(**named))


def grounds_of(decision: Decision) -> list[GroundAgainst]:
    return [GroundAgainst(code=one.code, pointer=f"/{one.where}", detail=one.sentence) for one in decision.faults]


async def compose(db: Db, keys: KeyRing, decided: Decided, language: Language) -> DisclosurePackage:
    """Return the package as the records are now."""
    now, wish, held = await recording(db), addressed(decided).wish, decided.facts
    assert wish.view is not None  # a package is always of a view
    return DisclosurePackage(
        prepared_on=now.day(decided.at),
        language=language,
        view=wish.view,
        sender=own_disclosers(held.consent.terms, held.own_names) if held.consent else [],
        to=PackageRecipient(name=wish.recipient.name, address=wish.recipient.address),
        purpose=wish.purpose,
        notice=notice_of(wish),
        fields=await package_fields(db, keys, decided),
        scope=await scope_with(db, keys, decided, language),
        origin=held.origin,
        do_not_pass_on=Obligation.ASK_NOT_TO_PASS_ON in decided.decision.obligations,
    )


def addressed(decided: Decided) -> Decided:
    """Return the decision with the person, as they are on record, as who receives their own copy."""
    wish = decided.wish
    if wish.recipient.kind is not RecipientKind.PERSON:
        return decided
    known = known_of(decided.sealer, decided.participant)
    address = known.get("address") if wish.channel is Channel.MAIL else None
    to = DisclosedTo.model_construct(
        kind=RecipientKind.PERSON,
        identity_proof=wish.recipient.identity_proof,
        name=known.get("name") or known.get("alias"),
        address=address,
    )
    return replace(decided, wish=wish.model_copy(update={"recipient": to}))


async def scope_with(db: Db, keys: KeyRing, decided: Decided, language: Language) -> AccompanyingScope | None:
    """Return what goes with it of the consent (42 CFR 2.32(b)): a copy as it was signed, or what it covers."""
    consent, held = decided.consent, decided.facts.consent
    if consent is None or held is None or decided.wish.scope_attached is not ScopeAttached.CONSENT_COPY:
        return scope_of(held.terms if held else None, language, decided.decision.recipient_place)
    if consent.words is None:  # signed under an earlier release
        return signed_copy(consent_words(held.terms, language), held.terms, language)
    sealer = await keys.sealer(db, db.scope.agency_id, consent.participant_id)
    signed_in: Language = "es" if consent.language == "es" else "en"
    return signed_copy(str(sealer.open(WORDS, consent.words)), held.terms, signed_in)


async def prepare_package(db: Db, keys: KeyRing, actor: Actor, request: PreparePackage) -> PackageMade:
    """Put together what may be disclosed, sealed until it is handed over. Raises `NotDisclosed`."""
    emergency = request.basis is DisclosureBasis.MEDICAL_EMERGENCY
    await reach_unmerged(db, actor, request.participant_id, await recording(db), emergency=emergency)
    decided = await decide_on(db, keys, actor, request.participant_id, wish_of(request))
    require_allowed(decided)
    if decided.wish.recipient.kind is RecipientKind.OWN_STAFF:
        raise Refused("no-disclosure", "Own staff who serve the person read the record itself. Send them there.")
    if decided.wish.basis is None and decided.wish.recipient.kind is RecipientKind.OUTSIDE:
        raise Refused("no-disclosure", "What does not identify anybody is no package. Write the message yourself.")
    package = _sealed(db, decided, await compose(db, keys, decided, request.language))
    db.add(package)
    _tell(db, facts.PACKAGE_PREPARED, package)
    db.audit("package.prepare", package.participant_id, package_id=package.id, row=package.decision_row)
    return PackageMade(id=package.id, version=1, row=package.decision_row)


def _sealed(db: Db, decided: Decided, content: DisclosurePackage) -> Package:
    seal = decided.sealer.seal
    return Package(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=decided.participant.id,
        state=PackageState.PREPARED,
        wish=seal(WISH, decided.wish.model_dump(mode="json", exclude_none=True)),
        content=seal(CONTENT, content.model_dump(mode="json", by_alias=True)),
        content_sha256=content_sha256(content),
        consent_id=decided.wish.consent_id,
        decision_row=decided.decision.row,
        recipient_place=decided.decision.recipient_place,
        prepared_at=decided.at,
        prepared_by=db.scope.actor_id,
        version=1,
    )


def _tell(db: Db, fact: Fact, package: Package) -> None:
    state = facts.PackageFacts(
        package_id=package.id,
        participant_id=package.participant_id,
        consent_id=package.consent_id,
        prepared_by=package.prepared_by,
        prepared_at=package.prepared_at,
        open=package.state == PackageState.PREPARED,
    )
    db.publish(fact, state, about=package.id, seq=package.version)


async def hand_over(db: Db, keys: KeyRing, actor: Actor, package_id: UUID, expected: int) -> HandoverAnswer:
    """Decide again at the wire, and account for it in the same transaction, or close the package for good.

    The consent is locked before the package, as a revocation does it, so that the two never wait for each other.
    """
    seen = await reach(db, actor, Package, package_id, await recording(db), emergency=True)  # decided by its basis
    sealer = await keys.sealer(db, db.scope.agency_id, seen.participant_id)
    wish = DisclosureTerms.model_validate(sealer.open(WISH, seen.wish))
    decided = await decide_on(db, keys, actor, seen.participant_id, wish)
    if not decided.decision.allowed and decided.decision.row == "D1":
        raise NotDisclosed(decided.decision)
    package = await _prepared(db, package_id, expected)
    if not decided.decision.allowed:
        return _refused(db, package, decided)
    disclosure = place_disclosure(db, addressed(decided), path=OutboundPath.PACKAGE, package_id=package.id)
    _close(db, package, decided, PackageState.HANDED_OVER, None)
    db.audit("package.hand-over", package.participant_id, package_id=package.id, row=decided.decision.row)
    return HandoverAnswer(
        id=package.id,
        version=package.version,
        outcome=PackageState.HANDED_OVER,
        row=decided.decision.row,
        disclosure_id=disclosure.id,
    )


async def _prepared(db: Db, package_id: UUID, expected: int) -> Package:
    """Return a package that still waits, locked. Raises `Refused` for one that was closed meanwhile."""
    question = select(Package).where(Package.agency_id == db.scope.agency_id, Package.id == package_id)
    package: Package = (await db.scalars(question.with_for_update().execution_options(populate_existing=True))).one()
    if package.state != PackageState.PREPARED:
        state = package.state.replace("_", "-")
        raise Refused(f"package-{state}", "This package is closed. Prepare a new one if it is needed again.")
    require_version(package.version, expected)
    return package


def _refused(db: Db, package: Package, decided: Decided) -> HandoverAnswer:
    """Close the package: nothing of it was sent. The answer is no refusal, so that the closing is kept."""
    grounds = grounds_of(decided.decision)
    _close(db, package, decided, PackageState.CANCELLED, grounds[0].code)
    db.audit(
        "package.cancel",
        package.participant_id,
        package_id=package.id,
        row=decided.decision.row,
        grounds=[one.code for one in grounds],
    )
    return HandoverAnswer(
        id=package.id,
        version=package.version,
        outcome=PackageState.CANCELLED,
        row=decided.decision.row,
        grounds=grounds,
    )


def _close(db: Db, package: Package, decided: Decided, state: PackageState, reason: str | None) -> None:
    package.state, package.end_reason = state, reason
    package.ended_at, package.ended_by = decided.at, db.scope.actor_id
    package.version += 1
    _tell(db, facts.PACKAGE_CLOSED, package)


async def cancel_package(db: Db, actor: Actor, package_id: UUID, request: CancelPackage, expected: int) -> Created:
    """Take back a package that was not handed over."""
    now = await recording(db)
    await reach(db, actor, Package, package_id, now)
    package = await _prepared(db, package_id, expected)
    package.state, package.end_reason = PackageState.CANCELLED, request.reason
    package.ended_at, package.ended_by = now.now, db.scope.actor_id
    package.version += 1
    _tell(db, facts.PACKAGE_CLOSED, package)
    db.audit("package.cancel", package.participant_id, package_id=package.id)
    return Created(id=package.id, version=package.version)
