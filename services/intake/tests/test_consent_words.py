"""The statements with their pinned digests, and a consent as the person reads it in both languages."""

import hashlib
from typing import Any

import pytest

from common.contracts.codes import ConsentType
from intake.rules.consent_words import (
    LANGUAGES,
    consent_words,
    form_in,
    scope_explanation,
    statements_of,
    unknown_statements,
    with_statements,
    words_sha256,
)
from intake.rules.consents import (
    ConsentTerms,
    ExpiryKind,
    GeneralDesignation,
    InformationCategory,
    Purpose,
    RecipientClass,
)
from intake.rules.statements import STATEMENTS, StatementKind, current

INTAKE = "/api/intake/v1"
DIGESTS = {
    "counseling-notes-2026-11": "875cf24eb7df996e48466761d94ca756ed047cb0965252152dc8dffd595567b4",
    "fundraising-2026-11": "e63509b0ba03a0f431754c945c9e8dcc1b9dceb87e641459107d23172fb04141",
    "notice-long-2024": "91a8205cbfa3cf760da6ad1d28b413cb1b99c1f6182b7e39e94e829a9e3c346a",
    "notice-short-2024": "79fee3d6dff7e052183c61b66bfed589f0f45dcf330bb277e07b396bd12e9774",
    "redisclosure-2026-11": "f2b0428a866780c0378bebf27caf8c4c5a0c53b87b65afe93fae8e2e66ea500c",
    "revocable-later-2026-11": "950aa011a679fd33d17a784fc574ae92882a643f4dd84995324364f360dc9045",
    "right-to-revoke-2026-11": "18c1ce571cb5036f9e58a1fcb3d35003c21cc3d7fc807ac5c44e1e1d1ce1b8ad",
    "tpo-redisclosure-2026-11": "b6e867799d88fffb49bfb8b7348bdc00582c6d7c574e672b20037d0376737c9b",
    "tpo-refusal-2026-11": "51fb09ce251af07ae9d3ee555c92605f04d23efd76c79123e6cdfd46d30e384d",
}
COURTESY = {
    ("notice-long-2024", "es"): "0a03ac08e529380f7c0990e778c274997fc980f806071f54973059477041816a",
    ("notice-short-2024", "es"): "fdbc2995739cfb662968f811824540ba4a3f6f0ede16fa3e3803ab58175c9e18",
}
TERMS: dict[str, Any] = {
    "consent_type": "named_recipients",
    "name_as_signed": "Ana Núñez",
    "disclosers": ["Riverbend Recovery"],
    "categories": ["substance_use_disorder", "attendance"],
    "recipients": [
        {"name": "County Housing", "covered_entity": False},
        {"name": "Mercy Clinic", "covered_entity": True},
    ],
    "purposes": ["housing"],
    "right_to_revoke_statement": "right-to-revoke-2026-11",
    "how_to_revoke": "A note at the front desk",
    "expiry": {"kind": "date", "on": "2027-03-09"},
}
SHOWN = {
    ConsentType.TPO: {
        "recipients": [{"recipient_class": "treating_provider", "covered_entity": True}],
        "purposes": ["treatment", "payment", "health_care_operations"],
        "expiry": {"kind": "end_of_treatment"},
    },
    ConsentType.NAMED_RECIPIENTS: {"purposes": ["housing", "fundraising"]},
    ConsentType.INTERMEDIARY: {
        "recipients": [{"name": "County Exchange", "covered_entity": False}],
        "intermediary_participants": ["Mercy Clinic"],
        "general_designation": "treating_participants",
    },
    ConsentType.COUNSELING_NOTES: {"categories": ["counseling_notes"]},
    ConsentType.PROCEEDINGS: {"purposes": ["legal_proceedings"]},
    ConsentType.CRIMINAL_JUSTICE: {
        "recipients": [
            {"name": "Officer Lee", "covered_entity": False, "monitoring_duty": "Watches over the probation"}
        ],
        "purposes": ["criminal_justice"],
        "legal_matter": {"name": "Case 26-CR-17"},
        "revocable_from": {"on": "2027-01-02"},
        "right_to_revoke_statement": "revocable-later-2026-11",
    },
    ConsentType.RESEARCH: {"purposes": ["research"], "expiry": {"kind": "end_of_study"}},
}
HEADINGS = ("part_why", "part_what", "part_who", "part_purpose", "part_rights", "part_sign")


def terms(**change: Any) -> ConsentTerms:
    return ConsentTerms.model_validate(TERMS | change)


def shown(kind: ConsentType) -> ConsentTerms:
    return with_statements(terms(consent_type=kind.value, **SHOWN[kind]))


def test_every_statement_is_word_for_word_what_it_was() -> None:
    assert {code: one.sha256 for code, one in STATEMENTS.items()} == DIGESTS


def test_every_courtesy_explanation_is_word_for_word_what_it_was_and_says_that_it_is_one() -> None:
    found = {
        (code, language): hashlib.sha256(words.encode()).hexdigest()
        for code, one in STATEMENTS.items()
        for language, words in one.courtesy.items()
    }

    assert found == COURTESY
    for code, language in found:
        assert STATEMENTS[code].courtesy[language].startswith("Explicación de cortesía; el texto en inglés")


def test_the_statements_that_go_with_a_disclosure_are_the_laws_own_words() -> None:
    long, short = STATEMENTS["notice-long-2024"], STATEMENTS["notice-short-2024"]

    assert short.words == {"en": "42 CFR part 2 prohibits unauthorized use or disclosure of these records."}
    assert short.sha256 == hashlib.sha256(short.words["en"].encode()).hexdigest()
    assert long.words["en"].startswith("This record which has been disclosed to you is protected by Federal")
    assert "(iii) You have received the record from a covered entity or business associate" in long.words["en"]
    assert long.words["en"].endswith("written consent to the use or redisclosure of the record (see 42 CFR 2.31).")
    assert set(long.words) == {"en"}


def test_there_is_a_statement_of_every_kind_and_ours_are_in_both_languages() -> None:
    assert {one.kind for one in STATEMENTS.values()} == set(StatementKind)
    law = {StatementKind.ACCOMPANYING_LONG, StatementKind.ACCOMPANYING_SHORT}
    assert {
        one.code for one in STATEMENTS.values() if one.kind not in law and set(one.words) != set(LANGUAGES)
    } == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words(language: Any) -> None:
    form = form_in(language)

    assert set(form.why_by_type) == set(ConsentType)
    assert set(form.category) == set(form.scope_category) == set(InformationCategory)
    assert set(form.purpose) == set(form.scope_purpose_of) == set(Purpose)
    assert set(form.recipient_class) == set(form.scope_recipient_class) == set(RecipientClass)
    assert set(form.expiry) == set(form.scope_expiry) == set(ExpiryKind)
    assert set(form.designation) == set(form.scope_designation) == set(GeneralDesignation)
    assert len(form.months) == 12


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ConsentType)
def test_a_consent_of_every_kind_has_its_six_parts_and_every_statement(kind: ConsentType, language: Any) -> None:
    form, consent = form_in(language), shown(kind)

    words = consent_words(consent, language)

    places = [words.index(getattr(form, heading)) for heading in HEADINGS]
    assert places == sorted(places)
    for told, code in statements_of(consent):
        assert STATEMENTS[code].words[language] in words, told
    assert form.why_by_type[kind] in words
    assert "{" not in words


@pytest.mark.parametrize(("language", "day"), [("en", "March 9, 2027"), ("es", "9 de marzo de 2027")])
def test_a_day_is_written_as_people_write_it(language: Any, day: str) -> None:
    assert day in consent_words(terms(), language)


def test_a_consent_for_criminal_justice_never_says_at_any_time() -> None:
    consent = terms(
        consent_type="criminal_justice",
        **SHOWN[ConsentType.CRIMINAL_JUSTICE] | {"right_to_revoke_statement": "right-to-revoke-2026-11"},
    )

    english, spanish = consent_words(consent, "en"), consent_words(consent, "es")

    assert "at any time" not in english
    assert "en cualquier momento" not in spanish
    assert STATEMENTS["revocable-later-2026-11"].words["en"] in english
    assert "You can take back this consent from January 2, 2027 on." in english
    assert "Officer Lee. Their duty: Watches over the probation" in english
    assert "Usted puede retirar este consentimiento a partir del 2 de enero de 2027." in spanish


def test_equal_terms_give_equal_words_and_one_letter_gives_another_digest() -> None:
    first, again, other = (consent_words(one, "en") for one in (terms(), terms(), terms(name_as_signed="Ana Nuñez")))

    assert (first, words_sha256(first)) == (again, words_sha256(again))
    assert words_sha256(other) != words_sha256(first)


def test_the_words_are_the_same_before_and_after_the_signature() -> None:
    signature = {"signer": "Ana", "capacity": "patient", "method": "typed", "evidence_sha256": "0" * 64}
    signed = terms(signature=signature, signed_at="2026-01-01T12:00:00Z")
    assert consent_words(signed, "en") == consent_words(terms(), "en")


def test_a_statement_of_another_system_is_named_and_not_guessed() -> None:
    words = consent_words(terms(right_to_revoke_statement="county-form-7"), "en")

    assert 'You were given the statement "county-form-7".' in words
    assert STATEMENTS["right-to-revoke-2026-11"].words["en"] not in words
    assert unknown_statements(terms(right_to_revoke_statement="county-form-7")) == ["right_to_revoke_statement"]
    assert unknown_statements(terms(right_to_revoke_statement="tpo-refusal-2026-11")) == ["right_to_revoke_statement"]


def test_missing_statements_are_filled_in_with_the_newest() -> None:
    tpo = shown(ConsentType.TPO)

    assert tpo.redisclosure_statement == current(StatementKind.REDISCLOSURE).code
    assert tpo.tpo_redisclosure_statement == current(StatementKind.TPO_REDISCLOSURE).code
    assert tpo.tpo_refusal_statement == current(StatementKind.TPO_REFUSAL).code
    assert shown(ConsentType.NAMED_RECIPIENTS).fundraising_statement == "fundraising-2026-11"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_scope_says_what_is_covered_and_no_more(language: Any) -> None:
    form = form_in(language)

    scope = scope_explanation(terms(legal_matter={"name": "Case 26-CR-17"}), language)

    named = {line.removeprefix("- ") for line in scope.splitlines() if line.startswith("- ")}
    assert named == {
        form.scope_category[InformationCategory.SUBSTANCE_USE_DISORDER],
        form.scope_category[InformationCategory.ATTENDANCE],
        form.scope_purpose_of[Purpose.HOUSING],
        "County Housing",
        "Mercy Clinic",
    }
    assert "Ana Núñez" not in scope
    assert "26-CR-17" not in scope


def test_one_recipient_does_not_learn_of_the_others() -> None:
    scope = scope_explanation(terms(), "en", place=1)

    assert "Mercy Clinic" in scope
    assert "County Housing" not in scope


async def test_the_statements_can_be_read_by_staff(clinic: Any) -> None:
    listed = await clinic.peer.get(f"{INTAKE}/statements")
    short = await clinic.peer.get(f"{INTAKE}/statements/notice-short-2024")
    unknown = await clinic.peer.get(f"{INTAKE}/statements/notice-short-2017")

    assert {one["code"]: one["sha256"] for one in listed.json()["items"]} == DIGESTS
    assert short.json()["words"] == {"en": "42 CFR part 2 prohibits unauthorized use or disclosure of these records."}
    assert list(short.json()["courtesy"]) == ["es"]
    assert unknown.status_code == 404
