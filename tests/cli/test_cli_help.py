"""What the command says of itself: its version, its help, and completion for a shell."""

import subprocess
from importlib.metadata import version

import pytest

from bot.__main__ import main, parser


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert output(capsys, "--version") == f"reissue-bot {version('reissue-bot')}\n"


def test_help_begins_with_what_it_is_and_shows_the_first_steps(capsys: pytest.CaptureFixture[str]) -> None:
    said = output(capsys, "--help")
    assert "reissues joint certificates" in said
    for step in ("reissue-bot demo", "reissue-bot doctor", "reissue-bot run", "--help"):
        assert step in said
    assert max(len(line) for line in said.splitlines()) <= 100


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_completion_script_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    script = output(capsys, "completion", shell)
    commands = next(each for each in parser()._actions if each.dest == "==SUPPRESS==" or each.choices).choices
    assert commands
    assert [name for name in commands if name not in script] == []


def test_bash_can_read_its_completion_script(capsys: pytest.CaptureFixture[str]) -> None:
    script = output(capsys, "completion", "bash")
    ended = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
