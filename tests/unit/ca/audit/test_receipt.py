"""Receipts: what a stranger with the root alone can check, and what he refuses."""

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import CaRefusal, Reason
from ca.audit.receipt_verifier import ReceiptRefused, check_head, check_receipt
from ca.ledger import merkle
from tests.support.authority import NAME, SmallAuthority

ROOT = Path(__file__).parents[4]


def root_of(small_ca: SmallAuthority) -> x509.Certificate:
    return x509.load_der_x509_certificate(small_ca.authority.chain.root)


def test_a_customer_proves_what_became_of_the_certificate(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.reissue(old.serial)
    content = small_ca.authority.receipt(old.serial)
    told = check_receipt(content, root_of(small_ca), old.der)
    assert [(each.kind, each.serial) for each in told] == [
        ("signed", f"{old.serial:x}"),
        ("revoked", f"{old.serial:x}"),
    ]
    assert told[1].detail == {"reason": "superseded"}
    assert NAME.encode() not in content


def test_the_program_needs_nothing_else_of_ours(small_ca: SmallAuthority, tmp_path: Path) -> None:
    old = small_ca.old()
    (tmp_path / "verifier.py").write_bytes((ROOT / "ca" / "audit" / "receipt_verifier.py").read_bytes())
    (tmp_path / "receipt.json").write_bytes(small_ca.authority.receipt(old.serial))
    (tmp_path / "root.pem").write_bytes(root_of(small_ca).public_bytes(Encoding.PEM))
    (tmp_path / "cert.der").write_bytes(old.der)
    command = [
        sys.executable, "-P", "verifier.py", "receipt.json", "--root", "root.pem", "--certificate", "cert.der",
    ]  # fmt: skip
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "proved"
    changed = (tmp_path / "receipt.json").read_text().replace("signed", "sIgned", 1)
    (tmp_path / "receipt.json").write_text(changed)
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("refused: line ")


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_every_bit_of_a_receipt_counts(small_ca: SmallAuthority) -> None:
    content = small_ca.authority.receipt(small_ca.old().serial)
    value = json.loads(content)
    root = root_of(small_ca)
    passed = []
    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        try:
            check_receipt(changed, root)
        except ReceiptRefused:
            continue
        if json.loads(changed) != value and not _is_same(json.loads(changed), value):
            passed.append(place)
    assert passed == []


def _is_same(one: Any, other: Any) -> bool:
    """Base64 has spare bits at its end, and hexadecimal digits have two cases: neither changes what is said."""
    one_head, other_head = one["head"], other["head"]
    same = all(
        base64.b64decode(a) == base64.b64decode(b)
        for a, b in zip(
            [one_head["signature"], *one_head["certificates"]],
            [other_head["signature"], *other_head["certificates"]],
            strict=True,
        )
    )
    return same and one["lines"] == other["lines"] and one_head["statement"] == other_head["statement"]


def test_a_receipt_of_another_house_or_certificate_is_refused(
    small_ca: SmallAuthority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old, second = small_ca.old(), small_ca.old(request_id="2", holder="C-2", number=2)
    content = small_ca.authority.receipt(old.serial)
    with pytest.raises(ReceiptRefused, match="another certificate"):
        check_receipt(content, root_of(small_ca), second.der)
    stranger = SmallAuthority(tmp_path_factory.mktemp("stranger"), token=None)
    with pytest.raises(ReceiptRefused, match="do not lead to this root"):
        check_receipt(content, root_of(stranger))
    stranger.authority.close()


def test_a_head_signed_by_a_customer_s_certificate_is_refused(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    value = json.loads(small_ca.authority.signed_head())
    value["certificates"][0] = base64.b64encode(old.der).decode()
    with pytest.raises(ReceiptRefused):
        check_head(json.dumps(value).encode(), root_of(small_ca))


def test_there_is_no_receipt_for_what_was_never_issued(small_ca: SmallAuthority) -> None:
    with pytest.raises(CaRefusal, match="R09"):
        small_ca.authority.receipt(1)


def test_a_head_says_what_the_audit_says(small_ca: SmallAuthority) -> None:
    small_ca.old()
    head = check_head(small_ca.authority.signed_head(), root_of(small_ca))
    known = small_ca.authority.audit_head()
    assert (head.entries, head.chain.hex(), head.at) == (known.entries, known.digest, small_ca.clock.now)


def test_receipts_hold_after_a_roll_over(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    before = small_ca.authority.receipt(old.serial)
    small_ca.authority.roll_over()
    small_ca.authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    assert len(check_receipt(before, root_of(small_ca))) == 1
    assert len(check_receipt(small_ca.authority.receipt(old.serial), root_of(small_ca))) == 2


@pytest.mark.parametrize("size", [*range(1, 34), 255, 256, 257])
def test_every_leaf_is_proved_in_trees_of_every_shape(size: int) -> None:
    """Against the definition of RFC 9162 section 2.1.1, written as it stands there."""
    leaves = [str(number).encode() for number in range(size)]
    stored: list[bytes] = []
    for number, each in enumerate(leaves):
        assert merkle.stored(number) == len(stored)
        stored += merkle.append(number, merkle.leaf_hash(each), stored.__getitem__)
    expected = defined(leaves)
    assert merkle.root(size, stored.__getitem__) == expected
    for number in range(0, size, max(1, size // 9)):
        proof = merkle.inclusion(number, size, stored.__getitem__)
        assert folded(leaves[number], number, size, proof) == expected
    for first in range(1, size + 1, max(1, size // 9)):
        assert merkle.consistency(first, size, stored.__getitem__) == subproof(first, leaves, known=True)


def defined(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = largest_power_below(len(leaves))
    return hashlib.sha256(b"\x01" + defined(leaves[:half]) + defined(leaves[half:])).digest()


def folded(leaf: bytes, number: int, size: int, proof: list[bytes]) -> bytes:
    """Put a root together from the leaf and its siblings, from the top down as the definition splits."""
    if size == 1:
        return hashlib.sha256(b"\x00" + leaf).digest()
    half, rest, top = largest_power_below(size), proof[:-1], proof[-1]
    if number < half:
        return hashlib.sha256(b"\x01" + folded(leaf, number, half, rest) + top).digest()
    return hashlib.sha256(b"\x01" + top + folded(leaf, number - half, size - half, rest)).digest()


def subproof(first: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    """RFC 9162 section 2.1.4.1, as it stands there."""
    if first == len(leaves):
        return [] if known else [defined(leaves)]
    half = largest_power_below(len(leaves))
    if first <= half:
        return [*subproof(first, leaves[:half], known=known), defined(leaves[half:])]
    return [*subproof(first - half, leaves[half:], known=False), defined(leaves[:half])]


def largest_power_below(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def test_the_audit_of_a_former_release_gets_its_tree_at_the_next_line(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    with small_ca.authority._ledger.transaction() as tx:
        for statement in ("DROP TRIGGER audit_node_is_never_erased", "DELETE FROM audit_node"):
            tx._connection.execute(statement)
    assert small_ca.authority.verify_audit().ok
    small_ca.old(request_id="more", holder="C-2", number=2)
    assert small_ca.authority.verify_audit().ok
    assert check_receipt(small_ca.authority.receipt(old.serial), root_of(small_ca), old.der)
