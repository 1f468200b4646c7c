"""The knowledge base for other programs: one JSON question a line in, one JSON answer a line out."""

import json
from typing import IO

from bot.knowledge.base import KnowledgeBase

SHOWN = 10


def serve(stdin: IO[str], stdout: IO[str], kb: KnowledgeBase) -> None:
    """Answer until the input ends. A line that is no question gets an `error`, and the next is read."""
    for line in stdin:
        if line.strip():
            stdout.write(json.dumps(_answer(line, kb), ensure_ascii=False) + "\n")
            stdout.flush()


def _answer(line: str, kb: KnowledgeBase) -> dict[str, object]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"not JSON: {error}"}
    match asked:
        case {"q": str(text), "lang": str(language)}:
            return _found(text, language, kb)
        case _:
            return {"error": "wanted an object with texts q and lang"}


def _found(text: str, language: str, kb: KnowledgeBase) -> dict[str, object]:
    finding = kb.find(text, language)
    ranked = [match.topic for match in finding.ranked[:SHOWN]]
    return {"topic": finding.topic, "ranked": ranked, "score": round(finding.score, 4)}
