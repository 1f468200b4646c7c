"""Serves the knowledge base to other programs: reads a JSON question per line, writes a JSON answer per line."""

import json
from typing import IO

from bot.knowledge.base import KnowledgeBase

MAX_RANKED = 10


def serve(stdin: IO[str], stdout: IO[str], kb: KnowledgeBase) -> None:
    """Answer until the input ends. An invalid line gets an `error`, and the next line is read."""
    for line in stdin:
        if line.strip():
            stdout.write(json.dumps(_answer(line, kb), ensure_ascii=False) + "\n")
            stdout.flush()


def _answer(line: str, kb: KnowledgeBase) -> dict[str, object]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"not JSON: {error}"}
    match request:
        case {"q": str(text), "lang": str(language)}:
            return _found(text, language, kb)
        case _:
            return {"error": "an object with the texts q and lang is required"}


def _found(text: str, language: str, kb: KnowledgeBase) -> dict[str, object]:
    finding = kb.find(text, language)
    ranked = [each.topic for each in finding.ranked[:MAX_RANKED]]
    return {"topic": finding.topic, "ranked": ranked, "score": round(finding.score, 4)}
