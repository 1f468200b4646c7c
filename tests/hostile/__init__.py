"""Requests by thieves, in numbers: `python -m tests.hostile.requests --count 100000`."""
