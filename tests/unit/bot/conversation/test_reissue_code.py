"""The one-time code: right, wrong, used up, late, and for somebody unknown; and results that come too late."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation.case import Phase
from bot.conversation.events import Abandoned, CodeLapsed, Delayed, FilesLapsed, JobEvent, Paused, Refused
from bot.conversation.reissue import ARROWS
from bot.conversation.turns.taps import PROOF_LIFETIME
from bot.conversation.turns.texts import CODE_LIFETIME, CODE_TRIES
from tests.support.conversation import (
    CODE,
    CUSTOMER,
    FORM,
    PASSWORD,
    WRONG_CODE,
    Talk,
    approved,
    at,
    code_sent,
    issued,
    tokens,
)

SECOND = timedelta(seconds=1)


def test_a_wrong_code_says_how_often_it_may_still_be_tried() -> None:
    talk = Talk().waiting_for_code()
    for left in (4, 3, 2, 1):
        talk.says(WRONG_CODE)
        assert (talk.screen.lines[0].key, talk.screen.lines[0].params) == ("error.code_wrong", {"left": left})
        assert talk.last.erase
    talk.does(CODE).ends_well()


def test_five_wrong_ones_void_it_even_for_the_right_one() -> None:
    talk = Talk().waiting_for_code().does(*[WRONG_CODE] * CODE_TRIES)
    assert (talk.keys, talk.case.proof) == (["error.code_used_up", "proof.none"], None)
    talk.says(CODE)
    assert (talk.case.phase, talk.case.proven, talk.last.erase) == (Phase.PROVING, False, True)
    talk.does("[again]")
    assert talk.orders == ["send_code"]
    talk.happens(code_sent(talk.now, code="135790"))
    assert talk.case.proof
    assert talk.case.proof.tries_left == CODE_TRIES
    talk.does("135790").ends_well()


def test_a_code_is_good_until_its_last_moment() -> None:
    talk = Talk().waiting_for_code().passes(CODE_LIFETIME - timedelta(microseconds=1))
    talk.does(CODE).ends_well()


def test_a_code_that_comes_late_is_void_though_the_time_out_did_not_run() -> None:
    talk = Talk().waiting_for_code().passes(CODE_LIFETIME)
    talk.says(CODE)
    assert (talk.keys, talk.case.proof) == (["error.code_lapsed", "proof.none"], None)
    talk.does("[again]")
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


def test_the_time_out_voids_only_the_code_that_it_is_about() -> None:
    talk = Talk().waiting_for_code()
    old = talk.case.proof
    assert old is not None
    talk.does("[again]")
    talk.happens(code_sent(talk.now, code="135790"))
    before = talk.case
    talk.happens(CodeLapsed(old.digest))
    assert (talk.case, talk.last.show) == (before, "leave")
    assert talk.case.proof is not None
    talk.happens(CodeLapsed(talk.case.proof.digest))
    assert talk.keys == ["error.code_lapsed", "proof.none"]


def test_for_somebody_unknown_everything_looks_the_same_and_no_code_is_right() -> None:
    known, unknown = Talk().waiting_for_code(), Talk().waiting_for_code(customer=None)
    assert known.screen == unknown.screen
    known.says(WRONG_CODE)
    unknown.says(CODE)
    assert known.screen == unknown.screen
    unknown.does(*[CODE] * 4)
    assert unknown.keys == ["error.code_used_up", "proof.none"]
    assert not unknown.case.proven
    unknown.does("[back]", "[pick:sms]")
    unknown.happens(code_sent(unknown.now))
    unknown.does(CODE).ends_well()


@pytest.mark.parametrize("typed", ["12345", "1234567", "몰라요", "482913 135790"])
def test_what_is_no_code_uses_up_no_try(typed: str) -> None:
    talk = Talk().waiting_for_code()
    before = talk.case
    talk.says(typed)
    assert (talk.keys[0], talk.case, talk.last.erase) == ("error.code_format", before, True)
    talk.does(CODE).ends_well()


def test_a_question_is_answered_while_the_code_is_awaited() -> None:
    talk = Talk().waiting_for_code()
    talk.says("문자가 안 와요. 어떻게 해요?", question=True)
    assert [aside.kind for aside in talk.last.asides] == ["question"]
    assert not talk.last.erase
    talk.says(f"{CODE} 이거 맞나요?", question=True)
    assert (talk.case.proven, talk.last.erase) == (True, True)


def test_a_pause_says_until_when_and_a_code_comes_after_it() -> None:
    talk = Talk().consented().does(*FORM)
    talk.happens(Paused(talk.now + timedelta(minutes=10)))
    assert (talk.keys, tokens(talk.screen)) == (
        ["error.paused", "proof.wait"],
        ["again", "back", "human", "cancel"],
    )
    assert "12:10" in talk.reads()
    talk.passes(timedelta(minutes=10)).says(CODE)
    assert (talk.keys, talk.last.erase) == (["proof.none"], True)
    talk.does("[again]")
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


def test_a_proof_stands_while_fields_are_corrected() -> None:
    talk = Talk().reviewing().does("[edit]", "[edit:phone]", "010-9999-0000")
    assert talk.case.proven
    assert talk.case.proof
    assert talk.case.proof.customer == CUSTOMER


# --- results that come too late ---

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
RESULTS: dict[str, JobEvent] = {
    "code_sent": code_sent(NOW),
    "paused": Paused(NOW + SECOND),
    "approved": approved(NOW),
    "refused": Refused("R03"),
    "issued": issued(NOW),
    "delayed": Delayed(NOW + SECOND),
    "cancel": Abandoned(),
}


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("name", RESULTS)
def test_a_result_that_no_arrow_leads_from_changes_nothing(phase: Phase, name: str) -> None:
    talk = at(phase)
    before = talk.case
    talk.happens(RESULTS[name])
    if (phase, name) in ARROWS:
        assert talk.case.phase is ARROWS[phase, name][0]
    else:
        assert (talk.case, talk.last.show, talk.orders, talk.told) == (before, "leave", [], [])


@pytest.mark.parametrize("phase", list(Phase))
def test_a_lapse_of_another_code_or_of_files_changes_no_case(phase: Phase) -> None:
    talk = at(phase)
    before = talk.case
    for late in (CodeLapsed(b"another"), FilesLapsed()):
        talk.happens(late)
        assert (talk.case, talk.last.show) == (before, "leave")


def test_a_code_that_comes_after_cancelling_does_not_bring_the_case_back() -> None:
    talk = Talk().waiting_for_code().does("[cancel]", "[yes]")
    talk.happens(code_sent(talk.now))
    talk.happens(approved(talk.now))
    talk.happens(issued(talk.now))
    assert (talk.case.phase, talk.case.proof, talk.case.certificate) == (Phase.CANCELLED, None, None)


def test_a_delay_is_said_with_its_time_and_forgotten_with_the_answer() -> None:
    talk = Talk().submitted()
    talk.happens(Delayed(talk.now + timedelta(minutes=5)))
    assert talk.keys == ["card.deciding", "status.receipt", "card.delayed"]
    assert "12:05" in talk.reads()
    talk.happens(approved(talk.now))
    talk.does(PASSWORD)
    assert talk.keys == ["card.issuing", "status.receipt"]
    talk.happens(Delayed(talk.now + timedelta(minutes=5)))
    assert talk.keys[-1] == "card.delayed"
    talk.happens(issued(talk.now))
    talk.does("[received]")
    assert talk.case.phase is Phase.CLOSED


def test_who_does_not_go_on_for_days_is_told_that_all_is_erased() -> None:
    talk = Talk().waiting_for_code()
    talk.happens(Abandoned())
    assert (talk.case.phase, dict(talk.case.answers), talk.case.proof) == (Phase.CANCELLED, {}, None)
    assert talk.keys == ["card.abandoned", "card.cancelled"]


# --- what an ended case keeps ---


def test_a_case_with_its_certificate_keeps_no_answers() -> None:
    talk = Talk().has_certificate()
    assert (dict(talk.case.answers), talk.case.proof, talk.case.enrolment) == ({}, None, None)
    assert talk.case.customer == CUSTOMER
    assert talk.case.certificate
    assert talk.case.certificate.request_id == "c0ffee123456-1"


def test_a_proof_that_has_grown_old_is_renewed_before_anything_is_submitted() -> None:
    talk = Talk().reviewing().passes(CODE_LIFETIME + PROOF_LIFETIME)
    talk.taps("submit")
    assert (talk.case.phase, talk.case.submissions, talk.orders) == (Phase.SENDING, 0, ["send_code"])
    assert talk.screen.lines[0].key == "proof.stale"
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()
