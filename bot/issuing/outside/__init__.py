"""Authorities outside this process, behind the desk's port: one driver, and an engine for each protocol."""
