"""The statements that a consent or a disclosure must carry (42 CFR 2.31, 2.32), as versioned texts with their digests.

They lie in `papers/`. Law text is exact and English; beside it stands a courtesy explanation, marked as such.
A text never changes: another wording gets another code.
"""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from common.text import Asked, Code, Prose

Language = Literal["en", "es"]


class StatementKind(StrEnum):
    """What a statement is for; the last two go with what is disclosed (42 CFR 2.32(a))."""

    RIGHT_TO_REVOKE = "right_to_revoke"
    REVOCABLE_LATER = "revocable_later"
    REDISCLOSURE = "redisclosure"
    TPO_REDISCLOSURE = "tpo_redisclosure"
    TPO_REFUSAL = "tpo_refusal"
    FUNDRAISING_OPT_OUT = "fundraising_opt_out"
    COUNSELING_NOTES_FREE = "counseling_notes_free"
    ACCOMPANYING_LONG = "accompanying_long"
    ACCOMPANYING_SHORT = "accompanying_short"


class Statement(Asked):
    """One version of a text. `courtesy`: what it means in other languages, where only the English words count."""

    code: Code
    kind: StatementKind
    words: dict[Language, Prose]
    courtesy: dict[Language, Prose] = {}
    source: str | None = None

    @property
    def sha256(self) -> str:
        """The digest of the words, of several languages in the order of their codes with a line break between."""
        return digest("\n".join(self.words[language] for language in sorted(self.words)))

    def in_language(self, language: Language) -> str:
        """Return the words; the English ones where the text exists in no other language."""
        return self.words.get(language) or self.words["en"]


def digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def _shipped() -> Mapping[str, Statement]:
    folder = files("intake.rules") / "papers"
    found = [
        Statement.model_validate_json(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".json")
    ]
    return MappingProxyType({one.code: one for one in sorted(found, key=lambda one: one.code)})


STATEMENTS: Mapping[str, Statement] = _shipped()


ACCOMPANYING = frozenset({StatementKind.ACCOMPANYING_LONG, StatementKind.ACCOMPANYING_SHORT})


def is_accompanying(code: str) -> bool:
    """Return whether a code is that of a text which goes with what is disclosed (42 CFR 2.32(a))."""
    return code in STATEMENTS and STATEMENTS[code].kind in ACCOMPANYING


def current(kind: StatementKind) -> Statement:
    """Return the newest version of a kind of statement; its code ends with its date."""
    return max((one for one in STATEMENTS.values() if one.kind is kind), key=lambda one: one.code)
