"""A PKCS#11 token in software (SoftHSM), reached through a process of its own, as an HSM on the network would be.

`p11-kit server` holds the library and the keys; our process loads p11-kit's client and talks to it over a socket, so
that no key is ever in our memory.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca import Token

LABEL = "reissue"
MULTIARCH = Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib/aarch64-linux-gnu"), Path("/usr/lib")
CLIENT = "pkcs11/p11-kit-client.so"
SOFTHSM = "softhsm/libsofthsm2.so"


def library(name: str) -> Path:
    found = [folder / name for folder in MULTIARCH if (folder / name).is_file()]
    assert found, f"{name} is not installed here"
    return found[0]


def import_key(token: Token, name: str, key: rsa.RSAPrivateKey) -> None:
    """Put a key that the test knows into the token, so that it can look for it elsewhere."""
    path = token.pin_file.with_name("key.pem")
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    environment = os.environ | {"SOFTHSM2_CONF": str(token.pin_file.with_name("softhsm2.conf"))}
    imported = [
        "softhsm2-util", "--import", str(path), "--token", token.label, "--pin", token.pin_file.read_text(),
        "--label", name, "--id", os.urandom(4).hex(),
    ]  # fmt: skip
    subprocess.run(imported, env=environment, check=True, capture_output=True)
    path.unlink()


@contextmanager
def token_server(folder: Path) -> Iterator[Token]:
    """Make a token, and serve it until the end of the block; its client's address is in the environment."""
    folder.mkdir(parents=True, exist_ok=True)
    pin_file = folder / "pin"
    pin_file.touch(mode=0o600)
    pin_file.write_text(secrets.token_hex(8))
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    environment = os.environ | {"SOFTHSM2_CONF": str(configuration)}
    pin = pin_file.read_text()
    made = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", pin, "--so-pin", pin]
    subprocess.run(made, env=environment, check=True, capture_output=True)
    socket = folder / "socket"
    served = [
        "p11-kit", "server", "--foreground", "--name", str(socket), "--provider", str(library(SOFTHSM)),
        f"pkcs11:token={LABEL}",
    ]  # fmt: skip
    assert shutil.which("p11-kit"), "p11-kit is not installed here"
    with subprocess.Popen(served, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert "P11_KIT_SERVER_ADDRESS" in server.stdout.readline()
        os.environ["P11_KIT_SERVER_ADDRESS"] = f"unix:path={socket}"
        try:
            yield Token(library(CLIENT), LABEL, pin_file)
        finally:
            os.environ.pop("P11_KIT_SERVER_ADDRESS", None)
            server.terminate()
