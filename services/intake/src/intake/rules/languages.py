"""Which of our languages a browser's reader prefers."""

from collections.abc import Sequence


def preferred(accept_language: str, ours: Sequence[str]) -> str:
    """Return the best of `ours` by an Accept-Language header, and the first of them where it names none."""
    best, weight = ours[0], 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, rest = part.partition(";")
        language = tag.strip().lower().split("-")[0]
        wanted = _weight(rest)
        if language in ours and wanted > weight:
            best, weight = language, wanted
    return best


def _weight(parameters: str) -> float:
    """Return the `q` of one language, 1 where none is given and 0 where it is nonsense."""
    name, _, value = parameters.partition("=")
    if not name.strip():
        return 1.0
    try:
        return min(1.0, float(value)) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
