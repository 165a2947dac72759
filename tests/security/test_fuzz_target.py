"""What atheris may be pointed at loads without atheris, and holds for any bytes."""

import importlib.util
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

PATH = Path(__file__).parents[2] / "fuzz" / "targets.py"


def loaded():
    spec = importlib.util.spec_from_file_location("fuzz_targets", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGET = loaded()
WORDS = st.sampled_from(
    [b'{"tunedModels": [', b'"name": "', b"text_input", b"output", b",", b"}", b"]", b"\n",
     b"apiVersion: tuneform/v1\n", b"kind: TunedModel\n", b"kind: Project\n", b"spec: ", b"{", b"[",
     b'"format_version": "1.0"', b'{"error": {', b'"details": [', b"&a ", b"*a", b"\xff", b"\x1b"]
)  # fmt: skip


@given(st.sampled_from(TARGET.TARGETS), st.lists(WORDS | st.binary(max_size=8)).map(b"".join))
@settings(max_examples=300)
def test_any_bytes(target, data):
    target(data)
