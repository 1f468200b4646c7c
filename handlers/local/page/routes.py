"""Routes requests and rejects foreign ones: every web page in the browser can reach loopback."""

from aiohttp import web

from handlers.local.api import Api
from handlers.local.page.live import Page
from handlers.local.page.phones import Phones

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Routes:
    def __init__(self, api: Api, phones: Phones, page: Page) -> None:
        self._api = api
        self._phones = phones
        self._page = page

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        if not is_same_site(request):
            return web.Response(status=403, text="Forbidden")
        if path.startswith("/bot"):
            return await self._api.handle(request, path)
        if path.startswith("/file/bot"):
            return await self._api.download(path)
        if path == "/sms" and request.method == "POST":
            return await self._phones.take_sms(request)
        return await self._page.handle(request)


def is_same_site(request: web.BaseRequest) -> bool:
    """Whether the host is local (against DNS rebinding) and the origin is this server (against other sites)."""
    headers = request.headers
    host = headers.get("Host", "")
    if host.rpartition(":")[0] not in LOCAL_HOSTS:
        return False
    origin = headers.get("Origin")
    return origin is None or origin == f"http://{host}"
