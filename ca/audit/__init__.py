"""The audit read again: replayed against the ledger, signed heads, receipts.

It never writes to the audit.
"""
