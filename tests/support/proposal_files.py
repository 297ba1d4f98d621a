"""Small folders of frames and tracks, and packages written by hand, for the tests of stages 5 and 6."""

import io
import json
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

from PIL import Image

from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.records import ClipRecord, ClipTable
from videoprep_nb.media.resize import ResizeResult, SourcePart
from videoprep_nb.media.video_info import VideoInfo

WIDTH, HEIGHT = 64, 36


def jpeg(width: int = WIDTH, height: int = HEIGHT, shade: int = 90) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 120, 200)).save(file, "JPEG", quality=95)
    return file.getvalue()


def frame(clip: str, number: int) -> str:
    return f"{clip}_frame_{number:04d}.jpg"


def track_row(clip: str, index: int, track_id: int, box: Sequence[float], **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "video_id": clip,
        "frame": None,
        "frame_index": index,
        "time_s": index / 10,
        "track_id": track_id,
        "bbox": list(box),
        "score": 0.75,
        "interpolated": False,
    }
    return {**row, **changes}


def write_video(
    root: Path, video: str, clips: Mapping[str, Sequence[int]], size: tuple[int, int] = (WIDTH, HEIGHT)
) -> None:
    """Write the records of stages 1 and 2 and ``root/frames/<video>``, JPEGs and frames.json, as stage 3 does.

    ``clips`` gives each clip's frame indices; clips have 10 frames per second and a second for each of these.
    """
    write_records(root, video, {clip: 10 * len(indices) for clip, indices in clips.items()}, size)
    records = []
    for clip, indices in clips.items():
        folder = root / "frames" / video / clip
        folder.mkdir(parents=True)
        for number, index in enumerate(indices):
            (folder / frame(clip, number)).write_bytes(jpeg(*size, shade=10 * number))
            times = {"time_in_clip_s": index / 10, "time_in_source_s": index / 10}
            records.append({"name": frame(clip, number), "clip_id": clip, "index_in_clip": index, **times})
    table = {"video_id": video, "width": size[0], "height": size[1], "frames": records}
    (root / "frames" / video / "frames.json").write_text(json.dumps(table))


def write_records(root: Path, video: str, frame_counts: Mapping[str, int], size: tuple[int, int]) -> None:
    """Write ``root/resized/<video>.json`` and ``root/clips/<video>/clips.json``; no video."""
    starts = [0, *accumulate(frame_counts.values())]
    rate, (width, height) = Fraction(10), size
    info = VideoInfo(
        format_name="avi",
        codec="mpeg4",
        width=2 * width,
        height=2 * height,
        rotation_deg=0,
        sample_aspect=Fraction(1),
        rate=rate,
        is_variable_rate=False,
        duration_s=starts[-1] / 10,
        packet_count=starts[-1],
        claimed_frame_count=None,
        claimed_duration_s=None,
        pixel_format="yuv420p",
        audio_codec=None,
        findings=[],
    )
    ResizeResult(
        video_id=video,
        original_name=f"camera {video}.avi",
        file=f"{video}.mp4",
        source=info,
        parts=[
            SourcePart(
                start_frame=0,
                width=2 * width,
                height=2 * height,
                sample_aspect=Fraction(1),
                rotation_deg=0,
                is_mirrored=False,
                transform=FrameTransform(0.5, 0.5, 0, 0),
                content_xyxy=(0, 0, width, height),
            )
        ],
        width=width,
        height=height,
        rate=rate,
        expected_frame_count=starts[-1],
        decoded_frame_count=starts[-1],
        decoding_error_count=0,
        frame_count=starts[-1],
        repeated_frame_count=0,
        left_out_frame_count=0,
        is_deinterlaced=False,
        damage=[],
        stills=[],
        findings=[],
    ).write(root / "resized" / f"{video}.json")
    records = [
        ClipRecord(
            clip_id=clip,
            start_frame=start,
            frame_count=count,
            rate=rate,
            width=width,
            height=height,
            stream_copied=True,
        )
        for start, (clip, count) in zip(starts, frame_counts.items(), strict=False)
    ]
    ClipTable(video_id=video, source_frame_count=starts[-1], clips=records).write(root / "clips" / video / "clips.json")


def write_tracks(root: Path, video: str, rows_by_clip: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    folder = root / "tracks" / video
    folder.mkdir(parents=True, exist_ok=True)
    for clip, rows in rows_by_clip.items():
        (folder / f"{clip}.json").write_text(json.dumps(list(rows)))


def zip_of(entries: Mapping[str, bytes] | Sequence[tuple[str | zipfile.ZipInfo, bytes]], compression: int = 0) -> bytes:
    """A ZIP as bytes; a list of pairs may name an entry twice."""
    pairs = list(entries.items()) if isinstance(entries, Mapping) else entries
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in pairs:
            archive.writestr(_undated(name, compression) if isinstance(name, str) else name, content)
    return file.getvalue()


def _undated(name: str, compression: int) -> zipfile.ZipInfo:
    """An entry of 1980, so that two packages of one content are equal whenever they were written."""
    info = zipfile.ZipInfo(name)
    info.compress_type = compression
    info.external_attr = (0o40775 if info.is_dir() else 0o100600) << 16
    return info


Proposals = dict[Any, Any]


def good_proposals() -> Proposals:
    """Two videos, three clips, five frames; persons, an empty frame, and ids that go on from clip to clip."""
    return {
        "1_clip_000": {
            frame("1_clip_000", 0): [[0.0, 0.0, 10.5, 36.0, 0.9, 1], [5.0, 1.0, 64.0, 20.0, 1.0, 2]],
            frame("1_clip_000", 1): [],
        },
        "1_clip_001": {frame("1_clip_001", 0): [[3.0, 3.0, 9.0, 9.0, 0.5, 1]]},
        "2_clip_000": {
            frame("2_clip_000", 0): [[3.0, 3.0, 9.0, 9.0, 0.5, 3]],
            frame("2_clip_000", 1): [[3.0, 3.0, 9.0, 9.0, 0.5, 3]],
        },
    }


def good_entries(proposals: Proposals | None = None) -> dict[str, bytes]:
    """The entries of a package, each to be replaced or removed by a test."""
    proposals = good_proposals() if proposals is None else proposals
    clips = {f"frames/{clip}.zip": zip_of(dict.fromkeys(frames, jpeg())) for clip, frames in good_proposals().items()}
    return {"dense_proposals.pkl": pickle.dumps(proposals, 4), **clips}
