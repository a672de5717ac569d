"""The generated documents that are committed are what the code says."""

from pathlib import Path

from handrail.documents import documents

ROOT = Path(__file__).parents[3]


def test_every_committed_document_is_current() -> None:
    stale = [path for path, written in documents().items() if (ROOT / path).read_text() != written]
    assert stale == [], "run `.venv/bin/handrail docs`"
