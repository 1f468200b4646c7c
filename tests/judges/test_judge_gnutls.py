import pytest

from tests.judges.samples import Judge

pytestmark = pytest.mark.judge


def test_gnutls_verifies_the_chain(judge: Judge) -> None:
    judge("certtool", "--version")
    result = judge("sh", "-c", "cat new.pem issuing.pem root.pem > chain.pem && certtool --verify-chain < chain.pem")
    assert result.returncode == 0, result.stdout + result.stderr
