"""A local mail catcher: keeps what the platform would have sent as files, and sends nothing anywhere."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uuid_utils.compat import uuid7

from common.embedded import LOOPBACK


class Keep:
    """An SMTP handler that writes each message to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        (self._folder / f"{uuid7()}.eml").write_bytes(envelope.original_content)
        return "250 kept"


@contextmanager
def catching(folder: Path, port: int) -> Iterator[None]:
    """Catch mail on a loopback port while the block runs."""
    from aiosmtpd.controller import Controller  # only where the embedded extra is installed

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    controller = Controller(Keep(folder), hostname=LOOPBACK, port=port, ready_timeout=10)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@dataclass(frozen=True)
class Caught:
    """One caught message, as a person would see it."""

    to: str
    subject: str
    text: str


def caught(folder: Path) -> list[Caught]:
    """Return the caught messages, oldest first."""
    return [_read(file) for file in sorted(folder.glob("*.eml"))]


def _read(file: Path) -> Caught:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    return Caught(str(message["to"]), str(message["subject"]), body.get_content() if body else "")
