"""Kills, cancels and cheats the bot, and judges what is left; `invariants.py` says what must hold."""
