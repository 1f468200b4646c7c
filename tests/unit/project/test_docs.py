"""Pages that describe the code agree with it."""

import importlib
import re
from pathlib import Path

import pytest

from bot.conversation import diagram
from bot.settings.settings import SETTINGS

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
ROW = re.compile(
    r"^\| (?P<korean>[^|]+) \| (?P<english>[^|]+) \| [^|]+ \| `(?P<identifier>[\w.]+)` \|$", re.MULTILINE
)
GLOSSARY = [found.groupdict() for found in ROW.finditer((DOCS / "glossary.md").read_text(encoding="utf-8"))]


def test_the_page_of_the_flow_is_drawn_from_the_flow() -> None:
    written = (DOCS / "flow.md").read_text(encoding="utf-8")
    assert written == diagram.page(), "run: python -m bot.conversation.diagram > docs/flow.md"


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_points_only_to_what_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:bot|handlers|ca|locales|tests|docs)/[\w./-]+\.\w+)`", text):
        assert (DOCS.parent / path).exists(), path
