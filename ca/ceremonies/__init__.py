"""Making, backing up and restoring an authority.

It never runs while certificates are issued from the same folder, except the backup.
"""
