"""The local messenger: speaks the Bot API from the other side. Knows neither the bot nor its library."""
