"""Tries are counted by chat, by person and by code; every pause says when it ends, and ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversation.turns.texts import CODE_LIFETIME, CODE_TRIES
from bot.identity.proof import DEFAULT_LIMITS
from tests.support.customers import GILDONG, crowd, persona
from tests.support.local_telegram import Customer, LocalTelegram, local_telegram

NOBODY = crowd(4)


@pytest.fixture
async def street(template: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    """The victim, and four others who are no customers."""
    thieves = [persona(record, 301 + number) for number, record in enumerate(NOBODY)]
    async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101), *thieves]) as made:
        yield made


@pytest.fixture
def victim(street: LocalTelegram) -> Customer:
    return street.customer(101)


async def asks_for_a_code(customer: Customer) -> None:
    await customer.triage()
    await customer.fills_in(GILDONG)
    await customer.sees("proof.sent.sms")


async def asks_again(place: LocalTelegram, customer: Customer, times: int) -> None:
    for _ in range(times):
        await place.quiet()
        await customer.taps("button.again")
    await place.quiet()


async def gets_in(place: LocalTelegram, customer: Customer) -> None:
    await place.quiet()
    codes = place.messenger.sms_of(GILDONG.phone)
    await customer.says(await customer.code(GILDONG.phone, after=codes[-2].order if len(codes) > 1 else 0))
    await customer.sees("reissue.review")


async def test_one_chat_asks_for_so_many_codes_then_pauses_until_a_time_that_is_said(
    street: LocalTelegram, victim: Customer
) -> None:
    await asks_for_a_code(victim)
    await asks_again(street, victim, DEFAULT_LIMITS.chat.tries)
    await victim.sees("error.paused")
    await victim.sees("proof.wait")
    assert len(street.messenger.sms_of(GILDONG.phone)) == DEFAULT_LIMITS.chat.tries

    await asks_again(street, victim, 3)
    assert len(street.messenger.sms_of(GILDONG.phone)) == DEFAULT_LIMITS.chat.tries

    await street.later(DEFAULT_LIMITS.chat.pause + timedelta(seconds=1))
    await victim.taps("button.again")
    await victim.sees("proof.sent.sms")
    await gets_in(street, victim)


async def test_a_thief_alone_uses_up_the_own_chat_and_not_the_victims_tries(
    street: LocalTelegram, victim: Customer
) -> None:
    thief = street.customer(301)
    await asks_for_a_code(thief)
    await asks_again(street, thief, 20)
    await thief.sees("error.paused")

    await asks_for_a_code(victim)
    await gets_in(street, victim)


async def test_many_thieves_make_the_victim_wait_and_never_for_good(street: LocalTelegram, victim: Customer) -> None:
    for number in (301, 302):
        thief = street.customer(number)
        await asks_for_a_code(thief)
        await asks_again(street, thief, DEFAULT_LIMITS.person.tries // 2)
    await victim.triage()
    await victim.fills_in(GILDONG)
    await victim.sees("error.paused")

    await street.later(DEFAULT_LIMITS.person.pause + timedelta(seconds=1))
    await victim.taps("button.again")

    await victim.sees("proof.sent.sms")
    await gets_in(street, victim)


async def test_a_code_takes_so_many_guesses_and_then_even_the_right_one_is_nothing(
    street: LocalTelegram, victim: Customer
) -> None:
    await asks_for_a_code(victim)
    right = await victim.code(GILDONG.phone)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for left in range(CODE_TRIES - 1, 0, -1):
        await victim.says(wrong)
        await victim.person.until_says(victim.words("error.code_wrong", left=left).split("\n")[0])
    await victim.says(wrong)
    await victim.sees("error.code_used_up")

    await victim.says(right)
    await street.quiet()
    assert not victim.shows("reissue.review")
    assert not [each for each in victim.person.messages if each.text in {right, wrong}]

    await victim.taps("button.again")
    await gets_in(street, victim)


async def test_a_late_code_is_told_to_be_late_and_a_new_one_voids_it(street: LocalTelegram, victim: Customer) -> None:
    await asks_for_a_code(victim)
    late = await victim.code(GILDONG.phone)
    await street.later(CODE_LIFETIME + timedelta(seconds=1))
    await victim.sees("error.code_lapsed")

    await victim.says(late)
    await victim.reads("proof.none", after=victim.newest - 1)
    await victim.taps("button.again")
    await victim.sees("proof.sent.sms")
    await victim.says(late)
    await victim.sees("error.code_wrong")

    await gets_in(street, victim)


async def test_the_code_lapses_at_its_minute_even_if_nobody_was_there_to_see(
    street: LocalTelegram, victim: Customer
) -> None:
    await asks_for_a_code(victim)
    late = await victim.code(GILDONG.phone)

    await street.restarts(after=CODE_LIFETIME)
    await victim.says(late)
    await victim.sees("proof.none")

    assert not victim.shows("reissue.review")
