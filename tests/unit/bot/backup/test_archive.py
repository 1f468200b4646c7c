"""The archive is written in one step, and any change to it is detected."""

import io
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from bot.backup import archive
from bot.backup.archive import BackupDamaged, Manifest

PARTS = {"one": b"1" * 30_000, "two": b"2" * 70_000}


def mac(content: str) -> bytes:
    return sha256(b"key" + content.encode()).digest()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for name, content in PARTS.items():
        (tmp_path / name).write_bytes(content)
    archive.write(tmp_path / "backup", {name: tmp_path / name for name in PARTS}, "2026-11-23T12:00:00+09:00", 3, mac)
    return tmp_path / "backup"


def test_a_written_archive_can_be_unpacked(written: Path, tmp_path: Path) -> None:
    manifest = archive.check(written, mac)
    archive.unpack(written, {"two": tmp_path / "out"}, mac)

    assert (manifest.schema, manifest.made_at[:4]) == (3, "2026")
    assert {name: part.size for name, part in manifest.parts.items()} == {"one": 30_000, "two": 70_000}
    assert (tmp_path / "out").read_bytes() == PARTS["two"]
    assert {path.stat().st_mode & 0o777 for path in (written, tmp_path / "out")} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "one", "out", "two"]


def test_a_changed_bit_or_length_is_detected(written: Path) -> None:
    content = written.read_bytes()
    with tarfile.open(written) as tar:
        places = [each.offset_data + each.size * part // 4 for each in tar for part in (0, 1, 3)]
        last = tar.getmembers()[-1]
        end = last.offset_data + last.size
    for place in places:
        written.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(BackupDamaged):
            archive.check(written, mac)
    for length in (0, 100, 512, 10_240, len(content) // 2, end - 1):
        written.write_bytes(content[:length])
        with pytest.raises(BackupDamaged):
            archive.check(written, mac)


def test_another_key_an_extra_part_and_a_missing_part_are_detected(written: Path) -> None:
    with pytest.raises(BackupDamaged, match="another master key"):
        archive.check(written, lambda content: sha256(content.encode()).digest())
    with tarfile.open(written, "a") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(BackupDamaged, match="not in its manifest"):
        archive.check(written, mac)
    _rewrite(written, lambda name: name != "two")
    with pytest.raises(BackupDamaged, match="lacks two"):
        archive.check(written, mac)
    _rewrite(written, lambda name: name != archive.MANIFEST)
    with pytest.raises(BackupDamaged, match="not a backup of this application"):
        archive.check(written, mac)


def _rewrite(path: Path, kept: Callable[[str], bool]) -> None:
    with tarfile.open(path) as tar:
        members = [(each, tar.extractfile(each)) for each in tar if kept(each.name) and ".." not in each.name]
        contents = [(each, source.read()) for each, source in members if source]
    with tarfile.open(path, "w") as tar:
        for member, content in contents:
            tar.addfile(member, io.BytesIO(content))


def test_a_later_format_is_refused(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "VERSION", 0)
    with pytest.raises(BackupDamaged, match="newer release"):
        archive.check(written, mac)


def test_a_failed_write_leaves_the_previous_archive(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        archive.write(written, {"one": tmp_path / "one"}, "later", 3, mac)
    assert isinstance(archive.check(written, mac), Manifest)
    assert not list(tmp_path.glob(".*"))
