"""The projects of the command line's tests."""

from tests.cli.conftest import KEY, project, served

__all__ = ["KEY", "project", "served"]
