"""The structure of the code: the order of its wings, and how big anything may grow."""

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("bot", "ca", "handlers", "locales")
MAX_FILE_LINES, MAX_TEST_FILE_LINES = 350, 400
MAX_FUNCTION_LINES, MAX_TEST_FUNCTION_LINES = 50, 60
MAX_FUNCTION_LINES_P95 = 20
MAX_PARAMETERS = 8
MAX_MODULES_IN_A_WING = 12
#: Modules that say what an event means: they are given the time.
PURE = ("bot/conversation/*.py", "bot/conversation/turns/*.py", "bot/conversation/input/*.py")


@cache
def sources(*packages: str) -> tuple[Path, ...]:
    return tuple(sorted(path for package in packages for path in (ROOT / package).rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def functions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    return tuple(each for each in ast.walk(tree(path)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(path: Path) -> set[str]:
    """Return the modules that are imported anywhere in the file, in functions too."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module or "")
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def test_every_import_goes_down_the_order_of_the_wings() -> None:
    """The contracts are in `pyproject.toml` (`tool.importlinter`); in a process of its own: it configures logging."""
    program = str(Path(sys.executable).with_name("lint-imports"))
    ended = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_only_the_composition_root_loads_the_whole_bot() -> None:
    above = {"bot.app.build", "bot.app.run", "bot.app.demo", "bot.app.doctor", "bot.__main__"}
    lower = [path for path in sources(*PACKAGES) if not name(path).startswith(("bot/app/", "bot/__main__"))]
    assert [name(path) for path in lower if imports(path) & above] == []


def test_deciding_looks_at_no_clock() -> None:
    for path in (path for pattern in PURE for path in ROOT.glob(pattern)):
        calls = {node.func.attr for node in ast.walk(tree(path)) if _is_method_call(node)}
        assert not {"now", "today", "utcnow"} & calls, name(path)


def _is_method_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


@pytest.mark.parametrize(
    ("package", "max_file", "max_function"),
    [
        *((each, MAX_FILE_LINES, MAX_FUNCTION_LINES) for each in PACKAGES),
        ("tests", MAX_TEST_FILE_LINES, MAX_TEST_FUNCTION_LINES),
    ],
)
def test_no_file_and_no_function_is_too_long(package: str, max_file: int, max_function: int) -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(package)}
    lengths_of_functions = {
        f"{name(path)}: {each.name}": lines_of(each) for path in sources(package) for each in functions(path)
    }
    assert {where: lines for where, lines in lengths.items() if lines > max_file} == {}
    assert {where: lines for where, lines in lengths_of_functions.items() if lines > max_function} == {}


def test_most_functions_are_short() -> None:
    lengths = sorted(lines_of(each) for path in sources(*PACKAGES) for each in functions(path))
    assert lengths[int(len(lengths) * 0.95)] <= MAX_FUNCTION_LINES_P95


def test_no_function_takes_too_many_parameters() -> None:
    many = {}
    for path in sources(*PACKAGES):
        for each in functions(path):
            given = [*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]
            count = len([one for one in given if one.arg not in {"self", "cls"}])
            if count > MAX_PARAMETERS:
                many[f"{name(path)}: {each.name}"] = count
    assert many == {}


def test_no_wing_has_too_many_modules() -> None:
    modules = Counter(name(path.parent) for path in sources(*PACKAGES) if path.name != "__init__.py")
    assert {wing: count for wing, count in modules.items() if count > MAX_MODULES_IN_A_WING} == {}


def test_every_wing_says_what_it_is_for_and_what_it_never_knows() -> None:
    wings = [path for path in sources("bot", "ca", "handlers") if path.name == "__init__.py"]
    silent = [name(path) for path in wings if "never" not in (ast.get_docstring(tree(path)) or "").lower()]
    assert silent == []


def test_every_module_says_what_it_is() -> None:
    assert [name(path) for path in sources(*PACKAGES) if not ast.get_docstring(tree(path))] == []


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
    for path in sources(*PACKAGES):
        for module in {each.partition(".")[0] for each in imports(path)} - {
            *PACKAGES,
            *sys.stdlib_module_names,
        }:
            package = other_names.get(module, module)
            bounded = re.search(f'"{re.escape(package)}(\\[\\w+\\])?[>=]=', declared)
            assert bounded, f"{name(path)} imports {module}, which is not declared"
