"""May this disclosure happen? One table, D0 to D21, read from the top; nothing is allowed by default.

The first row that refuses wins. Sources: 42 CFR 2.12, 2.13, 2.24, 2.26, 2.31 to 2.33, 2.51 to 2.53, 2.61 to 2.67.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from common.contracts.codes import ConsentType, DisclosureBasis, RecordOrigin
from intake.rules import decision_bases as bases
from intake.rules.consents import TPO, Purpose
from intake.rules.decision_facts import Decision, DecisionFacts, Fault, Obligation
from intake.rules.disclosures import Demand, DisclosureTerms, IdentityProof, RecipientKind, View
from intake.rules.names import office_key
from intake.rules.restrictions import RestrictionEffect, effect_of
from intake.rules.statements import is_accompanying
from intake.rules.views import PURPOSES_OF, VIEWS_OF, categories_of

ROWS = tuple(f"D{number}" for number in range(22))
BY_LAW = frozenset({Purpose.LEGAL_DUTY, Purpose.OVERSIGHT})
STOPPED_BY_RESTRICTION = frozenset({DisclosureBasis.CONSENT, DisclosureBasis.HIPAA_PERMITTED})
Grounds = Callable[[DisclosureTerms, DecisionFacts], list[Fault]]


def decide(wish: DisclosureTerms, facts: DecisionFacts) -> Decision:
    """Return whether something may be disclosed, by which row of the table, and what then goes with it."""
    if refused := _first_refusal(ADMISSION, wish, facts):
        return refused
    if facts.recipient.kind is not RecipientKind.OUTSIDE:
        return _inside(wish, facts)
    if refused := _first_refusal(LIMITS, wish, facts):
        return refused
    if wish.basis is None:
        return _without_basis(wish)
    return _on_basis(wish, wish.basis, facts)


def _first_refusal(
    table: tuple[tuple[str, Grounds], ...], wish: DisclosureTerms, facts: DecisionFacts
) -> Decision | None:
    for row, grounds in table:
        if faults := grounds(wish, facts):
            return Decision(row, False, faults)
    return None


def _not_admitted(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    return [] if facts.caller_admitted else [Fault("not-allowed", "", "Ask somebody who serves this person.")]


def _not_recordable(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    if facts.can_be_recorded:
        return []
    return [Fault("ledger-not-writable", "", "Nothing is sent while it cannot be accounted for. Try again later.")]


def _inside(wish: DisclosureTerms, facts: DecisionFacts) -> Decision:
    """Decide on the person's own copy, which needs no basis, and on use by own staff, which is no disclosure."""
    if facts.recipient.kind is RecipientKind.PERSON:
        faults = [*_own_copy(wish)]
        return Decision("D2", not faults, faults)
    serves = facts.recipient.serves_person
    fault = Fault("no-need-to-know", "recipient/staff_id", "Have them assigned, or open the record in an emergency.")
    return Decision("D3", serves, [] if serves else [fault])


def _own_copy(wish: DisclosureTerms) -> Iterator[Fault]:
    """42 CFR 2.23, 45 CFR 164.524: to the person themselves, under the name on record, once they are known to be it."""
    told = wish.recipient
    if told.identity_proof not in set(IdentityProof):
        sentence = f"Make sure who it is, and say how: {', '.join(IdentityProof)}."
        yield Fault("identity-not-proofed", "recipient/identity_proof", sentence)
    if any((told.name, told.address, told.party_id, told.staff_id, told.recipient_class)):
        sentence = "Their own copy goes to the person, as they are on record; for anybody else take a consent."
        yield Fault("own-copy-other-recipient", "recipient", sentence)
    if any((wish.basis, wish.consent_id, wish.agreement_id, wish.court_order_id)):
        yield Fault("own-copy-needs-no-basis", "basis", "A person's own copy rests on no basis. Leave it out.")
    if wish.view not in (None, View.OWN_COPY):
        yield Fault("own-copy-view-only", "view", "Take the view own_copy, which is made for the person themselves.")
    elif wish.view is not None and wish.channel is None:
        yield Fault("channel-missing", "channel", "Say by which safe channel it goes.")


def _not_hipaa(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    part2 = facts.is_program or facts.origin is not RecordOrigin.OTHER
    if wish.basis is DisclosureBasis.HIPAA_PERMITTED and part2:
        return [Fault("part2-record", "basis", "This record is under 42 CFR Part 2: take a basis that Part 2 knows.")]
    return []


def _proceeding(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    if wish.basis is DisclosureBasis.COURT_ORDER:
        return bases.court_order(wish, facts)
    if not wish.for_proceeding:
        return []
    terms = facts.consent.terms if facts.consent else None
    if wish.basis is DisclosureBasis.CONSENT and terms and terms.consent_type is ConsentType.PROCEEDINGS:
        return []
    if wish.demand is Demand.SUBPOENA:
        return [bases.SUBPOENA_ALONE]
    sentence = "Take a consent for proceedings, or register the order and the subpoena and have counsel sign them."
    return [Fault("proceeding-not-permitted", "for_proceeding", sentence)]


def _counseling_notes(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    if not wish.shows_counseling_notes:
        return []
    terms = facts.consent.terms if facts.consent else None
    if wish.basis is DisclosureBasis.CONSENT and terms and terms.consent_type is ConsentType.COUNSELING_NOTES:
        return []
    if wish.basis is DisclosureBasis.COURT_ORDER and facts.order and facts.order.order.names_counseling_notes:
        return []
    sentence = "Leave the counseling notes out, or take a consent of their own for them."
    return [Fault("counseling-notes-not-covered", "includes_counseling_notes", sentence)]


def _restrictions(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    if wish.basis not in STOPPED_BY_RESTRICTION or not _is_restricted(wish, facts):
        return []
    sentence = "The program agreed with the person not to disclose this. Leave it out, or ask the privacy officer."
    return [Fault("restricted", "", sentence)]


def _is_restricted(wish: DisclosureTerms, facts: DecisionFacts, *, emergency: bool = False) -> bool:
    """Tell whether a restriction that was agreed on speaks against it.

    In an emergency it stops nothing, but the recipient is asked not to pass it on, whatever purpose it names.
    """
    effect = effect_of(
        facts.restrictions,
        categories=wish.categories,
        purposes=[] if emergency else [wish.purpose],
        party_id=facts.recipient.party_id,
        record_made_on=None,
        to_health_plan=facts.recipient.is_health_plan,
        recipient_key=office_key(facts.recipient.name) if facts.recipient.name else None,
        emergency=emergency,
    )
    return effect is not RestrictionEffect.NONE


ADMISSION: tuple[tuple[str, Grounds], ...] = (("D0", _not_admitted), ("D1", _not_recordable))
LIMITS: tuple[tuple[str, Grounds], ...] = (
    ("D4", _not_hipaa),
    ("D5", _proceeding),
    ("D6", _counseling_notes),
    ("D7", _restrictions),
)


def _without_basis(wish: DisclosureTerms) -> Decision:
    """Decide on what rests on nothing: at most a message that does not show that somebody is served here."""
    if wish.demand is None:
        return Decision("D21", False, [Fault("no-basis", "basis", "Name what this may rest on.")])
    if wish.demand in bases.LEGAL_DEMANDS:
        return Decision("D19", False, [bases.LEGAL_DEMANDS[wish.demand]])
    row = "D16" if wish.demand is Demand.PUBLIC_HEALTH else "D18"
    if not wish.identifies:
        return Decision(row, True)
    return Decision(row, False, [bases.WOULD_IDENTIFY[row]])


def _on_basis(wish: DisclosureTerms, basis: DisclosureBasis, facts: DecisionFacts) -> Decision:
    row, grounds = _row_of(basis, facts)
    if faults := [*bases.unregistered(wish, facts), *grounds(wish, facts)]:
        return Decision(row, False, faults)
    if faults := _package(wish, basis):
        return Decision("D17", False, faults)
    place = bases.matched_place(wish, facts) if basis is DisclosureBasis.CONSENT else None
    return replace(Decision(row, True, [], _obligations(wish, basis, facts)), recipient_place=place)


def _row_of(basis: DisclosureBasis, facts: DecisionFacts) -> tuple[str, Grounds]:
    if basis is DisclosureBasis.CONSENT:
        terms = facts.consent.terms if facts.consent else None
        justice = terms is not None and terms.consent_type is ConsentType.CRIMINAL_JUSTICE
        return ("D9", bases.criminal_justice) if justice else ("D8", bases.consent)
    return BASES[basis]


def _hipaa(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """A record that is no Part 2 record: 45 CFR 164.506 for the three purposes, 164.512 with the reason recorded."""
    if wish.purpose in TPO or (wish.purpose in BY_LAW and wish.reason_code and wish.reference):
        return []
    if wish.purpose in BY_LAW:
        return [Fault("reason-missing", "reason_code", "Record which law or oversight asks for it, and its reference.")]
    return [Fault("purpose-not-covered", "purpose", "Take the person's consent for this purpose.")]


def _court_order(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """Nothing more: D5 has looked at the order already."""
    return []


BASES: dict[DisclosureBasis, tuple[str, Grounds]] = {
    DisclosureBasis.COURT_ORDER: ("D5", _court_order),
    DisclosureBasis.MEDICAL_EMERGENCY: ("D10", bases.medical_emergency),
    DisclosureBasis.CHILD_ABUSE_REPORT: ("D11", bases.child_abuse_report),
    DisclosureBasis.CRIME_ON_PREMISES: ("D12", bases.crime_on_premises),
    DisclosureBasis.QUALIFIED_SERVICE: ("D13", bases.qualified_service),
    DisclosureBasis.AUDIT_EVALUATION: ("D14", bases.audit_evaluation),
    DisclosureBasis.RESEARCH: ("D15", bases.research),
    DisclosureBasis.HIPAA_PERMITTED: ("D20", _hipaa),
}


def _package(wish: DisclosureTerms, basis: DisclosureBasis) -> list[Fault]:
    """What goes with it (42 CFR 2.32) and, of a view, its limits: only such fields, such a basis, a safe channel."""
    faults = []
    if basis is DisclosureBasis.CONSENT:
        faults += _accompanied(wish)
    if wish.notice_statement is not None and not is_accompanying(wish.notice_statement):
        sentence = "Name a statement that goes with disclosures, one of GET /v1/statements."
        faults.append(Fault("notice-statement-unknown", "notice_statement", sentence))
    if wish.consent_id is not None and basis is not DisclosureBasis.CONSENT:
        faults.append(Fault("consent-not-the-basis", "consent_id", "Name a consent only where the basis is consent."))
    if wish.view is None:
        return faults
    if wish.view not in VIEWS_OF[basis]:
        faults.append(Fault("view-not-for-basis", "view", "Take a view that is made for this basis."))
    elif wish.purpose not in PURPOSES_OF.get(wish.view, Purpose):
        faults.append(Fault("view-not-for-purpose", "view", "Take a view that is made for this purpose."))
    if not categories_of(wish.view).issuperset(wish.categories):
        faults.append(Fault("category-not-in-view", "categories", "Name only what the view can show."))
    if wish.channel is None:
        faults.append(Fault("channel-missing", "channel", "Say by which safe channel it goes."))
    return faults


def _accompanied(wish: DisclosureTerms) -> list[Fault]:
    faults = []
    if wish.notice_statement is None:
        faults.append(Fault("notice-statement-missing", "notice_statement", "Name the statement that goes with it."))
    if wish.scope_attached is None:
        sentence = "Attach a copy of the consent or an explanation of its scope."
        faults.append(Fault("scope-missing", "scope_attached", sentence))
    return faults


def _obligations(wish: DisclosureTerms, basis: DisclosureBasis, facts: DecisionFacts) -> list[Obligation]:
    found = [Obligation.ACCOUNT, *ALONG_WITH.get(basis, ())]
    emergency = basis is DisclosureBasis.MEDICAL_EMERGENCY
    if emergency and _is_restricted(wish, facts, emergency=True):
        found.append(Obligation.ASK_NOT_TO_PASS_ON)
    if facts.agreement is not None and facts.agreement.copies_allowed:
        found.append(Obligation.DESTROY_COPY)
    return found


_REVIEWED = (Obligation.REVIEW, Obligation.NOTIFY_OFFICER)
ALONG_WITH: dict[DisclosureBasis, tuple[Obligation, ...]] = {
    DisclosureBasis.CONSENT: (Obligation.STATEMENT, Obligation.SCOPE),
    DisclosureBasis.MEDICAL_EMERGENCY: _REVIEWED,
    DisclosureBasis.CHILD_ABUSE_REPORT: (*_REVIEWED, Obligation.KEEP_RECORDS_CLOSED),
    DisclosureBasis.CRIME_ON_PREMISES: _REVIEWED,
    DisclosureBasis.COURT_ORDER: _REVIEWED,
    DisclosureBasis.QUALIFIED_SERVICE: (Obligation.REVIEW,),
    DisclosureBasis.AUDIT_EVALUATION: (Obligation.REVIEW,),
    DisclosureBasis.RESEARCH: (Obligation.REVIEW,),
    DisclosureBasis.HIPAA_PERMITTED: (Obligation.REVIEW,),
}
