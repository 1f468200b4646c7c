"""Pages that describe the code agree with it."""

import argparse
import importlib
import re
from pathlib import Path

import pytest

from bot.__main__ import parser
from bot.settings.settings import SETTINGS
from tests.support import architecture, flow_diagram

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
ROW = re.compile(r"^\| (?P<korean>[^|]+) \| (?P<english>[^|]+) \| [^|]+ \| `(?P<identifier>[\w.]+)` \|$", re.MULTILINE)
GLOSSARY = [found.groupdict() for found in ROW.finditer((DOCS / "glossary.md").read_text(encoding="utf-8"))]


def test_the_page_of_the_flow_is_drawn_from_the_flow() -> None:
    written = (DOCS / "flow.md").read_text(encoding="utf-8")
    assert written == flow_diagram.page(), "run: python -m tests.support.flow_diagram > docs/flow.md"


def test_the_picture_of_the_wings_is_drawn_from_the_imports() -> None:
    written = architecture.PAGE.read_text(encoding="utf-8")
    assert written == architecture.drawn(written), "run: python -m tests.support.architecture"
    assert written.count("flowchart TD") == 2


def test_the_readme_lists_the_wings_in_their_order() -> None:
    rows = re.findall(
        r"(?m)^\| ((?:`(?:bot|handlers)/\w+/`(?:, )?)+) \|", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    listed = [set(re.findall(r"`bot/(\w+)/`", row)) for row in rows]
    order = [set(layer) for layer in reversed(architecture.layers("bot"))]
    assert [wings for wings in listed if wings] == [layer for layer in order if layer != {"__main__"}]


def test_an_arrow_is_left_out_where_a_longer_way_leads() -> None:
    direct = {"a": frozenset("bcd"), "b": frozenset("c"), "c": frozenset("d")}
    assert architecture.reduced(direct) == {"a": {"b"}, "b": {"c"}, "c": {"d"}}


@pytest.mark.parametrize("migrations", ["bot/storage/migrations", "ca/ledger/migrations"])
def test_every_table_is_explained(migrations: str) -> None:
    written = architecture.PAGE.read_text(encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / migrations).glob("*.sql"))
    tables = set(re.findall(r"(?m)^CREATE TABLE (\w+)", scripts))
    assert tables
    assert {name for name in tables if f"`{name}`" not in written} == set()


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_is_in_the_index_and_has_its_five_parts(page: Path) -> None:
    if page.stem == "README":
        return
    text, index = page.read_text(encoding="utf-8"), (DECISIONS / "README.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    assert f"* [{title}]({page.name})" in index
    assert re.search(r"(?m)^Date: \d{4}-\d\d-\d\d\. State: .+\.$", text)
    assert re.findall(r"(?m)^## (.+)$", text) == ["Context", "Decision", "What lost", "Consequences"]


@pytest.mark.parametrize("identifier", sorted({each["identifier"] for each in GLOSSARY}))
def test_an_identifier_of_the_glossary_is_in_the_code(identifier: str) -> None:
    found = _look_up(identifier)
    assert found is not None


def _look_up(identifier: str) -> object:
    parts = identifier.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            fields = getattr(found, "__dataclass_fields__", {})
            found = fields[part] if part in fields else getattr(found, part)
        return found
    raise LookupError(identifier)


def test_the_glossary_has_one_word_for_one_thing() -> None:
    assert len(GLOSSARY) > 50
    for column in ("korean", "english"):
        names = [each[column] for each in GLOSSARY]
        assert len(names) == len(set(names)), column


@pytest.mark.parametrize("setting", [each.name for each in SETTINGS])
def test_every_setting_is_in_the_readme(setting: str) -> None:
    assert f"`{setting}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[tuple[str, ...]]:
    """Return each command with its action, as the parser knows them."""
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[tuple[str, ...], argparse.ArgumentParser]] = [((), parser())]
    while waiting:
        path, each = waiting.pop()
        choices = [action.choices for action in each._actions if isinstance(action, argparse._SubParsersAction)]
        waiting += [((*path, name), under) for names in choices for name, under in names.items()]
        found += [] if choices else [path]
    return sorted(found)


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_is_in_the_readme(command: tuple[str, ...]) -> None:
    rows = re.findall(r"(?m)^\| `reissue-bot .*$", (ROOT / "README.md").read_text(encoding="utf-8"))
    named = [re.findall(r"[\w-]+", row.partition(" | ")[0]) for row in rows]
    assert [words for words in named if command[0] in words and set(command) <= set(words)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_points_only_to_what_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:bot|handlers|ca|locales|tests|docs)/[\w./-]+\.\w+)`", text):
        assert (DOCS.parent / path).exists(), path
