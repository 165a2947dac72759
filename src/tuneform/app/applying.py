"""Act: hold the owner's lock, plan or read a plan, and carry out exactly what was confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tuneform.app.declare import Declared, declare
from tuneform.app.history import known_repository
from tuneform.app.invocation import Invocation
from tuneform.app.planning import ALL, Aim, Planned, decide
from tuneform.app.questions import read_questions
from tuneform.app.saved import load_plan, take_up
from tuneform.app.wiring import Opened, ledger_of, open_to_write, record_of
from tuneform.dataset.examples import stream_examples
from tuneform.dataset.keyed import KeyedRows
from tuneform.domain.gate import Gate
from tuneform.domain.plan import Plan, Start
from tuneform.domain.report import Event, Report
from tuneform.errors import LocalError, Refused, UsageError
from tuneform.execute.options import Options
from tuneform.execute.run import execute
from tuneform.gate import Question
from tuneform.git import Commit, Repository
from tuneform.ledger.base import Ledger
from tuneform.providers.base import Example


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to apply.

    Attributes:
        aim: what the plan shall be about; a saved plan says so itself.
        saved: the file of a saved plan, to be applied instead of a new one.
        checksum: that the saved plan must have, as its reviewer saw it.
        parallelism: requests at a time.
        wait: whether to wait for trainings, and promote.
        timeout: seconds to wait for trainings; None is for ever.
        allow_deletes: from `--allow-deletes`.
        allow_older_commit: whether a commit may be applied that is older than the last applied one.
    """

    aim: Aim = ALL
    saved: Path | None = None
    checksum: str | None = None
    parallelism: int = 8
    wait: bool = True
    timeout: float | None = None
    allow_deletes: int | None = None
    allow_older_commit: bool = False


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

    @property
    def destroys(self) -> bool:
        """Whether it is a plan to delete all that the owner has."""
        return self.planned.aim.destroy

    @property
    def command(self) -> str:
        """For the ledger. What is staged is not applied: the guard of commits must not see it."""
        if self.destroys:
            return "destroy"
        return "stage" if self.planned.plan.staging else "apply"

    def check(self) -> str | None:
        """Refuse what a guard or the policy forbids, before anything is asked or written.

        Returns:
            What the guard of commits could not find out, one sentence; None where it knows.

        Raises:
            Refused: with the flag that permits it.
            PolicyDenied: with the findings.
        """
        if self.destroys:
            return None
        if denial := self.planned.denial():
            raise denial
        if refusal := self.planned.refusal(self.wishes.allow_deletes):
            raise refusal
        plan = self.planned.plan
        if not plan.has_steps or plan.staging or self.wishes.allow_older_commit:
            return None
        return _check_commit(self.invocation, self.planned.declared)

    def run(self, notify: Callable[[Event], None], stopping: Callable[[], bool]) -> Report:
        """Carry it out.

        Args:
            notify: told what happens.
            stopping: whether the user wants to end.
        """
        return carry_out(
            self.invocation,
            self.planned.declared,
            self.opened,
            self.planned.plan,
            self.wishes,
            Ears(self.command, notify, stopping),
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
    """Plan, or take up a saved plan, under the owner's lock: it is held for the time of the block.

    Raises:
        Stale: a saved plan was edited, or is not what would be planned from what is there now.
    """
    declared = declare(invocation)
    if declared.project.provider.type == "embedded" and not wishes.wait:
        raise UsageError(
            "--no-wait: the embedded practice service trains inside this process",
            hint="leave --no-wait out, or run `tuneform serve` and use provider gemini with its "
            "address as endpoint",
        )
    saved = load_plan(wishes.saved, wishes.checksum) if wishes.saved else None
    destroys = saved.made_from.destroy if saved else wishes.aim.destroy
    command = "destroy" if destroys else "apply"
    with open_to_write(
        declared.project, declared.owner, command, invocation, trains=True
    ) as opened:
        if saved:
            planned = take_up(invocation, declared, opened.provider, saved, wishes.aim.max_cost)
        else:
            planned = decide(invocation, declared, opened.provider, wishes.aim)
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
    head = _head(known_repository(invocation))

    def examples(start: Start) -> Iterator[Example]:
        found = stream_examples(
            invocation.root, start.dataset, start.data_digest, declared.limits[start.dataset]
        )
        return _remembered(ledger, declared, start, found)

    def validation(start: Start) -> Iterable[Example]:
        ref, digest = start.validation, start.validation_digest
        assert ref is not None, "a digest has a dataset"
        assert digest is not None, "a dataset has a digest"
        return stream_examples(invocation.root, ref, digest, declared.limits[ref])

    def questions(_model: str, gate: Gate) -> tuple[list[Question], list[Question]]:
        return read_questions(invocation, declared, gate)

    with _ledger(invocation, declared, opened) as ledger:
        return execute(
            plan,
            provider=opened.provider,
            ledger=ledger,
            clock=invocation.clock,
            examples=examples,
            validation=validation,
            questions=questions,
            notify=ears.notify,
            stopping=ears.stopping,
            options=Options(
                parallelism=wishes.parallelism,
                wait=wishes.wait,
                timeout=wishes.timeout,
                poll_first=opened.poll_first,
                poll_most=opened.poll_most,
                command=ears.command,
                commit=head.sha if head else None,
                dirty=head.dirty if head else False,
                who=invocation.user,
            ),
        )


def _ledger(
    invocation: Invocation, declared: Declared, opened: Opened
) -> AbstractContextManager[Ledger]:
    """The one that the lock came with; else, where nothing is locked, one for this run alone."""
    if opened.ledger is not None:
        return nullcontext(opened.ledger)
    return closing(ledger_of(declared.project, invocation))


def _remembered(
    ledger: Ledger, declared: Declared, start: Start, examples: Iterable[Example]
) -> Iterator[Example]:
    """Pass examples on; once all are read, leave keyed digests of them.

    So a later plan can tell what changed where git cannot.
    """
    rows = KeyedRows(ledger.secret())
    for text_input, output in examples:
        rows.add(text_input, output)
        yield text_input, output
    ledger.record_rows(declared.owner, start.mark.data, rows)


def _head(repository: Repository | None) -> Commit | None:
    """The commit that is checked out, for the record; None where git does not tell."""
    try:
        return repository.head() if repository else None
    except LocalError:
        return None


def _check_commit(invocation: Invocation, declared: Declared) -> str | None:
    """Refuse to undo what a newer commit has applied. A guard: without a ledger it knows nothing.

    Returns:
        One sentence where this clone cannot tell, else None.

    Raises:
        Refused: with the flag that permits it.
    """
    repository = known_repository(invocation)
    head = _head(repository)
    if repository is None or head is None:
        return None
    try:
        with closing(record_of(declared.project, invocation)) as record:
            last = record.last_applied(declared.owner)
    except LocalError:
        return None
    if last is None or last == head.sha:
        return None
    is_older = repository.is_ancestor(head.sha, last)
    if is_older is None:
        return (
            f"commit {last[:10]}, which was applied last, is not in this clone: nobody can tell "
            "whether this undoes it; fetch all of the history first"
        )
    if is_older:
        raise Refused(
            f"commit {head.sha[:10]} is older than {last[:10]}, which was applied last: this would "
            "undo it",
            hint="apply the newest commit, or add --allow-older-commit if going back is meant",
        )
    return None
