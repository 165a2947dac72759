"""A bug of ours may quote anything; what is shown of it is harmless, and holds no secret."""

import io

import pytest
from tests.render.laws import assert_safe
from tests.security.hostile import TRAPS

from tuneform.cli.screen import Screen

KEY = "planted-key-0123456789"
SECRET = "planted-secret"


def raised(text: str) -> LookupError:
    """An error with a traceback."""
    with pytest.raises(LookupError) as found:
        fail(text)
    return found.value


def fail(text: str) -> None:
    raise LookupError(text)


@pytest.mark.parametrize("traceback", ["", "1"])
@pytest.mark.parametrize("trap", TRAPS, ids=range(len(TRAPS)))
def test_a_bug_is_told_without_harm(trap, traceback):
    environ = {
        "GEMINI_API_KEY": KEY,
        "GOOGLE_API_KEY": f"{KEY}-too",
        "TUNEFORM_TRACEBACK": traceback,
    }
    err = io.StringIO()
    screen = Screen(environ, io.StringIO(), err)
    screen.protect([SECRET])

    screen.bug(raised(f"{trap} {KEY} {KEY}-too {SECRET}"))

    told = err.getvalue()
    assert_safe(told)
    assert KEY not in told
    assert SECRET not in told
    assert "this is a bug in tuneform: LookupError" in told
    assert ("Traceback" in told) == bool(traceback)
