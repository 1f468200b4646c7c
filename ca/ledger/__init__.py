"""The ledger: what the authority remembers, the audit chain over it, and the vault that encrypts columns.

It never holds a private key of the authority, and never deletes an audit line.
"""
