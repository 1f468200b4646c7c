"""`reissue-bot faq`: ask the knowledge base, or serve it as JSON lines."""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bot.cli.register import once
from bot.core.clock import KST
from bot.knowledge import KnowledgeBase
from bot.knowledge.articles import library
from bot.knowledge.gaps import report
from bot.knowledge.search import embeddings, search
from bot.knowledge.search.vectors import Vectors
from bot.knowledge.serve import serve
from bot.knowledge.training import evaluate, fit
from bot.knowledge.training.check import problems
from bot.messages.catalog import LANGUAGES
from bot.settings.settings import load

MOST_PATIENT = 19
MOST_GAPS = 1_000
VECTORS = "vectors.npz"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    faq = commands.add_parser("faq", help="the knowledge base")
    actions = faq.add_subparsers(title="actions", required=True, metavar="ACTION")
    ask = actions.add_parser("ask", help="answer one question")
    ask.add_argument("question")
    ask.add_argument("--lang", default="ko", choices=LANGUAGES)
    ask.set_defaults(command=_ask)
    build = actions.add_parser(
        "build", help="make the head upon the model's vectors anew, after articles changed"
    )
    build.add_argument(
        "--articles", type=Path, metavar="DIR", help="the articles; as the settings say if not given"
    )
    build.add_argument(
        "--to", type=Path, metavar="FILE", help="the head; meaning.npz beside the articles if not given"
    )
    build.add_argument(
        "--patiently", action="store_true", help="only with time that nobody else on the machine needs"
    )
    build.set_defaults(command=_build)
    check = actions.add_parser("check", help="say what a keeper of the articles should mend")
    check.set_defaults(command=_check)
    measure = actions.add_parser("eval", help="how well questions with known answers are found")
    measure.add_argument("file", type=Path, help='JSON lines: {"q","lang","topic","style"}, and "also"')
    measure.add_argument("--errors", action="store_true", help="show each that was not found")
    measure.set_defaults(command=_eval)
    gaps = actions.add_parser("gaps", help="which questions had no answer, or one that did not help")
    gaps.add_argument("--json", action="store_true", help="a JSON line for each topic")
    gaps.set_defaults(command=_gaps)
    actions.add_parser(
        "serve", help='JSON lines: {"q","lang"} in, {"topic","ranked","score"} out'
    ).set_defaults(command=_serve)


def _knowledge() -> KnowledgeBase:
    settings = load()
    facts = {"customer_centre": settings.bank.customer_centre}
    places = [settings.storage.data_dir / "faq", *([settings.bank.articles] if settings.bank.articles else [])]
    return KnowledgeBase.load(LANGUAGES, facts, root=settings.bank.articles, meaning=embeddings.load(*places))


def _ask(arguments: argparse.Namespace) -> int:
    knowledge = _knowledge()
    finding = knowledge.find(arguments.question, arguments.lang)
    offered = dict.fromkeys((*knowledge.beside(arguments.question), *finding.offers))
    if finding.topic:
        article = knowledge.article(finding.topic, arguments.lang)
        sys.stdout.write(f"[{article.topic}] {article.question}\n{article.answer}\n")
    for topic in offered:
        sys.stdout.write(f"? [{topic}] {knowledge.article(topic, arguments.lang).question}\n")
    return 0 if finding.topic or offered else 1


def _build(arguments: argparse.Namespace) -> int:
    """A running bot takes the new head up as it does a changed article. Exit 1 where the model cannot be had."""
    if arguments.patiently:
        os.nice(MOST_PATIENT)
    settings = load()
    folder = arguments.articles or settings.bank.articles or Path(str(library.home()))
    path = arguments.to or folder / embeddings.HEAD
    stock = library.shelves(folder, LANGUAGES, {"customer_centre": settings.bank.customer_centre})
    try:
        model = embeddings.E5()
    except (ImportError, RuntimeError) as error:
        sys.stderr.write(f"reissue-bot: the model cannot be had on this machine: {error}\n")
        return 1

    def told(done: int, of: int) -> None:
        sys.stderr.write(f"\r{done} of {of} ways of asking")

    kept = (arguments.to.parent if arguments.to else settings.storage.data_dir / "faq") / VECTORS
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = search.phrases(stock)
    vectors = Vectors.read(kept, model.name)
    fit.build(known, model, told, vectors).write(path)
    vectors.write(kept, [text for _, text in known])
    sys.stderr.write(f"\nwrote {path}\n")
    return 0


def _check(_arguments: argparse.Namespace) -> int:
    """Exit 1 if there is anything to mend."""
    settings = load()
    facts = {"customer_centre": settings.bank.customer_centre}
    found = problems(facts=facts, today=datetime.now(KST).date(), root=settings.bank.articles)
    for each in found:
        sys.stdout.write(f"{each.file}: {each.why}\n" if each.file else f"{each.why}\n")
    return 1 if found else 0


def _eval(arguments: argparse.Namespace) -> int:
    asked = list(evaluate.ask(evaluate.read_queries(arguments.file), _knowledge()))
    groups = {"all": evaluate.figures(asked), **evaluate.by(asked, "language"), **evaluate.by(asked, "style")}
    names = ("top1", "ftop1", "top3", "wrong", "false_answer", "utility")
    sys.stdout.write(f"{'':16}{'ours':>6}{'others':>7}" + "".join(f"{name:>13}" for name in names) + "\n")
    for group, told in groups.items():
        shares = "".join(f"{100 * getattr(told, name):12.1f}%" for name in names)
        sys.stdout.write(f"{group:16}{told.ours:6}{told.others:7}{shares}\n")
    for wanted, found, count in evaluate.confusions(asked)[:10]:
        sys.stdout.write(f"{count} × {wanted} taken for {found}\n")
    for each in asked if arguments.errors else ():
        if not each.is_right:
            wanted = ", ".join(sorted(each.query.right)) or "nobody"
            sys.stdout.write(f"{each.query.text!r}: wanted {wanted}, got {each.topic} of {each.ranked}\n")
    return 0


def _gaps(arguments: argparse.Namespace) -> int:
    found = asyncio.run(once(load(), lambda tx: report(tx, MOST_GAPS)))
    for gap in found:
        if arguments.json:
            sys.stdout.write(json.dumps(asdict(gap), ensure_ascii=False) + "\n")
            continue
        sys.stdout.write(
            f"{gap.topic}: not known {gap.unanswered}, only offered {gap.offered}, "
            f"did not help {gap.useless}, helped {gap.useful}\n"
        )
        sys.stdout.writelines(f"  nearest way of asking, {times} times: {way}\n" for way, times in gap.ways)
        if gap.words:
            told = ", ".join(f"{word} ({chats})" for word, chats in gap.words)
            sys.stdout.write(f"  words of several people: {told}\n")
    if not found and not arguments.json:
        sys.stdout.write("no question was left open\n")
    return 0


def _serve(_arguments: argparse.Namespace) -> int:
    serve(sys.stdin, sys.stdout, _knowledge())
    return 0
