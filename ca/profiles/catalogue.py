"""All profiles: those that come with the authority, and the operator's own."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path, PurePath

from ca.profiles.reading import Profile, ProfileWrong, read
from ca.values.refusals import CaRefusal


def find(name: str, folder: Path | None = None) -> Profile:
    """Return the profile of that name; raise `CaRefusal` R15 `unknown_profile` if there is none."""
    known = load(folder)
    if name not in known:
        raise CaRefusal("R15", reason="unknown_profile")
    return known[name]


@cache
def load(folder: Path | None = None) -> dict[str, Profile]:
    """Return all profiles by name; raise `ProfileWrong` for the first fault in any of them."""
    known: dict[str, Profile] = {}
    policies: dict[str, PurePath] = {}
    for path, text in _files(folder):
        made = read(path, text)
        if made.name in known:
            raise ProfileWrong(f"{path}:1: there is a profile {made.name} already")
        if made.policy in policies:
            raise ProfileWrong(f"{path}:1: its policy {made.policy} is that of {policies[made.policy]}")
        known[made.name], policies[made.policy] = made, path
    return known


def _files(folder: Path | None) -> Iterator[tuple[PurePath, str]]:
    own = resources.files("ca.profiles")
    for entry in sorted(own.iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".toml"):
            yield PurePath(entry.name), entry.read_text(encoding="utf-8")
    if folder is None:
        return
    if not folder.is_dir():
        raise ProfileWrong(f"{folder}:1: there is no such folder of profiles")
    for path in sorted(folder.glob("*.toml")):
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ProfileWrong(f"{path}:1: not UTF-8") from None
