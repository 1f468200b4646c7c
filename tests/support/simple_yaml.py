"""The part of YAML that our compose file uses: mappings, lists, plain and quoted words. No parser is installed."""

import re
from typing import Any

_KEY = re.compile(r"(?P<key>[\w.-]+):(?: (?P<value>.*))?$")


def load(text: str) -> Any:
    """Raise `ValueError` for a line that is neither a key nor an item, or has a wrong indentation."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if any("\t" in line for line in lines):
        raise ValueError("a tab")
    value, rest = _block(lines, 0)
    if rest:
        raise ValueError(f"at no level: {rest[0]}")
    return value


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[str], depth: int) -> tuple[Any, list[str]]:
    if lines and lines[0].lstrip().startswith("- "):
        return _items(lines, depth)
    found: dict[str, Any] = {}
    while lines and _depth(lines[0]) == depth:
        read = _KEY.fullmatch(lines[0].strip())
        if read is None or read["key"] in found:
            raise ValueError(f"no key, or one twice: {lines[0]}")
        lines = lines[1:]
        value: Any = _scalar(read["value"])
        if value is None and lines and _depth(lines[0]) > depth:
            value, lines = _block(lines, _depth(lines[0]))
        found[read["key"]] = value
    return found, lines


def _items(lines: list[str], depth: int) -> tuple[list[Any], list[str]]:
    found = []
    while lines and _depth(lines[0]) == depth and lines[0].lstrip().startswith("- "):
        found.append(_scalar(lines[0].lstrip()[2:]))
        lines = lines[1:]
    return found, lines


def _scalar(text: str | None) -> Any:
    if text is None:
        return None
    if text.startswith("[") and text.endswith("]"):
        return [_scalar(each.strip()) for each in text[1:-1].split(",")]
    if text[:1] == text[-1:] and text[:1] in {'"', "'"}:
        return text[1:-1]
    if text[:1] in "[{&*!|>%@" or ": " in text or " #" in text:
        raise ValueError(f"more than this reader knows: {text}")
    return {"true": True, "false": False}.get(text, text)
