"""What a letter says: templates that take a number and the public address, and nothing else."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notification.rules import Template

FOLDER = Path(__file__).parents[1] / "templates"
LANGUAGES = ("en", "es")
# Plain text: escaping HTML would garble it, and no variable comes from a person.
TEMPLATES = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701


@dataclass(frozen=True)
class Letter:
    language: str
    subject: str
    text: str


def letter(template: Template, language: str, *, count: int | None, public_url: str) -> Letter:
    """Return a letter in `language`, or in English if there is none; `count` is for the digest."""
    language = language if language in LANGUAGES else LANGUAGES[0]
    values: dict[str, int | str] = {"public_url": public_url} | ({} if count is None else {"count": count})
    subject, text = (
        TEMPLATES.get_template(f"{language}/{template}.{part}.txt").render(values) for part in ("subject", "text")
    )
    return Letter(language, subject.strip(), text.strip() + "\n")
