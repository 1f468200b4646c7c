"""Measures searches in the knowledge base: their time, the delay of the event loop, and the memory.

`python -m tests.bench.lookups [--rounds 3]` uses one machine and one process at a time. Times depend on the machine, so
a reference time is printed as well (ten million additions in Python).
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
from bot.knowledge.search.embeddings import TopicClassifier
from bot.knowledge.search.search import phrases
from bot.messages.catalog import LANGUAGES
from tests.bench.meter import peak_mib, percentile_ms

ROOT = Path(__file__).parents[2]
EVALUATION_FILES = ("noisy", "noisy_second", "noisy_abroad")
MAX_LENGTH = 4096
TICK_SECONDS = 0.001
FEW, MANY, PHRASINGS = 50, 5_000, 20


def queries() -> list[str]:
    files = (ROOT / "tests" / "unit" / "bot" / "knowledge" / f"{name}.jsonl" for name in EVALUATION_FILES)
    lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return [json.loads(line)["q"] for line in lines]


def stories(asked: Sequence[str], rng: Random) -> list[str]:
    """Return messages of the maximal length: half of them real questions, half random characters."""
    real = [" ".join(rng.choices(asked, k=300))[:MAX_LENGTH] for _ in range(40)]
    letters = " ".join(asked)
    return [*real, *("".join(rng.choices(letters, k=MAX_LENGTH)) for _ in range(40))]


def timed(work: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    spans = []
    for text in texts:
        began = time.perf_counter()
        work(text)
        spans.append(time.perf_counter() - began)
    return spans


def print_times(name: str, spans: Sequence[float], limit: float) -> None:
    shares = "".join(f"{percentile_ms(spans, share):9.1f}" for share in (0.5, 0.95, 0.99))
    sys.stdout.write(f"{name:44}{shares}{1e3 * max(spans):9.1f}   limit {limit:g}\n")


def reference_time() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - began


# --- start and memory ---


def start_and_search() -> tuple[float, float]:
    """Return the seconds from the start of a process to its first answer, and its peak memory (MiB)."""
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
        peak = peak_mib(process.pid)
        process.stdin.close()
    return ready, peak


# --- delay of the event loop ---


async def lags(knowledge: KnowledgeBase, asked: Sequence[str], customers: int) -> list[float]:
    """Return the delays of the event loop while so many customers search on worker threads, as in the bot."""
    spans: list[float] = []
    workers = WorkerThreads()
    tasks = [asyncio.create_task(_search_all(workers, knowledge, asked[at::customers])) for at in range(customers)]
    while not all(each.done() for each in tasks):
        began = time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        spans.append(time.perf_counter() - began - TICK_SECONDS)
    await asyncio.gather(*tasks)
    workers.close()
    return spans


async def _search_all(workers: WorkerThreads, knowledge: KnowledgeBase, texts: Sequence[str]) -> None:
    for text in texts:
        await workers.of(knowledge.other_topics, text)


# --- many articles ---


def random_knowledge_base(languages: Sequence[LanguageArticles], count: int, rng: Random) -> KnowledgeBase:
    """Return a knowledge base of random articles from the words of the real ones, with a random classifier head."""
    articles = languages[0]
    words = sorted({word for _, phrasing in phrases(languages) for word in phrasing.split()})
    pattern = next(iter(articles.entries.values()))
    entries = {f"topic-{number}": _entry(pattern, f"topic-{number}", words, rng) for number in range(count)}
    grown = [replace(articles, entries=entries, phrasings={}, titles={})]
    return KnowledgeBase(grown, _random_head(grown))


def _entry(pattern: ArticleSource, topic: str, words: Sequence[str], rng: Random) -> ArticleSource:
    phrasings = tuple(" ".join(rng.choices(words, k=rng.randrange(2, 7))) for _ in range(PHRASINGS))
    return replace(
        pattern,
        article=replace(pattern.article, topic=topic, question=phrasings[0], title=phrasings[1]),
        phrasings=phrasings,
    )


def _random_head(languages: Sequence[LanguageArticles]) -> TopicClassifier:
    import numpy as np  # noqa: PLC0415 - only this function needs it

    model = embeddings.E5Encoder()
    size = model.encode(["how much is it?"]).shape[1]
    known = phrases(languages)
    labels = tuple(sorted({label for label, _ in known}))
    weights = np.random.default_rng(1).normal(size=(size, len(labels))).astype(np.float32)
    mean, bias = np.zeros(size, dtype=np.float32), np.zeros(len(labels), dtype=np.float32)
    return TopicClassifier(model, embeddings.ClassifierHead(labels, mean, weights, bias, embeddings.fingerprint(known)))


def report(rounds: int) -> Iterator[None]:
    asked, rng = queries(), Random(1)
    sys.stdout.write(f"reference: ten million additions {reference_time():.2f} s; {os.cpu_count()} cores\n")
    for _ in range(rounds):
        ready, peak = start_and_search()
        sys.stdout.write(f"first answer after {ready:.2f} s (limit 2), peak {peak:.0f} MiB (limit 250)\n")
    knowledge = KnowledgeBase.load(classifier=embeddings.load())
    sys.stdout.write(f"{'ms':44}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}\n")
    for _ in range(rounds):
        fresh = KnowledgeBase.load(classifier=embeddings.load())
        print_times(f"{len(asked)} questions", timed(partial(fresh.find, language=""), asked), 60)
        yield
    print_times("4,096 characters", timed(lambda text: knowledge.find(text, ""), stories(asked, rng)), 150)
    print_times("other topics, 4,096 characters", timed(knowledge.other_topics, stories(asked, rng)), 150)
    knowledge.find(asked[0], "")
    print_times("cached", timed(lambda text: knowledge.find(text, ""), asked[:1] * 1_000), 2)
    languages = library.load_languages(library.default_folder(), LANGUAGES, {})
    entries = [entry for each in languages for entry in each.entries.values()]
    known = [phrasing for entry in entries for phrasing in (entry.article.question, *entry.phrasings)]
    print_times(
        "exact phrasing",
        timed(lambda text: knowledge.find(text, ""), rng.sample(known, 400)),
        2,
    )
    for customers in (1, 8, 64):
        fresh = KnowledgeBase.load(classifier=embeddings.load())
        print_times(f"event loop delay, {customers} at once", asyncio.run(lags(fresh, asked, customers)), 20)
    yield
    languages = library.load_languages(library.default_folder(), LANGUAGES, {})
    few, many = random_knowledge_base(languages, FEW, rng), random_knowledge_base(languages, MANY, rng)
    for number in range(rounds):
        part = asked[number::rounds]
        small, large = (
            timed(lambda text: few.find(text, ""), part),
            timed(lambda text: many.find(text, ""), part),
        )
        print_times(f"{FEW} articles", small, 0)
        print_times(f"{MANY} articles: {sum(large) / sum(small):.2f} × as long (limit 2)", large, 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    for _ in report(parser.parse_args().rounds):
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
