"""Classic bugs. Each replaces one piece of the bot; a harness that finds none of them proves nothing.

Each mutant works as long as nothing goes wrong.
"""

from tests.crash.mutants import issuing, jobs, leaks, sending, transactions, updates

MUTANTS = {
    **updates.MUTANTS,
    **transactions.MUTANTS,
    **jobs.MUTANTS,
    **sending.MUTANTS,
    **issuing.MUTANTS,
    **leaks.MUTANTS,
}


def plant(name: str | None) -> None:
    if name is not None:
        MUTANTS[name]()
