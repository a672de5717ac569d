"""Refusals: the expected ways in which a request or a message cannot be done."""

from collections.abc import Mapping, Sequence


class Refused(Exception):
    """Something asked for that may not or cannot be done; never carries a value the caller did not send.

    `code`: stable, public, kebab-case; the problem type is `/problems/<code>`.
    `detail`: one sentence that says what to do next. `audited`: ids and codes for its audit entry.
    `members`: what the problem says besides. `retry_after`: whole seconds, if waiting helps.
    """

    status = 409
    audited: Mapping[str, object] = {}
    members: Mapping[str, str] = {}
    retry_after: int | None = None

    def __init__(
        self, code: str, detail: str, *, status: int | None = None, fields: Sequence[dict[str, str]] = ()
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.status = status or type(self).status
        self.fields = tuple(fields)


class NotThere(Refused):
    """No such thing, or not for this caller: both answer alike."""

    status = 404

    def __init__(self) -> None:
        super().__init__("not-found", "Nothing here has that id. Check it, or ask who gave it to you.")


class Unprocessable(Refused):
    """The request is well-formed but what it says cannot be."""

    status = 422

    def __init__(self, code: str, detail: str, pointer: str | None = None) -> None:
        fields = () if pointer is None else ({"pointer": pointer, "detail": detail},)
        super().__init__(code, detail, fields=fields)


class Forbidden(Refused):
    status = 403

    def __init__(self, code: str = "not-allowed", detail: str = "Your role does not include this.") -> None:
        super().__init__(code, detail)


class Unauthenticated(Refused):
    status = 401

    def __init__(self) -> None:
        super().__init__("sign-in-needed", "Sign in again: the access token is missing, wrong or expired.")
