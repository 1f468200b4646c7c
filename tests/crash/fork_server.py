"""A process that has imported everything and forks a bot for each line that it receives: a start costs milliseconds.

It has no threads and no event loop, so that a fork inherits nothing half done. All children write to the same socket:
one packet is one event.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from typing import Any

PR_SET_PDEATHSIG = 1
PACKET = 1 << 16


def main() -> None:
    from tests.crash import bot_process  # noqa: PLC0415 - the fork_server's whole purpose: import before the forks

    control = socket.socket(fileno=int(sys.argv[1]))
    bot_process.warm()
    gc.collect()
    gc.freeze()
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    tell(control, {"event": "warm", "pid": os.getpid()})
    while True:
        for key, _ in selector.select():
            if key.fileobj is control:
                packet = control.recv(PACKET)
                if not packet:
                    return
                fork(control, json.loads(packet))
            else:
                woken.recv(PACKET)
                reap(control)


def tell(control: socket.socket, event: dict[str, Any]) -> None:
    control.send(json.dumps(event).encode())


def fork(control: socket.socket, spec: dict[str, Any]) -> None:
    zygote = os.getpid()
    pid = os.fork()
    if pid == 0:
        be_born(control, spec, zygote)
    tell(control, {"event": "born", "pid": pid, "id": spec["id"]})


def be_born(control: socket.socket, spec: dict[str, Any], zygote: int) -> None:
    """Run as a bot, and exit without the fork server's clean-up."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != zygote:
        os._exit(1)
    try:
        from tests.crash import bot_process  # noqa: PLC0415 - imported already

        bot_process.live(spec, lambda event: tell(control, {"pid": os.getpid(), **event}))
    except BaseException:  # noqa: BLE001 - told, whatever it is
        tell(control, {"event": "broke", "pid": os.getpid(), "why": traceback.format_exc()[-8000:]})
    finally:
        os._exit(1)


def reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        tell(control, {"event": "gone", "pid": pid, "status": status})


if __name__ == "__main__":
    main()
