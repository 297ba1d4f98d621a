"""How a job ended: for people a line per video and one in total, for programs an exit code."""

from collections.abc import Sequence

from videoprep_nb.cli.console import err, out, plain
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.jobs.models import State, VideoResult
from videoprep_nb.jobs.task import without_task_key
from videoprep_nb.jobs.totals import Totals, counted, left_out_in_words

EXIT_CODES = {State.DONE: 0, State.FAILED: 1, State.CANCELLED: 1, State.COMPLETED_WITH_ERRORS: 3}


def print_outcome(state: State, message: str, videos: Sequence[VideoResult], elapsed_s: float) -> None:
    """Print what came out of a job.

    Args:
        state: How it ended.
        message: Why, in one sentence; may be empty.
        videos: What became of each video.
        elapsed_s: Wall time in seconds.
    """
    for video in videos:
        name = f"{video.video_id}. {video.original_name}"
        if video.state is State.DONE:
            length = f" ({format_duration(video.duration_s)})" if video.duration_s else ""
            came_out = counted(video.person_count or 0, video.clip_count, video.frame_count)
            out.print(plain(f"{name}{length}: {came_out}"))
        else:
            out.print(plain(f"{name}: {video.state}. {without_task_key(video.message)}"))
        for finding in video.findings:
            out.print(plain(f"   {finding}"))
        if video.left_out:
            out.print(plain(f"   {left_out_in_words(video.left_out)}"))
    if message and state is State.DONE:
        out.print(plain(message))
    elif message and not any(video.message for video in videos):
        err.print(f"[red]{plain(message)}[/]")
    out.print(f"Job {state}, {format_duration(elapsed_s)}: {Totals.of(videos)}")
