"""Mini Apps: the launch data that a client hands over, signed as the real one signs it."""

import hashlib
import hmac
import json
from urllib.parse import quote, urlencode

from handlers.local.world.persona import Persona
from handlers.local.world.server_state import ServerState


def init_data(token: str, persona: Persona, at: float) -> str:
    """A Mini App's launch data, signed with the bot's token as the real client's is."""
    user = json.dumps(persona.user(), ensure_ascii=False, separators=(",", ":"))
    fields = {"auth_date": str(int(at)), "query_id": f"LOCAL{int(at * 1000)}", "user": user}
    checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode({**fields, "hash": hmac.new(secret, checked.encode(), hashlib.sha256).hexdigest()})


def app_url(state: ServerState, persona: Persona, url: str) -> str:
    """Where a Mini App's button leads: its address with the launch data behind the hash."""
    data = init_data(state.token, persona, state.now())
    launch = f"tgWebAppData={quote(data, safe='')}&tgWebAppVersion=9.0&tgWebAppPlatform=web"
    return f"{url}{'&' if '#' in url else '#'}{launch}"
