"""Permissions: granting, listing, changing, taking back, handing over."""

import pytest

USER = {"granteeType": "USER", "emailAddress": "a@practice.invalid", "role": "READER"}


@pytest.fixture
def shared(waiting):
    waiting.create("adder")
    return waiting


def test_the_owner_is_listed(shared):
    (owner,) = shared.ok("GET", "tunedModels/adder/permissions")["permissions"]
    assert owner.pop("name").startswith("tunedModels/adder/permissions/")
    assert owner == {
        "granteeType": "USER",
        "emailAddress": "you@practice.invalid",
        "role": "OWNER",
    }


def test_granting_changing_and_taking_back(shared):
    made = shared.ok("POST", "tunedModels/adder/permissions", USER)
    assert {key: made[key] for key in USER} == USER
    assert shared.ok("GET", made["name"]) == made
    changed = shared.ok("PATCH", made["name"], {"role": "WRITER"}, updateMask="role")
    assert changed == made | {"role": "WRITER"}
    assert shared.ok("DELETE", made["name"]) == {}
    assert shared.refused("GET", made["name"])["code"] == 404


def test_enums_as_numbers_and_group_and_everyone(shared):
    group = {"grantee_type": 2, "email_address": "g@practice.invalid", "role": 2}
    made = shared.ok("POST", "tunedModels/adder/permissions", group)
    assert (made["granteeType"], made["role"]) == ("GROUP", "WRITER")
    everyone = {"granteeType": 3, "role": 3}
    numbers = {"$alt": "json;enum-encoding=int"}
    made = shared.ok("POST", "tunedModels/adder/permissions", everyone, **numbers)
    assert (made["granteeType"], made["role"]) == (3, 3)
    assert "emailAddress" not in made


def test_pages(shared):
    for n in range(11):
        grant = USER | {"emailAddress": f"a{n}@practice.invalid"}
        shared.ok("POST", "tunedModels/adder/permissions", grant)
    first = shared.ok("GET", "tunedModels/adder/permissions")
    assert len(first["permissions"]) == 10
    token = first["nextPageToken"]
    rest = shared.ok("GET", "tunedModels/adder/permissions", pageToken=token)
    assert len(rest["permissions"]) == 2
    assert "nextPageToken" not in rest


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "READER"},
        USER | {"role": "OWNER"},
        USER | {"role": 0},
        USER | {"emailAddress": ""},
        USER | {"emailAddress": "no address"},
        USER | {"emailAddress": "a b@c"},
        USER | {"granteeType": "EVERYONE"},
        {"granteeType": "GROUP", "role": "READER"},
        USER | {"granteeType": "NOBODY"},
    ],
)
def test_grants_that_are_refused(shared, body):
    assert shared.refused("POST", "tunedModels/adder/permissions", body)["code"] == 400


def test_nobody_is_granted_twice(shared):
    shared.ok("POST", "tunedModels/adder/permissions", USER)
    error = shared.refused("POST", "tunedModels/adder/permissions", USER | {"role": "WRITER"})
    assert error["status"] == "ALREADY_EXISTS"


def test_a_change_needs_a_mask_that_names_the_role_alone(shared):
    name = shared.ok("POST", "tunedModels/adder/permissions", USER)["name"]
    for mask in (None, "", "emailAddress", "role,granteeType", "nonsense"):
        query = {} if mask is None else {"updateMask": mask}
        assert shared.refused("PATCH", name, {"role": "WRITER"}, **query)["code"] == 400
    assert shared.refused("PATCH", name, {"role": "OWNER"}, updateMask="role")["code"] == 400


def test_ownership_moves_only_by_transfer(shared):
    (owner,) = shared.ok("GET", "tunedModels/adder/permissions")["permissions"]
    assert shared.refused("DELETE", owner["name"])["status"] == "FAILED_PRECONDITION"
    error = shared.refused("PATCH", owner["name"], {"role": "READER"}, updateMask="role")
    assert error["status"] == "FAILED_PRECONDITION"
    shared.ok("POST", "tunedModels/adder/permissions", USER)
    heir = {"emailAddress": USER["emailAddress"]}
    assert shared.ok("POST", "tunedModels/adder:transferOwnership", heir) == {}
    grants = shared.ok("GET", "tunedModels/adder/permissions")["permissions"]
    assert {g["emailAddress"]: g["role"] for g in grants} == {
        "you@practice.invalid": "WRITER",
        "a@practice.invalid": "OWNER",
    }
    assert shared.refused("POST", "tunedModels/adder:transferOwnership", heir)["code"] == 403
    for body in ({}, {"emailAddress": "x"}):
        assert shared.refused("POST", "tunedModels/adder:transferOwnership", body)["code"] == 400
