"""Kills and cancels the bot at chosen moments, then checks what is left. `invariants.py` says what must hold."""
