"""Several files: clashes of names, the cache, and that no order matters."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuneform import __version__
from tuneform.clock import SteeredClock
from tuneform.dataset.filecache import FileCache
from tuneform.domain.spec import ModelSpec
from tuneform.manifest.load import VariableSources, load, manifest_cache


def test_names_are_declared_once(folder, model, brief):
    folder.write(
        {
            "manifests/a.yaml": model("one") + "---\n" + model("two"),
            "manifests/b.yaml": model("two") + "---\n" + model("two", "topK: x"),
        }
    )
    loaded = folder.read()
    assert brief(loaded) == [
        "manifests/b.yaml:4:9 duplicate-name metadata.name",
        "manifests/b.yaml:13:9 duplicate-name metadata.name",
        "manifests/b.yaml:18:9 wrong-type spec.topK",
    ]
    assert "manifests/a.yaml:13:9" in loaded.diagnostics[0].detail
    assert loaded.diagnostics[0].snippet == "  name: two"
    assert loaded.broken == ("two",)


def test_former_names_that_are_declared(folder, model, brief):
    folder.write(
        {
            "manifests/a.yaml": model("new", metadata="formerly: [older, old]"),
            "manifests/b.yaml": model("old"),
        }
    )
    loaded = folder.read()
    assert brief(loaded) == ["manifests/a.yaml:5:21 former-name-declared metadata.formerly[1]"]
    assert loaded.diagnostics[0].snippet == "  formerly: [older, old]"


def test_former_names_with_two_heirs(folder, model, brief):
    folder.write(
        {
            "manifests/a.yaml": model("a", metadata="formerly: [old]"),
            "manifests/b.yaml": model("b", metadata="formerly: [old]"),
        }
    )
    assert brief(folder.read()) == ["manifests/b.yaml:5:14 former-name-taken metadata.formerly[0]"]


def test_mistakes_of_all_files_are_told_in_one_run(folder, model, brief):
    folder.write(
        {
            "manifests/a.yaml": "[\n---\n" + model("a", "topK: x") + "---\n" + model("Good"),
            "manifests/b.yaml": b"\xff",
            "manifests/c.yaml": model("c"),
        }
    )
    loaded = folder.read()
    assert brief(loaded) == [
        "manifests/a.yaml:2:1 syntax",
        "manifests/a.yaml:11:9 wrong-type spec.topK",
        "manifests/a.yaml:16:9 invalid-name metadata.name",
        "manifests/b.yaml:1:1 not-utf8",
    ]
    assert [each.name for each in loaded.models] == ["c"]


def test_a_file_of_rubbish_ends(folder):
    folder.write({"manifests/a.yaml": "---\nrubbish\n" * 20_000})
    codes = [each.code for each in folder.read().diagnostics]
    assert len(codes) < 1100
    assert "more-mistakes" in codes


class TestCache:
    @pytest.fixture
    def read(self, folder):
        """Read with a cache that takes files of any age, and tell how many were in it before."""

        def read(environment=None, options=None, version="0.1.0"):
            future = SteeredClock(datetime.now(UTC) + timedelta(hours=1))
            path = folder.root / ".tuneform" / "manifests.json"
            cache = manifest_cache(path, future)
            sources = VariableSources(options=options or {})
            loaded = load(
                folder.root,
                environment=environment,
                variables=sources,
                cache=cache,
                version=version,
            )
            assert loaded == load(
                folder.root,
                environment=environment,
                variables=sources,
                cache=None,
                version=version,
            )
            return loaded, path.read_text() if path.exists() else ""

        return read

    def test_cached_is_equal_to_read(self, folder, model, read):
        folder.write(
            {
                "manifests/a.yaml": model(
                    "a",
                    "displayName: 'é \"x\"'",
                    "hyperparameters: {learningRate: 1e-5}",
                    "temperature: 1",
                    "lifecycle: {deletionPolicy: retain}",
                    metadata="formerly: [b]\n  labels: {x: y}",
                )
            }
        )
        first, kept = read()
        assert '"a"' in kept
        second, again = read()
        assert first == second
        assert kept == again

    def test_a_change_is_seen(self, folder, model, read):
        folder.write({"manifests/a.yaml": model("a", "topK: 1")})
        read()
        folder.write({"manifests/a.yaml": model("a", "topK: 2")})
        loaded, _ = read()
        assert loaded.models[0].fields.top_k == 2

    def test_a_touched_file_with_its_old_time_is_seen(self, folder, model, read):
        path = folder.root / "manifests" / "a.yaml"
        path.write_text(model("a", "topK: 1"))
        before = path.stat()
        read()
        path.write_text(model("a", "topK: 2"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        loaded, _ = read()
        assert loaded.models[0].fields.top_k == 2

    def test_a_cached_file_that_is_used_is_not_read(self, folder, model, read):
        """The proof that the cache is asked at all: the text says something else by now."""
        path = folder.root / "manifests" / "a.yaml"
        path.write_text(model("a", "topK: 1"))
        _, kept = read()
        cache_file = folder.root / ".tuneform" / "manifests.json"
        cache_file.write_text(kept.replace('"top_k":1', '"top_k":3'))
        future = SteeredClock(datetime.now(UTC) + timedelta(hours=1))
        cache = manifest_cache(cache_file, future)
        loaded = load(
            folder.root, environment=None, variables=VariableSources(), cache=cache, version="0.1.0"
        )
        assert loaded.models[0].fields.top_k == 3

    def test_a_gate_comes_back_as_it_was(self, folder, model, read):
        lines = (
            "gate:",
            "  dataset: {holdout: 0.1}",
            "  metrics:",
            "    recall: {min: 1, labels: {a: {maxRegression: 0.5}}}",
            "    jsonFields: {fields: [b, a], min: 0}",
            "    own: {min: 0.25, options: {é: [1.5, {a: null}]}}",
            "  mustPass: {path: golden.csv}",
        )
        folder.write({"manifests/a.yaml": model("a", *lines)})
        first, kept = read()
        second, _ = read()
        assert '"own"' in kept
        assert first.diagnostics == ()
        assert first.models == second.models
        assert first.models[0].gate is not None

    def test_a_cache_of_models_with_other_values_knows_nothing(self, folder, model, read):
        folder.write({"manifests/a.yaml": model("a")})
        _, kept = read()
        path = folder.root / ".tuneform" / "manifests.json"
        (key,) = (each for each in kept.split('"') if each.startswith("manifests/a.yaml|"))
        seen = (folder.root / "manifests" / "a.yaml").lstat()
        future = SteeredClock(datetime.now(UTC) + timedelta(hours=1))
        assert manifest_cache(path, future).get(key, seen) is not None
        path.write_text(re.sub(f'"{__version__}/[0-9]+"', f'"{__version__}"', kept))
        assert manifest_cache(path, future).get(key, seen) is None

    def test_variables_and_environments_are_part_of_the_question(self, folder, model, read):
        text = (folder.root / "tuneform.yaml").read_text()
        text += "  variables: {a: x, n: 1}\n  environments: {prod: {variables: {a: y}}}\n"
        folder.write({"tuneform.yaml": text})
        folder.write({"manifests/a.yaml": model("a", "displayName: ${var.a}", "topK: ${var.n}")})
        seen = [
            read()[0].models[0].fields.display_name,
            read("prod")[0].models[0].fields.display_name,
            read(options={"a": "z"})[0].models[0].fields.display_name,
        ]
        assert seen == ["x", "y", "z"]
        assert read(options={"n": "1"})[0].diagnostics == ()
        folder.write({"tuneform.yaml": text.replace("n: 1", "n: '1'")})
        assert [each.code for each in read()[0].diagnostics] == ["wrong-type"]

    def test_a_secret_is_never_written(self, folder, model, read):
        text = (folder.root / "tuneform.yaml").read_text()
        text += "  variables: {s: {value: hunter2, sensitive: true}}\n"
        folder.write({"tuneform.yaml": text})
        folder.write(
            {
                "manifests/a.yaml": model("a", "description: ${var.s}"),
                "manifests/b.yaml": model("b"),
            }
        )
        _, kept = read()
        assert '"b"' in kept
        assert '"a"' not in kept
        assert "hunter2" not in kept

    @pytest.mark.parametrize("line", ["topK: x", "topK: x\n  topP: y"])
    def test_what_has_a_diagnostic_is_told_again(self, folder, model, read, line):
        folder.write({"manifests/a.yaml": model("a", line)})
        first, kept = read()
        second, _ = read()
        assert first.diagnostics == second.diagnostics != ()
        assert kept == ""

    def test_a_file_that_is_written_while_it_is_read_is_not_kept(self, folder, model):
        path = folder.root / "manifests" / "a.yaml"
        path.write_text(model("a", "topK: 1"))

        class Meddler(FileCache):
            def get(self, key, stat):
                path.write_text(model("a", "topK: 22"))
                return super().get(key, stat)

        future = SteeredClock(datetime.now(UTC) + timedelta(hours=1))
        kept = folder.root / "kept.json"
        cache = Meddler(kept, tuple[ModelSpec, ...], salt="x", clock=future)
        load(folder.root, environment=None, variables=VariableSources(), cache=cache)
        assert not kept.exists()

    def test_clashes_are_found_between_cached_files(self, folder, model, read):
        folder.write({"manifests/a.yaml": model("a"), "manifests/b.yaml": model("a")})
        read()
        loaded, kept = read()
        assert [each.code for each in loaded.diagnostics] == ["duplicate-name"]
        assert loaded.diagnostics[0].snippet == "  name: a"
        assert '"a"' in kept


_NAMES = st.lists(st.sampled_from(["a", "b", "c", "d-1"]), min_size=1, max_size=4, unique=True)


@given(_NAMES, st.randoms(use_true_random=False))
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_order_of_documents_and_files_changes_nothing(
    tmp_path_factory, model, folder, names, random
):
    """Places apart, as they are what was moved."""

    def facts(loaded):
        return [
            (each.name, each.dataset, each.fields, each.hyperparameters) for each in loaded.models
        ]

    documents = {name: model(name, f"topK: {number + 1}") for number, name in enumerate(names)}

    def write(order, split):
        for old in (folder.root / "manifests").iterdir():
            old.unlink()
        parts = [order[:split], order[split:]]
        folder.write(
            {
                f"manifests/{number}.yaml": "---\n".join(documents[name] for name in part)
                for number, part in enumerate(parts)
                if part
            }
        )
        return folder.read()

    first = write(names, len(names))
    shuffled = list(names)
    random.shuffle(shuffled)
    second = write(shuffled, random.randrange(len(names) + 1))
    assert facts(first) == facts(second)
    assert first.diagnostics == second.diagnostics == ()


_SPEC_LINES = [
    "displayName: x",
    "description: y",
    "hyperparameters: {batchSize: 4, epochCount: 5}",
    "temperature: 0.5",
    "lifecycle: {keepVersions: 2}",
    "revision: 2",
]


@given(st.permutations(_SPEC_LINES))
@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_order_of_keys_changes_nothing(folder, model, lines):
    one = folder.write({"manifests/a.yaml": model("a", *_SPEC_LINES)}).read()
    two = folder.write({"manifests/a.yaml": model("a", *lines)}).read()
    assert one == two
