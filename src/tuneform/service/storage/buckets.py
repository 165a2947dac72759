"""Which buckets there are, and what an account may do in them."""

import re

from tuneform.service.behaviour import Behaviour
from tuneform.service.storage.errors import forbidden, no_bucket

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_READS = frozenset({"storage.objects.get", "storage.objects.list", "storage.buckets.get"})


class Buckets:
    """The buckets of one service, as its switches say."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._all = behaviour.buckets
        self._closed = frozenset(behaviour.closed_buckets)
        self._read_only = frozenset(behaviour.read_only_buckets)

    def admit(self, bucket: str, permission: str, caller: str) -> None:
        """Whether an account may do something in a bucket.

        Raises:
            StorageError: 404, there is no such bucket; 403, the account may not.
        """
        if bucket in self._closed or (bucket in self._read_only and permission not in _READS):
            resource = "bucket" if permission.startswith("storage.buckets.") else "object"
            raise forbidden(caller, permission, resource)
        if not self.exists(bucket):
            raise no_bucket()

    def exists(self, bucket: str) -> bool:
        """Whether there is such a bucket."""
        return bool(_NAME.fullmatch(bucket)) and (self._all is None or bucket in self._all)
