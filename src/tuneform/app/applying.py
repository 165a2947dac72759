"""Act: hold the owner's lock, plan, and carry out exactly the plan that was confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from tuneform.app.declare import Declared, declare
from tuneform.app.invocation import Invocation
from tuneform.app.planning import Planned, decide
from tuneform.app.wiring import Opened, ledger_of, lock_owner, open_provider
from tuneform.dataset.examples import read_examples
from tuneform.domain.plan import Plan, Start
from tuneform.domain.report import Event, Report
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.errors import UsageError
from tuneform.execute.options import Options
from tuneform.execute.run import execute
from tuneform.providers.base import Example


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to apply.

    Attributes:
        selection: models outside it are left alone.
        parallelism: requests at a time.
        wait: whether to wait for trainings, and promote.
        timeout: seconds to wait for trainings; None is for ever.
        allow_deletes: from `--allow-deletes`.
        destroy: whether all is to go.
    """

    selection: Selection = EVERYTHING
    parallelism: int = 8
    wait: bool = True
    timeout: float | None = None
    allow_deletes: int | None = None
    destroy: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that can be applied while the lock is held.

    Attributes:
        planned: the plan, and what it was made from.
        wishes: how to apply it.
    """

    invocation: Invocation
    planned: Planned
    wishes: Wishes
    opened: Opened

    def check(self) -> None:
        """Refuse what a guard forbids, before anything is asked or written.

        Raises:
            Refused: with the flag that permits it.
        """
        refusal = self.planned.refusal(self.wishes.allow_deletes)
        if refusal and not self.wishes.destroy:
            raise refusal

    def run(self, notify: Callable[[Event], None], stopping: Callable[[], bool]) -> Report:
        """Carry it out.

        Args:
            notify: told what happens.
            stopping: whether the user wants to end.
        """
        command = "destroy" if self.wishes.destroy else "apply"
        return carry_out(
            self.invocation,
            self.planned.declared,
            self.opened,
            self.planned.plan,
            self.wishes,
            Ears(command, notify, stopping),
        )


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told, and who tells to stop.

    Attributes:
        command: for the ledger.
        notify: told what happens.
        stopping: whether the user wants to end.
    """

    command: str
    notify: Callable[[Event], None]
    stopping: Callable[[], bool]


@contextmanager
def prepare(invocation: Invocation, wishes: Wishes) -> Iterator[Prepared]:
    """Plan under the owner's lock, which is held for the time of the block."""
    declared = declare(invocation)
    if declared.project.provider.type == "embedded" and not wishes.wait:
        raise UsageError(
            "--no-wait: the embedded practice service trains inside this process",
            hint="leave --no-wait out, or run `tuneform serve` and use provider gemini with its "
            "address as endpoint",
        )
    command = "destroy" if wishes.destroy else "apply"
    with (
        lock_owner(declared.owner, command, invocation),
        open_provider(declared.project, invocation, trains=True) as opened,
    ):
        planned = decide(
            invocation, declared, opened.provider, wishes.selection, destroy=wishes.destroy
        )
        yield Prepared(invocation, planned, wishes, opened)


def carry_out(
    invocation: Invocation,
    declared: Declared,
    opened: Opened,
    plan: Plan,
    wishes: Wishes,
    ears: Ears,
) -> Report:
    """Execute a plan with everything that it needs."""

    def examples(start: Start) -> Sequence[Example]:
        return read_examples(
            invocation.root, start.dataset, start.data_digest, declared.limits[start.dataset]
        )

    with closing(ledger_of(declared.project, invocation)) as ledger:
        return execute(
            plan,
            provider=opened.provider,
            ledger=ledger,
            clock=invocation.clock,
            examples=examples,
            notify=ears.notify,
            stopping=ears.stopping,
            options=Options(
                parallelism=wishes.parallelism,
                wait=wishes.wait,
                timeout=wishes.timeout,
                poll_first=opened.poll_first,
                poll_most=opened.poll_most,
                command=ears.command,
            ),
        )
