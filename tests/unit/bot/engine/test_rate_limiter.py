"""A chat's share and everybody's: what is beyond is said once, and a pause gives the share back."""

import sqlite3
from datetime import datetime, timedelta

import pytest

from bot.engine import rate_limiter
from bot.engine.rate_limiter import DEFAULT_RATES, TOKENS_PER_DRAW, RateLimiter, Rates, Verdict
from bot.identity.limits import Limits, Rate
from bot.storage.sqlite import SqliteTransaction
from ca.ledger.vault import KeyRing, Vault
from tests.support.conversation import NOON

RATES = Rates(own=Rate(4, 24), shared=Rate(6, 36), overall=Rate(25, 60))
SECOND = timedelta(seconds=1)


class Process:
    """One of several that share a database."""

    def __init__(self, limits: Limits, connection: sqlite3.Connection, rates: Rates = RATES) -> None:
        self._limits, self._connection = limits, connection
        self.gate = RateLimiter(rates)

    def judges(self, lane: str = "chat:1", *, ahead: bool = False, now: datetime = NOON) -> Verdict:
        word = self.gate.judge(lane, now, ahead=ahead)
        if word != "short":
            return word
        tx = SqliteTransaction(self._connection)
        drawn = self._limits.draw(tx, f"flood {lane} {ahead}", self.gate.shared, TOKENS_PER_DRAW, now)
        return self.gate.drawn(drawn, lane, now, ahead=ahead)

    def judged(self, times: int, lane: str = "chat:1", *, ahead: bool = False, now: datetime = NOON) -> list[Verdict]:
        return [self.judges(lane, ahead=ahead, now=now) for _ in range(times)]


@pytest.fixture
def limits() -> Limits:
    return Limits(Vault(KeyRing.new()))


@pytest.fixture
def process(limits: Limits, connection: sqlite3.Connection) -> Process:
    return Process(limits, connection)


def test_beyond_its_share_a_chat_is_told_once(process: Process) -> None:
    assert process.judged(13) == ["pass"] * 10 + ["slow", "surplus", "surplus"]
    assert process.judged(1, "chat:2") == ["pass"]


def test_its_share_is_the_same_in_how_many_processes_it_writes(limits: Limits, connection: sqlite3.Connection) -> None:
    replicas = [Process(limits, connection) for _ in range(3)]

    words = [each.judges() for _ in range(20) for each in replicas]

    assert words.count("pass") == 3 * RATES.own.burst + RATES.shared.burst
    assert words.count("slow") == 1, "one of them says it"


def test_a_restart_gives_no_share_anew(limits: Limits, connection: sqlite3.Connection) -> None:
    Process(limits, connection).judged(11)
    assert Process(limits, connection).judged(5) == ["pass"] * 4 + ["surplus"]


def test_who_writes_as_people_do_costs_no_row(process: Process, connection: sqlite3.Connection) -> None:
    for number in range(100):
        assert process.judges(now=NOON + number * 3 * SECOND) == "pass"
    assert not connection.execute("SELECT * FROM limits").fetchall()


def test_a_flood_costs_a_row_for_every_ten_of_its_share(limits: Limits, connection: sqlite3.Connection) -> None:
    process = Process(limits, connection, Rates(own=Rate(4, 24), shared=Rate(60, 36)))
    changes = connection.total_changes
    assert set(process.judged(64)) == {"pass"}
    assert connection.total_changes - changes == 60 / TOKENS_PER_DRAW


def test_taps_have_a_share_of_their_own(process: Process) -> None:
    process.judged(20)
    assert process.judged(11, ahead=True) == ["pass"] * 10 + ["slow"]


def test_it_comes_back_with_time_and_is_told_anew_after_a_quiet_while_only(process: Process) -> None:
    process.judged(12)
    assert process.judged(3, now=NOON + SECOND) == ["surplus"] * 3, "it goes on, and was told"
    assert process.judged(3, now=NOON + 3 * SECOND) == ["pass", "pass", "surplus"]
    assert process.judged(11, now=NOON + 60 * SECOND) == ["pass"] * 10 + ["slow"]


def test_everybody_together_is_too_much_for_who_has_nothing_running(process: Process) -> None:
    for number in range(25):
        assert process.judged(1, f"chat:{number}") == ["pass"]
    assert process.judged(1, "chat:99") == ["crowded"]
    assert not process.gate.said("chat:99", NOON)
    assert process.gate.said("chat:99", NOON)
    assert process.judged(1, "chat:99", ahead=True) == ["pass"], "a tap costs little"


def test_staff_are_never_too_many() -> None:
    gate = RateLimiter(Rates(Rate(1, 1), Rate(1, 1), Rate(1, 1)), ["chat:-9"])
    assert {gate.judge("chat:-9", NOON, ahead=False) for _ in range(100)} == {"pass"}


def test_a_clock_that_jumps_back_gives_nothing(process: Process) -> None:
    process.judged(11)
    assert process.judged(1, now=NOON - timedelta(hours=1)) == ["surplus"]


def test_a_clock_that_was_ahead_keeps_nobody_out(process: Process) -> None:
    process.judged(12, now=NOON + timedelta(days=30))
    process.judged(12)
    assert process.judged(10, now=NOON + 60 * SECOND) == ["pass"] * 10


def test_what_is_remembered_is_bounded() -> None:
    gate = RateLimiter(RATES)
    for number in range(rate_limiter.MOST_CHATS + 500):
        gate.judge(f"chat:{number}", NOON, ahead=False)
    assert len(gate._chats) == rate_limiter.MOST_CHATS


def test_no_customer_types_as_fast_as_that() -> None:
    own, shared = DEFAULT_RATES.own, DEFAULT_RATES.shared
    assert own.per_minute + shared.per_minute >= 120
    assert own.burst + shared.burst >= 100, "a hundred messages can be forwarded at once"
