"""Send a bot what a messenger could send, and what none ever should: `python -m tests.hostile.updates`.

Bytes go by webhook over a socket into the real application, whose calls come back over sockets to the local messenger.
Some hundred customers do anything at any time, a few only what they are asked. Between their updates come well-formed
ones of every kind, repeated and late ones, and malformed ones. It ends with 1, the seed and the problem, unless nothing
was unhandled, nobody was stuck, no step was out of order, and no certificate was issued without a request.
"""

import argparse
import asyncio
import gc
import logging
import math
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

from handlers.local.wire.json_shapes import JSON
from tests.hostile.updates_customers import Wanderer
from tests.hostile.updates_end_checks import ends
from tests.hostile.updates_setup import Plan, Post, Scene, scene, sound

#: Shares of what is sent, for each action of a customer.
SHAPED, TORN = 0.8, 1.0
REPEATED, LATE = 0.05, 0.03
#: How many chats say /start after each round, and must be answered.
ASKED = 4
#: One in this many rounds is followed by days without updates; in one of this many, somebody floods.
LONG_PAUSE, FLOOD = 150, 60
FLOOD_OF = 320
BETWEEN_WORDS = 10.0
A_WHILE = timedelta(minutes=2)
PAGE = resource.getpagesize()
Say = Callable[[str], None]


class Campaign:
    def __init__(self, it: Scene, say: Say) -> None:
        self._it = it
        self._say = say
        self._late: deque[Post] = deque(maxlen=400)
        #: What was sent in this round, to be malformed in later ones.
        self._real: list[JSON] = []
        self.rounds = 0

    async def runs(self) -> None:
        it, plan = self._it, self._it.plan
        it.invites(rounds=1 + plan.count // 50_000)
        begun = told = time.monotonic()
        until = begun + plan.seconds
        while it.sent < plan.count and time.monotonic() < until and not it.watch.findings:
            await self._round()
            if time.monotonic() - told > BETWEEN_WORDS or it.sent >= plan.count:
                told = time.monotonic()
                self._tell(told - begun)
        if not it.watch.findings:
            await ends(it)

    async def _round(self) -> None:
        it = self._it
        self.rounds += 1
        crowd = await self._acts()
        await it.posts(self._mixed(crowd))
        it.tearing.real.extend(self._real)  # Only now: a malformed update must not take the id of one that is to come.
        self._real.clear()
        await it.posts(self._again(each) for each in crowd if it.chance.random() < REPEATED)
        if not await it.settles():
            return
        if self._floods:
            await it.passes(A_WHILE)  # A chat that has flooded is served again after it.
        await it.asks(it.chance.sample(it.wanderers, ASKED))
        if self.rounds % 10 == 1:
            await self._is_ready()
        if self.rounds % LONG_PAUSE:
            await it.passes(timedelta(seconds=it.chance.choice((5, 10, 20, 30, 90))))
        else:
            await self._days_pass()

    async def _days_pass(self) -> None:
        """No messenger repeats an update that is this old; the same id is then a new update."""
        await self._it.passes(timedelta(days=4))
        self._late.clear()
        self._it.watch.forgets()

    async def _acts(self) -> list[Post]:
        """Let some act, customers of the bank more often; return what the messenger sends of it, in order."""
        it, chance = self._it, self._it.chance
        customers = [each for each in it.wanderers if each.is_customer]
        share = [*chance.sample(customers, len(customers) // 2)]
        share += [each for each in it.wanderers if not chance.randrange(6) and each not in share]
        for each in share:
            await each.acts()
        made, it.made = it.made, []
        self._real += made
        return [sound(each) for each in made]

    def _mixed(self, crowd: list[Post]) -> list[Post]:
        """Put everything else between the updates of the customers, whose own order stays."""
        it, chance = self._it, self._it.chance
        beside = [each for each in crowd if chance.random() < REPEATED]
        self._late.extend(each for each in crowd if chance.random() < LATE)
        beside += [self._shaped() for _ in range(int(len(crowd) * SHAPED))]
        if it.tearing.real:
            beside += [self._torn() for _ in range(int(len(crowd) * TORN))]
        if self._floods:
            beside += self._flood(chance.choice(it.wanderers))
        chance.shuffle(beside)
        late = [self._late.popleft() for _ in range(min(len(self._late), int(len(crowd) * LATE)))]
        places = sorted(chance.choices(range(len(beside) + 1), k=len(crowd)))
        mixed: list[Post] = []
        taken = 0
        for place, each in zip(places, crowd, strict=True):
            mixed += [*beside[taken:place], each]
            taken = place
        return [*late, *mixed, *beside[taken:]]

    @property
    def _floods(self) -> bool:
        return self.rounds % FLOOD == FLOOD - 1

    def _again(self, post: Post) -> Post:
        """The same id, and another body."""
        return Post(self._it.tearing.again(post.number), post.chat_id, post.number, sound=False)

    def _shaped(self) -> Post:
        it = self._it
        update = {"update_id": next(it.shaped), **it.shapes.anything()}
        if it.chance.random() < 0.3:
            self._real.append(update)
        return sound(update)

    def _torn(self) -> Post:
        number = next(self._it.torn)
        return Post(self._it.tearing.body(number), 0, number, sound=False)

    def _flood(self, each: Wanderer) -> list[Post]:
        it, chat = self._it, each.person.chat
        posts = []
        for _ in range(FLOOD_OF):
            message = it.shapes.message(chat.brief, each.person.persona.user(), text=it.shapes.text())
            posts.append(sound({"update_id": next(it.shaped), "message": message}))
        return posts

    async def _is_ready(self) -> None:
        status, why = await self._it.asked("/readyz")
        if status != 200:
            self._it.watch.finds("not ready", why)

    def _tell(self, seconds: float) -> None:
        it = self._it
        parked = sum(it.watch.parked.values())
        self._say(
            f"{it.sent} updates in {seconds:.0f} s ({it.sent / seconds:.0f}/s), {parked} parked, "
            f"answers {dict(sorted(it.statuses.items()))}, {resident():.0f} MiB"
        )


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE / (1 << 20)


async def campaign(plan: Plan, folder: Path, say: Say, template: Path | None = None) -> Scene:
    async with scene(plan, folder, template) as it:
        await Campaign(it, say).runs()
        return it


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--chats", type=int, default=220, help="in each house")
    parser.add_argument("--houses", type=int, default=1, help="side by side, each with its share and its seed")
    parser.add_argument("--minutes", type=float, default=math.inf, help="send no more after so long")
    parser.add_argument("--model", action="store_true", help="questions go through the model, too")
    wanted = parser.parse_args()
    share = -(-wanted.count // wanted.houses)
    plans = [
        Plan(
            share,
            wanted.seed + number,
            wanted.chats,
            engine=wanted.engine,
            seconds=wanted.minutes * 60,
            model=wanted.model,
        )
        for number in range(wanted.houses)
    ]
    with ProcessPoolExecutor(wanted.houses) as pool:
        ended = list(pool.map(one_house, plans))
    for _, text in ended:
        print(text)
    return 0 if all(well for well, _ in ended) else 1


def one_house(plan: Plan) -> tuple[bool, str]:
    logging.basicConfig(handlers=[logging.NullHandler()], level=logging.INFO)

    gc.freeze()

    def say(line: str) -> None:
        print(f"seed {plan.seed}: {line}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        it = asyncio.run(campaign(plan, Path(folder), say))
    return not it.watch.findings, told(it)


def told(it: Scene) -> str:
    watch = it.watch
    found = [f"seed {it.plan.seed}, after {it.sent} updates:", *map(str, watch.findings)] if watch.findings else []
    done = sum(each.done for each in it.robots.values())
    parked = sum(watch.parked.values())
    return "\n".join(
        [
            *found,
            f"phases {dict(watch.phases)}",
            f"{len(watch.steps)} kinds of steps, {sum(watch.steps.values())} taken; warned {dict(watch.warned)}",
            f"seed {it.plan.seed}: {it.sent} updates, {len(watch.findings)} findings, {parked} parked",
            f"{it.issued} certificates, {done} of them to the honest",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
