"""validate."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from tuneform.cli.options import Common, with_common
from tuneform.errors import InvalidProject, PolicyDenied

if TYPE_CHECKING:
    from tuneform.domain.diagnostic import Diagnostic


class ValidateFormat(StrEnum):
    """How mistakes are printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"


class Elsewhere(StrEnum):
    """Providers that a project can be held against."""

    EMBEDDED = "embedded"
    GEMINI = "gemini"
    VERTEX = "vertex"


@with_common
def validate(
    common: Common,
    provider: Annotated[
        Elsewhere | None,
        typer.Option(
            "--provider",
            help="Check as if the project were moved to this provider: what would not be honoured, "
            "which bases it does not offer.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        ValidateFormat, typer.Option("--format", help="How results are printed.")
    ] = ValidateFormat.TEXT,
) -> int:
    """Check manifests, datasets and the project's policy offline; no key is needed."""
    from tuneform.app.declare import declare

    screen = common.screen
    files: tuple[str, ...] = ()
    models = 0
    try:
        declared = declare(common.invocation, provider.value if provider else None)
    except InvalidProject as error:
        if format_ is ValidateFormat.TEXT:
            raise
        screen.protect(error.secrets)
        found, code = screen.diagnostics_of(error), error.exit_code
    else:
        screen.protect(declared.project.secrets)
        found = [*declared.warnings, *declared.findings]
        code = PolicyDenied.exit_code if _denies(declared.findings) else 0
        models = len(declared.desired.models)
        files = declared.files
    _print(common, format_, found, files, {"provider": provider.value} if provider else {})
    if format_ is ValidateFormat.TEXT:
        if code:
            raise PolicyDenied(())
        valid = f"Portable to {provider.value}" if provider else "Valid"
        screen.result(f"{valid}: {models} model{'' if models == 1 else 's'}.")
    return code


def _denies(findings: Sequence[Diagnostic]) -> bool:
    from tuneform.domain.diagnostic import has_errors

    return has_errors(tuple(findings))


def _print(
    common: Common,
    format_: ValidateFormat,
    found: Sequence[Diagnostic],
    files: Sequence[str],
    against: dict[str, str],
) -> None:
    from tuneform import __version__
    from tuneform.app.history import folder_in_repository
    from tuneform.domain.diagnostic import has_errors
    from tuneform.render import annotations, junit, markdown, sarif
    from tuneform.render.diagnostics import diagnostics_json, diagnostics_text

    screen, secrets = common.screen, common.screen.look.secrets
    match format_:
        case ValidateFormat.TEXT:
            screen.warnings(found)
        case ValidateFormat.JSON:
            valid = not has_errors(tuple(found))
            told = diagnostics_json(found)
            version = {"format_version": "1.0"}
            screen.json({**version, **against, "valid": valid, "diagnostics": told})
        case ValidateFormat.MARKDOWN:
            screen.result(markdown.diagnostics_markdown(found, secrets=secrets))
        case ValidateFormat.JUNIT:
            screen.result(junit.validate_junit(found, files, secrets=secrets))
        case ValidateFormat.SARIF:
            folder = folder_in_repository(common.invocation)
            screen.json(
                sarif.sarif_json(found, version=__version__, folder=folder, secrets=secrets)
            )
        case ValidateFormat.GITHUB:
            from tuneform.cli.github import publish

            folder = folder_in_repository(common.invocation)
            publish(
                common,
                diagnostics_text(found, screen.look) or "No mistakes.",
                annotations.diagnostics_annotations(found, folder=folder, secrets=secrets),
                markdown.diagnostics_markdown(found, secrets=secrets),
            )
        case _:
            assert_never(format_)
