"""Reads settings from the environment and `.env` into frozen values, one for each concern.

A concern is a frozen dataclass whose fields are declared with `setting(…)`. A parser gets a text that is not empty,
and raises `ValueError` with what the value must be.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values

logger = logging.getLogger(__name__)

PREFIX = "REISSUE_"
Concern = TypeVar("Concern")


class SettingWrong(Exception):
    """A setting cannot be used; the message names it and says what it should be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as `doctor` explains it."""

    name: str
    explanation: str
    default: str  #: the text that is read where none is set
    parse: Callable[[str], Any]
    empty: Any  #: the value of an empty text; a setting that must be there has none
    secret: bool  #: no log, `repr` or error may show it


def setting(
    name: str,
    explanation: str,
    default: str = "",
    parse: Callable[[str], Any] = str,
    *,
    empty: Any = None,
    secret: bool = False,
) -> Any:
    declared = Setting(name, explanation, default, parse, empty, secret)
    return field(repr=not secret, metadata={"setting": declared})


def settings_of(*concerns: type) -> Iterator[Setting]:
    return (each.metadata["setting"] for concern in concerns for each in fields(concern))


def read_texts(
    known: set[str], environment: Mapping[str, str] | None = None, dotenv: Path = Path(".env")
) -> dict[str, str]:
    """Return what `.env` and, over it, the environment set. Unknown names are logged: they may be typing errors."""
    written = {
        **dotenv_values(dotenv, interpolate=False),
        **(os.environ if environment is None else environment),
    }
    ours = {key.removeprefix(PREFIX): value or "" for key, value in written.items() if key.startswith(PREFIX)}
    for unknown in sorted(set(ours) - known):
        logger.warning("%s%s is not a setting; `reissue-bot doctor` lists them all", PREFIX, unknown)
    return {name: value for name, value in ours.items() if value and name in known}


def parse_concern(concern: type[Concern], texts: Mapping[str, str]) -> Concern:
    """Return the concern's value; raise `SettingWrong` for the first text that cannot be used."""
    return concern(
        **{each.name: _parsed(each.metadata["setting"], texts) for each in fields(concern)}  # type: ignore[arg-type]
    )


def _parsed(setting: Setting, texts: Mapping[str, str]) -> Any:
    text = texts.get(setting.name, "") or setting.default
    if not text:
        return setting.empty
    try:
        return setting.parse(text)
    except ValueError as error:
        raise SettingWrong(f"{PREFIX}{setting.name} must {error}") from None
