"""The only room that knows Telegram: updates in, screens out."""
