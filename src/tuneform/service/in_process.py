"""Speaks with a service in the same process as httpx does over a port, faults included.

`httpx.WSGITransport` is enough for a service without faults. Here what its faults do to a
connection becomes what httpx raises when that happens to a socket.
"""

import httpx

from tuneform.service.breaking import HUNG, ConnectionBroken
from tuneform.service.service import Service


class InProcess(httpx.BaseTransport):
    """A transport to one service.

    A request that hangs takes its time on the service's clock. If that is longer than the read
    timeout of the request, its reply is withheld and `httpx.ReadTimeout` is raised.
    """

    def __init__(self, service: Service) -> None:
        self._wsgi = httpx.WSGITransport(service.wsgi)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the reply is complete when it is returned."""
        try:
            answer = self._wsgi.handle_request(request)
            body = answer.read()
        except ConnectionBroken as broken:
            error = _as_raised(broken)
        else:
            patience = request.extensions.get("timeout", {}).get("read")
            hung = float(answer.headers.get(HUNG, 0))
            if patience is None or hung <= patience:
                return httpx.Response(answer.status_code, headers=answer.headers, content=body)
            error = httpx.ReadTimeout("timed out")
        raise error


def _as_raised(broken: ConnectionBroken) -> httpx.TransportError:
    """What httpx raises when a socket does this."""
    match broken.how:
        case "refused":
            return httpx.ConnectError("[Errno 111] Connection refused")
        case "reset":
            return httpx.ReadError("[Errno 104] Connection reset by peer")
        case "closed":
            return httpx.RemoteProtocolError("Server disconnected without sending a response.")
