"""A crowd at the door for a moment, and two kills; `bench/load.py` does it for longer."""

import sqlite3
import time
from contextlib import closing

from tests.service.crowd import Account, Server, crowd, settled

MB = 300
"""More than it ever needs, and far less than it would need if it kept what it answered."""


def test_nothing_is_lost_or_doubled_when_a_busy_service_is_killed(tmp_path):
    account, data = Account(), tmp_path / "practice.db"
    with Server(data) as server:
        with crowd(server, account, clients=30):
            for enough in (150, 300):
                while len(account.tried) < enough:
                    time.sleep(0.01)
                server.restart()
        names, trainings = settled(server, account)
    assert account.mistakes(names, trainings) == []
    assert {row["outcome"] for row in trainings} <= {"SUCCEEDED", "DELETED"}
    assert account.answers[200] > 300
    assert server.peak < MB
    assert server.log == ""
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
