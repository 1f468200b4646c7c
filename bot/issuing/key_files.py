"""What the settings name as ours to keep: the vault that seals, and the embedded authority."""

from collections.abc import Callable

import ca
from bot.issuing.passphrase import read_passphrase
from bot.settings.settings import PREFIX, Settings, SettingWrong


def open_vault(settings: Settings, say: Callable[[str], None]) -> ca.Vault:
    vault, made = ca.open_vault(settings.master_key_file)
    if made:
        say(f"made the master key {settings.master_key_file}: keep a copy apart from the data")
    return vault


def open_authority(
    settings: Settings, vault: ca.Vault, say: Callable[[str], None], root: ca.Root | None = None
) -> ca.Authority:
    """Open the embedded authority, made at the first start; raise `ca.WrongPassphrase` or `ca.LedgerBroken`.

    Raises `SettingWrong` where the settings say that another issues: one that nobody asks would be made beside it.
    """
    if settings.ca_outside is not None:
        raise SettingWrong(
            f"{PREFIX}CA_ENGINE names an authority outside; the embedded one is not in use here"
        )
    passphrase, made = read_passphrase(settings.ca_passphrase_file)
    if made:
        say(f"made the authority's passphrase {settings.ca_passphrase_file}: keep a copy apart from the data")
    folder = settings.data_dir / "ca"
    if not folder.exists():
        say(f"making the authority's keys in {folder}")
    named = ca.AuthoritySettings(
        base_url=settings.ca_url,
        journal=settings.ca_journal,
        profiles=settings.ca_profiles,
        offices=settings.ca_offices,
        published=settings.ca_published_keys,
    )
    return ca.Authority.open(folder, passphrase, vault, settings=named, token=_token(settings), root=root)


def _token(settings: Settings) -> ca.Token | None:
    place = settings.ca_token
    return ca.Token(place.module, place.label, place.pin_file) if place else None
