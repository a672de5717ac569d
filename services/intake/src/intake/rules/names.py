"""How names written two ways are told to be one: the same parts in any order, or parts that sound alike."""

import re
import unicodedata
from collections.abc import Iterable

from jellyfish import metaphone

# Letters that no decomposition turns into what an English keyboard has, and what people type for them.
LETTERS = str.maketrans({"đ": "d", "ð": "d", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ı": "i"})
SILENT = re.compile(r"['\u2018\u2019\u02bb\u02bc\u02b9\u02bf\u00b4`.]")
LATIN = re.compile(r"[a-z]+")


def name_parts(name: str) -> tuple[str, ...]:
    """Return a name's parts, sorted, without case, accents, apostrophes or full stops; hyphens part, as spaces do."""
    plain = _unaccented(_unaccented(SILENT.sub("", name)).casefold()).translate(LETTERS)
    spaced = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in plain)
    return tuple(sorted(spaced.split())) or (name.strip(),)


def may_be_one_person(name: str, others: Iterable[str]) -> bool:
    """Tell whether a name may be one of `others`, shorter or longer: all parts of the one are among the other's."""
    parts = set(name_parts(name))
    return any(parts <= set(name_parts(other)) or set(name_parts(other)) <= parts for other in others)


def office_key(name: str) -> str:
    """Return what all writings of one office's name share: its letters and digits, without case, accents or spaces."""
    plain = _unaccented(_unaccented(name).casefold()).translate(LETTERS)
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LMN") or name.strip()


def sounding_parts(name: str) -> tuple[str, ...]:
    """Return the sounds of a name's parts, sorted: Metaphone for Latin letters, any other part as it is written.

    Metaphone hears as English does. It is only ever used together with the birth date, and only to warn.
    """
    return tuple(sorted(_sound(part) for part in name_parts(name)))


def _sound(part: str) -> str:
    return (metaphone(part) if LATIN.fullmatch(part) else "") or part


def _unaccented(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
