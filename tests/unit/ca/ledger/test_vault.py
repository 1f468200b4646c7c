import stat
import threading
from pathlib import Path

import pytest

from ca import KeyFileUnusable, SealBroken, open_vault

PLACE = {"table": "t", "column": "c", "row": "1"}


def test_what_was_sealed_opens_in_its_place_only(tmp_path: Path) -> None:
    vault, made = open_vault(tmp_path / "keys")
    assert made
    sealed = vault.seal(b"secret", **PLACE)
    assert open_vault(tmp_path / "keys")[0].open(sealed, **PLACE) == b"secret"
    for other in ({"table": "u"}, {"column": "d"}, {"row": "2"}):
        with pytest.raises(SealBroken):
            vault.open(sealed, **PLACE | other)


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    vault, _ = open_vault(tmp_path / "keys")
    sealed = vault.seal(b"secret", **PLACE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            vault.open(bytes(changed), **PLACE)


def test_many_first_starts_agree_on_one_key_file(tmp_path: Path) -> None:
    gate = threading.Barrier(8)
    vaults = []

    def start() -> None:
        gate.wait()
        vaults.append(open_vault(tmp_path / "keys"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [made for _, made in vaults].count(True) == 1
    sealed = vaults[0][0].seal(b"secret", **PLACE)
    assert {vault.open(sealed, **PLACE) for vault, _ in vaults} == {b"secret"}
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{}", "null", '{"current": "zz"}'])
def test_a_key_file_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileUnusable):
        open_vault(path)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    open_vault(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(KeyFileUnusable, match="0600"):
        open_vault(tmp_path / "keys")
