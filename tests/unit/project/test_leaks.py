"""The search for planted secrets finds them: a search that misses them would pass everything."""

from pathlib import Path

import pytest

from tests.crash.leaks import Sieve, found, spellings

SECRET, OTHER = "갑뭇쾨펑", "010-3700-0007"


@pytest.mark.parametrize("spelling", sorted(spellings(SECRET)))
@pytest.mark.parametrize("before", [b"", b"x" * 7, bytes(range(256)) * 9])
def test_every_spelling_is_found_at_any_place(tmp_path: Path, spelling: bytes, before: bytes) -> None:
    path = tmp_path / "desk.db"
    for after in (b"", b"y" * 3, bytes(1000)):
        path.write_bytes(before + spelling + after)
        assert any(repr(SECRET) in each for each in found([path], [SECRET, OTHER], []))
    path.write_bytes(before + spelling[:-1])
    assert not [each for each in found([path], [SECRET, OTHER], []) if repr(spelling) in each]


def test_a_code_inside_a_longer_number_is_no_leak(tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    path.write_bytes(b"code 123456, and 9123456 and 123456.5")
    assert list(found([path], [], ["123456"])) == ["I6: the one-time code b'123456' lies in bot.log"]
    path.write_bytes(b"9123456")
    assert not list(found([path], [], ["123456"]))


def test_a_secret_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Sieve([b"abc"])
