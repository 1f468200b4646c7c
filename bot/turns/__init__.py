"""What each kind of event does to a case. Pure; only `bot.decide` calls in here."""
