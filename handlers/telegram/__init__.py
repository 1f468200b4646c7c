"""Telegram: updates come in and become events, screens go out.

It never decides what an event means, and never touches the authority.
"""
