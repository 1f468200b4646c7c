from pathlib import Path

import pytest

from tests.judges.samples import Judge

pytestmark = pytest.mark.judge
PROGRAM = Path(__file__).with_name("Validate.java")


def test_the_jdk_tells_good_from_revoked(judge: Judge) -> None:
    result = judge("java", str(PROGRAM), "new", "long", "foreign", "old", "held", "stolen", "unspecified")
    if "compiler" in result.stderr:
        pytest.skip("the judge java is here without its compiler")
    assert result.returncode == 0, result.stderr
    assert dict(line.split() for line in result.stdout.splitlines()) == {
        "new": "VALID",
        "long": "VALID",
        "foreign": "VALID",
        "old": "REVOKED",
        "held": "REVOKED",
        "stolen": "REVOKED",
        "unspecified": "REVOKED",
    }
