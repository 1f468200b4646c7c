"""Nothing planted comes through, whatever carries it; what an operator needs does."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.logs import LIBRARIES, QuietHandler, Redactor, configure

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
SECRET = "s3cret/with +spaces"
Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    stream = io.StringIO()
    configure(stream, logging.DEBUG, [TOKEN, SECRET, "short"])
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def raise_it(error: Exception) -> None:
    raise error


def test_a_line_is_json_with_its_fields(lines: Lines) -> None:
    logging.getLogger("bot.engine.cases").info(
        "case %s opened", "c-17", extra={"chat_id": 5123456789, "step": "name", "tags": ["a", 2]}
    )
    (line,) = lines()
    assert str(line.pop("time")).endswith("+00:00")
    assert line == {
        "level": "info", "logger": "bot.engine.cases", "message": "case c-17 opened", "chat_id": 5123456789,
        "step": "name", "tags": ["a", 2],
    }  # fmt: skip


def test_korean_stays_readable(lines: Lines) -> None:
    logging.getLogger("bot").info("재발급\n둘째 줄")
    assert lines()[0]["message"] == "재발급\n둘째 줄"


def test_an_error_has_kind_and_traceback_and_no_secret(lines: Lines) -> None:
    try:
        try:
            raise_it(ValueError(f"phone 010-1234-5678 {SECRET}"))
        except ValueError as inner:
            raise LookupError(f"at https://api.telegram.org/bot{TOKEN}/sendMessage") from inner
    except LookupError:
        logging.getLogger("bot.outbox").exception("not sent")
    (line,) = lines()
    assert line["error"] == "LookupError"
    assert "ValueError: phone [redacted] [redacted]" in str(line["traceback"])
    assert "/bot[redacted]/sendMessage" in str(line["traceback"])


@pytest.mark.parametrize(
    "planted",
    [
        TOKEN,
        f"https://api.telegram.org/bot{TOKEN}/getMe",
        f"https://api.telegram.org/file/bot{TOKEN}/documents/1.pdf",
        TOKEN.replace(":", "%3A"),
        SECRET,
        "s3cret%2Fwith%20%2Bspaces",
        "czNjcmV0L3dpdGggK3NwYWNlcw==",
        SECRET.encode().hex(),
        "800101-1234567",
        "8001011234567",
        "800101 1234567",
        "010-1234-5678",
        "01012345678",
        "010 1234 5678",
        "+82 10-1234-5678",
        "+821012345678",
        "0111234567",
        "12345678901234",
        "123-456789-01-234",
        "1234567890",
        "110 123 456789",
        "4111-1111-1111-1111",
    ],
)
@pytest.mark.parametrize("shape", ["{}", "전화 {}입니다", "x={};", "[{}]", "a{}\nb"])
def test_a_planted_value_is_written_nowhere(lines: Lines, planted: str, shape: str) -> None:
    text = shape.format(planted)
    log = logging.getLogger("bot")
    log.info(text)
    log.info("see %s", text)
    log.info("x", extra={"field": text, "deep": {"list": [text, (text,)], text: 1}, "thing": LookupError(text)})
    try:
        raise_it(RuntimeError(text))
    except RuntimeError:
        log.exception("failed")
    written = json.dumps(lines(), ensure_ascii=False)
    assert planted not in written
    assert "[redacted]" in written


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-15T10:00:00+09:00",
        "2026-03-15 10:00:00",
        "127.0.0.1:8080",
        "case c-17, step 3 of 12, 429 after 17 s",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "123456789012345678901234567890ab",
        "010-****-5678",
        "******1234",
        "5, 10, 20 ms",
        "python-telegram-bot 22.8",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert Redactor([]).text(text) == text


def test_a_number_in_a_field_is_an_id_or_nothing(lines: Lines) -> None:
    logging.getLogger("bot").info(
        "x", extra={"update_id": 9_876_543_210, "phone": 1012345678, "ms": 1234.5, "n": 42, "ok": True}
    )
    line = lines()[0]
    assert (line["update_id"], line["phone"], line["ms"], line["n"], line["ok"]) == (
        9_876_543_210,
        "[redacted]",
        1234.5,
        42,
        True,
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_quiet_and_its_arguments_stay_out(lines: Lines, library: str) -> None:
    log = logging.getLogger(f"{library}.inner")
    log.info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
    log.debug("executing %s", "홍길동")
    log.error("the customer said %s", "홍길동", extra={"text": "홍길동"})
    try:
        raise_it(LookupError("홍길동 is not here"))
    except LookupError:
        log.exception("No error handlers are registered, logging exception.")
    first, second = lines()
    assert first["message"] == "the customer said %s"
    assert second["error"] == "LookupError"
    assert "홍길동" not in json.dumps(lines(), ensure_ascii=False).replace(
        'raise_it(LookupError(\\"홍길동 is not here\\"))', ""
    )


def test_configuring_again_replaces() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    first, second = io.StringIO(), io.StringIO()
    configure(first, "INFO", [])
    configure(second, "INFO", [])
    logging.getLogger("bot").info("once")
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_a_record_that_cannot_be_written_is_not_shown(
    lines: Lines, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [one for one in root.handlers if isinstance(one, QuietHandler)])
    logging.getLogger("bot").info("%d of them", "010-1234-5678")
    assert lines()[0]["message"] == "a record was lost"
    assert "5678" not in json.dumps(lines())
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_written_as_json_is_told_as_text(lines: Lines) -> None:
    logging.getLogger("bot").info("x", extra={"set": {1}, "bytes": b"\x00", "nan": float("inf"), "cycle": _cycle()})
    assert (lines()[0]["set"], lines()[0]["nan"]) == ([1], "inf")


def _cycle() -> list[object]:
    endless: list[object] = []
    endless.append(endless)
    return endless


@given(
    st.text(max_size=60),
    st.from_regex(r"01[016789]-?[0-9]{4}-?[0-9]{4}", fullmatch=True),
    st.text(max_size=60),
)
def test_a_phone_number_in_any_text_goes(before: str, phone: str, after: str) -> None:
    if before[-1:].isdigit() or before[-1:] in "-+. " or after[:1].isdigit() or after[:1] in {"-", "."}:
        return  # part of a longer number, which goes by another rule or is none
    if before[-1:].isalnum() and before[-1:].isascii():
        return
    assert phone not in Redactor([]).text(f"{before}{phone}{after}")


@given(st.text(max_size=200), st.text(min_size=6, max_size=30))
def test_a_secret_in_any_text_goes(text: str, secret: str) -> None:
    redacted = Redactor([secret]).text(f"{text}{secret}{text}")
    assert secret not in redacted.replace("[redacted]", "\x00")
