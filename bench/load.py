"""The practice service under load, killed now and then: its cost, and whether it keeps its word.

    load.py [--clients N] [--seconds S] [--kills K] [--dir DIR]

The crowd and its account are those of the test suite (tests/service/crowd.py), here for longer.
Prints a table of the resident memory over time; ends with 1 where the service broke its word.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.service.crowd import Account, Server, crowd, settled


def main(options: argparse.Namespace, root: Path) -> int:
    account = Account()
    began = time.monotonic()
    between = options.seconds / (options.kills + 1)
    with Server(root / "practice.db") as server:
        with crowd(server, account, options.clients):
            for number in range(options.kills + 1):
                if number:
                    server.restart()
                until = time.monotonic() + between
                while time.monotonic() < until:
                    time.sleep(min(5.0, between / 3))
                    _row(began, server, account)
        busy = time.monotonic() - began
        names, trainings = settled(server, account)
        _row(began, server, account)
    mistakes = account.mistakes(names, trainings)
    print(f"{sum(account.answers.values()) / busy:.0f} requests/s, slowest {account.slowest:.1f} s")
    print(f"answers {dict(sorted(account.answers.items()))}, broken connections {account.broken}")
    print(f"{len(trainings)} trainings, {len(names)} models left, peak {server.peak:.0f} MB")
    print(*mistakes[:20] or ["no model lost or doubled, every error well-formed"], sep="\n")
    if server.log:
        print(f"the log of the service ends: {server.log[-2000:]}")
    return int(bool(mistakes))


def _row(began: float, server: Server, account: Account) -> None:
    seconds, answers = time.monotonic() - began, sum(account.answers.values())
    print(f"{seconds:5.0f} s {answers:8} answers {server.memory():6.0f} MB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--dir", type=Path)
    chosen = parser.parse_args()
    with TemporaryDirectory(dir=chosen.dir) as folder:
        sys.exit(main(chosen, Path(folder)))
