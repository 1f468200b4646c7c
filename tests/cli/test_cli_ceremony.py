"""`ca ceremony`: two persons, a root that is carried away, and a protocol that OpenSSL can check."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program, is_explained, write_register
from tests.support.command import environment
from tests.support.customers import GILDONG

KIM, LEE = "the first person's half", "the second person's half"
PERSONS = ("--person", "Kim", "--person", "Lee")


@pytest.fixture
def halves(tmp_path: Path) -> list[str]:
    """The arguments that give both halves, as a script does."""
    arguments = []
    for name, half in (("kim", KIM), ("lee", LEE)):
        path = tmp_path / name
        path.touch(mode=0o600)
        path.write_text(half)
        arguments += ["--half-file", str(path)]
    return arguments


def hold(anew: Program, kind: str, halves: list[str]) -> subprocess.CompletedProcess[str]:
    return anew("ca", "ceremony", kind, "--root", "safe", *PERSONS, *halves)


def checked_by_openssl(folder: Path, kind: str) -> str:
    (content,) = folder.glob(f"protocol-{kind}-*.json")
    signature = content.with_suffix(".sig")
    command = [
        "openssl",
        "dgst",
        "-sha256",
        "-verify",
        "root.pub",
        "-signature",
        signature.name,
        content.name,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_a_root_is_made_carried_away_and_brought_for_the_roll_over(
    anew: Program, halves: list[str], tmp_path: Path
) -> None:
    made = hold(anew, "make", halves)
    assert made.returncode == 0, made.stderr
    assert "Kim and Lee" in made.stderr
    assert checked_by_openssl(tmp_path / "safe", "make") == "Verified OK\n"
    assert not list((tmp_path / "data").rglob("root.key"))
    (tmp_path / "safe").rename(tmp_path / "carried away")

    anew("customers", "import", str(write_register(tmp_path / "customers.csv", GILDONG)))
    assert anew("ca", "issue", "--customer", GILDONG.customer_id).returncode == 0
    is_explained(hold(anew, "roll-over", halves), 1, "safe has no root.key", "is the medium there?")

    (tmp_path / "carried away").rename(tmp_path / "safe")
    rolled = hold(anew, "roll-over", halves)
    assert rolled.returncode == 0, rolled.stderr
    assert "ordinal 2" in rolled.stderr
    assert checked_by_openssl(tmp_path / "safe", "roll-over") == "Verified OK\n"
    assert hold(anew, "root-crl", halves).returncode == 0
    assert anew("audit", "verify").returncode == 0


def test_a_protocol_that_was_changed_is_found(anew: Program, halves: list[str], tmp_path: Path) -> None:
    hold(anew, "make", halves)
    (content,) = (tmp_path / "safe").glob("*.json")
    content.write_text(content.read_text().replace("Kim", "Eve"))
    assert checked_by_openssl(tmp_path / "safe", "make") != "Verified OK\n"


def test_an_authority_that_is_there_is_not_made_again(anew: Program, halves: list[str]) -> None:
    assert anew("ca", "init").returncode == 0
    is_explained(hold(anew, "make", halves), 1, "has an authority already")


def test_one_person_is_no_ceremony(anew: Program, halves: list[str]) -> None:
    alone = anew("ca", "ceremony", "make", "--root", "safe", "--person", "Kim", "--person", "Kim", *halves)
    is_explained(alone, 1, "two persons, with different names")


def test_the_same_half_twice_is_refused(anew: Program, halves: list[str], tmp_path: Path) -> None:
    (tmp_path / "lee").write_text(KIM)
    is_explained(hold(anew, "make", halves), 1, "the two halves are the same")
    assert not (tmp_path / "safe" / "root.key").exists()


def test_a_wrong_half_opens_nothing(anew: Program, halves: list[str], tmp_path: Path) -> None:
    hold(anew, "make", halves)
    (tmp_path / "lee").write_text("not what Lee said before")
    is_explained(hold(anew, "roll-over", halves), 1, "passphrase does not open")


def test_half_a_token_is_told(anew: Program) -> None:
    is_explained(anew("ca", "init", CA_TOKEN_LABEL="reissue"), 2, "CA_TOKEN_MODULE", "set all three")


def test_at_a_terminal_each_half_is_typed_twice_and_not_shown(tmp_path: Path) -> None:
    typed = ["Kim", "Lee", KIM, KIM, LEE, LEE]
    shown, code = at_terminal(tmp_path, typed)
    assert code == 0, shown
    assert "Kim, your half of the passphrase" in shown
    assert KIM not in shown
    assert LEE not in shown
    assert (tmp_path / "safe" / "root.key").is_file()


def test_a_slip_at_the_terminal_makes_nothing(tmp_path: Path) -> None:
    shown, code = at_terminal(tmp_path, ["Kim", "Lee", KIM, "a slip of the hand"])
    assert code == 1
    assert "not the same; nothing was made" in shown
    assert not (tmp_path / "safe" / "root.key").exists()


def at_terminal(folder: Path, typed: list[str]) -> tuple[str, int]:
    """Answer every prompt that ends in a colon; return the whole screen, and how it ended."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", "ca", "ceremony", "make", "--root", "safe"]
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environment({}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen, answers = "", iter(typed)
    while True:
        try:
            part = os.read(ours, 4096).decode()
        except OSError:  # Linux reports EIO when the other side is gone.
            break
        screen += part
        if screen.endswith(": "):
            os.write(ours, f"{next(answers)}\n".encode())
    os.close(ours)
    return screen, child.wait()
