"""`reissue-bot ca backup` and `ca restore`: the authority alone, with its journal."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.issuing import key_files
from bot.settings.settings import load
from ca.ceremonies.backup import Restored, restore

APART = "Keep it apart from the key file, the passphrase and the journal, which it does not contain."


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = actions.add_parser("backup", help="copy the authority into one file, while it issues")
    backup.add_argument("--to", type=Path, required=True, metavar="FILE")
    backup.set_defaults(command=_backup)
    back = actions.add_parser("restore", help="put a backup where no authority is, and play the journal")
    back.add_argument("--from", dest="backup", type=Path, required=True, metavar="FILE")
    back.add_argument(
        "--journal",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="what was written since; several are given oldest first, and the last goes on",
    )
    back.add_argument("--json", action="store_true", help="print JSON")
    back.set_defaults(command=_restore)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _backup(arguments: argparse.Namespace) -> int:
    settings = load()
    authority = key_files.open_authority(settings, key_files.open_vault(settings, _say), _say)
    head = authority.backup(arguments.to)
    sys.stdout.write(f"{arguments.to}\nentries {head.entries}\nhead {head.digest}\n")
    _say(APART)
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    settings = load()
    vault = key_files.open_vault(settings, _say)
    folder = settings.storage.data_dir / "ca"
    restored = restore(arguments.backup, folder, vault, arguments.journal, lambda: datetime.now(UTC))
    if arguments.json:
        sys.stdout.write(json.dumps(_values(restored)) + "\n")
    else:
        _tell(restored)
    if not arguments.journal:
        _say("no journal was given: what was issued or revoked after the backup is not known here")
    return 0


def _values(restored: Restored) -> dict[str, object]:
    acts = [{"kind": each.kind, "serial": each.serial, "at": each.at} for each in restored.acts]
    return {
        "backup": {"entries": restored.backup.entries, "head": restored.backup.digest},
        "now": {"entries": restored.head.entries, "head": restored.head.digest},
        "transactions": restored.transactions,
        "acts": acts,
    }


def _tell(restored: Restored) -> None:
    sys.stdout.write(
        f"backup {restored.backup.entries} entries\nnow {restored.head.entries} entries\n"
        f"transactions {restored.transactions} from the journal\n"
    )
    for each in restored.acts:
        at = datetime.fromtimestamp(each.at, UTC)
        sys.stdout.write(f"{at:%Y-%m-%dT%H:%M:%SZ} {each.kind} {each.serial}\n")
