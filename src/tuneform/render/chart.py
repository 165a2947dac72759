"""A loss curve drawn in the terminal: loss over steps, with epochs marked.

Several hundred steps share columns, few are connected by lines; what is no number is left out and
said; a spike that would flatten all the rest runs out of the picture, and is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuneform.domain.live import LossPoint
from tuneform.render.canvas import Grid, draw, line
from tuneform.render.layout import counted, short_number, wrap
from tuneform.render.look import Look, Style

_WIDEST = 100  # columns: a longer line shows no more
_ROWS = 10
_USUAL = 0.95  # this share of the points is always inside the picture
_SPIKE = 10.0  # heights of the usual ones: beyond, a spike leaves the picture


def chart_lines(curve: Sequence[LossPoint], look: Look) -> list[str]:
    """The picture, its axes, and a line for each thing that it cannot show."""
    points = sorted((point for point in curve if math.isfinite(point.loss)), key=_step)
    odd = len(curve) - len(points)
    told = [f"{counted(odd, 'step')} without a finite loss left out."] if odd else []
    if not points:
        return wrap(" ".join(["No loss recorded.", *told]), look)
    floor, ceiling = _range([point.loss for point in points])
    beyond = max(points, key=lambda point: point.loss)
    if beyond.loss > ceiling:
        loss, step = short_number(beyond.loss), beyond.step
        told.append(f"The picture ends below the peak of {loss} at step {step}.")
    lines = _picture(points, floor, ceiling, look)
    return lines + wrap("\n".join(told), look, style=Style.DIM) if told else lines


def _step(point: LossPoint) -> int:
    return point.step


def _range(losses: list[float]) -> tuple[float, float]:
    """Lowest and highest loss of the picture; where the curve begins is always inside."""
    ranked = sorted(losses)
    floor, highest = ranked[0], ranked[-1]
    usual = max(losses[0], ranked[int((len(ranked) - 1) * _USUAL)])
    # Halves, so that the largest numbers do not overflow.
    if usual > floor and (highest / 2 - floor / 2) > _SPIKE * (usual / 2 - floor / 2):
        return floor, usual
    return floor, highest


def _picture(points: list[LossPoint], floor: float, ceiling: float, look: Look) -> list[str]:
    labels = _labels(floor, ceiling)
    margin = max(map(len, (*labels, "epoch")))
    columns = min(_WIDEST, max(4, look.width - margin - 2))
    grid = Grid(columns, _ROWS, look.unicode)
    rows = draw(grid, line(_dots(points, floor, ceiling, grid)))
    tick, bar = ("┤", "│") if look.unicode else ("+", "|")
    named = {0: labels[0], _ROWS // 2: labels[1], _ROWS - 1: labels[2]}
    lines = [
        f"{named.get(index, ''):>{margin}} {tick if named.get(index) else bar}"
        f"{look.paint(row.rstrip(), Style.CYAN)}"
        for index, row in enumerate(rows)
    ]
    return lines + _axis(points, columns, margin, look)


def _labels(floor: float, ceiling: float) -> tuple[str, str, str]:
    """Top, middle and bottom, with as many digits as tell them apart; the middle one if equal."""
    if ceiling <= floor:
        return "", short_number(floor), ""
    middle = floor / 2 + ceiling / 2
    for digits in range(3, 17):
        top, centre, bottom = (f"{value:.{digits}g}" for value in (ceiling, middle, floor))
        if top != bottom:
            return top, centre if centre not in (top, bottom) else "", bottom
    return short_number(ceiling), "", ""


def _dots(
    points: list[LossPoint], floor: float, ceiling: float, grid: Grid
) -> list[tuple[int, int]]:
    return [
        (_column(point.step, points, grid.width), _row(point.loss, floor, ceiling, grid.height))
        for point in points
    ]


def _column(step: int, points: list[LossPoint], width: int) -> int:
    """The column of a step, the first step leftmost and the last one rightmost."""
    first, last = points[0].step, points[-1].step
    return round((step - first) * (width - 1) / (last - first)) if last > first else 0


def _row(loss: float, floor: float, ceiling: float, height: int) -> int:
    """The row of a loss, from the top; the middle where all are equal."""
    if ceiling <= floor:
        return height // 2
    share = (ceiling / 2 - loss / 2) / (ceiling / 2 - floor / 2)
    return round(min(max(share, 0.0), 1.0) * (height - 1))


def _axis(points: list[LossPoint], columns: int, margin: int, look: Look) -> list[str]:
    """The line below, a tick where an epoch begins, and two lines of numbers."""
    corner, stroke, tick = ("└", "─", "┬") if look.unicode else ("+", "-", "+")
    rule, epochs, free = [stroke] * columns, [" "] * columns, 0
    for at, label in _epochs(points, columns):
        if at >= free and at + len(label) <= columns:
            rule[at] = tick
            epochs[at : at + len(label)] = label
            free = at + len(label) + 1
    first, last = str(points[0].step), str(points[-1].step)
    steps = first if len(points) == 1 else f"{first}{last:>{max(1, columns - len(first))}}"
    return [
        f"{'':>{margin}} {corner}{''.join(rule)}",
        f"{'epoch':>{margin}}  {''.join(epochs)}".rstrip(),
        f"{'step':>{margin}}  {steps}",
    ]


def _epochs(points: list[LossPoint], columns: int) -> list[tuple[int, str]]:
    """Where each epoch begins, and its number from 1.

    The service counts the very last step as the beginning of one epoch more; that is left out.
    """
    begun: dict[int, int] = {}
    for point in points[:-1] or points:
        begun.setdefault(point.epoch, point.step)
    return [(_column(step, points, columns), str(epoch + 1)) for epoch, step in begun.items()]
