"""What a message to a person may not say: words that tell strangers what it is about, names, hosts and numbers.

The words stand in `discreet.json` by group and language; with a star they are stems.
A text is looked at in the coats that people put on
words: other cases, accents, digits for letters, look-alike letters, letters apart, signs that nobody sees.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from notification.rules.messages import PersonTemplate

STEMS: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("discreet.json").read_text(encoding="utf-8")
)
LANGUAGES = ("en", "es")
PARTS = ("subject", "text", "short")
VARIABLES: dict[PersonTemplate, frozenset[str]] = {
    PersonTemplate.APPOINTMENT_REMINDER: frozenset({"day", "time"}),
    PersonTemplate.APPOINTMENT_CHANGED: frozenset(),
    PersonTemplate.CHECK_IN: frozenset(),
    PersonTemplate.PAPER_WAITING: frozenset(),
}
LONGEST = {"day": "Wednesday, Sep 30", "time": "12:30 p. m."}
SUBJECT_MOST, TEXT_MOST, SEGMENTS_MOST = 60, 1000, 2

VARIABLE = re.compile(r"\{([a-z_]+)\}")
WAY_OUT = re.compile(r"\b(?:STOP|ALTO|PARE|BAJA)\b")
HOST = re.compile(r"://|\bwww\.|@|\b[\w-]+\.(?:[a-z]{2,24})\b(?![\w.])", re.IGNORECASE)
NUMBER = re.compile(r"(?:\d[\s().-]*){7,}|\b\d{5,6}\b")
APART = re.compile(r"\b(?:\w[\s.\-_*]+)+\w\b")
WORD = re.compile(r"\w[\w-]*")
NAMELIKE = re.compile(r"(?<=[^\s.!?:¡¿\n])[ ,]+([A-ZÁÉÍÓÚÑ][\w]+)")
SHOUTED = frozenset({"STOP", "ALTO", "PARE", "BAJA", "START", "INICIAR", "HELP", "AYUDA", "Reply", "Responda", "I"})
DIGITS = str.maketrans("013457@$!|", "oieastasil")
TWINS = str.maketrans("аеорсухіѕԁӏαεορνικτ", "aeopcyxisdlaeopvikt")  # Cyrillic and Greek that look Latin
# GSM 03.38: what fits in seven bits; anything else makes the whole text take two bytes a letter.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one part of a text (`pointer`: where), and what to do instead."""

    pointer: str
    code: str
    detail: str


def findings(kind: PersonTemplate, texts: Mapping[str, Mapping[str, str]]) -> list[Finding]:
    """Return all that keeps texts (by language, then part) from being sent to a person; none: they are discreet."""
    return [
        finding
        for language, parts in texts.items()
        for part, text in parts.items()
        for finding in _of(f"/texts/{language}/{part}", part, text, VARIABLES[kind])
    ]


def _of(pointer: str, part: str, text: str, variables: frozenset[str]) -> Iterator[Finding]:
    for word in telling(text):
        yield Finding(pointer, "telling-word", f"“{word}” tells a stranger what this is about. Say it without.")
    if HOST.search(text):
        yield Finding(pointer, "host", "An address tells whose it is. Leave out links, sites and e-mail addresses.")
    if NUMBER.search(text):
        yield Finding(pointer, "number", "A number can be called by a stranger. Say: the number that you have for us.")
    for name in _names(text):
        yield Finding(pointer, "name", f"“{name}” looks like a name. Name nobody, no place and no organization.")
    for sign in sorted({one for one in text if unicodedata.category(one) in ("So", "Sk", "Cs", "Co")}):
        yield Finding(pointer, "sign", f"The sign {sign} can tell what this is about. Leave it out.")
    yield from _of_braces(pointer, text, variables)
    yield from _of_length(pointer, part, text)


def _of_braces(pointer: str, text: str, variables: frozenset[str]) -> Iterator[Finding]:
    may = ", ".join(f"{{{one}}}" for one in sorted(variables)) or "none"
    for name in sorted(set(VARIABLE.findall(text)) - variables):
        yield Finding(pointer, "variable", f"{{{name}}} cannot stand here. What can: {may}.")
    if re.search(r"[{}]", VARIABLE.sub("", text)):
        yield Finding(pointer, "variable", f"Braces are for variables only. What can stand in them here: {may}.")


def _of_length(pointer: str, part: str, text: str) -> Iterator[Finding]:
    longest = filled(text, LONGEST)
    if part == "subject" and (len(longest) > SUBJECT_MOST or "\n" in text):
        yield Finding(pointer, "too-long", f"A subject is one line of at most {SUBJECT_MOST} letters.")
    if part == "text" and len(longest) > TEXT_MOST:
        yield Finding(pointer, "too-long", f"Keep it to {TEXT_MOST} letters.")
    if part == "short":
        if segments(longest) > SEGMENTS_MOST:
            yield Finding(
                pointer, "too-long", f"This is {segments(longest)} text messages. Keep it to {SEGMENTS_MOST}."
            )
        if not WAY_OUT.search(text):
            yield Finding(pointer, "no-way-out", "Say how it ends, such as: Reply STOP to end these messages.")


def telling(text: str) -> list[str]:
    """Return the words that tell strangers what a message is about, as they would be written plainly."""
    return sorted({word for word in _words(text) if _is_banned(word)})


def _is_banned(word: str) -> bool:
    return not _WHOLE.isdisjoint({word, word.removesuffix("s"), word.removesuffix("es")}) or word.startswith(
        _BEGINNINGS
    )


def _words(text: str) -> Iterator[str]:
    """Yield each word plainly, and once more as what it would be in the coats of the day."""
    plain = _plain(VARIABLE.sub(" ", text))
    together = APART.sub(lambda found: re.sub(r"[\s.\-_*]+", "", found.group()), plain)
    for said in (plain, together):
        for word in WORD.findall(said):
            yield word
            yield word.replace("-", "")
            if any(one.isalpha() for one in word):
                yield word.translate(DIGITS)
    for word in re.findall(r"[\w@$!|]+", plain):
        if any(one.isalpha() for one in word):
            yield word.translate(DIGITS)


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold())
    kept = (one for one in bare if not unicodedata.combining(one) and unicodedata.category(one) != "Cf")
    return "".join(kept).translate(TWINS)


def _names(text: str) -> list[str]:
    """Return what is written with a capital in the middle of a sentence; neutral words have no reason to."""
    return sorted(set(NAMELIKE.findall(VARIABLE.sub("x", text))) - SHOUTED)


def segments(text: str) -> int:
    """Return as how many text messages a text is counted: 160 letters of seven bits, or 70 of two bytes, and less
    in each of several."""
    if all(one in GSM or one in GSM_TWICE for one in text):
        length = sum(2 if one in GSM_TWICE else 1 for one in text)
        return 1 if length <= 160 else -(-length // 153)
    length = len(text.encode("utf-16-le")) // 2
    return 1 if length <= 70 else -(-length // 67)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables filled in; one without a value stays as it is written."""
    return VARIABLE.sub(lambda found: values.get(found.group(1), found.group()), text)


_ALL = {_plain(one) for groups in STEMS.values() for words in groups.values() for one in words}
_WHOLE = frozenset(one for one in _ALL if not one.endswith("*"))
_BEGINNINGS = tuple(sorted(one.removesuffix("*") for one in _ALL if one.endswith("*")))
