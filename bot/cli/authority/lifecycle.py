"""`reissue-bot ca renew`, `ca lineage` and `ca profiles`: what follows on a certificate, and by which rules."""

import argparse
from importlib import resources
from pathlib import Path

import ca
from bot.cli.authority.common import (
    Values,
    action,
    by_hand,
    customer,
    found,
    opened,
    say,
    show,
    show_all,
    values_of,
)
from bot.issuing import key_files
from bot.settings.settings import load
from ca.files import generate_key
from ca.profiles import Profile
from ca.profiles import load as load_profiles


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    renew = action(actions, "renew", _renew, "renew a certificate in its last days, to a key that nobody keeps")
    renew.add_argument("--serial", required=True, metavar="HEX")
    lineage = action(
        actions, "lineage", _lineage, "show what a certificate replaced and what replaced it, oldest first"
    )
    lineage.add_argument("--serial", required=True, metavar="HEX")
    action(actions, "profiles", _profiles, "show the profiles that certificates are issued by")


def _renew(arguments: argparse.Namespace) -> int:
    settings = load()
    vault = key_files.open_vault(settings, say)
    authority = key_files.open_authority(settings, vault, say)
    old = found(authority, arguments.serial)
    holder = customer(settings, vault, old.holder)
    order = ca.EnrolmentOrder(
        request_id=by_hand(),
        holder=old.holder,
        name=holder.name,
        idn=holder.idn,
        replaces=old.serial,
        profile=old.profile,
        renews=True,
    )
    given, key = authority.enrol(order), generate_key()
    made = authority.redeem(given.reference, given.code, ca.KeyRequest(key.spki, key.random_number))
    return show(arguments, values_of(found(authority, f"{made.serial:x}")))


def _lineage(arguments: argparse.Namespace) -> int:
    authority = opened(load())
    serial = found(authority, arguments.serial).serial
    return show_all(arguments, [values_of(each) for each in authority.lineage(serial)])


def _profiles(arguments: argparse.Namespace) -> int:
    folder = load().authority.profiles
    known = sorted(load_profiles(folder).values(), key=lambda each: each.name)
    return show_all(arguments, [_told(each, folder) for each in known])


def _told(profile: Profile, folder: Path | None) -> Values:
    return {
        "name": profile.name,
        "policy": f"{ca.AuthoritySettings().policy_arc}.{profile.policy}",
        "years": str(profile.years),
        "renewal_days": str(profile.renewal_days),
        "keys": ", ".join([_sizes(profile.key_rule.rsa_bits), *sorted(profile.key_rule.curves)]),
        "file": _file(profile, folder),
    }


def _sizes(bits: range) -> str:
    return f"RSA {bits.start}-{bits.stop - 1}"


def _file(profile: Profile, folder: Path | None) -> str:
    """Return where it was read from: no two of a name are allowed."""
    name = f"{profile.name}.toml"
    own = folder / name if folder else None
    return str(own if own and own.exists() else resources.files("ca.profiles").joinpath(name))
