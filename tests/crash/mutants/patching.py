"""How a bug is planted: one piece of the bot is replaced in the process that has it."""

from collections.abc import Callable

from bot.storage import postgres
from bot.storage.queries import queries

Mutant = Callable[[], None]


def rewrite(query: str, old: str, new: str) -> None:
    """Change a named query; raise if the text to replace is not in it."""
    text = queries()[query]
    if old not in text:
        raise ValueError(f"{query} has no {old!r} in it any more")
    queries()[query] = text.replace(old, new)
    postgres.translated.cache_clear()


def named(*mutants: Mutant) -> dict[str, Mutant]:
    return {each.__name__: each for each in mutants}
