"""`faq ask` and `faq serve`."""

import json
from pathlib import Path

from tests.cli.conftest import Program
from tests.support.program import program


def test_ask_answers_in_both_languages(anew: Program) -> None:
    korean = anew("faq", "ask", "인증서를 잃어버렸어요")
    english = anew("faq", "ask", "I lost my certificate", "--lang", "en")

    assert korean.returncode == english.returncode == 0
    assert korean.stdout.startswith("[certificate-lost-stolen]")
    assert english.stdout.startswith("[certificate-lost-stolen]")
    assert anew("faq", "ask", "오늘 점심 뭐 먹지").returncode == 1


def test_serve_answers_line_by_line_and_survives_nonsense(tmp_path: Path) -> None:
    asked = [
        json.dumps({"q": "인증서를 잃어버렸어요", "lang": "ko"}),
        "no json",
        json.dumps({"q": 7}),
        "[" * 5000,
        "",
        json.dumps({"q": "오늘 점심 뭐 먹지", "lang": "ko"}),
        json.dumps({"q": "", "lang": "en"}),
    ]

    ended = program("faq", "serve", folder=tmp_path, given="\n".join(asked) + "\n")

    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 0
    assert answers[0]["topic"] == "certificate-lost-stolen"
    assert len(answers[0]["ranked"]) >= 3
    assert [sorted(each) for each in answers[1:4]] == [["error"]] * 3
    assert [each["topic"] for each in answers[4:]] == [None, None]
    assert isinstance(answers[4]["score"], float)
