"""Mini Apps: the launch data that a client passes on, signed as by the real client."""

import hashlib
import hmac
import json
from urllib.parse import quote, urlencode

from handlers.local.world.persona import Persona
from handlers.local.world.server_state import ServerState


def init_data(token: str, persona: Persona, at: float) -> str:
    """The launch data, signed with the bot's token (https://core.telegram.org/bots/webapps#validating-data)."""
    user = json.dumps(persona.user(), ensure_ascii=False, separators=(",", ":"))
    fields = {"auth_date": str(int(at)), "query_id": f"LOCAL{int(at * 1000)}", "user": user}
    checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode({**fields, "hash": hmac.new(secret, checked.encode(), hashlib.sha256).hexdigest()})


def app_url(state: ServerState, persona: Persona, url: str) -> str:
    """The URL of a Mini App's button, with the launch data in the fragment."""
    data = init_data(state.token, persona, state.now())
    launch = f"tgWebAppData={quote(data, safe='')}&tgWebAppVersion=9.0&tgWebAppPlatform=web"
    return f"{url}{'&' if '#' in url else '#'}{launch}"
