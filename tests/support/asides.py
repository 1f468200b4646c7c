"""The asides of a desk on a store in memory, for tests that have no house."""

from datetime import timedelta

from bot.conversation.procedure import Rules
from bot.core.wakeup import Bell
from bot.engine.side_replies import Asides
from bot.identity.register import Directory
from bot.issuing.kept_files import Keeps
from bot.knowledge import KnowledgeBase
from bot.knowledge.answers import Answers
from bot.knowledge.gaps import Gaps
from bot.notices.addresses import Addresses
from bot.queues.jobs import Jobs
from bot.queues.outbox import Outbox
from bot.reminders.schedule import DAYS
from bot.reminders.service import Reminders, Stores
from ca.ledger.vault import KeyRing, Vault
from tests.support.talk import WORDS

LEASE = timedelta(seconds=30)


def asides(knowledge: KnowledgeBase) -> Asides:
    vault = Vault(KeyRing.new())
    jobs, outbox = Jobs(vault, Bell(), LEASE), Outbox(vault, Bell(), LEASE)
    stores = Stores(jobs, outbox, Keeps(vault), Directory(vault), Addresses(vault))
    reminders = Reminders(stores, WORDS, Rules(), DAYS)
    return Asides(Answers(lambda: knowledge), WORDS, Gaps(vault), reminders, outbox)
