"""Text messages through the bank's HTTP gateway. Knows the gateway's answers, and nothing of the content."""

import email.utils
import json
from datetime import UTC, datetime
from http import HTTPStatus

import aiohttp

from bot.messages.delivery import Busy, DeliveryError, Down, Gone, Refused

TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)
PATIENCE_S, LONGEST_PATIENCE_S = 5.0, 3600.0
MOST_BYTES = 4096
UNKNOWN = "unknown_number"
_OURS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})


class SmsGateway:
    """POST `{"to", "text"}` with the bearer token and the key, by which the gateway can recognise a repetition."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._token = token
        self._session = session

    async def send(self, key: str, to: str, text: str) -> None:
        """Return once the gateway has accepted it; raise a `DeliveryError` otherwise."""
        problem = await self._problem(key, {"to": to, "text": text})
        if problem is not None:
            raise problem  # Not inside an `except`: the library's error has the address in it.

    async def _problem(self, key: str, message: dict[str, str]) -> DeliveryError | None:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}
        try:
            async with self._session.post(
                self._url, json=message, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status == HTTPStatus.BAD_REQUEST and await _knows_nobody(answer):
                    return Gone("sms gateway: no such subscriber")
                return _meaning(answer.status, answer.headers.get("Retry-After"))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Down(f"sms gateway: {type(error).__name__}")


async def _knows_nobody(answer: aiohttp.ClientResponse) -> bool:
    """Tell an unknown number from a request that is not understood: `{"error": "unknown_number"}`."""
    told = (await answer.content.read(MOST_BYTES)).decode("utf-8", "replace")
    try:
        said = json.loads(told)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("error") == UNKNOWN


def _meaning(status: int, retry_after: str | None) -> DeliveryError | None:
    """Return None if accepted; 409 says that this key is being processed, and the next try learns the outcome."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT} or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and retry_after
    ):
        return Busy(patience(retry_after))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER:
        return Down(f"sms gateway: http {status}")
    if status == HTTPStatus.GONE:
        return Gone("sms gateway: no such subscriber")
    return Refused("credentials" if status in _OURS else f"http_{status}")


def patience(retry_after: str | None) -> float:
    """Read a `Retry-After` of either form, seconds or a date, and keep it within an hour."""
    text = (retry_after or "").strip()
    seconds = float(text) if text.isascii() and text.isdigit() else _until(text)
    return min(max(seconds, 1.0), LONGEST_PATIENCE_S)


def _until(text: str) -> float:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return PATIENCE_S
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()
