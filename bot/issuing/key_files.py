"""Opens what the key files of the settings protect: the vault that encrypts columns, and the embedded authority."""

from collections.abc import Callable

import ca
from bot.issuing.passphrase import read_passphrase
from bot.settings.reading import PREFIX, SettingWrong
from bot.settings.settings import Settings


def open_vault(settings: Settings, say: Callable[[str], None]) -> ca.Vault:
    vault, made = ca.open_vault(settings.storage.master_key_file)
    if made:
        say(f"made the master key {settings.storage.master_key_file}: keep a copy apart from the data")
    return vault


def open_authority(
    settings: Settings, vault: ca.Vault, say: Callable[[str], None], root: ca.Root | None = None
) -> ca.Authority:
    """Open the embedded authority, made at the first start; raise `ca.WrongPassphrase` or `ca.LedgerBroken`.

    Raises `SettingWrong` if the settings name an authority outside: an unused second one would be made.
    """
    if settings.outside is not None:
        raise SettingWrong(f"{PREFIX}CA_ENGINE names an authority outside; the embedded one is not in use here")
    passphrase, made = read_passphrase(settings.authority.passphrase_file)
    if made:
        say(f"made the authority's passphrase {settings.authority.passphrase_file}: keep a copy apart from the data")
    folder = settings.storage.data_dir / "ca"
    if not folder.exists():
        say(f"making the authority's keys in {folder}")
    named = ca.AuthoritySettings(
        base_url=settings.web.public_url,
        journal=settings.authority.journal,
        profiles=settings.authority.profiles,
        offices=settings.authority.offices,
        published=settings.authority.published_keys,
    )
    return ca.Authority.open(folder, passphrase, vault, settings=named, token=_token(settings), root=root)


def _token(settings: Settings) -> ca.Token | None:
    ours = settings.authority
    if ours.token_module is None or ours.token_pin_file is None:
        return None
    return ca.Token(ours.token_module, ours.token_label, ours.token_pin_file)
