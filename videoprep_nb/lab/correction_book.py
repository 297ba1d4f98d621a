"""Corrections by hand of the tracks in the lab, kept in the form of ``corrections.yaml`` (docs/corrections.md)."""

import math
from dataclasses import replace

import numpy as np
import yaml

from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.yaml_text import load_yaml
from videoprep_nb.lab.model import LabVideo, Trial
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.tracking.corrections import Correction, Corrections, correct_tracks, read_corrections
from videoprep_nb.tracking.tracks import Tracks

CORRECTIONS_NAME = "corrections.yaml"
PARAMS_NAME = "corrected_params.yaml"
"""Beside the corrections: the settings whose ids they name, for ``videoprep run --params``."""


class CorrectionBook:
    """The corrections of a video, and the settings that they were made for: other settings give other ids.

    Args:
        video: The video; the book lies in its folder.

    Raises:
        InputError: The book is there and is not understood.
    """

    def __init__(self, video: LabVideo) -> None:
        self._video = video
        self.file = video.folder / CORRECTIONS_NAME
        self.params_file = video.folder / PARAMS_NAME
        self.lines: list[Correction] = []
        self.settings: LabSettings | None = None
        if self.file.exists():
            self._read()

    def applies_to(self, settings: LabSettings) -> bool:
        """Whether the corrections are for these settings."""
        return bool(self.lines) and settings == self.settings

    def add(self, settings: LabSettings, line: Correction, tracks: Tracks) -> None:
        """Add a correction and write the book.

        Args:
            settings: Those that gave the tracks.
            line: The correction.
            tracks: The tracks before all corrections.

        Raises:
            ParameterError: The video is not in the lab as a whole, there are corrections for other settings, or the
                correction does not fit the tracks.
        """
        if not self._video.is_whole:
            raise ParameterError("clip_count", "corrections name ids of the whole video; set it to None and run again")
        if self.lines and settings != self.settings:
            raise ParameterError("corrections", f"they are for the settings in {self.params_file}; remove them first")
        before = correct_tracks(tracks, self.lines, self._rate).problems
        problems = correct_tracks(tracks, [*self.lines, line], self._rate).problems
        if new := [problem for problem in problems if problem not in before]:
            raise ParameterError("corrections", new[0])
        self.settings = settings
        self._write([*self.lines, line])

    def remove(self, index: int) -> None:
        """Undo a correction."""
        self._write([line for i, line in enumerate(self.lines) if i != index])

    def corrected(self, trial: Trial) -> Trial:
        """A trial with corrected tracks; as it is where the corrections are for other settings."""
        if not self.applies_to(trial.settings):
            return trial
        tracks = correct_tracks(trial.tracks, self.lines, self._rate).tracks
        return replace(trial, tracks=tracks, quality=self._video.judge(tracks, trial.settings))

    def name_of(self, track_id: int, frame: int, shown: Tracks, before: Tracks) -> str:
        """What the corrections call a track at a frame: ``7``, or ``7@12.4`` for a later piece of a split track.

        Args:
            track_id: Its id in the tracks that are shown.
            frame: The frame; one in which the track is not stands for the nearest one in which it is.
            shown: The tracks, corrected.
            before: The tracks before all corrections.
        """
        own = shown.rows(shown.track_id == track_id)
        at = own.rows(np.array([np.abs(own.frame_index - frame).argmin()]))
        same = (before.frame_index == at.frame_index) & (before.boxes_xyxy == at.boxes_xyxy).all(axis=1)
        first_id = str(before.track_id[same][0])
        time_s = float(at.frame_index[0]) / self._rate
        cuts_s = [line.at_s for line in self.lines if line.split == first_id and line.at_s is not None]
        passed_s = [cut_s for cut_s in cuts_s if cut_s <= time_s + 1e-6]
        return f"{first_id}@{max(passed_s):g}" if passed_s else first_id

    def time_of(self, frame: int) -> float:
        """The time of a frame in seconds, rounded down so that a split there begins with the frame."""
        return math.floor(frame / self._rate * 1000 + 1e-6) / 1000

    @property
    def _rate(self) -> float:
        return float(self._video.clips[0].rate)

    def _write(self, lines: list[Correction]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with staged_file(self.file) as staging:
            staging.write_text(Corrections({self._video.name: lines}).to_yaml(), encoding="utf-8")
        self.lines = lines
        if self.settings is not None:
            self._video.write(self.settings, self.params_file)

    def _read(self) -> None:
        try:
            self.lines = read_corrections(self.file.read_text(encoding="utf-8")).of_video(self._video.name, "")
            values = load_yaml(self.params_file.read_text(encoding="utf-8"), yaml.SafeLoader)["track_persons"]
            known = {name: value for name, value in values.items() if name in LabSettings.model_fields}
            self.settings = LabSettings.checked(known)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ParameterError) as error:
            raise InputError(f"{self.file} is not understood ({error}); correct it or move it away.") from None
