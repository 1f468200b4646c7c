"""Every judge over a crowd of certificates: `python -m tests.judges.all_certificates --count 1000`.

Names are generated, Korean and foreign; all profiles; two generations of the issuing key; about one in seven is
revoked or on hold. The status is served over HTTP by the authority itself for the judge that asks by OCSP.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.judges import checkers
from tests.judges.many_certificates import GOOD, Crowd, gather, lay_out
from tests.support.authority_server import free_port, serving

#: Each with the length of its holders' identity numbers.
PROFILES = {"personal": 13, "personal_general": 13, "corporate": 10, "corporate_general": 10}


@dataclass(frozen=True)
class Sentence:
    judge: str
    seconds: float
    #: By name: what the judge said, and what is true.
    wrong: dict[str, tuple[str | None, str]]

    def __str__(self) -> str:
        shown = "".join(
            f"\n    {name}: said {said!r}, is {true}" for name, (said, true) in list(self.wrong.items())[:3]
        )
        return f"{self.judge}: {len(self.wrong)} wrong in {self.seconds:.1f} s{shown}"


@contextmanager
def crowd_of(folder: Path, count: int) -> Iterator[Crowd]:
    """Issue the crowd, lay it out, and answer for it over HTTP."""
    port = free_port()
    crowd = gather(folder, count, PROFILES, f"http://127.0.0.1:{port}")
    lay_out(crowd)
    with serving(crowd.authority, port):
        yield crowd
    crowd.authority.close()


def judged(crowd: Crowd) -> Iterator[Sentence]:
    for judge, asked in {**checkers.WITH_STATUS, **checkers.WITHOUT}.items():
        truth = crowd.truth if judge in checkers.WITH_STATUS else dict.fromkeys(crowd.truth, GOOD)
        began = time.perf_counter()
        said = asked(crowd)
        wrong = {name: (said.get(name), true) for name, true in truth.items() if said.get(name) != true}
        yield Sentence(judge, time.perf_counter() - began, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder, crowd_of(Path(folder), count) as crowd:
        ended = sum(state != GOOD for state in crowd.truth.values())
        print(f"{count} certificates, {ended} of them revoked or on hold")
        sentences = []
        for sentence in judged(crowd):
            sentences.append(sentence)
            print(sentence, flush=True)
    return 1 if any(sentence.wrong for sentence in sentences) else 0


if __name__ == "__main__":
    sys.exit(main())
