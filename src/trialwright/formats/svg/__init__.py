"""Charts as SVG text: readable without colour, described for screen readers, the same bytes for the same numbers.

Every chart takes `Words` (its finding, and a description with the numbers), axes with units, and data as plain
sequences. Inside a page the colours follow its light or dark theme; `standalone` makes a file for documents.
"""

from trialwright.formats.svg.axes import Axis, date_axis, day
from trialwright.formats.svg.bars import Bar, Interval, bars, intervals
from trialwright.formats.svg.canvas import Words, standalone
from trialwright.formats.svg.flow import Step, flow
from trialwright.formats.svg.plot import AtRisk, Band, Level, Line, Marks, Threads, Whiskers, plot
from trialwright.formats.svg.swimmer import Kind, Lane, swimmer
from trialwright.formats.svg.theme import DARK, LIGHT, SERIES, variables

__all__ = [
    "DARK",
    "LIGHT",
    "SERIES",
    "AtRisk",
    "Axis",
    "Band",
    "Bar",
    "Interval",
    "Kind",
    "Lane",
    "Level",
    "Line",
    "Marks",
    "Step",
    "Threads",
    "Whiskers",
    "Words",
    "bars",
    "date_axis",
    "day",
    "flow",
    "intervals",
    "plot",
    "standalone",
    "swimmer",
    "variables",
]
