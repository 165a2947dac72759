"""A PostgreSQL server of the test run: started where its binaries are, else a reason why not."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

USER = "tuneform"
_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt/postgresql")


@cache
def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest where there are several."""
    found = shutil.which("initdb")
    if found and Path(found).resolve().with_name("postgres").exists():
        return Path(found).resolve().parent
    folders = [each for place in _PLACES for each in Path(place).glob("**/bin/initdb")]
    return max(folders, default=None, key=str).parent if folders else None


@cache
def missing() -> str:
    """Why no server can be started here; empty where one can."""
    if binaries() is None:
        return "PostgreSQL is not installed: initdb was not found"
    if os.getuid() == 0 and _other_user() is None:
        return "PostgreSQL does not run as root, and this machine has no user nobody"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "the extra `postgres` is not installed"
    return ""


@dataclass
class Server:
    """One server, under a folder of its own.

    Attributes:
        folder: its data and log.
        port: on loopback.
    """

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Run it, and wait until it answers."""
        self.process = _popen(
            [
                str(binaries() / "postgres"), "-D", str(self.folder / "data"),
                "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off",
                "-c", "max_connections=60",
            ],
            self.folder / "log",
        )  # fmt: skip
        ready = [str(binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(12_000):
            if subprocess.run(ready, check=False, timeout=600).returncode == 0:
                return
            assert self.process.poll() is None, (self.folder / "log").read_text()
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """End it at once: sessions break."""
        if self.process is not None:
            self.process.send_signal(2)  # SIGINT: the fast shutdown
            self.process.wait(600)
            self.process = None

    def database(self, like: str = "template1") -> str:
        """The URL of a new database: empty, or a copy of another one that nobody uses now.

        Args:
            like: URL of the other one.
        """
        import psycopg

        name = f"d{uuid4().hex[:12]}"
        where = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        with closing(psycopg.connect(where, autocommit=True)) as connection:
            template = like.rpartition("/")[2]
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"


@contextmanager
def running() -> Iterator[Server]:
    """A server for the time of the block, ended by its own process."""
    with tempfile.TemporaryDirectory(prefix="tuneform-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if (user := _other_user()) is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        made = _popen(
            [
                str(binaries() / "initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust",
                "-E", "UTF8", "--no-sync", "--locale=C",
            ],
            folder / "log",
        )  # fmt: skip
        assert made.wait(600) == 0, (folder / "log").read_text()
        server = Server(folder, _free_port())
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _popen(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    user = _other_user()
    more = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with log.open("ab") as stream:
        return subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(log.parent)},
            **more,
        )


def _other_user() -> pwd.struct_passwd | None:
    """Whom to run it as: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return None


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
