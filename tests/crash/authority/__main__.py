"""The authority's crash harness: `python -m tests.crash.authority --every all`, or `--kills 1000`."""

import argparse
import functools
import sys
import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_private_key

from ca.asn1 import pbes
from ca.keys import signer
from tests.crash.authority.every_step import enumerate_acts
from tests.crash.authority.mutants import MUTANTS
from tests.crash.authority.random_kills import Storm


def hurry() -> None:
    """Make thousands of starts cheap: key files use little scrypt, and their keys are not checked for primality each
    time.
    """
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    module: Any = signer
    module.load_der_private_key = functools.partial(load_der_private_key, unsafe_skip_rsa_key_validation=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", nargs="+", metavar="ACT", help="die at every step of these acts, or of `all`")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    parser.add_argument("--writes", action="store_true", help="no deaths just before a query")
    parser.add_argument("--once", action="store_true", help="no deaths in the restarts")
    wanted = parser.parse_args()
    if not wanted.every and not wanted.kills:
        parser.error("nothing to do: --every all, or --kills 1000")
    hurry()
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="authority-") as name:
        if wanted.every:
            found += enumerate_acts(
                Path(name), wanted.every, wanted.mutant, reads=not wanted.writes, restarts=not wanted.once
            )
        if wanted.kills:
            tally = Storm(Path(name) / "storm", wanted.seed, wanted.mutant).play(wanted.kills)
            print(tally)
            found += tally.problems + ["lost"] * tally.lost + ["doubled"] * tally.doubled
    print(*found[:10], sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
