"""How this authority is set up: names, addresses and limits."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ca.profiles import Profile, find


@dataclass(frozen=True, slots=True)
class AuthoritySettings:
    """Names and limits. Names go into the root and issuing certificates at the first start and stay there."""

    organization: str = "reissue-bot"
    """O of every name, and the folder of the authority below NPKI."""
    base_url: str = "http://ca.reissue.example"
    """Where the outside finds CRL, OCSP and CPS; printed in every certificate."""
    policy_arc: str = "1.3.6.1.4.1.32473.1"
    """Below the arc for examples (RFC 5612): an operator puts their own here."""
    bank_name: str = "IBK"
    bank_code: str = "003"
    unit_code: str = "041"
    root_bits: int = 3072
    issuing_bits: int = 3072
    root_years: int = 20
    issuing_years: int = 10
    backdated_years: int = 3
    """How far the authority's own certificates reach back, so that one issued with an old date nests in them."""
    max_tries: int = 5
    """Wrong codes for one reference number before it is dead."""
    crl_lifetime: timedelta = timedelta(days=1)
    crl_refresh: timedelta = timedelta(hours=1)
    """A list older than this is made anew, long before it goes stale."""
    root_crl_lifetime: timedelta = timedelta(days=180)
    journal: Path | None = None
    """A file outside the authority's folder, best on another disk: it brings a restored backup up to date."""
    busy_timeout: timedelta = timedelta(seconds=20)
    notice: str | None = None
    """Instead of the profile's own notice."""
    practices: str = "This authority issues certificates for tests. Nobody may rely on them.\n"
    """What the address in every certificate's policy says (CPS); an operator puts their own here."""

    profiles: Path | None = None
    """A folder with an operator's own profiles, beside those that come with the authority."""
    offices: Path | None = None
    """A folder with the secrets of registration offices, `NAME.secret`, which may ask by CMP for their customers."""
    published: Path | None = None
    """badkeys' list of keys whose private half is public, `blocklist.dat`: none of them is certified."""
    hold_months: int = 6
    """A suspension that lasts longer becomes a revocation."""

    def profile(self, name: str) -> Profile:
        """Return the profile of that name; raise `CaRefusal` R15 `unknown_profile` if there is none."""
        return find(name, self.profiles)
