"""The inbox, the outbox and the jobs: rows that one process at a time works on under a lease.

It never knows what an update, a message or a job means.
"""
