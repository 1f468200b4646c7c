"""What a release may do to the tables while an earlier one still works on them."""

import re

import pytest

from bot.storage.queries import migrations, queries, statements

COMMENT = re.compile(r"--.*$", re.MULTILINE)
ADDS = re.compile(r"^(CREATE (UNIQUE )?INDEX|CREATE TABLE|ALTER TABLE \w+ ADD COLUMN)\b")


@pytest.mark.parametrize("name", sorted(queries()))
def test_a_query_names_its_columns(name: str) -> None:
    """PostgreSQL keeps plans by their columns: with `*`, one more column and every later call fails."""
    assert not re.search(r"SELECT \*|\w\.\*", queries()[name])


def later() -> list[str]:
    return [COMMENT.sub("", each).strip() for script in migrations()[1:] for each in statements(script)]


def test_a_migration_only_adds() -> None:
    assert len(later()) > 10
    assert [each for each in later() if not ADDS.match(each)] == []


def test_a_column_that_is_added_has_a_default() -> None:
    """An earlier release does not know it, and goes on adding rows."""
    columns = [each for each in later() if " ADD COLUMN " in each]
    assert len(columns) >= 2
    assert [each for each in columns if "NOT NULL" in each and "DEFAULT" not in each] == []
