"""The small run of the years: every reminder once, or explained; and proof that a fault would be seen."""

from datetime import datetime

import pytest

from bot.reminders import service
from tests.bench.years import Town, problems


def lived(customers: int = 60, seed: int = 3) -> Town:
    local_telegram = Town(customers, 400, seed)
    local_telegram.live()
    return local_telegram


def test_four_hundred_days_without_a_problem() -> None:
    local_telegram = lived()
    assert problems(local_telegram) == {}
    assert {what.split()[-1] for each in local_telegram.customers for what, _ in each.told} == {
        "chat",
        "sms",
        "mail",
    }
    assert sum(len(each.told) for each in local_telegram.customers) > 200


@pytest.mark.parametrize(
    ("broken", "seen"),
    [
        (("by_day", lambda now: now), "told at night"),
        (("day_after", lambda now: now), "several on one day"),
        (("following", lambda *_: None), "never told of the last days"),
    ],
)
def test_a_fault_would_be_seen(broken: tuple[str, object], seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, *broken)
    assert problems(lived(200))[seen] > 0


def test_one_that_is_gone_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    come = service.Reminders.come

    def trusting(self: service.Reminders, tx: object, chat: object, turn: int, held: object, now: datetime) -> None:
        good = [each.__class__(each.serial, "good", each.not_before, each.not_after) for each in held]  # type: ignore[attr-defined]
        come(self, tx, chat, turn, good, now)  # type: ignore[arg-type]

    monkeypatch.setattr(service.Reminders, "come", trusting)
    assert problems(lived(200))["told of one revoked"] > 0
