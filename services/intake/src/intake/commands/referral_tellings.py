"""What a referral tells outside: the receiver of one that goes out, and the referrer who follows one that came in.

Telling somebody that a person is or may be served here is a disclosure: it needs a basis and writes its line.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

from pydantic import Field
from sqlalchemy import select

from common.contracts.codes import DisclosureBasis, ReferralDirection, ReferralStatus
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Code, Distinct
from intake.commands.decision_facts import require_decision
from intake.commands.disclosures import disclose_now
from intake.commands.recording import recording
from intake.commands.referrals import SAID
from intake.models import Disclosure, Party, Referral
from intake.rules.consents import InformationCategory, Purpose
from intake.rules.disclosures import Channel, DisclosedTo, DisclosureTerms, OutboundPath, ScopeAttached
from intake.rules.names import office_key

LINK_TERMS = "referral.link_terms"
LINK = "referral-link"  # told once for each status that is shown


class Telling(Asked):
    """What the other side is told of the person, and what allows it."""

    basis: DisclosureBasis = DisclosureBasis.CONSENT
    consent_id: UUID | None = None
    agreement_id: UUID | None = None
    party_id: UUID | None = Field(default=None, description="who is told, if the register of parties has them")
    purpose: Purpose = Purpose.CARE_COORDINATION
    categories: Annotated[list[InformationCategory], Distinct] = Field(min_length=1, max_length=20)
    channel: Channel | None = None
    notice_statement: Code | None = Field(default=None, description="version of the 2.32(a) statement given with it")
    scope_attached: ScopeAttached | None = None


def _wish(telling: Telling, party: dict[str, Any]) -> DisclosureTerms:
    named = DisclosedTo(party_id=telling.party_id, name=_called(party))
    return DisclosureTerms(recipient=named, **telling.model_dump(exclude={"party_id"}))


def _called(party: dict[str, Any]) -> str | None:
    return party.get("organization") or party.get("person")


async def _require_same(db: Db, telling: Telling, party: dict[str, Any]) -> None:
    """Raise `Unprocessable` if the registered party is another than the one that the referral names."""
    name = _called(party)
    if telling.party_id is None or name is None:
        return
    registered = await db.get(Party, (db.scope.agency_id, telling.party_id))
    if registered is None or office_key(registered.name) != office_key(name):
        detail = "This party is not the one that the referral names. Choose theirs, or leave party_id out."
        raise Unprocessable("told-another-party", detail, "/told/party_id")


async def tell_receiver(
    db: Db,
    keys: KeyRing,
    actor: Actor,
    referral: Referral,
    *,
    told: Telling | None,
    by_person: bool,
    introduced: bool,
) -> None:
    """Write what the receiver of a referral that goes out is told. Raises `Refused`, `Unprocessable`."""
    if referral.direction != ReferralDirection.OUT:
        if told or by_person:
            raise Unprocessable("nobody-told", "Only a referral that goes out tells its receiver.", "/told")
        return
    if told is not None:
        sealer = await keys.sealer(db, referral.agency_id, referral.id)
        receiver = _said(sealer, referral).get("receiver", {})
        await _require_same(db, told, receiver)
        wish = _wish(told, receiver)
        made = await disclose_now(db, keys, actor, _person_of(referral), wish, path=OutboundPath.REFERRAL)
        referral.disclosure_id = made.id
    elif referral.disclosure_id is None and (introduced or not by_person):
        raise Unprocessable(
            "telling-missing",
            "The receiver learns of this person. Say in `told` on what basis, or with `by_person` that the person made "
            "the contact themselves; an introduction by us is never that.",
            "/told",
        )


def _said(sealer: Sealer, referral: Referral) -> dict[str, Any]:
    said = sealer.open(SAID, referral.said)
    assert isinstance(said, dict)  # sealed so
    return said


def _person_of(referral: Referral) -> UUID:
    assert referral.participant_id is not None  # checked by the database: `sent_out`
    return referral.participant_id


async def link_terms(db: Db, keys: KeyRing, referral: Referral, telling: Telling | None) -> bytes | None:
    """Return, sealed, on what basis a link shows how far a referral is; without one it says `received` for ever."""
    if telling is None:
        return None
    if referral.participant_id is None:
        sentence = "Link the referral with somebody who is served first: until then nobody could have consented."
        raise Refused("referral-not-linked", sentence)
    sealer = await keys.sealer(db, referral.agency_id, referral.id)
    await _require_same(db, telling, _said(sealer, referral).get("source", {}))
    return sealer.seal(LINK_TERMS, telling.model_dump(mode="json"))


async def shown_by_link(db: Db, keys: KeyRing, referral: Referral) -> tuple[ReferralStatus, date]:
    """Return the status that a referrer is shown and since when: the real one only if that may be disclosed to them.

    What they see for the first time is a disclosure, with its line in the accounting; seeing it again is none.
    """
    now, status = await recording(db), ReferralStatus(referral.status)
    if status is not ReferralStatus.RECEIVED and await _may_know(db, keys, referral, status):
        return status, now.day(_since(referral))
    return ReferralStatus.RECEIVED, now.day(referral.recorded_at)


def _since(referral: Referral) -> datetime:
    times = {
        ReferralStatus.CONTACTED: referral.contacted_at,
        ReferralStatus.CONNECTED: referral.connected_at,
        ReferralStatus.CLOSED: referral.closed_at,
    }
    return times.get(ReferralStatus(referral.status)) or referral.recorded_at


async def _may_know(db: Db, keys: KeyRing, referral: Referral, status: ReferralStatus) -> bool:
    if referral.link_terms is None or referral.participant_id is None:
        return False
    sealer = await keys.sealer(db, referral.agency_id, referral.id)
    telling = Telling.model_validate(sealer.open(LINK_TERMS, referral.link_terms))
    wish = _wish(telling, _said(sealer, referral).get("source", {}))
    told_id = uuid5(referral.id, status)
    person, path = referral.participant_id, OutboundPath.REFERRAL_LINK
    try:
        if await _told_already(db, told_id):
            await require_decision(db, keys, person, wish)
        else:
            await disclose_now(db, keys, None, person, wish, path=path, told_by=LINK, told_id=told_id)
    except (Refused, NotThere):
        return False
    return True


async def _told_already(db: Db, told_id: UUID) -> bool:
    question = select(Disclosure.id).where(
        Disclosure.agency_id == db.scope.agency_id, Disclosure.told_by == LINK, Disclosure.told_id == told_id
    )
    return await db.scalar(question) is not None
