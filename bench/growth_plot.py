# SPDX-License-Identifier: Apache-2.0
"""The plot of growth.py: for each axis a panel of time and one of memory, in inference and training, as one SVG that needs nothing."""
import xml.etree.ElementTree as ElementTree

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 360, 230, 62, 34, 14, 40  # of a panel, and its margins
COLOURS = {"infer": "#0b62a4", "train": "#b4470e"}
NAMES = {"infer": "inference", "train": "training step"}
FIGURES = {"seconds": ("ms", 1e3), "peak_bytes": ("MB", 1e-6)}


def ticks(top):
    """At most six round numbers from 0 to top."""
    step = 10.0**-9
    for factor in [2, 2.5, 2] * 12:
        if top / step <= 5:
            break
        step *= factor
    return [i * step for i in range(int(top / step + 1e-9) + 1)]


def text(x, y, words, anchor="middle", size=11, **more):
    attributes = "".join(f' {name}="{value}"' for name, value in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{attributes}>{words}</text>'


def panel(axis, figure, modes, horizontal, fit):
    """One panel at the origin: marks and lines of what was measured, dashed what the fit says."""
    unit, scale = FIGURES[figure]
    points = [point for each in modes.values() for point in each[figure]]
    if not points:
        return text(WIDTH / 2, 16, f"{axis}: nothing was measured", size=13)
    right = max(x for x, _ in points)
    top = max(y for _, y in points) * scale * 1.08

    def place(x, y):
        return LEFT + (WIDTH - LEFT - RIGHT) * x / right, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y * scale / top

    parts = [text(WIDTH / 2, 16, f"{'time' if figure == 'seconds' else 'peak memory'} against {axis}", size=13)]
    for tick in ticks(top):
        _, y = place(0, tick / scale)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>' + text(LEFT - 6, y + 4, f"{tick:g}", "end"))
    for value in sorted({x for x, _ in points}):
        x, _ = place(value, 0)
        parts.append(text(x, HEIGHT - BOTTOM + 16, value, size=10))
    parts.append(text(WIDTH - RIGHT, HEIGHT - 6, axis, "end") + text(LEFT - 6, TOP - 8, unit, "end"))
    parts.append(f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#444"/>')
    for mode, each in modes.items():
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in each[figure]))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[mode]}" stroke-width="1.6"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8" fill="{COLOURS[mode]}"/>' for x, y in (place(*point) for point in each[figure])]
        if horizontal is not None and len(each[figure]) > 2:
            offset, slope = fit(each[figure], horizontal)
            low, high = each[figure][0][0], each[figure][-1][0]
            curve = (low + (high - low) * i / 40 for i in range(41))
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(x, max(0.0, offset + slope * horizontal(x))) for x in curve))
            parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[mode]}" stroke-dasharray="4 4" opacity="0.6"/>')
    return "".join(parts)


def page(result, linear, fit):
    """result: axis -> mode -> figure -> [(value, measured)]; linear: axis -> what its fit is a line of."""
    rows = len(result)
    head = 34
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {head + rows * HEIGHT}" font-family="sans-serif" fill="#222">',
             f'<rect width="{2 * WIDTH}" height="{head + rows * HEIGHT}" fill="#fff"/>']
    for i, (mode, name) in enumerate(NAMES.items()):
        parts.append(f'<circle cx="{30 + 130 * i}" cy="18" r="5" fill="{COLOURS[mode]}"/>' + text(42 + 130 * i, 22, name, "start", 13))
    parts.append(text(300, 22, "dashed: the line of the fit", "start", 13))
    for row, (axis, modes) in enumerate(result.items()):
        for column, figure in enumerate(FIGURES):
            parts.append(f'<g transform="translate({column * WIDTH},{head + row * HEIGHT})">{panel(axis, figure, modes, linear.get(axis), fit)}</g>')
    return "\n".join(parts) + "\n</svg>\n"


def self_test():
    assert ticks(100) == [0, 20, 40, 60, 80, 100], ticks(100)
    assert len(ticks(0.0037)) <= 6 and len(ticks(9999)) >= 3
    points = {"seconds": [(1, 0.1), (2, 0.2), (4, 0.4)], "peak_bytes": [(1, 1e6), (2, 2e6), (4, 4e6)]}
    tree = ElementTree.fromstring(page({"batch": {"infer": points, "train": points}}, {"batch": float}, lambda *_: (0.0, 0.1)))
    namespace = "{http://www.w3.org/2000/svg}"
    assert len(tree.findall(f"{namespace}g")) == 2
    assert len([each for each in tree.iter(f"{namespace}circle")]) == 2 + 2 * 2 * 3
    assert "batch: nothing was measured" in page({"batch": {"infer": {"seconds": [], "peak_bytes": []}}}, {}, None)
