"""The bot: the conversation, the engine behind it, and the commands.

Its wings never know a messenger: `handlers/` brings events in and carries screens out. Only `bot.app` joins all.
"""

__version__ = "0.2.0"
