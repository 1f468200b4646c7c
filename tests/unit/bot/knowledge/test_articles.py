"""Every article loads in Korean and English, fits one message, and passes the checks."""

from datetime import date
from pathlib import Path

import pytest

from bot.knowledge import ArticleBroken, KnowledgeBase
from bot.knowledge.training.check import MAX_ANSWER_UNITS, find_problems, utf16_units

TOPICS = 48
LAST_CHECKED = date(2026, 11, 22)
ARTICLE = """+++
id = "lost"
group = "trouble"
place = 1
title = "Lost"
question = "I lost it. What now?"
ways = ["lost it"]
keywords = ["lost"]
related = []
next = "reissue"
source = "somewhere"
checked_on = 2026-01-02
owner = "somebody"
+++

Call {customer_centre}.
"""
TABLES = {
    "menus.toml": "",
    "faq/_facts.toml": "",
    "faq/_groups.toml": 'trouble = "Trouble"',
    "faq/_normalise.toml": "",
    "faq/_signals.toml": "endings=[]\nwords=[]\nthings=[]\nmeans=[]\nacts=[]\nstrangers=[]\nours=[]",
    "faq/_out_of_scope.txt": "# out of scope\nhello\n",
}
FACTS = {"customer_centre": "1234"}


@pytest.fixture(scope="module")
def kb() -> KnowledgeBase:
    return KnowledgeBase.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en" / "faq").mkdir(parents=True)
    for name, text in TABLES.items():
        (tmp_path / "en" / name).write_text(text, encoding="utf-8")
    return tmp_path


def write(folder: Path, text: str, name: str = "lost.md", language: str = "en") -> None:
    (folder / language / "faq" / name).write_text(text, encoding="utf-8")


def test_the_articles_have_no_problem() -> None:
    assert find_problems(today=LAST_CHECKED) == []


def test_every_topic_is_in_exactly_one_group_of_each_language(kb: KnowledgeBase) -> None:
    for language in ("ko", "en"):
        browsed = [topic for group in kb.groups(language) for topic in group.topics]
        assert len(browsed) == len(set(browsed)) == TOPICS


def test_groups_are_in_the_order_of_a_reissue(kb: KnowledgeBase) -> None:
    groups = kb.groups("ko")
    assert [group.id for group in groups] == [
        "basics",
        "prepare",
        "procedure",
        "trouble",
        "support",
        "use",
        "safety",
    ]
    assert groups[0].topics[0] == "what-is-joint-cert"
    assert all(len(group.titles) == len(group.topics) for group in groups)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_answer_has_its_facts_and_fits_one_message(kb: KnowledgeBase, language: str) -> None:
    for topic in kb.topics():
        article = kb.article(topic, language)
        assert article.language == language
        assert "{" not in article.answer
        assert utf16_units(article.answer) <= MAX_ANSWER_UNITS


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_answer_starts_with_bold_text(kb: KnowledgeBase, language: str) -> None:
    assert [topic for topic in kb.topics() if "**" not in kb.article(topic, language).answer.splitlines()[0]] == []


def test_the_old_name_is_only_in_the_article_that_explains_it(kb: KnowledgeBase) -> None:
    old = [topic for topic in kb.topics() if "공인인증서" in kb.article(topic, "ko").answer]
    assert old == ["what-is-joint-cert"]


def test_the_article_on_expiry_does_not_lead_to_a_reissue(kb: KnowledgeBase) -> None:
    article = kb.article("expired", "ko")
    assert article.next_action != "reissue"
    assert "/reissue" not in article.answer


def test_no_answer_contains_a_number_from_the_settings() -> None:
    for language in ("ko", "en"):
        for file in (Path(__file__).parents[4] / "locales" / language / "faq").glob("*.md"):
            answer = file.read_text(encoding="utf-8").split("+++")[2]
            assert not [figure for figure in ("1566", "1588", "4,400", "110,000") if figure in answer], file.name


def test_settings_override_facts_in_files() -> None:
    kb = KnowledgeBase.load(facts={"customer_centre": "02-000-0000"})
    assert "02-000-0000" in kb.article("customer-centre", "en").answer


def test_menus_have_a_source_and_a_date(kb: KnowledgeBase) -> None:
    paths = kb.menus("ko")["reissue"]
    assert len(paths) > 1
    assert all(path.source and path.checked_on for path in paths)
    assert paths[0].path in kb.article("menu-path", "ko").answer


def test_a_language_without_the_article_shows_english(kb: KnowledgeBase) -> None:
    assert kb.article("fees", "vi").language == "vi"
    assert kb.article("cloud-storage", "vi").language == "en"
    assert kb.title("cloud-storage", "vi") != kb.title("cloud-storage", "en")
    assert kb.groups("fr") == kb.groups("en")


def test_an_unknown_topic_raises_key_error(kb: KnowledgeBase) -> None:
    with pytest.raises(KeyError):
        kb.article("no-such-topic", "ko")


def test_a_small_folder_loads(folder: Path) -> None:
    write(folder, ARTICLE)
    kb = KnowledgeBase.load(("en",), FACTS, root=folder)
    assert kb.article("lost", "ko").answer == "Call 1234."
    assert kb.find("i lost it", "en").ranked[0].topic == "lost"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("+++\nid", "id", 1),
        ('owner = "somebody"\n+++', 'owner = "somebody"', 15),
        ("place = 1", "place = ", 4),
        ('next = "reissue"', 'next = "dance"', 1),
        ('owner = "somebody"\n', "", 1),
        ('id = "lost"', 'id = "found"', 1),
        ("{customer_centre}", "{unknown_fact}", 16),
        ("Call {customer_centre}.", "", 14),
        ("ways = [", 'surprise = "!"\nways = [', 1),
    ],
)
def test_a_broken_article_is_reported_with_its_line(folder: Path, old: str, new: str, line: int) -> None:
    write(folder, ARTICLE.replace(old, new))
    with pytest.raises(ArticleBroken) as broken:
        KnowledgeBase.load(("en",), FACTS, root=folder)
    assert (broken.value.file, broken.value.line) == ("en/faq/lost.md", line)
    write(folder, ARTICLE)
    assert KnowledgeBase.load(("en",), FACTS, root=folder).topics() == ("lost",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("faq/_signals.toml", "endings = 3"),
        ("faq/_signals.toml", TABLES["faq/_signals.toml"].replace("words=[]", 'words=["("]')),
        ("faq/_normalise.toml", "replace = 3"),
        ("faq/_normalise.toml", "noise = 3"),
        ("faq/_facts.toml", 'fee = "3"'),
        ("faq/_groups.toml", "trouble = 3"),
        ("menus.toml", "[[reissue]]\npath = 'x'"),
        ("menus.toml", "reissue = []"),
        ("menus.toml", "reissue = ["),
    ],
)
def test_a_broken_table_is_reported_with_its_file(folder: Path, name: str, text: str) -> None:
    (folder / "en" / name).write_text(text, encoding="utf-8")
    with pytest.raises(ArticleBroken) as broken:
        KnowledgeBase.load(("en",), FACTS, root=folder)
    assert broken.value.file == f"en/{name}"


def test_a_missing_folder_and_another_encoding_are_reported(folder: Path) -> None:
    with pytest.raises(ArticleBroken, match=r"cannot be read"):
        KnowledgeBase.load(("xx",), FACTS, root=folder)
    (folder / "en" / "faq" / "lost.md").write_bytes("분실".encode("cp949"))
    with pytest.raises(ArticleBroken, match="UTF-8"):
        KnowledgeBase.load(("en",), FACTS, root=folder)
