"""Each fault a keeper can make is found, and named with its file."""

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


def why(folder: Path, today: date = TODAY) -> list[tuple[str, str]]:
    return [(each.file, each.why) for each in find_problems(("en", "ko"), FACTS, today=today, root=folder)]


def mentions(found: Iterable[tuple[str, str]], file: str, words: str) -> bool:
    return any(file == where and words in what for where, what in found)


def test_a_good_folder_has_no_problem(folder: Path) -> None:
    assert why(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (PHRASINGS, 'ways = ["one"]', "fewer than"),
        ("related = []", 'related = ["nowhere"]', "lead nowhere"),
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
def test_a_fault_is_found_and_gone_once_mended(folder: Path, old: str, new: str, words: str) -> None:
    write(folder, "ko", "lost", GOOD.replace(old, new))
    assert mentions(why(folder), "ko/faq/lost.md", words)
    write(folder, "ko", "lost", GOOD)
    assert why(folder) == []


def test_a_topic_in_one_language_only_is_found(folder: Path) -> None:
    write(folder, "en", "found", GOOD.replace('"lost"', '"found"', 1))
    found = why(folder)
    assert mentions(found, "ko/faq/found.md", "no article")
    assert mentions(found, "", "is a phrasing of [")


def test_a_language_that_is_not_whole_has_ways_and_a_title_for_what_it_lacks(folder: Path) -> None:
    (folder / "vi" / "faq").mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / "vi" / name).write_text(text, encoding="utf-8")

    def why_vi() -> list[tuple[str, str]]:
        return [
            (each.file, each.why) for each in find_problems(("en", "ko", "vi"), FACTS, today=TODAY, root=folder)
        ]

    assert mentions(why_vi(), "vi/faq/lost.md", "no article")
    phrasings = ", ".join(f'"mất {number}"' for number in range(8))
    (folder / "vi/faq/_ways.toml").write_text(f"lost = [{phrasings}]", encoding="utf-8")
    assert mentions(why_vi(), "vi/faq/lost.md", "no article")
    (folder / "vi/faq/_titles.toml").write_text('lost = "Bị mất"', encoding="utf-8")
    assert why_vi() == []
    (folder / "vi/faq/_ways.toml").write_text('lost = ["mất"]\nfound = ["thấy"]', encoding="utf-8")
    assert mentions(why_vi(), "vi/faq/_ways.toml", "fewer than")
    assert mentions(why_vi(), "vi/faq/_ways.toml", "is not a topic")
    (folder / "vi/faq/_titles.toml").write_text(f'lost = "{"Bị mất" * 9}"', encoding="utf-8")
    assert mentions(why_vi(), "vi/faq/lost.md", "too long")


def test_facts_and_menus_grow_stale_too(folder: Path) -> None:
    dated = 'source = "s"\nchecked_on = 2025-05-01'
    (folder / "en/faq/_facts.toml").write_text(f'[fee]\ntext = "3"\n{dated}', encoding="utf-8")
    (folder / "en/menus.toml").write_text(
        f'[[reissue]]\npath = "a"\nchannel = "web"\n{dated}', encoding="utf-8"
    )
    found = why(folder)
    assert mentions(found, "en/faq/_facts.toml [fee]", "2025-05-01")
    assert mentions(found, "en/menus.toml [reissue]", "2025-05-01")


def test_a_file_that_cannot_be_read_is_the_one_problem(folder: Path) -> None:
    write(folder, "ko", "lost", "no front matter")
    assert why(folder) == [("ko/faq/lost.md", "line 1: does not begin with +++")]


def test_topics_that_take_each_others_questions_are_found(folder: Path) -> None:
    halves = [(BROUGHT[:4], "gone", "missing"), (BROUGHT[4:], "missing", "gone")]
    lost = [f"{thing} {word}" for things, word, _ in halves for thing in things]
    found = [f"{thing} {word}" for things, _, word in halves for thing in things]
    for language in ("en", "ko"):
        write(folder, language, "lost", GOOD.replace(PHRASINGS, f"ways = {json.dumps(lost)}"))
        write(folder, language, "found", other(found))
    told = [what for _, what in why(folder) if "questions of" in what]
    assert any("questions of 'lost' lead to 'found'" in each and "gone" in each for each in told)

    told_apart = [f"somebody brought {thing}" for thing in BROUGHT]
    for language in ("en", "ko"):
        write(folder, language, "found", other(told_apart))
    assert [what for _, what in why(folder) if "questions of" in what] == []


BROUGHT = ("keys", "bags", "pens", "cups", "hats", "maps", "ties", "jars")


def other(phrasings: list[str]) -> str:
    """Return an article on finding things, which shares nothing with the one on losing them but the ways given."""
    changed = GOOD.replace('"lost"', '"found"', 1).replace('title = "Lost"', 'title = "Found"')
    changed = changed.replace(PHRASINGS, f"ways = {json.dumps(phrasings)}").replace("place = 1", "place = 2")
    return re.sub(r"(question|keywords) = .*", lambda line: OTHER[line[1]], changed)


OTHER = {"question": 'question = "What was brought?"', "keywords": 'keywords = ["brought"]'}
