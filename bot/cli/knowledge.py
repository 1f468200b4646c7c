"""`reissue-bot faq`: asks, serves, checks, evaluates and trains the knowledge base."""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bot.cli.register import in_transaction
from bot.core.clock import KST
from bot.knowledge import KnowledgeBase
from bot.knowledge.articles import library
from bot.knowledge.gaps import report
from bot.knowledge.search import embeddings, search
from bot.knowledge.search.vectors import VectorCache
from bot.knowledge.serve import serve
from bot.knowledge.training import evaluate, fit
from bot.knowledge.training.check import find_problems
from bot.messages.catalog import LANGUAGES
from bot.settings.settings import load

MAX_NICENESS = 19
MAX_TOPICS = 1_000
VECTORS_FILE = "vectors.npz"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    faq = commands.add_parser("faq", help="the knowledge base")
    actions = faq.add_subparsers(title="actions", required=True, metavar="ACTION")
    ask = actions.add_parser("ask", help="answer one question")
    ask.add_argument("question")
    ask.add_argument("--lang", default="ko", choices=LANGUAGES)
    ask.set_defaults(command=_ask)
    build = actions.add_parser("build", help="train the search again, after articles changed")
    build.add_argument("--articles", type=Path, metavar="DIR", help="the articles (default: as in the settings)")
    build.add_argument(
        "--to",
        type=Path,
        metavar="FILE",
        help="the classifier head (default: meaning.npz in the articles' folder)",
    )
    build.add_argument("--patiently", action="store_true", help="run at the lowest CPU priority")
    build.set_defaults(command=_build)
    check = actions.add_parser("check", help="list problems in the articles that an editor should fix")
    check.set_defaults(command=_check)
    measure = actions.add_parser("eval", help="measure the search on questions with known answers")
    measure.add_argument("file", type=Path, help='JSON lines: {"q","lang","topic","style"}, optionally "also"')
    measure.add_argument("--errors", action="store_true", help="show each question with a wrong result")
    measure.set_defaults(command=_eval)
    gaps = actions.add_parser("gaps", help="list topics with unanswered questions, or with answers that did not help")
    gaps.add_argument("--json", action="store_true", help="print a JSON line for each topic")
    gaps.set_defaults(command=_gaps)
    actions.add_parser("serve", help='JSON lines: {"q","lang"} in, {"topic","ranked","score"} out').set_defaults(
        command=_serve
    )


def _knowledge() -> KnowledgeBase:
    settings = load()
    facts = {"customer_centre": settings.bank.customer_centre}
    folders = [
        settings.storage.data_dir / "faq",
        *([settings.bank.articles] if settings.bank.articles else []),
    ]
    return KnowledgeBase.load(LANGUAGES, facts, root=settings.bank.articles, classifier=embeddings.load(*folders))


def _ask(arguments: argparse.Namespace) -> int:
    knowledge = _knowledge()
    finding = knowledge.find(arguments.question, arguments.lang)
    offered = dict.fromkeys((*knowledge.other_topics(arguments.question), *finding.offers))
    if finding.topic:
        article = knowledge.article(finding.topic, arguments.lang)
        sys.stdout.write(f"[{article.topic}] {article.question}\n{article.answer}\n")
    for topic in offered:
        sys.stdout.write(f"? [{topic}] {knowledge.article(topic, arguments.lang).question}\n")
    return 0 if finding.topic or offered else 1


def _build(arguments: argparse.Namespace) -> int:
    """Train the head; a running bot reloads it like a changed article. Exit with 1 if the model is not available."""
    if arguments.patiently:
        os.nice(MAX_NICENESS)
    settings = load()
    folder = arguments.articles or settings.bank.articles or Path(str(library.default_folder()))
    path = arguments.to or folder / embeddings.HEAD_FILE
    languages = library.load_languages(folder, LANGUAGES, {"customer_centre": settings.bank.customer_centre})
    try:
        encoder = embeddings.E5Encoder()
    except (ImportError, RuntimeError) as error:
        sys.stderr.write(f"reissue-bot: the model is not available on this machine: {error}\n")
        return 1

    def show_progress(done: int, total: int) -> None:
        sys.stderr.write(f"\r{done} of {total} phrasings")

    cache_file = (arguments.to.parent if arguments.to else settings.storage.data_dir / "faq") / VECTORS_FILE
    cache_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = search.phrases(languages)
    cache = VectorCache.read(cache_file, encoder.name)
    fit.build(known, encoder, show_progress, cache).write(path)
    cache.write(cache_file, [text for _, text in known])
    sys.stderr.write(f"\nwrote {path}\n")
    return 0


def _check(_arguments: argparse.Namespace) -> int:
    """Exit with 1 if there is a problem."""
    settings = load()
    facts = {"customer_centre": settings.bank.customer_centre}
    found = find_problems(facts=facts, today=datetime.now(KST).date(), root=settings.bank.articles)
    for each in found:
        sys.stdout.write(f"{each.file}: {each.why}\n" if each.file else f"{each.why}\n")
    return 1 if found else 0


def _eval(arguments: argparse.Namespace) -> int:
    evaluated = list(evaluate.evaluate(evaluate.read_queries(arguments.file), _knowledge()))
    groups = {"all": evaluate.compute_metrics(evaluated)}
    for key in ("language", "style"):
        groups |= evaluate.metrics_by(evaluated, key)
    names = ("top1", "ftop1", "top3", "wrong", "false_answer", "utility")
    header = "".join(f"{name:>13}" for name in names)
    sys.stdout.write(f"{'':16}{'in scope':>9}{'out of scope':>13}{header}\n")
    for group, metrics in groups.items():
        shares = "".join(f"{100 * getattr(metrics, name):12.1f}%" for name in names)
        sys.stdout.write(f"{group:16}{metrics.in_scope:9}{metrics.out_of_scope:13}{shares}\n")
    for expected, found, count in evaluate.confusions(evaluated)[:10]:
        sys.stdout.write(f"{count} × expected {expected}, found {found}\n")
    for each in evaluated if arguments.errors else ():
        if not each.is_correct:
            expected = ", ".join(sorted(each.query.expected)) or "no answer"
            sys.stdout.write(f"{each.query.text!r}: expected {expected}, got {each.topic} of {each.ranked}\n")
    return 0


def _gaps(arguments: argparse.Namespace) -> int:
    found = asyncio.run(in_transaction(load(), lambda tx: report(tx, MAX_TOPICS)))
    for gap in found:
        if arguments.json:
            sys.stdout.write(json.dumps(asdict(gap), ensure_ascii=False) + "\n")
            continue
        sys.stdout.write(
            f"{gap.topic}: no answer {gap.unanswered}, only an offer {gap.offered}, "
            f"did not help {gap.useless}, helped {gap.useful}\n"
        )
        sys.stdout.writelines(f"  nearest phrasing, {times} times: {text}\n" for text, times in gap.ways)
        if gap.words:
            words = ", ".join(f"{word} ({chats})" for word, chats in gap.words)
            sys.stdout.write(f"  words of several chats: {words}\n")
    if not found and not arguments.json:
        sys.stdout.write("there are no unanswered questions\n")
    return 0


def _serve(_arguments: argparse.Namespace) -> int:
    serve(sys.stdin, sys.stdout, _knowledge())
    return 0
