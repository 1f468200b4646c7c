"""Ways beside the straight one: back, edit, cancel, restart and help at every step; buttons that have grown old."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation import reissue
from bot.conversation.case import BOT_TURN, Phase
from bot.conversation.events import CertificateSeen, Paused, Tapped
from bot.conversation.turns.lookups import DEVICES, status_lines
from bot.messages.screen import Screen
from tests.support.conversation import (
    CODE,
    FORM,
    TRIAGE,
    Talk,
    at,
    code_sent,
    read,
    tokens,
)

ACTS = ("[pick:stolen]", "[pick:done]", *TRIAGE[1:], *FORM)
EVERY_STEP = [step.id for step in reissue.STEPS]
PHASES = list(Phase)


def up_to(place: int) -> Talk:
    """Return a conversation that has come to this step of the longest path."""
    talk = Talk().begun().does(*ACTS[:place])
    assert talk.keys[-1] == f"reissue.ask.{EVERY_STEP[place]}"
    return talk


# --- at every step ---


@pytest.mark.parametrize("place", range(len(EVERY_STEP)), ids=EVERY_STEP)
def test_back_asks_the_question_before_and_the_form_goes_on(place: int) -> None:
    talk = up_to(place).does("[back]")
    if place == 0:
        assert (talk.case.phase, talk.keys) == (Phase.IDLE, ["card.idle"])
        talk.does("[start]", *ACTS)
    else:
        assert talk.keys[-1] == f"reissue.ask.{EVERY_STEP[place - 1]}"
        assert EVERY_STEP[place - 1] not in talk.case.answers
        talk.does(*ACTS[place - 1 :])
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


@pytest.mark.parametrize("place", range(len(EVERY_STEP)), ids=EVERY_STEP)
def test_help_explains_the_step_and_changes_nothing(place: int) -> None:
    talk = up_to(place)
    before = talk.case
    talk.does("[help]")
    assert talk.told == [f"reissue.help.{EVERY_STEP[place]}"]
    assert (talk.case, talk.keys[-1]) == (before, f"reissue.ask.{EVERY_STEP[place]}")
    assert talk.last.show == "fresh"


@pytest.mark.parametrize("place", range(len(EVERY_STEP)), ids=EVERY_STEP)
def test_cancel_asks_first_and_forgets_everything(place: int) -> None:
    talk = up_to(place).does("[cancel]")
    assert (talk.keys, tokens(talk.screen)) == (["confirm.cancel"], ["yes", "no"])
    talk.does("[no]")
    assert talk.keys[-1] == f"reissue.ask.{EVERY_STEP[place]}"
    talk.does("[cancel]", "[yes]")
    assert (talk.case.phase, dict(talk.case.answers), talk.case.proof) == (Phase.CANCELLED, {}, None)
    talk.does("[start]", *ACTS)
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


@pytest.mark.parametrize("place", range(len(EVERY_STEP)), ids=EVERY_STEP)
def test_restart_asks_first_and_begins_with_nothing(place: int) -> None:
    talk = up_to(place)
    before = talk.case.answers
    talk.commands("start")
    assert talk.keys == ["confirm.restart"]
    talk.does("[no]")
    assert talk.case.answers == before
    talk.commands("reissue")
    talk.does("[yes]")
    assert (talk.case.phase, dict(talk.case.answers)) == (Phase.ASKING, {})
    talk.does(*ACTS)
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


# --- corrections ---


@pytest.mark.parametrize("field", reissue.FIELDS)
def test_a_field_is_corrected_and_the_review_comes_back(field: str) -> None:
    talk = Talk().reviewing().does("[edit]")
    assert talk.keys == ["reissue.edit"]
    talk.does(f"[edit:{field}]")
    assert talk.keys[-1] == f"reissue.ask.{field}"
    new = {
        "name": "김하늘",
        "birth": "1990-01-31",
        "phone": "010-9999-0000",
        "account": "1112223334445",
        "id_type": "[pick:passport]",
        "id_issued_on": "2022-02-22",
    }[field]
    before = dict(talk.case.answers)
    talk.does(new)
    after = dict(talk.case.answers)
    assert {name for name in after if after[name] != before[name]} == {field}
    assert talk.case.editing is None
    talk.ends_well()


def test_a_correction_that_is_refused_is_asked_again() -> None:
    talk = Talk().reviewing().does("[edit]", "[edit:phone]", "번호를 몰라요")
    assert (talk.keys[0], talk.keys[-1]) == ("error.mobile_format", "reissue.ask.phone")
    talk.does("010-9999-0000").ends_well()


def test_correcting_can_be_left_again() -> None:
    talk = Talk().reviewing()
    answers = talk.case.answers
    talk.does("[edit]", "[back]")
    assert "reissue.review" in talk.keys
    talk.does("[edit]", "[edit:name]", "[back]")
    assert ("reissue.review" in talk.keys, talk.case.answers) == (True, answers)
    talk.ends_well()


def test_nothing_is_corrected_before_the_code_was_right() -> None:
    talk = Talk().consented()
    talk.happens(Tapped("edit:name", talk.case.revision))
    assert (talk.keys[0], talk.case.editing) == ("error.old_button", None)


def test_only_fields_of_the_application_are_corrected() -> None:
    talk = Talk().reviewing()
    for field in ("reason", "via", "consent", "*", "no such"):
        talk.happens(Tapped(f"edit:{field}", talk.case.revision))
        assert talk.case.editing is None


def test_nothing_is_submitted_out_of_the_menu_of_corrections() -> None:
    talk = Talk().reviewing().does("[edit]")
    talk.happens(Tapped("submit", talk.case.revision))
    assert (talk.case.phase, talk.orders) == (Phase.ASKING, [])


def test_submitting_twice_submits_once() -> None:
    talk = Talk().reviewing()
    revision = talk.screen.revision
    talk.taps("submit")
    talk.happens(Tapped("submit", revision))
    assert (talk.case.submissions, talk.orders, talk.last.show) == (1, [], "leave")


def test_going_back_from_the_code_asks_for_its_way_again() -> None:
    talk = Talk().waiting_for_code().does("[back]")
    assert (talk.keys[-1], talk.case.proof) == ("reissue.ask.via", None)
    talk.does("[pick:mail]")
    assert talk.orders == ["send_code"]
    talk.happens(code_sent(talk.now))
    assert talk.keys[-1] == "proof.sent.mail"
    talk.does(CODE).ends_well()


def test_a_pause_is_forgotten_when_the_customer_goes_back() -> None:
    talk = Talk().consented().does(*FORM)
    talk.happens(Paused(talk.now + timedelta(minutes=10)))
    assert talk.keys == ["error.paused", "proof.wait"]
    talk.does("[back]", "[pick:sms]")
    assert talk.keys[-1] == "card.sending", "and nothing of an authority that is slow"
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


def test_home_leaves_an_ending_for_the_start() -> None:
    talk = Talk().begun().does("[pick:lost]", "[pick:revoked]", "[home]")
    assert (talk.case.phase, dict(talk.case.answers), talk.keys) == (Phase.IDLE, {}, ["card.idle"])


# --- cancelling and restarting by phase ---

CANCELLABLE = {Phase.ASKING, Phase.PROVING, Phase.ENROLLED, Phase.REFUSED}


@pytest.mark.parametrize("phase", PHASES)
def test_cancel_by_command_in_every_phase(phase: Phase) -> None:
    talk = at(phase)
    talk.commands("cancel")
    if phase in CANCELLABLE:
        talk.does("[yes]")
        assert (talk.case.phase, dict(talk.case.answers)) == (Phase.CANCELLED, {})
        assert (talk.case.proof, talk.case.enrolment) == (None, None)
    else:
        ended = phase in {Phase.IDLE, Phase.CLOSED, Phase.CANCELLED}
        assert talk.keys[0] == ("cancel.nothing" if ended else "cancel.too_late")
        assert talk.case.phase is phase


@pytest.mark.parametrize("name", ["start", "reissue"])
@pytest.mark.parametrize("phase", PHASES)
def test_starting_again_in_every_phase(phase: Phase, name: str) -> None:
    talk = at(phase)
    before = talk.case
    talk.commands(name)
    assert talk.last.show == "fresh"
    if phase in BOT_TURN:
        assert talk.case == before
        return
    if talk.keys == ["confirm.restart"]:
        talk.does("[yes]")
    elif "start" in tokens(talk.screen):
        talk.does("[start]")
    elif name == "start":
        assert phase is Phase.ISSUED
        return
    assert talk.keys == ["reissue.ask.reason"]
    assert dict(talk.case.answers) == {}
    assert (talk.case.proof, talk.case.enrolment) == (None, None)
    assert talk.case.certificate == before.certificate


@pytest.mark.parametrize("phase", PHASES)
def test_the_button_under_an_article_begins_unless_the_desk_is_at_work(phase: Phase) -> None:
    talk = at(phase)
    before = talk.case
    talk.happens(Tapped("begin", -1))
    assert talk.last.show == "fresh"
    if phase in BOT_TURN:
        assert talk.case == before, "a certificate that is being made must not lose its case"
    else:
        talk.does(*(["[yes]"] if talk.case.confirming else []))
        assert talk.keys == ["reissue.ask.reason"]


def test_a_new_start_after_a_submission_is_a_new_request() -> None:
    talk = Talk().enrolled()
    first = talk.case.request_id
    talk.commands("reissue")
    talk.does("[yes]", *ACTS)
    talk.happens(code_sent(talk.now))
    talk.does(CODE, "[submit]")
    assert talk.case.request_id != first


# --- buttons that have grown old ---


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("token", ["pick:lost", "tick:all", "submit", "yes", "back", "start", "mend", "nonsense", ""])
def test_an_old_button_changes_nothing(phase: Phase, token: str) -> None:
    talk = at(phase)
    before = talk.case
    talk.happens(Tapped(token, talk.case.revision - 1))
    assert (talk.case, talk.last.show, talk.orders) == (before, "leave", [])
    talk.happens(Tapped(token, talk.case.revision - 1, on_card=False))
    assert (talk.case, talk.last.show, talk.orders) == (before, "fresh", [])
    assert talk.keys[0] == "error.old_button"


@pytest.mark.parametrize("phase", PHASES)
def test_a_button_of_another_screen_changes_nothing(phase: Phase) -> None:
    talk = at(phase)
    here = set(tokens(talk.screen))
    strange = {"pick:sms", "pick:nonsense", "tick:passport", "tick:", "submit", "mend", "received", "again"}
    for token in sorted(strange - here):
        before = talk.case
        talk.happens(Tapped(token, talk.case.revision))
        assert (talk.case, talk.orders) == (before, []), token


def test_ticks_are_set_and_taken_away_one_by_one() -> None:
    talk = Talk().begun().does(*TRIAGE[:4], "[tick:document]", "[tick:account]", "[tick:document]")
    assert talk.case.answers["ready"] == "account"
    assert "☑ 계좌번호 (준비됨)" in talk.reads()
    assert "☐ 신분증" in talk.reads()
    talk.does("[what:document]")
    assert talk.told == ["reissue.what.document"]
    talk.does("[tick:document]", "[tick:contact]")
    assert talk.keys[-1] == "reissue.ask.consent"


def test_three_ticks_faster_than_the_card_is_redrawn_all_count() -> None:
    talk = Talk().begun().does(*TRIAGE[:4])
    revision = talk.screen.revision
    for item in ("document", "document", "contact", "account"):
        talk.happens(Tapped(f"tick:{item}", revision))
    assert talk.keys[-1] == "reissue.ask.consent"
    before = talk.case
    talk.happens(Tapped("tick:account", revision))
    assert (talk.case, talk.last.show) == (before, "leave")


# --- looking without changing ---


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", ["status", "help", "privacy", "faq", "agent", "language", "mycert", "bogus"])
def test_commands_that_look_change_nothing(phase: Phase, name: str) -> None:
    talk = at(phase)
    before = talk.case
    talk.commands(name)
    assert talk.case == before
    happened = bool(talk.last.tells or talk.last.asides or talk.last.jobs)
    assert happened is not (name == "bogus")
    assert ("error.unknown_command" in talk.keys) is (name == "bogus")


@pytest.mark.parametrize("phase", PHASES)
def test_status_says_the_phase_and_the_receipt(phase: Phase) -> None:
    talk = at(phase)
    talk.commands("status")
    assert [each.kind for each in talk.last.asides] == ["status"]
    text = read(Screen(status_lines(talk.case)))
    assert text.startswith("진행 상태: ")
    assert (talk.case.receipt is not None) is ("접수번호" in text)


def test_files_are_handed_again_until_they_lapse() -> None:
    talk = Talk().has_certificate().does("[files]")
    assert talk.orders == ["hand_files"]
    talk.passes(timedelta(hours=24)).does("[files]")
    assert (talk.orders, talk.keys[0]) == ([], "files.lapsed")
    early = Talk()
    early.commands("files")
    assert early.keys[0] == "files.none"


def test_installing_is_told_by_device() -> None:
    talk = Talk().has_certificate().does("[install]")
    assert tokens(talk.last.tells[0]) == [f"install:{each}" for each in DEVICES]
    for each in DEVICES:
        talk.happens(Tapped(f"install:{each}", -1))
        assert talk.told == [f"install.{each}"]


def test_my_certificate_is_told_in_words() -> None:
    talk = at(Phase.CLOSED)
    end = datetime(2027, 6, 11, tzinfo=UTC)
    talk.happens(CertificateSeen("7A3F", "good", end))
    assert "상태: 사용 중 (유효)\n일련번호: 7A3F\n만료일: 2027년 6월 11일" in read(talk.last.tells[0])
    talk.happens(CertificateSeen(None, None, None))
    assert talk.told == ["mycert.none"]


def test_a_certificate_that_is_there_can_be_reissued_again() -> None:
    talk = at(Phase.CLOSED).does("[start]", *ACTS)
    talk.happens(code_sent(talk.now))
    talk.does(CODE)
    assert talk.case.certificate is not None
    talk.ends_well()


@pytest.mark.parametrize("text", ["how much does it cost", "How long does it take", "비번 까먹었는데 어떡해요"])
def test_a_question_without_its_mark_is_no_name(text: str) -> None:
    talk = Talk().consented()
    before = talk.case
    talk.says(text, question=True)
    assert (talk.case, talk.keys[-1]) == (before, "reissue.ask.name")
    assert [aside.kind for aside in talk.last.asides] == ["question"]


@pytest.mark.parametrize(
    "name", ["Will Price", "Do The Anh", "Do My Linh Chi", "DO MY LINH CHI", "나하나", "남궁 하나"]
)
def test_a_name_that_reads_like_a_question_is_a_name(name: str) -> None:
    talk = Talk().consented()
    talk.says(name, question=True)
    assert talk.case.answers["name"] == name
    assert talk.last.erase
