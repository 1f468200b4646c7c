"""The checks find each kind of problem and name its file."""

import json
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from bot.knowledge.training.check import find_problems
from tests.unit.bot.knowledge.test_articles import ARTICLE, FACTS, TABLES

TODAY = date(2026, 6, 1)
PHRASINGS = 'ways = ["one", "two", "three", "four", "five", "six", "seven", "eight"]'
GOOD = ARTICLE.replace('ways = ["lost it"]', PHRASINGS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for language in ("en", "ko"):
        (tmp_path / language / "faq").mkdir(parents=True)
        for name, text in TABLES.items():
            (tmp_path / language / name).write_text(text, encoding="utf-8")
        write(tmp_path, language, "lost", GOOD)
    return tmp_path


def write(folder: Path, language: str, topic: str, text: str) -> None:
    (folder / language / "faq" / f"{topic}.md").write_text(text, encoding="utf-8")


def problems_in(folder: Path, today: date = TODAY) -> list[tuple[str, str]]:
    return [(each.file, each.why) for each in find_problems(("en", "ko"), FACTS, today=today, root=folder)]


def mentions(found: Iterable[tuple[str, str]], file: str, text: str) -> bool:
    return any(file == name and text in why for name, why in found)


def test_a_good_folder_has_no_problem(folder: Path) -> None:
    assert problems_in(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (PHRASINGS, 'ways = ["one"]', "fewer than"),
        ("related = []", 'related = ["nowhere"]', "do not exist"),
        ("related = []", 'related = ["lost"]', "do not exist"),
        ('group = "trouble"', 'group = "elsewhere"', "no title"),
        ("Call {customer_centre}.", "# Call", "markup"),
        ("Call {customer_centre}.", "**Call", "markup"),
        ("Call {customer_centre}.", "** Call** us", "ends with a space"),
        ("Call {customer_centre}.", "**Call ** us", "ends with a space"),
        ("Call {customer_centre}.", "**call** us, " * 100, "over 99 pieces"),
        ("Call {customer_centre}.", "see [here](there)", "markup"),
        ("Call {customer_centre}.", "😀" * 1_751, "UTF-16"),
        ('title = "Lost"', f'title = "{"Lost" * 10}"', "too long"),
        ('"eight"', '"hello"', "out-of-scope"),
        ("2026-01-02", "2025-01-02", "last checked"),
        ("place = 1", "place = 2", "differs"),
    ],
)
def test_a_problem_is_found_and_gone_after_the_fix(folder: Path, old: str, new: str, text: str) -> None:
    write(folder, "ko", "lost", GOOD.replace(old, new))
    assert mentions(problems_in(folder), "ko/faq/lost.md", text)
    write(folder, "ko", "lost", GOOD)
    assert problems_in(folder) == []


def test_a_topic_in_only_one_language_is_found(folder: Path) -> None:
    write(folder, "en", "found", GOOD.replace('"lost"', '"found"', 1))
    found = problems_in(folder)
    assert mentions(found, "ko/faq/found.md", "no article")
    assert mentions(found, "", "is a phrasing of [")


def test_an_incomplete_language_needs_phrasings_and_a_title_for_each_missing_article(folder: Path) -> None:
    (folder / "vi" / "faq").mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / "vi" / name).write_text(text, encoding="utf-8")

    def problems_with_vietnamese() -> list[tuple[str, str]]:
        return [(each.file, each.why) for each in find_problems(("en", "ko", "vi"), FACTS, today=TODAY, root=folder)]

    assert mentions(problems_with_vietnamese(), "vi/faq/lost.md", "no article")
    phrasings = ", ".join(f'"mất {number}"' for number in range(8))
    (folder / "vi/faq/_ways.toml").write_text(f"lost = [{phrasings}]", encoding="utf-8")
    assert mentions(problems_with_vietnamese(), "vi/faq/lost.md", "no article")
    (folder / "vi/faq/_titles.toml").write_text('lost = "Bị mất"', encoding="utf-8")
    assert problems_with_vietnamese() == []
    (folder / "vi/faq/_ways.toml").write_text('lost = ["mất"]\nfound = ["thấy"]', encoding="utf-8")
    assert mentions(problems_with_vietnamese(), "vi/faq/_ways.toml", "fewer than")
    assert mentions(problems_with_vietnamese(), "vi/faq/_ways.toml", "is not a topic")
    (folder / "vi/faq/_titles.toml").write_text(f'lost = "{"Bị mất" * 9}"', encoding="utf-8")
    assert mentions(problems_with_vietnamese(), "vi/faq/lost.md", "too long")


def test_outdated_facts_and_menus_are_found(folder: Path) -> None:
    dated = 'source = "s"\nchecked_on = 2025-05-01'
    (folder / "en/faq/_facts.toml").write_text(f'[fee]\ntext = "3"\n{dated}', encoding="utf-8")
    (folder / "en/menus.toml").write_text(f'[[reissue]]\npath = "a"\nchannel = "web"\n{dated}', encoding="utf-8")
    found = problems_in(folder)
    assert mentions(found, "en/faq/_facts.toml [fee]", "2025-05-01")
    assert mentions(found, "en/menus.toml [reissue]", "2025-05-01")


def test_an_unreadable_file_is_the_only_problem(folder: Path) -> None:
    write(folder, "ko", "lost", "no front matter")
    assert problems_in(folder) == [("ko/faq/lost.md", "line 1: does not begin with +++")]


def test_conflicts_between_topics_are_found(folder: Path) -> None:
    halves = [(THINGS[:4], "gone", "missing"), (THINGS[4:], "missing", "gone")]
    lost = [f"{thing} {word}" for things, word, _ in halves for thing in things]
    found = [f"{thing} {word}" for things, _, word in halves for thing in things]
    for language in ("en", "ko"):
        write(folder, language, "lost", GOOD.replace(PHRASINGS, f"ways = {json.dumps(lost)}"))
        write(folder, language, "found", article_on_finding(found))
    conflicts = [why for _, why in problems_in(folder) if "questions of" in why]
    assert any("questions of 'lost' lead to 'found'" in each and "gone" in each for each in conflicts)

    distinct = [f"somebody brought {thing}" for thing in THINGS]
    for language in ("en", "ko"):
        write(folder, language, "found", article_on_finding(distinct))
    assert [why for _, why in problems_in(folder) if "questions of" in why] == []


THINGS = ("keys", "bags", "pens", "cups", "hats", "maps", "ties", "jars")


def article_on_finding(phrasings: list[str]) -> str:
    """Return an article on finding things. It shares nothing with the one on losing them except the given phrasings."""
    changed = GOOD.replace('"lost"', '"found"', 1).replace('title = "Lost"', 'title = "Found"')
    changed = changed.replace(PHRASINGS, f"ways = {json.dumps(phrasings)}").replace("place = 1", "place = 2")
    return re.sub(r"(question|keywords) = .*", lambda line: OTHER_FIELDS[line[1]], changed)


OTHER_FIELDS = {"question": 'question = "What was brought?"', "keywords": 'keywords = ["brought"]'}
