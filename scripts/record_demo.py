"""Record ``make demo`` on a terminal, as a picture that moves: docs/images/demo.svg.

    .venv/bin/python scripts/record_demo.py [--out FILE.svg] [--json FILE] [-- COMMAND...]

It runs the demo anew in a folder of its own, with the installation that is there. What the picture
shows is the real run, faster: the fits take half a minute, each ranking is held for some seconds.
Without moving pictures, in print or where a reader asked for less motion, it shows the end.
``--json`` keeps the frames, from which ``--from-json`` draws again.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "terminal"))

from pseudo_terminal import DRAWN, Terminal  # noqa: E402

COLUMNS, ROWS = 90, 37
WIDTH, HEIGHT, EDGE = 8.4, 19, 16  # of a character, of a line, around all; in pixels
FITS, RANKING, LAST = 26.0, 4.0, 12.0  # seconds for all fits, for each ranking, and for the end
MOST = 130  # frames of the fits
DRAWING = 0.05  # seconds; a frame that is replaced sooner is in the middle of being drawn
END_OF_RANKING = "pictures: "  # how the last line of one begins
BY_LINE = re.compile(DRAWN.pattern + rb"|(?<=\n)")  # rankings come all at once

Frame = tuple[float, list[str]]


def record(command: list[str]) -> list[Frame]:
    """Run a command in a new folder with the demo's files, and keep what was to be seen."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        folder = Path(name)
        for part in ("config", "scripts"):
            shutil.copytree(REPOSITORY / part, folder / part)
        with Terminal(command, folder, columns=COLUMNS, rows=ROWS, parts=BY_LINE) as terminal:
            status = terminal.end(limit=3600)
        here = [
            (at, [line.replace(name, "~/nmma_fitter") for line in w]) for at, w in terminal.frames
        ]
        print(f"exit status {status}, {here[-1][0]:.0f} s, {len(here)} frames")
    return here


def shown(frames: list[Frame]) -> list[Frame]:
    """Frames that differ, each with the seconds it is shown: a ranking and the end for long."""
    times = [at for at, _ in frames]
    texts = [[line.rstrip() for line in lines] for _, lines in frames]
    rankings = {text[-1]: lines for lines in reversed(texts) if is_ranking(text := written(lines))}
    first = next((n for n, lines in enumerate(texts) if is_ranking(written(lines))), len(texts))
    whole = [n for n in range(first - 1) if times[n + 1] - times[n] >= DRAWING]
    fits = [texts[n] for n in whole if n == whole[0] or texts[n] != texts[n - 1]]
    chosen = [fits[n * len(fits) // MOST] for n in range(MOST)] if len(fits) > MOST else fits
    return [
        *((FITS / len(chosen), lines) for lines in chosen),
        *((RANKING, lines) for lines in reversed(rankings.values())),
        (LAST, texts[-1]),
    ]


def written(lines: list[str]) -> list[str]:
    """The lines that are not empty."""
    return [line for line in lines if line]


def is_ranking(lines: list[str]) -> bool:
    """Whether what was written last is the end of a ranking."""
    return bool(lines) and lines[-1].startswith(END_OF_RANKING)


def draw(frames: list[Frame], title: str) -> str:
    """The frames as an SVG that shows one after the other; the last one where nothing moves."""
    total = sum(seconds for seconds, _ in frames)
    width, height = COLUMNS * WIDTH + 2 * EDGE, (ROWS + 2) * HEIGHT + 2 * EDGE
    rules, groups, at = [], [], 0.0
    for number, (seconds, lines) in enumerate(frames):
        first, after = 100 * at / total, 100 * (at + seconds) / total
        at += seconds
        last = number == len(frames) - 1
        end = "" if last else f"{after:.3f}%,100%{{opacity:0}}"
        before = f"0%,{max(0.0, first - 0.001):.3f}%{{opacity:0}}" if number else ""
        rules.append(
            f"@keyframes f{number}{{{before}{first:.3f}%{{opacity:1}}{end}}}"
            f"#f{number}{{animation:f{number} {total:.1f}s step-end infinite}}"
        )
        groups.append(f'<g id="f{number}" opacity="{int(last)}">{_text(lines, below=2)}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" height="{height}" role="img" '
        'aria-label="make demo on a terminal: fits with their progress, then a ranking">'
        "<style>text{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        "fill:#e6edf3;white-space:pre}@media (prefers-reduced-motion:no-preference){"
        f"{''.join(rules)}}}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>'
        f'<path d="M0 {EDGE + 1.4 * HEIGHT:.0f}H{width:.0f}" stroke="#30363d"/>'
        f"{_text([title])}{''.join(groups)}</svg>\n"
    )


def _text(lines: list[str], below: int = 0) -> str:
    """Lines of one frame, so many below the top; each as long as its characters, in any font."""
    parts = []
    for row, line in enumerate(lines, below):
        if line:
            y, length = EDGE + (row + 0.75) * HEIGHT, len(line) * WIDTH
            parts.append(
                f'<text x="{EDGE}" y="{y:.1f}" textLength="{length:.1f}" xml:space="preserve">'
                f"{html.escape(line)}</text>"
            )
    return "".join(parts)


def main() -> None:
    """Record, and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "images" / "demo.svg")
    parser.add_argument("--json", type=Path, help="keep the frames here")
    parser.add_argument("--from-json", type=Path, help="draw frames that were kept; run nothing")
    parser.add_argument("command", nargs="*", help="by default scripts/demo")
    chosen = parser.parse_args()
    if chosen.from_json:
        frames = [(at, lines) for at, lines in json.loads(chosen.from_json.read_text())]
    else:
        frames = record(chosen.command or ["scripts/demo", str(Path(sys.executable).parent)])
    if chosen.json:
        chosen.json.write_text(json.dumps(frames))
    still = shown(frames)
    minutes = round(frames[-1][0] / 60)
    title = f"$ make demo    (a real run of {minutes} minutes, its waiting cut)"
    chosen.out.write_text(draw(still, title), encoding="utf-8")
    seconds, size = sum(seconds for seconds, _ in still), chosen.out.stat().st_size
    print(f"{chosen.out}: {len(still)} frames, {seconds:.0f} s, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
