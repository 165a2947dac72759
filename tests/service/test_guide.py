"""The curl commands of the guide, as it prints them, against the service."""

import shutil
import subprocess

import pytest

from tuneform.service import open_service
from tuneform.service.server import running

# The body of the guide, trailing commas and all.
BODY = """
      {
        "display_name": "number generator model",
        "base_model": "models/gemini-1.5-flash-001-tuning",
        "tuning_task": {
          "hyperparameters": {
            "batch_size": 2,
            "learning_rate": 0.001,
            "epoch_count":5,
          },
          "training_data": {
            "examples": {
              "examples": [
                {
                    "text_input": "1",
                    "output": "2",
                },{
                    "text_input": "3",
                    "output": "4",
                },{
                    "text_input": "-3",
                    "output": "-2",
                },{
                    "text_input": "twenty two",
                    "output": "twenty three",
                },{
                    "text_input": "two hundred",
                    "output": "two hundred one",
                },{
                    "text_input": "ninety nine",
                    "output": "one hundred",
                },{
                    "text_input": "8",
                    "output": "9",
                },{
                    "text_input": "-98",
                    "output": "-97",
                },{
                    "text_input": "1,000",
                    "output": "1,001",
                },{
                    "text_input": "10,100,000",
                    "output": "10,100,001",
                },{
                    "text_input": "thirteen",
                    "output": "fourteen",
                },{
                    "text_input": "eighty",
                    "output": "eighty one",
                },{
                    "text_input": "one",
                    "output": "two",
                },{
                    "text_input": "three",
                    "output": "four",
                },{
                    "text_input": "seven",
                    "output": "eight",
                }
              ]
            }
          }
        }
      }"""


def test_the_guides_request_as_it_is_printed(practice):
    response = practice.client.post("/v1beta/tunedModels?key=K", content=BODY)
    assert response.status_code == 200
    metadata = response.json()["metadata"]
    assert metadata["totalSteps"] == 38
    done = practice.finished(f"/v1/{response.json()['name']}")
    assert done["metadata"]["completedPercent"] == 100
    name = metadata["tunedModel"]
    assert practice.ok("GET", name)["state"] == "ACTIVE"
    assert practice.ask(name.removeprefix("tunedModels/"), "eighty") == "eighty one"


SCRIPT = r"""
set -eu
json() { python3 -c "import json,sys; print(eval(sys.argv[1], {'j': json.load(sys.stdin)}))" "$1"; }
curl -sS -X POST "$base/v1beta/tunedModels?key=$GEMINI_API_KEY" \
    -H 'Content-Type: application/json' -d "$body" > tunemodel.json
operation=$(json "j['name']" < tunemodel.json)
tuning_done=false
while [ "$tuning_done" != "True" ]; do
  curl -sS -X GET "$base/v1/${operation}?key=$GEMINI_API_KEY" \
    -H 'Content-Type: application/json' > tuning_operation.json
  tuning_done=$(json "j.get('done')" < tuning_operation.json)
done
modelname=$(json "j['metadata']['tunedModel']" < tunemodel.json)
curl -sS -X GET "$base/v1beta/${modelname}?key=$GEMINI_API_KEY" \
    -H 'Content-Type: application/json' | json "j['state']"
curl -sS -X GET "$base/v1beta/tunedModels?page_size=5" \
    -H "Content-Type: application/json" \
    -H "Authorization: Bearer ${GEMINI_API_KEY}" \
    -H "x-goog-user-project: some-project" | json "len(j['tunedModels'])"
curl -sS -X POST "$base/v1beta/$modelname:generateContent?key=$GEMINI_API_KEY" \
    -H 'Content-Type: application/json' \
    -d '{
        "contents": [{
        "parts": [{
          "text": "LXIII"
          }]
        }]
        }' | json "len(j['candidates'])"
curl -sS -X DELETE "$base/v1beta/${modelname}?key=$GEMINI_API_KEY" \
    -H 'Content-Type: application/json'
"""


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_guides_commands_with_curl(tmp_path):
    with open_service(None, api_key="K") as service, running(service) as base:
        service.start_training()
        done = subprocess.run(
            ["bash", "-c", SCRIPT],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "base": base, "GEMINI_API_KEY": "K", "body": BODY},
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
    assert done.stdout.split() == ["ACTIVE", "1", "1", "{}"]
