"""Random worlds: manifests with chains, and live objects with a past, plausible or hostile.

A history is a list of earlier states of the repository, each applied in full or in part. What a
hand may do in a console comes on top.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import strategies as st

from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import DeletionPolicy, Mark, Verdict
from tuneform.domain.names import Owner
from tuneform.domain.spec import Fields, ModelSpec

from .builders import DAWN, spec, version

NAMES = ("alfa", "bravo", "charlie", "delta")
SHORTS = ("aaaaaaaaaa", "bbbbbbbbbb")


@dataclass(frozen=True)
class World:
    """What the manifests say, and everything that the credentials show."""

    specs: tuple[ModelSpec, ...]
    live: tuple[Live, ...]


@st.composite
def projects(draw: st.DrawFn) -> tuple[ModelSpec, ...]:
    """Up to four manifests; any model may be tuned from one that was drawn before it."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(0, 4))]
    specs: list[ModelSpec] = []
    for name in names:
        parents = [None, None, *(each.name for each in specs)]
        specs.append(
            spec(
                name,
                draw(st.sampled_from(["one", "two", "three"])),
                tuned_from=draw(st.sampled_from(parents)),
                epochs=draw(st.sampled_from([None, 5, 9])),
                fields=Fields(
                    display_name=draw(st.sampled_from([None, "A title"])),
                    temperature=draw(st.sampled_from([None, 0.2])),
                ),
                deletion=draw(st.sampled_from(["delete", "delete", "delete", "retain", "prevent"])),
                keep=draw(st.integers(0, 2)),
                gate=draw(st.sampled_from([None, None, "one", "two"])),
            )
        )
    return tuple(specs)


def family(specs: tuple[ModelSpec, ...], name: str) -> tuple[ModelSpec, ...]:
    """A model with its ancestors, eldest first."""
    by_name = {each.name: each for each in specs}
    found = by_name[name]
    return (*(family(specs, found.tuned_from) if found.tuned_from else ()), found)


words = st.sampled_from(
    [
        "",
        "",
        "serving",
        "serving",
        "staged",
        "cancelled",
        "serving gate=failed:aaaaaaaaaa",
        "gate=passed:bbbbbbbbbb",
        "serving pinned=aaaaaaaaaa",
        "deletion=prevent serving",
    ]
)
states = st.sampled_from([LiveState.ACTIVE] * 5 + [LiveState.TRAINING, LiveState.FAILED])


@st.composite
def histories(draw: st.DrawFn, present: tuple[ModelSpec, ...]) -> tuple[Live, ...]:
    """What earlier manifests, and perhaps the present ones, have left behind."""
    pasts = draw(st.lists(projects(), max_size=2))
    objects: dict[str, Live] = {}
    for day, specs in enumerate((*pasts, present)):
        for each in specs:
            if draw(st.booleans()):
                live = version(
                    *family(specs, each.name), words=draw(words), state=draw(states), day=day
                )
                objects.setdefault(live.remote, live)
    return tuple(objects.values())


def _foreign(live: Live, owner: str) -> Live:
    return replace(
        live, remote=f"{live.remote}x", mark=live.mark and replace(live.mark, owner=owner)
    )


def _marked(live: Live, **words: object) -> Live:
    return replace(live, mark=live.mark and replace(live.mark, **words))


HANDS = (
    lambda live: [replace(live, mark=None)],
    lambda live: [_marked(live, unknown=("frozen",))],
    lambda live: [_marked(live, serving=True)],
    lambda live: [_marked(live, serving=False)],
    lambda live: [_marked(live, fingerprint=SHORTS[0])],
    lambda live: [_marked(live, model="echo")],
    lambda live: [_marked(live, owner="rival")],
    lambda live: [_marked(live, adopted=SHORTS[0])],
    lambda live: [_marked(live, deletion=DeletionPolicy.PREVENT)],
    lambda live: [_marked(live, verdict=Verdict(False, SHORTS[0]))],
    lambda live: [replace(live, display_name="Edited by hand")],
    lambda live: [replace(live, temperature=0.6000000238418579)],
    lambda live: [replace(live, base="models/another")],
    lambda live: [replace(live, state=LiveState.UNKNOWN)],
    lambda live: [replace(live, created=None)],
    lambda live: [live, replace(live, remote=f"{live.remote[:-3]}{live.remote[-3:][::-1]}")],
    lambda live: [live, replace(live, remote="tunedModels/copy")],
    lambda live: [live, _marked(replace(live, remote="tunedModels/taken"), adopted="taken")],
    lambda live: [live, _foreign(live, "demo")],
    lambda live: [live, _foreign(live, "rival/prod")],
    lambda _: [],
)


@st.composite
def worlds(draw: st.DrawFn, *, hostile: bool = True) -> World:
    """A project and its account."""
    specs = draw(projects())
    live = draw(histories(specs))
    objects: dict[str, Live] = {}
    for each in live:
        hand = draw(st.sampled_from(HANDS)) if hostile and draw(st.integers(0, 3)) == 0 else None
        for found in hand(each) if hand else [each]:
            objects.setdefault(found.remote, found)
    strangers = (
        Live("tunedModels/stranger", LiveState.ACTIVE, created=DAWN),
        Live("tunedModels/alfa-aaaaaaaaaa", LiveState.ACTIVE, created=DAWN + timedelta(days=9)),
        Live("tunedModels/neighbour", LiveState.ACTIVE, Mark("demo", "alfa", *SHORTS)),
        Live(
            "tunedModels/bravo-bbbbbbbbbb",
            LiveState.ACTIVE,
            Mark(str(Owner("rival")), "bravo", *SHORTS),
        ),
    )
    for each in draw(st.sets(st.sampled_from(strangers), max_size=2)):
        objects.setdefault(each.remote, each)
    return World(specs, tuple(draw(st.permutations(list(objects.values())))))
