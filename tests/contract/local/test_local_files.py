"""Documents and pictures, up and down."""

import pytest
from telegram.error import BadRequest, NetworkError

from handlers.local import Limits
from tests.contract.local.scene import JIHYE, OpenScene, Scene

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20"


async def test_a_document_from_the_bot(scene: Scene) -> None:
    sent = await scene.bot.send_document(JIHYE.user_id, b"\0key" * 100, filename="signPri.key", caption="yours")
    seen = scene.jihye.last
    assert seen is not None
    assert seen.document is not None
    assert (seen.document.name, seen.document.content, seen.text) == ("signPri.key", b"\0key" * 100, "yours")
    assert sent.document is not None
    again = await scene.bot.send_document(JIHYE.user_id, sent.document.file_id)
    assert again.document == sent.document
    with pytest.raises(BadRequest, match=r"^Wrong file identifier/http url specified$"):
        await scene.bot.send_document(JIHYE.user_id, "no-such-file")


async def test_a_document_from_the_customer(scene: Scene) -> None:
    await scene.jihye.sends_document("\uc694\uccad.csr", b"request", "application/pkcs10", caption="here")
    (update,) = await scene.bot.get_updates()
    assert update.message is not None
    assert update.message.document is not None
    assert update.message.document.file_name == "\uc694\uccad.csr"
    file = await update.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"request"


async def test_pictures(scene: Scene) -> None:
    sent = await scene.bot.send_photo(JIHYE.user_id, PNG, caption="qr")
    assert (sent.photo[-1].width, sent.photo[-1].height) == (16, 32)
    assert scene.jihye.last is not None
    assert scene.jihye.last.photo is not None
    assert scene.jihye.last.photo.content == PNG
    with pytest.raises(BadRequest, match=r"^Image_process_failed$"):
        await scene.bot.send_photo(JIHYE.user_id, b"no picture")
    await scene.jihye.sends_photo(PNG)
    (update,) = await scene.bot.get_updates()
    assert update.message is not None
    assert update.message.photo


async def test_sizes_are_limited(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits(upload=2000, download=1000))
    with pytest.raises(NetworkError, match=r"Request Entity Too Large"):
        await scene.bot.send_document(JIHYE.user_id, b"x" * 2001, filename="x")
    sent = await scene.bot.send_document(JIHYE.user_id, b"x" * 2000, filename="x")
    with pytest.raises(BadRequest, match=r"^File is too big$"):
        await scene.bot.get_file(sent.document.file_id)
    with pytest.raises(BadRequest, match=r"^File must be non-empty$"):
        await scene.bot.send_document(JIHYE.user_id, b"", filename="x")
    with pytest.raises(BadRequest, match=r"^Wrong file_id or the file is temporarily unavailable$"):
        await scene.bot.get_file("no-such-file")
    with pytest.raises(BadRequest, match=r"^There is no document in the request$"):
        await scene.bot.send_document(JIHYE.user_id, "")


async def test_captions_are_limited(scene: Scene) -> None:
    await scene.bot.send_document(JIHYE.user_id, b"x", filename="x", caption="\U0001f600" * 512)
    with pytest.raises(BadRequest, match=r"^Message caption is too long$"):
        await scene.bot.send_document(JIHYE.user_id, b"x", filename="x", caption="\U0001f600" * 512 + "x")


async def test_the_oldest_files_are_dropped(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits(kept_files=1500))
    first = await scene.bot.send_document(JIHYE.user_id, b"a" * 1000, filename="a")
    second = await scene.bot.send_document(JIHYE.user_id, b"b" * 1000, filename="b")
    with pytest.raises(BadRequest):
        await scene.bot.get_file(first.document.file_id)
    assert (await scene.bot.get_file(second.document.file_id)).file_size == 1000
