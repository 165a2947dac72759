"""Rules about single values of a cloud project: each returns the value, or raises a `Mistake`.

Whether there is such a project, bucket, key or account is not looked at: only the service knows.
"""

from __future__ import annotations

import re
from typing import Final

from tuneform.manifest.problems import Mistake
from tuneform.manifest.words import quoted

PROJECT: Final = re.compile(
    r"([a-z][a-z0-9-]{0,62}(\.[a-z0-9-]{1,63})+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]{6,20}"
)
"""An id, perhaps of a domain, as old ones are, or a number."""
REGION: Final = re.compile(r"[a-z]{2,20}-[a-z]{2,20}[0-9]{1,2}")
PLACES: Final = ("global", "us", "eu")
PRACTICE_PLACE: Final = "local"
"""Where the practice service is."""
LOCATION: Final = re.compile(rf"{REGION.pattern}|{'|'.join((*PLACES, PRACTICE_PLACE))}")
_SEGMENT: Final = r"(?!\.\.?(/|$))[A-Za-z0-9._=@+-]{1,200}"
BUCKET: Final = re.compile(rf"gs://[a-z0-9][a-z0-9._-]{{1,61}}[a-z0-9](/{_SEGMENT}){{0,20}}")
KEY: Final = re.compile(
    r"projects/[a-z0-9][a-z0-9.:-]{0,99}/locations/[a-z0-9-]{1,40}"
    r"/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}"
)
ACCOUNT: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
)
ADAPTER_SIZES: Final = (1, 2, 4, 8, 16, 32)

_ZONE: Final = re.compile(rf"({REGION.pattern})-[a-z]")
_BARE_BUCKET: Final = re.compile(BUCKET.pattern.removeprefix("gs://"))
_LONGEST_TRIED: Final = 300


def project(text: str) -> str:
    """The id or the number of a cloud project."""
    if PROJECT.fullmatch(text):
        return text
    folded = text.lower()
    raise Mistake(
        "invalid-project",
        "invalid cloud project",
        f"{quoted(text)} is not the id of a cloud project: 6 to 30 lower-case letters, digits and "
        "dashes, first a letter. Its number will do as well.",
        f"write `{folded}`"
        if len(text) <= _LONGEST_TRIED and PROJECT.fullmatch(folded)
        else "`gcloud projects list` shows the ids",
    )


def location(text: str) -> str:
    """A region, or one of the places that span several."""
    if LOCATION.fullmatch(text):
        return text
    folded = text.strip().lower()[:_LONGEST_TRIED]
    zone = _ZONE.fullmatch(folded)
    better = zone[1] if zone else folded
    raise Mistake(
        "invalid-location",
        "invalid location",
        f"{quoted(text)} is {'a zone' if zone else 'no location'}; a location is a region such as "
        "`europe-west4`, or `global`, `us` or `eu`.",
        f"write `{better}`" if LOCATION.fullmatch(better) else "",
    )


def bucket(text: str) -> str:
    """A bucket, with or without a prefix."""
    if BUCKET.fullmatch(text):
        return text
    trimmed = text[:_LONGEST_TRIED].strip().rstrip("/")
    better = trimmed if trimmed.startswith("gs://") else f"gs://{trimmed}"
    raise Mistake(
        "invalid-bucket",
        "invalid bucket",
        f"{quoted(text)} is not the address of a bucket, which is `gs://BUCKET` or "
        "`gs://BUCKET/PREFIX`: lower-case letters, digits, dashes, dots and underscores, no `/` at "
        "the end.",
        f"write `{better}`" if better != text and BUCKET.fullmatch(better) else "",
    )


def encryption_key(text: str) -> str:
    """The full resource name of a key of Cloud KMS."""
    if KEY.fullmatch(text):
        return text
    raise Mistake(
        "invalid-key",
        "invalid encryption key",
        f"{quoted(text)} is not the full name of a key.",
        "write `projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`, without a "
        "version"
        if text.startswith("projects/")
        else "write `projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`",
    )


def service_account(text: str) -> str:
    """The address of a service account."""
    if ACCOUNT.fullmatch(text):
        return text
    raise Mistake(
        "invalid-account",
        "invalid service account",
        f"{quoted(text)} is not the address of a service account.",
        "write it like `trainer@PROJECT.iam.gserviceaccount.com`",
    )


def adapter_size(value: int) -> int:
    """The rank of an adapter. Which of them a base takes is up to the base."""
    if value in ADAPTER_SIZES:
        return value
    raise Mistake(
        "out-of-range",
        "out of range",
        f"`adapterSize` is {', '.join(map(str, ADAPTER_SIZES[:-1]))} or {ADAPTER_SIZES[-1]}, and "
        f"this is {quoted(value)}.",
        f"write {min(ADAPTER_SIZES, key=lambda each: abs(each - value))}",
    )
