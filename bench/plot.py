#!/usr/bin/env python3
"""Draws what the benches of Node.js, Python and Ruby measured: plot.py FOLDER IMAGE.

FOLDER has node.json, python.json and ruby.json of one `make bench`, each {contest: {contestant: {"wall", "cpu"}}}, the SDK first.
A bar is the SDK's wall time beside a peer's: 1 is as long, 0.5 is half.
"""

import json
import pathlib
import sys
from html import escape

# Those that are no peers: parts of the SDK, or a floor.
NO_PEERS = ("approute", "JSON.parse alone", "json.loads alone")
# No bar is longer; its figure says how much it is.
LONGEST = 1.4
LABEL, BAR, ROW, HEAD = 420, 420, 18, 34
COLOURS = {"node": "#3c873a", "python": "#3572a5", "ruby": "#b3312c"}
NAMES = {"node": "Node.js", "python": "Python", "ruby": "Ruby"}


def rows(results: dict) -> list:
    """Contest, peer, and the SDK's wall time beside it."""
    found = []
    for title, table in results.items():
        if not all(isinstance(value, dict) and "wall" in value for value in table.values()):
            continue
        own = next(iter(table.values()))["wall"]
        peers = [(name, value["wall"]) for name, value in table.items() if not name.startswith(NO_PEERS)]
        found += [(title, name, own / wall) for name, wall in peers]
    return found


def draw(all_rows: dict) -> str:
    height = sum(HEAD + ROW * len(rows) for rows in all_rows.values()) + 40
    scale = BAR / LONGEST
    text = 'font-family="sans-serif" font-size="12"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + BAR + 60}" height="{height}" {text}>']
    parts.append('<rect width="100%" height="100%" fill="#fff"/>')
    y = 10
    for language, rows_of in all_rows.items():
        y += HEAD
        parts.append(f'<text x="10" y="{y - 8}" font-weight="bold">{NAMES[language]}: time of approute beside</text>')
        for title, peer, ratio in rows_of:
            label = escape(f"{title[:38]}: {peer}")
            width = min(ratio, LONGEST) * scale
            parts.append(f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
            parts.append(f'<rect x="{LABEL}" y="{y + 3}" width="{width:.1f}" height="12" fill="{COLOURS[language]}"/>')
            parts.append(f'<text x="{LABEL + width + 5:.1f}" y="{y + 13}">{ratio:.2f}</text>')
            y += ROW
    one = LABEL + scale
    parts.append(f'<line x1="{one}" x2="{one}" y1="20" y2="{y}" stroke="#444" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{one}" y="{y + 16}" text-anchor="middle">as long as the other</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> int:
    folder, image = map(pathlib.Path, sys.argv[1:])
    found = {name: folder / f"{name}.json" for name in NAMES}
    missing = [str(file) for file in found.values() if not file.is_file()]
    if missing:
        print(f"plot: {', '.join(missing)} is missing; run `make bench` first", file=sys.stderr)
        return 1
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_text(draw({name: rows(json.loads(file.read_text())) for name, file in found.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
