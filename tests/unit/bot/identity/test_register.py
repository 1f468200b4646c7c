"""The register's import: every row or none, and the first wrong value is named by row and column."""

from datetime import date
from pathlib import Path

import pytest

from bot.identity.register import COLUMNS, CustomerRecord, CustomerRegister, RowRefused, read_csv
from bot.storage.database import Transaction
from ca.ledger.vault import Vault
from tests.support.customers import AN, GILDONG, crowd

TODAY = date(2026, 11, 23)
HEADER = ",".join(COLUMNS)
ROW = {
    "customer_id": "C1001",
    "name": "홍길동",
    "birth_date": "1980-05-21",
    "phone": "01012345678",
    "email": "gildong@customers.example",
    "account": "12345678901234",
    "id_type": "resident_card",
    "id_issued_on": "2019-07-03",
    "idn": "8005211234567",
    "kind": "personal",
}


def row(**changes: str) -> str:
    return ",".join({**ROW, **changes}.values())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


def test_a_row_becomes_a_record(file: Path) -> None:
    file.write_text(f"{HEADER}\n{row()}\n", encoding="utf-8")
    assert read_csv(file, TODAY) == [GILDONG]


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEADER}\n{row()}\n",
        f"{HEADER}\r\n{row()}\r\n",
        f"{HEADER}\n{row()}",
        f"{HEADER}\n\n{row()}\n\n",
        ",".join(f'"{column}"' for column in COLUMNS) + "\n" + ",".join(f'"{value}"' for value in ROW.values()),
        f'{HEADER},comment\n{row()},"a note, with a comma"\n',
        f"{HEADER}\n{row(name=' 홍길동 ', customer_id=' C1001')}\n",
    ],
    ids=["BOM", "CRLF", "no last newline", "empty lines", "quotes", "a column more", "spaces"],
)  # fmt: skip
def test_forms_of_csv_that_are_all_the_same(file: Path, content: str) -> None:
    file.write_bytes(content.encode())
    assert read_csv(file, TODAY) == [GILDONG]


def test_columns_may_come_in_any_order(file: Path) -> None:
    names = sorted(COLUMNS)
    file.write_text(f"{','.join(names)}\n{','.join(ROW[name] for name in names)}\n", encoding="utf-8")
    assert read_csv(file, TODAY) == [GILDONG]


@pytest.mark.parametrize(
    ("column", "written", "read"),
    [
        ("phone", "010-1234-5678", "01012345678"),
        ("phone", "+82 10-1234-5678", "01012345678"),
        ("phone", "010.1234.5678", "01012345678"),
        ("account", "123-456789-01234", "12345678901234"),
        ("idn", "800521-1234567", "8005211234567"),
        ("idn", "1234567890", "1234567890"),
        ("name", "Nguyen  Van   An", "Nguyen Van An"),
        ("email", "", ""),
        ("kind", "corporate", "corporate"),
    ],
)
def test_values_are_kept_as_the_conversation_reads_them(file: Path, column: str, written: str, read: str) -> None:
    file.write_text(f"{HEADER}\n{row(**{column: written})}\n", encoding="utf-8")
    (record,) = read_csv(file, TODAY)
    assert getattr(record, column) == read


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("customer_id", ""),
        ("name", "홍"),
        ("name", "홍길동1"),
        ("birth_date", "1980-02-30"),
        ("birth_date", "19800521"),
        ("birth_date", "1980-W21-3"),
        ("birth_date", "80-05-21"),
        ("birth_date", "2026-11-24"),
        ("birth_date", ""),
        ("phone", "02-123-4567"),
        ("phone", ""),
        ("email", "gildong"),
        ("email", "gil dong@customers.example"),
        ("account", "12345"),
        ("id_type", "library_card"),
        ("id_issued_on", "2026/11/01"),
        ("idn", "80052"),
        ("idn", "800521123456A"),
        ("idn", "８００５２１１２３４５６７"),
        ("kind", "both"),
    ],
)
def test_a_wrong_value_is_named_by_row_and_column(file: Path, column: str, written: str) -> None:
    good = row(customer_id="C0")
    file.write_text(f"{HEADER}\n{good}\n{row(**{column: written})}\n{row(customer_id='C9')}\n", encoding="utf-8")
    with pytest.raises(RowRefused, match=f"^row 3, column {column}: ") as refusal:
        read_csv(file, TODAY)
    assert not written or written not in str(refusal.value), "the message is printed and logged"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "row 1: column customer_id is missing"),
        (HEADER.replace(",idn", "") + "\n", "row 1: column idn is missing"),
        (f"{HEADER}\n{row()},one more\n", "row 2: it has not as many values"),
        (f"{HEADER}\nC1001,홍길동\n", "row 2: it has not as many values"),
        (f"{HEADER}\n{row()}\n{row()}\n", "row 3, column customer_id: it stands in an earlier row"),
        (f'{HEADER}\n"{row()}\n', "row 2: unexpected end of data"),
        (f'{HEADER}\n"C1"x{row()}\n', "row 2: "),
        (f'"{HEADER}\n', "row 1: "),
    ],
)
def test_a_wrong_file_is_refused_in_words(file: Path, content: str, message: str) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(RowRefused) as refusal:
        read_csv(file, TODAY)
    assert str(refusal.value).startswith(message)


def test_a_file_in_another_encoding_is_refused_in_words(file: Path) -> None:
    file.write_bytes(f"{HEADER}\n{row()}\n".encode("cp949"))
    with pytest.raises(RowRefused, match="is not UTF-8"):
        read_csv(file, TODAY)


def test_what_a_certificate_could_not_carry_is_asked_of_the_name_as_it_is_kept(file: Path) -> None:
    file.write_text(f"{HEADER}\n{row(name='Nguyen  Van   An')}\n", encoding="utf-8")
    with pytest.raises(RowRefused, match=r"^row 2, column name: say Nguyen Van An shorter$"):
        read_csv(file, TODAY, lambda name: f"say {name} shorter")


def test_a_header_alone_is_nobody(file: Path) -> None:
    file.write_text(HEADER, encoding="utf-8")
    assert read_csv(file, TODAY) == []


# --- the register ---


@pytest.fixture
def directory(vault: Vault, tx: Transaction) -> CustomerRegister:
    directory = CustomerRegister(vault)
    for record in (GILDONG, AN, *crowd(50)):
        directory.put(tx, record)
    return directory


def found(directory: CustomerRegister, tx: Transaction, **claim: str) -> set[str]:
    nobody = {"name": "아무개", "birth": "1900-01-01", "phone": "01000000000", "account": "0000000000"}
    return {record.customer_id for record in directory.like(tx, **{**nobody, **claim})}


def test_a_record_comes_out_as_it_went_in(directory: CustomerRegister, tx: Transaction) -> None:
    assert directory.record(tx, "C1001") == GILDONG
    assert directory.record(tx, "C404") is None


def test_everybody_with_one_thing_right_is_found(directory: CustomerRegister, tx: Transaction) -> None:
    assert found(directory, tx) == set()
    assert found(directory, tx, name="홍길동", birth="1980-05-21") == {"C1001"}
    assert found(directory, tx, name="홍길동") == set(), "a name alone finds nobody"
    assert found(directory, tx, birth="1980-05-21") == set()
    assert found(directory, tx, phone=GILDONG.phone) == {"C1001"}
    assert found(directory, tx, phone=GILDONG.phone, account=AN.account) == {"C1001", "C1004"}


@pytest.mark.parametrize("name", ["Nguyen Van An", "NGUYENVANAN", "nguyen van an"])
def test_a_name_is_found_in_every_spelling(directory: CustomerRegister, tx: Transaction, name: str) -> None:
    assert found(directory, tx, name=name, birth="1995-08-09") == {"C1004"}


def test_a_record_that_changed_is_found_by_its_new_data_only(directory: CustomerRegister, tx: Transaction) -> None:
    moved = CustomerRecord(
        **{**{field: getattr(GILDONG, field) for field in GILDONG.__struct_fields__}, "phone": "01099998888"}
    )
    directory.put(tx, moved)
    assert found(directory, tx, phone=GILDONG.phone) == set()
    assert found(directory, tx, phone="01099998888") == {"C1001"}
    row = tx.row("customer_count")
    assert row
    assert row["total"] == 52


def test_a_record_says_nobody_where_it_is_printed() -> None:
    assert repr(GILDONG) == "Record(C1001)"
