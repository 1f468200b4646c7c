"""HTTP to an authority outside: with limits of time and size, and no redirects. PKIMessages go by RFC 9811."""

import logging

import aiohttp

from bot.issuing.outside.protocol import Away

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/pkixcmp"
#: A server that expects more on the same connection may take its end for the end of the transaction (OpenSSL does).
HEADERS = {"Content-Type": CONTENT_TYPE, "Connection": "close"}
MOST_BYTES = 256 * 1024


class CmpOverHttp:
    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def __call__(self, message: bytes) -> bytes:
        """Return the answer; raise `Away` if there is none, or something else than a PKIMessage."""
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(self._url, data=message, headers=HEADERS, allow_redirects=False) as answer,
            ):
                # An error may come with any status; what counts is the message (RFC 9811 section 3.4).
                if answer.content_type == CONTENT_TYPE:
                    return await limited(answer, MOST_BYTES)
                why = f"http {answer.status}"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            why = type(error).__name__
        logger.warning("the authority does not answer", extra={"why": why})
        raise Away(why)


async def limited(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the content; raise `ValueError` if it has more bytes than that."""
    told = bytearray()
    async for part in answer.content.iter_any():
        told += part
        if len(told) > most:
            raise ValueError(f"an answer of more than {most} octets")
    return bytes(told)
