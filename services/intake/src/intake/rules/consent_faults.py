"""What a consent lacks of 42 CFR 2.31 and 2.35: each missing element, bad combination and wrong signer by its code."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from common.contracts.codes import ConsentType
from common.text import local_day
from intake.rules.consents import (
    NEVER_BY_CONSENT,
    OWN_PURPOSE,
    TPO,
    ConsentTerms,
    ExpiryKind,
    InformationCategory,
    JusticeRole,
    Purpose,
    Signature,
    SignerCapacity,
)

SINGLE_PURPOSE = {
    ConsentType.PROCEEDINGS: "consent-proceedings-combined",
    ConsentType.CRIMINAL_JUSTICE: "consent-criminal-justice-combined",
    ConsentType.RESEARCH: "consent-research-combined",
}
TPO_ONLY = frozenset({ExpiryKind.NONE, ExpiryKind.END_OF_TREATMENT})


class ConsentFault(NamedTuple):
    """`where`: a JSON pointer without its first slash. `sentence`: what to do about it."""

    code: str
    where: str
    sentence: str


Check = tuple[object, str, str, str]  # what must be true, and the fault if it is not


def consent_faults(
    terms: ConsentTerms, *, now: datetime, zone: str, deceased_on: date | None = None
) -> list[ConsentFault]:
    """Return why a signed consent may not be recorded; none means it may. `deceased_on`: when the person died."""
    return [
        *element_faults(terms, day=local_day(terms.signed_at or now, zone)),
        *_signature_faults(terms.signature),
        *_signing_faults(terms, now, zone),
        *signer_faults(terms.signature, day=local_day(terms.signed_at or now, zone), deceased_on=deceased_on),
    ]


def element_faults(terms: ConsentTerms, *, day: date) -> list[ConsentFault]:
    """Return what is missing or does not fit before anybody signs. `day`: of the signature."""
    return [
        *_found(_plain_elements(terms)),
        *_combination_faults(terms),
        *_expiry_faults(terms, day),
        *(_found(_tpo_elements(terms)) if terms.consent_type is ConsentType.TPO else []),
        *(_found(_justice_elements(terms)) if terms.consent_type is ConsentType.CRIMINAL_JUSTICE else []),
        *(_found(_intermediary_elements(terms)) if terms.consent_type is ConsentType.INTERMEDIARY else []),
    ]


def _found(checks: Iterable[Check]) -> list[ConsentFault]:
    return [ConsentFault(code, where, sentence) for holds, code, where, sentence in checks if not holds]


def _plain_elements(terms: ConsentTerms) -> list[Check]:
    return [
        (terms.name_as_signed, "consent-name-missing", "name_as_signed", "Give the person's name as signed."),
        (terms.disclosers, "consent-discloser-missing", "disclosers", "Say who may disclose."),
        *_category_elements(terms),
        *_recipient_elements(terms),
        (
            terms.redisclosure_statement or not terms.needs_redisclosure_statement,
            "consent-redisclosure-statement-missing",
            "redisclosure_statement",
            "Name the redisclosure statement that was given.",
        ),
        *_purpose_elements(terms),
        (
            terms.fundraising_statement or Purpose.FUNDRAISING not in terms.purposes,
            "consent-fundraising-statement-missing",
            "fundraising_statement",
            "Name the statement on how to say no to fundraising.",
        ),
        (
            terms.right_to_revoke_statement,
            "consent-right-to-revoke-missing",
            "right_to_revoke_statement",
            "Name the right-to-revoke statement given.",
        ),
        (terms.how_to_revoke, "consent-how-to-revoke-missing", "how_to_revoke", "Say how the person can revoke."),
    ]


def _category_elements(terms: ConsentTerms) -> list[Check]:
    named, notes = set(terms.categories), terms.consent_type is ConsentType.COUNSELING_NOTES
    must = InformationCategory.COUNSELING_NOTES if notes else InformationCategory.SUBSTANCE_USE_DISORDER
    return [
        (
            named,
            "consent-information-missing",
            "categories",
            f"Say what may be disclosed, and name {must.value} among it.",
        ),
        (
            not named or must in named,
            "consent-information-not-specific",
            "categories",
            f"Name {must.value} among what may be disclosed.",
        ),
    ]


def _recipient_elements(terms: ConsentTerms) -> list[Check]:
    by_name = all(recipient.name for recipient in terms.recipients)
    return [
        (terms.recipients, "consent-recipient-missing", "recipients", "Name the recipients."),
        (
            by_name or terms.consent_type is ConsentType.TPO,
            "consent-recipient-class-without-tpo",
            "recipients",
            "Name the recipients; classes are for TPO consents.",
        ),
    ]


def _purpose_elements(terms: ConsentTerms) -> list[Check]:
    own = OWN_PURPOSE.get(terms.consent_type)
    others = set(terms.purposes) - {own}
    return [
        (terms.purposes, "consent-purpose-missing", "purposes", "Name each purpose."),
        (
            terms.consent_type is not ConsentType.TPO or others <= TPO,
            "consent-tpo-with-other-purpose",
            "purposes",
            "Take another consent for the other purposes; a TPO consent has no other than those three.",
        ),
        (
            terms.consent_type is ConsentType.TPO or NEVER_BY_CONSENT.isdisjoint(others),
            "consent-purpose-not-by-consent",
            "purposes",
            "Leave out what rests on another basis than consent.",
        ),
    ]


def _combination_faults(terms: ConsentTerms) -> Iterator[ConsentFault]:
    """42 CFR 2.31(b) and (d): what stands alone on its form."""
    own, purposes = OWN_PURPOSE.get(terms.consent_type), set(terms.purposes)
    if own and purposes and purposes != {own}:
        yield ConsentFault(
            SINGLE_PURPOSE[terms.consent_type], "purposes", f"Name {own.value} as the one purpose of this consent."
        )
    for kind, alone in OWN_PURPOSE.items():
        if own is None and terms.consent_type is not ConsentType.TPO and alone in purposes:
            yield ConsentFault(SINGLE_PURPOSE[kind], "purposes", f"Take a {kind.value} consent of its own for that.")
    notes = InformationCategory.COUNSELING_NOTES
    if notes in terms.categories and (
        terms.consent_type is not ConsentType.COUNSELING_NOTES or set(terms.categories) != {notes}
    ):
        yield ConsentFault(
            "consent-counseling-notes-combined", "categories", "Take a consent of its own for counseling notes."
        )


def _tpo_elements(terms: ConsentTerms) -> list[Check]:
    return [
        (
            terms.tpo_redisclosure_statement,
            "consent-tpo-redisclosure-statement-missing",
            "tpo_redisclosure_statement",
            "Name the statement that information may be passed on and lose this protection.",
        ),
        (
            terms.tpo_refusal_statement,
            "consent-tpo-refusal-statement-missing",
            "tpo_refusal_statement",
            "Name the statement about the consequences of refusing.",
        ),
    ]


def _intermediary_elements(terms: ConsentTerms) -> list[Check]:
    by_name, designated = bool(terms.intermediary_participants), terms.general_designation is not None
    return [
        (
            by_name or designated,
            "consent-intermediary-participants-missing",
            "intermediary_participants",
            "Name the intermediary's participants, or designate those who treat the person.",
        ),
        (
            len(terms.recipients) <= 1,
            "consent-intermediary-not-alone",
            "recipients",
            "Name one intermediary, and those behind it as its participants.",
        ),
    ]


def _justice_elements(terms: ConsentTerms) -> list[Check]:
    """42 CFR 2.35: the matter, who must watch over it, and from when it may be revoked."""
    matter, since = terms.legal_matter, terms.revocable_from
    disposition = matter.final_disposition_on if matter else None
    roles = {recipient.justice_role for recipient in terms.recipients}
    return [
        (matter, "consent-legal-matter-missing", "legal_matter", "Name the legal matter."),
        (
            all(recipient.monitoring_duty for recipient in terms.recipients),
            "consent-monitoring-duty-missing",
            "recipients",
            "Say for each recipient what duty to monitor they have.",
        ),
        (
            JusticeRole.PROSECUTOR_OUTSIDE_MATTER not in roles,
            "consent-prosecutor-outside-matter",
            "recipients",
            "Take out the prosecutor who has no part in this matter.",
        ),
        (since, "consent-revocable-from-missing", "revocable_from", "Say from which day or event it can be revoked."),
        (
            not (since and since.on and disposition) or since.on <= disposition,
            "consent-revocable-after-disposition",
            "revocable_from/on",
            "It must be revocable by the final disposition of the matter.",
        ),
    ]


def _expiry_faults(terms: ConsentTerms, day: date) -> list[ConsentFault]:
    expiry, kind = terms.expiry, terms.consent_type
    if expiry is None:
        return [ConsentFault("consent-expiry-missing", "expiry", "Say when the consent ends: a date or an event.")]
    begins = max(day, terms.starts_on or day)
    return _found(
        [
            (
                (expiry.on is not None) == (expiry.kind is ExpiryKind.DATE),
                "consent-expiry-day",
                "expiry/on",
                "Give the last day with kind date, and only then.",
            ),
            (
                (expiry.event is not None) == (expiry.kind is ExpiryKind.EVENT),
                "consent-expiry-event",
                "expiry/event",
                "Give the event with kind event, and only then.",
            ),
            (
                expiry.kind not in TPO_ONLY or kind is ConsentType.TPO,
                "consent-expiry-only-for-tpo",
                "expiry/kind",
                "Only a TPO consent may end with treatment or not at all.",
            ),
            (
                expiry.kind is not ExpiryKind.END_OF_STUDY or kind is ConsentType.RESEARCH,
                "consent-expiry-only-for-research",
                "expiry/kind",
                "Only a research consent may end with the study.",
            ),
            (
                expiry.kind is not ExpiryKind.DATE or expiry.on is None or expiry.on >= begins,
                "consent-ends-before-it-starts",
                "expiry/on",
                "The consent would end before it was signed or begins. Correct the last day.",
            ),
        ]
    )


def _signature_faults(signature: Signature | None) -> list[ConsentFault]:
    if signature is None:
        return [ConsentFault("consent-signature-missing", "signature", "Record the signature.")]
    return _found(
        [
            (signature.signer, "consent-signer-missing", "signature/signer", "Say who signed."),
            (
                signature.capacity,
                "consent-signer-capacity-missing",
                "signature/capacity",
                "Say in what capacity they signed.",
            ),
            (signature.method, "consent-signature-method-missing", "signature/method", "Say how they signed."),
            (
                signature.evidence_sha256,
                "consent-signature-evidence-missing",
                "signature/evidence_sha256",
                "Give the digest of what was signed.",
            ),
        ]
    )


def _signing_faults(terms: ConsentTerms, now: datetime, zone: str) -> list[ConsentFault]:
    if terms.signed_at is None:
        return [ConsentFault("consent-signing-date-missing", "signed_at", "Say when it was signed.")]
    if terms.signed_at > now:
        sentence = "It cannot have been signed in the future."
        return [ConsentFault("consent-signed-in-the-future", "signed_at", sentence)]
    return []


def signer_faults(signature: Signature | None, *, day: date, deceased_on: date | None) -> list[ConsentFault]:
    """Return why this signer may not sign (42 CFR 2.14, 2.15). `day`: of the signature."""
    if signature is None or signature.capacity is None:
        return []
    dead = deceased_on is not None and deceased_on < day
    capacity, alone = signature.capacity, signature.minor_consents_alone
    parent = capacity is SignerCapacity.PARENT_OR_GUARDIAN
    return _found(
        [
            (
                not parent or alone is not None,
                "consent-minor-rule-missing",
                "signature/minor_consents_alone",
                "Say whether the state lets the person consent without a parent.",
            ),
            (
                not (parent and alone) or signature.co_signer,
                "consent-parent-signed-alone",
                "signature/capacity",
                "Let the person sign: the state lets them consent alone.",
            ),
            (
                capacity is not SignerCapacity.LEGAL_REPRESENTATIVE or signature.authority,
                "consent-representative-authority-missing",
                "signature/authority",
                "Say what makes the signer the person's representative.",
            ),
            (
                capacity is not SignerCapacity.EXECUTOR or deceased_on is not None,
                "consent-executor-for-the-living",
                "signature/capacity",
                "Record the death first; an executor signs only for somebody who died.",
            ),
            (
                not dead or capacity is SignerCapacity.EXECUTOR,
                "consent-signer-of-the-dead",
                "signature/capacity",
                "Let the executor sign: the person is recorded as dead.",
            ),
        ]
    )
