"""Databases: one port, SQLite and PostgreSQL behind it, named queries, migrations, snapshots.

It never knows what a table of another wing means.
"""
