"""Who is writing for an owner, if anybody is."""

from __future__ import annotations

from datetime import datetime

from tuneform.domain.names import Owner
from tuneform.domain.record import LockState
from tuneform.render.layout import joined, wrap
from tuneform.render.look import Look
from tuneform.render.plain import JsonValue


def lock_text(owner: Owner, state: LockState, look: Look) -> str:
    """One sentence."""
    if not state.held:
        return joined(wrap(f"Nobody is writing for {owner}.", look))
    holder = state.holder
    if holder is None:
        return joined(wrap(f"Another run is writing for {owner}; it does not say which.", look))
    since = datetime.fromisoformat(holder.since).strftime("%Y-%m-%d %H:%M:%S UTC")
    who = f" of {holder.who}" if holder.who else ""
    return joined(
        wrap(
            f"`tuneform {holder.command}` is writing for {owner}: process {holder.pid}{who} on "
            f"{holder.host}, since {since}.",
            look,
        )
    )


def lock_json(owner: Owner, state: LockState) -> dict[str, JsonValue]:
    """The same for programs; `holder` is null where nobody holds it, or does not say who."""
    holder = state.holder
    return {
        "format_version": "1.0",
        "owner": str(owner),
        "held": state.held,
        "holder": None
        if holder is None
        else {
            "command": holder.command,
            "who": holder.who or None,
            "host": holder.host,
            "pid": holder.pid,
            "since": holder.since,
        },
    }
