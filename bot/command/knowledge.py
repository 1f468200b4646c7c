"""`reissue-bot faq`: ask the knowledge base, or serve it as JSON lines."""

import argparse
import sys

from bot.faq import KnowledgeBase
from bot.faq.serve import serve
from bot.settings import load
from bot.words import LANGUAGES


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    faq = commands.add_parser("faq", help="the knowledge base")
    actions = faq.add_subparsers(title="actions", required=True, metavar="ACTION")
    ask = actions.add_parser("ask", help="answer one question")
    ask.add_argument("question")
    ask.add_argument("--lang", default="ko", choices=LANGUAGES)
    ask.set_defaults(command=_ask)
    actions.add_parser(
        "serve", help='JSON lines: {"q","lang"} in, {"topic","ranked","score"} out'
    ).set_defaults(command=_serve)


def _knowledge() -> KnowledgeBase:
    return KnowledgeBase.load(LANGUAGES, {"customer_centre": load().customer_centre})


def _ask(arguments: argparse.Namespace) -> int:
    knowledge = _knowledge()
    finding = knowledge.find(arguments.question, arguments.lang)
    topics = [finding.topic] if finding.topic else list(finding.offers)
    for topic in topics:
        article = knowledge.article(topic, arguments.lang)
        text = article.answer if finding.topic else article.question
        sys.stdout.write(
            f"[{topic}] {article.question}\n{text}\n" if finding.topic else f"? [{topic}] {text}\n"
        )
    return 0 if topics else 1


def _serve(_arguments: argparse.Namespace) -> int:
    serve(sys.stdin, sys.stdout, _knowledge())
    return 0
