"""JSON lines in, JSON lines out, one for one."""

import io
import json

from bot.knowledge import KnowledgeBase
from bot.knowledge.serve import serve

KB = KnowledgeBase.load()


def talk(*lines: str) -> list[dict[str, object]]:
    out = io.StringIO()
    serve(io.StringIO("".join(line + "\n" for line in lines)), out, KB)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_question_gets_its_topic() -> None:
    (answer,) = talk('{"q": "비밀번호를 잊어버렸어요", "lang": "ko"}')
    assert answer["topic"] == "password-forgotten"
    assert isinstance(answer["score"], float)


def test_a_strangers_question_is_ranked_all_the_same() -> None:
    (answer,) = talk('{"q": "여권 재발급", "lang": "ko"}')
    assert answer["topic"] is None
    assert isinstance(answer["ranked"], list)
    assert len(answer["ranked"]) >= 3


def test_a_bad_line_is_told_and_the_next_is_answered() -> None:
    bad = ["{", "[]", '{"q": 3, "lang": "ko"}', '{"q": "x"}', "[" * 100_000]
    *errors, good = talk(*bad, "", '{"q": "fees", "lang": "en"}')
    assert len(errors) == len(bad)
    assert all(set(error) == {"error"} for error in errors)
    assert good["topic"] == "fees"


def test_a_lone_surrogate_comes_and_goes() -> None:
    (answer,) = talk('{"q": "\\ud800", "lang": "\\ud800"}')
    assert answer["topic"] is None


class Flushed(io.StringIO):
    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


def test_each_answer_leaves_before_the_next_question_is_read() -> None:
    out = Flushed()
    serve(io.StringIO('{"q": "a", "lang": "en"}\n' * 3), out, KB)
    assert out.flushes == 3
