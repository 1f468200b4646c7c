"""The only room that knows Telegram: updates in, screens out."""

import os

#: python-telegram-bot 22.8 warns inside `RetryAfter` itself unless it is told that durations are welcome: where
#: warnings are errors, a request for patience would become a failure.
os.environ.setdefault("PTB_TIMEDELTA", "1")
