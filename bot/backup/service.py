"""Backs up the bot's database and its authority into one file while the bot runs, and restores both.

**The database is copied first and the authority second**, and the restored authority is never older than the database.
The two share no transaction, so the copies show two moments, and one copy is older.

* An older database is harmless. The authority may know a certificate that the bot still has to request. The bot
  requests it again with the same request id and the same stored key, and gets the same certificate. If the key was made
  after the copy, it is lost: the authority refuses (R10 or R15), the customer taps "apply again", and the next request
  replaces the unusable certificate. One certificate is valid at any time, and no serial number is used twice.
  `bot.backup.after_restore` prevents reuse of the other numbers that the bot assigned after the copy.
* An older authority is not harmless. The bot may have delivered a certificate that the authority does not know: OCSP
  does not know it, nobody can revoke it, and the certificate that it replaced is valid again. So the certificates in
  the database are compared with the restored authority, and such a pair is refused.

With the journal the authority is restored up to its last transaction, however old the copy is. Without the journal,
certificates issued or revoked after the copy are lost. So the journal belongs on another disk.

Keys are never in the file. The master key, the authority's passphrase (or the PIN of its token) and the secrets of
`CA_OFFICES` come from separate copies, and must be in place before a restore. `CA_PROFILES` and `ARTICLES` are the
bank's own files, and are backed up with its other files.
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
from bot.backup.after_restore import advance_counters
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

DATABASE_FILE, AUTHORITY_FILE = "desk.db", "authority.tar"
LABEL = "desk.backup"

Now = Callable[[], datetime]


class NotRestored(Exception):
    """The backup does not fit the settings, or its parts do not fit together. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The result of a restore."""

    manifest: archive.Manifest
    database: Counts
    #: None if the authority is outside this process.
    authority: Restored | None


def back_up(settings: Settings, vault: ca.Vault, to: Path, now: Now) -> archive.Manifest:
    """Write the backup in one step, without blocking writers.

    Raises `DatabaseUnusable` if there is no database, and `FileNotFoundError` if there is no authority.
    """
    with _drafts(to.with_name(f".{to.name}.parts")) as drafts:
        made_at = now().isoformat(timespec="seconds")
        parts = {DATABASE_FILE: drafts / DATABASE_FILE}
        schema = copy_database(settings, parts[DATABASE_FILE])
        if settings.outside is None:  # after the database: see above
            parts[AUTHORITY_FILE] = drafts / AUTHORITY_FILE
            copy_authority(settings, vault, parts[AUTHORITY_FILE], now)
        return archive.write(to, parts, made_at, schema, mac_of(vault))


def copy_database(settings: Settings, to: Path) -> int:
    """Return the number of the schema."""
    return snapshot.copy(snapshot.database_file(settings.storage.database_url), to)


def copy_authority(settings: Settings, vault: ca.Vault, to: Path, now: Now) -> None:
    """Copy the authority with its keys as they are, encrypted. Raise `FileNotFoundError` if there is none."""
    folder = authority_folder(settings)
    path = folder / LEDGER_FILE
    if not path.exists():
        raise FileNotFoundError(f"there is no authority in {folder}: `reissue-bot ca init` creates it")
    with closing(Ledger(path, vault, now)) as ledger:
        backup.back_up(ledger, folder, to)


def restore(settings: Settings, vault: ca.Vault, file: Path, journals: Sequence[Path], now: Now) -> RestoreReport:
    """Restore the database and the authority where neither exists.

    The whole file is verified before anything is written. All files are prepared under temporary names, then renamed.
    Raises `NotRestored`, `archive.BundleDamaged`, and the errors of `ca.ceremonies.backup.restore`.
    """
    database, folder = snapshot.database_file(settings.storage.database_url), authority_folder(settings)
    _refuse_to_overwrite(database, folder)
    manifest = archive.check(file, mac_of(vault))
    _check_fits(settings, manifest)
    settings.storage.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        _drafts(settings.storage.data_dir / ".restoring") as drafts,
        _drafts(_draft_folder(database)) as near,
    ):
        archive.unpack(
            file,
            {DATABASE_FILE: near / DATABASE_FILE, AUTHORITY_FILE: drafts / AUTHORITY_FILE},
            mac_of(vault),
        )
        snapshot.check(near / DATABASE_FILE)
        counts = snapshot.count(near / DATABASE_FILE)
        asyncio.run(_prepare_database(settings, vault, near / DATABASE_FILE, now()))
        restored = None
        if settings.outside is None:
            restored = backup.restore(drafts / AUTHORITY_FILE, drafts / "ca", vault, journals, now)
            _refuse_older_authority(drafts / "ca" / LEDGER_FILE, vault, counts, now)
            _move_into_place(drafts / "ca", folder)
        _move_into_place(near / DATABASE_FILE, database)
    return RestoreReport(manifest, counts, restored)


async def _prepare_database(settings: Settings, vault: ca.Vault, path: Path, now: datetime) -> None:
    """Migrate the schema to this release, and advance all counters."""
    database = await open_database(f"{snapshot.WHERE}{path}")
    chats, outbox = Chats(vault), Outbox(vault, Wakeup(), settings.process.lease)
    try:
        await database.unit(lambda tx: advance_counters(tx, chats, outbox, now, Rules()))
    finally:
        await database.close()
    snapshot.skip_numbers(path)


def mac_of(vault: ca.Vault) -> archive.Mac:
    return lambda content: vault.digest(LABEL, content)


def authority_folder(settings: Settings) -> Path:
    return settings.storage.data_dir / "ca"


def _draft_folder(database: Path) -> Path:
    """Return a folder on the same disk, because only there a rename is atomic."""
    return database.with_name(f".{database.name}.restoring")


def _refuse_to_overwrite(database: Path, folder: Path) -> None:
    files = (database.with_name(database.name + suffix) for suffix in snapshot.BESIDE)
    found = [file for file in files if file.exists()]
    if folder.exists() and any(folder.iterdir()):
        found.append(folder)
    if found:
        names = " and ".join(str(each) for each in found)
        raise NotRestored(f"{names} exists, and a restore never overwrites: move it away, and keep it")


def _check_fits(settings: Settings, manifest: archive.Manifest) -> None:
    if DATABASE_FILE not in manifest.parts or not set(manifest.parts) <= {DATABASE_FILE, AUTHORITY_FILE}:
        raise NotRestored("this is not a backup of the bot")
    embedded = settings.outside is None
    if embedded and AUTHORITY_FILE not in manifest.parts:
        raise NotRestored("the backup has no authority: it was made with CA_ENGINE set to another engine; set it again")
    if not embedded and AUTHORITY_FILE in manifest.parts:
        raise NotRestored("the backup has an authority, and CA_ENGINE names another engine: set it to embedded")
    if manifest.schema > len(migrations()):
        raise NotRestored(
            f"the backup has schema {manifest.schema}, which this release does not know: install a newer one"
        )


def _refuse_older_authority(ledger_file: Path, vault: ca.Vault, counts: Counts, now: Now) -> None:
    with closing(Ledger(ledger_file, vault, now)) as ledger, ledger.reading() as tx:
        unknown = sorted(each for each in counts.serials if records.find(tx, int(each, 16)) is None)
    if unknown:
        raise NotRestored(
            f"customers have {len(unknown)} certificates unknown to the restored authority, such as {unknown[0]}: it is"
            " older than the bot's database; restore it with its journal"
        )


def _move_into_place(draft: Path, to: Path) -> None:
    if to.is_dir():
        to.rmdir()
    draft.rename(to)
    archive.sync_folder(to.parent)


@contextmanager
def _drafts(folder: Path) -> Iterator[Path]:
    """Hold unfinished files in a folder. A crash leaves the folder, and the next run deletes it."""
    _delete(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        _delete(folder)


def _delete(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
