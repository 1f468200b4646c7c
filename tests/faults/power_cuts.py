"""A disk as a power cut leaves it: what was synced is there; of what was not, each piece is there, torn, or not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.shim import Committed, Deleted, Event, Made, Synced, Truncated, Wrote

#: A disk writes these whole or not at all; whatever is longer may be torn anywhere between them.
SECTOR = 512
Image = dict[str, bytes]
Change = Wrote | Truncated | Deleted
#: Whatever of these changes reached the disk.
Fate = Callable[[Sequence[Change]], Iterable[Change]]


@dataclass
class Disk:
    """Plays events; `synced` is what no power cut takes away, `open` what came to each file after that."""

    synced: dict[str, bytearray]
    open: dict[str, list[Change]] = field(default_factory=dict)
    #: Files that are new, and whose folder was not synced since.
    unnamed: set[str] = field(default_factory=set)

    def play(self, event: Event) -> None:
        match event:
            case Synced(file, folder):
                for change in self.open.pop(file, []):
                    apply(self.synced, change)
                if folder:
                    self._forget_names(str(Path(file).parent))
            case Made(file):
                self.unnamed.add(file)
            case Committed():
                pass
            case Wrote() | Truncated() | Deleted():
                self.open.setdefault(event.file, []).append(event)

    def _forget_names(self, folder: str) -> None:
        """What was deleted in this folder is gone for good, and what was made is there for good."""
        self.unnamed = {each for each in self.unnamed if str(Path(each).parent) != folder}
        for file, changes in list(self.open.items()):
            gone = [place for place, each in enumerate(changes) if isinstance(each, Deleted)]
            if gone and str(Path(file).parent) == folder:
                self.synced.pop(file, None)
                self.open[file] = changes[gone[-1] + 1 :]

    def after(self, fate: Fate, unnamed: float = 1.0) -> Image:
        """Return what is there; files without a name are, up to this part of them in their order."""
        files = {name: bytearray(content) for name, content in self.synced.items()}
        for changes in self.open.values():
            for change in fate(changes):
                apply(files, change)
        for each in sorted(self.unnamed)[int(unnamed * len(self.unnamed)) :]:
            files.pop(each, None)
        return {name: bytes(content) for name, content in files.items()}


def apply(files: dict[str, bytearray], change: Change) -> None:
    if isinstance(change, Deleted):
        files.pop(change.file, None)
        return
    content = files.setdefault(change.file, bytearray())
    if isinstance(change, Truncated):
        del content[change.size :]
        return
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.content)] = change.content


def whole(changes: Sequence[Change]) -> Sequence[Change]:
    """Nothing is lost: as a process that was killed leaves it."""
    return changes


def names(changes: Sequence[Change], random: Random) -> Sequence[Change]:
    """While the folder is not synced, a name means the old file or the new one, and never a mixture."""
    gone = [place for place, each in enumerate(changes) if isinstance(each, Deleted)]
    if not gone:
        return changes
    return changes[gone[-1] :] if random.random() < 0.5 else changes[: gone[0]]


def nothing(_changes: Sequence[Change]) -> Sequence[Change]:
    """Whatever was not synced is lost."""
    return ()


def first(changes: Sequence[Change], random: Random) -> Iterator[Change]:
    """In order up to somewhere, and the last of it torn."""
    count = random.randrange(len(changes) + 1)
    yield from changes[:count]
    for change in changes[count : count + 1]:
        yield from torn(change, random)


def scattered(changes: Sequence[Change], random: Random) -> Iterator[Change]:
    """In any order that the disk found convenient: each is there, torn, or lost."""
    likely = random.random()
    for change in changes:
        if isinstance(change, Deleted) or random.random() < likely:
            yield from torn(change, random) if random.random() < likely / 2 else (change,)


def torn(change: Change, random: Random) -> Iterator[Change]:
    if not isinstance(change, Wrote):
        yield change
        return
    start = 0
    while start < len(change.content):
        end = min(start + SECTOR - (change.offset + start) % SECTOR, len(change.content))
        if random.random() < 0.5:
            yield Wrote(change.file, change.offset + start, change.content[start:end])
        start = end


def fate(random: Random) -> Fate:
    way = random.randrange(8)
    if way == 0:
        return nothing
    if way == 1:
        return whole
    return lambda changes: (first if way < 5 else scattered)(names(changes, random), random)


def lay_down(image: Image, folder: Path) -> None:
    """Write these files there, and nothing else."""
    for each in sorted(folder.rglob("*")):
        if each.is_file():
            each.unlink()
    for name, content in image.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
