"""The commands beside apply, as the state machine gives them: under the same laws.

Each returns what the command reports; None where it was refused, or the service failed before
anything could be decided.
"""

import shutil
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from tests.cli.repository import OWN_FOLDERS, run_git
from tests.reliability.world import is_foreign

from tuneform.app.adopting import Adoption, adopt
from tuneform.app.applying import Ears
from tuneform.app.declare import declare
from tuneform.app.forgetting import forget
from tuneform.app.pruning import prune_staged
from tuneform.app.rolling_back import roll_back
from tuneform.app.training import cancel
from tuneform.domain.live import LiveState
from tuneform.errors import TuneformError

EARS = Ears("test", lambda _: None, lambda: False)


def destroy(world, edits):
    """Delete all that is ours. What is destroyed may be trained again."""
    try:
        prepared = world.prepare(destroy=True)
    except TuneformError:
        return None
    before = world.objects()
    report = world.run(prepared, edits=edits)
    for remote in before.keys() - world.objects().keys():
        world.gone(before[remote])
    return report


def roll_back_model(world, edits, name):
    """Let an earlier version serve."""
    return _planned(world, edits, lambda invocation: roll_back(invocation, name, None))


def forget_model(world, edits, name):
    """Let a model go. It need not be served any longer: its objects are not ours."""
    return _planned(world, edits, lambda invocation: forget(invocation, name), ends=name)


def prune(world, edits):
    """Delete what was staged and is not wanted by what the manifests say now."""
    root = world.project.root
    world.project.write(".gitignore", f"{OWN_FOLDERS}service.db*\n")
    run_git(root, "init", "--quiet")
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "-m", "work")
    try:
        return _planned(world, edits, lambda invocation: prune_staged(invocation, timedelta(0), ()))
    finally:
        shutil.rmtree(root / ".git")  # others would ask it, which takes longer than they do


def _planned(world, edits, command, ends=None):
    """Have a command plan, and hold it to its plan."""
    with world.wired() as invocation, ExitStack() as closing:
        try:
            desired = [each for each in declare(invocation).desired.models if each.name != ends]
            prepared = closing.enter_context(command(invocation))
        except TuneformError:
            return None
        expects = world.expectation(prepared.plan, desired)
        return world.hold_to(expects, lambda: prepared.run(EARS), edits)


def cancel_model(world, edits, name):
    """Stop the trainings of a model."""
    running = {each.remote for each in world.ours() if each.state is LiveState.TRAINING}
    named = {remote for remote in running if world.objects()[remote].mark.model == name}
    return _at_once(world, edits, named, lambda invocation: cancel(invocation, name, None, EARS))


def import_object(world, edits, remote, name, dataset):
    """Adopt an object, if it is anybody's to adopt."""
    live = world.objects()[remote]
    adopted = {remote} if live.mark is None or not is_foreign(live) else set()
    adoption = Adoption(remote, name, Path(world.project.root, dataset))

    def act(invocation):
        return adopt(invocation, adoption, EARS).report

    return _at_once(world, edits, adopted, act)


def _at_once(world, edits, written, command):
    """Have a command do what it decides at once; it may write to these objects only."""
    with world.wired() as invocation:
        try:
            expects = world.expectation(None, declare(invocation).desired.models)
        except TuneformError:
            return None
        expects.written |= written
        expects.passing |= written

        def act():
            try:
                return command(invocation)
            except TuneformError:
                return None

        return world.hold_to(expects, act, edits)
