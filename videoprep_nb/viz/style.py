"""Colours that everything shown has in common."""

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

INK: Colour = (31, 41, 55)
MUTED: Colour = (107, 114, 128)
GRID: Colour = (229, 231, 235)
PAPER: Colour = (255, 255, 255)
ACCENT: Colour = (0, 114, 178)
SECOND: Colour = (230, 159, 0)

# Distinguishable for colour-blind people: Okabe and Ito (2008) without black and yellow, which are hard to see on
# video and on paper, and three of Paul Tol's "muted" scheme
_TRACK_COLOURS: tuple[Colour, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (136, 34, 85),
    (153, 153, 51),
    (51, 34, 136),
)


def track_colour(track_id: int) -> Colour:
    """The colour of a track, the same in every image and chart; neighbouring ids differ."""
    return _TRACK_COLOURS[(track_id - 1) % len(_TRACK_COLOURS)]


def css(colour: Colour) -> str:
    """A colour as ``#rrggbb``, for matplotlib and HTML."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever is easier to read on a colour."""
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else PAPER
