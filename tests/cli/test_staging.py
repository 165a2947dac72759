"""`apply --stage`: trained and proven before the merge, and nothing else touched."""

from tests.cli.project import ANIMALS, NUMBERS, Project, Served
from tests.cli.repository import GATE, LEARNING, MUDDLED, QUESTIONS, TICKETS, Checkout, Team

NOTHING = "No changes. Live models match the manifests.\n"
NOTHING_TO_STAGE = "No changes. Nothing is left to stage.\n"


def staged_versions(project: Project) -> int:
    """How many live objects bear the word."""
    return sum("staged" in each["description"] for each in project.live().values())


def test_two_branches_stage_side_by_side(checkout: Checkout) -> None:
    checkout.model("numbers")
    checkout.commit()
    checkout.apply()
    first = checkout.serving("numbers")
    for branch, revision in (("one", 2), ("two", 3)):
        checkout.switch("main")
        checkout.branch(branch)
        checkout.model("numbers", revision=revision)
        checkout.commit()
        checkout.apply("--stage")
    assert len(checkout.live()) == 3
    assert staged_versions(checkout) == 2
    # Neither what serves nor the other's work is touched, whoever applies.
    checkout.switch("main")
    assert checkout.ok("plan").out == NOTHING
    checkout.apply()
    assert len(checkout.live()) == 3
    assert checkout.serving("numbers") == first
    # A merge of one takes the first version's place, and leaves the other staged.
    checkout.merge("two")
    checkout.apply()
    assert checkout.serving("numbers") != first
    assert staged_versions(checkout) == 1
    assert len(checkout.live()) == 3
    assert checkout.trainings() == 3


def test_staged_twice_is_nothing_to_do(project: Project) -> None:
    project.model("numbers")
    assert "Apply complete: 1 staged." in project.apply("--stage").out
    again = project.apply("--stage")
    assert again.out.endswith(NOTHING_TO_STAGE)
    assert project.run("plan", "--stage", "--detailed-exitcode").code == 0
    assert project.trainings() == 1


def test_what_is_only_staged_does_not_serve(project: Project) -> None:
    project.model("numbers")
    project.apply("--stage")
    assert project.run("output", "numbers").code == 6
    assert project.run("gate", "numbers").code == 6
    assert project.actions() == {"numbers": "promote"}
    project.remove("models/numbers.yaml")
    project.model("other", revision=2)
    assert project.reason("numbers") == "only-staged"
    project.apply()
    assert len(project.live()) == 2


def test_a_chain_is_staged_together(project: Project) -> None:
    project.model("base")
    project.model("child", tunedFrom="base", dataset={"path": "../data/animals.jsonl"})
    project.apply()
    before = {name: project.serving(name) for name in ("base", "child")}
    project.data("data/numbers.jsonl", NUMBERS[1:])
    assert project.actions("--stage") == {"base": "create", "child": "create"}
    project.apply("--stage")
    assert {name: project.serving(name) for name in before} == before
    assert staged_versions(project) == 2
    assert project.apply("--stage").out.endswith(NOTHING_TO_STAGE)
    assert project.actions() == {"base": "promote", "child": "promote"}
    project.apply()
    assert staged_versions(project) == 0
    assert project.ok("plan").out == NOTHING
    assert not set(before.values()) & {project.serving(name) for name in before}
    assert project.trainings() == 4


def test_a_child_is_not_staged_on_a_parent_that_failed_its_gate(project: Project) -> None:
    project.data("data/tickets.jsonl", MUDDLED)
    project.data("data/questions.jsonl", QUESTIONS)
    tickets = {"dataset": {"path": "../data/tickets.jsonl"}, "hyperparameters": LEARNING}
    project.model("base", **tickets, gate=GATE)
    project.model("child", tunedFrom="base", dataset={"path": "../data/animals.jsonl"})
    assert "1 held, 1 skipped" in project.apply("--stage", code=6).out
    assert project.trainings() == 1
    assert project.plan("--stage")["child"]["reason"]["code"] == "parent-held"


def test_staging_deletes_and_edits_nothing(project: Project) -> None:
    project.model("numbers", displayName="Numbers")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    project.apply()
    before = project.live()
    project.remove("models/animals.yaml")
    project.model("numbers", displayName="Other words", lifecycle={"deletionPolicy": "prevent"})
    changes = project.plan("--stage")
    assert {name: each["action"] for name, each in changes.items()} == {
        "numbers": "keep",
        "animals": "keep",
    }
    assert changes["animals"]["reason"]["code"] == "not-staged"
    project.apply("--stage")
    assert project.live() == before


def test_the_last_model_removed_is_no_matter_to_staging(project: Project) -> None:
    """Nothing is deleted, so no guard asks for a permission."""
    project.model("numbers")
    project.apply()
    project.remove("models/numbers.yaml")
    project.apply("--stage")
    assert len(project.live()) == 1


def test_a_branch_is_merged_while_it_trains(served: Served) -> None:
    project = served.project
    project.model("numbers")
    project.apply("--stage", "--no-wait")
    assert project.actions("--stage") == {"numbers": "wait"}
    assert project.actions() == {"numbers": "wait"}
    served.start_training()
    project.apply()
    assert project.ok("plan").out == NOTHING
    assert "staged" not in next(iter(served.live().values()))["description"]
    assert served.trainings() == 1


def test_a_branch_wants_what_main_is_training(served: Served) -> None:
    """Staging watches that training, and leaves its mark to main."""
    project = served.project
    project.model("numbers")
    project.apply("--no-wait")
    assert project.actions("--stage") == {"numbers": "wait"}
    served.start_training()
    project.apply("--stage")
    assert "staged" not in next(iter(served.live().values()))["description"]
    assert project.apply("--stage").out.endswith(NOTHING_TO_STAGE)
    project.apply()
    assert project.serving("numbers")
    assert served.trainings() == 1


def test_an_interrupted_staging_goes_on_elsewhere(team: Team) -> None:
    desk = team.found("desk")
    desk.data("data/tickets.jsonl", TICKETS)
    desk.data("data/questions.jsonl", QUESTIONS)
    tickets = {"dataset": {"path": "../data/tickets.jsonl"}, "hyperparameters": LEARNING}
    desk.model("router", **tickets, gate=GATE)
    desk.commit()
    desk.push()
    desk.apply("--stage", "--timeout", "0.1s", code=9)
    team.start_training()
    runner = team.machine("runner")
    assert "gate passed: exactMatch 1" in runner.apply("--stage").out
    desk.apply()
    assert desk.run("gate").code == 0
    assert team.trainings() == 1


def test_a_gate_that_changed_is_asked_again_without_training(project: Project) -> None:
    project.data("data/tickets.jsonl", TICKETS)
    project.data("data/questions.jsonl", QUESTIONS)
    tickets = {"dataset": {"path": "../data/tickets.jsonl"}, "hyperparameters": LEARNING}
    impossible = GATE | {"metrics": {"regex": {"min": 1.0, "pattern": "never"}}}
    project.model("router", **tickets, gate=impossible)
    project.apply("--stage", code=6)
    project.apply("--stage", code=6)
    project.apply(code=6)
    project.model("router", **tickets, gate=GATE)
    assert project.actions("--stage") == {"router": "update"}
    project.apply("--stage")
    project.apply()
    assert project.run("gate").code == 0
    assert project.trainings() == 1


def test_a_rename_is_not_staged(project: Project) -> None:
    project.model("before")
    project.apply()
    project.remove("models/before.yaml")
    project.model("after", formerly=["before"])
    before = project.live()
    project.apply("--stage")
    assert project.live() == before
    project.apply()
    assert project.trainings() == 1


def test_targets_narrow_staging(project: Project) -> None:
    project.model("numbers")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    project.apply("--stage", "--target", "animals")
    assert len(project.live()) == 1
    project.data("data/animals.jsonl", (*ANIMALS, ("cow", "woc")))
    project.apply("--stage", "--exclude", "numbers")
    assert staged_versions(project) == 2


def test_a_saved_plan_to_stage_stages(project: Project) -> None:
    project.model("numbers")
    project.ok("plan", "--stage", "--out", "plan.json")
    project.ok("apply", "plan.json")
    assert project.run("output", "numbers").code == 6
    assert staged_versions(project) == 1


def test_destroy_takes_what_is_staged_too(project: Project) -> None:
    project.model("numbers")
    project.apply("--stage")
    project.ok("destroy", "--yes-destroy", "demo")
    assert project.live() == {}


def test_stage_and_destroy_contradict_each_other(project: Project) -> None:
    project.model("numbers")
    assert project.run("plan", "--stage", "--destroy").code == 64
