"""Which scenario shows which planted bug: what has to go wrong for it, and nothing more."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from handlers.local.wire.faults import Fault
from tests.crash.environment import Bank
from tests.crash.held_rows import JOB, MESSAGE
from tests.crash.processes import Zygote
from tests.crash.scenario_run import Play, play
from tests.crash.scenarios import (
    PATIENT_LEASE,
    SLOW_LEASE,
    Hasty,
    Scene,
    at,
    backlog,
    frozen,
    frozen_with_an_update,
    locked,
    nothing,
    slow,
    twice,
    weather,
)

#: At once: most of the time each waits for a lease to end, or for what its bug prevents.
AT_ONCE = 12

CALM = Scene(nothing, exact=True, setting={"lease": PATIENT_LEASE})
UPDATE = "chat chat:", "SqliteDatabase.unit"
MAKING = "job issue ", "bot/issuing/key_pool.py"
REDEEMED = at("password", "answered", "job issue ", "EmbeddedIssuer.redeem")
CONCLUDED = at("password", "answered", "job issue ", "Runner._do", "!JobHandlers", "SqliteDatabase.unit")
CUT_OFF = at("password", "asked", *MAKING)
ANSWERED = at("phone", "answered", *UPDATE)
FAILING = at("birth", "failing", "chat chat:", "WorkerThreads.of")
SENT = at("pick:self", "answered", "send chat:", "SqliteDatabase.unit")
SILENCE = weather("pick:self", "editMessageText", Fault.RESET)

SCENES: dict[str, Scene] = {
    "acknowledge_first": (LOCKED := locked()),
    "offset_by_max": Scene(backlog),
    "webhook_answered_first": locked(webhook=True),
    "known_by_memory": at("birth", "failing", "statement inbox_add"),
    "taken_again": Scene(twice),
    "done_before_it_is_done": ANSWERED,
    "done_after_it_is_done": ANSWERED,
    "done_by_everybody": Scene(frozen_with_an_update),
    "overtaking": at("name", "failing", "chat chat:", "WorkerThreads.of", robot=Hasty),
    "parked_at_once": FAILING,
    "busy_for_ever": at("birth", "cancelled", *UPDATE),
    "outbox_apart": ANSWERED,
    "jobs_apart": at("submit", "answered", *UPDATE),
    "autocommit": at("birth", "asked", "statement outbox_add"),
    "half_undone": at("birth", "failing", "statement outbox_add"),
    "committed_later": at("birth", "asked", "poller ", "Poller._fetched"),
    "told_from_memory": CONCLUDED,
    "done_when_claimed": CUT_OFF,
    "concluded_apart": CONCLUDED,
    "never_taken_over": CUT_OFF,
    "late_result_taken": frozen(JOB),
    "held_for_ever": (CANCELLED := at("password", "cancelled", *MAKING)),
    "given_up_when_it_fails": at("password", "failing", *MAKING),
    "broken_off_is_done": CANCELLED,
    "waits_for_the_bell": at("password", "asked", *MAKING, lease=SLOW_LEASE),
    "sent_before_sending": SENT,
    "recorded_apart": at("/start", "answered", "send chat:", "SqliteDatabase.unit", exact=True, lease=PATIENT_LEASE),
    "message_never_taken_over": at("birth", "asked", "send chat:", "TelegramMessenger.show"),
    "late_sender_heard": frozen(MESSAGE),
    "out_of_line": weather("password", "sendDocument", Fault.STORM),
    "slow_is_dead": Scene(slow, exact=True, setting={"lease": PATIENT_LEASE}),
    "patience_is_refusal": weather("pick:self", "editMessageText", Fault.STORM),
    "silence_is_refusal": SILENCE,
    "silence_is_consent": SILENCE,
    "no_key": at("pick:sms", "answered", "send sms:", "ClientResponse.start"),
    "fresh_request": REDEEMED,
    "key_in_memory": REDEEMED,
    "key_erased_early": at("password", "asked", "statement job_done"),
    "files_in_memory": CONCLUDED,
    "files_apart": CONCLUDED,
    "case_in_the_clear": CUT_OFF,
    "password_in_the_clear": CUT_OFF,
    "update_in_the_log": CUT_OFF,
}


#: A scenario, and the bug that is planted in it.
Planted = tuple[Scene, str | None]


async def played(bank: Bank, made: Zygote, folder: Path, each_with: Iterable[Planted]) -> list[Play]:
    """Play these at once, and return them in order, with their problems."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, scene: Scene, mutant: str | None) -> Play:
        async with (
            turns,
            play(bank, made, folder / str(number), mutant, webhook=scene.webhook, **scene.setting) as made_up,
        ):
            made_up.exact = scene.exact
            await scene.happens(made_up)
            await made_up.ends()
            return made_up

    return await asyncio.gather(*(one(number, *each) for number, each in enumerate(each_with)))
