"""The process that matches: a pattern and answers come in, which of them match goes out.

It is run as a file, by itself (`pattern`), and imports nothing of ours. Whoever started it ends it
when it takes too long; if nobody is left to do so, it ends after a minute.
"""

import json
import re
import signal
import sys

LIFETIME = 60
"""Seconds."""


def reply_to(request: str) -> str:
    """The reply, in JSON: `{"matched": [true, …]}`, or `{"error": …}` about the pattern.

    Args:
        request: `{"pattern": …, "answers": […]}`.
    """
    asked = json.loads(request)
    try:
        fullmatch = re.compile(asked["pattern"]).fullmatch
    except (re.error, OverflowError, RecursionError) as error:
        return json.dumps({"error": str(error)})
    return json.dumps({"matched": [fullmatch(each) is not None for each in asked["answers"]]})


if __name__ == "__main__":
    if hasattr(signal, "alarm"):  # not on Windows
        signal.alarm(LIFETIME)
    sys.stdout.write(reply_to(sys.stdin.read()))
