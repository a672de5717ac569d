"""What makes a password acceptable: length and not being guessable, as NIST SP 800-63B-4 (3.1.1.2) asks.

No rules of composition, no expiry: both make people choose worse ones.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # it has no types

ALONE = 15  # characters, where the password is the only factor
BESIDE_ANOTHER = 8  # characters, where a second factor is on file
MOST = 128  # characters; the standard asks that 64 be accepted
OWN_PART = 3  # a name's parts from this length on count as known
RUN = 4  # characters in a row, of an alphabet or a keyboard, count as one
DISTINCT = 5
ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)


def normalized_password(password: str) -> str:
    """Return the form that is hashed, so that one password typed on two keyboards is one password."""
    return unicodedata.normalize("NFKC", password)


def password_faults(password: str, *, second_factor: bool = False, own: Iterable[str] = ()) -> str | None:
    """Return why a new password cannot be taken, or None.

    `own`: what anybody would try first for this person: name, e-mail address, the agency's name.
    """
    password = normalized_password(password)
    least = BESIDE_ANOTHER if second_factor else ALONE
    if len(password) < least:
        return f"must have at least {least} characters; a sentence is easy to remember"
    if len(password) > MOST:
        return f"must have at most {MOST} characters"
    if is_common(password):
        return "must not be a password that many people use; a sentence of your own is better"
    if _left_of(password, own) < least // 2:
        return "must be more than your name, your agency, a repetition or a row of keys"
    return None


def is_short(password: str) -> bool:
    """Tell whether a password is good only beside a second factor."""
    return len(normalized_password(password)) < ALONE


def is_common(password: str) -> bool:
    """Tell whether the whole password, whatever its case or spacing, is among the most used ones."""
    folded = password.casefold()
    return folded in _common() or "".join(folded.split()) in _common()


@cache
def _common() -> frozenset[str]:
    """Passwords that leaked most often, from the frequency lists of zxcvbn (MIT)."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def _left_of(password: str, own: Iterable[str]) -> int:
    """Count what a guesser who knows the person and the keyboard would still have to guess."""
    left = password.casefold()
    if len(set(left)) < DISTINCT:
        return 0
    for word in sorted(_known_words(own), key=len, reverse=True):
        left = left.replace(word, " ")
    left = re.sub(r"[\W_]", "", left) if left != password.casefold() else left
    unit = _unit(left)
    return 0 if is_common(unit) else _without_runs(unit)


def _known_words(own: Iterable[str]) -> set[str]:
    words = {"handrail"}
    for text in own:
        whole = normalized_password(text).casefold()
        words |= {whole, "".join(whole.split()), *re.split(r"[\W_]+", whole)}
    return {word for word in words if len(word) >= OWN_PART}


def _unit(text: str) -> str:
    """Return what a text repeats, or the text itself: `abcabcab` repeats `abc`."""
    for length in range(1, len(text) // 2 + 1):
        if all(text[at] == text[at - length] for at in range(length, len(text))):
            return text[:length]
    return text


def _without_runs(text: str) -> int:
    """Count characters, each run along a row of keys, of digits or of the alphabet, or of one character, as one."""
    count = at = 0
    while at < len(text):
        at += _run(text, at)
        count += 1
    return count


def _run(text: str, at: int) -> int:
    """Return the length of the run that starts here; 1 if none does."""
    best = 1
    for row in _rows():
        length = best + 1
        while at + length <= len(text) and text[at : at + length] in row:
            best, length = length, length + 1
    same = len(text[at:]) - len(text[at:].lstrip(text[at]))
    longest = max(best, same)
    return longest if longest >= RUN else 1


@cache
def _rows() -> tuple[str, ...]:
    return (*ROWS, *(row[::-1] for row in ROWS))
