"""How long a look-up in the knowledge base takes, what it holds up, and what it costs.

`python -m tests.bench.lookups [--rounds 3]` runs on one machine, one process at a time: absolute times are this
machine's, so a yardstick stands beside them (ten million additions in Python).
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from bot.core.workers import WorkerThreads
from bot.knowledge import KnowledgeBase
from bot.knowledge.articles import library
from bot.knowledge.articles.article import ArticleSource
from bot.knowledge.articles.library import LanguageArticles
from bot.knowledge.search import embeddings
from bot.knowledge.search.embeddings import Meaning
from bot.knowledge.search.search import phrases
from bot.messages.catalog import LANGUAGES
from tests.bench.meter import peak_mib, percentile_ms

ROOT = Path(__file__).parents[2]
EXAMS = ("noisy", "noisy_second", "noisy_abroad")
LONGEST = 4096
TICK_S = 0.001
FEW, MANY, PHRASINGS = 50, 5_000, 20


def queries() -> list[str]:
    files = (ROOT / "tests" / "unit" / "bot" / "knowledge" / f"{name}.jsonl" for name in EXAMS)
    lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return [json.loads(line)["q"] for line in lines]


def stories(asked: Sequence[str], rng: Random) -> list[str]:
    """Make messages of the greatest length: half of what people ask, half of letters in any order."""
    talk = [" ".join(rng.choices(asked, k=300))[:LONGEST] for _ in range(40)]
    letters = " ".join(asked)
    return [*talk, *("".join(rng.choices(letters, k=LONGEST)) for _ in range(40))]


def timed(work: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    spans = []
    for text in texts:
        began = time.perf_counter()
        work(text)
        spans.append(time.perf_counter() - began)
    return spans


def told(name: str, spans: Sequence[float], bar: float) -> None:
    shares = "".join(f"{percentile_ms(spans, share):9.1f}" for share in (0.5, 0.95, 0.99))
    sys.stdout.write(f"{name:44}{shares}{1e3 * max(spans):9.1f}   bar {bar:g}\n")


def yardstick() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - began


# --- how soon, and how big ---


def started() -> tuple[float, float]:
    """Return the seconds from the start of a process to its first answer, and the most memory it took (MiB)."""
    began = time.perf_counter()
    command = (sys.executable, "-m", "bot", "faq", "serve")
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b'{"q": "how much is it?", "lang": "en"}\n')
        process.stdin.flush()
        process.stdout.readline()
        ready = time.perf_counter() - began
        for text in queries():
            process.stdin.write(json.dumps({"q": text, "lang": "ko"}).encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
        most = peak_mib(process.pid)
        process.stdin.close()
    return ready, most


# --- what it holds up ---


async def lags(knowledge: KnowledgeBase, asked: Sequence[str], customers: int) -> list[float]:
    """Return how much later than it should a loop came back while so many customers ask on threads, as in the house."""
    spans: list[float] = []
    workers = WorkerThreads()
    asking = [asyncio.create_task(_asks(workers, knowledge, asked[at::customers])) for at in range(customers)]
    while not all(each.done() for each in asking):
        began = time.perf_counter()
        await asyncio.sleep(TICK_S)
        spans.append(time.perf_counter() - began - TICK_S)
    await asyncio.gather(*asking)
    workers.close()
    return spans


async def _asks(workers: WorkerThreads, knowledge: KnowledgeBase, texts: Sequence[str]) -> None:
    for text in texts:
        await workers.of(knowledge.beside, text)


# --- many articles ---


def grown(languages: Sequence[LanguageArticles], count: int, rng: Random) -> KnowledgeBase:
    """Make a knowledge base of so many made-up articles, from the words of ours; the head is of made-up vectors."""
    articles = languages[0]
    words = sorted({word for _, phrasing in phrases(languages) for word in phrasing.split()})
    pattern = next(iter(articles.entries.values()))
    entries = {f"topic-{number}": _entry(pattern, f"topic-{number}", words, rng) for number in range(count)}
    whole = [replace(articles, entries=entries, phrasings={}, titles={})]
    return KnowledgeBase(whole, _any_head(whole))


def _entry(pattern: ArticleSource, topic: str, words: Sequence[str], rng: Random) -> ArticleSource:
    phrasings = tuple(" ".join(rng.choices(words, k=rng.randrange(2, 7))) for _ in range(PHRASINGS))
    return replace(
        pattern,
        article=replace(pattern.article, topic=topic, question=phrasings[0], title=phrasings[1]),
        phrasings=phrasings,
    )


def _any_head(languages: Sequence[LanguageArticles]) -> Meaning:
    import numpy as np  # noqa: PLC0415 - nobody else here needs it

    model = embeddings.E5Encoder()
    size = model.encode(["how much is it?"]).shape[1]
    known = phrases(languages)
    labels = tuple(sorted({label for label, _ in known}))
    weights = np.random.default_rng(1).normal(size=(size, len(labels))).astype(np.float32)
    mean, bias = np.zeros(size, dtype=np.float32), np.zeros(len(labels), dtype=np.float32)
    return Meaning(
        model, embeddings.ClassifierHead(labels, mean, weights, bias, embeddings.fingerprint(known))
    )


def report(rounds: int) -> Iterator[None]:
    asked, rng = queries(), Random(1)
    sys.stdout.write(f"yardstick: ten million additions {yardstick():.2f} s; {os.cpu_count()} cores\n")
    for _ in range(rounds):
        ready, most = started()
        sys.stdout.write(f"first answer after {ready:.2f} s (bar 2), at most {most:.0f} MiB (bar 250)\n")
    knowledge = KnowledgeBase.load(meaning=embeddings.load())
    sys.stdout.write(f"{'ms':44}{'p50':>9}{'p95':>9}{'p99':>9}{'most':>9}\n")
    for _ in range(rounds):
        fresh = KnowledgeBase.load(meaning=embeddings.load())
        told(f"{len(asked)} questions", timed(partial(fresh.find, language=""), asked), 60)
        yield
    told("4,096 characters", timed(lambda text: knowledge.find(text, ""), stories(asked, rng)), 150)
    told("what else is asked for, whole story", timed(knowledge.beside, stories(asked, rng)), 150)
    knowledge.find(asked[0], "")
    told("asked before", timed(lambda text: knowledge.find(text, ""), asked[:1] * 1_000), 2)
    languages = library.load_languages(library.default_folder(), LANGUAGES, {})
    entries = [entry for each in languages for entry in each.entries.values()]
    known = [phrasing for entry in entries for phrasing in (entry.article.question, *entry.phrasings)]
    told(
        "just as an article has it",
        timed(lambda text: knowledge.find(text, ""), rng.sample(known, 400)),
        2,
    )
    for customers in (1, 8, 64):
        fresh = KnowledgeBase.load(meaning=embeddings.load())
        told(f"loop lag, {customers} asking at once", asyncio.run(lags(fresh, asked, customers)), 20)
    yield
    languages = library.load_languages(library.default_folder(), LANGUAGES, {})
    few, many = grown(languages, FEW, rng), grown(languages, MANY, rng)
    for number in range(rounds):
        part = asked[number::rounds]
        small, large = (
            timed(lambda text: few.find(text, ""), part),
            timed(lambda text: many.find(text, ""), part),
        )
        told(f"{FEW} articles", small, 0)
        told(f"{MANY} articles: {sum(large) / sum(small):.2f} × as long (bar 2)", large, 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    for _ in report(parser.parse_args().rounds):
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
