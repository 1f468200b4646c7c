"""Certificate holders: each sends one request after another, and repeats a request until it is answered."""

import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from ca.asn1.der import spki_bytes
from tests.crash.authority.server_process import Task

SOON = timedelta(days=20)
"""An end inside the window for renewals, which opens thirty days before."""


@dataclass
class Holder:
    name: str
    dice: random.Random
    state: str = "none"
    """Of the last certificate: good, hold, revoked."""
    serial: str = ""
    ends: str = ""
    asked: int = 0
    made: dict[str, list[str]] = field(default_factory=dict)
    """What each request that led to a certificate was answered."""
    revoked: list[str] = field(default_factory=list)

    def next(self) -> Task:
        """Return a request that must not be refused."""
        self.asked += 1
        task: Task = {"id": f"{self.name}-{self.asked}", "holder": self.name, "old": self.serial}
        task["act"] = act = self._choose()
        if act in {"issue", "collect", "update"}:
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
            task |= {"spki": spki_bytes(key).hex(), "random": os.urandom(20).hex()}
        if act == "issue":
            task["until"] = (datetime.now(UTC) + SOON).date().isoformat()
        if act == "collect":
            task["renews"] = self._is_renewable() and self.dice.random() < 0.5
            task["old"] = self.serial if self.state == "good" else ""
        return task

    def hear(self, task: Task, answer: list[str]) -> None:
        match task["act"]:
            case "issue" | "collect" | "update":
                if self.state == "good":
                    self.revoked.append(self.serial)
                self.made[task["id"]] = answer
                self.state, self.serial, self.ends = "good", answer[0], answer[2]
            case "revoke":
                self.revoked.append(self.serial)
                self.state = "revoked"
            case "hold":
                self.state = "hold"
            case "release":
                self.state = "good"

    def _choose(self) -> str:
        if self.state == "good":
            return self.dice.choice(("collect", "collect", "collect", "update", "revoke", "hold"))
        if self.state == "hold":
            return self.dice.choice(("release", "release", "revoke"))
        return self.dice.choice(("issue", "collect"))

    def _is_renewable(self) -> bool:
        near = datetime.now(UTC) + SOON + timedelta(days=2)
        return self.state == "good" and datetime.fromisoformat(self.ends) < near
