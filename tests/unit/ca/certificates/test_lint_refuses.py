"""What the lint finds is refused before anything is kept: the code is still good, and nobody's way is blocked."""

import pytest

from ca import CaRefusal, Status
from ca.certificates import lint
from tests.support.authority import HOLDER, SmallAuthority, enrolment, request


def test_a_finding_burns_no_code(small_ca: SmallAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    given = small_ca.authority.enrol(enrolment())
    with monkeypatch.context() as patch:
        patch.setattr(lint, "findings", lambda *_arguments: ["serial_too_long"])
        with pytest.raises(CaRefusal, match="lint"):
            small_ca.authority.redeem(given.reference, given.code, request(1))
    assert small_ca.authority.certificates(HOLDER) == ()
    small_ca.authority.redeem(given.reference, given.code, request(1))
    assert [each.status for each in small_ca.authority.certificates(HOLDER)] == [Status.GOOD]
    assert small_ca.authority.verify_audit().ok
