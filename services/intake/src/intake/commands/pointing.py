"""Pointing at the part of a body that a refusal speaks of."""

from collections.abc import Generator
from contextlib import contextmanager

from common.errors import Refused


@contextmanager
def pointing(prefix: str) -> Generator[None]:
    """Make the pointers of a refusal start at the part of the body that is being worked on."""
    try:
        yield
    except Refused as refused:
        fields = refused.fields or ({"pointer": "", "detail": refused.detail},)
        pointed = [field | {"pointer": prefix + field["pointer"]} for field in fields]
        raise Refused(refused.code, refused.detail, status=422, fields=pointed) from refused
