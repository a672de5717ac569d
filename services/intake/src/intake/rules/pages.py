"""Plain text as a page that loads nothing, runs nothing and is not framed."""

from collections.abc import Iterable, Iterator
from html import escape

STRICT = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Vary": "Accept",
    "Referrer-Policy": "no-referrer",
}
PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""


def page(words: str, *, language: str) -> str:
    """Return `words` as HTML: lines with # are headings, with - entries of a list, and empty lines part paragraphs.

    The title is the first heading. Everything is escaped.
    """
    blocks = list(_blocks(words.splitlines()))
    title = next((lines[0] for kind, lines in blocks if kind in ("h1", "h2", "h3")), "")
    content = "\n".join(_html(kind, lines) for kind, lines in blocks)
    return PAGE.format(language=escape(language), title=escape(title), content=content)


def _blocks(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each heading, list and paragraph with its lines."""
    kind, gathered = "", list[str]()
    for line in lines:
        found, words = _line(line.strip())
        if found != kind or found.startswith("h"):
            if gathered:
                yield kind, gathered
            kind, gathered = found, []
        if words:
            gathered.append(words)
    if gathered:
        yield kind, gathered


def _line(line: str) -> tuple[str, str]:
    """Return what a line is part of, and its words."""
    for mark, kind in (("### ", "h3"), ("## ", "h2"), ("# ", "h1"), ("- ", "ul")):
        if line.startswith(mark):
            return kind, line.removeprefix(mark).strip()
    return ("p", line) if line else ("", "")


def _html(kind: str, lines: list[str]) -> str:
    escaped = [escape(line) for line in lines]
    if kind == "ul":
        return "<ul>\n" + "\n".join(f"<li>{line}</li>" for line in escaped) + "\n</ul>"
    between = "<br>\n" if kind == "p" else " "
    return f"<{kind}>{between.join(escaped)}</{kind}>"
