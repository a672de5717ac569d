"""Tables as CSV that any spreadsheet opens and none takes for a program."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a plain number stays one, also a negative one."""
    if not value.startswith(FORMULA_STARTS) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(value: str) -> bool:
    return value.removeprefix("-").replace(".", "", 1).isdecimal()


def table(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return CSV text (RFC 4180) with a head line; a column that a row lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: safe(value) for name, value in row.items()} for row in rows)
    return text.getvalue()
