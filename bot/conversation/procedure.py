"""Which procedure a customer needs, by reason, state of the certificate and days in Korea. Rules are data."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Reason = Literal["lost", "password", "device", "expired", "stolen", "damaged", "expiring", "unsure"]
State = Literal["valid", "expired", "suspended", "revoked", "other_bank", "none", "unknown"]
Procedure = Literal["reissue", "renew", "new", "restore", "other_bank"]

#: A renewal is signed with the certificate itself; for any other reason the customer may not have it.
WITH_CERTIFICATE_AT_HAND = frozenset[Reason]({"expiring", "expired", "unsure"})

#: These states decide the procedure alone, whatever the dates.
BY_STATE: dict[State, Procedure] = {
    "other_bank": "other_bank",
    "revoked": "new",
    "none": "new",
    "expired": "new",
}


@dataclass(frozen=True, slots=True)
class Rules:
    renewal_opens_days: int = 30  #: the renewal opens on this many days before the expiry day
    renewal_closes_days: int = 0  #: and closes this many days before it; 0 is the expiry day itself


def procedure(reason: Reason, state: State, expiry: date | None, today: date, rules: Rules) -> Procedure:
    """Return what to do; an unknown state or expiry is taken as valid, because the record is checked later."""
    fixed = BY_STATE.get(state)
    if fixed is not None:
        return fixed
    if expiry is not None and today > expiry:
        return "new"
    if state == "suspended":
        # Restoring would make a stolen key valid again: that certificate is revoked, and replaced by a new one.
        return "new" if reason == "stolen" else "restore"
    return _while_valid(reason, state, expiry, today, rules)


def _while_valid(reason: Reason, state: State, expiry: date | None, today: date, rules: Rules) -> Procedure:
    if reason == "expiring":
        return "renew"  # Before the window as well: the screen says on which day it opens.
    if expiry is None:
        return "new" if reason == "expired" and state == "unknown" else "reissue"
    opens, closes = renewal_window(expiry, rules)
    renewable = reason in WITH_CERTIFICATE_AT_HAND and opens <= today <= closes
    return "renew" if renewable else "reissue"


def days_left(expiry: date, today: date) -> int:
    """Return 0 on the expiry day, on which the certificate is still valid, and less after it."""
    return (expiry - today).days


def renewal_window(expiry: date, rules: Rules) -> tuple[date, date]:
    """Return the first and the last day of renewal, both included."""
    opens, closes = timedelta(days=rules.renewal_opens_days), timedelta(days=rules.renewal_closes_days)
    return expiry - opens, expiry - closes
