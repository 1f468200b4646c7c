"""The asides of a desk on a store in memory, for tests that have no house."""

from datetime import timedelta

from bot.addresses import Addresses
from bot.answers import Answers
from bot.asides import Asides
from bot.directory import Directory
from bot.faq import KnowledgeBase
from bot.procedure import Rules
from bot.reminders import Reminders, Stores
from bot.reminding import DAYS
from bot.store.bell import Bell
from bot.store.gaps import Gaps
from bot.store.jobs import Jobs
from bot.store.keeps import Keeps
from bot.store.outbox import Outbox
from ca.vault import KeyRing, Vault
from tests.support.talk import WORDS

LEASE = timedelta(seconds=30)


def asides(knowledge: KnowledgeBase) -> Asides:
    vault = Vault(KeyRing.new())
    jobs, outbox = Jobs(vault, Bell(), LEASE), Outbox(vault, Bell(), LEASE)
    stores = Stores(jobs, outbox, Keeps(vault), Directory(vault), Addresses(vault))
    reminders = Reminders(stores, WORDS, Rules(), DAYS)
    return Asides(Answers(lambda: knowledge), WORDS, Gaps(vault), reminders, outbox)
