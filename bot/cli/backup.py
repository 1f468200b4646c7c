"""`reissue-bot backup` and `restore`: the desk and its authority together. What is copied when, `safekeeping` says."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import ca
from bot.backup.service import RestoreReport, back_up, restore
from bot.issuing import key_files
from bot.settings.settings import Settings, load
from bot.storage import snapshot

APART = "Keep it apart from the master key, the passphrase and the journal, which it does not contain."


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    whole = commands.add_parser(
        "backup", help="copy the desk and its authority into one file, while the bot runs"
    )
    whole.add_argument("--to", type=Path, required=True, metavar="FILE")
    whole.add_argument("--json", action="store_true", help="print JSON")
    whole.set_defaults(command=_backup)
    back = commands.add_parser(
        "restore", help="bring desk and authority back from a backup, where neither is"
    )
    back.add_argument("--from", dest="backup", type=Path, required=True, metavar="FILE")
    back.add_argument(
        "--ca-journal",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="what the authority did since (default: CA_JOURNAL); several are given oldest first, and the last goes on",
    )
    back.add_argument("--json", action="store_true", help="print JSON")
    back.set_defaults(command=_restore)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _now() -> datetime:
    return datetime.now(UTC)


def _backup(arguments: argparse.Namespace) -> int:
    settings = load()
    snapshot.database_file(settings.storage.database_url)
    manifest = back_up(settings, _vault(settings), arguments.to, _now)
    size = arguments.to.stat().st_size
    if arguments.json:
        values = {"file": str(arguments.to), "size": size, "at": manifest.made_at, "schema": manifest.schema}
        sys.stdout.write(json.dumps(values) + "\n")
    else:
        sys.stdout.write(f"{arguments.to}\nsize {size}\nat {manifest.made_at}\nschema {manifest.schema}\n")
    _say(APART)
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    settings = load()
    snapshot.database_file(settings.storage.database_url)
    if settings.outside is None and settings.authority.token_module is None:
        _must_be_here(settings.authority.passphrase_file)
    journals = arguments.ca_journal or _journal_in_use(settings)
    back = restore(settings, _vault(settings), arguments.backup, journals, _now)
    if arguments.json:
        sys.stdout.write(json.dumps(_values(back)) + "\n")
    else:
        _tell(back)
    if back.authority is not None and not journals:
        _say("no journal was given: what was issued or revoked after the backup is not known here")
    return 0


def _vault(settings: Settings) -> ca.Vault:
    _must_be_here(settings.storage.master_key_file)
    return key_files.open_vault(settings, _say)


def _must_be_here(path: Path) -> None:
    """A key that a start would make anew opens nothing that is in a backup."""
    if not path.exists():
        raise ca.KeyFileUnusable(f"{path} is not here, and is in no backup: put the copy that you kept there")


def _journal_in_use(settings: Settings) -> list[Path]:
    return [settings.authority.journal] if settings.authority.journal and settings.authority.journal.exists() else []


def _values(back: RestoreReport) -> dict[str, object]:
    desk = {"updates": back.desk.updates, "messages": back.desk.messages, "jobs": back.desk.jobs}
    values: dict[str, object] = {"at": back.manifest.made_at, "schema": back.manifest.schema, "desk": desk}
    if back.authority is not None:
        acts = [{"kind": each.kind, "serial": each.serial, "at": each.at} for each in back.authority.acts]
        values["authority"] = {
            "backup": {"entries": back.authority.backup.entries, "head": back.authority.backup.digest},
            "now": {"entries": back.authority.head.entries, "head": back.authority.head.digest},
            "transactions": back.authority.transactions,
            "acts": acts,
        }
    return values


def _tell(back: RestoreReport) -> None:
    desk = back.desk
    sys.stdout.write(
        f"desk as of {back.manifest.made_at}, schema {back.manifest.schema}\n"
        f"{desk.updates} updates are done anew\n"
        f"{desk.messages} messages waited then: one that has been sent since comes again\n"
        f"{desk.jobs} jobs wait\n"
    )
    if back.authority is None:
        return
    played = back.authority
    sys.stdout.write(
        f"authority: {played.backup.entries} entries in the backup, {played.head.entries} now,"
        f" {played.transactions} transactions from the journal\n"
    )
    for each in played.acts:
        at = datetime.fromtimestamp(each.at, UTC)
        sys.stdout.write(f"{at:%Y-%m-%dT%H:%M:%SZ} {each.kind} {each.serial}\n")
