"""What each kind of event does to a case. Pure; only `bot.conversation.decide` calls it.

It never reads a clock or a table; it returns what is to be shown and done.
"""
