"""Classic bugs, each planted by replacing one piece of the house; a harness that misses one proves nothing.

Every one of them works as long as nothing goes wrong.
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
