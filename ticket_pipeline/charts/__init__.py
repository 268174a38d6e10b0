"""Charts: data in, SVG text out, on the server and without a database.

One definition (`Chart`) serves the dashboard's pages, Dagster's pages and files. What belongs here: scales, shapes and
text of a chart. What does not: which numbers are shown (`dashboard`, `defs`), and reading them (`queries`).
"""

from ticket_pipeline.charts.axes import DateAxis, DaysAxis, NameAxis, TimeAxis
from ticket_pipeline.charts.chart import MOST_POINTS, Band, Bars, Chart, Line, Mark
from ticket_pipeline.charts.drawing import draw, draw_file
from ticket_pipeline.charts.sparkline import sparkline

__all__ = [
    "MOST_POINTS",
    "Band",
    "Bars",
    "Chart",
    "DateAxis",
    "DaysAxis",
    "Line",
    "Mark",
    "NameAxis",
    "TimeAxis",
    "draw",
    "draw_file",
    "sparkline",
]
