"""What holds for every test: in CI nothing is skipped, because CI installs what the tests ask for."""

import os

import pytest

#: Each takes longer than all others of its folder together: begun last, one worker would run alone for minutes.
LONGEST = ("test_every_await.py", "test_kill.py", "test_mutants.py", "test_every_cancelled_await.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(LONGEST)))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("NOTHING_SKIPPED"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for each in skipped:
            reporter.write_line(f"skipped, but nothing may be here: {each.nodeid}", red=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the crash tests measured; workers send it along with their reports."""
    for each in terminalreporter.stats.get("passed", []):
        for title, content in each.sections:
            if "measured" in title:
                terminalreporter.write_line(f"{each.nodeid.rpartition('/')[2]}: {content}")
