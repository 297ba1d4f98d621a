"""Stage 4b: faces, persons and regions hidden in the frames, clips and preview of one video."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.layout import CLIP_TABLE_NAME, FRAME_TABLE_NAME, staged_folder
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import ClipRecord, ClipTable, FrameTable, PeopleRecord, Record
from videoprep_nb.core.timecode import sampling_stride
from videoprep_nb.stages.anonymize.params import AnonymizeParams
from videoprep_nb.stages.base import Cost, Scope, Stage, VideoFacts, VideoLength

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from videoprep_nb.privacy.plan import CoverPlan
    from videoprep_nb.tracking.detections import Detections
    from videoprep_nb.tracking.tracks import Tracks

FRAMES_FOLDER = "frames"
CLIPS_FOLDER = "clips"
# measured on two cores of a server, see docs/benchmarks.md
_PER_FACE_FRAME_S = 0.06
_PER_FRAME_S = 0.008
_CLIP_BYTES_PER_FRAME = 40_000


class AnonymizeResult(Record):
    """What was hidden in a video.

    Args:
        video_id: The video.
        searched_count: Frames in which faces were searched.
        face_count: Faces found in them, see ``FollowOptions.min_score``.
        frame_count: Frames of the video.
        covered_count: Those in which something is hidden.
        extracted_count: Extracted frames.
        covered: Names of those in which something is hidden.
        people: Persons and places, at their moments in the preview without faces.
    """

    written_by = "04b_anonymize"

    video_id: str
    searched_count: int
    face_count: int
    frame_count: int
    covered_count: int
    extracted_count: int
    covered: list[str]
    people: PeopleRecord


def anonymize(params: AnonymizeParams, progress: ProgressCallback | None = None) -> AnonymizeResult:
    """Write copies of the frames and clips of a video, and its preview, in which nobody's face can be seen.

    Frames go to ``<output_dir>/frames/<video_id>``, clips to ``<output_dir>/clips/<video_id>``, each with its table,
    and what was hidden to ``<output_dir>/<video_id>.json``. Faces that were found go to
    ``<output_dir>/faces/<video_id>`` and are used again as long as clips and detector stay the same.

    Args:
        params: Parameters of the stage.
        progress: Called with the frames that are done; by default what fits the environment.

    Returns:
        What was hidden.

    Raises:
        ParameterError: A region is no polygon.
        InputError: Clips, frames or tracks are missing or broken.
        WeightsError: The network that finds faces is missing or another one.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.stages.anonymize.params import AnonymizeParams
        >>> anonymize(AnonymizeParams(hide="faces")).frame_count > 0
        True
    """
    from videoprep_nb.exports.dense_tracks import tracks_of_video
    from videoprep_nb.privacy.follow import FollowOptions
    from videoprep_nb.stages.anonymize.hide import hide_in_frames

    report = progress or progress_from_environment()
    clips_folder, frames_folder = (Path(folder) / params.video_id for folder in (params.clips_dir, params.frames_dir))
    clip_table, frame_table = ClipTable.read_folder(clips_folder), FrameTable.read_folder(frames_folder)
    clips, output = clip_table.clips, Path(params.output_dir)
    tracks = tracks_of_video(Path(params.tracks_dir) / params.video_id, clips)
    searched = _frames_to_search(clips, frame_table, params)
    counter = _Counter(report, len(searched) + sum(clip.frame_count for clip in clips))
    faces = _find_faces(params, clips, searched, counter)
    plan = _plan(params, clips[0], faces, tracks)
    with staged_folder(output / FRAMES_FOLDER / params.video_id) as folder:
        starts = {clip.clip_id: clip.start_frame for clip in clips}
        covered = hide_in_frames(frame_table.frames, starts, frames_folder, folder, plan, params.how)
        frame_table.write(folder / FRAME_TABLE_NAME)
    covered_count = _hide_in_clips(clip_table, clips_folder, plan, params, counter)
    result = AnonymizeResult(
        video_id=params.video_id,
        searched_count=len(searched),
        face_count=int((faces.scores >= FollowOptions().min_score).sum()),
        frame_count=sum(clip.frame_count for clip in clips),
        covered_count=covered_count,
        extracted_count=len(frame_table.frames),
        covered=[frame.name for frame in covered],
        people=_people(params, clips, tracks),
    )
    result.write(output / f"{params.video_id}.json")
    return result


def _frames_to_search(
    clips: Sequence[ClipRecord], frames: FrameTable, params: AnonymizeParams
) -> "npt.NDArray[np.int64]":
    """Frames of the video in which faces are searched: all that are extracted, and some in between."""
    import numpy as np

    if params.hide == "nothing":
        return np.zeros(0, np.int64)
    starts = {clip.clip_id: clip.start_frame for clip in clips}
    extracted = [starts[frame.clip_id] + frame.index_in_clip for frame in frames.frames]
    stride = sampling_stride(clips[0].rate, params.faces_per_second)
    regular = [np.arange(clip.start_frame, clip.start_frame + clip.frame_count, stride) for clip in clips]
    last = [clip.start_frame + clip.frame_count - 1 for clip in clips]
    return np.unique(np.concatenate([np.array([*extracted, *last], np.int64), *regular]))


def _find_faces(
    params: AnonymizeParams, clips: Sequence[ClipRecord], searched: "npt.NDArray[np.int64]", counter: "_Counter"
) -> "Detections":
    from videoprep_nb.privacy.face_detector import FaceDetector, FaceOptions
    from videoprep_nb.stages.anonymize.find_faces import find_faces

    return find_faces(
        FaceDetector(FaceOptions(image_size=params.face_image_size)),
        clips,
        Path(params.clips_dir) / params.video_id,
        searched,
        Path(params.output_dir) / "faces" / params.video_id,
        counter.count,
    )


def _plan(params: AnonymizeParams, clip: ClipRecord, faces: "Detections", tracks: "Tracks") -> "CoverPlan":
    from videoprep_nb.privacy.follow import FollowOptions, follow_faces, hide_persons
    from videoprep_nb.privacy.plan import CoverPlan
    from videoprep_nb.privacy.polygons import read_regions

    hidden = []
    if params.hide != "nothing":
        hidden.append(follow_faces(faces, tracks, float(clip.rate), FollowOptions(heads=params.heads)))
    if params.hide == "persons":
        hidden.append(hide_persons(tracks, params.visible_ids()))
    regions = read_regions(params.regions).of_video(params.video_id, params.original_name)
    polygons = [region.shares(clip.width, clip.height) for region in regions]
    return CoverPlan.of_tables(hidden, clip.width, clip.height, polygons)


def _hide_in_clips(
    table: ClipTable, source: Path, plan: "CoverPlan", params: AnonymizeParams, counter: "_Counter"
) -> int:
    from videoprep_nb.stages.anonymize.hide import hide_in_clip

    covered_count = 0
    with staged_folder(Path(params.output_dir) / CLIPS_FOLDER / params.video_id) as folder:
        for clip in table.clips:
            files = source / clip.file_name, folder / clip.file_name
            covered_count += hide_in_clip(clip, *files, plan, params.how, counter.count)
        encoded = [clip.model_copy(update={"stream_copied": False}) for clip in table.clips]
        table.model_copy(update={"clips": encoded}).write(folder / CLIP_TABLE_NAME)
    return covered_count


def _people(params: AnonymizeParams, clips: Sequence[ClipRecord], tracks: "Tracks") -> PeopleRecord:
    """Write the preview from the clips without faces, and find places of the tracks in it."""
    people = PeopleRecord.read(Path(params.tracks_dir) / f"{params.video_id}.json")
    if not params.preview_dir:
        return people
    from videoprep_nb.viz.preview import write_preview
    from videoprep_nb.viz.tracks import VideoTracks

    clips_folder = Path(params.output_dir) / CLIPS_FOLDER / params.video_id
    made = write_preview(VideoTracks(clips, tracks), clips_folder, Path(params.preview_dir), params.video_id)
    return people.in_preview(made.spans)


class _Counter:
    """Counts frames through the steps of the stage."""

    def __init__(self, report: ProgressCallback, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0

    def count(self, frame_count: int = 1) -> None:
        self._done += frame_count
        self._report(self._done, self._total, "frames")


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    result = AnonymizeResult.read(scratch / "anonymized" / f"{video_id}.json")
    return {"places": tuple(result.people.places), "shown": tuple(result.people.shown)}


def _cost(params: AnonymizeParams, video: VideoLength) -> Cost:
    frame_count = video.duration_s * video.rate
    searched = video.duration_s * min(video.rate, params.faces_per_second + 1)
    relative_size = (params.face_image_size / 1280) ** 2
    time_s = searched * _PER_FACE_FRAME_S * relative_size + frame_count * _PER_FRAME_S
    return Cost(time_s, frame_count * _CLIP_BYTES_PER_FRAME)


def _named_videos(params: AnonymizeParams) -> dict[str, list[str]]:
    from videoprep_nb.privacy.polygons import ALL_VIDEOS, read_regions

    return {
        "visible_persons": [person.partition(":")[0] for person in params.visible_persons],
        "regions": [video for video in read_regions(params.regions).root if video != ALL_VIDEOS],
    }


def _check(params: AnonymizeParams) -> None:
    from videoprep_nb.privacy.polygons import read_regions

    read_regions(params.regions)


def _check_machine(params: AnonymizeParams) -> None:
    from videoprep_nb.privacy.face_weights import find_face_weights

    find_face_weights()


def _is_requested(params: AnonymizeParams) -> bool:
    return params.hide != "nothing" or bool(params.regions)


_GIVEN = {"frames": f"anonymized/{FRAMES_FOLDER}", "clips": f"anonymized/{CLIPS_FOLDER}"}
_FRAMES, _RECORD = f"{_GIVEN['frames']}/{{video_id}}", "anonymized/{video_id}.json"

STAGE = Stage(
    name="anonymize",
    title="Hide faces",
    notebook="04b_anonymize.ipynb",
    scope=Scope.VIDEO,
    params=AnonymizeParams,
    function=anonymize,
    after=("sample_frames",),
    is_requested=_is_requested,
    inputs={"clips_dir": "{clips}", "frames_dir": "{frames}", "tracks_dir": "{tracks}"},
    outputs={
        "output_dir": "{scratch}/anonymized",
        "preview_dir": "{preview}",
        "video_id": "{video_id}",
        "original_name": "{original_name}",
    },
    gives=_GIVEN,
    hides_people=True,
    retry_keeps=(_FRAMES, _RECORD, f"{_GIVEN['clips']}/{{video_id}}/{CLIP_TABLE_NAME}"),
    products=(_FRAMES, f"{_GIVEN['clips']}/{{video_id}}", _RECORD, "anonymized/faces/{video_id}"),
    weight=8.0,
    facts=_facts,
    named_videos=_named_videos,
    cost=_cost,
    check=_check,
    check_machine=_check_machine,
    preload=("videoprep_nb.stages.anonymize.find_faces", "videoprep_nb.stages.anonymize.hide"),
)
