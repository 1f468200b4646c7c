import threading
from collections import Counter
from collections.abc import Callable

from ca import CaRefusal, Certificate, Status
from tests.support.authority import HOLDER, SmallAuthority, enrolment, key, order, request


def together(*calls: Callable[[], object]) -> list[object]:
    """Run the calls at the same moment; refusals come back as values."""
    start, answers = threading.Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        start.wait()
        try:
            answers.append(call())
        except CaRefusal as refusal:
            answers.append(str(refusal))

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def two(small_ca: SmallAuthority) -> tuple[SmallAuthority, SmallAuthority]:
    """The same authority, opened a second time as another process would."""
    return small_ca, SmallAuthority(small_ca.folder, small_ca.clock)


def test_of_many_keys_for_one_code_one_wins(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    given = small_ca.authority.enrol(enrolment(replaces=old.serial))
    requests = [request(number) for number in range(1, 7)]
    here, there = two(small_ca)

    def redeem(number: int) -> Callable[[], Certificate]:
        authority = (here if number % 2 else there).authority
        return lambda: authority.redeem(given.reference, given.code, requests[number])

    answers = together(*(redeem(number) for number in range(6)))
    won = [answer for answer in answers if isinstance(answer, Certificate)]
    assert len(won) == 1
    assert Counter(answer for answer in answers if isinstance(answer, str)) == {"R10 reason=used": 5}
    assert [record.status for record in here.authority.certificates(HOLDER)] == [Status.REVOKED, Status.GOOD]
    assert here.authority.verify_audit().ok
    there.authority.close()


def test_the_same_key_many_times_is_one_certificate(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment(replaces=small_ca.old().serial))
    here, there = two(small_ca)
    asked = request(1)
    answers = together(
        *(lambda side=side: side.authority.redeem(given.reference, given.code, asked) for side in (here, there) * 4)
    )
    assert len(set(answers)) == 1
    assert len(here.authority.certificates(HOLDER)) == 2
    there.authority.close()


def test_many_orders_at_once_are_all_issued(small_ca: SmallAuthority) -> None:
    here, there = two(small_ca)
    key(0)
    calls = [lambda n=n: (here if n % 2 else there).authority.issue(order(f"r{n}")) for n in range(24)]
    serials = {answer.serial for answer in together(*calls)}
    assert len(serials) == 24
    assert here.authority.verify_audit().ok
    there.authority.close()


def test_of_two_enrolments_racing_for_one_old_certificate_one_wins(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    given = [small_ca.authority.enrol(enrolment(f"e{n}", old.serial)) for n in range(2)]
    asked = [request(1), request(2)]
    here, there = two(small_ca)
    answers = together(
        lambda: here.authority.redeem(given[0].reference, given[0].code, asked[0]),
        lambda: there.authority.redeem(given[1].reference, given[1].code, asked[1]),
    )
    assert sum(isinstance(answer, Certificate) for answer in answers) == 1
    assert any(str(answer).startswith("R06") for answer in answers)
    assert [record.status for record in here.authority.certificates(HOLDER)] == [Status.REVOKED, Status.GOOD]
    assert here.authority.verify_audit().ok
    there.authority.close()


def test_one_hold_among_many_asking(small_ca: SmallAuthority) -> None:
    serial = small_ca.old().serial
    answers = together(*(lambda n=n: small_ca.authority.hold(serial, f"h{n}") for n in range(5)))
    assert sum(isinstance(answer, str) and answer.startswith("R07") for answer in answers) == 4
    assert small_ca.authority.verify_audit().ok
