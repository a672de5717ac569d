"""A person's papers as one text to read or print, in the language of their code."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from intake.queries.own_consents import OwnConsent
from intake.queries.own_papers import OwnDisclosure, OwnLook, OwnNotice, OwnPapers
from intake.rules.own import OwnLanguage, said_in
from intake.rules.own_papers import (
    CONSENTS,
    LOOKS,
    MORE_LOOKS,
    NONE,
    NOT_ON_FILE,
    NOTICES,
    RECEIVED_BY,
    SIGNED,
    STOP,
    TITLE,
    UNTIL,
    WHAT,
    WHO,
    WHY,
)


def papers_in_words(papers: OwnPapers, zone: str) -> str:
    """Return all of it, with the hours of the agency's zone; headings begin with #, entries of lists with -."""
    language = papers.language
    more = [said_in(language, MORE_LOOKS)] if papers.more_looks else []
    lines = [
        f"# {said_in(language, TITLE)}",
        *_part(language, CONSENTS, (line for one in papers.consents for line in _consent(language, zone, one))),
        *_part(language, RECEIVED_BY, (line for one in papers.received for line in _received(language, one))),
        *_part(language, LOOKS, [*(_look(zone, one) for one in papers.looks), *more]),
        *_part(language, NOTICES, (line for one in papers.notices for line in _notice(language, zone, one))),
    ]
    return "\n".join(lines)


def _part(language: OwnLanguage, title: tuple[str, str], lines: Iterable[str]) -> Iterator[str]:
    yield f"## {said_in(language, title)}"
    yield from list(lines) or [said_in(language, NONE)]


def _consent(language: OwnLanguage, zone: str, one: OwnConsent) -> Iterator[str]:
    yield f"### {one.kind.label}: {one.standing.label}"
    yield f"- {said_in(language, SIGNED)}: {_at(zone, one.signed_at)}"
    yield from _entry(language, WHAT, one.what)
    yield from _entry(language, WHO, [f"{each.name} ({each.standing.label})" for each in one.recipients])
    yield from _entry(language, WHY, one.why)
    yield from _entry(language, UNTIL, [one.until] if one.until else [])
    yield from _entry(language, STOP, one.how_to_stop)


def _entry(language: OwnLanguage, title: tuple[str, str], said: Iterable[str]) -> Iterator[str]:
    if joined := "; ".join(said):
        yield f"- {said_in(language, title)}: {joined}"


def _received(language: OwnLanguage, one: OwnDisclosure) -> Iterator[str]:
    yield f"### {one.made_on}: {one.basis.label}"
    yield from _entry(language, WHO, [said for said in (one.recipient, one.address) if said])
    yield from _entry(language, WHAT, [*one.what, *([one.description] if one.description else [])])
    yield from _entry(language, WHY, [one.why])


def _look(zone: str, one: OwnLook) -> str:
    return f"- {_at(zone, one.at)}: {one.who}, {one.did.label}: {one.what.label}"


def _notice(language: OwnLanguage, zone: str, one: OwnNotice) -> Iterator[str]:
    yield f"### {one.notice_version}, {_at(zone, one.given_at)}"
    yield one.words or said_in(language, NOT_ON_FILE)


def _at(zone: str, instant: datetime) -> str:
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
