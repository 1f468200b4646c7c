"""What holds for every test: in CI nothing is skipped, because CI installs what the tests ask for."""

import os

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("NOTHING_SKIPPED"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for each in skipped:
            reporter.write_line(f"skipped, but nothing may be here: {each.nodeid}", red=True)
