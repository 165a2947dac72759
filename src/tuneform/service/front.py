"""Which of the services behind one address a request is for: tuning, storage, or identity.

The real ones have addresses of their own. Their paths do not overlap, so here one address will do.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tuneform.service.application import Application
from tuneform.service.identity import Identity
from tuneform.service.storage.application import PATHS, StorageApplication

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Front:
    """All services as one WSGI callable."""

    def __init__(
        self, tuning: Application, storage: StorageApplication, identity: Identity
    ) -> None:
        self._tuning = tuning
        self._storage = storage
        self._identity = identity

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        if PATHS.match(environ.get("PATH_INFO", "")):
            return self._storage(environ, start_response)
        if self._identity.answers(environ):
            return self._identity(environ, start_response)
        return self._tuning(environ, start_response)
