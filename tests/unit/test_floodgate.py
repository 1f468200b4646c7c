"""A chat's share and everybody's: what is beyond is said once, and a pause gives the share back."""

from datetime import timedelta

from bot import floodgate
from bot.floodgate import DEFAULT_RATES, Floodgate, Rate, Rates
from tests.support.talk import NOON

RATES = Rates(chat=Rate(10, 60), overall=Rate(25, 60))
SECOND = timedelta(seconds=1)


def judged(gate: Floodgate, times: int, lane: str = "chat:1", *, ahead: bool = False) -> list[str]:
    return [gate.judge(lane, NOON, ahead=ahead) for _ in range(times)]


def test_beyond_its_share_a_chat_is_told_once() -> None:
    gate = Floodgate(RATES)
    assert judged(gate, 13) == ["pass"] * 10 + ["slow", "surplus", "surplus"]
    assert judged(gate, 1, "chat:2") == ["pass"]


def test_taps_have_a_share_of_their_own() -> None:
    gate = Floodgate(RATES)
    judged(gate, 20)
    assert judged(gate, 11, ahead=True) == ["pass"] * 10 + ["slow"]


def test_it_comes_back_with_time_and_is_told_anew_after_a_quiet_while_only() -> None:
    gate = Floodgate(RATES)
    judged(gate, 12)
    assert gate.judge("chat:1", NOON + SECOND, ahead=False) == "pass"
    assert gate.judge("chat:1", NOON + SECOND, ahead=False) == "surplus", "it goes on, and was told"
    later = [gate.judge("chat:1", NOON + 60 * SECOND, ahead=False) for _ in range(11)]
    assert later == ["pass"] * 10 + ["slow"]


def test_everybody_together_is_too_much_for_who_has_nothing_running() -> None:
    gate = Floodgate(RATES)
    for number in range(25):
        assert judged(gate, 1, f"chat:{number}") == ["pass"]
    assert judged(gate, 1, "chat:99") == ["crowded"]
    assert not gate.said("chat:99", NOON)
    assert gate.said("chat:99", NOON)
    assert judged(gate, 1, "chat:99", ahead=True) == ["pass"], "a tap costs little"


def test_staff_are_never_too_many() -> None:
    gate = Floodgate(Rates(Rate(1, 1), Rate(1, 1)), ["chat:-9"])
    assert set(judged(gate, 100, "chat:-9")) == {"pass"}


def test_a_clock_that_jumps_back_gives_nothing() -> None:
    gate = Floodgate(RATES)
    judged(gate, 11)
    assert gate.judge("chat:1", NOON - timedelta(hours=1), ahead=False) == "surplus"


def test_what_is_remembered_is_bounded() -> None:
    gate = Floodgate(RATES)
    for number in range(floodgate.MOST_CHATS + 500):
        gate.judge(f"chat:{number}", NOON, ahead=False)
    assert len(gate._chats) == floodgate.MOST_CHATS


def test_no_customer_types_as_fast_as_that() -> None:
    assert DEFAULT_RATES.chat.per_minute >= 120
    assert DEFAULT_RATES.chat.burst >= 100, "a hundred messages can be forwarded at once"
