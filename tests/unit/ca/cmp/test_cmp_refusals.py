"""Whatever the authority refuses, a CMP client is told in two languages what to do about it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ca import CaRefusal
from ca.cmp.bodies import Failure
from ca.cmp.refusals import sentences, told

CA = Path(__file__).parents[4] / "ca"
KOREAN = re.compile("[가-힣]")


def reasons_in_the_gate() -> Iterator[str]:
    """Collect what the gate refuses by: the words given to `_refused`, and the names of its table."""
    for node in ast.walk(ast.parse((CA / "requests" / "key_rules.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_refused":
            yield from (each.value for each in node.args if isinstance(each, ast.Constant))
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            yield from (each.value for each in node.value.keys if isinstance(each, ast.Constant))


KEYS = sorted({each for each in reasons_in_the_gate() if each.islower()})


def test_the_gate_has_reasons_to_look_at() -> None:
    assert {"key_size", "exponent", "small_factor", "close_primes", "roca", "not_on_curve"} <= set(KEYS)


@pytest.mark.parametrize("reason", [*KEYS, "published_key", "key_of_another", "key_revoked", "key_unchanged"])
def test_each_refused_key_is_told_to_make_another(reason: str) -> None:
    refusal = told(CaRefusal("R15", reason=reason))
    english, korean = sentences(refusal.text)
    assert refusal.failure is Failure.BAD_CERT_TEMPLATE
    assert re.search(r"Make .*(new|one)|make a new", english)
    assert "만들어 주세요" in korean


def test_each_sentence_has_both_languages_and_none_is_unused() -> None:
    known = tomllib.loads((CA / "cmp" / "status.toml").read_text(encoding="utf-8"))
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((CA / "cmp").glob("*.py")))
    for name, sentence in known.items():
        assert f'"{name}"' in sources, f"nobody says {name}"
        assert sorted(sentence) == ["en", "ko"]
        assert not KOREAN.search(sentence["en"])
        assert KOREAN.search(sentence["ko"])
