"""Messengers: updates come in and become events, screens go out.

They never decide what an event means; only this package knows Telegram.
"""

import os

#: python-telegram-bot 22.8 warns inside `RetryAfter` itself unless it is told that durations are welcome: where
#: warnings are errors, a request for patience would become a failure.
os.environ.setdefault("PTB_TIMEDELTA", "1")
