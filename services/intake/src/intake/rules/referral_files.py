"""Reading a CSV file of referrals: which columns there may be, its lines, and what of a line is what."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_ROWS = 20_000
MOST_CELL = 8_000
# Column by column: where its value goes in a referral; `answer:<question>` columns are screening answers.
COLUMNS: dict[str, tuple[str, ...]] = {
    "external_id": ("external_id",),
    "kind": ("kind",),
    "referred_on": ("referred_on",),
    "program_id": ("program_id",),
    "source_organization": ("source", "organization"),
    "source_person": ("source", "person"),
    "source_phone": ("source", "phone"),
    "source_email": ("source", "email"),
    "name": ("person", "name"),
    "alias": ("person", "alias"),
    "pronouns": ("person", "pronouns"),
    "birth_date": ("person", "birth_date"),
    "sex": ("person", "sex"),
    "phone": ("person", "phone"),
    "email": ("person", "email"),
    "address": ("person", "address"),
    "language": ("person", "language"),
    "contact_name": ("contacts", "name"),
    "contact_relation": ("contacts", "relation"),
    "contact_phone": ("contacts", "phone"),
    "payer": ("coverage", "payer"),
    "member_id": ("coverage", "member_id"),
    "coverage_kind": ("coverage", "kind"),
    "reason": ("reason",),
    "area": ("answers", "area"),
}
LISTS = frozenset({"contacts", "coverage"})  # one of them fits in a line
ANSWER = "answer:"
QUESTION = re.compile(rf"{ANSWER}[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}")
ANSWERS = {"yes": True, "true": True, "1": True, "y": True, "no": False, "false": False, "0": False, "n": False}


class NotThisFile(Exception):
    """Why a file is refused whole: `code`, the line, and a sentence that says what to do."""

    def __init__(self, code: str, line: int, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be taken in: its columns, and its lines as (number of the first line, cells)."""

    columns: list[str]
    lines: list[tuple[int, list[str]]]


def read_file(content: bytes) -> File:
    """Read a whole file, UTF-8 with or without its mark. Raises `NotThisFile`; nothing of it is taken then."""
    records = _records(_text(content))
    try:
        line, header = next(records)
    except StopIteration:
        raise NotThisFile("file-empty", 1, "The file is empty. Send a header line and one line a referral.") from None
    columns = _columns(line, header)
    lines: list[tuple[int, list[str]]] = []
    for number, cells in records:
        if len(lines) >= MOST_ROWS:
            raise NotThisFile("too-many-rows", number, f"Send at most {MOST_ROWS:,} referrals in one file; split it.")
        lines.append((number, cells))
    if not lines:
        raise NotThisFile("file-empty", line, "There is no line below the header. Send one line a referral.")
    return File(columns, lines)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotThisFile(
            "not-utf-8", line, "The file is not UTF-8. Save it as CSV UTF-8, then send it again."
        ) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank with the number of the line that it starts on."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise NotThisFile("not-csv", line, "This is no CSV file. Save it as CSV UTF-8, then send it again.")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            sentence = "The quotes of this line do not pair, or a value has no end. Save the file as CSV UTF-8 again."
            raise NotThisFile("not-csv", start, sentence) from None
        if any(cell.strip() for cell in cells):
            yield start, cells


def _columns(line: int, header: Sequence[str]) -> list[str]:
    """Return the names of the columns as we call them. Raises `NotThisFile` unless each is known and there once."""
    names = [_name(name) for name in header]
    if not any(_is_column(name) for name in names):
        sentence = "The first line is no header. Name the columns there, separated by commas, such as name,referred_on."
        raise NotThisFile("header-missing", line, sentence)
    for place, name in enumerate(names, 1):
        if not _is_column(name):
            sentence = f"Column {place} has a name that is not known. Rename or remove it; see the list of columns."
            raise NotThisFile("unknown-column", line, sentence)
        if name in names[: place - 1]:
            raise NotThisFile(
                "column-twice", line, f"Column {place} has the name of an earlier one. Rename or remove it."
            )
    if "referred_on" not in names or not {"name", "alias"} & set(names):
        raise NotThisFile("column-missing", line, "The file needs the columns referred_on and name or alias.")
    return names


def _name(written: str) -> str:
    """Return a column's name however it is written; a question's code stays as it is."""
    kind, colon, code = written.partition(":")
    return kind.strip().lower().replace(" ", "_") + colon + code.strip()


def _is_column(name: str) -> bool:
    return name in COLUMNS or bool(QUESTION.fullmatch(name))


class NotThisLine(Exception):
    """Why one line is refused: `column` at fault if there is one, and a sentence that says what to do."""

    def __init__(self, code: str, column: str | None, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.column = column
        self.sentence = sentence


def referral_of(columns: Sequence[str], cells: Sequence[str]) -> dict[str, object]:
    """Return what a line says in the shape of a referral; empty cells say nothing. Raises `NotThisLine`."""
    if len(cells) != len(columns):
        sentence = f"This line has {len(cells):,} values for {len(columns)} columns. Put values with commas in quotes."
        raise NotThisLine("wrong-width", None, sentence)
    said: dict[str, object] = {}
    for name, cell in zip(columns, cells, strict=True):
        if value := cell.strip():
            _put(said, name, value)
    for name in LISTS & said.keys():
        said[name] = [said[name]]
    return said


def _put(said: dict[str, object], name: str, value: str) -> None:
    if len(value) > MOST_CELL:
        raise NotThisLine("too-long", name, f"This value has more than {MOST_CELL:,} characters. Shorten it.")
    if name.startswith(ANSWER):
        questions = _inside(_inside(said, "answers"), "questions")
        questions[name.removeprefix(ANSWER)] = _answer(name, value)
        return
    *outer, last = COLUMNS[name]
    target = _inside(said, outer[0]) if outer else said
    target[last] = value.lower() if name in ("kind", "sex") else value


def _inside(said: dict[str, object], name: str) -> dict[str, object]:
    inner = said.setdefault(name, {})
    assert isinstance(inner, dict)  # only ever made here
    return inner


def _answer(name: str, value: str) -> bool:
    if (answer := ANSWERS.get(value.lower())) is None:
        raise NotThisLine("invalid", name, "Answer yes or no, or leave it empty.")
    return answer


def column_of(place: Sequence[object]) -> str | None:
    """Return the column whose value stands at a place in a referral, or None if it is the line as a whole."""
    names = tuple(str(part) for part in place if not isinstance(part, int))
    if names[:2] == ("answers", "questions"):
        return ANSWER + "".join(names[2:3])
    return next((name for name, target in COLUMNS.items() if target == names), None)
