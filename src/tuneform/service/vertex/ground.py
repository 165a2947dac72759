"""What every part of the Vertex dialect stands on, and shares with the other dialect."""

from dataclasses import dataclass

from tuneform.clock import Clock
from tuneform.service.behaviour import Behaviour
from tuneform.service.bell import Bell
from tuneform.service.call import Call
from tuneform.service.injection import Injector
from tuneform.service.store import Store
from tuneform.service.vertex.names import Home, Names
from tuneform.service.wire import timestamp


@dataclass(frozen=True, slots=True)
class Ground:
    """The data, the time, and how the service behaves."""

    store: Store
    behaviour: Behaviour
    clock: Clock
    bell: Bell
    injector: Injector

    @property
    def now(self) -> str:
        """The present moment, as answers say it."""
        return timestamp(self.clock.now())

    @property
    def names(self) -> Names:
        """How names are read and written."""
        return Names(numbers=self.behaviour.project_names == "number")

    def home(self, call: Call) -> Home:
        """Where a request asks."""
        return self.names.home(call.ids["project"], call.ids["location"])
