"""A target for atheris: any bytes as a manifest, a project, a plan file and replies of a service.

    pip install atheris
    python fuzz/documents.py -max_total_time=300 [FOLDER WITH SEEDS]

atheris is optional and no dependency of the project; `tests/security`, `tests/manifest` and
`tests/planfile` hold the same properties with hypothesis, without coverage as a guide.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

from tuneform.errors import TuneformError
from tuneform.manifest.compose import documents
from tuneform.manifest.discover import PROJECT_FILE
from tuneform.manifest.document import Setting, read_document
from tuneform.manifest.interpolate import Variables
from tuneform.manifest.project import Choice, read_project
from tuneform.manifest.source import Source, decode
from tuneform.manifest.syntax import Broken
from tuneform.manifest.variables import VariableSources
from tuneform.planfile import read_document as read_plan
from tuneform.providers.google.said import read_error


def try_manifest(data: bytes) -> None:
    """Every document is a model, or has diagnostics."""
    source = decode("m/a.yaml", data)
    for root in documents(source) if isinstance(source, Source) else ():
        if isinstance(source, Source) and not isinstance(root, Broken):
            outcome = read_document(source, root, Setting(Variables()))
            assert outcome.model or outcome.diagnostics


def try_project(data: bytes) -> None:
    """The file is a project, or has diagnostics."""
    source = decode(PROJECT_FILE, data)
    if isinstance(source, Source):
        reading = read_project(source, Choice(None, VariableSources(), "0.1.0"))
        assert reading.project or reading.diagnostics


def try_plan(data: bytes) -> None:
    """The file is a plan, or refused with an error of ours."""
    with contextlib.suppress(TuneformError):
        read_plan(data)


def try_reply(data: bytes) -> None:
    """The body is an error of the API, or none."""
    read_error(data)


TARGETS: tuple[Callable[[bytes], None], ...] = (try_manifest, try_project, try_plan, try_reply)


def one_input(data: bytes) -> None:
    """The first byte chooses the target."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


def main() -> None:
    """Hand over to atheris."""
    import atheris  # noqa: PLC0415 - optional

    fuzzer: Any = atheris
    fuzzer.instrument_all()
    fuzzer.Setup(sys.argv, one_input)
    fuzzer.Fuzz()


if __name__ == "__main__":
    main()
