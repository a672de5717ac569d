"""A person's own view of their papers, and the stopping of a consent by themselves; who looked at whose record."""

import asyncio
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from common.contracts.codes import ConsentType, Role
from handrail.testing import add_staff
from intake.rules.consent_states import RecipientState
from intake.rules.own_papers import (
    LOOK_KINDS,
    LOOKED_AT,
    OUTCOMES,
    RECIPIENTS,
    ROLES,
    SHOWN,
    STANDINGS,
    TYPES,
    LookedAt,
    LookKind,
    OwnOutcome,
    looked_at,
)

INTAKE = "/api/intake/v1"
UNKNOWN = (404, "/problems/own-code-unknown")
NOTICE = {"version": "2026-02", "language": "en", "channel": "paper"}
TWO = [
    {"name": "Canary County Housing", "covered_entity": False},
    {"name": "Canary Legal Aid", "covered_entity": False},
]
JUSTICE = {
    "consent_type": "criminal_justice",
    "purposes": ["criminal_justice"],
    "recipients": [
        {
            "name": "Canary County Probation",
            "covered_entity": False,
            "monitoring_duty": "Sees that the conditions are kept",
            "justice_role": "probation",
        }
    ],
    "legal_matter": {"name": "Canary matter 12", "final_disposition_on": "2199-06-30"},
    "revocable_from": {"on": "2199-06-01"},
    "right_to_revoke_statement": "revocable-later-2026-11",
    "expiry": {"kind": "date", "on": "2199-12-31"},
}


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        (STANDINGS, SHOWN),
        (RECIPIENTS, RecipientState),
        (TYPES, ConsentType),
        (LOOKED_AT, LookedAt),
        (LOOK_KINDS, LookKind),
        (ROLES, Role),
        (OUTCOMES, OwnOutcome),
    ],
)
def test_every_code_has_words_in_both_languages(labels: Mapping[StrEnum, tuple[str, str]], codes: Any) -> None:
    assert set(labels) == set(codes)
    assert all(english and spanish and english != spanish for english, spanish in labels.values())


@pytest.mark.parametrize(
    ("action", "what", "did"),
    [
        ("participant.read", LookedAt.RECORD, LookKind.READ),
        ("participant.search", LookedAt.RECORD, LookKind.FOUND),
        ("participant.describe", LookedAt.RECORD, LookKind.WROTE),
        ("plan.reviews-read", LookedAt.PLAN, LookKind.READ),
        ("consent.sign", LookedAt.PAPERS, LookKind.WROTE),
        ("safe-contact.due", LookedAt.CONTACT, LookKind.FOUND),
        ("own-papers.read", LookedAt.OWN, LookKind.READ),
        ("looks.read", LookedAt.PAPERS, LookKind.READ),
        ("something.else", LookedAt.OTHER, LookKind.WROTE),
        ("", LookedAt.OTHER, LookKind.WROTE),
    ],
)
def test_an_audited_action_is_told_in_kinds(action: str, what: LookedAt, did: LookKind) -> None:
    assert looked_at(action) == (what, did)


async def made(clinic: Any, participant_id: UUID, purpose: str = "papers", **wish: Any) -> tuple[str, str]:
    """Return a code's id and the code, as its maker hands it over."""
    path = f"{INTAKE}/participants/{participant_id}/own-codes"
    answer = await clinic.peer.post(path, {"purpose": purpose} | wish)
    assert answer.status_code == 201, answer.text
    shown = await clinic.peer.get(f"{INTAKE}/own-codes/{answer.json()['id']}/code")
    return answer.json()["id"], shown.json()["code"]


async def ask(clinic: Any, path: str, *, accept: str = "application/json", **body: Any) -> Any:
    """POST without a token, as somebody who has nothing but a code."""
    return await clinic.peer.http.post(f"{INTAKE}/own/{path}", json=body, headers={"Accept": accept})


async def papers(clinic: Any, code: str) -> dict[str, Any]:
    answer = await ask(clinic, "papers", code=code)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def sealed(clinic: Any) -> None:
    """Wait until every audit row so far is sealed, for only then the service may read it."""
    sql = "select count(*) from intake.audit_pending where agency_id = :agency"
    await clinic.platform.eventually(sql, 0, agency=clinic.administrator.agency_id)


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def test_a_person_reads_their_consents_in_plain_words(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id, recipients=TWO)
    await clinic.peer.created(f"{INTAKE}/consent-drafts", {
        "participant_id": str(participant_id), "consent_type": "named_recipients"})  # fmt: skip
    _, code = await made(clinic, participant_id, language="es")

    found = await papers(clinic, code)

    (one,) = found["consents"]
    assert (one["id"], one["standing"]) == (str(consent_id), {"code": "active", "label": "Vigente"})
    assert one["what"][1] == "Cuándo vino"
    assert [(each["place"], each["name"]) for each in one["recipients"]] == [
        (0, "Canary County Housing"),
        (1, "Canary Legal Aid"),
    ]
    assert one["why"] == ["Vivienda"]
    assert one["until"] == "Este consentimiento termina después del 31 de diciembre de 2199."
    assert "In writing to the front desk" in one["how_to_stop"]
    assert one["revocable"] is True
    assert "Maura Canary-O'Brien" in one["words"]


async def test_a_person_sees_who_received_what(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    answer = await clinic.administrator.post(
        f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id, description="Canary letter")
    )
    assert answer.status_code == 201, answer.text
    _, code = await made(clinic, participant_id)

    (one,) = (await papers(clinic, code))["received"]

    assert (one["recipient"], one["why"], one["description"]) == ("Canary County Housing", "Housing", "Canary letter")
    assert one["basis"] == {"code": "consent", "label": "Your consent"}
    assert one["what"] == ["When you came"]


async def test_a_person_sees_who_looked_by_role_and_never_by_name(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")
    await clinic.supervisor.get(f"{INTAKE}/consents/{consent_id}")
    await clinic.peer.get(f"{INTAKE}/episodes/{episode_id}")
    await clinic.other_peer.get(f"{INTAKE}/participants/{participant_id}")  # refused
    _, code = await made(clinic, participant_id)
    await papers(clinic, code)
    await sealed(clinic)

    answer = await ask(clinic, "papers", code=code)

    seen = [(one["who"], one["did"]["code"], one["what"]["code"]) for one in answer.json()["looks"]]
    assert seen[0] == ("You", "read", "own")
    assert ("Peer specialist", "read", "record") in seen
    assert ("Peer specialist", "read", "service") in seen
    assert ("Supervisor", "read", "papers") in seen
    assert ("Administration", "wrote", "papers") in seen
    for caller in (clinic.peer, clinic.supervisor, clinic.administrator, clinic.other_peer):
        assert str(caller.staff_id) not in answer.text
    assert answer.json()["more_looks"] is False


async def test_a_person_reads_the_notice_they_were_given(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    version = f"v-{uuid4().hex[:8]}"
    body = {"notice_version": version, "language": "en", "words": "Canary words.", "effective_on": "2026-01-01"}
    await clinic.administrator.created(f"{INTAKE}/notice-texts", body)
    path = f"{INTAKE}/participants/{participant_id}/notices"
    await clinic.peer.created(path, NOTICE | {"version": "old-form", "given_at": "2019-12-05T15:00:00Z"})
    await clinic.peer.created(path, NOTICE | {"version": version})
    _, code = await made(clinic, participant_id)

    notices = (await papers(clinic, code))["notices"]

    assert [(one["notice_version"], one["words"]) for one in notices] == [
        (version, "Canary words."),
        ("old-form", None),
    ]


async def test_the_papers_can_be_printed(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    await clinic.sign(participant_id, recipients=[{"name": "<b>Canary</b>", "covered_entity": False}])
    _, code = await made(clinic, participant_id)

    answer = await ask(clinic, "papers", code=code, accept="text/html,*/*")

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "no-store" in answer.headers["cache-control"]
    assert "<h1>Your papers</h1>" in answer.text
    assert "&lt;b&gt;Canary&lt;/b&gt; (Included)" in answer.text
    assert code not in answer.text


async def test_the_papers_of_merged_records_are_one_view(clinic: Any) -> None:
    first, _ = await clinic.assigned()
    second = await clinic.enrol()
    consent_id = await clinic.sign(second)
    merge = {"survivor_id": str(first), "merged_id": str(second), "reason": "entered_twice"}
    assert (await clinic.supervisor.post(f"{INTAKE}/merges", merge)).status_code == 201
    _, code = await made(clinic, first)

    found = await papers(clinic, code)
    stopped = await ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id))

    assert [one["id"] for one in found["consents"]] == [str(consent_id)]
    assert stopped.json()["outcome"] == "revoked"


async def test_a_person_revokes_a_consent_at_once(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    _, code = await made(clinic, participant_id)

    answer = await ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id))
    again = await ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id))
    after = await clinic.administrator.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id))
    record = (await clinic.peer.get(f"{INTAKE}/consents/{consent_id}")).json()
    told = await clinic.events(consent_id)

    assert (answer.status_code, answer.json()["outcome"]) == (200, "revoked")
    assert answer.json()["words"].startswith("This consent is revoked.")
    assert (again.status_code, again.json()["outcome"]) == (200, "nothing_to_do")
    assert after.status_code == 409
    assert (record["status"], record["version"]) == ("revoked", 2)
    assert told[-1]["type"] == "handrail.intake.consent-revoked.v2"
    move = await clinic.platform.fetch(
        "select event, capacity, reason, by from intake.consent_move where consent_id = :id and version = 2",
        id=consent_id,
    )
    assert tuple(move[0].values()) == ("revoke_written", "patient", "own", None)


async def test_a_person_stops_one_recipient_and_then_the_last(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id, recipients=TWO)
    _, code = await made(clinic, participant_id)
    wish = {"code": code, "consent_id": str(consent_id)}

    first = await ask(clinic, "consent-revocations", **wish, recipient_place=1)
    again = await ask(clinic, "consent-revocations", **wish, recipient_place=1)
    states = [one["standing"]["code"] for one in (await papers(clinic, code))["consents"][0]["recipients"]]
    absent = await ask(clinic, "consent-revocations", **wish, recipient_place=7)
    last = await ask(clinic, "consent-revocations", **wish, recipient_place=0)

    assert [one.json()["outcome"] for one in (first, again, last)] == ["recipient_revoked", "nothing_to_do", "revoked"]
    assert states == ["active", "revoked"]
    assert absent.status_code == 404


async def test_of_a_revoked_consent_nobody_receives_and_nothing_is_left_to_stop(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id, recipients=TWO)
    _, code = await made(clinic, participant_id)
    await ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id))

    (one,) = (await papers(clinic, code))["consents"]

    assert [recipient["standing"]["code"] for recipient in one["recipients"]] == ["revoked", "revoked"]
    assert (one["how_to_stop"], one["revocable"]) == ([], False)


async def test_an_expired_consent_can_be_revoked_too(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    expired = {"expiry": {"kind": "date", "on": "2026-02-01"}, "recipients": TWO}
    consent_id = await clinic.sign(participant_id, **expired)
    _, code = await made(clinic, participant_id)
    wish = {"code": code, "consent_id": str(consent_id)}

    standing = (await papers(clinic, code))["consents"][0]["standing"]["code"]
    one = await ask(clinic, "consent-revocations", **wish, recipient_place=0)
    whole = await ask(clinic, "consent-revocations", **wish)

    assert standing == "expired"
    assert [answer.json()["outcome"] for answer in (one, whole)] == ["recipient_revoked", "revoked"]


async def test_who_was_stopped_while_a_consent_was_suspended_stays_stopped(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id, recipients=TWO)
    path = f"{INTAKE}/consents/{consent_id}"
    held = await clinic.peer.put(f"{path}/suspension", {"reason": "doubt"}, version=1)
    assert held.status_code == 200, held.text
    _, code = await made(clinic, participant_id)

    stopped = await ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id), recipient_place=0)
    lifted = await clinic.privacy_officer.put(f"{path}/lift", {"words": "Settled with the person."}, version=3)
    assert lifted.status_code == 200, lifted.text
    found = (await papers(clinic, code))["consents"][0]

    assert stopped.json()["outcome"] == "recipient_revoked"
    assert found["standing"]["code"] == "active"
    assert [one["standing"]["code"] for one in found["recipients"]] == ["revoked", "active"]


async def test_a_consent_of_the_justice_system_waits_and_the_wish_is_written_down(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id, **JUSTICE)
    _, code = await made(clinic, participant_id)

    answer = await ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id))
    record = (await clinic.peer.get(f"{INTAKE}/consents/{consent_id}")).json()

    assert (answer.status_code, answer.json()["outcome"]) == (200, "requested")
    assert "42 CFR 2.35" in answer.json()["words"]
    assert "June 1, 2199" in answer.json()["words"]
    assert record["status"] == "active"
    assert "request_revocation" in [move["event"] for move in record["moves"]]


async def test_two_wishes_at_once_revoke_once(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    _, code = await made(clinic, participant_id)

    answers = await asyncio.gather(
        *(ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id)) for _ in range(4))
    )

    assert sorted(one.json()["outcome"] for one in answers) == ["nothing_to_do"] * 3 + ["revoked"]
    assert len(await clinic.events(consent_id)) == 2


async def test_another_persons_consent_and_a_draft_are_not_there(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    other, _ = await clinic.assigned()
    theirs = await clinic.sign(other)
    body = {"participant_id": str(participant_id), "consent_type": "named_recipients"}
    draft = await clinic.peer.created(f"{INTAKE}/consent-drafts", body)
    _, code = await made(clinic, participant_id)
    before = await clinic.rows()

    answers = [
        await ask(clinic, "consent-revocations", code=code, consent_id=str(one)) for one in (theirs, draft, uuid4())
    ]

    assert {refusal(one) for one in answers} == {(404, "/problems/not-found")}
    assert await clinic.rows() == before


async def test_a_code_that_is_wrong_over_or_for_something_else_answers_alike(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = str(await clinic.sign(participant_id))
    _, plan = await made(clinic, participant_id, "plan")
    ended_id, ended = await made(clinic, participant_id)
    await clinic.peer.put(f"{INTAKE}/own-codes/{ended_id}/end", {}, version=1)
    expired_id, expired = await made(clinic, participant_id)
    async with clinic.platform.admin.begin() as connection:
        over = text("update intake.own_code set expires_at = made_at where id = cast(:id as uuid)")
        await connection.execute(over, {"id": expired_id})

    for code in (plan, ended, expired, "ABCD-EFGH-JKLM", "no code"):
        shown = await ask(clinic, "papers", code=code)
        stopped = await ask(clinic, "consent-revocations", code=code, consent_id=consent_id)
        assert (refusal(shown), refusal(stopped)) == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"consent_id": "no-id"},
        {"consent_id": str(UUID(int=1)), "recipient_place": -1},
        {"consent_id": str(UUID(int=1)), "recipient_place": 50},
        {"consent_id": str(UUID(int=1)), "capacity": "executor"},
    ],
    ids=str,
)
async def test_a_wish_that_cannot_be_is_refused(clinic: Any, wish: dict[str, Any]) -> None:
    answer = await ask(clinic, "consent-revocations", code="ABCD-EFGH-JKLM", **wish)

    assert refusal(answer) == (422, "/problems/invalid-request")


async def test_nothing_of_the_person_is_in_what_is_told_or_audited(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    own_code_id, code = await made(clinic, participant_id)
    await papers(clinic, code)
    await ask(clinic, "consent-revocations", code=code, consent_id=str(consent_id))

    told = json.dumps([one["payload"] for one in await clinic.events(consent_id)])
    audited = await clinic.platform.fetch(
        "select action, actor_id, detail from (select subject_id, action, actor_id, detail from intake.audit "
        "union all select subject_id, action, actor_id, detail from intake.audit_pending) a "
        "where subject_id = :id and action like 'own-%'",
        id=participant_id,
    )

    assert "Canary" not in told
    by_code = {row["action"]: row for row in audited if row["actor_id"] is None}
    assert set(by_code) == {"own-papers.read", "own-consent.revoke"}
    assert by_code["own-papers.read"]["detail"] == {"own_code_id": own_code_id}
    assert by_code["own-consent.revoke"]["detail"] == {"own_code_id": own_code_id, "consent_id": str(consent_id)}


async def test_the_privacy_officer_sees_who_looked_at_anything_of_a_person(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    await clinic.peer.get(f"{INTAKE}/episodes/{episode_id}")
    await clinic.other_peer.get(f"{INTAKE}/participants/{participant_id}")  # refused
    await sealed(clinic)
    path = f"{INTAKE}/participants/{participant_id}/looks"

    first = (await clinic.privacy_officer.get(path, limit=2)).json()
    rest = (await clinic.privacy_officer.get(path, limit=100, next=first["next"])).json()
    looks = first["items"] + rest["items"]

    assert (len(first["items"]), rest["next"]) == (2, None)
    assert [one["at"] for one in looks] == sorted((one["at"] for one in looks), reverse=True)
    seen = {(one["action"], one["actor_id"]) for one in looks}
    assert ("episode.read", str(clinic.peer.staff_id)) in seen
    assert ("participant.enrol", str(clinic.administrator.staff_id)) in seen


async def test_every_service_says_who_looked_at_one_thing(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    await clinic.peer.get(f"{INTAKE}/episodes/{episode_id}")
    await sealed(clinic)

    here = (await clinic.privacy_officer.get(f"{INTAKE}/looks/{episode_id}")).json()
    person = (await clinic.privacy_officer.get(f"{INTAKE}/looks/{participant_id}", limit=100)).json()
    elsewhere = await clinic.privacy_officer.get(f"/api/workforce/v1/looks/{clinic.peer.staff_id}")

    assert [(one["action"], one["actor_id"], one["outcome"]) for one in here["items"]] == [
        ("episode.read", str(clinic.peer.staff_id), "done")
    ]
    assert "episode.read" not in {one["action"] for one in person["items"]}
    assert elsewhere.status_code == 200


async def test_who_may_not_see_who_looked(clinic: Any, stranger: Any, http: httpx.AsyncClient) -> None:
    participant_id, _ = await clinic.assigned()
    await sealed(clinic)
    paths = [f"{INTAKE}/looks/{participant_id}", f"{INTAKE}/participants/{participant_id}/looks"]

    for path in paths:
        assert (await http.get(path)).status_code == 401
        for caller in (clinic.peer, clinic.supervisor, clinic.administrator, stranger):
            assert (await caller.get(path)).status_code == 403
    bad = await clinic.privacy_officer.get(paths[0], next="bm8")
    assert refusal(bad) == (422, "/problems/bad-cursor")


async def test_another_agency_has_no_looks_of_ours(clinic: Any, stranger: Any) -> None:
    participant_id, _ = await clinic.assigned()
    officer = await add_staff(stranger, "privacy_officer")
    await sealed(clinic)

    assert (await officer.get(f"{INTAKE}/looks/{participant_id}")).json()["items"] == []
    assert (await officer.get(f"{INTAKE}/participants/{participant_id}/looks")).status_code == 404
