"""The whole bank desk in one file, while the bot runs; and back from it, where nothing is.

**The desk is copied first, the authority after it**, and the authority is never brought back to an earlier moment than
the desk. Desk and authority share no transaction, so two copies are two moments, and one of them is older.

* The older desk is harmless. Its authority knows more than it: a certificate that the desk still has to ask for. The
  desk asks again with the same request id and the same kept key, and gets the same certificate. If the key was made
  after the copy, nobody has it any more: the authority refuses (R10 or R15), the customer taps "apply again", and the
  next request replaces the certificate that they cannot use. One is valid at any time, and no serial is used twice.
  What else it gave out since and does not know of, `bot.backup.after_restore` keeps it from giving out again.
* The older authority breaks promises. The desk would have handed out a certificate that its authority has never heard
  of: OCSP does not know it, nobody can revoke it, and the one that it replaced is valid again. So what the desk knows
  is held against the restored authority, and such a pair is refused.

With the journal the authority comes back up to its last act, however old the copy is. Without it, what was issued or
revoked after the copy is forgotten, which is why the journal belongs on another disk.

Keys are never in the file. The master key, the authority's passphrase (or the PIN of its token) and the secrets of
`CA_OFFICES` come from the copies that are kept apart, and must lie in their places before a restoration; `CA_PROFILES`
and `ARTICLES` are the bank's own files, and are copied with its others.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ca
from bot.backup import archive
from bot.backup.after_restore import move_on
from bot.conversation.chats import Chats
from bot.conversation.procedure import Rules
from bot.core.wakeup import Wakeup
from bot.queues.outbox import Outbox
from bot.settings.settings import Settings
from bot.storage import snapshot
from bot.storage.opening import open_database
from bot.storage.queries import migrations
from bot.storage.snapshot import Counts
from ca.ceremonies import backup
from ca.ceremonies.backup import Restored
from ca.ledger import records
from ca.ledger.ledger import LEDGER_FILE, Ledger

DESK, AUTHORITY = "desk.db", "authority.tar"
LABEL = "desk.backup"

Now = Callable[[], datetime]


class NotRestored(Exception):
    """The backup does not fit the place, or its parts do not fit each other; nothing was changed."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restoration brought back."""

    manifest: archive.Manifest
    desk: Counts
    #: None where the authority is outside.
    authority: Restored | None


def back_up(settings: Settings, vault: ca.Vault, to: Path, now: Now) -> archive.Manifest:
    """Write the backup, which is there whole or not at all; nobody who writes waits for it.

    Raises `DatabaseUnusable` if there is no desk to copy, and `FileNotFoundError` if there is no authority.
    """
    with _drafts(to.with_name(f".{to.name}.parts")) as drafts:
        made_at = now().isoformat(timespec="seconds")
        parts = {DESK: drafts / DESK}
        schema = copy_desk(settings, parts[DESK])
        if settings.outside is None:  # after the desk, never before it: see above
            parts[AUTHORITY] = drafts / AUTHORITY
            copy_authority(settings, vault, parts[AUTHORITY], now)
        return archive.write(to, parts, made_at, schema, mac_of(vault))


def copy_desk(settings: Settings, to: Path) -> int:
    """Return the number of the schema."""
    return snapshot.copy(snapshot.database_file(settings.storage.database_url), to)


def copy_authority(settings: Settings, vault: ca.Vault, to: Path, now: Now) -> None:
    """Copy it without its passphrase: the keys stay as they lie, encrypted. Raise `FileNotFoundError` if none is."""
    folder = authority_folder(settings)
    path = folder / LEDGER_FILE
    if not path.exists():
        raise FileNotFoundError(f"there is no authority in {folder}: `reissue-bot ca init` makes it")
    with closing(Ledger(path, vault, now)) as ledger:
        backup.back_up(ledger, folder, to)


def restore(
    settings: Settings, vault: ca.Vault, file: Path, journals: Sequence[Path], now: Now
) -> RestoreReport:
    """Bring the desk and its authority back to where neither is.

    Everything is read and held against the manifest before anything is written, and made ready under other names before
    it gets its own. Raises `NotRestored`, `bundle.BundleDamaged`, and what `ca.ceremonies.backup.restore` raises.
    """
    desk, folder = snapshot.database_file(settings.storage.database_url), authority_folder(settings)
    _refuse_to_overwrite(desk, folder)
    manifest = archive.check(file, mac_of(vault))
    _fits(settings, manifest)
    settings.storage.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    desk.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _drafts(settings.storage.data_dir / ".restoring") as drafts, _drafts(_beside(desk)) as near:
        archive.unpack(file, {DESK: near / DESK, AUTHORITY: drafts / AUTHORITY}, mac_of(vault))
        snapshot.check(near / DESK)
        counts = snapshot.count(near / DESK)
        asyncio.run(_move_on(settings, vault, near / DESK, now()))
        played = None
        if settings.outside is None:
            played = backup.restore(drafts / AUTHORITY, drafts / "ca", vault, journals, now)
            _refuse_older_authority(drafts / "ca" / LEDGER_FILE, vault, counts, now)
            _place(drafts / "ca", folder)
        _place(near / DESK, desk)
    return RestoreReport(manifest, counts, played)


async def _move_on(settings: Settings, vault: ca.Vault, path: Path, now: datetime) -> None:
    """Bring the schema up to this release, and the counts above what was given out since."""
    database = await open_database(f"{snapshot.WHERE}{path}")
    chats, outbox = Chats(vault), Outbox(vault, Wakeup(), settings.process.lease)
    try:
        await database.unit(lambda tx: move_on(tx, chats, outbox, now, Rules()))
    finally:
        await database.close()
    snapshot.skip_numbers(path)


def mac_of(vault: ca.Vault) -> archive.Mac:
    return lambda content: vault.digest(LABEL, content)


def authority_folder(settings: Settings) -> Path:
    return settings.storage.data_dir / "ca"


def _beside(desk: Path) -> Path:
    """Return a folder on the same disk: a file that is moved within one appears at once, or not."""
    return desk.with_name(f".{desk.name}.restoring")


def _refuse_to_overwrite(desk: Path, folder: Path) -> None:
    found = [path for each in snapshot.BESIDE if (path := desk.with_name(desk.name + each)).exists()]
    if folder.exists() and any(folder.iterdir()):
        found.append(folder)
    if found:
        names = " and ".join(str(each) for each in found)
        raise NotRestored(
            f"{names} is there: a backup is restored to where nothing is; move it away, and keep it"
        )


def _fits(settings: Settings, manifest: archive.Manifest) -> None:
    if DESK not in manifest.parts or not set(manifest.parts) <= {DESK, AUTHORITY}:
        raise NotRestored("the backup is not one of a desk")
    embedded = settings.outside is None
    if embedded and AUTHORITY not in manifest.parts:
        raise NotRestored(
            "the backup has no authority in it: it was made with CA_ENGINE outside; set it again"
        )
    if not embedded and AUTHORITY in manifest.parts:
        raise NotRestored(
            "the backup has an authority in it, and CA_ENGINE names another: set it to embedded"
        )
    if manifest.schema > len(migrations()):
        raise NotRestored(
            f"the backup has schema {manifest.schema}, which this release does not know: install a newer one"
        )


def _refuse_older_authority(ledger_file: Path, vault: ca.Vault, desk: Counts, now: Now) -> None:
    with closing(Ledger(ledger_file, vault, now)) as ledger, ledger.reading() as tx:
        unknown = sorted(each for each in desk.serials if records.find(tx, int(each, 16)) is None)
    if unknown:
        raise NotRestored(
            f"customers were given {len(unknown)} certificates that this authority does not know, such as {unknown[0]}:"
            " it is older than its desk; restore it with its journal"
        )


def _place(draft: Path, to: Path) -> None:
    if to.is_dir():
        to.rmdir()
    draft.rename(to)
    archive.sync_folder(to.parent)


@contextmanager
def _drafts(folder: Path) -> Iterator[Path]:
    """Keep half-made files in a folder of their own, which a process that died leaves and the next one clears."""
    _clear(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        _clear(folder)


def _clear(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
