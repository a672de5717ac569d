"""How the words of a meeting list are cleaned: what people typed into web forms, without markup and junk."""

import html
import math
import re
import unicodedata
from urllib.parse import urlsplit

from common.text import BIDI

TAG = re.compile(r"<(/?)([A-Za-z!][A-Za-z0-9]*)[^<>]*>")
SILENT = frozenset({"script", "style"})
BREAKING = frozenset({"br", "p", "div", "li", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"})
MOST_PASSES = 8
MOST_RAW = 40_000
WORD_LETTERS = "LMN"
PLACES = 6


def plain_text(value: object, most: int) -> str:
    """Return text without markup, entities (encoded once or often), or what cannot be seen; line breaks stay."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = _number_text(value) if not isinstance(value, str) else value[:MOST_RAW]
    for _ in range(MOST_PASSES):
        cleaned = _untagged(html.unescape(text))
        if cleaned == text:
            break
        text = cleaned
    readable = "".join(letter if _may_stay(letter) else " " for letter in text)
    lines = (" ".join(line.split()) for line in readable.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:most].rstrip()


def plain_line(value: object, most: int) -> str:
    return " ".join(plain_text(value, MOST_RAW).split())[:most].rstrip()


def _number_text(value: int | float) -> str:
    """Return a number as a list would print it; "" for one that no list prints (Python limits the digits of ints)."""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 64 else ""
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)


def _untagged(text: str) -> str:
    """Remove tags, and what is between those that are not text."""
    kept: list[str] = []
    start, silent = 0, ""
    for found in TAG.finditer(text):
        if not silent:
            kept.append(text[start : found.start()])
        closing, name = found[1], found[2].lower()
        if silent and closing and name == silent:
            silent = ""
        elif name in SILENT and not closing and not silent:
            silent = name
        kept.append("\n" if name in BREAKING and not silent else "")
        start = found.end()
    if not silent:
        kept.append(text[start:])
    return "".join(kept)


def _may_stay(letter: str) -> bool:
    if letter in BIDI or letter == "\ufeff":
        return False
    return letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs", "Cn", "Co")


def web_address(value: object) -> str | None:
    """Return an http(s) address without a password in it, or None for anything else."""
    text = plain_line(value, 2000)
    if not text or any(letter.isspace() for letter in text):
        return None
    try:
        parts = urlsplit(text)
        safe = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        return None
    return text if safe and len(text) <= 1000 else None


def public_phone(value: object) -> str | None:
    """Return a meeting's dial-in number with its one-tap codes, or None where there is no number in it."""
    text = plain_line(value, 100)
    kept = "".join(letter for letter in text if letter in "+0123456789,;*#()-. xX")
    return kept.strip(" ,;-.xX") or None if sum(letter.isdigit() for letter in kept) >= 3 else None


def coordinate(value: object, limit: float) -> float | None:
    """Return a number of degrees rounded to 6 places (11 cm), or None for what lies on no map."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        degrees = float(value.strip()[:100] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return round(degrees, PLACES) + 0.0 if math.isfinite(degrees) and abs(degrees) <= limit else None


def point(latitude: object, longitude: object) -> tuple[float, float] | None:
    """Return a place on earth; (0, 0) is what forms say that know none."""
    north, east = coordinate(latitude, 90.0), coordinate(longitude, 180.0)
    if north is None or east is None or (north == 0 and east == 0):
        return None
    return north, east


def search_words(*texts: str) -> str:
    """Return words as they are searched: each with a space before it, without case, accents and punctuation."""
    whole = unicodedata.normalize("NFKD", " ".join(texts)).casefold()
    bare = "".join(letter for letter in whole if not unicodedata.combining(letter))
    spaced = "".join(letter if unicodedata.category(letter)[0] in WORD_LETTERS else " " for letter in bare)
    return "".join(f" {word}" for word in dict.fromkeys(spaced.split()))
