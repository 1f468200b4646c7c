"""The authority's refusals: a code and data fields. The sentence for the customer is made elsewhere."""


class CaRefusal(Exception):
    """The request is refused; the same request is refused again until something outside has changed.

    Codes: R05 expired, R06 already revoked, R07 on hold, R09 no such certificate, R10 reference or code wrong or
    expired, R14 the ledger cannot be reached now, R15 request or key not acceptable. `fields["reason"]` tells which
    kind of the code it is; fields never hold a name, a personal number, or a key.
    """

    def __init__(self, code: str, **fields: str | int) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = fields

    def __str__(self) -> str:
        details = " ".join(f"{name}={value}" for name, value in sorted(self.fields.items()))
        return f"{self.code} {details}".strip()


class WrongPassphrase(Exception):
    """The passphrase does not open the authority's keys."""


class LedgerBroken(Exception):
    """The ledger or the key files are damaged, or do not belong together: nothing is signed until that is repaired."""


class RootApart(LedgerBroken):
    """The root's key is kept apart, and this cannot be done without it."""
