"""What can be said about tracks in numbers: one row per figure, one value per setting."""

from dataclasses import dataclass

from videoprep_nb.lab.model import LabVideo, Trial

SCORE_NAMES = ("HOTA", "IDF1", "MOTA")
"""Figures of TrackEval that the lab shows; they need ground truth."""
IDS_PER_PERSON_S = "ids per person-s"
TRACKS = "tracks"
HINTS = "hints"
TIME_S = "time"

FORMATS = dict.fromkeys(SCORE_NAMES, "{:.1f}") | {
    "IDSW": "{:,}",
    TRACKS: "{:,}",
    IDS_PER_PERSON_S: "{:.3f}",
    HINTS: "{:,}",
    TIME_S: "{:.2f} s",
}
"""How a figure is written, by name; also the order in which figures are shown."""


@dataclass(frozen=True)
class Figures:
    """What some settings reach.

    Args:
        values: The figures by name, see ``FORMATS``; those of TrackEval only where there is ground truth.
    """

    values: dict[str, float]

    @classmethod
    def of(cls, trial: Trial) -> "Figures":
        """Measure a trial."""
        values: dict[str, float] = {}
        if trial.scores is not None:
            scores = trial.scores.as_dict()
            values |= {name: scores[name] for name in (*SCORE_NAMES, "IDSW")}
        values[TRACKS] = trial.quality.track_count
        values[IDS_PER_PERSON_S] = trial.quality.ids_per_person_s
        values[HINTS] = len(trial.quality.places)
        values[TIME_S] = trial.elapsed_s
        return cls(values)


def shown_figures(video: LabVideo) -> list[str]:
    """Names of the figures that a trial of a video has."""
    return [name for name in FORMATS if video.truth or name not in (*SCORE_NAMES, "IDSW")]
