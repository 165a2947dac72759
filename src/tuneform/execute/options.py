"""How a plan is carried out. What is done stands in the plan alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of one run.

    Attributes:
        parallelism: steps under way at once, from 1. One more thread looks after trainings.
        wait: whether trainings are watched to their end. Without it a change ends when its
            training has begun, and nothing after that is done.
        timeout: seconds from when this run first has to wait for a training, or for leave to
            begin one; then trainings go on remotely and are left alone. None waits for ever.
        poll_first: seconds before the first look at what trains.
        poll_most: seconds between looks, at most; the interval grows from the first. Where one
            look takes long, the interval grows beyond this, so that looking is a tenth of the time.
        command: recorded in the ledger, as are the three below.
        commit: of git that the manifests are from, in full; None where there is none.
        dirty: whether files differed from that commit.
        who: the user; empty where nobody knows.
    """

    parallelism: int = 8
    wait: bool = True
    timeout: float | None = None
    poll_first: float = 1.0
    poll_most: float = 30.0
    command: str = "apply"
    commit: str | None = None
    dirty: bool = False
    who: str = ""
