"""What a message says: templates that take a number or a code and the public address, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notification.rules.discreet import filled
from notification.rules.messages import Channel
from notification.rules.words import as_texted, day_said, time_said

FOLDER = Path(__file__).parents[1] / "templates"
LANGUAGES = ("en", "es")
# Plain text: escaping HTML would garble it, and no variable comes from a person.
TEMPLATES = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701


@dataclass(frozen=True)
class Letter:
    language: str
    subject: str
    text: str


def letter(
    template: str,
    channel: Channel,
    language: str,
    values: Mapping[str, Any],
    *,
    public_url: str,
    own: Mapping[str, Mapping[str, str]] | None = None,
) -> Letter:
    """Return what one channel carries, in `language`, or in English if there is none.

    `values`: what a template may say: a count, a short code, an instant. `own`: an agency's own words, approved; where
    they lack a language, the built-in ones stand in. A phone shows the short text, a letter the long one.
    """
    language = language if language in LANGUAGES else LANGUAGES[0]
    part = "text" if channel is Channel.EMAIL else "short"
    said = {"public_url": public_url} | _said(values, language)
    if own is not None and language in own:
        subject, text = (filled(own[language][one], said) for one in ("subject", part))
    else:
        subject, text = (
            TEMPLATES.get_template(f"{language}/{template}.{one}.txt").render(said) for one in ("subject", part)
        )
    if channel is Channel.SMS:
        text = as_texted(text)
    return Letter(language, subject.strip(), text.strip() + ("\n" if channel is Channel.EMAIL else ""))


def answered(template: str, language: str | None, brand: str) -> str:
    """Return the one answer to STOP, HELP or START, in the language of the words, or in both if that is not known."""
    spoken = [language] if language in LANGUAGES else LANGUAGES
    texts = [TEMPLATES.get_template(f"{one}/{template}.short.txt").render(brand=brand) for one in spoken]
    return " ".join(text.strip() for text in texts)


def _said(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return what a template may say; an instant becomes a day and a time on the clock of its zone."""
    said = dict(values)
    if "starts_at" in said and "zone" in said:
        at, zone = datetime.fromisoformat(said.pop("starts_at")), said.pop("zone")
        said |= {"day": day_said(at, zone, language), "time": time_said(at, zone, language)}
    return said
