"""The bank's register of customers, embedded: encrypted records, found by keyed hashes, imported from CSV."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from bot.conversation.input import parse
from bot.conversation.input.parse import Refused, name_key
from bot.conversation.reissue import ID_TYPES
from bot.storage.database import Transaction
from bot.storage.sealing import Sealing

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
#: What a VID is made of: the registration number of a person (13 digits) or of a business (10).
IDN = re.compile(r"[0-9]{10,13}", re.ASCII)

COLUMNS = (
    "customer_id",
    "name",
    "birth_date",
    "phone",
    "email",
    "account",
    "id_type",
    "id_issued_on",
    "idn",
    "kind",
)


class CustomerRecord(msgspec.Struct, frozen=True):
    """One customer as the bank knows them. `idn` goes into the certificate's VID and is never asked or shown."""

    customer_id: str
    name: str
    birth_date: date
    phone: str
    email: str
    account: str
    id_type: str
    id_issued_on: date
    idn: str
    kind: Literal["personal", "corporate"] = "personal"

    def __repr__(self) -> str:
        return f"Record({self.customer_id})"


#: Returns why a certificate could not carry this name and what to do, or None; the text names nobody.
Unfit = Callable[[str], str | None]


class RowRefused(Exception):
    """A row of the import is not acceptable; the message names the row (the header is row 1) and the column."""


class CustomerRegister:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing
        self._decoder = msgspec.json.Decoder(CustomerRecord)

    def put(self, tx: Transaction, record: CustomerRecord) -> None:
        body = msgspec.json.encode(record)
        sealed = self._sealing.seal(body, table="customers", column="record", row=record.customer_id)
        person = f"{name_key(record.name)}|{record.birth_date.isoformat()}"
        tx.run(
            "customer_put",
            customer_id=record.customer_id,
            sealed=sealed,
            **self._hashes(person, record.phone, record.account),
        )

    def record(self, tx: Transaction, customer_id: str) -> CustomerRecord | None:
        row = tx.row("customer_by_id", customer_id=customer_id)
        return self._open(row["customer_id"], row["sealed"]) if row else None

    def like(self, tx: Transaction, name: str, birth: str, phone: str, account: str) -> list[CustomerRecord]:
        """Return all customers with the same name and birth date, phone, or account."""
        rows = tx.rows("customers_like", **self._hashes(f"{name_key(name)}|{birth}", phone, account))
        return [self._open(row["customer_id"], row["sealed"]) for row in rows]

    def _hashes(self, person: str, phone: str, account: str) -> dict[str, bytes]:
        parts = {"person": person, "phone": phone, "account": account}
        return {name: self._sealing.digest(f"customers.{name}", value) for name, value in parts.items()}

    def _open(self, customer_id: str, sealed: bytes) -> CustomerRecord:
        body = self._sealing.open(sealed, table="customers", column="record", row=customer_id)
        return self._decoder.decode(body)


def read_csv(path: Path, today: date, unfit: Unfit = lambda _: None) -> list[CustomerRecord]:
    """Return every row of the file, or raise `RowRefused` for the first wrong one: all or nothing."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RowRefused(f"{path} is not UTF-8 (byte {error.start})") from error
    return list(_records(io.StringIO(text, newline=""), today, unfit))


def _records(lines: Iterable[str], today: date, unfit: Unfit) -> Iterator[CustomerRecord]:
    reader = csv.DictReader(lines, strict=True)
    seen: set[str] = set()
    try:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise RowRefused(f"row 1: column {missing[0]} is missing; the header must be {','.join(COLUMNS)}")
        for row in reader:
            yield _record(row, reader.line_num, seen, today, unfit)
    except csv.Error as error:
        raise RowRefused(f"row {reader.reader.line_num}: {error}") from error


def _record(row: dict[str, str], number: int, seen: set[str], today: date, unfit: Unfit) -> CustomerRecord:
    if None in row or None in row.values():
        raise RowRefused(f"row {number}: it has not as many values as the header")
    value = {column: row[column].strip() for column in COLUMNS}
    for column, problem in _problems(value, today, unfit):
        raise RowRefused(f"row {number}, column {column}: {problem}")
    if value["customer_id"] in seen:
        raise RowRefused(f"row {number}, column customer_id: it stands in an earlier row, too")
    seen.add(value["customer_id"])
    read = {
        "name": parse.name(value["name"], today),
        "phone": parse.mobile(value["phone"], today),
        "account": parse.account(value["account"], today),
        "idn": value["idn"].replace("-", ""),
    }
    return msgspec.convert({**value, **read}, CustomerRecord, strict=False)


def _problems(value: dict[str, str], today: date, unfit: Unfit) -> Iterator[tuple[str, str]]:
    if not value["customer_id"]:
        yield "customer_id", "it is empty"
    yield from _unfit_name(value["name"], today, unfit)
    for column, parser in (("name", parse.name), ("phone", parse.mobile), ("account", parse.account)):
        if isinstance(parser(value[column], today), Refused):
            yield column, f"not acceptable as {column}"
    for column in ("birth_date", "id_issued_on"):
        if not _is_past_day(value[column], today):
            yield column, "not a past date as YYYY-MM-DD"
    if value["email"] and ("@" not in value["email"] or any(each.isspace() for each in value["email"])):
        yield "email", "not an address"
    if value["id_type"] not in ID_TYPES:
        yield "id_type", f"must be one of {', '.join(ID_TYPES)}"
    if not IDN.fullmatch(value["idn"].replace("-", "")):
        yield "idn", "10 to 13 digits"
    if value["kind"] not in {"personal", "corporate"}:
        yield "kind", "must be personal or corporate"


def _unfit_name(written: str, today: date, unfit: Unfit) -> Iterator[tuple[str, str]]:
    """Check the name as it is stored; if the written text is no name, a zero-width character may be the reason."""
    read = parse.name(written, today)
    if problem := unfit(written if isinstance(read, Refused) else read):
        yield "name", problem


def _is_past_day(text: str, today: date) -> bool:
    if not DAY.fullmatch(text):
        return False  # Python reads more forms of ISO 8601 than one.
    try:
        return date.fromisoformat(text) <= today
    except ValueError:
        return False
