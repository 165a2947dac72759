"""The service behind a port: `serve` as a process, and what waitress refuses by itself."""

import json
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tuneform.service import open_service
from tuneform.service.fault_file import faults_of
from tuneform.service.server import running

SERVE = """
import sys
from pathlib import Path
from tuneform.service.server import serve
serve(
    port=0,
    data=Path(sys.argv[1]),
    api_key="K",
    step_seconds=0.001,
    on_ready=lambda url: print(url, flush=True),
)
print("closed")
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_where_it_listens_trains_and_ends_in_order(tmp_path, practice, end):
    data = tmp_path / "practice.db"
    for expected in (0, 1):
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SERVE, data],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            url = child.stdout.readline().strip()
            with httpx.Client(base_url=url, headers={"x-goog-api-key": "K"}) as client:
                listed = client.get("/v1beta/tunedModels").json()
                assert len(listed.get("tunedModels", [])) == expected
                query = {"tunedModelId": "adder"}
                client.post("/v1beta/tunedModels", params=query, json=practice.body())
                while client.get("/v1/tunedModels/adder").json()["state"] != "ACTIVE":
                    pass
            child.send_signal(end)
            out, err = child.communicate(timeout=600)
        assert (child.returncode, out, err) == (0, "closed\n", "")
    assert not data.with_suffix(".db-wal").exists()


def exchange(url: httpx.URL, request: bytes) -> tuple[int, dict]:
    with socket.create_connection((url.host, url.port), timeout=600) as connection:
        connection.sendall(request)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400),
        (b"POST /v1beta/tunedModels HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413),
    ],
)
def test_what_is_no_request_is_refused_in_json(practice_both_ways, request_bytes, code):
    url = practice_both_ways.client.base_url
    if url.port is None:
        return  # there is no wire in process
    status, body = exchange(url, request_bytes)
    assert status == code
    assert body["error"]["code"] == code
    assert body["error"]["status"] == "INVALID_ARGUMENT"


def test_many_connections_are_served_while_models_are_trained(practice_both_ways):
    practice = practice_both_ways
    names = [practice.create(f"m{n}")["name"] for n in range(20)]
    for name in names:
        assert "response" in practice.finished(name)


def test_hundreds_of_idle_connections_keep_nobody_out(practice_both_ways):
    url = practice_both_ways.client.base_url
    if url.port is None:
        return
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection((url.host, url.port), timeout=600))
        with httpx.Client(base_url=url, timeout=600) as another:
            assert another.get("/v1/models").status_code == 200


def test_requests_that_hang_hold_up_neither_the_others_nor_the_end(practice):
    faults = faults_of({"rules": [{"effect": "hang", "seconds": 600_000, "path": "models"}]})
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, require_key=False, faults=faults))
        threads = stack.enter_context(ThreadPoolExecutor(30))
        with running(service) as url:
            hanging = [
                threads.submit(httpx.get, f"{url}/v1/models", timeout=600) for _ in range(30)
            ]
            while service.faults.shown()["rules"][0]["fired"] < 30:
                pass
            assert httpx.get(f"{url}/v1/tunedModels", timeout=600).status_code == 200
        for each in hanging:
            assert isinstance(each.exception(timeout=600), httpx.RemoteProtocolError)


def tuneform(*arguments):
    command = [sys.executable, "-m", "tuneform", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_takes_a_file_of_faults(tmp_path):
    faults = tmp_path / "faults.yaml"
    faults.write_text("rules: [{effect: status, code: 503, times: 1}]\n")
    with tuneform("serve", "--port", "0", "--faults", faults) as child:
        url = child.stdout.readline().strip()
        codes = [httpx.get(f"{url}/v1/models?key=any").status_code for _ in range(2)]
        child.send_signal(signal.SIGTERM)
        assert child.communicate(timeout=600)[1] == ""
    assert codes == [503, 200]


def test_a_file_of_faults_that_is_not_understood_is_told_and_nothing_is_served(tmp_path):
    faults = tmp_path / "faults.yaml"
    faults.write_text("rules:\n  - effect: loose\n")
    with tuneform("serve", "--port", "0", "--faults", faults) as child:
        out, err = child.communicate(timeout=600)
    assert (child.returncode, out) == (1, "")
    told = " ".join(err.split())
    assert "faults.yaml:2: rules[0].effect: there is no effect 'loose' here" in told
    assert "did you mean 'lose'?" in told
    assert "docs/practice-service.md" in told
