"""What the lint finds is refused before anything is kept: the code is still good, and nobody's way is blocked."""

import pytest

from ca import CaRefusal, Status
from ca.certificates import lint
from tests.support.authority import HOLDER, SmallAuthority, enrolment, request


def test_a_finding_burns_no_code(bureau: SmallAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    given = bureau.authority.enrol(enrolment())
    with monkeypatch.context() as patch:
        patch.setattr(lint, "findings", lambda *_arguments: ["serial_too_long"])
        with pytest.raises(CaRefusal, match="lint"):
            bureau.authority.redeem(given.reference, given.code, request(1))
    assert bureau.authority.certificates(HOLDER) == ()
    bureau.authority.redeem(given.reference, given.code, request(1))
    assert [each.status for each in bureau.authority.certificates(HOLDER)] == [Status.GOOD]
    assert bureau.authority.verify_audit().ok
