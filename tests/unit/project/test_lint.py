"""CI and pre-commit run the same lint commands, so that a commit that passes one passes the other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
LINTERS = ("ruff check", "ruff format", "mypy", "lint-imports")


def commands_of_ci() -> list[str]:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(".venv/bin/")]


def hooks() -> list[dict[str, str]]:
    """Return the keys and values of each hook."""
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^ +- (?=id:)", text)[1:]
    return [dict(re.findall(r"(?m)^ *(\w+): (.+)$", block)) for block in blocks]


def test_pre_commit_runs_the_lint_commands_of_ci() -> None:
    assert [hook["entry"] for hook in hooks()] == commands_of_ci()


def test_each_linter_runs() -> None:
    for linter in LINTERS:
        assert [each for each in commands_of_ci() if each.startswith(f".venv/bin/{linter}")], linter


def test_a_hook_checks_the_whole_project_with_the_installed_version() -> None:
    for hook in hooks():
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("system", "false", "true")
