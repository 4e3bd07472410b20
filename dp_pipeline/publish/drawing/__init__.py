"""Pictures of charts: what `figures` says they show, drawn by matplotlib's objects.

sheet      one drawing: its size, fonts, attribution; made into SVG and PNG
svg        matplotlib's SVG as it stands in files and in a page
lines, bars, grids, ties
           one kind of chart each; pictures: whichever it is

matplotlib takes half a second to import, so it is imported by who draws.
"""
