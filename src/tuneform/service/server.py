"""The practice service behind a port: waitress, failures of the wire, and broken connections.

`serve` blocks, for the command line; `running` is the same in a thread, for tests. Both listen on
loopback unless told otherwise: any non-empty key is let in, so this is no server for a network.
"""

import logging
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from tuneform.service import wire
from tuneform.service.application import Application
from tuneform.service.breaking import ConnectionBroken
from tuneform.service.errors import ApiError, Status, internal
from tuneform.service.faults import Faults
from tuneform.service.service import Service, open_service
from tuneform.service.storage.body import MAX_OBJECT

if TYPE_CHECKING:
    from waitress.utilities import Error

_LOG = logging.getLogger(__name__)

THREADS = 8
"""Requests that are answered at a time. Those that faults let hang come on top."""

MOST_THREADS = 128

CONNECTIONS = 800
"""Open ones; more wait to be accepted. Below the number of files that a process may usually open,
of which each thread needs a few."""

_LARGEST = 4 * wire.MAX_BODY
"""What waitress takes in at all; what is larger than the API's own limit is refused by the
application, in the API's words."""

_LARGEST_UPLOAD = MAX_OBJECT + wire.MAX_BODY
"""The same for uploads; waitress keeps them on disk until they are complete."""


class _ErrorTask(ErrorTask):
    """What waitress refuses by itself: requests that are no HTTP, or far too large."""

    def execute(self) -> None:
        error: Error = vars(self.request)["error"]
        refusal = internal()
        if error.code < Status.INTERNAL.http:
            refusal = ApiError(
                Status.INVALID_ARGUMENT, f"{error.reason}: {error.body}", http=error.code
            )
        body = wire.encode(refusal.body(), pretty=True)
        self.status = f"{refusal.http} {error.reason}"
        self.response_headers = [("Content-Type", Application.json_type)]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Task(WSGITask):
    """A request; its connection may be asked to end in the middle of it."""

    def service(self) -> None:
        try:
            super().service()
        except ConnectionBroken as broken:
            if broken.how != "closed":
                assert self.channel.socket is not None, "a channel has one until it is closed"
                with suppress(OSError):  # it is closed
                    self.channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.set_close_on_finish()


_AT_ONCE = struct.pack("ii", 1, 0)
"""To linger for no time: closing resets the connection."""


class _Parser(HTTPRequestParser):
    """A request that comes in; only uploads may be large."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head; the length of the body is judged after."""
        super().parse_header(header_plus)
        if str(vars(self)["path"]).startswith("/upload/storage/"):
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = _LARGEST_UPLOAD


class _Channel(HTTPChannel):
    parser_class = _Parser
    error_task_class = _ErrorTask
    task_class = _Task


class _Dispatcher(ThreadedTaskDispatcher):
    """Threads that answer. That requests wait for one is no news, and said nowhere."""

    queue_logger = logging.getLogger(f"{__name__}.queue")

    def __init__(self) -> None:
        super().__init__()
        self._growing = threading.Lock()
        self._ends = False
        self.set_thread_count(THREADS)

    def hanging(self, requests: int) -> None:
        """Have a thread for each request that only hangs, so that it holds up no other."""
        with self._growing:
            if not self._ends:
                self.set_thread_count(min(THREADS + requests, MOST_THREADS))

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        """End all threads; none is started again."""
        with self._growing:
            self._ends = True
        return bool(super().shutdown(cancel_pending, timeout))


_Dispatcher.queue_logger.addHandler(logging.NullHandler())
_Dispatcher.queue_logger.propagate = False


class _Server(TcpWSGIServer):
    """Waitress, able to stop listening for a while."""

    channel_class = _Channel
    refuses: Callable[[], bool]
    """Whether no connection is to be accepted now."""

    def readable(self) -> bool:
        """Asked in each round of the loop, once a second at least: open or close the door."""
        if self.refuses() != self.accepting:
            return bool(super().readable())
        if self.accepting:
            # Only a socket that is closed refuses; another one keeps the place in the loop.
            self._replace_socket(socket.socket(self.family, socket.SOCK_DGRAM))
            self.accepting = False
        else:
            self._listen_again()
        return False  # the loop still has the number of the socket that went

    def _listen_again(self) -> None:
        try:
            listener = socket.create_server(self.sockinfo[3], family=self.family)
        except OSError:
            _LOG.warning("cannot listen on %s again; trying", self.sockinfo[3], exc_info=True)
            return
        listener.setblocking(False)
        self._replace_socket(listener)
        self.accept_connections()

    def _replace_socket(self, other: socket.socket) -> None:
        assert self.socket is not None, "a server has one from the start"
        self.del_channel()
        self.socket.close()
        self.set_socket(other)


class _Listening:
    """A socket with the service behind it; open as soon as it exists."""

    def __init__(self, service: Service, host: str, port: int) -> None:
        self._service = service
        self._ending = threading.Lock()
        self._asked_to_end = False
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
        place = (family, listener.type, listener.proto, listener.getsockname())
        settings = Adjustments(
            sockets=[listener],
            max_request_body_size=_LARGEST,
            clear_untrusted_proxy_headers=True,
            connection_limit=CONNECTIONS,
        )
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        self.url = f"http://{shown}:{listener.getsockname()[1]}"
        dispatcher = _Dispatcher()
        service.wsgi.on_hang = dispatcher.hanging
        self._sockets: Any = {}  # by file number: what waitress listens to and answers on
        self._server = _Server(
            *(service.wsgi, self._sockets, True, listener, dispatcher),
            adj=settings,
            bind_socket=False,
            sockinfo=place,
        )
        self._server.refuses = service.faults.refuses

    def run(self) -> None:
        """Answer until `end` is called, or the thread is interrupted; then close everything."""
        try:
            while not self._asked_to_end:
                wasyncore.loop(timeout=1.0, use_poll=True, map=self._sockets, count=1)
        finally:
            self._service.wsgi.let_go()
            self._server.task_dispatcher.shutdown()
            with self._ending:
                self._asked_to_end = True
                wasyncore.close_all(self._sockets)

    def end(self) -> None:
        """Have `run` come to its end; from any thread.

        Whoever wakes the loop writes to a pipe of its own. That must not be closed by then: its
        number may belong to another file, such as the data.
        """
        with self._ending:
            if not self._asked_to_end:
                self._asked_to_end = True
                self._server.pull_trigger()


@contextmanager
def running(service: Service, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a thread; gives the base URL, and stops at the end of the block.

    Training is neither started nor is the service closed here.
    """
    listening = _Listening(service, host, port)
    thread = threading.Thread(target=listening.run, name="practice-server", daemon=True)
    thread.start()
    try:
        yield listening.url
    finally:
        listening.end()
        thread.join()


def serve(  # noqa: PLR0913 (the options of the command)
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    data: Path | None,
    api_key: str | None = None,
    step_seconds: float = 0.0,
    faults: Faults | None = None,
    on_ready: Callable[[str], None],
) -> None:
    """Open the service, train, and answer until the process is interrupted or told to end.

    Args:
        host: where to listen. Anything but loopback lets others in: then set `api_key`.
        port: 0 picks a free one.
        data: the data file; None for a temporary one.
        api_key: the only key that is let in; None lets in any that is not empty.
        step_seconds: how long each training step lasts, in seconds.
        faults: what is to go wrong, and the choices that come with it.
        on_ready: called with the base URL once requests are answered.

    Raises:
        DataUnusable: when the data file cannot be used.
        TrainerBusy: when another process trains for it.
        OSError: when it cannot listen there.
    """
    with open_service(data, api_key=api_key, step_seconds=step_seconds, faults=faults) as service:
        listening = _Listening(service, host, port)
        service.start_training()
        with _ended_by_signals(listening):
            on_ready(listening.url)
            listening.run()


@contextmanager
def _ended_by_signals(listening: _Listening) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the listening in order, for the time of the block.

    An exception raised by a signal may hit waitress between any two lines, with a connection that
    is neither known nor closed. So a handler only says that somebody asked, and a thread of its
    own tells the loop.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    asked = threading.Event()

    def end_when_asked() -> None:
        asked.wait()
        listening.end()

    watcher = threading.Thread(target=end_when_asked, name="practice-signals", daemon=True)
    watcher.start()
    before = {
        each: signal.signal(each, lambda _number, _frame: asked.set())
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if asked.is_set():
            watcher.join()
