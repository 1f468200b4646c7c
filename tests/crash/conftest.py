from collections.abc import Callable

import pytest


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Attach measurements to the test's report, so that the summary prints them whatever worker ran the test."""

    def tell(text: str) -> None:
        request.node.add_report_section("call", "measured", text)

    return tell
