"""Which room may know whom, and how big anything may grow: the table of the design, held by parsing every import."""

import ast
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOMS = ("bot", "ca", "handlers", "locales")
TESTS = ("tests",)
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_FILE = 400

#: The roof builds everything, so it may know everything.
ROOF = {"bot/app/build.py", "bot/app/demo.py"}
#: The port to the embedded authority, where it is opened, and the files that a customer gets.
AT_THE_AUTHORITY = {"bot/issuing/embedded.py", "bot/issuing/key_files.py", "bot/issuing/bundle.py"}


@dataclass(frozen=True)
class Rule:
    """Modules under these folders import nothing of these, except where it is said."""

    name: str
    under: tuple[str, ...]
    banned: tuple[str, ...]
    exempt: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()


RULES = (
    Rule(
        "the authority knows nothing of ours", ("ca/",), ("bot", "handlers", "locales", "tests", "telegram")
    ),
    Rule(
        "the conversation knows no messenger", ("bot/",), ("telegram", "handlers", "tests"), frozenset(ROOF)
    ),
    Rule(
        "the desk reaches the authority through one port",
        ("bot/",),
        ("ca",),
        frozenset(ROOF | AT_THE_AUTHORITY),
        ("bot/command/", "bot/outside/"),
    ),
    Rule("the messenger's room asks the desk only", ("handlers/",), ("ca", "tests")),
    Rule("the local messenger is the other side", ("handlers/local/",), ("bot", "telegram", "ca", "tests")),
    Rule("words import nothing", ("locales/",), ("bot", "ca", "handlers", "telegram", "tests")),
)


@cache
def sources(*rooms: str) -> tuple[Path, ...]:
    return tuple(sorted(path for room in rooms for path in (ROOT / room).rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Return the modules that are imported anywhere in the file, in functions too."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_room_knows_only_whom_it_may(rule: Rule) -> None:
    broken = []
    for path in sources(*ROOMS):
        where = name(path)
        if (
            not where.startswith(rule.under)
            or where in rule.exempt
            or where.startswith(rule.beside or ("-",))
        ):
            continue
        known = {module.partition(".")[0] for module in imports(path)}
        broken += [f"{where} imports {each}" for each in sorted(known & set(rule.banned))]
    assert broken == []


def test_who_is_exempt_is_there_and_needs_it() -> None:
    for rule in RULES:
        for where in rule.exempt:
            assert (ROOT / where).is_file(), where
    for where in ROOF:
        known = {module.partition(".")[0] for module in imports(ROOT / where)}
        assert known & {"ca", "handlers", "telegram"}, f"{where} needs no roof"


def test_only_the_roof_is_above_the_roof() -> None:
    above = {"bot.app.build", "bot.app.demo", "bot.__main__"}
    lower = [path for path in sources(*ROOMS) if name(path) not in {*ROOF, "bot/__main__.py"}]
    assert [name(path) for path in lower if imports(path) & above] == []


def test_deciding_touches_nothing_outside() -> None:
    """`decide` and all it calls are pure: no clock, no disk, no network, no chance."""
    pure = {
        "decide",
        "cards",
        "reissue",
        "flow",
        "case",
        "checkup",
        "event",
        "move",
        "procedure",
        "refusals",
        "parse",
        "mask",
    }
    paths = [ROOT / "bot" / f"{each}.py" for each in pure] + list((ROOT / "bot" / "turns").glob("*.py"))
    impure = {
        "os",
        "asyncio",
        "sqlite3",
        "aiosqlite",
        "aiohttp",
        "random",
        "secrets",
        "time",
        "socket",
        "pathlib",
    }
    impure |= {
        "bot.storage",
        "bot.engine.cases",
        "bot.engine.job_handlers",
        "bot.settings.settings",
        "logging",
    }
    for path in paths:
        known = imports(path)
        roots = known | {module.partition(".")[0] for module in known}
        roots |= {".".join(module.split(".")[:2]) for module in known}
        assert not roots & impure, name(path)
        calls = [node.func.attr for node in ast.walk(tree(path)) if _is_call_of_attribute(node)]
        assert not {"now", "today", "utcnow"} & set(calls), f"{name(path)} looks at a clock"


def _is_call_of_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_no_import_goes_in_a_circle() -> None:
    modules = {_module(path): path for path in sources(*ROOMS)}
    edges = {module: _edges(path, set(modules)) - {module} for module, path in modules.items()}
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way[way.index(module) :], module))
        if module not in done:
            for each in sorted(edges[module]):
                walk(each, (*way, module))
            done.add(module)

    for module in sorted(modules):
        walk(module, ())


def _edges(path: Path, modules: set[str]) -> set[str]:
    """Return our modules that this one needs: a package only where something of its own is asked for."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & modules
            found |= set() if inner <= modules else {node.module or ""}
    return found & modules


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("room", [*ROOMS, *TESTS])
def test_nothing_grows_too_big(room: str) -> None:
    too_big = []
    for path in sources(room):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES_OF_A_FILE:
            too_big.append(f"{name(path)}: {lines} lines")
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    too_big.append(f"{name(path)}: {node.name}, {length} lines")
    assert too_big == []


def test_every_module_says_what_it_is() -> None:
    assert [name(path) for path in sources(*ROOMS) if not ast.get_docstring(tree(path))] == []


def test_every_dependency_is_declared() -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    other_names = {
        "telegram": "python-telegram-bot",
        "dotenv": "python-dotenv",
        "pkcs11": "python-pkcs11",
        "prometheus_client": "prometheus-client",
        "psycopg_pool": "psycopg-pool",
        "opentelemetry": "opentelemetry-sdk",
    }
    for path in sources(*ROOMS):
        for module in {each.partition(".")[0] for each in imports(path)} - {*ROOMS, *sys.stdlib_module_names}:
            package = other_names.get(module, module)
            bounded = re.search(f'"{re.escape(package)}(\\[\\w+\\])?[>=]=', declared)
            assert bounded, f"{name(path)} imports {module}, which is not declared"
