"""The privacy notice of 42 CFR 2.22: its texts, the page anybody reads, giving it, and what waits for it."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.testing import Platform, open_agency
from intake.rules.notices import NoticeLanguage, NoticePart, model_notice, parts_lacking
from intake.rules.pages import page

INTAKE = "/api/intake/v1"
INVALID = "/problems/invalid-request"
CANARY = "canary-notice"
LONG_AGO = "2019-06-03T15:00:00Z"  # before any text on file was in force
NOTICE = {"version": "2026-02", "language": "en", "channel": "paper"}
DAYS = {NoticeLanguage.EN: "January 5, 2026", NoticeLanguage.ES: "5 de enero de 2026"}
BLANKS: Mapping[NoticeLanguage, tuple[str, str]] = {
    NoticeLanguage.EN: ("phone ______, e-mail ______", "effective from ______"),
    NoticeLanguage.ES: ("teléfono ______, correo electrónico ______", "vigente desde ______"),
}


def filled_in(language: NoticeLanguage) -> str:
    """Return the model text as an agency would fill it in."""
    contact, effective = BLANKS[language]
    words = model_notice(language)
    assert contact in words
    assert effective in words
    words = words.replace(contact, contact.replace("______", "+1 312 555 0134", 1).replace("______", "p@riverbend.org"))
    return words.replace(effective, effective.replace("______", DAYS[language]))


@pytest.mark.parametrize("language", NoticeLanguage)
def test_the_model_lacks_only_what_an_agency_must_fill_in(language: NoticeLanguage) -> None:
    assert parts_lacking(model_notice(language), language) == [
        NoticePart.CONTACT_PHONE,
        NoticePart.CONTACT_EMAIL,
        NoticePart.EFFECTIVE_DATE,
    ]
    assert parts_lacking(filled_in(language), language) == []


@pytest.mark.parametrize("language", NoticeLanguage)
def test_the_model_says_first_that_counsel_reads_it(language: NoticeLanguage) -> None:
    first = model_notice(language).splitlines()[0]

    assert first.startswith(("MODEL TEXT. Have counsel read it", "TEXTO MODELO. Pida a un abogado que lo lea"))


@pytest.mark.parametrize(
    ("taken_out", "missing"),
    [
        ("retaliate", NoticePart.NO_RETALIATION),
        ("Secretary", NoticePart.COMPLAINT_TO_SECRETARY),
        ("subpoena", NoticePart.PROCEEDINGS),
        ("fundraising", NoticePart.FUNDRAISING),
        ("single consent", NoticePart.SINGLE_CONSENT),
        ("redisclose", NoticePart.REDISCLOSURE),
        ("required by law", NoticePart.DUTIES),
        ("revoke", NoticePart.REVOCATION),
        ("p@riverbend.org", NoticePart.CONTACT_EMAIL),
        ("+1 312 555 0134", NoticePart.CONTACT_PHONE),
        ("January 5, 2026", NoticePart.EFFECTIVE_DATE),
        ("Notice of Privacy Practices", NoticePart.HEADING),
    ],
)
def test_each_part_that_is_taken_out_is_missed(taken_out: str, missing: NoticePart) -> None:
    words = filled_in(NoticeLanguage.EN)
    assert taken_out in words
    without = re.sub(re.escape(taken_out), "…", words, flags=re.IGNORECASE)

    assert parts_lacking(without, NoticeLanguage.EN) == [missing]


@pytest.mark.parametrize("language", NoticeLanguage)
def test_a_text_of_nothing_lacks_everything(language: NoticeLanguage) -> None:
    assert parts_lacking("Hello.", language) == list(NoticePart)


@given(st.text(), st.sampled_from(NoticeLanguage))
def test_any_text_can_be_checked(words: str, language: NoticeLanguage) -> None:
    assert set(parts_lacking(words, language)) <= set(NoticePart)


def test_a_page_holds_the_words_and_nothing_that_runs() -> None:
    shown = page("# A <b>title</b>\n\nOne\ntwo\n\n- <script>x</script>\n- b\n## More", language="en")

    assert "<title>A &lt;b&gt;title&lt;/b&gt;</title>" in shown
    assert "<p>One<br>\ntwo</p>" in shown
    assert "<ul>\n<li>&lt;script&gt;x&lt;/script&gt;</li>\n<li>b</li>\n</ul>" in shown
    assert "<h2>More</h2>" in shown
    assert "<script" not in shown


@given(st.text())
def test_no_text_breaks_out_of_a_page(words: str) -> None:
    shown = page(words, language="en")

    frame = page("", language="en")
    assert shown.count("<script") == 0
    assert shown.count("</main>") == frame.count("</main>") == 1


def text(language: str = "en", **fields: Any) -> dict[str, Any]:
    version = f"v-{uuid4().hex[:12]}"
    words = filled_in(NoticeLanguage(language))
    return {"notice_version": version, "language": language, "words": words, "effective_on": "2026-01-05"} | fields


async def given_to(clinic: Any, participant_id: UUID, **fields: Any) -> UUID:
    noticed: UUID = await clinic.peer.created(f"{INTAKE}/participants/{participant_id}/notices", NOTICE | fields)
    return noticed


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def test_a_text_is_kept_with_its_digest_and_read_back(clinic: Any) -> None:
    body = text()

    text_id = await clinic.privacy_officer.created(f"{INTAKE}/notice-texts", body)
    read = (await clinic.peer.get(f"{INTAKE}/notice-texts/{text_id}")).json()
    listed = (await clinic.supervisor.get(f"{INTAKE}/notice-texts", limit=100)).json()["items"]

    assert (read["words"], read["lacks"], read["effective_on"]) == (body["words"], [], "2026-01-05")
    assert read["recorded_by"] == str(clinic.privacy_officer.staff_id)
    assert len(read["sha256"]) == 64
    assert str(text_id) in [one["id"] for one in listed]
    assert "words" not in listed[0]


async def test_texts_are_listed_page_by_page(clinic: Any) -> None:
    made = [str(await clinic.administrator.created(f"{INTAKE}/notice-texts", text())) for _ in range(3)]

    first = (await clinic.peer.get(f"{INTAKE}/notice-texts", limit=2)).json()
    second = (await clinic.peer.get(f"{INTAKE}/notice-texts", limit=2, next=first["next"])).json()

    assert [one["id"] for one in [*first["items"], *second["items"]]][:3] == made[::-1]


async def test_the_same_version_and_language_is_taken_once(clinic: Any) -> None:
    body = text()
    await clinic.administrator.created(f"{INTAKE}/notice-texts", body)
    before = await clinic.refusals()

    again = await clinic.administrator.post(f"{INTAKE}/notice-texts", body | {"words": "Other words."})
    spanish = await clinic.administrator.post(f"{INTAKE}/notice-texts", body | {"language": "es"})

    assert refusal(again) == (409, "/problems/notice-text-on-file")
    assert spanish.status_code == 201
    assert await clinic.refusals() == before + 1


async def test_two_who_record_the_same_version_at_once_leave_one_text(clinic: Any) -> None:
    body = text()

    answers = await asyncio.gather(
        *(clinic.administrator.post(f"{INTAKE}/notice-texts", body | {"words": f"Words {n}."}) for n in range(4))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_no_role_of_the_service_may_change_or_delete_a_text(clinic: Any) -> None:
    sql = (
        "select distinct privilege_type from information_schema.role_table_grants "
        "where table_schema = 'intake' and table_name = 'notice_text' and grantee like 'intake_%' order by 1"
    )

    assert [row["privilege_type"] for row in await clinic.platform.fetch(sql)] == ["INSERT", "SELECT"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "fr"},
        {"words": " \n "},
        {"words": "x" * 60_001},
        {"words": "turned \u202e round"},
        {"effective_on": "2026-02-30"},
        {"effective_on": 20260105},
        {"notice_version": ""},
        {"notice_version": "two words"},
        {"author": "somebody"},
    ],
    ids=str,
)
async def test_a_text_that_cannot_be_leaves_nothing_behind(clinic: Any, wrong: dict[str, Any]) -> None:
    count = "select count(*) from intake.notice_text"
    before, texts, refused = await clinic.rows(), await clinic.platform.value(count), await clinic.refusals()

    answer = await clinic.administrator.post(f"{INTAKE}/notice-texts", text() | wrong)

    assert refusal(answer) == (422, INVALID)
    assert (await clinic.rows(), await clinic.platform.value(count)) == (before, texts)
    assert await clinic.refusals() == refused + 1


async def test_who_may_not_write_the_agencys_notice(clinic: Any, stranger: Any, http: httpx.AsyncClient) -> None:
    text_id = await clinic.administrator.created(f"{INTAKE}/notice-texts", text())

    for caller in (clinic.peer, clinic.supervisor):
        assert (await caller.post(f"{INTAKE}/notice-texts", text())).status_code == 403
    assert (await http.post(f"{INTAKE}/notice-texts", json=text())).status_code == 401
    assert (await stranger.get(f"{INTAKE}/notice-texts/{text_id}")).status_code == 404


async def test_a_check_warns_and_never_refuses(clinic: Any) -> None:
    body = {"language": "en", "words": filled_in(NoticeLanguage.EN).replace("retaliate", "punish")}

    checked = await clinic.privacy_officer.post(f"{INTAKE}/notice-text-checks", body)
    poor = await clinic.privacy_officer.post(f"{INTAKE}/notice-text-checks", {"language": "es", "words": "Hola"})

    assert (checked.status_code, checked.json()) == (200, {"lacks": ["no_retaliation"]})
    assert poor.json()["lacks"] == [str(part) for part in NoticePart]


@pytest.mark.parametrize("language", NoticeLanguage)
async def test_a_model_is_there_to_begin_with(clinic: Any, language: NoticeLanguage) -> None:
    answer = await clinic.privacy_officer.get(f"{INTAKE}/notice-models/{language}")

    assert answer.json() == {"language": str(language), "words": model_notice(language)}


async def test_anybody_reads_the_newest_notice_in_force(clinic: Any, http: httpx.AsyncClient) -> None:
    agency_id = clinic.administrator.agency_id
    older = text(words=f"# {CANARY} older", effective_on="2026-02-01")
    newer = text(words=f"# {CANARY} newer\n\n- <i>first</i>", effective_on="2026-03-01")
    future = text(words=f"# {CANARY} future", effective_on="2199-01-01")
    for body in (newer, older, future):
        await clinic.administrator.created(f"{INTAKE}/notice-texts", body)

    plain = await http.get(f"{INTAKE}/notice-pages/{agency_id}/en")
    shown = await http.get(f"{INTAKE}/notice-pages/{agency_id}/en", headers={"Accept": "text/html"})

    assert plain.json() == {name: newer[name] for name in ("notice_version", "language", "effective_on", "words")}
    assert shown.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert f"<h1>{CANARY} newer</h1>" in shown.text
    assert "&lt;i&gt;first&lt;/i&gt;" in shown.text


async def test_an_agency_that_is_not_there_has_no_page(http: httpx.AsyncClient, nobody: UUID) -> None:
    none = await http.get(f"{INTAKE}/notice-pages/{nobody}/es", headers={"Accept": "text/html"})
    unknown = await http.get(f"{INTAKE}/notice-pages/{nobody}/fr")

    assert refusal(none) == (404, "/problems/not-found")
    assert refusal(unknown) == (422, INVALID)


async def test_what_was_given_is_listed_with_its_text(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = f"{INTAKE}/participants/{participant_id}/notices"
    body = text()
    text_id = await clinic.administrator.created(f"{INTAKE}/notice-texts", body)
    owed = (await clinic.peer.get(path)).json()

    with_text = await given_to(clinic, participant_id, version=body["notice_version"], acknowledgement="acknowledged")
    without = await given_to(
        clinic, participant_id, version="old-paper-form", given_at=LONG_AGO, acknowledgement="declined"
    )
    seen = (await clinic.peer.get(path)).json()

    assert (owed["owed"], seen["owed"]) == (True, False)
    assert {one["id"]: (one["notice_text_id"], one["acknowledgement"]) for one in seen["notices"]} == {
        str(with_text): (str(text_id), "acknowledged"),
        str(without): (None, "declined"),
    }


async def test_paper_follows_an_email_that_came_back(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    other, _ = await clinic.assigned()
    mailed = await given_to(clinic, participant_id, channel="email")
    theirs = await given_to(clinic, other, channel="email")
    on_paper = await given_to(clinic, participant_id)
    path = f"{INTAKE}/participants/{participant_id}/notices"

    again = await clinic.peer.post(path, NOTICE | {"after_bounce_of": str(mailed)})
    by_mail_again = await clinic.peer.post(path, NOTICE | {"channel": "email", "after_bounce_of": str(mailed)})
    wrong = [
        await clinic.peer.post(path, NOTICE | {"after_bounce_of": str(one)}) for one in (theirs, on_paper, uuid4())
    ]

    assert again.status_code == 201
    assert refusal(by_mail_again) == (422, INVALID)
    assert [refusal(one) for one in wrong] == [(422, "/problems/notice-not-emailed")] * 3


async def test_a_deferral_is_told_and_does_not_end_what_is_owed(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = f"{INTAKE}/participants/{participant_id}"

    deferral_id = await clinic.peer.created(f"{path}/notice-deferrals", {"reason": "emergency"})
    seen = (await clinic.peer.get(f"{path}/notices")).json()
    (told,) = await clinic.events(deferral_id)

    assert (seen["owed"], [one["id"] for one in seen["deferrals"]]) == (True, [str(deferral_id)])
    assert (told["type"], told["aggregate_seq"]) == ("handrail.intake.notice-deferred.v1", 1)
    assert json.loads(told["payload"])["data"].keys() == {"deferral_id", "participant_id", "deferred_at"}


async def test_nothing_is_put_off_that_was_given(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    await given_to(clinic, participant_id)
    before = await clinic.rows()

    answer = await clinic.peer.post(
        f"{INTAKE}/participants/{participant_id}/notice-deferrals", {"reason": "unable_now"}
    )

    assert refusal(answer) == (409, "/problems/notice-given-already")
    assert await clinic.rows() == before


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (422, INVALID)),
        ({"reason": "no_time"}, (422, INVALID)),
        ({"reason": "emergency", "deferred_at": "2199-01-01T00:00:00Z"}, (422, "/problems/in-the-future")),
        ({"reason": "emergency", "deferred_at": "yesterday"}, (422, INVALID)),
        ({"reason": "emergency", "words": "he was asleep"}, (422, INVALID)),
    ],
    ids=str,
)
async def test_a_deferral_that_cannot_be_leaves_nothing_behind(
    clinic: Any, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    participant_id, _ = await clinic.assigned()
    before, refused = await clinic.rows(), await clinic.refusals()

    answer = await clinic.peer.post(f"{INTAKE}/participants/{participant_id}/notice-deferrals", body)

    assert refusal(answer) == expected
    assert (await clinic.rows(), await clinic.refusals()) == (before, refused + 1)


async def test_another_persons_notices_are_not_there(clinic: Any, stranger: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = f"{INTAKE}/participants/{participant_id}"

    for caller in (stranger, clinic.other_peer):
        assert (await caller.get(f"{path}/notices")).status_code == 404
        assert (await caller.post(f"{path}/notice-deferrals", {"reason": "emergency"})).status_code == 404
    assert (await clinic.privacy_officer.post(f"{path}/notice-deferrals", {"reason": "emergency"})).status_code == 403


CLOSURE = {"closed_on": "2026-02-01", "reason": "completed"}


async def closed(clinic: Any, episode_id: UUID, **fields: Any) -> Any:
    return await clinic.administrator.put(f"{INTAKE}/episodes/{episode_id}/closure", CLOSURE | fields, version=1)


async def test_a_service_does_not_end_before_the_notice_was_given(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    before, refused = await clinic.rows(), await clinic.refusals()

    early = await closed(clinic, episode_id)
    unchanged, audited = await clinic.rows(), await clinic.refusals()
    await given_to(clinic, participant_id)
    late = await closed(clinic, episode_id)

    assert refusal(early) == (409, "/problems/notice-not-given")
    assert (unchanged, audited) == (before, refused + 1)
    assert late.status_code == 200


async def test_a_deferral_lets_a_service_end(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    await clinic.peer.created(f"{INTAKE}/participants/{participant_id}/notice-deferrals", {"reason": "unable_now"})

    assert (await closed(clinic, episode_id)).status_code == 200


@pytest.mark.parametrize("fields", [{"reason": "lost_contact"}, {"reason": "deceased", "deceased_on": "2026-02-01"}])
async def test_who_is_gone_cannot_be_given_a_notice(clinic: Any, fields: dict[str, Any]) -> None:
    _, episode_id = await clinic.assigned()

    assert (await closed(clinic, episode_id, **fields)).status_code == 200


async def test_one_contact_on_the_street_ends_without_a_notice(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    body = {"participant_id": str(participant_id), "program_id": str(clinic.program_id), "opened_on": "2026-01-05"}
    episode_id = await clinic.administrator.created(f"{INTAKE}/episodes", body | {"single_contact_outreach": True})

    assert (await closed(clinic, episode_id)).status_code == 200


async def test_a_notice_under_a_merged_record_counts(clinic: Any) -> None:
    first, episode_id = await clinic.assigned()
    second = await clinic.enrol()
    await clinic.administrator.created(f"{INTAKE}/participants/{second}/notices", NOTICE)
    merge = {"survivor_id": str(first), "merged_id": str(second), "reason": "entered_twice"}
    merged = await clinic.supervisor.post(f"{INTAKE}/merges", merge)
    assert merged.status_code == 201, merged.text

    assert (await closed(clinic, episode_id)).status_code == 200
    assert (await clinic.supervisor.get(f"{INTAKE}/participants/{first}/notices")).json()["owed"] is False


async def test_only_a_text_on_file_can_have_been_given(http: httpx.AsyncClient, platform: Platform) -> None:
    administrator = await open_agency(http, platform, live=True)
    await administrator.created(f"{INTAKE}/notice-texts", text(notice_version="2026-11", effective_on="2026-02-01"))
    participant_id = await administrator.created(f"{INTAKE}/participants", {"name": "Canary"})
    path = f"{INTAKE}/participants/{participant_id}/notices"

    given = await administrator.post(path, NOTICE | {"version": "2026-11"})
    unknown = await administrator.post(path, NOTICE | {"version": "1999"})
    untranslated = await administrator.post(path, NOTICE | {"version": "2026-11", "language": "es"})
    before_any = await administrator.post(path, NOTICE | {"version": "1999", "given_at": "2026-01-31T15:00:00Z"})

    assert [given.status_code, before_any.status_code] == [201, 201]
    for refused in (unknown, untranslated):
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/notice-not-on-file")
