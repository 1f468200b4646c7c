"""`faq serve` answers each JSON line with one JSON line."""

import io
import json

from bot.knowledge import KnowledgeBase
from bot.knowledge.serve import serve

KNOWLEDGE = KnowledgeBase.load()


def replies_to(*lines: str) -> list[dict[str, object]]:
    out = io.StringIO()
    serve(io.StringIO("".join(line + "\n" for line in lines)), out, KNOWLEDGE)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_question_gets_its_topic() -> None:
    (answer,) = replies_to('{"q": "비밀번호를 잊어버렸어요", "lang": "ko"}')
    assert answer["topic"] == "password-forgotten"
    assert isinstance(answer["score"], float)


def test_an_out_of_scope_question_is_ranked_too() -> None:
    (answer,) = replies_to('{"q": "여권 재발급", "lang": "ko"}')
    assert answer["topic"] is None
    assert isinstance(answer["ranked"], list)
    assert len(answer["ranked"]) >= 3


def test_an_invalid_line_gets_an_error_and_the_next_is_answered() -> None:
    bad = ["{", "[]", '{"q": 3, "lang": "ko"}', '{"q": "x"}', "[" * 100_000]
    *errors, good = replies_to(*bad, "", '{"q": "fees", "lang": "en"}')
    assert len(errors) == len(bad)
    assert all(set(error) == {"error"} for error in errors)
    assert good["topic"] == "fees"


def test_a_lone_surrogate_is_answered() -> None:
    (answer,) = replies_to('{"q": "\\ud800", "lang": "\\ud800"}')
    assert answer["topic"] is None


class FlushCounter(io.StringIO):
    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


def test_each_answer_is_flushed_before_the_next_question_is_read() -> None:
    out = FlushCounter()
    serve(io.StringIO('{"q": "a", "lang": "en"}\n' * 3), out, KNOWLEDGE)
    assert out.flushes == 3
