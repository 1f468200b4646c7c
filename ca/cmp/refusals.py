"""Refusals in the protocol's terms: which failure bit, and which sentence in English and Korean."""

import tomllib
from functools import cache
from importlib import resources

from ca.cmp.bodies import Failure, Status, status_info
from ca.values.refusals import CaRefusal


class CmpRefusal(Exception):
    """The message is answered with a failure; `text` names a sentence of `status.toml`."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(failure.name, text)
        self.failure = failure
        self.text = text

    def status(self) -> bytes:
        """Return the PKIStatusInfo."""
        return status_info(Status.REJECTION, self.failure, sentences(self.text))


@cache
def sentences(text: str) -> tuple[str, str]:
    """Return the sentence in English and in Korean."""
    known = tomllib.loads(resources.files("ca.cmp").joinpath("status.toml").read_text(encoding="utf-8"))
    return known[text]["en"], known[text]["ko"]


#: By code and reason of the authority's own refusal; "" stands for any reason.
_TOLD = {
    ("R05", ""): (Failure.NOT_AUTHORIZED, "expired"),
    ("R06", ""): (Failure.CERT_REVOKED, "revoked"),
    ("R07", ""): (Failure.NOT_AUTHORIZED, "on_hold"),
    ("R09", ""): (Failure.BAD_CERT_ID, "no_certificate"),
    ("R10", "used"): (Failure.NOT_AUTHORIZED, "code_used"),
    ("R10", "lapsed"): (Failure.NOT_AUTHORIZED, "code_lapsed"),
    ("R10", "locked"): (Failure.NOT_AUTHORIZED, "code_locked"),
    ("R10", "withdrawn"): (Failure.NOT_AUTHORIZED, "code_void"),
    ("R10", "wrong"): (Failure.BAD_MESSAGE_CHECK, "wrong_code"),
    ("R14", ""): (Failure.SYSTEM_UNAVAIL, "try_later"),
    ("R15", "has_one"): (Failure.NOT_AUTHORIZED, "has_one"),
    ("R15", "too_early"): (Failure.NOT_AUTHORIZED, "too_early"),
    ("R15", "request_reused"): (Failure.TRANSACTION_ID_IN_USE, "in_use"),
    ("R15", "identity"): (Failure.BAD_CERT_TEMPLATE, "not_vouched_for"),
    ("R15", "possession"): (Failure.BAD_POP, "possession"),
    ("R15", "signature_algorithm"): (Failure.BAD_ALG, "algorithm"),
    ("R15", "broken_digest"): (Failure.BAD_ALG, "algorithm"),
    ("R15", "dates"): (Failure.SYSTEM_FAILURE, "refused"),
    ("R15", "lint"): (Failure.SYSTEM_FAILURE, "refused"),
    **dict.fromkeys(
        [("R15", "key_size"), ("R15", "too_large"), ("R15", "curve"), ("R15", "not_rsa")],
        (Failure.BAD_CERT_TEMPLATE, "key_kind"),
    ),
    **dict.fromkeys(
        [("R15", each) for each in ("exponent", "small_factor", "close_primes", "roca", "published_key")],
        (Failure.BAD_CERT_TEMPLATE, "key_weak"),
    ),
    **dict.fromkeys(
        [("R15", each) for each in ("key_of_another", "key_revoked", "key_unchanged", "authority_key")],
        (Failure.BAD_CERT_TEMPLATE, "key_known"),
    ),
    ("R15", ""): (Failure.BAD_CERT_TEMPLATE, "key_refused"),
}


def told(refusal: CaRefusal) -> CmpRefusal:
    """Return the authority's refusal in the protocol's words."""
    exact = _TOLD.get((refusal.code, str(refusal.fields.get("reason", ""))))
    failure, text = exact or _TOLD.get((refusal.code, ""), (Failure.BAD_REQUEST, "refused"))
    return CmpRefusal(failure, text)
