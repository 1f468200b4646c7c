"""The files for Docker, Compose, systemd and Caddy, as far as they can be checked without running them."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import parser
from bot.settings.settings import PREFIX, SETTINGS
from tests.support import simple_yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
FILES = [ROOT / "Dockerfile", ROOT / "compose.yaml", ROOT / ".dockerignore", *sorted(DEPLOY.iterdir())]
SECRET = {each.name for each in SETTINGS if each.secret}
SERVICES = [each for each in UNITS if each.suffix == ".service"]
#: Directives that limit what a service can do, even if an attacker controls the program.
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "RestrictNamespaces": "yes",
    "UMask": "0077",
    "LimitCORE": "0",
    "User": "reissue",
}


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their continued lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def directives(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith(("#", "[")))
    return [(name, value) for name, _, value in pairs]


@pytest.fixture(scope="module")
def docker() -> list[tuple[str, str]]:
    return instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = simple_yaml.load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_exists_and_no_secret_has_a_value(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = {each.name for each in SETTINGS}
    assert set(re.findall(rf"\b{PREFIX}(\w+)", text)) <= known
    assert not re.findall(rf"{PREFIX}(?:{'|'.join(SECRET)})[ \t]*[=:][ \t]*\S", text)
    assert not re.search(r"\b\d{8,}:[\w-]{30,}", text), "a bot token"


# --- the image ---


def test_files_that_the_image_copies_exist_and_are_not_ignored(docker: list[tuple[str, str]]) -> None:
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    copied = [part for word, rest in docker if word == "COPY" and "--from" not in rest for part in rest.split()[:-1]]
    assert copied
    for each in copied:
        assert (ROOT / each).exists(), each
        assert f"!{each}\n" in kept, each
    packages = re.search(r"packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert packages
    assert set(re.findall(r'"(\w+)"', packages[1])) <= set(copied)


def test_every_installed_package_has_a_hash(docker: list[tuple[str, str]]) -> None:
    installs = [part for word, rest in docker if word == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert len(installs) == 3
    for each in installs:
        assert "--require-hashes" in each or "--no-index" in each
    for name in re.findall(r"-r (\S+)", " ".join(installs)):
        text = (ROOT / name).read_text(encoding="utf-8")
        pinned = re.findall(r"(?m)^[\w.-]+==[^\s\\]+(?: ;[^\\\n]*)? \\\n    --hash=sha256:[0-9a-f]{64}", text)
        assert len(pinned) == len(re.findall(r"(?m)^[\w.-]+==", text)) > 0


def test_the_image_runs_our_command_as_a_user_without_rights(docker: list[tuple[str, str]]) -> None:
    last = dict(docker)
    assert last["USER"] == "10001:10001"
    assert "/healthz" in last["HEALTHCHECK"]
    assert json.loads(last["ENTRYPOINT"]) == ["reissue-bot"]
    parser().parse_args(json.loads(last["CMD"]))
    words = [word for word, _ in docker]
    assert words.count("FROM") == 2
    assert words.index("USER") < words.index("ENTRYPOINT")


# --- compose ---


def test_compose_refers_only_to_files_and_volumes_that_exist(compose: dict[str, Any]) -> None:
    assert set(compose) == {"services", "networks", "volumes"}
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"], source
        if "command" in service:
            parser().parse_args(service["command"])
    assert compose["services"]["bot"]["env_file"] == "deploy/bot.env"
    assert "ports" not in compose["services"]["bot"], "the public reaches it through the proxy"


def test_keys_and_data_are_apart(compose: dict[str, Any]) -> None:
    volumes = dict(each.split(":")[:2] for each in compose["services"]["bot"]["volumes"])
    assert volumes["keys"] == "/keys"
    assert volumes["data"] == "/data"
    assert "keys:/keys:ro" in compose["services"]["backup"]["volumes"]


def test_the_proxy_forwards_only_updates_and_the_authority(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    path = compose["services"]["bot"]["environment"][f"{PREFIX}WEBHOOK_URL"].rpartition("/")[2]
    assert f"path /{path}\n" in text
    assert not re.search(r"path .*(health|ready|metrics)", text)
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("wrong", ["a: 1\na: 2", "a:\n  b: 1\n c: 2", "- a\nb", "a: [1", "a: b: c", "a:\n\t- b"])
def test_the_yaml_reader_refuses_what_it_does_not_know(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        simple_yaml.load(wrong)


# --- systemd ---


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_is_hardened_and_runs_our_command(path: Path) -> None:
    found = dict(directives(path))
    assert {name: found.get(name) for name in HARDENED} == HARDENED
    command = shlex.split(found["ExecStart"].replace("%%", "%"))
    if command[0] == "/bin/sh":
        command = shlex.split(command[2].removeprefix("exec "))
    assert command[0] == "/opt/reissue-bot/bin/reissue-bot"
    parser().parse_args(command[1:])


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_may_write_its_folders_but_not_its_keys(path: Path) -> None:
    found = directives(path)
    writable = dict(found)["ReadWritePaths"].split()
    places = [value.partition("=")[2] for name, value in found if name == "Environment"]
    for place in (each for each in places if each.startswith("/")):
        kept = any(Path(place).is_relative_to(each) for each in writable)
        assert kept != place.startswith("/etc/"), place


def test_the_timer_starts_the_service_of_its_name() -> None:
    timer = DEPLOY / "reissue-bot-backup.timer"
    assert timer.with_suffix(".service").exists()
    assert dict(directives(timer))["Persistent"] == "true"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for path in UNITS:
        text = path.read_text(encoding="utf-8").replace("/opt/reissue-bot/bin/reissue-bot", "/bin/true")
        (tmp_path / path.name).write_text(re.sub("(User|Group)=reissue", r"\1=root", text), encoding="utf-8")
    names = [str(tmp_path / each.name) for each in UNITS]
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in ended.stderr.splitlines() if str(tmp_path) in line or "reissue-bot" in line]
    assert (ended.returncode, ours) == (0, [])


# --- docs/running.md ---


def test_every_command_on_the_page_exists() -> None:
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    named = re.findall(r"(?<!/)\breissue-bot ((?:backup|restore|audit|ca|doctor)\b[^`\n|]*)", text)
    assert len(named) > 5
    for each in named:
        parser().parse_args(each.split())
