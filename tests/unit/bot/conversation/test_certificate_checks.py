"""A certificate is shown in the chat: what is fetched, what is answered on which day, and that the form goes on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from bot.conversation.case import Phase
from bot.conversation.events import Attached, CertificateChecked, FileUnread, SentFile
from bot.conversation.procedure import Rules
from bot.issuing.certificate_reader import MOST_BYTES
from bot.issuing.port import Purpose, Shown
from bot.messages.screen import Screen
from tests.support.conversation import Talk, at, read, seoul, tokens

LAST = date(2027, 3, 15)
GOOD = CertificateChecked(
    None, Purpose("finance", "person"), datetime(2026, 3, 14, 15, tzinfo=UTC), seoul(LAST, 23, 59, 59), "good"
)
FOREIGN = replace(GOOD, authority="yessign", status="foreign")
SECOND = timedelta(seconds=1)


def told(event: CertificateChecked, now: datetime, rules: Rules | None = None) -> Screen:
    talk = Talk(now=now, rules=rules or Rules())
    talk.happens(event)
    (screen,) = talk.last.tells
    return screen


def keys(screen: Screen) -> list[str]:
    return [line.key for line in screen.lines]


def before(days: int, hour: int = 12) -> datetime:
    return seoul(LAST - timedelta(days=days), hour)


def attached(name: str = "signCert.der", mime: str = "application/octet-stream", size: int | None = 1500) -> SentFile:
    return SentFile(None, Attached("file-id", name, mime, size))


# --- what is fetched ---


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("signCert.der", ""),
        ("SIGNCERT.DER ", "application/octet-stream"),
        ("my.cer", "text/plain"),
        ("인증서.crt", ""),
        ("a.pem", ""),
        ("", "application/pkix-cert"),
        ("noname", "Application/X-X509-CA-Cert"),
    ],
)
@pytest.mark.parametrize("size", [0, 1500, MOST_BYTES, None])
def test_a_file_named_like_a_certificate_is_read(name: str, mime: str, size: int | None) -> None:
    talk = Talk()
    talk.happens(attached(name, mime, size))
    (order,) = talk.last.jobs
    assert (order.kind, order.secret, talk.last.erase, talk.last.show) == (
        "check_certificate",
        "file-id",
        False,
        "leave",
    )
    assert "file-id" not in repr(order)


@pytest.mark.parametrize("name", ["memo.txt", "cert.der.exe", "NPKI.zip", "der", "", "위임장.pdf"])
def test_any_other_file_is_not(name: str) -> None:
    talk = Talk()
    talk.happens(attached(name))
    assert (talk.orders, talk.last.erase, talk.keys[0]) == ([], True, "error.file_not_asked")


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 50 * 1024 * 1024])
def test_what_is_larger_than_a_certificate_is_not_fetched(size: int) -> None:
    talk = Talk()
    talk.happens(attached(size=size))
    assert (talk.orders, talk.last.erase, talk.keys[0]) == ([], True, "error.file_too_big")


def test_what_is_never_taken_is_not_fetched_whatever_its_name() -> None:
    talk = Talk()
    talk.happens(replace(attached(), forbidden="private_key_file"))
    assert (talk.orders, talk.last.erase) == ([], True)
    assert talk.told == ["forbidden.deleted", "forbidden.private_key_file"]


# --- day by day ---


@pytest.mark.parametrize(
    ("now", "key"),
    [
        (before(31), "check.reissue"),
        (before(31, 23), "check.reissue"),
        (before(30, 0), "reissue.ending.renew"),
        (before(1), "reissue.ending.renew"),
        (before(0, 0), "reissue.ending.renew"),
        (seoul(LAST, 23, 59, 59), "reissue.ending.renew"),
        (seoul(LAST, 23, 59, 59) + SECOND, "reissue.ending.new"),
        (before(-1), "reissue.ending.new"),
        (before(-400), "reissue.ending.new"),
    ],
)
def test_the_procedure_of_each_day(now: datetime, key: str) -> None:
    screen = told(GOOD, now)
    assert key in keys(screen)
    assert ("begin" in tokens(screen)) == (key == "check.reissue")
    assert ("check.window" in keys(screen)) == (key != "reissue.ending.new")
    elsewhere = {"check.reissue": "reissue"}.get(key, key.rpartition(".")[2])
    assert f"check.elsewhere.{elsewhere}" in keys(told(FOREIGN, now))


def test_the_banks_own_window_counts() -> None:
    rules = Rules(renewal_opens_days=60, renewal_closes_days=1)
    found = ["reissue.ending.renew" in keys(told(GOOD, before(days), rules)) for days in (61, 60, 1, 0)]
    assert found == [False, True, True, False]
    assert "check.window" not in keys(told(GOOD, before(0), rules))


@pytest.mark.parametrize(("days", "said"), [(365, "365"), (30, "30"), (1, "1")])
def test_the_days_that_are_left_are_said(days: int, said: str) -> None:
    text = read(told(GOOD, before(days)))
    assert f"남은 기간: {said}일" in text
    assert "2027년 3월 15일" in text
    assert "March 15, 2027" in read(told(GOOD, before(days)), "en")


def test_the_last_day_and_the_day_after_it() -> None:
    assert "check.today.row" in keys(told(GOOD, before(0)))
    over = told(GOOD, before(-1))
    assert not {"check.today.row", "check.left.row"} & set(keys(over))
    assert "상태: 만료됨" in read(over)
    assert "상태: 만료됨" in read(told(FOREIGN, before(-1)))


def test_one_that_does_not_begin_yet_and_one_without_end() -> None:
    assert "check.begins.row" in keys(told(GOOD, seoul(date(2026, 3, 14), 23)))
    assert "check.begins.row" not in keys(told(GOOD, seoul(date(2026, 3, 15), 0)))
    never = replace(FOREIGN, not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert "9999" in read(told(never, before(0)))


# --- state by state ---


def test_one_of_ours_in_each_state() -> None:
    assert "상태: 사용 중 (유효)" in read(told(GOOD, before(100)))
    hold = told(replace(GOOD, status="hold"), before(100))
    assert "상태: 효력 정지" in read(hold)
    assert {"reissue.ending.restore", "check.left.row"} <= set(keys(hold))
    assert "begin" not in tokens(hold)
    revoked = told(replace(GOOD, status="revoked"), before(100))
    assert "상태: 폐기됨" in read(revoked)
    assert {"reissue.ending.new", "check.replaced"} <= set(keys(revoked))
    assert "상태: 폐기됨" in read(told(replace(GOOD, status="revoked"), before(-100)))
    assert "reissue.ending.new" in keys(told(replace(GOOD, status="hold"), before(-1)))
    assert "저희 인증기관" in read(told(GOOD, before(100)))


def test_of_another_authoritys_nothing_is_claimed() -> None:
    screen = told(FOREIGN, before(100))
    assert {"check.foreign", "check.elsewhere.reissue"} <= set(keys(screen))
    assert not {"check.status.row", "check.reissue"} & set(keys(screen))
    assert "begin" not in tokens(screen)
    assert "금융결제원 (yessign)" in read(screen)
    assert "은행·보험용 · 개인" in read(screen)
    nobody = told(replace(FOREIGN, authority=None, purpose=None), before(100))
    assert "저희가 모르는 기관" in read(nobody)
    assert "check.purpose.none.row" in keys(nobody)


@pytest.mark.parametrize("status", ["unknown", "away"])
def test_what_our_books_do_not_say_is_said_to_be_open(status: Shown) -> None:
    screen = told(replace(GOOD, status=status), before(100))
    assert f"check.{status}" in keys(screen)
    assert not {"check.issuer.row", "check.status.row", "check.reissue"} & set(keys(screen))
    assert tokens(screen) == ["human"]


# --- in the middle of something else ---


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("status", [*get_args(Shown), "away"])
def test_it_changes_no_case_and_the_form_goes_on_below_it(phase: Phase, status: Shown) -> None:
    talk = at(phase)
    case, card = talk.case, talk.screen
    talk.happens(replace(GOOD, status=status))
    assert (talk.case, talk.screen.rows, len(talk.last.tells)) == (case, card.rows, 1)
    ended = phase in {Phase.IDLE, Phase.CLOSED, Phase.CANCELLED}
    assert talk.last.show == ("leave" if ended else "fresh")
    if not ended:
        assert "begin" not in tokens(talk.last.tells[0])


def test_who_sends_too_many_is_told_until_when() -> None:
    talk = at(Phase.ASKING)
    case = talk.case
    talk.happens(FileUnread("often", seoul(LAST, 14, 30)))
    assert (talk.case, talk.keys[0]) == (case, "error.file_often")
    assert "오후 2:30" in talk.reads()


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("why", ["private_key_file", "id_photo", "broken", "big", "gone"])
def test_a_file_that_is_none_is_said_why(phase: Phase, why: str) -> None:
    talk = at(phase)
    case = talk.case
    talk.happens(FileUnread(why))  # type: ignore[arg-type]
    assert (talk.case, talk.last.erase) == (case, False)
    if why in {"private_key_file", "id_photo"}:
        assert talk.told == ["forbidden.deleted", f"forbidden.{why}"]
    else:
        assert talk.keys[0].startswith("error.file_")
