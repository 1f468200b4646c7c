"""Side replies on a database in memory, for tests without an application."""

from datetime import timedelta

from bot.conversation.procedure import Rules
from bot.core.wakeup import Wakeup
from bot.engine.side_replies import SideReplies
from bot.identity.register import CustomerRegister
from bot.issuing.kept_files import KeptFiles
from bot.knowledge import KnowledgeBase
from bot.knowledge.answers import Answers
from bot.knowledge.gaps import Gaps
from bot.notices.addresses import Addresses
from bot.queues.jobs import Jobs
from bot.queues.outbox import Outbox
from bot.reminders.schedule import DAYS
from bot.reminders.service import Reminders, ReminderStores
from ca.ledger.vault import KeyRing, Vault
from tests.support.conversation import WORDS

LEASE = timedelta(seconds=30)


def asides(knowledge: KnowledgeBase) -> SideReplies:
    vault = Vault(KeyRing.new())
    jobs, outbox = Jobs(vault, Wakeup(), LEASE), Outbox(vault, Wakeup(), LEASE)
    stores = ReminderStores(jobs, outbox, KeptFiles(vault), CustomerRegister(vault), Addresses(vault))
    reminders = Reminders(stores, WORDS, Rules(), DAYS)
    return SideReplies(Answers(lambda: knowledge), WORDS, Gaps(vault), reminders, outbox)
