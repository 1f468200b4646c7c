"""Phone numbers, hours, fees and menu paths, which the bank can change without editing an article."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure or phrase, with its source and the day of the last check."""

    text: str
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True)
class MenuPath:
    """A path through the menus of the bank's site or app, as they were on the day of the check."""

    path: str
    #: "web" or "app".
    channel: str
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """One language's figures and menus. Values from the settings override values from the files."""

    from_files: Mapping[str, Fact]
    menus: Mapping[str, tuple[MenuPath, ...]]
    from_settings: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        if name in self.from_settings:
            return self.from_settings[name]
        if name.startswith("menu."):
            return self._menu(name.removeprefix("menu."))
        fact = self.from_files.get(name)
        return fact.text if fact else None

    def _menu(self, name: str) -> str | None:
        """`reissue` gives the first path, `reissue.all` gives every path on its own line."""
        paths = self.menus.get(name.removesuffix(".all"), ())
        if not paths:
            return None
        return "\n".join(f"• {path.path}" for path in paths) if name.endswith(".all") else paths[0].path

    def missing(self, text: str) -> tuple[str, ...]:
        return tuple(name for name in PLACEHOLDER.findall(text) if self.value(name) is None)

    def fill(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda found: self.value(found.group(1)) or found.group(0), text)


def parse_facts(table: Mapping[str, object]) -> dict[str, Fact]:
    """Raise `ValueError` that names the first fact without text, source or day."""
    facts = {}
    for name, row in table.items():
        match row:
            case {"text": str(text), "source": str(source), "checked_on": date() as day}:
                facts[name] = Fact(text, source, day)
            case _:
                raise ValueError(f"fact {name!r} needs text, source and checked_on")
    return facts


def parse_menus(table: Mapping[str, object]) -> dict[str, tuple[MenuPath, ...]]:
    """Raise `ValueError` that names the first menu that is not a list of paths with channel, source and day."""
    return {name: tuple(_path(name, row) for row in _rows(name, rows)) for name, rows in table.items()}


def _rows(name: str, rows: object) -> list[object]:
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"menu {name!r} is not a list of paths")
    return rows


def _path(name: str, row: object) -> MenuPath:
    match row:
        case {
            "path": str(path),
            "channel": "web" | "app" as channel,
            "source": str(source),
            "checked_on": date() as day,
        }:
            return MenuPath(path, channel, source, day)
        case _:
            raise ValueError(f"menu {name!r} needs path, channel, source and checked_on")
