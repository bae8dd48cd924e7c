# SPDX-License-Identifier: MIT
"""Figures with their spread, and the rows of the table that shows them."""

import json
import statistics


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    if abs(value) < 1:
        digits = 3
    return f"{value:.{digits}f}"


class Spread:
    """The results of several rounds: median, minimum and maximum."""

    def __init__(self, values):
        self.values = list(values)
        self.median = statistics.median(self.values)
        self.low = min(self.values)
        self.high = max(self.values)

    def __str__(self):
        return f"{number(self.median)} ({number(self.low)}–{number(self.high)})"

    def over(self, other):
        """The ratio, round by round."""
        return Spread(mine / its for mine, its in zip(self.values, other.values))

    def as_json(self):
        return {"median": self.median, "min": self.low, "max": self.high, "rounds": self.values}


class Goal:
    """A limit for a figure: its maximum, or its minimum."""

    def __init__(self, text, value, limit, at_least=False):
        self.text = text
        self.value = value
        self.limit = limit
        self.is_met = value >= limit if at_least else value <= limit

    def __str__(self):
        if self.is_met:
            return "met"
        return f"missed: {number(self.value / self.limit)} × the limit"


COLUMNS = ("what", "at", "median (min–max)", "in yardsticks", "processes plugin / it",
           "exporter / it", "goal", "result")


class Row:
    """What is measured, at which size. figure, yardsticks, processes and exporter are
    Spreads or None."""

    def __init__(self, part, what, size, figure, unit, yardsticks=None, processes=None,
                 exporter=None, goals=(), note=None):
        self.part = part
        self.what = what
        self.size = size
        self.figure = figure
        self.unit = unit
        self.ratios = {"yardsticks": yardsticks, "processes": processes, "exporter": exporter}
        self.goals = goals
        self.note = note

    def cells(self):
        figure = f"{self.figure} {self.unit}" if self.figure is not None else self.note
        ratios = [str(ratio) if ratio is not None else "–" for ratio in self.ratios.values()]
        return [self.what, self.size, figure, *ratios,
                "; ".join(goal.text for goal in self.goals) or "–",
                "; ".join(str(goal) for goal in self.goals) or "–"]

    def as_json(self):
        return {
            "part": self.part, "what": self.what, "at": self.size, "unit": self.unit,
            "note": self.note,
            "figure": self.figure.as_json() if self.figure is not None else None,
            **{name: ratio.as_json() if ratio is not None else None
               for name, ratio in self.ratios.items()},
            "goals": [{"goal": goal.text, "value": goal.value, "limit": goal.limit,
                       "met": goal.is_met} for goal in self.goals],
        }


def aligned(rows):
    """Lines of a Markdown table with aligned columns."""
    cells = [list(COLUMNS)] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"
             for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines


def markdown(facts, rows):
    head = [f"- {key}: {value}" for key, value in facts.items()]
    lines = [*head, "", *aligned(rows), ""]
    lines += [f"- {row.what}, {row.size}: {row.note}" for row in rows
              if row.note is not None and row.figure is not None]
    return "\n".join(lines) + "\n"


def as_json(facts, rows):
    return json.dumps({"machine": facts, "rows": [row.as_json() for row in rows]}, indent=1) + "\n"
