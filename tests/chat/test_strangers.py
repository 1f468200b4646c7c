"""What a stranger can learn before the one-time code was entered: nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.identity.proof import Identity
from bot.identity.register import CustomerRecord
from tests.support.customers import GILDONG, persona
from tests.support.local_telegram import Customer, LocalTelegram, local_telegram

#: Typed by three people. Masked, as the chat echoes it, all of it looks the same.
TYPED = {
    101: GILDONG,
    102: replace(GILDONG, name="홍갈동"),
    103: replace(GILDONG, name="홍실동", birth_date=date(1980, 11, 30), phone="01099995678", account="99999999991234"),
}
CODE = "314159"


@pytest.fixture
async def three(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalTelegram]:
    monkeypatch.setattr(Identity, "_code", lambda _self: CODE)
    personas = [persona(replace(GILDONG, phone=f"0105555000{number}"), number) for number in TYPED]
    async with local_telegram(template, tmp_path / "data", [GILDONG], personas) as made:
        made.clock.stands_at = datetime.now(UTC)
        yield made


def all_that_is_shown(customer: Customer) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Every message of the bot with its buttons, as the customer's device has it."""
    return [
        (each.text, [(key.text, key.data) for row in each.keyboard for key in row])
        for each in customer.person.messages
        if each.from_bot
    ]


async def walks_to_the_code(place: LocalTelegram, user_id: int, typed: CustomerRecord, via: str) -> Customer:
    customer = place.customer(user_id)
    await customer.triage()
    await customer.fills_in(typed, via)
    await customer.sees(f"proof.sent.{via}")
    return customer


@pytest.mark.parametrize("via", ["sms", "mail"])
async def test_a_match_a_slip_and_a_stranger_see_the_same_bytes(three: LocalTelegram, via: str) -> None:
    seen = []
    for user_id, typed in TYPED.items():
        customer = await walks_to_the_code(three, user_id, typed, via)
        await three.quiet()
        screens = [all_that_is_shown(customer)]
        await customer.says("/status")
        await customer.sees("status.phase")
        for guess in ("000000", "111111", "222222", "333333", "444444"):
            await customer.says(guess)
            await three.quiet()
            screens.append(all_that_is_shown(customer))
        await customer.sees("error.code_used_up")
        await customer.taps("button.again")
        await customer.sees(f"proof.sent.{via}")
        await three.quiet()
        screens.append(all_that_is_shown(customer))
        seen.append(screens)

    match, slip, stranger = seen
    assert match == slip
    assert match == stranger


async def test_a_lapsed_code_and_a_pause_look_the_same_too(three: LocalTelegram) -> None:
    seen = []
    start = three.clock.ahead
    for user_id, typed in TYPED.items():
        three.clock.ahead = start
        customer = await walks_to_the_code(three, user_id, typed, "sms")
        await three.later(timedelta(minutes=4))
        await customer.sees("error.code_lapsed")
        for _ in range(5):
            await customer.taps("button.again")
            await three.quiet()
        await customer.sees("error.paused")
        seen.append(all_that_is_shown(customer))

    match, slip, stranger = seen
    assert match == slip
    assert match == stranger


async def test_no_code_goes_anywhere_for_somebody_unknown_and_none_is_right(three: LocalTelegram) -> None:
    stranger = await walks_to_the_code(three, 103, TYPED[103], "sms")
    await three.quiet()
    assert not three.messenger.phones.texts
    assert not three.messenger.phones.mails

    await stranger.says(CODE)

    await stranger.sees("error.code_wrong")
    assert not stranger.shows("reissue.review")


async def test_the_code_of_one_chat_is_worth_nothing_in_another(three: LocalTelegram) -> None:
    honest = await walks_to_the_code(three, 101, TYPED[101], "sms")
    assert await honest.code(GILDONG.phone) == CODE
    stranger = await walks_to_the_code(three, 103, TYPED[103], "sms")

    await stranger.says(CODE)
    await stranger.sees("error.code_wrong")

    await honest.says(CODE)
    await honest.sees("reissue.review")


async def test_a_code_goes_only_where_the_bank_wrote_down(three: LocalTelegram) -> None:
    thief = three.customer(102)
    await thief.triage()
    await thief.fills_in(replace(GILDONG, phone="01055550002"))
    await thief.sees("proof.sent.sms")

    assert (await three.messenger.until_sms(GILDONG.phone)).text.count(CODE) == 1
    assert not three.messenger.sms_of("01055550002")


async def test_after_a_restart_the_code_still_counts_its_tries(three: LocalTelegram) -> None:
    customer = await walks_to_the_code(three, 101, TYPED[101], "sms")
    for guess in ("000000", "111111"):
        await customer.says(guess)
        await customer.sees("error.code_wrong")
    await three.restarts()

    for guess in ("222222", "333333", "444444"):
        await customer.says(guess)
        await three.quiet()
    await customer.sees("error.code_used_up")
    await customer.says(CODE)

    await three.quiet()
    assert not customer.shows("reissue.review")
