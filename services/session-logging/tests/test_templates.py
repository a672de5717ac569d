"""Questions in plain words, a program's own wording, and no audit element left out."""

from typing import Any

import pytest

from common.contracts.codes import NoteElement
from session_logging.rules.notes import Note
from session_logging.rules.prompts import ASKED, STANDARD, SUPPLIED, NoteField

TEMPLATES = "/api/session-logging/v1/note-templates"
PROMPTS = "/api/session-logging/v1/note-prompts"
OWN = {"en": {"ask": "What did you two get done?"}}
WHOLE = [{"field": "summary"} | OWN, {"field": "progress"}, {"field": "response"}, {"field": "events"}]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_every_element_is_asked_for_or_supplied_by_the_record() -> None:
    assert ASKED | set(SUPPLIED) == set(NoteElement)
    assert not ASKED & set(SUPPLIED)
    assert {NoteElement.SUMMARY, NoteElement.PROGRESS, NoteElement.RESPONSE, NoteElement.EVENTS} == ASKED


def test_every_part_of_a_note_has_a_question_in_both_languages() -> None:
    assert {field.value for field in NoteField} == set(Note.model_fields) == {field.value for field in STANDARD}
    for one in STANDARD.values():
        assert one.en.ask.endswith("?")
        assert one.es.ask.startswith("¿")
        assert one.en.hint
        assert one.es.hint


async def test_without_a_template_the_standard_questions_are_asked(practice: Any) -> None:
    english = (await practice.peer.get(PROMPTS)).json()
    spanish = (await practice.peer.get(PROMPTS, language="es")).json()

    assert english["template_id"] is None
    assert [one["field"] for one in english["prompts"]] == list(Note.model_fields)
    assert [one["required"] for one in english["prompts"]] == [True, True, True, True, False, False, False]
    assert (english["prompts"][0]["ask"], spanish["prompts"][0]["ask"]) == (
        "What did you do together?", "¿Qué hicieron juntos?",
    )  # fmt: skip
    assert "signature" in english["supplied"]


async def test_a_program_asks_in_its_own_words_and_its_forms_go_first(practice: Any) -> None:
    everybody = {"title": "All", "questions": WHOLE}
    program = everybody | {"title": "Program", "program_id": str(practice.program_id)}
    calls = program | {"title": "Calls", "modalities": ["telephone_recovery_support"]}
    for template in (calls, program, everybody):
        await practice.administrator.created(TEMPLATES, template)

    async def title(**asked: str) -> str | None:
        return str((await practice.peer.get(PROMPTS, **asked)).json()["title"])

    assert await title() == "All"
    assert await title(program_id=str(practice.program_id)) == "Program"
    assert await title(program_id=str(practice.program_id), modality="video") == "Program"
    assert await title(program_id=str(practice.program_id), modality="telephone_recovery_support") == "Calls"
    shown = (await practice.peer.get(PROMPTS)).json()["prompts"]
    assert shown[0]["ask"] == "What did you two get done?"
    assert shown[0]["hint"]  # the standard hint, where the program has none of its own
    spanish = (await practice.peer.get(PROMPTS, language="es")).json()["prompts"]
    assert spanish[0]["ask"] == "¿Qué hicieron juntos?"


async def test_templates_are_changed_with_the_version_seen_and_retired(practice: Any) -> None:
    body = {"title": "Ours", "questions": WHOLE}
    template_id = await practice.administrator.created(TEMPLATES, body)
    place = f"{TEMPLATES}/{template_id}"

    stale = await practice.administrator.put(place, body, 3)
    changed = await practice.administrator.put(place, body | {"title": "Still ours"}, 1)
    listed = (await practice.administrator.get(TEMPLATES)).json()
    retired = await practice.administrator.put(f"{place}/retirement", {}, 2)
    late = await practice.administrator.put(place, body, 3)

    assert (stale.status_code, changed.status_code, retired.status_code) == (412, 200, 200)
    assert [(one["title"], one["version"]) for one in listed] == [("Still ours", 2)]
    assert code(late) == (409, "template-retired")
    assert (await practice.peer.get(PROMPTS)).json()["template_id"] is None


@pytest.mark.parametrize(
    ("questions", "refusal"),
    [
        (WHOLE[1:], "required-question-missing"),
        (WHOLE + WHOLE[:1], "asked-twice"),
        ([], "invalid-request"),
        ([*WHOLE, {"field": "diagnosis"}], "invalid-request"),
    ],
)
async def test_no_template_leaves_out_what_an_audit_needs(shared: Any, questions: Any, refusal: str) -> None:
    answer = await shared.administrator.post(TEMPLATES, {"title": "Short", "questions": questions})

    assert code(answer) == (422, refusal)


async def test_peers_are_asked_and_do_not_set_the_questions(shared: Any) -> None:
    answer = await shared.peer.post(TEMPLATES, {"title": "Mine", "questions": WHOLE})

    assert answer.status_code == 403
