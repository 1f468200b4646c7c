"""Random histories: whatever is asked in whatever order, with crashes between, the promises hold."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ca import CaRefusal, Certificate, Reason, Record, Status
from tests.support.authority import HOLDER, Crash, SmallAuthority, copy_of, enrolment, order, request

STEPS = ["reserved", "linted", "signed", "compared", "stored"]
NUMBERS = st.integers(0, 3)


class Histories(RuleBasedStateMachine):
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        self.small_ca = SmallAuthority(copy_of(self.template, Path(self.scratch.name)))
        self.old = self.small_ca.old()
        self.given: dict[int, Certificate] = {}
        self.answers = Counter[str]()

    def teardown(self) -> None:
        self.small_ca.authority.close()
        self.scratch.cleanup()

    def records(self) -> tuple[Record, ...]:
        return self.small_ca.authority.certificates(HOLDER)

    def ask(self, call: object) -> object:
        try:
            answer = call()
        except CaRefusal as refusal:
            self.answers[refusal.code] += 1
            return None
        except Crash:
            self.small_ca.restart()
            return None
        return answer

    @rule(
        number=NUMBERS,
        target_newest=st.booleans(),
        dies_at=st.sampled_from([None, None, *STEPS]),
        key=NUMBERS,
    )
    def reissue(self, number: int, target_newest: bool, dies_at: str | None, key: int) -> None:
        serial = (self.records()[-1] if target_newest else self.records()[0]).serial
        given = self.ask(lambda: self.small_ca.authority.enrol(enrolment(f"e{number}", serial)))
        if given is None:
            return
        self.small_ca.restart(dies_at)
        made = self.ask(lambda: self.small_ca.authority.redeem(given.reference, given.code, request(key + 1)))
        self.small_ca.restart()
        if made is not None:
            assert self.given.setdefault(number, made) == made

    @rule(number=NUMBERS, index=NUMBERS)
    def hold(self, number: int, index: int) -> None:
        self.ask(lambda: self.small_ca.authority.hold(self.serial(index), f"h{number}"))

    @rule(number=NUMBERS, index=NUMBERS)
    def release(self, number: int, index: int) -> None:
        self.ask(lambda: self.small_ca.authority.release(self.serial(index), f"r{number}"))

    @rule(number=NUMBERS, index=NUMBERS, reason=st.sampled_from(Reason))
    def revoke(self, number: int, index: int, reason: Reason) -> None:
        self.ask(lambda: self.small_ca.authority.revoke(self.serial(index), reason, f"v{number}"))

    @rule(days=st.sampled_from([0.01, 1, 8, 200]))
    def wait(self, days: float) -> None:
        self.small_ca.clock.pass_(days=days)

    @rule()
    def order_again(self) -> None:
        assert self.small_ca.authority.issue(order()) == self.old

    def serial(self, index: int) -> int:
        records = self.records()
        return records[index % len(records)].serial

    @invariant()
    def at_most_one_of_a_lineage_lives(self) -> None:
        live = [record for record in self.records() if record.status in {Status.GOOD, Status.HOLD}]
        assert len(live) <= 1

    @invariant()
    def the_expiry_never_moves(self) -> None:
        assert {record.not_after for record in self.records()} == {self.old.not_after}

    @invariant()
    def one_certificate_a_request(self) -> None:
        requests = Counter(record.request_id for record in self.records())
        assert set(requests.values()) <= {1}

    @invariant()
    def the_audit_tells_the_state(self) -> None:
        assert self.small_ca.authority.verify_audit().problems == ()


def test_promises_hold_in_every_history(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Histories, "template", template, raising=False)
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
