"""Extracted frames and their proposals, to be packed."""

from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import video_id_of_clip
from videoprep_nb.exports.dense_proposals import DenseProposals


@dataclass(frozen=True)
class FramesFolder:
    """Extracted frames and the proposals on them.

    Args:
        frames_dir: Holds ``<video_id>/<clip_id>/<frame name>``.
        proposals: Clip id → frame name → boxes.
    """

    frames_dir: Path
    proposals: DenseProposals

    def frame_names(self, clip_id: str) -> set[str]:
        """Names of the JPEGs of a clip."""
        return {file.name for file in self._clip_dir(clip_id).glob("*.jpg")}

    def read_frame(self, clip_id: str, name: str) -> bytes:
        """The JPEG of a frame.

        Raises:
            InputError: There is no such frame.
        """
        path = self._clip_dir(clip_id) / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise InputError(f"{path} does not exist; run 03_extract_frames first.") from None

    def _clip_dir(self, clip_id: str) -> Path:
        return self.frames_dir / video_id_of_clip(clip_id) / clip_id
