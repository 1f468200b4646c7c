from collections.abc import Callable

import pytest


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep what was measured with the test's own report: the summary prints it, whatever worker ran the test."""

    def tell(text: str) -> None:
        request.node.add_report_section("call", "measured", text)

    return tell
