"""Authorities outside this process: one issuer, and one protocol module for each kind of authority.

It never knows a customer beyond what a request must say of them.
"""
