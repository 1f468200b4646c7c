"""docs/faults.md names tests that exist, and has tests in each row."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| F")]
NAMED = re.compile(r"`(tests/[\w/.]+)::(\w+)`")


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


@pytest.mark.parametrize("number", range(1, 15))
def test_every_kind_of_fault_has_a_row(number: int) -> None:
    assert [row for row in ROWS if row[0].strip() == f"F{number}"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0].strip()} {row[1].strip()}")
def test_each_row_has_tests_that_exist(row: list[str]) -> None:
    named = NAMED.findall(row[3])
    assert named
    assert not NAMED.sub("", row[3]).strip(), "the last column has only tests"
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert test.startswith("test_"), test
        assert test in functions_in(file), f"{file}::{test}"
