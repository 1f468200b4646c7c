"""`backup` and `restore`: their output, their refusals, and the files that they do not change."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.storage.queries import migrations
from tests.cli.conftest import Program, is_explained
from tests.support import leaks
from tests.support.customers import AN, GILDONG


@pytest.fixture
def bank(branch: Path, tmp_path: Path) -> Path:
    """A copy of the data that a test may delete; `inside` runs here."""
    shutil.copytree(branch / "data", tmp_path / "data")
    return tmp_path


@pytest.fixture
def file(bank: Path, inside: Program) -> Path:
    made = inside("backup", "--to", "backup.tar")
    assert made.returncode == 0, made.stderr
    assert "apart" in made.stderr
    return bank / "backup.tar"


def delete_data(bank: Path) -> None:
    shutil.rmtree(bank / "data" / "ca")
    (bank / "data" / "desk.db").unlink()


def all_files(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


def test_a_bank_that_lost_everything_is_back(bank: Path, inside: Program, file: Path) -> None:
    delete_data(bank)
    ended = inside("restore", "--from", "backup.tar")
    assert ended.returncode == 0, ended.stderr
    assert "0 updates are processed again\n0 messages were waiting" in ended.stdout
    assert "no journal was given" in ended.stderr
    assert inside("ca", "issue", "--customer", GILDONG.customer_id).returncode == 0
    assert inside("audit", "verify").returncode == 0
    modes = {each.name: each.stat().st_mode & 0o777 for each in (bank / "data").iterdir()}
    assert (modes["desk.db"], modes["ca"]) == (0o600, 0o700)
    assert not list(bank.rglob(".*"))


def test_the_journal_in_the_settings_is_used_by_default(bank: Path, inside: Program) -> None:
    journal = {"CA_JOURNAL": str(bank / "elsewhere.journal")}
    assert inside("backup", "--to", "backup.tar", **journal).returncode == 0
    issued = json.loads(inside("ca", "issue", "--customer", AN.customer_id, "--json").stdout)["serial"]
    delete_data(bank)
    back = json.loads(inside("restore", "--from", "backup.tar", "--json").stdout)
    assert [(each["kind"], each["serial"].upper()) for each in back["authority"]["acts"]] == [("signed", issued)]
    assert back["authority"]["now"]["entries"] > back["authority"]["backup"]["entries"]
    assert json.loads(inside("ca", "status", "--serial", issued, "--json").stdout)["status"] == "good"


def test_existing_files_are_never_overwritten(bank: Path, inside: Program, file: Path) -> None:
    before = all_files(bank)
    is_explained(inside("restore", "--from", "backup.tar"), 1, "desk.db", "move it away")
    assert all_files(bank) == before
    shutil.rmtree(bank / "data" / "ca")
    is_explained(inside("restore", "--from", "backup.tar"), 1, "desk.db")
    (bank / "data" / "desk.db").rename(bank / "data" / "desk.db-wal")
    is_explained(inside("restore", "--from", "backup.tar"), 1, "desk.db-wal")


def test_a_damaged_backup_changes_nothing(bank: Path, inside: Program, file: Path) -> None:
    delete_data(bank)
    content = bytearray(file.read_bytes())
    content[-20_000] ^= 1
    file.write_bytes(content)
    before = all_files(bank)
    is_explained(inside("restore", "--from", "backup.tar"), 1, "backup")
    file.write_bytes(b"not a backup")
    is_explained(inside("restore", "--from", "backup.tar"), 1, "not a backup of this application")
    file.write_bytes(content)
    assert all_files(bank) == before


@pytest.mark.parametrize("key", ["master.json", "ca-passphrase"])
def test_a_missing_key_is_requested_and_not_created(bank: Path, inside: Program, file: Path, key: str) -> None:
    delete_data(bank)
    (bank / "data" / "keys" / key).rename(bank / "carried away")
    is_explained(inside("restore", "--from", "backup.tar"), 1, key, "no backup contains it")
    assert not (bank / "data" / "keys" / key).exists()
    (bank / "carried away").rename(bank / "data" / "keys" / key)
    assert inside("restore", "--from", "backup.tar").returncode == 0


def test_a_backup_of_another_bank_is_refused(bank: Path, inside: Program, file: Path) -> None:
    shutil.rmtree(bank / "data")
    assert inside("ca", "init").returncode == 0
    shutil.rmtree(bank / "data" / "ca")
    is_explained(inside("restore", "--from", "backup.tar"), 1, "another master key")


def test_backup_without_data_fails(inside: Program, tmp_path: Path) -> None:
    is_explained(inside("backup", "--to", "backup.tar"), 1, "master.json")
    assert inside("ca", "init").returncode == 0
    is_explained(inside("backup", "--to", "backup.tar"), 2, "desk.db")
    assert not list(tmp_path.glob("*backup*"))


def test_postgresql_is_refused_with_a_message(bank: Path, inside: Program) -> None:
    url = {"DATABASE_URL": "postgresql://bank:secret@localhost/desk"}
    for arguments in (("backup", "--to", "backup.tar"), ("restore", "--from", "backup.tar")):
        ended = inside(*arguments, **url)
        is_explained(ended, 2, "postgresql", "own tools")
        assert "secret" not in ended.stderr


def test_the_backup_is_private_and_contains_no_secret(bank: Path, file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    keys = [each.read_text().strip() for each in (bank / "data" / "keys").iterdir()]
    secrets = [GILDONG.name, GILDONG.idn, GILDONG.phone, GILDONG.account, *keys]
    assert not leaks.found_in(file.read_bytes(), secrets)


def downgrade(schema: int, desk: Path) -> int:
    """Rewrite this database with an older schema and all its rows. Return the newest schema."""
    older = desk.with_suffix(".older")
    with closing(sqlite3.connect(older)) as connection:
        for script in migrations()[:schema]:
            connection.executescript(script)
        connection.execute("ATTACH ? AS newer", (str(desk),))
        tables = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        for (table,) in connection.execute(tables).fetchall():
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
        connection.execute(f"PRAGMA main.user_version = {schema}")
        connection.commit()
    for each in desk.parent.glob("desk.db*"):
        each.unlink()
    older.rename(desk)
    return len(migrations())


def test_a_copy_of_an_older_release_comes_up_to_this_one(bank: Path, inside: Program) -> None:
    newest = downgrade(2, bank / "data" / "desk.db")
    assert inside("backup", "--to", "backup.tar").returncode == 0
    delete_data(bank)
    assert "schema 2" in inside("restore", "--from", "backup.tar").stdout
    with closing(sqlite3.connect(bank / "data" / "desk.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == newest


def test_a_backup_of_a_newer_release_is_refused(
    bank: Path, inside: Program, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_data(bank)
    monkeypatch.setattr("bot.backup.service.migrations", lambda: ("first",))
    is_explained(inside("restore", "--from", "backup.tar"), 1, "install a newer one")


def test_another_engine_than_in_the_backup_is_refused(bank: Path, inside: Program, file: Path) -> None:
    delete_data(bank)
    outside = {"CA_ENGINE": "cmp", "CMP_URL": "http://ca.example/cmp", "CMP_TRUST": "t", "CMP_REFERENCE": "r"}
    ended = inside("restore", "--from", "backup.tar", **outside, CMP_SECRET_FILE="s")
    is_explained(ended, 1, "CA_ENGINE")
