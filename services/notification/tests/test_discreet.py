"""What a stranger may read: the lint of messages to persons, in whatever coat a word comes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification.rules import discreet
from notification.rules.discreet import LANGUAGES, PARTS, VARIABLES, filled, findings, segments, telling
from notification.rules.messages import Channel, PersonTemplate
from notification.senders.letters import FOLDER, letter

FINE = {
    "subject": "A reminder",
    "text": "See you on {day} at {time}.",
    "short": "See you {day}, {time}. Reply STOP to end.",
}
REMINDER = PersonTemplate.APPOINTMENT_REMINDER


def codes(**parts: str) -> list[str]:
    return sorted(one.code for one in findings(REMINDER, {"en": FINE | parts}))


def built_in(kind: PersonTemplate, language: str) -> dict[str, str]:
    """Return our own words as an agency would write them."""
    files = {part: Path(FOLDER / language / f"{kind}.{part}.txt").read_text(encoding="utf-8") for part in PARTS}
    return {part: text.strip().replace("{{ ", "{").replace(" }}", "}") for part, text in files.items()}


@pytest.mark.parametrize("kind", list(PersonTemplate))
def test_our_own_words_are_discreet(kind: PersonTemplate) -> None:
    assert findings(kind, {language: built_in(kind, language) for language in LANGUAGES}) == []


@pytest.mark.parametrize(
    "said",
    [
        "recovery", "RECOVERY", "Recovering", "r3covery", "s0ber", "$ober", "sober.", "s.o.b.e.r", "s o b e r",
        "so\u200bber", "sobér", "ѕober", "s-o-b-e-r", "re\u00adcovery", "treatment", "treatments", "clinic's", "AA",
        "a.a.", "NA", "Narcan", "opioids", "meth", "MAT", "peer", "Peers", "counselor", "relapsed", "drug-free",
        "988", "overdosed", "suicidal", "probation", "HIV", "12-step", "program", "appointment",
        "recuperación", "clínica", "clinica", "sobriedad", "TRATAMIENTO", "adicción", "adiccion", "consejero",
        "recaída", "heroína", "cita", "compañeros", "grupo", "tribunal", "suicidio", "pastillas",
    ],
)  # fmt: skip
def test_a_telling_word_is_found_in_any_coat(said: str) -> None:
    assert "telling-word" in codes(text=f"Hello, {said} on {{day}} at {{time}}.")


@pytest.mark.parametrize(
    "said",
    [
        "You have something planned on {day} at {time}.",
        "Assigned, national, aware, natural, material, format, matter, method, metal, a notebook.",
        "Nada más; mañana a las tres. Aquí estamos. Un saludo y un recordatorio.",
        "We will call you back. It can wait until Monday.",
        "Algo le espera. Llame cuando le convenga.",
    ],
)
def test_neutral_words_are_not_taken_for_others(said: str) -> None:
    assert telling(said) == []


@pytest.mark.parametrize(
    ("part", "said", "code"),
    [
        ("text", "See riverbend.org on {day}, {time}.", "host"),
        ("text", "See https://x on {day}", "host"),
        ("text", "Write to me@x", "host"),
        ("text", "Call (312) 555-0142.", "number"),
        ("text", "Call 312 555 0142.", "number"),
        ("short", "From Riverbend House, {day}. Reply STOP to end.", "name"),
        ("text", "Hello from Una.", "name"),
        ("text", "Hello \U0001f48a", "sign"),
        ("text", "Hello {name}.", "variable"),
        ("text", "Hello {{ day }}.", "variable"),
        ("text", "{% if day %}", "variable"),
        ("text", "Hello {day.__class__}", "variable"),
        ("subject", "One\ntwo", "too-long"),
        ("subject", "x" * 61, "too-long"),
        ("text", "x " * 501, "too-long"),
        ("short", "y " * 200 + "Reply STOP to end.", "too-long"),
        ("short", "See you {day}.", "no-way-out"),
    ],
)
def test_what_else_would_give_somebody_away_is_named(part: str, said: str, code: str) -> None:
    assert code in codes(**{part: said})


def test_every_finding_says_where_and_what_to_do() -> None:
    found = findings(REMINDER, {"es": FINE | {"subject": "Su clínica"}})
    assert [(one.pointer, one.code) for one in found] == [("/texts/es/subject", "telling-word")]
    assert "clinica" in found[0].detail


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
        ("á" * 70, 1), ("á" * 71, 2), ("á" * 134, 2), ("á" * 135, 3), ("ñ" * 160, 1), ("\U0001f600" * 35, 1),
        ("\U0001f600" * 36, 2),
    ],
)  # fmt: skip
def test_text_messages_are_counted_as_carriers_do(text: str, count: int) -> None:
    assert segments(text) == count


WORDS = st.text(alphabet="abcdefghij klmnopqrstuvwxyz.,{}daytime", min_size=1, max_size=60)


@given(st.fixed_dictionaries({"subject": WORDS, "text": WORDS, "short": WORDS.map(lambda one: one + " Reply STOP.")}))
def test_what_passes_is_still_discreet_once_it_is_filled_in(parts: dict[str, str]) -> None:
    if findings(REMINDER, {"en": parts}):
        return
    values: dict[str, Any] = {"starts_at": "2026-12-01T21:05:00+00:00", "zone": "America/Chicago"}
    for channel in (Channel.SMS, Channel.EMAIL):
        said = letter(REMINDER, channel, "en", values, public_url="http://localhost", own={"en": parts})
        assert telling(said.subject) == telling(said.text) == []
        assert "{" not in said.text
        assert segments(said.text) <= discreet.SEGMENTS_MOST or channel is Channel.EMAIL


@given(
    st.sampled_from(["sober", "clinic", "heroin", "relapse"]), st.integers(0, 4), st.sampled_from("\u200b\u00ad\u2060")
)
def test_signs_that_nobody_sees_hide_nothing(word: str, place: int, sign: str) -> None:
    assert telling(f"x {word[:place]}{sign}{word[place:].upper()} y")


def test_what_has_no_value_stays_as_it_is_written() -> None:
    assert filled("{day} {time}", {"day": "Monday"}) == "Monday {time}"
    assert set(VARIABLES) == set(PersonTemplate)
