"""What a service takes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from videoprep_nb.core.errors import TooLarge


@dataclass(frozen=True)
class Limits:
    """What a service takes on.

    Args:
        file_bytes: Size of one video.
        job_bytes: Size of all videos of a job.
        videos: Videos of a job.
        queued_jobs: Jobs of one user that have not ended.
        frame_pixels: Pixels of a frame that parameters may ask for; None for any number.
        frame_rate: Frames per second that parameters may ask for; None for any number.
        scratch_bytes: Room that the scratch files of a job may take; None for any amount.
        free_bytes: Room that must stay free on the disk of the workspace.
        free_per_input_byte: Room that a job needs while it runs, per byte of its videos.
        free_memory_bytes: Memory that must be available on this machine before a task begins.
        max_wait: How long a job waits for disk space or memory before it fails.
        keep_results: How long packages and reports are kept.
        import_roots: Folders on this machine that users may take videos from without an upload.
    """

    file_bytes: int = 50 * 10**9
    job_bytes: int = 200 * 10**9
    videos: int = 1000
    queued_jobs: int = 1000
    frame_pixels: int | None = 8_300_000
    frame_rate: float | None = 120.0
    scratch_bytes: int | None = 500 * 10**9
    free_bytes: int = 10**9
    free_per_input_byte: float = 3.0
    free_memory_bytes: int = 500 * 10**6
    max_wait: timedelta = timedelta(days=1)
    keep_results: timedelta = timedelta(days=90)
    import_roots: tuple[Path, ...] = ()

    def check_sizes(self, paths: Sequence[Path]) -> int:
        """Check that the videos of a job are not too many and not too large.

        Args:
            paths: The videos, at least one; one that is missing has no size.

        Returns:
            Their size in bytes.

        Raises:
            TooLarge: They are.
        """
        if len(paths) > self.videos:
            raise TooLarge(f"The job has {len(paths)} videos, at most {self.videos} are taken; make several jobs.")
        sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
        if max(sizes) > self.file_bytes:
            raise TooLarge(
                f"A video has {max(sizes) / 1e9:.1f} GB, at most {self.file_bytes / 1e9:.1f} GB are taken; "
                "cut it into shorter ones."
            )
        if sum(sizes) > self.job_bytes:
            raise TooLarge(
                f"The videos have {sum(sizes) / 1e9:.1f} GB together, at most {self.job_bytes / 1e9:.1f} GB "
                "are taken; make several jobs of them."
            )
        return sum(sizes)
