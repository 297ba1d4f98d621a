"""videoprep prepares raw video footage for spatio-temporal action annotation.

The names below are the public API; each is imported when it is first used, so importing the package is quick.

Example:
    >>> import videoprep_nb as vp
    >>> vp.JobParams({"clip": {"clip_duration_s": 10}}).of("clip").clip_duration_s
    10.0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from videoprep_nb.annotations.import_annotations import import_annotations
    from videoprep_nb.annotations.params import ImportAnnotationsParams
    from videoprep_nb.core.errors import VideoPrepError
    from videoprep_nb.exports.export_formats import export_formats
    from videoprep_nb.exports.left_out import bring_back
    from videoprep_nb.exports.package import Package, read_package
    from videoprep_nb.exports.params import ExportParams
    from videoprep_nb.exports.result import Result, open_result
    from videoprep_nb.exports.validate import validate
    from videoprep_nb.exports.validation.findings import Finding
    from videoprep_nb.jobs.models import JobResult
    from videoprep_nb.jobs.params import JobOptions, JobParams
    from videoprep_nb.jobs.run import resume, run
    from videoprep_nb.stages.clip.params import ClipParams
    from videoprep_nb.stages.clip.stage import clip
    from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
    from videoprep_nb.stages.extract_frames.stage import extract_frames
    from videoprep_nb.stages.generate_proposals.params import GenerateProposalsParams
    from videoprep_nb.stages.generate_proposals.stage import generate_proposals
    from videoprep_nb.stages.package.params import PackageParams
    from videoprep_nb.stages.package.stage import package
    from videoprep_nb.stages.resize.params import ResizeParams
    from videoprep_nb.stages.resize.stage import resize
    from videoprep_nb.stages.sample_frames.params import SampleFramesParams
    from videoprep_nb.stages.sample_frames.stage import sample_frames
    from videoprep_nb.stages.select.params import SelectParams
    from videoprep_nb.stages.select.stage import select
    from videoprep_nb.stages.track_persons.params import TrackPersonsParams
    from videoprep_nb.stages.track_persons.stage import track_persons
    from videoprep_nb.tracking.detections import Detections
    from videoprep_nb.tracking.track import track
    from videoprep_nb.tracking.tracks import Tracks

_HOME_OF = {
    "ClipParams": "stages.clip.params",
    "Detections": "tracking.detections",
    "ExportParams": "exports.params",
    "ExtractFramesParams": "stages.extract_frames.params",
    "Finding": "exports.validation.findings",
    "GenerateProposalsParams": "stages.generate_proposals.params",
    "ImportAnnotationsParams": "annotations.params",
    "JobOptions": "jobs.params",
    "JobParams": "jobs.params",
    "JobResult": "jobs.models",
    "Package": "exports.package",
    "PackageParams": "stages.package.params",
    "ResizeParams": "stages.resize.params",
    "Result": "exports.result",
    "SampleFramesParams": "stages.sample_frames.params",
    "SelectParams": "stages.select.params",
    "TrackPersonsParams": "stages.track_persons.params",
    "Tracks": "tracking.tracks",
    "VideoPrepError": "core.errors",
    "bring_back": "exports.left_out",
    "clip": "stages.clip.stage",
    "export_formats": "exports.export_formats",
    "extract_frames": "stages.extract_frames.stage",
    "generate_proposals": "stages.generate_proposals.stage",
    "import_annotations": "annotations.import_annotations",
    "open_result": "exports.result",
    "package": "stages.package.stage",
    "read_package": "exports.package",
    "resize": "stages.resize.stage",
    "resume": "jobs.run",
    "run": "jobs.run",
    "sample_frames": "stages.sample_frames.stage",
    "select": "stages.select.stage",
    "track": "tracking.track",
    "track_persons": "stages.track_persons.stage",
    "validate": "exports.validate",
}

__all__ = [
    "ClipParams",
    "Detections",
    "ExportParams",
    "ExtractFramesParams",
    "Finding",
    "GenerateProposalsParams",
    "ImportAnnotationsParams",
    "JobOptions",
    "JobParams",
    "JobResult",
    "Package",
    "PackageParams",
    "ResizeParams",
    "Result",
    "SampleFramesParams",
    "SelectParams",
    "TrackPersonsParams",
    "Tracks",
    "VideoPrepError",
    "__version__",
    "bring_back",
    "clip",
    "export_formats",
    "extract_frames",
    "generate_proposals",
    "import_annotations",
    "open_result",
    "package",
    "read_package",
    "resize",
    "resume",
    "run",
    "sample_frames",
    "select",
    "track",
    "track_persons",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("videoprep-nb")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0.0.0"
