"""What each kind of event does to a case. Pure; only `bot.conversation.decide` calls in here."""
