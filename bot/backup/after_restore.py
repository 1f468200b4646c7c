"""Advances all counters after a restore, so that the bot reuses no number that it assigned after the backup.

Chats, the gateway and the authority know of events that the restored database does not have. With a reused number, a
button made after the backup matches a new screen, the gateway takes a new message for one that it has sent, and the
authority takes a new application for one that it has decided.
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

#: More than the revisions of any chat between two backups.
ADDED_REVISIONS = 1_000_000
#: More than the applications of anyone between two backups. The receipt number ends with it, so it stays short.
ADDED_SUBMISSIONS = 100
#: An application in these phases keeps its number: the request to the authority must be the same again.
IN_PROGRESS = frozenset({Phase.DECIDING, Phase.ENROLLED, Phase.ISSUING, Phase.ISSUED})


def advance_counters(tx: Transaction, chats: Chats, outbox: Outbox, now: datetime, rules: Rules) -> int:
    """Make every button outdated, forget the current message of each chat, and return the number of chats.

    A customer who taps an outdated button sees the current screen. A chat with waiting messages gets its screen again,
    because the buttons of the waiting one are outdated.
    """
    tx.run("chats_lose_card")
    for query in ("outbox_free", "job_free"):  # the process that held the lease no longer exists
        tx.run(query)
    waiting_lanes = {row["lane"] for row in tx.rows("outbox_lanes")}
    cases = [advanced(case) for case in chats.every_case(tx)]
    chats.put_cases(tx, cases)
    for case in cases:
        lane = chat_lane(case.chat_id)
        if lane in waiting_lanes:
            screen = Card(card(case, now, rules), fresh=True)
            outbox.add(tx, f"restored:{case.chat_id}.{case.revision}", lane, screen, now)
    return len(cases)


def advanced(case: Case) -> Case:
    added = 0 if case.phase in IN_PROGRESS else ADDED_SUBMISSIONS
    return replace(case, revision=case.revision + ADDED_REVISIONS, submissions=case.submissions + added)
