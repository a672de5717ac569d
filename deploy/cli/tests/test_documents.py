"""The generated documents that are committed are what the code says."""

from pathlib import Path

import pytest

from handrail.documents import documents

ROOT = Path(__file__).parents[3]
DOCUMENTS = documents()


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_the_committed_document_is_current(path: str) -> None:
    assert (ROOT / path).read_text() == DOCUMENTS[path], "run `.venv/bin/handrail docs`"
