"""The file of a backup: whole or not at all, and refused at the first thing that is not as it was written."""

import io
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from bot.backup import archive as bundle
from bot.backup.archive import BundleDamaged, Manifest

PARTS = {"one": b"1" * 30_000, "two": b"2" * 70_000}


def mac(content: str) -> bytes:
    return sha256(b"key" + content.encode()).digest()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for name, content in PARTS.items():
        (tmp_path / name).write_bytes(content)
    bundle.write(
        tmp_path / "backup", {name: tmp_path / name for name in PARTS}, "2026-11-23T12:00:00+09:00", 3, mac
    )
    return tmp_path / "backup"


def test_what_was_put_in_comes_out(written: Path, tmp_path: Path) -> None:
    manifest = bundle.check(written, mac)
    bundle.unpack(written, {"two": tmp_path / "out"}, mac)

    assert (manifest.schema, manifest.made_at[:4]) == (3, "2026")
    assert {name: part.size for name, part in manifest.parts.items()} == {"one": 30_000, "two": 70_000}
    assert (tmp_path / "out").read_bytes() == PARTS["two"]
    assert {path.stat().st_mode & 0o777 for path in (written, tmp_path / "out")} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "one", "out", "two"]


def test_any_bit_and_any_length_are_noticed(written: Path) -> None:
    content = written.read_bytes()
    with tarfile.open(written) as archive:
        places = [each.offset_data + each.size * part // 4 for each in archive for part in (0, 1, 3)]
        end = archive.getmembers()[-1].offset_data + archive.getmembers()[-1].size
    for place in places:
        written.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(BundleDamaged):
            bundle.check(written, mac)
    for length in (0, 100, 512, 10_240, len(content) // 2, end - 1):
        written.write_bytes(content[:length])
        with pytest.raises(BundleDamaged):
            bundle.check(written, mac)


def test_another_key_a_stranger_and_a_gap_are_noticed(written: Path) -> None:
    with pytest.raises(BundleDamaged, match="another master key"):
        bundle.check(written, lambda content: sha256(content.encode()).digest())
    with tarfile.open(written, "a") as archive:
        archive.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(BundleDamaged, match="not in its manifest"):
        bundle.check(written, mac)
    _again(written, lambda name: name != "two")
    with pytest.raises(BundleDamaged, match="lacks two"):
        bundle.check(written, mac)
    _again(written, lambda name: name != bundle.MANIFEST)
    with pytest.raises(BundleDamaged, match="no backup of ours"):
        bundle.check(written, mac)


def _again(path: Path, kept: Callable[[str], bool]) -> None:
    with tarfile.open(path) as archive:
        members = [
            (each, archive.extractfile(each)) for each in archive if kept(each.name) and ".." not in each.name
        ]
        contents = [(each, source.read()) for each, source in members if source]
    with tarfile.open(path, "w") as archive:
        for member, content in contents:
            archive.addfile(member, io.BytesIO(content))


def test_a_later_format_is_refused(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "VERSION", 0)
    with pytest.raises(BundleDamaged, match="newer release"):
        bundle.check(written, mac)


def test_one_that_cannot_be_finished_leaves_the_former_one(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        bundle.write(written, {"one": tmp_path / "one"}, "later", 3, mac)
    assert isinstance(bundle.check(written, mac), Manifest)
    assert not list(tmp_path.glob(".*"))
