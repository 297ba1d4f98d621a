"""The example of docs/privacy.md does what the guide says."""

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.support.photographs import photograph
from videoprep_nb.media.frames import write_jpeg
from videoprep_nb.tracking.tracks import Tracks

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
MEN_XYXY = [[140, 190, 1135, 720], [740, 40, 1275, 720]]
CORNER = "cam1.avi: [{polygon: [[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1]]}]"


def test_the_example(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.+?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    men, path = photograph("zidane.jpg"), tmp_path / "frame.jpg"
    write_jpeg(path, men, 95)
    every_tenth = np.repeat([0, 40], 2)
    names: dict[str, Any] = {
        "frames": [men] * 41,
        "frame": men,
        "frame_count": 41,
        "path": path,
        "text": CORNER,
        "tracks": Tracks.from_arrays(every_tenth, [3, 4] * 2, MEN_XYXY * 2, [0.9] * 4),
    }
    exec(code, names)
    hidden = (names["covered"] != men).any(axis=2)
    assert hidden[:72, :128].mean() > 0.9, "the corner"
    assert hidden[100:270, 925:1050].mean() > 0.9, "the face of 4, who is hidden as a whole"
    assert hidden[400:700, 800:1200].mean() > 0.9, "and the rest of 4"
    assert hidden[260:430, 560:650].mean() > 0.9, "the face of 3"
    assert not hidden[500:700, 200:600].any(), "3 stays visible but for the face"
    assert (cv2.imread(str(path))[400:700, 800:1200] < 16).all(), "the file, too"
