"""The gate of the catalogs: every word is there in every language, none is left over, and every screen can be shown.

It is run alone in a second: `.venv/bin/python -m pytest -n 0 tests/unit/project/test_catalogs.py`.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.conversation import reissue
from bot.conversation.case import Phase
from bot.conversation.events import CertificateChecked
from bot.conversation.flow import Check, Choice, Text
from bot.conversation.input.forbidden import FileKind, Kind
from bot.conversation.refusals import REFUSALS
from bot.conversation.turns.lookups import DEVICES
from bot.issuing.certificate_reader import AUTHORITIES
from bot.issuing.port import Purpose, Shown, Status
from bot.messages.catalog import LANGUAGES, read_catalog
from bot.messages.particles import form
from bot.messages.screen import Line, Screen
from bot.reminders.menu import CHANNELS
from bot.reminders.menu import RESULTS as WHERE
from ca.files.certificate import purposes
from handlers.telegram.commands import COMMANDS, STAFF_COMMANDS
from handlers.telegram.render import render, write_token
from tests.support.conversation import NOON, WORDS, Talk, at, refused

ROOT = Path(__file__).parents[3]
MOST_UNITS = 4096
DAY = timedelta(days=1)
MOST_SMS_BYTES = 90  # what one Korean text message holds, in EUC-KR
PLACE = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
SOURCES = sorted(path for room in ("bot", "handlers") for path in (ROOT / room).rglob("*.py"))


@cache
def catalog(language: str) -> Catalog:
    path = files("locales").joinpath(language, "LC_MESSAGES", "messages.po")
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def messages(language: str) -> dict[str, str]:
    return dict(read_catalog(language))


KEYS = messages("ko").keys() | messages("en").keys()
PREFIXES = {key.partition(".")[0] for key in KEYS}


# --- which keys the code names ---


@cache
def named() -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys that stand in the code as they are, and those with gaps, as `refusal.{}`."""
    found: set[str] = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {id(each) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for each in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                found.add("".join(_piece(each) for each in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
                found.add(node.value)
    shaped = {key for key in found if re.fullmatch(r"[a-z]+(\.[A-Za-z0-9_{}]+)+", key)}
    ours = {key for key in shaped if key.partition(".")[0] in PREFIXES and not key.endswith((".zip", ".toml", ".csv"))}
    return frozenset(key for key in ours if "{" not in key), frozenset(key for key in ours if "{" in key)


def _piece(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


def errors() -> set[str]:
    """Return what parsers and the password's rules refuse with."""
    found = set()
    for name in ("parse", "password"):
        for node in ast.walk(
            ast.parse((ROOT / "bot" / "conversation" / "input" / f"{name}.py").read_text(encoding="utf-8"))
        ):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                found |= {str(each.value) for each in node.args if isinstance(each, ast.Constant)}
            elif isinstance(node, ast.Constant) and re.fullmatch(r"password_[a-z]+", str(node.value)):
                found.add(str(node.value))
    return found


STEPS = {step.id for step in reissue.STEPS}
CHECKS = [step for step in reissue.STEPS if isinstance(step, Check)]
OWN_CARDS = {Phase.ASKING, Phase.PROVING, Phase.ENROLLED, Phase.REFUSED}
RESULTS = {"issued", "refused"}
REMINDERS = {"days", "tomorrow", "today", "past", "backup", "password"}
#: What fills the gaps of a key with gaps: every such key in the code must stand here.
GAPS: dict[str, set[str]] = {
    "card.{}": {str(phase) for phase in Phase if phase not in OWN_CARDS},
    "check.elsewhere.{}": {"new", "reissue", "renew"},
    "check.holder.{}": {each.holder for each in purposes().values()},
    "check.issuer.{}": {*AUTHORITIES, "other", "ours"},
    "check.scope.{}": {each.scope for each in purposes().values()},
    "check.{}": {"away", "unknown"},
    "command.{}": {*COMMANDS, *STAFF_COMMANDS},
    "confirm.{}": {"cancel", "restart"},
    "confirm.{}.no": {"cancel", "restart"},
    "confirm.{}.yes": {"cancel", "restart"},
    "bounced.{}": {"sms", "mail"},
    "delivery.of.{}.row": {*RESULTS, "approved"},
    "delivery.{}.row": {"sent", "waiting", "later", "again", "blocked", "bounced", "dead"},
    "delivery.{}.{}": {f"{taken}.{each}" for taken in ("way", "instead") for each in CHANNELS},
    "error.{}": errors(),
    "faq.{}": {"useful", "useless"},
    "files.caption.{}": {"zip", "p12", "ics"},
    "flood.{}": {"slow", "crowded"},
    "forbidden.{}": {*get_args(Kind), *get_args(FileKind)},
    "install.device.{}": set(DEVICES),
    "install.{}": set(DEVICES),
    "language.{}": set(LANGUAGES),
    "mail.{}": RESULTS,
    "mail.{}.subject": RESULTS,
    "mycert.status.{}": set(get_args(Status)),
    "phase.{}": {str(phase) for phase in Phase},
    "proof.sent.{}": {"sms", "mail"},
    "refusal.{}": set(REFUSALS),
    "reissue.ask.{}": STEPS,
    "reissue.ending.{}": {ending.id for ending in reissue.ENDINGS},
    "reissue.ending.{}.date": {"new", "renew"},
    "reissue.field.{}": {
        *reissue.FIELDS, *(step.id for step in reissue.STEPS if step.counted or isinstance(step, Text)),
    },
    "reissue.help.{}": STEPS,
    "reissue.id_type.{}": set(reissue.ID_TYPES),
    "reissue.what.{}": {item for step in CHECKS for item in step.items},
    "reissue.{}.{}": {
        f"{step.id}.{each}"
        for step in reissue.STEPS
        if isinstance(step, Choice | Text)
        for each in step.options
    },
    "reissue.{}.{}.{}": {
        f"{step.id}.{item}.{state}"
        for step in CHECKS
        for item, state in product(step.items, ("open", "ticked"))
    },
    "remind.ask.{}": {"lead", "hour", "channel", "results"},
    "remind.channel.{}": set(CHANNELS),
    "remind.results.{}": set(WHERE),
    "remind.{}": REMINDERS,
    "staff.case.{}": {"waiting", "approved", "issued", "refused"},
    "sms.{}": {*RESULTS, *(f"remind.{each}" for each in REMINDERS)},
}  # fmt: skip


def filled(key: str) -> set[str]:
    gap = re.search(r"\{\}(?:\.\{\})*", key)
    assert gap
    return {key[: gap.start()] + each + key[gap.end() :] for each in GAPS[key]}


def used() -> set[str]:
    return set(named()[0]).union(*(filled(key) for key in GAPS))


def test_every_key_with_gaps_is_known_here() -> None:
    patterns = named()[1]
    assert patterns - set(GAPS) == set(), "say in GAPS what fills them"
    assert set(GAPS) - patterns == set(), "no code names these any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_missing(language: str) -> None:
    assert sorted(used() - messages(language).keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_left_over(language: str) -> None:
    assert sorted(messages(language).keys() - used()) == []


# --- the catalogs themselves ---


def test_every_language_that_is_there_is_offered() -> None:
    folders = {path.parts[-3] for path in (ROOT / "locales").glob("*/LC_MESSAGES/messages.po")}
    assert folders == set(LANGUAGES)
    for language in LANGUAGES:
        assert f"language.{language}" in KEYS


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_are_sorted_translated_and_settled(language: str) -> None:
    entries = [message for message in catalog(language) if message.id]
    keys = [str(message.id) for message in entries]
    assert keys == sorted(keys)
    assert len(keys) == len(set(keys))
    assert [message.id for message in entries if not str(message.string).strip()] == []
    assert [message.id for message in entries if message.fuzzy] == []
    assert list(catalog(language).obsolete) == []


@pytest.mark.parametrize("key", sorted(KEYS))
def test_parameters_are_the_same_in_every_language(key: str) -> None:
    found = {language: frozenset(name for name, _ in PLACE.findall(messages(language)[key])) for language in LANGUAGES}
    assert len(set(found.values())) == 1, found


def test_particles_are_korean_and_known() -> None:
    for language in LANGUAGES:
        for key, text in messages(language).items():
            for _, particle in PLACE.findall(text):
                assert not particle or (language == "ko" and form("은행", particle)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_markup_is_balanced(language: str) -> None:
    for key, text in messages(language).items():
        rest = re.sub(r"\*\*(.+?)\*\*|`(.+?)`", "", text, flags=re.DOTALL)
        assert "**" not in rest, key
        assert "`" not in rest, key
        assert not re.search(r"<[a-z/]+>", rest), f"{key}: markup of another kind"
        assert "{" not in PLACE.sub("", text), key
        assert text == text.strip(), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_is_one(language: str) -> None:
    longest = {"days": 366, "code": "R15", "receipt": "261231-ABCDEF-99", "until": "2027년 12월 31일"}
    for key in (key for key in KEYS if key.startswith("sms.")):
        params = {**longest, "code": "123456"} if key == "sms.code" else longest
        text = WORDS.text(language, Line(key, params))
        assert len(text.encode("euc-kr")) <= MOST_SMS_BYTES, (key, text)
        assert "http" not in text, "a message with a link looks like fraud"


# --- screens ---


def screens() -> Iterator[tuple[str, Screen]]:
    """Yield every screen of every phase, step, ending and refusal."""
    for phase in Phase:
        talk = at(phase)
        yield f"phase {phase}", talk.screen
        for command in (*COMMANDS, "start", "files", "advice", "install"):
            beside = at(phase)
            beside.commands(command)
            for screen in (beside.screen, *beside.last.tells):
                yield f"phase {phase}, /{command}", screen
    for talk in _forms():
        yield f"step {talk.keys[-1]}", talk.screen
        talk.does("[help]")
        yield f"help {talk.keys[-1]}", talk.last.tells[0]
    for status, until in product((*get_args(Shown), "away"), (NOON - DAY, NOON, NOON + DAY, NOON + 90 * DAY)):
        seen = CertificateChecked("yessign", Purpose("tax", "corporation"), NOON + DAY, until, status)
        for talk in (Talk(), Talk().consented()):
            talk.happens(seen)
            yield f"checked {status}", talk.last.tells[0]
    for code in REFUSALS:
        yield f"refusal {code}", refused(Talk().submitted(), code, NOON).screen
        yield f"notice {code}", refused(Talk().issuing(), code).last.tells[0]


def _forms() -> Iterator[Talk]:
    acts = (
        "[start]",
        "[pick:stolen]",
        "[pick:later]",
        "[pick:valid]",
        "2027-03-15",
        "[pick:self]",
        "[tick:contact]",
    )
    form = ("[tick:all]", "[pick:agree]", "NGUYEN VAN AN", "1985-11-02", "010-2345-6789", "98765432109876")
    end = ("[pick:foreigner_card]", "2021-04-15")
    every = (*acts, *form, *end)
    for far in range(1, len(every) + 1):
        talk = Talk()
        talk.commands("start")
        yield talk.does(*every[:far])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_can_be_shown(language: str) -> None:
    seen = 0
    for name, screen in screens():
        rendered = render(screen, WORDS, language)
        assert 0 < len(rendered.text.encode("utf-16-le")) // 2 <= MOST_UNITS, name
        assert not PLACE.search(rendered.text), f"{name}: a parameter is not filled in: {rendered.text}"
        for row in screen.rows:
            assert 1 <= len(row) <= 8, name
            for button in row:
                label = WORDS.text(language, button.label)
                assert 0 < len(label) <= 64, (name, label)
                write_token(screen.revision, button.token)
        seen += 1
    assert seen > 200


# --- no words in code ---


@pytest.mark.parametrize("room", ["bot", "handlers", "ca", "locales"])
def test_no_word_that_a_customer_reads_stands_in_code(room: str) -> None:
    found = []
    for path in sorted((ROOT / room).rglob("*.py")):
        documented = {node.lineno for node in ast.walk(_tree(path)) if _is_docstring(node)}
        with tokenize.open(path) as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type == tokenize.COMMENT or token.start[0] in documented:
                    continue
                if HANGUL.search(token.string):
                    found.append(f"{path.relative_to(ROOT)}:{token.start[0]}")
    assert found == []


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
