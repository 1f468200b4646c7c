from collections.abc import Callable, Iterator

import pytest

TOLD = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TOLD] = []


@pytest.fixture
def report(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[str], None]]:
    """Print what was measured, whether the test passes or not."""
    told: list[str] = []
    yield told.append
    with capsys.disabled():
        for each in told:
            print(f"\n[{request.node.name}] {each}")
    request.node.add_report_section("call", "measured", "\n".join(told))
