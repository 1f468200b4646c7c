"""`reissue-bot backup` and `restore`: the bot and its authority together (`bot.backup.service`)."""

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

STORAGE_ADVICE = "Store it apart from the master key, the passphrase and the journal, which it does not contain."


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    create = commands.add_parser("backup", help="copy the bot and its authority into one file; the bot may run")
    create.add_argument("--to", type=Path, required=True, metavar="FILE")
    create.add_argument("--json", action="store_true", help="print JSON")
    create.set_defaults(command=_backup)
    back = commands.add_parser("restore", help="restore the bot and its authority from a backup, where neither exists")
    back.add_argument("--from", dest="backup", type=Path, required=True, metavar="FILE")
    back.add_argument(
        "--ca-journal",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="the authority's journal (default: CA_JOURNAL); give several oldest first, the last one is continued",
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
    _say(STORAGE_ADVICE)
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    settings = load()
    snapshot.database_file(settings.storage.database_url)
    if settings.outside is None and settings.authority.token_module is None:
        _require_key(settings.authority.passphrase_file)
    journals = arguments.ca_journal or _journal_in_use(settings)
    report = restore(settings, _vault(settings), arguments.backup, journals, _now)
    if arguments.json:
        sys.stdout.write(json.dumps(_values(report)) + "\n")
    else:
        _print(report)
    if report.authority is not None and not journals:
        _say("no journal was given: certificates issued or revoked after the backup are not known here")
    return 0


def _vault(settings: Settings) -> ca.Vault:
    _require_key(settings.storage.master_key_file)
    return key_files.open_vault(settings, _say)


def _require_key(path: Path) -> None:
    """Refuse to continue without the key: a newly created key cannot decrypt the backup."""
    if not path.exists():
        raise ca.KeyFileUnusable(f"{path} does not exist, and no backup contains it: put your own copy there")


def _journal_in_use(settings: Settings) -> list[Path]:
    return [settings.authority.journal] if settings.authority.journal and settings.authority.journal.exists() else []


def _values(report: RestoreReport) -> dict[str, object]:
    counts = {
        "updates": report.database.updates,
        "messages": report.database.messages,
        "jobs": report.database.jobs,
    }
    values: dict[str, object] = {
        "at": report.manifest.made_at,
        "schema": report.manifest.schema,
        "desk": counts,
    }
    if report.authority is not None:
        acts = [{"kind": each.kind, "serial": each.serial, "at": each.at} for each in report.authority.acts]
        values["authority"] = {
            "backup": {"entries": report.authority.backup.entries, "head": report.authority.backup.digest},
            "now": {"entries": report.authority.head.entries, "head": report.authority.head.digest},
            "transactions": report.authority.transactions,
            "acts": acts,
        }
    return values


def _print(report: RestoreReport) -> None:
    counts = report.database
    sys.stdout.write(
        f"bot's database of {report.manifest.made_at}, schema {report.manifest.schema}\n"
        f"{counts.updates} updates are processed again\n"
        f"{counts.messages} messages were waiting: those sent since then are sent again\n"
        f"{counts.jobs} jobs are waiting\n"
    )
    if report.authority is None:
        return
    restored = report.authority
    sys.stdout.write(
        f"authority: {restored.backup.entries} entries in the backup, {restored.head.entries} now,"
        f" {restored.transactions} transactions from the journal\n"
    )
    for each in restored.acts:
        at = datetime.fromtimestamp(each.at, UTC)
        sys.stdout.write(f"{at:%Y-%m-%dT%H:%M:%SZ} {each.kind} {each.serial}\n")
