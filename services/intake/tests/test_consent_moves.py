"""Consents through HTTP from the draft to their end: presented word for word, signed, suspended, revoked, void."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

INTAKE = "/api/intake/v1"
TERMS: dict[str, Any] = {
    "consent_type": "named_recipients",
    "name_as_signed": "Maura Canary-O'Brien",
    "disclosers": ["Riverbend Recovery"],
    "categories": ["substance_use_disorder", "attendance"],
    "recipients": [
        {"name": "Canary County Housing", "covered_entity": False},
        {"name": "Canary Clinic", "covered_entity": False},
    ],
    "purposes": ["housing"],
    "how_to_revoke": "In writing to the front desk",
    "expiry": {"kind": "date", "on": "2199-12-31"},
}
JUSTICE = TERMS | {
    "consent_type": "criminal_justice",
    "recipients": [{"name": "Officer Canary", "covered_entity": False, "monitoring_duty": "Probation"}],
    "purposes": ["criminal_justice"],
    "legal_matter": {"name": "Canary case 26-CR-17"},
    "revocable_from": {"on": "2199-06-30"},
}
TYPED = {"signer": "Maura Canary-O'Brien", "method": "typed", "typed_name": "maura canary-o'brien"}


async def drafted(clinic: Any, participant_id: UUID, **terms: object) -> str:
    """Return the path of a new draft."""
    body = TERMS | {"participant_id": str(participant_id)} | terms
    return f"{INTAKE}/consents/{await clinic.peer.created(f'{INTAKE}/consent-drafts', body)}"


async def presented(clinic: Any, participant_id: UUID, language: str = "en", **terms: object) -> tuple[str, str]:
    """Return the path of a consent that was presented, and the digest of its words."""
    path = await drafted(clinic, participant_id, **terms)
    answer = await clinic.peer.put(f"{path}/presentation", {"language": language}, version=1)
    assert answer.status_code == 200, answer.text
    return path, answer.json()["words_sha256"]


async def signed(clinic: Any, participant_id: UUID, **terms: object) -> str:
    """Return the path of a consent that was signed, at version 3."""
    path, digest = await presented(clinic, participant_id, **terms)
    answer = await clinic.peer.put(f"{path}/signature", TYPED | {"words_sha256": digest}, version=2)
    assert answer.status_code == 200, answer.text
    return path


def consent_id(path: str) -> UUID:
    return UUID(path.rsplit("/", 1)[1])


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def kinds(events: list[Any]) -> list[tuple[str, int]]:
    return [(event["type"].split(".")[2], event["aggregate_seq"]) for event in events]


async def test_a_consent_is_drawn_up_presented_and_signed(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await drafted(clinic, participant_id, purposes=[], expiry=None)

    early = await clinic.peer.put(f"{path}/signature", TYPED | {"words_sha256": "0" * 64}, version=1)
    lacking = await clinic.peer.put(f"{path}/presentation", {"language": "es"}, version=1)
    await clinic.peer.put(f"{path}/draft", TERMS, version=1)
    shown = await clinic.peer.put(f"{path}/presentation", {"language": "es"}, version=2)
    words = await clinic.peer.get(f"{path}/words")
    unread = await clinic.peer.put(f"{path}/signature", TYPED | {"words_sha256": "0" * 64}, version=3)
    untold = await clinic.events(consent_id(path))
    done = await clinic.peer.put(f"{path}/signature", TYPED | {"words_sha256": shown.json()["words_sha256"]}, version=3)
    record = (await clinic.peer.get(path)).json()

    assert kind(early) == (409, "consent-draft-no-sign")
    assert kind(lacking) == (422, "consent-incomplete")
    assert [one["code"] for one in lacking.json()["errors"]] == ["consent-purpose-missing", "consent-expiry-missing"]
    assert words.json()["words"].startswith("Consentimiento para compartir información sobre usted")
    assert hashlib.sha256(words.json()["words"].encode()).hexdigest() == shown.json()["words_sha256"]
    assert kind(unread) == (422, "consent-words-differ")
    assert (done.status_code, done.headers["etag"]) == (200, '"4"')
    assert (record["status"], record["language"], record["signature_method"]) == ("active", "es", "typed")
    assert record["terms"]["right_to_revoke_statement"] == "right-to-revoke-2026-11"
    assert [move["event"] for move in record["moves"]] == ["sign", "present", "rewrite", "draw_up"]
    assert [one["state"] for one in record["recipients"]] == ["active", "active"]
    assert (untold, kinds(await clinic.events(consent_id(path)))) == ([], [("consent-signed", 4)])


async def test_a_draft_permits_nothing(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path, _ = await presented(clinic, participant_id)

    answer = await clinic.peer.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id(path)))

    assert answer.status_code == 409


async def test_a_signature_belongs_to_another_call_than_the_draft(clinic: Any) -> None:
    body = clinic.consent(await clinic.enrol())
    answer = await clinic.administrator.post(f"{INTAKE}/consent-drafts", body)
    assert kind(answer) == (422, "invalid-request")


async def test_a_statement_that_cannot_be_shown_is_not_presented(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await drafted(clinic, participant_id, right_to_revoke_statement="county-form-7")

    answer = await clinic.peer.put(f"{path}/presentation", {"language": "en"}, version=1)

    assert kind(answer) == (422, "consent-statement-unknown")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"method": "typed", "typed_name": None}, "signature-name-missing"),
        ({"method": "typed", "typed_name": "Somebody Else"}, "signature-name-differs"),
        ({"method": "drawn"}, "signature-drawing-missing"),
        ({"method": "drawn", "path_data": "M0 0 L<script>"}, "invalid-request"),
        ({"method": "drawn", "path_data": "M0 0"}, "signature-drawing-missing"),
        ({"method": "drawn", "strokes": [[[4, 4], [4, 4]]]}, "signature-drawing-missing"),
        ({"signer": "Somebody Else", "typed_name": "Somebody Else"}, "signed-by-another"),
        ({"method": "witnessed_mark"}, "signature-witness-missing"),
        ({"method": "witnessed_mark", "witness_name": "MAURA Canary-O'Brien"}, "signature-witness-is-signer"),
        ({"method": "paper"}, "consent-signature-evidence-missing"),
        ({"method": "electronic"}, "signature-method-unclear"),
        ({"signed_at": "2026-01-05T15:00:00Z"}, "signature-time-not-claimed"),
        (
            {"method": "paper", "evidence_sha256": "a" * 64, "signed_at": "2026-01-05T15:00:00Z"},
            "signed-before-presented",
        ),
        ({"capacity": "executor"}, "consent-executor-for-the-living"),
        ({"capacity": "parent_or_guardian", "minor_consents_alone": True}, "consent-parent-signed-alone"),
        ({"capacity": "legal_representative"}, "consent-representative-authority-missing"),
    ],
)
async def test_a_signature_that_lacks_something_changes_nothing(
    clinic: Any, change: dict[str, Any], problem: str
) -> None:
    participant_id, _ = await clinic.assigned()
    path, digest = await presented(clinic, participant_id)
    before = (await clinic.peer.get(path)).json()
    body = {name: value for name, value in (TYPED | change).items() if value is not None}

    answer = await clinic.peer.put(f"{path}/signature", body | {"words_sha256": digest}, version=2)

    assert kind(answer) == (422, problem)
    assert (await clinic.peer.get(path)).json() == before


async def test_a_mark_is_witnessed_by_somebody_else_than_who_takes_it(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path, digest = await presented(clinic, participant_id)
    mark = {"signer": "Maura", "method": "witnessed_mark", "witness_name": "R. Canary", "words_sha256": digest}

    own = await clinic.peer.put(f"{path}/signature", mark | {"witness_staff_id": str(clinic.peer.staff_id)}, version=2)
    nobody = await clinic.peer.put(f"{path}/signature", mark | {"witness_staff_id": str(uuid4())}, version=2)
    done = await clinic.peer.put(
        f"{path}/signature", mark | {"witness_staff_id": str(clinic.supervisor.staff_id)}, version=2
    )

    assert kind(own) == (422, "signature-witness-is-presenter")
    assert nobody.status_code == 404
    assert done.status_code == 200


@pytest.mark.parametrize(
    "drawing", [{"strokes": [[[0, 0], [1.5, 2]], [[3, 3]]]}, {"path_data": "M 0 0 L 1.5 2 C 3 3, 4 4, 5 5"}]
)
async def test_a_drawn_signature_is_sealed_with_its_digest(clinic: Any, drawing: dict[str, Any]) -> None:
    participant_id, _ = await clinic.assigned()
    path, digest = await presented(clinic, participant_id)
    body = {"signer": "Maura", "method": "drawn", "words_sha256": digest} | drawing

    done = await clinic.peer.put(f"{path}/signature", body, version=2)

    record = (await clinic.peer.get(path)).json()
    stored = await clinic.platform.value("select signature from intake.consent where id = :c", c=consent_id(path))
    assert done.status_code == 200
    assert len(record["terms"]["signature"]["evidence_sha256"]) == 64
    assert record["moves"][0]["evidence_sha256"] == record["terms"]["signature"]["evidence_sha256"]
    assert b"Maura" not in stored


async def test_a_paper_signature_has_its_own_time_after_the_words_were_shown(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path, digest = await presented(clinic, participant_id)
    claimed = datetime.now(UTC).isoformat()
    paper = {"signer": "Maura", "method": "paper", "evidence_sha256": "a" * 64, "words_sha256": digest}

    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    early = await clinic.peer.put(f"{path}/signature", paper | {"signed_at": future}, version=2)
    done = await clinic.peer.put(f"{path}/signature", paper | {"signed_at": claimed}, version=2)

    record = (await clinic.peer.get(path)).json()
    assert kind(early) == (422, "consent-signed-in-the-future")
    assert done.status_code == 200
    assert datetime.fromisoformat(record["signed_at"]) == datetime.fromisoformat(claimed)


async def test_no_is_a_full_answer(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path, _ = await presented(clinic, participant_id)

    said_no = await clinic.peer.put(f"{path}/refusal", {"words": "Canary: not now"}, version=2)

    record = (await clinic.peer.get(path)).json()
    assert (said_no.status_code, record["status"], record["moves"][0]["words"]) == (200, "declined", "Canary: not now")
    assert await clinic.events(consent_id(path)) == []
    assert (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).status_code == 200


async def test_the_words_of_one_call_must_be_the_words_that_were_read(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    first = await clinic.sign(participant_id)
    words = (await clinic.administrator.get(f"{INTAKE}/consents/{first}/words")).json()

    good = await clinic.administrator.post(
        f"{INTAKE}/consents", clinic.consent(participant_id, words_sha256=words["words_sha256"])
    )
    bad = await clinic.administrator.post(f"{INTAKE}/consents", clinic.consent(participant_id, words_sha256="0" * 64))

    assert good.status_code == 201
    assert (kind(bad), bad.json()["errors"][0]["pointer"]) == ((422, "consent-words-differ"), "/words_sha256")


async def test_one_recipient_is_revoked_and_the_last_one_ends_the_consent(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    wish = clinic.disclosure(participant_id, consent_id(path), recipient={"name": "Canary Clinic"})

    first = await clinic.peer.put(f"{path}/recipients/1/revocation", {"evidence_sha256": "b" * 64}, version=3)
    again = await clinic.peer.put(f"{path}/recipients/1/revocation", {}, version=4)
    nobody = await clinic.peer.put(f"{path}/recipients/7/revocation", {}, version=4)
    out = await clinic.peer.post(f"{INTAKE}/disclosures", wish)
    halfway = (await clinic.peer.get(path)).json()
    last = await clinic.peer.put(f"{path}/recipients/0/revocation", {}, version=4)
    record = (await clinic.peer.get(path)).json()

    assert (first.status_code, last.status_code, out.status_code) == (200, 200, 409)
    assert kind(again) == (409, "recipient-revoked-no-revoke-recipient")
    assert kind(nobody) == (404, "consent-no-such-recipient")
    assert (halfway["status"], [one["state"] for one in halfway["recipients"]]) == ("active", ["active", "revoked"])
    assert (record["status"], [one["state"] for one in record["recipients"]]) == ("revoked", ["revoked", "revoked"])
    events = await clinic.events(consent_id(path))
    assert kinds(events) == [("consent-signed", 3), ("consent-changed", 4), ("consent-revoked", 5)]
    assert '"revoked_recipients":[1]' in events[1]["payload"]
    assert '"revoked_recipients":[0,1]' in events[2]["payload"]


async def test_who_may_sign_for_a_person_may_revoke_for_them(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)

    living = await clinic.peer.put(f"{path}/revocation", {"capacity": "executor"}, version=3)
    unproven = await clinic.peer.put(f"{path}/revocation", {"capacity": "legal_representative"}, version=3)
    proven = await clinic.peer.put(
        f"{path}/revocation", {"capacity": "legal_representative", "authority": "guardianship"}, version=3
    )

    assert kind(living) == (422, "revocation-executor-for-the-living")
    assert (kind(unproven), unproven.json()["errors"][0]["pointer"]) == (
        (422, "revocation-representative-authority-missing"),
        "/authority",
    )
    assert proven.status_code == 200


async def test_a_consent_for_criminal_justice_waits_for_its_day_and_the_wish_is_written_down(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id, **JUSTICE)
    spoken = {"reason": "oral_revocation"}

    early = await clinic.peer.put(f"{path}/revocation", {}, version=3)
    round_about = await clinic.peer.put(f"{path}/suspension", spoken, version=3)
    one = await clinic.peer.put(f"{path}/recipients/0/revocation", {}, version=3)
    asked = await clinic.peer.post(f"{path}/revocation-requests", {"words": "Canary wants out"})

    record = (await clinic.peer.get(path)).json()
    words = (await clinic.peer.get(f"{path}/words")).json()["words"]
    assert {kind(early), kind(round_about), kind(one)} == {(409, "consent-not-revocable-yet")}
    assert (asked.status_code, asked.json()["version"]) == (201, 4)
    assert (record["status"], record["moves"][0]["event"]) == ("active", "request_revocation")
    assert record["moves"][0]["words"] == "Canary wants out"
    assert "at any time" not in words
    assert kinds(await clinic.events(consent_id(path))) == [("consent-signed", 3)]


async def test_another_consent_does_not_end_one_for_criminal_justice_before_its_day(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    old = await signed(clinic, participant_id, **JUSTICE)
    sooner = JUSTICE | {"revocable_from": {"on": "2026-01-01"}}

    answers = []
    for terms in (sooner, TERMS):
        new = f"{INTAKE}/consents/{await clinic.peer.created(f'{old}/replacements', terms)}"
        shown = await clinic.peer.put(f"{new}/presentation", {"language": "en"}, version=1)
        body = TYPED | {"words_sha256": shown.json()["words_sha256"]}
        answers.append(await clinic.peer.put(f"{new}/signature", body, version=2))

    assert [kind(one) for one in answers] == [(409, "consent-not-replaceable-yet")] * 2
    assert (await clinic.peer.get(old)).json()["status"] == "active"


async def test_the_paper_names_the_person_whose_it_is(clinic: Any) -> None:
    participant_id = await clinic.enrol(name="Ana María Núñez", alias="Anita")
    body = clinic.consent(participant_id)
    signature = body["signature"]

    def as_signed(name: str, **more: object) -> dict[str, Any]:
        return body | {"name_as_signed": name, "signature": signature | {"signer": name} | more}

    answers = {
        name: await clinic.administrator.post(f"{INTAKE}/consents", as_signed(name))
        for name in ("nunez, ana", "ANITA", "Ana María Núñez Pérez", "Ana Pérez", "Somebody Else")
    }
    other = body | {"name_as_signed": "Anita", "signature": signature | {"signer": "Pedro"}}

    assert [answer.status_code for answer in answers.values()] == [201, 201, 201, 422, 422]
    assert kind(answers["Somebody Else"]) == (422, "consent-names-another")
    assert kind(await clinic.administrator.post(f"{INTAKE}/consents", other)) == (422, "signed-by-another")


async def test_staff_do_not_write_down_that_the_person_sent_it_themselves(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)

    answer = await clinic.peer.put(f"{path}/revocation", {"method": "own"}, version=3)

    assert kind(answer) == (422, "invalid-request")


async def test_once_its_event_has_happened_it_can_be_revoked(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id, **JUSTICE | {"revocable_from": {"event": "The sentence is served"}})
    today = await clinic.platform.value("select (now() at time zone 'America/Chicago')::date")
    happened = {"which": "revocable_from", "happened_on": today.isoformat()}

    early = await clinic.peer.put(f"{path}/revocation", {}, version=3)
    before = await clinic.peer.put(f"{path}/event", happened | {"happened_on": "2026-01-01"}, version=3)
    noted = await clinic.peer.put(f"{path}/event", happened, version=3)
    twice = await clinic.peer.put(f"{path}/event", happened, version=4)
    unneeded = await clinic.peer.post(f"{path}/revocation-requests", {})
    revoked = await clinic.peer.put(f"{path}/revocation", {}, version=4)

    assert kind(early) == (409, "consent-not-revocable-yet")
    assert kind(before) == (422, "event-before-signature")
    assert kind(twice) == (409, "consent-waits-for-no-event")
    assert kind(unneeded) == (409, "consent-revocable-now")
    assert (noted.status_code, revoked.status_code) == (200, 200)


async def test_the_event_that_a_consent_ends_with_ends_it_at_once(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id, expiry={"kind": "event", "event": "The lease is signed"})
    today = await clinic.platform.value("select (now() at time zone 'America/Chicago')::date")

    answer = await clinic.peer.put(f"{path}/event", {"happened_on": today.isoformat()}, version=3)

    record = (await clinic.peer.get(path)).json()
    assert (answer.status_code, record["status"], record["expires_on"]) == (200, "expired", today.isoformat())
    assert '"ended":true' in (await clinic.events(consent_id(path)))[-1]["payload"]


async def test_an_oral_wish_stops_a_consent_until_another_officer_lifts_it(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    waiting = f"{INTAKE}/consents"

    stopped = await clinic.privacy_officer.put(f"{path}/suspension", {"reason": "oral_revocation"}, version=3)
    out = await clinic.peer.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id(path)))
    listed = await clinic.privacy_officer.get(waiting, standing="suspended")
    not_hers = await clinic.peer.get(waiting, standing="suspended")
    peer = await clinic.peer.put(f"{path}/lift", {"words": "They meant another one"}, version=4)
    same = await clinic.privacy_officer.put(f"{path}/lift", {"words": "They meant another one"}, version=4)

    assert (stopped.status_code, out.status_code) == (200, 409)
    assert str(consent_id(path)) in [one["id"] for one in listed.json()["items"]]
    assert (not_hers.status_code, peer.status_code) == (403, 403)
    assert kind(same) == (409, "consent-lift-by-another")
    assert kinds(await clinic.events(consent_id(path))) == [("consent-signed", 3), ("consent-changed", 4)]


async def test_a_suspension_is_lifted_with_a_reason(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)

    await clinic.peer.put(f"{path}/suspension", {"reason": "doubt"}, version=3)
    unsaid = await clinic.privacy_officer.put(f"{path}/lift", {}, version=4)
    lifted = await clinic.privacy_officer.put(f"{path}/lift", {"words": "Settled with the Canary family"}, version=4)

    record = (await clinic.peer.get(path)).json()
    assert (unsaid.status_code, lifted.status_code) == (422, 200)
    assert (record["status"], record["moves"][0]["words"]) == ("active", "Settled with the Canary family")


async def test_one_recipient_is_suspended_and_let_go_on(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    to_first = clinic.disclosure(participant_id, consent_id(path))

    await clinic.peer.put(f"{path}/suspension", {"reason": "doubt", "recipient_place": 0}, version=3)
    stopped = await clinic.peer.post(f"{INTAKE}/disclosures", to_first)
    to_other = await clinic.peer.post(f"{INTAKE}/disclosures", to_first | {"recipient": {"name": "Canary Clinic"}})
    lifted = await clinic.privacy_officer.put(f"{path}/lift", {"words": "Settled", "recipient_place": 0}, version=4)
    goes_on = await clinic.peer.post(f"{INTAKE}/disclosures", to_first)

    assert (stopped.status_code, to_other.status_code) == (409, 201)
    assert (lifted.status_code, goes_on.status_code) == (200, 201)


async def test_a_consent_found_false_is_void_and_names_what_rested_on_it(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    disclosed = await clinic.peer.created(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id(path)))

    none_yet = await clinic.privacy_officer.get(f"{path}/incident-candidates")
    peer = await clinic.peer.put(f"{path}/void", {"words": "Forged"}, version=3)
    void = await clinic.privacy_officer.put(f"{path}/void", {"words": "The Canary signature was forged"}, version=3)
    candidates = await clinic.privacy_officer.get(f"{path}/incident-candidates")

    assert (peer.status_code, void.status_code) == (403, 200)
    assert (await clinic.peer.get(path)).json()["status"] == "void"
    assert none_yet.json()["items"] == []
    assert [one["disclosure_id"] for one in candidates.json()["items"]] == [str(disclosed)]


async def test_what_had_ended_keeps_its_state_and_is_marked_false_once(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    await clinic.peer.put(f"{path}/revocation", {}, version=3)

    marked = await clinic.privacy_officer.put(f"{path}/void", {"words": "Forged"}, version=4)
    again = await clinic.privacy_officer.put(f"{path}/void", {"words": "Forged"}, version=5)

    record = (await clinic.peer.get(path)).json()
    assert (marked.status_code, kind(again)) == (200, (409, "consent-found-false-already"))
    assert (record["status"], record["found_false_at"] is not None) == ("revoked", True)
    assert kinds(await clinic.events(consent_id(path)))[-1] == ("consent-revoked", 4)


async def test_who_took_a_consent_does_not_find_it_false(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    own = await clinic.privacy_officer.created(f"{INTAKE}/consents", clinic.consent(participant_id))

    answer = await clinic.privacy_officer.put(f"{INTAKE}/consents/{own}/void", {"words": "Forged"}, version=1)

    assert kind(answer) == (409, "consent-void-by-another")


async def test_a_new_version_takes_the_old_ones_place_when_it_is_signed(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    old = await signed(clinic, participant_id)
    new = f"{INTAKE}/consents/{await clinic.peer.created(f'{old}/replacements', TERMS | {'purposes': ['employment']})}"
    rival = f"{INTAKE}/consents/{await clinic.peer.created(f'{old}/replacements', TERMS)}"
    digests = [
        (await clinic.peer.put(f"{one}/presentation", {"language": "en"}, version=1)).json()["words_sha256"]
        for one in (new, rival)
    ]

    between = (await clinic.peer.get(old)).json()["status"]
    done = await clinic.peer.put(f"{new}/signature", TYPED | {"words_sha256": digests[0]}, version=2)
    late = await clinic.peer.put(f"{rival}/signature", TYPED | {"words_sha256": digests[1]}, version=2)

    before, after = (await clinic.peer.get(old)).json(), (await clinic.peer.get(new)).json()
    assert (done.status_code, kind(late)) == (200, (409, "consent-replaced-already"))
    assert (between, before["status"], after["status"]) == ("active", "superseded", "active")
    assert (before["replaced_by_id"], after["replaces_id"]) == (str(consent_id(new)), str(consent_id(old)))
    assert (await clinic.peer.get(rival)).json()["status"] == "presented"


@pytest.mark.parametrize("end", ["revocation", "suspension", "void"])
async def test_what_waits_to_be_handed_over_is_cancelled_with_its_consent(clinic: Any, end: str) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    package_id = await package(clinic, participant_id, consent_id(path))
    body = {"revocation": {}, "suspension": {"reason": "doubt"}, "void": {"words": "Forged"}}[end]

    answer = await clinic.privacy_officer.put(f"{path}/{end}", body, version=3)

    (row,) = await clinic.platform.fetch("select * from intake.package where id = :p", p=package_id)
    state = {"revocation": "revoked", "suspension": "suspended", "void": "void"}[end]
    assert answer.status_code == 200
    assert (row["state"], row["end_reason"], row["version"]) == ("cancelled", f"consent-{state}", 2)
    assert kinds(await clinic.events(package_id)) == [("package-closed", 2)]


async def package(clinic: Any, participant_id: UUID, of_consent: UUID) -> UUID:
    """Put a package that waits into the database, as one that was prepared."""
    package_id = uuid4()
    sql = (
        "insert into intake.package (agency_id, id, participant_id, state, wish, content, content_sha256, consent_id, "
        "decision_row, prepared_at, version) values (:a, :id, :p, 'prepared', '', '', :sha, :c, 'D8', now(), 1)"
    )
    async with clinic.platform.admin.begin() as connection:
        values = {"a": clinic.peer.agency_id, "id": package_id, "p": participant_id, "c": of_consent, "sha": "0" * 64}
        await connection.execute(text(sql), values)
    return package_id


async def test_it_shows_which_services_refuse_by_the_newest_state(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    sql = (
        "insert into intake.consent_applied (agency_id, id, service, seq, applied_at) "
        "values (:a, :c, 'session-logging', 3, now()), (:a, :c, 'notification', 2, now())"
    )
    async with clinic.platform.admin.begin() as connection:
        await connection.execute(text(sql), {"a": clinic.peer.agency_id, "c": consent_id(path)})

    signed_ = {one["service"]: one["applied"] for one in (await clinic.peer.get(path)).json()["applied"]}
    await clinic.peer.put(f"{path}/revocation", {}, version=3)
    revoked = {one["service"]: one["applied"] for one in (await clinic.peer.get(path)).json()["applied"]}

    assert signed_ == {"compliance-reporting": False, "notification": False, "session-logging": True}
    assert set(revoked.values()) == {False}


async def test_a_persons_consents_come_in_pages_the_newest_first(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    made = [await drafted(clinic, participant_id) for _ in range(3)]
    path = f"{INTAKE}/participants/{participant_id}/consents"

    first = (await clinic.peer.get(path, limit=2)).json()
    rest = (await clinic.peer.get(path, limit=2, next=first["next"])).json()

    shown = [one["id"] for one in [*first["items"], *rest["items"]]]
    assert shown == [str(consent_id(one)) for one in reversed(made)]
    assert (rest["next"], {one["status"] for one in first["items"]}) == (None, {"draft"})


async def test_what_runs_out_soon_is_listed_for_the_privacy_officer(clinic: Any) -> None:
    today = await clinic.platform.value("select (now() at time zone 'America/Chicago')::date")
    soon = await clinic.sign(await clinic.enrol(), expiry={"kind": "date", "on": str(today + timedelta(days=30))})
    later = await clinic.sign(await clinic.enrol(), expiry={"kind": "date", "on": str(today + timedelta(days=31))})

    listed = await clinic.privacy_officer.get(f"{INTAKE}/consents", standing="expiring", limit=100)

    ids = {one["id"] for one in listed.json()["items"]}
    assert (str(soon) in ids, str(later) in ids) == (True, False)


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("draft", TERMS),
    ("presentation", {"language": "en"}),
    ("signature", TYPED | {"words_sha256": "0" * 64}),
    ("refusal", {}),
    ("discard", {}),
    ("revocation", {}),
    ("recipients/0/revocation", {}),
    ("suspension", {"reason": "doubt"}),
    ("event", {"happened_on": "2026-01-05"}),
]


async def test_somebody_elses_consent_answers_like_none(clinic: Any, stranger: Any, nobody: UUID) -> None:
    path = await signed(clinic, (await clinic.assigned())[0])
    nothing = f"{INTAKE}/consents/{nobody}"

    for part, body in CHANGES:
        answers = [
            await stranger.put(f"{path}/{part}", body, version=3),
            await clinic.other_peer.put(f"{path}/{part}", body, version=3),
            await clinic.peer.put(f"{nothing}/{part}", body, version=3),
        ]
        assert {kind(one) for one in answers} == {(404, "not-found")}, part
        assert len({one.json()["detail"] for one in answers}) == 1
    for part in ("", "/words"):
        assert (await stranger.get(path + part)).status_code == 404
        assert (await clinic.other_peer.get(path + part)).status_code == 404
    for part, body in (("replacements", TERMS), ("revocation-requests", {})):
        assert (await clinic.other_peer.post(f"{path}/{part}", body)).status_code == 404
    assert (await clinic.peer.get(path)).json()["version"] == 3


async def test_a_refused_move_leaves_nothing_but_its_audit_entry(clinic: Any) -> None:
    path = await signed(clinic, (await clinic.assigned())[0])
    before, audited = await clinic.rows(), await clinic.refusals()

    stale = await clinic.peer.put(f"{path}/revocation", {}, version=2)
    unseen = await clinic.peer.put(f"{path}/suspension", {"reason": "doubt"})
    wrong = await clinic.peer.put(f"{path}/refusal", {}, version=3)

    assert [one.status_code for one in (stale, unseen, wrong)] == [412, 428, 409]
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 3)


@pytest.mark.parametrize(
    "change",
    [
        "terms = ''",
        "words = ''",
        "words_sha256 = ''",
        "signature = ''",
        "signed_at = now()",
        "consent_type = 'tpo'",
        "starts_on = '2026-01-01'",
        "language = 'es'",
        "expires_on = null",
        "expires_on = '2299-01-01'",
        "participant_id = gen_random_uuid()",
        "state = 'draft', signed_at = null",
        "state = 'presented', signed_at = null",
    ],
)
async def test_the_database_itself_keeps_a_signed_consent(clinic: Any, change: str) -> None:
    path = await signed(clinic, (await clinic.assigned())[0])

    with pytest.raises(IntegrityError):
        await changed(clinic, path, change)


async def changed(clinic: Any, path: str, change: str) -> None:
    """Change a consent as the owner of the database would."""
    async with clinic.platform.admin.begin() as connection:
        await connection.execute(text(f"update intake.consent set {change} where id = :c"), {"c": consent_id(path)})


async def test_the_database_itself_lets_nothing_leave_its_end(clinic: Any) -> None:
    path = await signed(clinic, (await clinic.assigned())[0])
    await clinic.peer.put(f"{path}/revocation", {}, version=3)

    for state in ("signed", "suspended", "void", "superseded"):
        with pytest.raises(IntegrityError):
            await changed(clinic, path, f"state = '{state}', revoked_at = null")


async def test_nothing_personal_leaves_with_an_event_or_stays_with_a_key(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = await signed(clinic, participant_id)
    await clinic.peer.put(f"{path}/suspension", {"reason": "doubt", "words": "Canary was unsure"}, version=3)
    await clinic.peer.put(f"{path}/revocation", {"words": "Canary is sure"}, version=4)

    payloads = " ".join(event["payload"] for event in await clinic.events(consent_id(path)))
    kept = await clinic.platform.fetch(
        "select convert_from(body, 'utf8') as body from intake.idempotency where agency_id = :a",
        a=clinic.peer.agency_id,
    )
    audited = await clinic.platform.fetch(
        "select cast(detail as text) as detail from intake.audit_pending where agency_id = :a union all "
        "select cast(detail as text) from intake.audit where agency_id = :a",
        a=clinic.peer.agency_id,
    )
    assert "anary" not in payloads
    assert not [row for row in kept if "anary" in row["body"]]
    assert not [row for row in audited if "anary" in row["detail"]]
