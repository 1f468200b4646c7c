"""The conversation by examples: the happy path, the triage day by day, and every step's own table."""

from datetime import date, timedelta

import pytest

from bot.conversation import reissue
from bot.conversation.case import Phase
from bot.conversation.events import SentFile
from bot.conversation.flow import pruned
from bot.conversation.reissue import ENDINGS, ID_TYPES, REASONS, STATES
from bot.messages.screen import Line
from tests.support.conversation import (
    ANSWERS,
    CODE,
    FORM,
    NOON,
    PASSWORD,
    PERSONAL,
    TRIAGE,
    WORDS,
    Talk,
    approved,
    code_sent,
    issued,
    read,
    seoul,
    tokens,
)

EXPIRY = date(2026, 12, 31)


def day(offset: int) -> date:
    """D-30 is day(-30)."""
    return EXPIRY + timedelta(days=offset)


# --- the whole way ---


def test_a_lost_certificate_is_reissued() -> None:
    talk = Talk()
    talk.commands("start")
    assert talk.keys == ["card.idle"]
    assert "공동인증서 재발급 도우미" in talk.reads()
    asked = []
    for act in ("[start]", *TRIAGE, *FORM):
        talk.does(act)
        asked.append(talk.keys[-1])
    assert asked == [
        *(f"reissue.ask.{step}" for step in ("reason", "state", "expiry", "who", "ready", "consent")),
        *(f"reissue.ask.{step}" for step in ("name", "birth", "phone", "account")),
        *(f"reissue.ask.{step}" for step in ("id_type", "id_issued_on", "via")),
        "card.sending",
    ]
    assert talk.orders == ["send_code"]
    assert talk.case.answers == ANSWERS
    talk.happens(code_sent(talk.now))
    assert talk.keys[-1] == "proof.sent.sms"
    assert [(order.kind, order.due) for order in talk.last.jobs] == [("lapse_code", talk.now + timedelta(minutes=3))]
    talk.says(CODE)
    assert talk.keys[:2] == ["proof.right", "reissue.review"]
    assert talk.last.erase
    talk.taps("submit")
    assert (talk.case.phase, talk.orders) == (Phase.DECIDING, ["assess"])
    assert talk.case.receipt == "261123-C0FFEE-1"
    talk.happens(approved(talk.now))
    assert talk.told == ["notice.approved"]
    assert talk.keys == ["enrolled.password", "enrolled.notice"]
    talk.says(PASSWORD)
    assert [(order.kind, order.secret) for order in talk.last.jobs] == [("issue", PASSWORD)]
    assert PASSWORD not in repr(talk.case)
    assert PASSWORD not in repr(talk.last)
    talk.happens(issued(talk.now))
    assert talk.told == ["notice.issued"]
    assert [(order.kind, order.due) for order in talk.last.jobs] == [("lapse_files", NOON + timedelta(hours=24))]
    talk.taps("received")
    assert talk.case.phase is Phase.CLOSED
    assert "재발급이 모두 끝났습니다" in talk.reads()


@pytest.mark.parametrize("language", WORDS.languages)
@pytest.mark.parametrize("key", ["sms.code", "mail.code"])
def test_the_message_that_brought_the_code_may_be_pasted_whole(key: str, language: str) -> None:
    talk = Talk().waiting_for_code()
    talk.says(WORDS.text(language, Line(key, {"code": CODE})))
    assert talk.case.proven


def test_what_is_typed_is_deleted_and_echoed_only_masked() -> None:
    talk = Talk().consented()
    echoes = []
    for act in FORM:
        talk.does(act)
        assert talk.last.erase is not act.startswith("[")
        assert talk.last.show == "edit"
        shown = "\n".join(read(screen) for screen in (talk.screen, *talk.last.tells))
        assert not [secret for secret in PERSONAL if secret in shown]
        echoes.append(talk.reads().splitlines()[0])
    assert echoes == [
        "이름을 확인했어요: 홍*동",
        "생년월일을 확인했어요: 1985-**-**",
        "휴대폰을 확인했어요: 010-****-6789",
        "계좌번호를 확인했어요: **********9876",
        "신분증을 확인했어요: 주민등록증",
        "발급일자를 확인했어요: 2021-**-**",
        "인증번호를 확인했어요: 등록된 휴대폰 문자",
    ]


def test_progress_counts_the_form_and_the_code() -> None:
    talk = Talk().consented()
    seen = []
    for act in FORM:
        line = next(line for line in talk.screen.lines if line.key == "reissue.progress")
        seen.append((line.params["step"], line.params["of"]))
        talk.does(act)
    talk.happens(code_sent(talk.now))
    line = next(line for line in talk.screen.lines if line.key == "reissue.progress")
    assert seen == [(number, 8) for number in range(1, 8)]
    assert (line.params["step"], line.params["of"]) == (8, 8)


def test_the_review_shows_every_field_masked() -> None:
    talk = Talk().reviewing()
    text = talk.reads()
    assert not [secret for secret in PERSONAL if secret in text]
    assert "이름: 홍*동\n생년월일: 1985-**-**\n휴대폰: 010-****-6789\n계좌번호: **********9876" in text
    assert tokens(talk.screen) == ["submit", "edit", "cancel", "help"]


def test_a_shared_contact_answers_the_phone() -> None:
    talk = Talk().consented().does("홍길동", "1985-11-02")
    assert talk.screen.keyboard == "contact"
    talk.shares("821099998888", own=False)
    assert (talk.keys[0], talk.last.erase) == ("error.contact_not_yours", True)
    talk.shares("+1 202 555 0100")
    assert (talk.keys[0], talk.last.erase) == ("error.mobile_format", True)
    talk.shares("821023456789")
    assert (talk.case.answers["phone"], talk.last.erase) == ("01023456789", True)
    assert talk.screen.keyboard is None


def test_a_contact_that_nobody_asked_for_is_deleted() -> None:
    talk = Talk().consented()
    before = talk.case
    talk.shares()
    assert (talk.keys[0], talk.last.erase, talk.case) == ("error.contact_not_asked", True, before)


# --- the triage ---


def triaged(reason: str, *acts: str, today: date = EXPIRY) -> str:
    """Return where the triage ended: an ending's name, or the next step after it."""
    talk = Talk(now=seoul(today)).begun().does(f"[pick:{reason}]")
    if reason == "stolen":
        talk.does("[pick:done]")
    talk.does(*acts)
    last = talk.keys[-1]
    return last.removeprefix("reissue.ending.").removeprefix("reissue.ask.")


@pytest.mark.parametrize(
    ("reason", "d31", "d30", "d1", "d0", "after"),
    [
        ("lost", "who", "who", "who", "who", "new"),
        ("password", "who", "who", "who", "who", "new"),
        ("device", "who", "who", "who", "who", "new"),
        ("damaged", "who", "who", "who", "who", "new"),
        ("stolen", "who", "who", "who", "who", "new"),
        ("unsure", "who", "renew", "renew", "renew", "new"),
        ("expiring", "renew", "renew", "renew", "renew", "new"),
    ],
)
def test_a_valid_certificate_day_by_day(reason: str, d31: str, d30: str, d1: str, d0: str, after: str) -> None:
    days = [day(offset) for offset in (-31, -30, -1, 0, 1)]
    found = [triaged(reason, "[pick:valid]", "2026년 12월 31일", today=today) for today in days]
    assert found == [d31, d30, d1, d0, after]


def test_who_calls_it_expired_is_asked_for_the_date_at_once() -> None:
    days = [day(offset) for offset in (-31, -30, 0, 1)]
    found = [triaged("expired", "2026-12-31", today=today) for today in days]
    assert found == ["who", "renew", "renew", "new"]
    assert triaged("expired", "[pick:unknown]") == "new"


@pytest.mark.parametrize(
    ("today", "before", "at_midnight"),
    [(-31, "who", "renew"), (0, "renew", "new")],
    ids=["the renewal opens", "the certificate expires"],
)
def test_days_change_at_midnight_in_korea(today: int, before: str, at_midnight: str) -> None:
    late = Talk(now=seoul(day(today), 23, 59, 59, 999_999)).begun()
    late.does("[pick:unsure]", "[pick:valid]", "2026-12-31")
    assert late.keys[-1].rpartition(".")[2] == before
    early = Talk(now=seoul(day(today + 1))).begun()
    early.now = seoul(day(today + 1), 0)
    early.does("[pick:unsure]", "[pick:valid]", "2026-12-31")
    assert early.keys[-1].rpartition(".")[2] == at_midnight
    assert (late.now.date(), early.now.date()) == (day(today), day(today)), "the day in UTC is the same"


def test_an_application_that_midnight_overtakes_is_not_sent() -> None:
    talk = Talk(now=seoul(EXPIRY, 23, 58)).begun()
    talk.does("[pick:lost]", "[pick:valid]", "2026-12-31", *TRIAGE[3:], *FORM)
    talk.happens(code_sent(talk.now))
    talk.does(CODE)
    assert "reissue.review" in talk.keys
    talk.passes(timedelta(minutes=2)).taps("submit")
    assert talk.case.phase is Phase.ASKING
    assert "reissue.ending.new" in talk.keys


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("expired", "new"),
        ("suspended", "restore"),
        ("revoked", "new"),
        ("other_bank", "other_bank"),
        ("none", "new"),
        ("unknown", "who"),
    ],
)
def test_states_that_need_no_date(state: str, expected: str) -> None:
    assert triaged("lost", f"[pick:{state}]") == expected


def test_a_stolen_certificate_that_is_suspended_is_not_restored() -> None:
    assert triaged("stolen", "[pick:suspended]") == "new"
    assert triaged("password", "[pick:suspended]") == "restore"


def test_not_knowing_leads_on() -> None:
    assert triaged("unsure", "[pick:unknown]") == "who"
    assert triaged("unsure", "[pick:valid]", "[pick:unknown]") == "who"
    assert triaged("stolen", "[pick:unknown]") == "who"


def test_an_agent_and_who_declines_go_elsewhere() -> None:
    assert triaged("lost", "[pick:unknown]", "[pick:agent]") == "agent"
    assert triaged("lost", "[pick:unknown]", "[pick:self]", "[tick:all]", "[pick:decline]") == "decline"


ENDED = {
    "other_bank": ("[pick:lost]", "[pick:other_bank]"),
    "restore": ("[pick:lost]", "[pick:suspended]"),
    "renew": ("[pick:expiring]", "[pick:valid]", "2026-12-31"),
    "new": ("[pick:lost]", "[pick:revoked]"),
    "agent": (*TRIAGE[:3], "[pick:agent]"),
    "decline": (*TRIAGE[:5], "[pick:decline]"),
}


def test_every_ending_has_an_example() -> None:
    assert set(ENDED) == {ending.id for ending in ENDINGS}


@pytest.mark.parametrize("name", ENDED)
def test_every_ending_offers_help_and_a_way_back_to_success(name: str) -> None:
    talk = Talk().begun().does(*ENDED[name])
    assert talk.keys[-1] == f"reissue.ending.{name}"
    assert {"human", "back", "home"} < set(tokens(talk.screen))
    assert [token for token in tokens(talk.screen) if token.startswith("topic:")]
    while talk.case.answers:
        talk.taps("back")
    talk.does(*TRIAGE, *FORM)
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


def test_the_endings_with_dates_say_them() -> None:
    talk = Talk().begun().does(*ENDED["renew"])
    assert "만료일은 2026년 12월 31일이고, 갱신은 2026년 12월 1일부터" in talk.reads()
    expired = Talk(now=seoul(day(1))).begun().does("[pick:lost]", "[pick:valid]", "2026-12-31")
    assert "적어 주신 만료일은 2026년 12월 31일" in expired.reads()


def test_a_stolen_certificate_is_reported_first() -> None:
    talk = Talk().begun().does("[pick:stolen]")
    assert talk.keys[-1] == "reissue.ask.reported"
    assert "1566-2566" in talk.reads()
    talk.does("[pick:later]", "[pick:valid]", "[pick:unknown]", *TRIAGE[3:], *FORM)
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


def test_every_option_has_its_button() -> None:
    talk = Talk().begun()
    assert tokens(talk.screen)[:-3] == [f"pick:{each}" for each in REASONS]
    talk.does("[pick:lost]")
    assert tokens(talk.screen)[:-3] == [f"pick:{each}" for each in STATES]
    talk = Talk().consented().does(*FORM[:4])
    assert tokens(talk.screen)[:-3] == [f"pick:{each}" for each in ID_TYPES]


# --- the branch that answers are on ---


def test_answers_of_an_earlier_branch_are_neither_kept_nor_sent() -> None:
    talk = Talk().begun().does("[pick:stolen]", "[pick:done]", "[back]", "[back]", "[pick:lost]")
    assert talk.case.answers == {"reason": "lost"}
    assert "reissue.ask.state" in talk.keys
    stale = {**ANSWERS, "reported": "done", "state": "unknown"}
    assert "reported" not in pruned(reissue.STEPS, stale)
    assert "expiry" not in pruned(reissue.STEPS, stale)
    expired = {**ANSWERS, "reason": "expired"}
    assert "state" not in pruned(reissue.STEPS, expired)


# --- what the steps refuse, and take after correction ---


@pytest.mark.parametrize(
    ("step", "typed", "error"),
    [
        ("name", "홍", "name_format"),
        ("name", "가" * 14, "name_too_long"),
        ("birth", "어제", "birth_format"),
        ("birth", "1980-02-30", "birth_impossible"),
        ("birth", "2015-05-21", "birth_range"),
        ("phone", "02-123-4567", "mobile_format"),
        ("account", "12345", "account_format"),
        ("id_issued_on", "작년 봄", "date_format"),
        ("id_issued_on", "2026-11-24", "date_future"),
        ("id_issued_on", "1950-01-01", "date_range"),
    ],
)
def test_a_refused_answer_is_said_deleted_and_corrected(step: str, typed: str, error: str) -> None:
    fields = ("name", "birth", "phone", "account", "id_type", "id_issued_on", "via")
    place = fields.index(step)
    talk = Talk().consented().does(*FORM[:place])
    before = talk.case
    talk.says(typed)
    assert (talk.keys[0], talk.keys[-1]) == (f"error.{error}", f"reissue.ask.{step}")
    assert talk.last.erase
    assert talk.case == before
    talk.does(*FORM[place:])
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


@pytest.mark.parametrize(("typed", "error"), [("내년", "date_format"), ("2039-01-01", "date_range")])
def test_an_expiry_that_cannot_be_read_stays_in_the_chat_and_is_asked_again(typed: str, error: str) -> None:
    talk = Talk().begun().does("[pick:lost]", "[pick:valid]")
    talk.says(typed)
    assert (talk.keys[0], talk.last.erase, talk.last.show) == (f"error.{error}", False, "fresh")
    talk.does("2027-03-15", *TRIAGE[3:], *FORM)
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


def test_a_question_in_mid_form_is_answered_and_the_form_goes_on() -> None:
    talk = Talk().consented()
    before = talk.case
    talk.says("수수료가 얼마예요?", question=True)
    assert [(aside.kind, aside.value) for aside in talk.last.asides] == [("question", "수수료가 얼마예요?")]
    assert (talk.case, talk.last.show, talk.keys[-1]) == (before, "fresh", "reissue.ask.name")
    assert not talk.last.erase


def test_an_answer_with_a_question_mark_is_an_answer() -> None:
    talk = Talk().consented().does("홍길동", "1985-11-02")
    talk.says("010-2345-6789 맞나요?", question=True)
    assert talk.case.answers["phone"] == "01023456789"
    assert talk.last.erase


def test_a_text_where_a_button_is_meant_is_taken_for_a_question() -> None:
    talk = Talk().begun()
    talk.says("인증서가 없어졌어요")
    assert [aside.kind for aside in talk.last.asides] == ["question"]
    assert talk.keys[-1] == "reissue.ask.reason"


def test_a_file_is_deleted_wherever_it_comes() -> None:
    talk = Talk().consented()
    before = talk.case
    talk.happens(SentFile())
    assert (talk.keys[0], talk.last.erase, talk.case) == ("error.file_not_asked", True, before)
    talk.happens(SentFile("id_photo"))
    assert (talk.told, talk.last.erase, talk.case) == (
        ["forbidden.deleted", "forbidden.id_photo"],
        True,
        before,
    )
