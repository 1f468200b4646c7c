"""A process with an open authority. It takes several requests at once over a socket until it is killed."""

import ctypes
import json
import os
import signal
import socket
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cryptography import x509

from ca import Authority, CaRefusal, Certificate, EnrolmentOrder, KeyRequest, Order, Reason, open_vault
from tests.crash.authority.mutants import plant
from tests.crash.authority.steps import Steps
from tests.support.authority import IDN, NAME, PASSPHRASE, SETTINGS

PR_SET_PDEATHSIG = 1
PACKET = 1 << 17
THREADS = 3
#: Elliptic-curve keys, because they are made fast.
PROFILE = "personal_general"

Task = dict[str, Any]


def live(folder: Path, told: socket.socket, mutant: str | None) -> None:
    """Open the authority, report it, and serve."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    Steps(folder / "signed").listen()
    plant(mutant)
    authority = opened(folder)
    told.send(b'{"ready": true}')
    tasks: SimpleQueue[Task] = SimpleQueue()
    for _ in range(THREADS):
        threading.Thread(target=serve, args=(authority, tasks, told), daemon=True).start()
    while packet := told.recv(PACKET):
        tasks.put(json.loads(packet))


def opened(folder: Path) -> Authority:
    settings = replace(SETTINGS, journal=folder / "journal", busy_timeout=timedelta(seconds=30))
    return Authority.open(folder / "ca", PASSPHRASE, open_vault(folder / "vault.json")[0], settings=settings)


def serve(authority: Authority, tasks: "SimpleQueue[Task]", told: socket.socket) -> None:
    while True:
        task = tasks.get()
        try:
            answer: Task = {"answer": ACTS[task["act"]](authority, task)}
        except CaRefusal as refusal:
            answer = {"again" if refusal.code == "R14" else "refused": str(refusal)}
        except Exception as error:  # noqa: BLE001 - told, whatever it is
            answer = {"refused": repr(error)}
        told.send(json.dumps({"id": task["id"], **answer}).encode())


def told_of(made: Certificate) -> list[str]:
    return [f"{made.serial:x}", made.der.hex(), made.not_after.isoformat()]


def key_of(task: Task) -> KeyRequest:
    return KeyRequest(bytes.fromhex(task["spki"]), bytes.fromhex(task["random"]))


def issue(authority: Authority, task: Task) -> list[str]:
    key, until = key_of(task), date.fromisoformat(task["until"])
    order = Order(task["id"], task["holder"], NAME, IDN, key.random_number, key.spki, PROFILE, None, until)
    return told_of(authority.issue(order))


def collect(authority: Authority, task: Task) -> list[str]:
    replaces = int(task["old"], 16) if task["old"] else None
    order = EnrolmentOrder(task["id"], task["holder"], NAME, IDN, replaces, profile=PROFILE, renews=task["renews"])
    given = authority.enrol(order)
    return told_of(authority.redeem(given.reference, given.code, key_of(task)))


def update(authority: Authority, task: Task) -> list[str]:
    return told_of(authority.update(int(task["old"], 16), key_of(task).spki, task["id"]))


def end(authority: Authority, task: Task) -> list[str]:
    authority.revoke(int(task["old"], 16), Reason.KEY_COMPROMISE, task["id"])
    return []


def hold(authority: Authority, task: Task) -> list[str]:
    authority.hold(int(task["old"], 16), task["id"])
    return []


def release(authority: Authority, task: Task) -> list[str]:
    authority.release(int(task["old"], 16), task["id"])
    return []


def list_(authority: Authority, task: Task) -> list[str]:
    """Return the serial numbers that were revoked before the request but are not on the CRL."""
    listed = x509.load_der_x509_crl(authority.crl())
    there = {f"{each.serial_number:x}" for each in listed}
    return [each for each in task["revoked"] if each not in there]


ACTS = {
    "issue": issue,
    "collect": collect,
    "update": update,
    "revoke": end,
    "hold": hold,
    "release": release,
    "crl": list_,
}


def be_born(folder: Path, ours: socket.socket, theirs: list[socket.socket], mutant: str | None) -> None:
    """Run in a forked process, and exit without the parent's clean-up."""
    try:
        for each in theirs:
            each.close()
        live(folder, ours, mutant)
    except BaseException as error:  # noqa: BLE001 - told, whatever it is
        ours.send(json.dumps({"broke": repr(error)}).encode())
    finally:
        os._exit(0)
