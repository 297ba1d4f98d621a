"""What people choose between in plain words, in terms of parameters; their names and explanations are in the texts."""

from videoprep_nb.jobs.settings import Settings

STANDARD = "standard"

PRESETS: dict[str, Settings] = {
    STANDARD: {},
    # every third frame is enough to see whether a video is of use
    "fast draft": {"track_persons": {"frame_stride": 3}},
    # small and half hidden persons: a sharper picture for the detector, and more of what it is unsure about
    "crowded scene": {"track_persons": {"image_size": 1280, "confidence": 0.2, "nms_iou": 0.8}},
}
"""Parameters that differ from the defaults."""
