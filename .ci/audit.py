"""Asks for known vulnerabilities of the pinned dependencies, and says so where nobody answers.

    python .ci/audit.py PIP_AUDIT

Exit code 0: none are known, or nobody could be asked (the reason is printed); 1: there are some.
"""

import json
import subprocess
import sys
from pathlib import Path

PATIENCE = 300.0
"""Seconds for all packages together."""

PINS = Path(__file__).parents[1] / "constraints.txt"


def main(program: str) -> int:
    """Ask, and tell."""
    options = ("--requirement", str(PINS), "--no-deps", "--disable-pip", "--format", "json")
    try:
        done = subprocess.run(
            [program, *options, "--timeout", "10", "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return skipped(type(error).__name__)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return skipped((done.stderr.strip().splitlines() or ["no answer"])[-1][:200])
    known = [package for package in packages if "vulns" in package]
    if not known:
        return skipped(f"none of {len(packages)} packages is known to the service")
    return told(known, len(packages))


def skipped(why: str) -> int:
    """Nobody could be asked: that is no verdict."""
    print(f"audit: skipped, as no service for vulnerabilities answers here: {why}")
    return 0


def told(known: list[dict], count: int) -> int:
    """What was found."""
    found = [(package, flaw) for package in known for flaw in package["vulns"]]
    for package, flaw in found:
        mended = ", ".join(flaw.get("fix_versions", [])) or "no release"
        print(f"audit: {package['name']} {package['version']}: {flaw['id']}, mended in {mended}")
    print(f"audit: {len(known)} of {count} packages asked for, {len(found)} vulnerabilities known")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
