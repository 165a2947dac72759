"""What is whose: removals, renames, foreign objects, environments, the guard, destroy, forget."""

import pytest
from tests.cli.project import BASE, Project

NOTHING = "No changes. Live models match the manifests.\n"


# Removals.


def test_removing_a_manifest_deletes(project: Project) -> None:
    project.model("stays")
    project.model("goes", revision=2)
    project.apply()
    project.remove("models/goes.yaml")
    assert project.reason("goes") == "not-declared"
    project.apply()
    assert list(project.live()) == [project.serving("stays")]


def test_prevent_outlives_the_manifest(project: Project) -> None:
    project.model("stays")
    project.model("precious", revision=2, lifecycle={"deletionPolicy": "prevent"})
    project.apply()
    project.remove("models/precious.yaml")
    assert project.reason("precious") == "protected"
    held = project.apply(code=5)
    assert "tuneform forget precious" in held.out
    assert len(project.live()) == 2


def test_prevent_can_be_taken_back(project: Project) -> None:
    project.model("stays")
    project.model("precious", revision=2, lifecycle={"deletionPolicy": "prevent"})
    project.apply()
    project.model("precious", revision=2)
    assert project.actions()["precious"] == "update"
    project.apply()
    project.remove("models/precious.yaml")
    project.apply()
    assert len(project.live()) == 1


def test_retain_takes_the_mark_off_and_leaves_the_object(project: Project) -> None:
    project.model("stays")
    project.model("let-go", revision=2, description="Ours.", lifecycle={"deletionPolicy": "retain"})
    project.apply()
    remote = project.serving("let-go")
    project.remove("models/let-go.yaml")
    assert project.actions()["let-go"] == "release"
    project.apply()
    assert project.live()[remote]["description"] == "Ours."
    assert project.ok("plan").out == NOTHING


def test_an_empty_folder_is_a_warning_and_deletes_nothing_unasked(project: Project) -> None:
    project.model("only")
    project.apply()
    project.remove("models/only.yaml")
    planned = project.ok("plan")
    assert "warning: declares nothing" in planned.err
    assert "--allow-deletes 1" in planned.err
    refused = project.apply(code=5)
    assert "add --allow-deletes 1" in refused.err
    assert len(project.live()) == 1


@pytest.mark.parametrize("manifests", [["modles"], ["models/gone.yaml"], []])
def test_a_missing_path_stops_everything(project: Project, manifests: list[str]) -> None:
    project.model("only")
    project.apply()
    project.settings(manifests=manifests)
    for command in (["plan"], ["apply", "-y", "--allow-deletes", "9"]):
        refused = project.run(*command)
        assert refused.code == 3
        assert "tuneform.yaml:" in refused.err
        assert "spec.manifests" in refused.err
    assert len(project.live()) == 1


# The guard.


def test_the_guard_wants_the_exact_number(project: Project) -> None:
    for number in range(1, 5):
        project.model(f"m{number}", revision=number)
    project.apply()
    project.remove("models/m1.yaml", "models/m2.yaml")
    refused = project.apply(code=5)
    assert "deletes 2 of the 4 models" in refused.err
    assert "hint: if that is meant, add --allow-deletes 2" in refused.err
    assert project.apply("--allow-deletes", 1, code=5).out.endswith("2 to delete.\n")
    assert len(project.live()) == 4
    project.apply("--allow-deletes", 2)
    assert len(project.live()) == 2


def test_a_target_does_not_shrink_what_the_guard_counts(project: Project) -> None:
    for number in range(1, 5):
        project.model(f"m{number}", revision=number)
    project.apply()
    project.remove("models/m1.yaml")
    project.apply("--target", "m1")
    assert len(project.live()) == 3


# Renames.


def test_a_rename_with_formerly_trains_nothing(project: Project) -> None:
    project.model("before")
    project.apply()
    remote = project.serving("before")
    project.remove("models/before.yaml")
    project.model("after", formerly=["before"], displayName="before")
    assert {name: each["action"] for name, each in project.plan().items()} == {"after": "update"}
    assert project.reason("after") == "renamed"
    project.apply()
    assert project.serving("after") == remote
    assert project.ok("plan").out == NOTHING
    assert project.trainings() == 1
    project.model("after", displayName="before")
    assert project.ok("plan").out == NOTHING


def test_a_rename_without_formerly_is_held_with_the_line_to_add(project: Project) -> None:
    project.model("before")
    project.apply()
    project.remove("models/before.yaml")
    project.model("after")
    assert project.actions() == {"after": "hold", "before": "hold"}
    held = project.apply("--allow-deletes", 1, code=8)
    assert "add `formerly: [before]`" in " ".join(held.out.split())
    assert project.trainings() == len(project.live()) == 1


def test_two_models_may_not_claim_one_former_name(project: Project) -> None:
    project.model("one")
    project.model("two", formerly=["one"], revision=2)
    refused = project.run("plan")
    assert refused.code == 3
    assert "models/two.yaml" in refused.err


# Foreign objects.


def test_a_copied_mark_steals_nothing(project: Project) -> None:
    project.model("numbers")
    project.apply()
    remote = project.serving("numbers")
    with project.service(trains=True) as service:
        foreign = service.train("somebody-elses")
        service.describe(foreign, f"Not ours.\n{service.mark(remote)}")
    assert project.ok("plan").out == NOTHING
    status = project.ok("status", "--format", "json").json
    assert status["unexplained"] == [foreign]
    assert foreign in project.ok("status").out
    project.run("destroy", "--yes-destroy", "demo")
    assert list(project.live()) == [foreign]


def test_a_damaged_mark_on_a_foreign_id_is_listed_and_touched_by_nothing(project: Project) -> None:
    with project.service(trains=True) as service:
        foreign = service.train("somebody-elses")
        service.describe(foreign, "Tags.\ntuneform/v1 owner=demo model=? rev=1")
        other = service.train("another-one")
        service.describe(other, "Tags.\ntuneform/v1 owner=demo2 model=? rev=1")
    assert project.ok("plan").out == NOTHING
    assert project.ok("status", "--format", "json").json["unexplained"] == [foreign]
    assert "tuneform import" in project.ok("status").out


def test_a_mark_that_names_its_own_object_is_ours_and_two_of_one_are_held(
    project: Project,
) -> None:
    project.model("numbers")
    project.apply()
    remote = project.serving("numbers")
    with project.service(trains=True) as service:
        twin = service.train("twin")
        service.describe(twin, f"{service.mark(remote)} adopted=twin")
    assert project.reason("numbers") == "duplicate"
    project.apply(code=8)
    assert set(project.live()) == {remote, twin}


def test_our_id_without_a_mark_is_held_and_import_restores_it(project: Project) -> None:
    project.model("numbers")
    project.apply()
    remote = project.serving("numbers")
    with project.service() as service:
        service.describe(remote, "Somebody tidied up.")
    change = project.plan()["numbers"]
    assert change["reason"]["code"] == "mark-missing"
    assert f"tuneform import {remote} --as numbers" in change["reason"]["message"]
    project.ok("import", remote, "--as", "numbers", "--dataset", "data/numbers.jsonl")
    assert project.actions() == {"numbers": "promote"}
    project.apply()
    assert project.ok("plan").out.startswith(NOTHING[:10])
    assert project.trainings() == 1


def test_unknown_words_in_a_mark_stop_us(project: Project) -> None:
    project.model("numbers")
    project.apply()
    remote = project.serving("numbers")
    with project.service() as service:
        service.describe(remote, f"{service.mark(remote)} frozen=yes")
    assert project.reason("numbers") == "unknown-word"
    project.apply(code=8)


def test_an_edit_by_hand_is_undone_in_place(project: Project) -> None:
    project.model("numbers", description="As the manifest says.")
    project.apply()
    remote = project.serving("numbers")
    with project.service() as service:
        service.describe(remote, f"Otherwise.\n{service.mark(remote)}")
    assert project.actions() == {"numbers": "update"}
    project.apply()
    assert project.live()[remote]["description"].startswith("As the manifest says.\n")


# Environments.


def test_two_environments_in_one_account_never_meet(project: Project) -> None:
    project.settings(environments={"prod": {}, "test": {}})
    project.model("numbers")
    for environment in ("prod", "test"):
        project.apply("--env", environment)
    prod, test = (project.serving("numbers", "--env", each) for each in ("prod", "test"))
    assert prod != test
    project.model("numbers", revision=2, lifecycle={"keepVersions": 0})
    project.apply("--env", "test")
    assert project.serving("numbers", TUNEFORM_ENV="prod") == prod
    assert project.actions() == {"numbers": "create"}
    project.run("destroy", "--yes-destroy", "demo/test", "--env", "test")
    assert list(project.live()) == [prod]


# Destroy and forget.


def test_destroy_wants_the_owner_by_name(project: Project) -> None:
    project.settings(environments={"prod": {}})
    project.model("numbers")
    project.apply("--env", "prod")
    unasked = project.run("destroy", "--env", "prod")
    assert unasked.code == 64
    assert "add --yes-destroy demo/prod" in unasked.err
    wrong = project.run("destroy", "--env", "prod", "--yes-destroy", "demo")
    assert wrong.code == 64
    assert "the owner is demo/prod" in wrong.err
    assert len(project.live()) == 1
    done = project.ok("destroy", "--env", "prod", "--yes-destroy", "demo/prod")
    assert "Destroy complete: 1 deleted." in done.out
    assert not project.live()
    again = project.ok("destroy", "--env", "prod", "--yes-destroy", "demo/prod")
    assert again.out == "Nothing to destroy: no live model belongs to demo/prod.\n"


def test_destroy_leaves_what_is_protected(project: Project) -> None:
    project.model("precious", lifecycle={"deletionPolicy": "prevent"})
    project.model("other", revision=2)
    project.apply()
    precious = project.serving("precious")
    assert project.run("destroy", "--yes-destroy", "demo").code == 5
    assert list(project.live()) == [precious]


def test_plan_destroy_shows_it_and_does_nothing(project: Project) -> None:
    project.model("numbers")
    project.apply()
    assert project.actions("--destroy") == {"numbers": "delete"}
    assert len(project.live()) == 1


def test_forget_leaves_the_objects(project: Project) -> None:
    project.model("numbers")
    project.apply()
    remote = project.serving("numbers")
    project.remove("models/numbers.yaml")
    unasked = project.run("forget", "numbers")
    assert unasked.code == 64
    assert "add -y" in unasked.err
    assert "Forget complete: 1 released." in project.ok("forget", "numbers", "-y").out
    assert list(project.live()) == [remote]
    assert project.ok("plan").out == NOTHING
    assert project.run("forget", "numbers", "-y").code == 64


def test_forgetting_what_is_declared_warns(project: Project) -> None:
    project.model("numbers")
    project.apply()
    assert "a manifest still declares 'numbers'" in project.ok("forget", "numbers", "-y").err
    assert project.reason("numbers") == "mark-missing"


# Chains.


def test_a_chain_is_trained_parents_first_and_travels_down(project: Project) -> None:
    def chain(revision: int) -> None:
        keep = {"keepVersions": 0}
        project.model("aa", tunedFrom="bb", lifecycle=keep)
        project.model("bb", tunedFrom="cc", lifecycle=keep)
        project.model("cc", revision=revision, lifecycle=keep)

    chain(1)
    assert list(project.plan()) == ["cc", "bb", "aa"]
    project.apply()
    first = set(project.live())
    assert project.ok("plan").out == NOTHING
    chain(2)
    assert project.actions() == dict.fromkeys(("cc", "bb", "aa"), "replace")
    project.apply()
    assert len(project.live()) == 3
    assert first.isdisjoint(project.live())
    assert project.ok("plan").out == NOTHING
    sources = {
        name: each["tunedModelSource"]["tunedModel"]
        for name, each in project.live().items()
        if "tunedModelSource" in each
    }
    serving = {name: project.serving(name) for name in ("aa", "bb", "cc")}
    assert sources == {serving["aa"]: serving["bb"], serving["bb"]: serving["cc"]}


def test_a_parent_goes_only_after_its_child(project: Project) -> None:
    project.model("child", tunedFrom="parent")
    project.model("parent")
    project.apply()
    project.remove("models/parent.yaml")
    refused = project.run("plan")
    assert refused.code == 3
    assert "models/child.yaml" in refused.err
    project.model("child", tunedFrom=None, baseModel=BASE, revision=2)
    assert project.reason("parent") == "in-use"


def test_a_held_parent_holds_its_child(project: Project) -> None:
    project.model("parent")
    project.apply()
    with project.service() as service:
        service.describe(project.serving("parent"), "Somebody tidied up.")
    project.model("child", tunedFrom="parent")
    assert project.reason("child") == "parent-held"
    project.apply(code=8)
    assert project.trainings() == 1


def test_a_cycle_is_told_with_its_members(project: Project) -> None:
    project.model("one", tunedFrom="two")
    project.model("two", tunedFrom="one")
    refused = project.run("plan")
    assert refused.code == 3
    assert "one" in refused.err
    assert "two" in refused.err


def test_targets_draw_in_parents_and_exclusions_children(project: Project) -> None:
    project.model("child", tunedFrom="parent")
    project.model("parent")
    project.model("other", revision=2)
    assert set(project.plan("--target", "child")) == {"child", "parent"}
    assert set(project.plan("--exclude", "parent")) == {"other"}
    assert project.run("plan", "--target", "nobody").code == 64


def test_one_failure_does_not_stop_the_others(project: Project) -> None:
    """One of three diverges, and so its child never starts."""
    project.model("good")
    project.model("bad", hyperparameters={"epochCount": 2, "batchSize": 8, "learningRate": 1e30})
    project.model("child", tunedFrom="bad", revision=2)
    ran = project.run("apply", "-y", "--format", "json")
    statuses = {each["model"]: each["status"] for each in ran.json["outcomes"]}
    assert ran.code == ran.json["exit_code"] == 8
    assert statuses["good"] == "done"
    assert statuses["bad"] in ("failed", "held")
    assert statuses["child"] == "skipped"
