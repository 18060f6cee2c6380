"""Small charts as numbers for an SVG template. Patterns tell series apart, so they survive a grey printer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ROW, BAR, WIDTH, LEFT = 15, 10, 380, 18
# Solid, dots, outline, and nothing for quiet: readable without colour.
SERIES = ("A", "B", "F", "none")


@dataclass(frozen=True)
class Series:
    slot: str
    name: str
    path: str
    seconds: int


@dataclass(frozen=True)
class RowLabel:
    y: int
    text: str


@dataclass(frozen=True)
class VoiceChart:
    width: int
    height: int
    labels: tuple[RowLabel, ...]
    series: tuple[Series, ...]


def voice_chart(rows: Sequence[tuple[int, Mapping[str, int]]], names: Mapping[str, str]) -> VoiceChart | None:
    """Who spoke in each phase: one bar a phase, one path a voice, all to one scale."""
    longest = max((sum(voices.values()) for _n, voices in rows), default=0)
    if not longest:
        return None
    scale = (WIDTH - LEFT - 1) / longest
    paths: dict[str, list[str]] = {slot: [] for slot in SERIES}
    for index, (_n, voices) in enumerate(rows):
        x, y = float(LEFT), index * ROW + (ROW - BAR) // 2
        for slot in SERIES:
            wide = voices.get(slot, 0) * scale
            if wide:
                paths[slot].append(f"M{x:.1f} {y}h{wide:.1f}v{BAR}h-{wide:.1f}z")
            x += wide
    series = tuple(
        Series(slot, names.get(slot, ""), "".join(paths[slot]), sum(v.get(slot, 0) for _n, v in rows))
        for slot in SERIES
        if paths[slot]
    )
    labels = tuple(RowLabel(index * ROW + ROW - 4, str(n)) for index, (n, _voices) in enumerate(rows))
    return VoiceChart(WIDTH, len(rows) * ROW, labels, series)
