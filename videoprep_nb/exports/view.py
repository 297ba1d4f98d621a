"""What 07_export shows."""

import zipfile
from collections.abc import Iterator

from IPython.display import HTML, Image

from videoprep_nb.core.layout import video_id_of_clip
from videoprep_nb.exports.export_formats import ExportedResult, WrittenFormat
from videoprep_nb.exports.needs import Need
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.proposals_on_frames import proposals_on_frames

_MAX_CLIPS = 40
_MAX_ENTRIES = 12


def written_formats(exported: ExportedResult) -> HTML:
    """The files that were written."""
    rows = [(each.name, each.path.name, tables.size(each.path.stat().st_size)) for each in exported.written]
    return tables.table(["format", "file", "size"], rows)


def contents(exported: ExportedResult) -> HTML:
    """The first entries of each format that is a ZIP."""
    return tables.preformatted(line for each in exported.written for line in _entries(each))


def _entries(written: WrittenFormat) -> Iterator[str]:
    if not zipfile.is_zipfile(written.path):
        return
    with zipfile.ZipFile(written.path) as archive:
        names = archive.namelist()
    yield written.path.name
    yield from (f"    {name}" for name in names[:_MAX_ENTRIES])
    if len(names) > _MAX_ENTRIES:
        yield f"    … and {len(names) - _MAX_ENTRIES:,} more"


def clips(exported: ExportedResult) -> HTML:
    """What there is to annotate, clip by clip."""
    result = exported.result
    has_dense = Need.DENSE_TRACKS in result.provides
    rows = []
    described = list(result.manifest.clips)
    for clip in described[:_MAX_CLIPS]:
        tracks = result.keyframe_tracks(clip.clip_id)
        video = result.manifest.video_of[video_id_of_clip(clip.clip_id)]
        dense = f"{len(result.dense_tracks(clip.clip_id)):,}" if has_dense else "not kept"
        rows.append(
            (
                clip.clip_id,
                video.original_name or "unknown",
                f"{len(clip.frames):,}",
                tracks.track_count,
                f"{len(tracks):,}",
                dense,
            )
        )
    headings = ["clip", "source", "extracted frames", "people", "boxes on them", "boxes on all frames"]
    return tables.table(headings, rows, len(described) - len(rows))


def boxes_on_frames(exported: ExportedResult) -> Image | HTML:
    """The boxes that annotators will see, on frames of the package."""
    result = exported.result
    return proposals_on_frames(
        result.proposals,
        lambda clip, name: images.read_jpeg(result.read_frame(clip, name)),
        "Boxes that annotators see",
    )
