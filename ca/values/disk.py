"""Files that are on disk whole, also after a power cut, or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 that is on disk whole, also after a power cut, or not at all."""
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def place_whole(path: Path, content: bytes) -> bool:
    """Create the whole file at once, and return whether it is ours: half a key file would lose its data.

    Two first starts may meet here. A hard link is refused if the other was first, where a rename would replace it.
    """
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        Path(draft).unlink()
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make the name survive a power cut; Windows has no such call, and needs none."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
