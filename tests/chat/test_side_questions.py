"""Side questions: commands at any time, the knowledge base, and the language."""

import pytest

from tests.support.customers import AN, GILDONG
from tests.support.local_telegram import Customer, LocalTelegram

LOST = {"ko": "인증서를 잃어버렸어요", "en": "I lost my certificate"}
WEATHER = {"ko": "오늘 날씨 어때요?", "en": "How is the weather today?"}


async def test_a_question_at_the_very_start_leads_to_the_reissue(anybody: Customer) -> None:
    await anybody.says(LOST[anybody.language])

    answer = await anybody.sees("faq.answer")
    await anybody.person.taps(anybody.words("button.start"), answer)

    await anybody.sees("reissue.ask.reason")
    await anybody.tells_why()
    await anybody.sees("reissue.ask.name")


async def test_a_question_nobody_can_answer_leads_to_people(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.person.starts()

    await anybody.says(WEATHER[anybody.language])

    await anybody.sees("faq.unknown")
    await anybody.taps("button.human")
    await anybody.sees("human.text")
    await place.staff.sees("staff.wanted")


async def test_the_articles_are_browsed_from_group_to_topic_to_related(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.says("/faq")
    groups = await anybody.sees("faq.groups")
    await anybody.person.taps(groups.keyboard[0][0].text, groups)
    group = await anybody.person.until_says(groups.keyboard[0][0].text, after=groups.message_id)
    await anybody.person.taps(group.keyboard[0][0].text, group)
    article = await anybody.reads("faq.answer", after=group.message_id)
    related = next(row[0] for row in article.keyboard if (row[0].data or "").partition(".")[2].startswith("topic:"))

    await anybody.person.taps(related.text, article)

    other = await anybody.reads("faq.answer", after=article.message_id)
    assert other.text != article.text
    await anybody.person.taps(anybody.words("button.useful"), other)
    await anybody.sees("faq.useful")
    await anybody.person.taps(anybody.words("button.useless"), article)
    await anybody.sees("faq.useless")
    assert await place.rows("SELECT useful, times FROM usefulness ORDER BY useful") == [(0, 1), (1, 1)]


async def test_every_topic_of_every_group_opens(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.says("/faq")
    groups = await anybody.sees("faq.groups")
    for row in groups.keyboard:
        before = anybody.newest
        await anybody.person.taps(row[0].text, groups)
        group = await anybody.person.until_says(row[0].text, after=before)
        for topic in group.keyboard[:-1]:
            before = anybody.newest
            await anybody.person.taps(topic[0].text, group)
            await anybody.reads("faq.answer", after=before)
    assert place.messenger.stats.refused.get(400, 0) == 0


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("/help", "help.text"),
        ("/privacy", "privacy.text"),
        ("/status", "status.phase"),
        ("/mycert", "mycert.none"),
        ("/agent", "human.text"),
        ("/faq", "faq.groups"),
        ("/language", "language.ask"),
        ("/cancel", "cancel.nothing"),
    ],
)
async def test_every_command_works_before_anything_else(anybody: Customer, command: str, key: str) -> None:
    await anybody.says(command)

    await anybody.sees(key)


async def test_the_language_changes_at_once_and_stays(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.triage()
    await gildong.fills_in(GILDONG, until="birth")
    english = place.customer(101, "en")

    await gildong.says("/language")
    await gildong.sees("language.ask")
    await gildong.taps("language.en")

    await english.sees("language.set")
    await english.sees("reissue.ask.birth")
    await english.fills_in(GILDONG, begin="birth")
    await english.sees("proof.sent.sms")
    sms = await place.messenger.until_sms(GILDONG.phone)
    assert english.pattern("sms.code").search(sms.text)
    await place.restarts()
    await english.says("/status")
    await english.sees("status.phase")


async def test_the_first_language_is_the_messengers(place: LocalTelegram, gildong: Customer, an: Customer) -> None:
    await gildong.person.starts()
    await an.person.starts()

    await gildong.sees("card.idle")
    await an.sees("card.idle")


async def test_my_certificate_is_shown_to_whom_it_belongs(
    place: LocalTelegram, gildong: Customer, an: Customer
) -> None:
    await gildong.reissues(GILDONG)
    before = gildong.newest

    await gildong.says("/mycert")
    mine = await gildong.reads("mycert.title", after=before)
    assert f"{place.authority.certificates(GILDONG.customer_id)[-1].serial:X}" in mine.text
    assert gildong.words("mycert.status.good") in mine.text

    await an.says("/mycert")
    await an.sees("mycert.none")

    place.authority.hold(place.authority.certificates(GILDONG.customer_id)[-1].serial, "test-hold")
    before = gildong.newest
    await gildong.says("/mycert")
    mine = await gildong.reads("mycert.title", after=before)
    assert gildong.words("mycert.status.hold") in mine.text


async def test_status_is_live_in_every_phase(place: LocalTelegram, an: Customer) -> None:
    async def says_that_it_is(phase: str) -> None:
        before = an.newest
        await an.says("/status")
        told = await an.reads("status.phase", after=before)
        assert an.words(f"phase.{phase}") in told.text

    await says_that_it_is("idle")
    await an.triage()
    await says_that_it_is("asking")
    await an.fills_in(AN)
    await an.sees("proof.sent.sms")
    await says_that_it_is("proving")
    await an.proves(AN)
    await an.taps("button.submit")
    await an.sees("enrolled.password")
    await says_that_it_is("enrolled")
    await an.says("/cancel")
    await an.taps("confirm.cancel.yes")
    await an.sees("card.cancelled")
    await says_that_it_is("cancelled")


async def test_help_and_what_is_this_are_there_for_every_step(an: Customer) -> None:
    await an.person.starts()
    await an.taps("button.start")
    for step, tap in (("reason", "lost"), ("state", "valid")):
        await an.sees(f"reissue.ask.{step}")
        await an.taps("button.help")
        await an.sees(f"reissue.help.{step}")
        await an.asked(step, tap)
    await an.sees("reissue.ask.expiry")
    await an.taps("reissue.expiry.unknown")
    await an.asked("who", "self")
    card = await an.sees("reissue.ask.ready")
    for item, row in zip(("document", "contact", "account"), card.keyboard, strict=False):
        await an.person.presses_raw(row[1].data or "", card)
        await an.sees(f"reissue.what.{item}")


async def test_the_checklist_is_ticked_off_one_by_one(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.person.starts()
    await anybody.taps("button.start")
    await anybody.asked("reason", "device")
    await anybody.asked("state", "unknown")
    await anybody.asked("who", "self")

    for change in ("document.open", "contact.open", "contact.ticked", "contact.open", "account.open"):
        await anybody.taps(f"reissue.ready.{change}")
        await place.quiet()

    await anybody.sees("reissue.ask.consent")


async def test_the_checklist_ticked_faster_than_it_is_redrawn(anybody: Customer) -> None:
    await anybody.person.starts()
    await anybody.taps("button.start")
    await anybody.asked("reason", "device")
    await anybody.asked("state", "unknown")
    await anybody.asked("who", "self")
    card = await anybody.sees("reissue.ask.ready")

    for item in (0, 1, 1, 2):
        await anybody.person.presses_raw(card.keyboard[item][0].data or "", card)

    await anybody.sees("reissue.ask.consent")


async def test_the_button_under_an_answer_tapped_twice_begins_once(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.says(LOST[anybody.language])
    answer = await anybody.sees("faq.answer")

    for _ in range(2):
        await anybody.person.taps(anybody.words("button.start"), answer)

    await place.quiet()
    await anybody.sees("reissue.ask.reason")
    assert not anybody.shows("confirm.restart")


#: How the triage leads elsewhere: taps, and where they end.
ENDINGS = {
    "other_bank": (("reason", "lost"), ("state", "other_bank")),
    "restore": (("reason", "lost"), ("state", "suspended")),
    "new": (("reason", "lost"), ("state", "revoked")),
    "agent": (("reason", "lost"), ("state", "unknown"), ("who", "agent")),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_the_triage_leads_elsewhere_and_back(anybody: Customer, ending: str) -> None:
    await anybody.person.starts()
    await anybody.taps("button.start")
    for step, tap in ENDINGS[ending]:
        await anybody.asked(step, tap)
    await anybody.sees(f"reissue.ending.{ending}")
    before = anybody.newest
    await anybody.taps("button.more")
    await anybody.reads("faq.answer", after=before)

    await anybody.taps("button.back")

    await anybody.sees(f"reissue.ask.{ENDINGS[ending][-1][0]}")


async def test_who_declines_leaves_nothing_behind(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.person.starts()
    await anybody.taps("button.start")
    for step, tap in (("reason", "lost"), ("state", "unknown"), ("who", "self")):
        await anybody.asked(step, tap)
    await anybody.taps("reissue.ready.all")
    await anybody.asked("consent", "decline")
    await anybody.sees("reissue.ending.decline")

    await anybody.taps("button.home")

    await anybody.sees("card.idle")
    await place.quiet()
    assert await place.rows("SELECT phase FROM chats") == [("idle",)]


TWO_THINGS = {
    "ko": "재발급 수수료가 얼마예요? 그리고 시간은 얼마나 걸려요?",
    "en": "How much is the fee? And how long does the reissue take?",
}


async def test_two_questions_in_one_message_are_both_answered(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.says(TWO_THINGS[anybody.language])

    first = await anybody.sees("faq.beside")
    await anybody.person.taps(first.keyboard[0][0].text, first)

    second = await anybody.reads("faq.answer", after=first.message_id)
    knowledge = place.app.knowledge.articles.now
    questions = {knowledge.article(topic, anybody.language).question for topic in ("fees", "processing-time")}
    assert {each.text.splitlines()[0] for each in (first, second)} == questions


async def test_staff_see_what_was_left_open_and_no_word_that_one_person_wrote(
    place: LocalTelegram, gildong: Customer, an: Customer
) -> None:
    await place.staff.person.says("/gaps")
    await place.staff.sees("staff.gaps.none")
    await gildong.says("독고빛나래인데 오늘 날씨 어때요?")
    await gildong.sees("faq.unknown")
    await an.says("how much is it?")
    answer = await an.sees("faq.answer")
    await an.person.taps(an.words("button.useless"), answer)
    await an.sees("faq.useless")

    await place.staff.person.says("/gaps")

    seen = await place.staff.sees("staff.gaps")
    assert "(fees)" in seen.text
    assert "빛나래" not in seen.text
    assert len(seen.text) < 1_000


async def test_a_customer_has_no_command_of_staff(gildong: Customer) -> None:
    await gildong.says("/gaps")

    await gildong.sees("error.unknown_command")
