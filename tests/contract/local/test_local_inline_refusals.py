"""Invalid answers to inline queries are refused; after each, a valid one is accepted."""

from typing import Any

import pytest
from telegram.error import BadRequest

from tests.contract.local.scene import Scene

FACE = "\U0001f600"  # two UTF-16 units, four bytes
#: In lower case, so that the library passes arguments that its own method refuses. The server accepts both cases.
ANSWER = "answerinlinequery"
RESULT = "can't parse inline query result: "
BUTTON = "can't parse inline query results button: "
TEXT = {"message_text": "text"}
GOOD: dict[str, Any] = {"type": "article", "id": "1", "title": "T", "input_message_content": TEXT}


def with_text(**content: Any) -> list[Any]:
    return [{**GOOD, "input_message_content": content}]


def with_key(**key: Any) -> list[Any]:
    return [{**GOOD, "reply_markup": {"inline_keyboard": [[{"text": "x", **key}]]}}]


async def check_refused(scene: Scene, params: dict[str, Any], problem: str) -> None:
    """Checks the error, of which the library lowers the case, and then a valid answer."""
    query_id = await scene.jihye.types_inline("x")
    with pytest.raises(BadRequest) as refused:
        await scene.bot.do_api_request(ANSWER, {"inline_query_id": query_id, **params})
    assert str(refused.value).lower() == problem.lower()
    assert await scene.bot.do_api_request(ANSWER, {"inline_query_id": query_id, "results": [GOOD]})
    assert (await scene.jihye.until_offered(query_id)).titles == ("T",)


@pytest.mark.parametrize(
    ("results", "problem"),
    [
        ({}, "expected an Array of inline query results"),
        ("[", "can't parse JSON encoded inline query results"),
        ([GOOD] * 51, "too many inline query results specified"),
        (["x"], RESULT + "Inline query result must be an object"),
        ([{"id": "1"}], RESULT + 'Can\'t find field "type"'),
        ([{"type": "article"}], RESULT + 'Can\'t find field "id"'),
        ([{**GOOD, "id": ["x"]}], RESULT + 'Field "id" must be of type String'),
        ([{**GOOD, "title": None}], RESULT + 'Can\'t find field "title"'),
        ([{**GOOD, "description": {}}], RESULT + 'Field "description" must be of type String'),
        ([{**GOOD, "type": "x"}], RESULT + 'type "x" is unsupported for the inline query result'),
        ([{**GOOD, "type": "photo"}], RESULT + 'type "photo" is not supported by the local messenger'),
        ([{**GOOD, "id": ""}], "RESULT_ID_INVALID"),
        ([{**GOOD, "id": "x" * 65}], "RESULT_ID_INVALID"),
        ([{**GOOD, "id": FACE * 16 + "x"}], "RESULT_ID_INVALID"),
        ([GOOD, GOOD], "RESULT_ID_DUPLICATE"),
        ([{**GOOD, "title": ""}], "ARTICLE_TITLE_EMPTY"),
        ([{**GOOD, "title": " "}], "ARTICLE_TITLE_EMPTY"),
    ],
)
async def test_results_are_checked(scene: Scene, results: Any, problem: str) -> None:
    await check_refused(scene, {"results": results}, problem)


@pytest.mark.parametrize(
    ("results", "problem"),
    [
        ([{**GOOD, "input_message_content": None}], RESULT + 'Can\'t find field "message_text"'),
        (
            [{**GOOD, "input_message_content": None, "message_text": ""}],
            RESULT + "Message text is empty",
        ),
        (
            [{**GOOD, "input_message_content": "x"}],
            RESULT + 'Field "input_message_content" must be of type Object',
        ),
        (with_text(), RESULT + "Input message content is not specified"),
        (with_text(message_text=""), RESULT + "Input message content is not specified"),
        (with_text(message_text=[]), RESULT + 'Field "message_text" must be of type String'),
        (
            with_text(phone_number="1", first_name="x"),
            RESULT + "this content is not supported by the local messenger",
        ),
        (with_text(message_text=" \n"), "text must be non-empty"),
        (with_text(message_text="<b></b>", parse_mode="HTML"), "text must be non-empty"),
        (with_text(message_text="x" * 4097), "MESSAGE_TOO_LONG"),
        (with_text(message_text=FACE * 2049), "MESSAGE_TOO_LONG"),
        (with_text(message_text="x", parse_mode="loud"), RESULT + "Unsupported parse_mode"),
        (
            with_text(message_text="<b>x", parse_mode="HTML"),
            RESULT + "Can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            with_text(message_text="x", entities=[{"type": "loud", "offset": 0, "length": 1}]),
            RESULT + "Can't parse MessageEntity: Unsupported type specified",
        ),
        (
            with_text(message_text="x", entities=[{"type": "bold", "offset": 1, "length": 1}]),
            "entity begins after the end of the text at UTF-16 offset 1",
        ),
    ],
)
async def test_contents_are_checked(scene: Scene, results: Any, problem: str) -> None:
    await check_refused(scene, {"results": results}, problem)


@pytest.mark.parametrize(
    ("results", "problem"),
    [
        ([{**GOOD, "reply_markup": "x"}], RESULT + 'Field "reply_markup" must be of type Object'),
        ([{**GOOD, "reply_markup": {"keyboard": [["x"]]}}], "inline keyboard expected"),
        (
            [{**GOOD, "reply_markup": {"inline_keyboard": "x"}}],
            RESULT + 'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        (
            with_key(),
            RESULT + "Can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (with_key(callback_data="x" * 65), "BUTTON_DATA_INVALID"),
        (
            with_key(url="javascript:x"),
            "inline keyboard button URL 'javascript:x' is invalid: Wrong HTTP URL",
        ),
        (with_key(web_app={"url": "https://bank.example/"}), "BUTTON_TYPE_INVALID"),
    ],
)
async def test_keyboards_are_checked(scene: Scene, results: Any, problem: str) -> None:
    await check_refused(scene, {"results": results}, problem)


@pytest.mark.parametrize(
    ("button", "problem"),
    [
        ("{", "can't parse inline query results button JSON object"),
        ([], BUTTON + "InlineQueryResultsButton must be an Object"),
        ({"start_parameter": "x"}, BUTTON + 'Can\'t find field "text"'),
        ({"text": "x"}, BUTTON + "InlineQueryResultsButton must have exactly one optional field"),
        ({"text": "x", "start_parameter": ""}, "can't use empty start_parameter"),
        ({"text": "x", "start_parameter": "x" * 65}, "too long start_parameter specified"),
        ({"text": "x", "start_parameter": "a b"}, "unallowed characters in start_parameter are used"),
        ({"text": "x", "start_parameter": "\uac00"}, "unallowed characters in start_parameter are used"),
        ({"text": " ", "start_parameter": "x"}, "SWITCH_PM_TEXT_EMPTY"),
        ({"text": "x", "web_app": "x"}, BUTTON + 'Field "web_app" must be of type Object'),
        ({"text": "x", "web_app": {}}, BUTTON + 'Can\'t find field "url"'),
        (
            {"text": "x", "web_app": {"url": "javascript:x"}},
            "inline query button Web App URL 'javascript:x' is invalid: Wrong HTTP URL",
        ),
    ],
)
async def test_the_button_is_checked(scene: Scene, button: Any, problem: str) -> None:
    await check_refused(scene, {"results": [GOOD], "button": button}, problem)


async def test_the_next_offset_is_short(scene: Scene) -> None:
    await check_refused(scene, {"results": [GOOD], "next_offset": FACE * 16 + "x"}, "NEXT_OFFSET_INVALID")


async def test_the_largest_allowed_answer_is_accepted(scene: Scene) -> None:
    key = {"inline_keyboard": [[{"text": "x", "callback_data": "x" * 64}]]}
    largest = {"message_text": "<b>" + "x" * 4096 + "</b>", "parse_mode": "HTML"}
    many = [
        {**GOOD, "id": f"{number:064}", "input_message_content": largest, "reply_markup": key} for number in range(50)
    ]
    button = {"text": "x", "start_parameter": "aZ0_-" + "x" * 59}
    query_id = await scene.jihye.types_inline("x")
    answer = {"inline_query_id": query_id, "results": many, "button": button, "next_offset": "x" * 64}
    assert await scene.bot.do_api_request(ANSWER, answer)
    offer = await scene.jihye.until_offered(query_id)
    assert (len(offer.results), offer.button, offer.next_offset) == (50, button, "x" * 64)
    assert len((await scene.jihye.picks(offer, f"{7:064}")).text) == 4096


async def test_a_result_of_the_older_form_is_accepted(scene: Scene) -> None:
    query_id = await scene.jihye.types_inline("x")
    old = {"type": "Article", "id": 7, "title": "T", "message_text": "<i>x</i>", "parse_mode": "html"}
    assert await scene.bot.do_api_request(ANSWER, {"inline_query_id": query_id, "results": [old]})
    sent = await scene.jihye.picks(query_id, "7")
    assert (sent.text, [each["type"] for each in sent.entities]) == ("x", ["italic"])


async def test_a_mini_app_may_be_above_the_results(scene: Scene) -> None:
    query_id = await scene.jihye.types_inline("x")
    button = {"text": "Open", "web_app": {"url": "http://127.0.0.1:9/app"}}
    answer = {"inline_query_id": query_id, "results": [], "button": button}
    assert await scene.bot.do_api_request(ANSWER, answer)
    assert (await scene.jihye.until_offered(query_id)).button == button
