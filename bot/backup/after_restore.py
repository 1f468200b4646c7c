"""A desk brought back from a backup: what it gave out since, and no longer knows of, it must not give out again.

Chats, the gateway and the authority remember what the desk forgot. A button that was made after the backup would fit a
screen that is only being made now; the gateway would take a new message for one that it has sent; the authority would
take a new application for one that it has decided. So every count goes on far above where it stood.
"""

from dataclasses import replace
from datetime import datetime

from bot.conversation.cards import card
from bot.conversation.case import Case, Phase
from bot.conversation.chats import Chats
from bot.conversation.procedure import Rules
from bot.messages.outgoing import Card, chat_lane
from bot.queues.outbox import Outbox
from bot.storage.database import Transaction

#: More than any chat changes between two backups.
REVISIONS = 1_000_000
#: More applications than anybody makes between two backups; customers read it at the end of the receipt number.
SUBMISSIONS = 100
#: An application that is in hand keeps its number: asking again for it must be the same request.
IN_HAND = frozenset({Phase.DECIDING, Phase.ENROLLED, Phase.ISSUING, Phase.ISSUED})


def move_on(tx: Transaction, chats: Chats, outbox: Outbox, now: datetime, rules: Rules) -> int:
    """Make every button old, forget which message was the present screen, and return how many chats there are.

    Whoever taps is told so and sees where they are. A chat that messages still wait for gets its screen once more,
    since the one that waits has buttons that are old.
    """
    tx.run("chats_lose_card")
    for query in ("outbox_free", "job_free"):  # whoever had claimed it is no more
        tx.run(query)
    waiting = {row["lane"] for row in tx.rows("outbox_lanes")}
    cases = [moved_on(case) for case in chats.every_case(tx)]
    chats.put_cases(tx, cases)
    for case in cases:
        lane = chat_lane(case.chat_id)
        if lane in waiting:
            screen = Card(card(case, now, rules), fresh=True)
            outbox.add(tx, f"restored:{case.chat_id}.{case.revision}", lane, screen, now)
    return len(cases)


def moved_on(case: Case) -> Case:
    again = 0 if case.phase in IN_HAND else SUBMISSIONS
    return replace(case, revision=case.revision + REVISIONS, submissions=case.submissions + again)
