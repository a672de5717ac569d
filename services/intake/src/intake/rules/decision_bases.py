"""On what a disclosure may rest, and why it does not: the rows of the decision table that are about one basis each."""

from collections.abc import Iterator
from itertools import chain

from common.contracts.codes import AgreementKind, ConsentType, DisclosureBasis
from intake.rules.bases import OrderLack, PartyKind, RelationKind, order_lacks
from intake.rules.consents import (
    ConsentStanding,
    ConsentTerms,
    ExpiryKind,
    GeneralDesignation,
    JusticeRole,
    Purpose,
    Recipient,
)
from intake.rules.decision_facts import ConsentFacts, DecisionFacts, Fault, RecipientFacts
from intake.rules.disclosures import MEDICAL_ROLES, Channel, Demand, DisclosureTerms, View, same_name
from intake.rules.names import office_key
from intake.rules.views import categories_of

NEITHER = "Answer neither that the person is known here nor that they are not, and hand it to counsel."
SUBPOENA_ALONE = Fault(
    "subpoena-alone", "court_order_id", f"A subpoena without a court's order opens nothing. {NEITHER}"
)
LEGAL_DEMANDS = {
    Demand.SUBPOENA: SUBPOENA_ALONE,
    Demand.WARRANT: Fault("warrant-alone", "demand", f"A warrant without a court's order opens nothing. {NEITHER}"),
    Demand.POLICE_REQUEST: Fault("police-request-alone", "demand", f"A request of the police opens nothing. {NEITHER}"),
}
WOULD_IDENTIFY = {
    "D16": Fault("public-health-identified", "identifies", "Send de-identified information only."),
    "D18": Fault(
        "would-identify-patient",
        "identifies",
        "Send a message that does not show that the person is served here, or ask counsel.",
    ),
}
STANDINGS = {
    ConsentStanding.NOT_YET: "This consent has not begun. Wait for its first day.",
    ConsentStanding.EXPIRED: "This consent is expired. Ask the person for a new one.",
    ConsentStanding.REVOKED: "This consent is revoked. Ask the person whether they want to sign a new one.",
    ConsentStanding.SUSPENDED: "This consent is suspended. Wait until it is settled what the person wants.",
    ConsentStanding.SUPERSEDED: "This consent was replaced. Name the one that took its place.",
    ConsentStanding.VOID: "This consent is void. Ask the person for a new one.",
}
NOT_SIGNED = "This consent is not signed. Have it signed first."


def consent(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.31, 2.33: in force, complete, and covering the recipient, the purpose and all of the information."""
    at_hand = facts.consent
    if at_hand is None:
        return [Fault("consent-missing", "consent_id", "Name the consent that this rests on.")]
    return [
        *_standing_faults(at_hand),
        *_discloser_faults(at_hand, facts.own_names),
        *_type_faults(wish, at_hand.terms),
        *_recipient_faults(wish, at_hand, facts.recipient),
        *_coverage_faults(wish, at_hand.terms),
    ]


def _standing_faults(at_hand: ConsentFacts) -> Iterator[Fault]:
    if at_hand.standing is not ConsentStanding.ACTIVE:
        yield Fault("consent-not-active", "consent_id", STANDINGS.get(at_hand.standing, NOT_SIGNED))
    elif not at_hand.terms.disclosers:
        yield Fault("discloser-not-named", "consent_id", "The consent does not say that the program may disclose.")


def _discloser_faults(at_hand: ConsentFacts, own_names: frozenset[str]) -> Iterator[Fault]:
    """42 CFR 2.31(a)(2): it lets this agency disclose, by a name or a class that its papers use for it."""
    if own_names and at_hand.terms.disclosers and not own_disclosers(at_hand.terms, own_names):
        sentence = "The consent lets somebody else disclose, not this agency. Ask for one that names it."
        yield Fault("discloser-not-this-agency", "consent_id", sentence)


def own_disclosers(terms: ConsentTerms, own_names: frozenset[str]) -> list[str]:
    """Return by which words a consent lets this agency disclose; all of them if nobody recorded what it is called."""
    return [one for one in terms.disclosers if not own_names or office_key(one) in own_names]


def _type_faults(wish: DisclosureTerms, terms: ConsentTerms) -> Iterator[Fault]:
    if terms.consent_type is ConsentType.PROCEEDINGS and not wish.for_proceeding:
        sentence = "Say that it is for the proceeding, or take a consent for what it is for."
        yield Fault("consent-for-proceedings-only", "for_proceeding", sentence)


def _coverage_faults(wish: DisclosureTerms, terms: ConsentTerms) -> Iterator[Fault]:
    if wish.purpose not in terms.purposes:
        yield Fault("purpose-not-covered", "purpose", "The consent does not cover this purpose. Ask for one that does.")
    if not set(terms.categories).issuperset(wish.categories):
        yield Fault("category-not-covered", "categories", "The consent does not cover all of it. Leave the rest out.")


def _recipient_faults(wish: DisclosureTerms, at_hand: ConsentFacts, recipient: RecipientFacts) -> Iterator[Fault]:
    meant = _meant(at_hand.terms, recipient)
    if any(place in at_hand.inactive_places for place, by_name in meant if by_name):
        yield Fault("recipient-not-active", "recipient", "The person took back what concerns this recipient.")
    elif any(place not in at_hand.inactive_places for place, _ in meant):
        return
    elif meant:
        yield Fault("recipient-not-active", "recipient", "The person took back what concerns this recipient.")
    elif _class_is_meant(wish, at_hand.terms):
        sentence = "Record how the recipient stands to the person, then try again."
        yield Fault("relation-not-proven", "recipient", sentence)
    else:
        yield Fault("recipient-not-covered", "recipient", "The consent does not cover this recipient.")


def matched_place(wish: DisclosureTerms, facts: DecisionFacts) -> int | None:
    """Return the place in the consent's list of the recipient that this one is."""
    if facts.consent is None:
        return None
    meant = _meant(facts.consent.terms, facts.recipient)
    return next((place for place, _ in meant if place not in facts.consent.inactive_places), None)


def _meant(terms: ConsentTerms, recipient: RecipientFacts) -> list[tuple[int, bool]]:
    """Return the places in the consent's list that this recipient is, and whether by name; first those by name."""
    named = [(place, True) for place, one in enumerate(terms.recipients) if _is_named(one, recipient)]
    classed = [(place, False) for place, one in enumerate(terms.recipients) if _is_in_class(one, recipient)]
    behind = [(0, False)] if _is_behind_intermediary(terms, recipient) else []
    return [*named, *classed, *behind]


def _is_named(one: Recipient, recipient: RecipientFacts) -> bool:
    if one.party_id is not None and recipient.party_id is not None:
        return one.party_id == recipient.party_id
    return one.name is not None and same_name(one.name, recipient.name)


def _is_in_class(one: Recipient, recipient: RecipientFacts) -> bool:
    return one.recipient_class is not None and RelationKind(one.recipient_class.value) in recipient.relations


def _is_behind_intermediary(terms: ConsentTerms, recipient: RecipientFacts) -> bool:
    """42 CFR 2.31(a)(4)(ii): a participant by its name, or by the general designation with a treating relation."""
    if terms.consent_type is not ConsentType.INTERMEDIARY or not terms.recipients:
        return False
    if any(same_name(name, recipient.name) for name in terms.intermediary_participants):
        return True
    designated = terms.general_designation is GeneralDesignation.TREATING_PARTICIPANTS
    return designated and RelationKind.TREATING_PROVIDER in recipient.relations


def _class_is_meant(wish: DisclosureTerms, terms: ConsentTerms) -> bool:
    stated = wish.recipient.recipient_class
    classes = {one.recipient_class for one in terms.recipients if one.recipient_class}
    return terms.general_designation is not None or bool(classes and (stated is None or stated in classes))


def criminal_justice(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.35: as any consent, and only to who has the duty to monitor, for the period that it states."""
    faults = consent(wish, facts)
    at_hand, place = facts.consent, matched_place(wish, facts)
    if at_hand is None:
        return faults
    terms = at_hand.terms
    one = terms.recipients[place] if place is not None else None
    outside = one is not None and one.justice_role is JusticeRole.PROSECUTOR_OUTSIDE_MATTER
    if one is not None and (outside or not one.monitoring_duty):
        faults.append(Fault("no-monitoring-duty", "recipient", "Only who has a duty to monitor may be told."))
    if terms.legal_matter is None or terms.expiry is None or terms.expiry.kind is ExpiryKind.NONE:
        faults.append(Fault("period-missing", "consent_id", "The consent states no matter or period. Take a new one."))
    return faults


def court_order(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.61 to 2.67: an order permits, a subpoena compels; both, in their scope, and counsel signed."""
    if facts.order is None:
        if wish.subpoena_reference or wish.demand is Demand.SUBPOENA:
            return [SUBPOENA_ALONE]
        return [Fault("order-missing", "court_order_id", "Register the order and the subpoena, and name them.")]
    lacks = [ORDER_LACKS[lack] for lack in order_lacks(facts.order.order, on=facts.today)]
    return lacks or [*_order_scope_faults(wish, facts)]


def _order_scope_faults(wish: DisclosureTerms, facts: DecisionFacts) -> Iterator[Fault]:
    assert facts.order is not None  # asked before
    permitted = facts.order.order
    asked = {one for one in wish.categories if one.value != "counseling_notes"}
    if not asked.issubset(permitted.categories):
        yield Fault("order-out-of-scope", "categories", "The order does not open all of it. Leave the rest out.")
    if not _order_names(facts):
        yield Fault("order-out-of-scope", "recipient", "The order does not permit to disclose to this recipient.")
    if wish.for_proceeding and not permitted.against_patient:
        yield Fault("order-out-of-scope", "for_proceeding", "The order permits no use against the person.")


def _order_names(facts: DecisionFacts) -> bool:
    assert facts.order is not None  # asked before
    if facts.order.party_id is not None:
        return facts.order.party_id == facts.recipient.party_id
    return facts.order.recipient_name is not None and same_name(facts.order.recipient_name, facts.recipient.name)


_LIVE = "The order does not hold today. Ask the court or counsel."
_SCOPE = "The order does not open this. Ask counsel."
_FINDINGS = "The order does not state the findings that the law asks for. Hand it to counsel."
ORDER_LACKS = {
    OrderLack.NO_ORDER: SUBPOENA_ALONE,
    OrderLack.NO_SUBPOENA: Fault(
        "order-alone", "court_order_id", "An order permits and does not compel. Wait for the subpoena, ask counsel."
    ),
    OrderLack.FINDINGS_MISSING: Fault("order-findings-missing", "court_order_id", _FINDINGS),
    OrderLack.CONFIDENTIAL_FINDING_MISSING: Fault("order-findings-missing", "court_order_id", _FINDINGS),
    OrderLack.NOTICE_NOT_GIVEN: Fault(
        "order-notice-not-given", "court_order_id", "Record that whoever must be told of it was told."
    ),
    OrderLack.NO_CATEGORIES: Fault("order-out-of-scope", "court_order_id", _SCOPE),
    OrderLack.NOT_AGAINST_PATIENT: Fault("order-out-of-scope", "court_order_id", _SCOPE),
    OrderLack.NO_COUNSEL_SIGNATURE: Fault(
        "order-not-signed-by-counsel", "court_order_id", "Have counsel sign the order and the subpoena first."
    ),
    OrderLack.NOT_YET_ISSUED: Fault("order-not-live", "court_order_id", _LIVE),
    OrderLack.EXPIRED: Fault("order-not-live", "court_order_id", _LIVE),
    OrderLack.ENDED: Fault("order-not-live", "court_order_id", _LIVE),
}


def medical_emergency(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.51: to medical personnel, in a bona fide emergency, recorded at once and in full."""
    told = wish.emergency
    if told is None:
        return [Fault("emergency-items-missing", "emergency", "Say who was told, at which facility, and why.")]
    registered = facts.recipient.party_kind is not None
    if told.role is not None and (
        told.role not in MEDICAL_ROLES
        or (registered and not facts.recipient.medical_personnel)
        or facts.recipient.not_medical
    ):
        sentence = "Tell only medical personnel who somebody is; to others say no more than where help is needed."
        return [Fault("emergency-not-medical", "emergency/role", sentence)]
    items = (("personnel", "name who was told"), ("role", "say what they are"), ("facility", "name their facility"))
    reasons = (("nature", "say what the emergency was"), ("justification", "say why no consent could be had"))
    faults = [
        Fault("emergency-items-missing", f"emergency/{name}", f"{what.capitalize()}.")
        for name, what in chain(items, reasons)
        if getattr(told, name) is None
    ]
    return faults + _purpose(wish, Purpose.EMERGENCY_CARE)


def _purpose(wish: DisclosureTerms, *fitting: Purpose) -> list[Fault]:
    if wish.purpose in fitting:
        return []
    return [Fault("purpose-not-covered", "purpose", "This basis is not for that purpose. Name its own.")]


def child_abuse_report(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.12(c)(6): the report to the state's authority and no more; the records stay closed."""
    form = View.CHILD_ABUSE_REPORT
    if wish.view is not form or not categories_of(form).issuperset(wish.categories):
        sentence = "Send what the state's report form asks for, by its own view, and no record."
        return [Fault("report-form-only", "view", sentence)]
    if wish.report is None or not (wish.report.authority and wish.report.suspected):
        return [Fault("report-incomplete", "report", "Name the state's authority, and say what is suspected.")]
    if facts.recipient.party_kind is not PartyKind.CHILD_PROTECTION or facts.recipient.party_ended:
        sentence = "A report goes to a registered child protection authority of the state. Choose it, or register it."
        return [Fault("report-other-recipient", "recipient/party_id", sentence)]
    return _purpose(wish, Purpose.LEGAL_DUTY)


def crime_on_premises(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.12(c)(5): to the police, and five items only."""
    packet = View.CRIME_ON_PREMISES
    if wish.view is not packet or not categories_of(packet).issuperset(wish.categories):
        sentence = "Tell the incident, that the person is served here, name, address and last whereabouts, and no more."
        return [Fault("crime-packet-too-large", "categories", sentence)]
    if wish.incident is None or wish.incident.circumstances is None:
        return [Fault("incident-missing", "incident/circumstances", "Say what happened on the premises or to staff.")]
    if facts.recipient.party_kind is not PartyKind.LAW_ENFORCEMENT:
        return [Fault("crime-other-recipient", "recipient/party_id", "This goes to a registered police office only.")]
    return _purpose(wish, Purpose.LEGAL_DUTY)


def qualified_service(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.11, 2.12(c)(4): what a service to the program needs, on its live agreement; never a referral."""
    if wish.purpose is not Purpose.PROGRAM_SERVICES:
        sentence = "A qualified service serves the program. To refer somebody, take their consent."
        return [Fault("qualified-service-not-referral", "purpose", sentence)]
    return _agreement_faults(wish, facts, AgreementKind.QUALIFIED_SERVICE)


def audit_evaluation(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.53: on the written agreement, on the premises unless it says that copies may leave them."""
    faults = _agreement_faults(wish, facts, AgreementKind.AUDIT_EVALUATION)
    leaves = wish.channel is not Channel.IN_PERSON
    if not faults and leaves and facts.agreement is not None and not facts.agreement.copies_allowed:
        faults = [Fault("copy-not-agreed", "channel", "The agreement is for a review on the premises only.")]
    return faults or _purpose(wish, Purpose.OVERSIGHT)


def research(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """42 CFR 2.52: on an approval that runs, the minimal set only."""
    faults = _agreement_faults(wish, facts, AgreementKind.RESEARCH)
    if not faults and facts.agreement is not None and not facts.agreement.approved:
        faults = [Fault("research-not-approved", "agreement_id", "Record which body approved the research.")]
    if not faults and wish.view is not View.RESEARCH_SET:
        faults = [Fault("research-set-only", "view", "Send the research set and no more.")]
    return faults or _purpose(wish, Purpose.RESEARCH)


def unregistered(wish: DisclosureTerms, facts: DecisionFacts) -> list[Fault]:
    """A party in the register is chosen there, so that what is known of it holds; in an emergency a name is enough."""
    if not facts.recipient.is_registered or wish.basis is DisclosureBasis.MEDICAL_EMERGENCY:
        return []
    sentence = "The register has a party of this name. Choose the registered party, by its party_id."
    return [Fault("recipient-is-registered", "recipient/party_id", sentence)]


def _agreement_faults(wish: DisclosureTerms, facts: DecisionFacts, kind: AgreementKind) -> list[Fault]:
    agreement = facts.agreement
    if agreement is None or agreement.kind is not kind:
        return [Fault("agreement-missing", "agreement_id", "Name the written agreement of this kind that it rests on.")]
    if not agreement.live or facts.recipient.party_ended:
        return [Fault("agreement-not-live", "agreement_id", "The agreement does not run today. Agree on a new one.")]
    if agreement.party_id != facts.recipient.party_id:
        return [Fault("agreement-other-party", "recipient/party_id", "The agreement is with another party.")]
    if not agreement.categories.issuperset(wish.categories):
        return [Fault("category-not-covered", "categories", "The agreement does not cover all of it.")]
    return []
