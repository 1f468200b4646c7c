"""`customers import` imports all rows, or none with the reason."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli.conftest import Program, is_explained, write_register
from tests.support import leaks
from tests.support.customers import AN, GILDONG


def customers_in(folder: Path) -> int:
    path = folder / "data" / "desk.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT COUNT(*) FROM customers").fetchone()[0])


def test_import_prints_the_count_and_can_be_repeated(anew: Program, tmp_path: Path) -> None:
    file = write_register(tmp_path / "customers.csv", GILDONG, AN)

    for _ in range(2):
        ended = anew("customers", "import", str(file))
        assert (ended.returncode, ended.stdout) == (0, "imported 2 customers\n")

    assert customers_in(tmp_path) == 2
    secrets = [GILDONG.name, GILDONG.phone, GILDONG.account, GILDONG.idn, AN.name, AN.email]
    assert not leaks.found_under(tmp_path / "data", secrets)
    assert (tmp_path / "data" / "keys" / "master.json").stat().st_mode & 0o777 == 0o600


INVALID_VALUES = {
    "name": "12",
    "birth_date": "1980-13-01",
    "phone": "02-123-4567",
    "email": "at home",
    "account": "7",
    "id_type": "library_card",
    "id_issued_on": "soon",
    "idn": "none",
    "kind": "ghost",
    "customer_id": "",
}


@pytest.mark.parametrize("column", INVALID_VALUES)
def test_an_invalid_row_is_reported_with_its_column_and_nothing_is_imported(
    inside: Program, tmp_path: Path, column: str
) -> None:
    file = write_register(tmp_path / "customers.csv", GILDONG, AN, **{column: INVALID_VALUES[column]})

    is_explained(inside("customers", "import", str(file)), 1, "row 3", f"column {column}")

    assert customers_in(tmp_path) == 0


def test_the_same_customer_twice_is_refused(anew: Program, tmp_path: Path) -> None:
    file = write_register(tmp_path / "customers.csv", GILDONG, replace(AN, customer_id=GILDONG.customer_id))

    is_explained(anew("customers", "import", str(file)), 1, "row 3", "column customer_id")


CONTENTS = {
    "no such column": (b"customer_id,name\nC1,x\n", "birth_date"),
    "empty": (b"", "row 1"),
    "not UTF-8": ("customer_id,name\nC1,홍길동\n".encode("cp949"), "UTF-8"),
    "too few values": (b"", "row 2"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_a_file_that_is_not_a_register_is_explained(inside: Program, tmp_path: Path, case: str) -> None:
    file = tmp_path / "customers.csv"
    content, part = CONTENTS[case]
    file.write_bytes(content)
    if case == "too few values":
        write_register(file, GILDONG)
        file.write_text(file.read_text(encoding="utf-8").replace(",personal", ""), encoding="utf-8")

    is_explained(inside("customers", "import", str(file)), 1, part)


def test_a_missing_file_is_reported(anew: Program, tmp_path: Path) -> None:
    is_explained(anew("customers", "import", str(tmp_path / "nowhere.csv")), 1, "nowhere.csv")


INVALID_NAMES = {
    "zero width": ("홍\u200b길동", "U+200B (ZERO WIDTH SPACE)", "delete it"),
    "right to left": ("홍\u202e길동", "U+202E (RIGHT-TO-LEFT OVERRIDE)", "delete it"),
    "control": ("홍\x07길동", "U+0007 (a control character)", "delete it"),
    "long": ("가" * 14, "42 bytes in UTF-8, and 40 fit (13 Korean syllables)", "shorten it"),
    "long in NFD": ("\u1100\u1161" * 14, "42 bytes in UTF-8", "shorten it"),
    "empty": ("", "empty name", "fill it in"),
}


@pytest.mark.parametrize("case", INVALID_NAMES)
def test_a_name_that_does_not_fit_a_certificate_is_refused_with_advice(
    inside: Program, tmp_path: Path, case: str
) -> None:
    name, reason, advice = INVALID_NAMES[case]
    file = write_register(tmp_path / "customers.csv", GILDONG, AN, name=name)

    ended = inside("customers", "import", str(file))

    is_explained(ended, 1, "row 3, column name: ", reason, advice)
    assert not name or name not in ended.stderr
    assert customers_in(tmp_path) == 0


def test_the_longest_name_that_fits_is_imported(inside: Program, tmp_path: Path) -> None:
    file = write_register(tmp_path / "customers.csv", replace(GILDONG, name="가" * 13))

    assert inside("customers", "import", str(file)).stdout == "imported 1 customers\n"
