"""`faq ask`, `faq serve` and `faq gaps`."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from bot.knowledge.gaps import Gaps, Question
from ca.ledger.vault import KeyRing, Vault
from tests.cli.conftest import Program
from tests.support.command import program
from tests.support.disk import on_disk


def test_ask_answers_in_both_languages(anew: Program) -> None:
    korean = anew("faq", "ask", "인증서를 잃어버렸어요")
    english = anew("faq", "ask", "I lost my certificate", "--lang", "en")

    assert korean.returncode == english.returncode == 0
    assert korean.stdout.startswith("[certificate-lost-stolen]")
    assert english.stdout.startswith("[certificate-lost-stolen]")
    assert anew("faq", "ask", "오늘 점심 뭐 먹지").returncode == 1


def test_serve_answers_each_line_and_continues_after_invalid_ones(tmp_path: Path) -> None:
    requests = [
        json.dumps({"q": "인증서를 잃어버렸어요", "lang": "ko"}),
        "no json",
        json.dumps({"q": 7}),
        "[" * 5000,
        "",
        json.dumps({"q": "오늘 점심 뭐 먹지", "lang": "ko"}),
        json.dumps({"q": "", "lang": "en"}),
    ]

    ended = program("faq", "serve", folder=tmp_path, given="\n".join(requests) + "\n")

    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 0
    assert answers[0]["topic"] == "certificate-lost-stolen"
    assert len(answers[0]["ranked"]) >= 3
    assert [sorted(each) for each in answers[1:4]] == [["error"]] * 3
    assert [each["topic"] for each in answers[4:]] == [None, None]
    assert isinstance(answers[4]["score"], float)


def test_ask_offers_the_other_topic(anew: Program) -> None:
    ended = anew("faq", "ask", "재발급 수수료가 얼마예요? 그리고 시간은 얼마나 걸려요?")
    assert {line.split("]")[0] for line in ended.stdout.splitlines() if "[" in line} in (
        {"[fees", "? [processing-time"},
        {"[processing-time", "? [fees"},
    )


def test_gaps_are_printed_as_text_and_as_json(tmp_path: Path) -> None:
    assert program("faq", "gaps", folder=tmp_path).stdout == "there are no unanswered questions\n"
    assert program("faq", "gaps", "--json", folder=tmp_path).stdout == ""

    async def add_unanswered() -> None:
        async with on_disk(tmp_path / "data" / "desk.db") as database:
            question = Question("fees", "ko", "수수료가 있나요?")
            await database.unit(
                lambda tx: Gaps(Vault(KeyRing.new())).add(tx, "unanswered", question, 42, datetime.now(UTC))
            )

    asyncio.run(add_unanswered())
    shown = program("faq", "gaps", folder=tmp_path).stdout
    assert "fees: no answer 1, only an offer 0" in shown
    assert "nearest phrasing, 1 times: 수수료가 있나요?" in shown
    (line,) = program("faq", "gaps", "--json", folder=tmp_path).stdout.splitlines()
    assert json.loads(line)["ways"] == [["수수료가 있나요?", 1]]
