"""What a stage says about itself, so that nothing else in the code has to know it by name."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

from videoprep_nb.core.params import Params
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import LeftOutClip, PlaceRecord, ShownSpan


class Scope(StrEnum):
    """What one run of a stage works on."""

    VIDEO = "video"
    SPLIT = "split"
    """A video; one that is split from the start first in its parts, then once more as a whole, which joins them."""
    PART = "part"
    """The same; one that cannot be split from the start in parts of some clips each, once they are cut."""
    JOB = "job"


class VideoFacts(TypedDict, total=False):
    """What a stage counted in one video, for the result of the job.

    Args:
        decoded_frame_count: Frames decoded from the raw file.
        standard_frame_count: Frames of the standard video.
        duration_s: Length of the standard video in seconds.
        clip_count: Clips cut from it.
        frame_count: JPEGs extracted.
        person_count: Different persons, as far as the tracker can tell.
        places: Where in its tracks to look first, the worst in front.
        shown: What its preview video shows.
        sha256: Hash of the raw file, hexadecimal.
        findings: Notes on the file.
        left_out: Clips that are not in the package, with the reasons.
    """

    decoded_frame_count: int
    standard_frame_count: int
    duration_s: float
    clip_count: int
    frame_count: int
    person_count: int
    places: tuple[PlaceRecord, ...]
    shown: tuple[ShownSpan, ...]
    sha256: str
    findings: tuple[str, ...]
    left_out: tuple[LeftOutClip, ...]


@dataclass(frozen=True)
class VideoLength:
    """What is known of a video before any work.

    Args:
        duration_s: Its length in seconds.
        rate: Frames per second.
        video_id: Its number in the job; empty if unknown.
        original_name: Name of its file; empty if unknown.
        can_be_split: Whether parts of it can be worked on side by side from the start.
    """

    duration_s: float
    rate: float
    video_id: str = ""
    original_name: str = ""
    can_be_split: bool = False


@dataclass(frozen=True)
class Cost:
    """What one run of a stage costs, roughly.

    Args:
        time_s: Seconds of work on two cores when nothing else runs.
        disk_bytes: Room for what it writes.
    """

    time_s: float = 0.0
    disk_bytes: float = 0.0


@dataclass(frozen=True)
class Demand:
    """What a parameter asks for, however long a video is; a service bounds it.

    Args:
        parameter: Its name.
        frame_pixels: Pixels of each frame that is written; 0 if it says nothing about that.
        frame_rate: Frames that are written per second of a video; 0 if it says nothing about that.
    """

    parameter: str
    frame_pixels: int = 0
    frame_rate: float = 0.0


def _existing_file(text: str) -> Path | None:
    return Path(text) if Path(text).is_file() else None


@dataclass(frozen=True)
class FileParameter:
    """A parameter that may name a file; a relative path counts from where the person stands.

    Args:
        is_file: Whether nothing but a file, or nothing at all, makes sense.
        find: The file that a text names, None if it names none.
    """

    is_file: bool = True
    find: Callable[[str], Path | None] = _existing_file


@dataclass(frozen=True)
class ServerRule:
    """Which values of a parameter are accepted over the network.

    Args:
        accepts: Says of a value, as text, whether it is.
        reason: What to do about another value, for the message.
    """

    accepts: Callable[[str], bool]
    reason: str


def _no_facts(scratch: Path, video_id: str) -> VideoFacts:
    return {}


def _no_cost(params: Any, video: VideoLength) -> Cost:
    return Cost()


def _no_demands(params: Any) -> tuple[Demand, ...]:
    return ()


def _needs_nothing(params: Any) -> tuple[str, ...]:
    return ()


def _names_no_videos(params: Any) -> Mapping[str, Iterable[str]]:
    return {}


def _accept(params: Any) -> None:
    return None


def _anywhere(params: Any) -> float:
    return 0.0


def _always(params: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of the chain: a params model, a function, a view and a notebook.

    Path templates name what a job provides: ``{scratch}``, ``{preview}``, ``{package_file}``, ``{video_file}``,
    ``{original_name}``, ``{video_id}``, ``{video_ids}``, ``{part}``, ``{own_part}``, ``{part_count}``,
    ``{first_clip}``, ``{clip_count}``, ``{job_params}``; and what stages before it give, such as ``{frames}``, empty
    if none of the job's stages does. A template that is a single name takes the value as it is, so lists and numbers
    pass through.

    Args:
        name: Name in parameters, on the command line and in the API: ``resize``.
        title: Name for people, in reports and on the page.
        notebook: File name among our notebooks, ``01_resize.ipynb``; a plugin gives an absolute path. Its number
            orders the stages.
        scope: What one run works on.
        params: Model of its parameters.
        function: Makes all its products from its params; a second argument takes a progress callback.
        after: Stages that must be done before, for the same video; instead of one that a job leaves out, those before
            that one. A stage of scope ``JOB`` that follows stages of videos waits for all videos, and for at least one
            good one.
        is_requested: Whether a job with these params has the stage at all.
        gives: What later stages read, name → template below the scratch folder; of several stages that give the same,
            a later one counts, so a stage can take the place of another's products.
        inputs: Template of each parameter that the job sets and that the stage reads.
        outputs: Template of each parameter that the job sets and that the stage writes.
        part_outputs: The outputs that differ when it runs on a part of a video.
        follows: Parameters that take the value of another stage's, written ``stage.parameter``.
        retry_keeps: Templates below the scratch folder of what a retry need not make again of a finished video; a ``*``
            stands for any characters.
        retry_keeps_always: The same of a video that is not finished, whether this stage has finished it or not.
        products: Templates below the scratch folder of all that it makes of a video, or of the job; they are kept for
            a retry of work that is not finished. Without them it is repeated.
        retry_needs: For a stage of scope ``JOB``: what it reads, with these params, of a finished video beyond that;
            templates of what other stages give, such as ``{clips}/{video_id}``.
        hides_people: Whether what it gives shows no faces. No report or preview of a stage before it may show them.
        weight: Share of a job's time, relative to the other stages, for the estimate of the time left.
        part_share: Share of ``weight`` that its parts take when a video is split.
        split_step_s: Seconds from one place to the next where it lets a video be split; infinite: nowhere.
        gpu_parameter: Parameter that asks for a GPU by the value ``cuda``; empty if none does.
        file_parameters: Parameters that may name a file.
        labels_parameter: Parameter that holds the labels for annotators, which formats that are written later offer as
            well; empty if none does.
        corrections_parameter: Parameter that holds corrections of tracks by hand; empty if none does.
        time_ranges_parameter: Parameter that says which part of each video is taken, see ``core.time_ranges``; empty if
            none does. What comes after the stage costs as much as the part.
        named_videos: Videos that its params name, by parameter: numbers in the job or names of files. A job must have
            them.
        sample_module: Module that shows what the stage finds in some frames of a raw file, run as ``python -m`` with
            path, name and JSON of ``times_s`` and ``params``; it prints a ``SampleFrames``. Empty if there is none.
        sample_parameters: The parameters that this depends on.
        choices: For a parameter that is a list: what can be in it, name → title for people; asked when somebody is
            offered the choice.
        server_rules: Parameters that the page does not offer, and the values that the API accepts.
        presets: Values by name of a preset.
        facts: What it counted in a video; reads its record below the scratch folder and raises InputError without.
        counts: Name of the fact that says what came out of it; empty if none does.
        cost: What a run on a video costs.
        demands: What its params ask for, as far as a service may bound it.
        check: Checks what the params model cannot, before a job starts; raises ParameterError.
        check_files: Checks the files that the params name, when a job is submitted; quick, and runs nothing in them;
            raises ParameterError.
        check_machine: Checks that this machine has what the params ask for, before a job starts; may take seconds.
        preload: Modules to import ahead in processes that are forked to run its notebook.
    """

    name: str
    title: str
    notebook: str
    scope: Scope
    params: type[Params]
    function: Callable[[Any, ProgressCallback | None], Any]
    after: tuple[str, ...] = ()
    is_requested: Callable[[Any], bool] = _always
    gives: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    part_outputs: Mapping[str, str] = field(default_factory=dict)
    follows: Mapping[str, str] = field(default_factory=dict)
    retry_keeps: tuple[str, ...] = ()
    retry_keeps_always: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    retry_needs: Callable[[Any], tuple[str, ...]] = _needs_nothing
    hides_people: bool = False
    weight: float = 1.0
    part_share: float = 0.0
    split_step_s: Callable[[Any], float] = _anywhere
    gpu_parameter: str = ""
    file_parameters: Mapping[str, FileParameter] = field(default_factory=dict)
    labels_parameter: str = ""
    corrections_parameter: str = ""
    time_ranges_parameter: str = ""
    named_videos: Callable[[Any], Mapping[str, Iterable[str]]] = _names_no_videos
    sample_module: str = ""
    sample_parameters: tuple[str, ...] = ()
    choices: Mapping[str, Callable[[], Mapping[str, str]]] = field(default_factory=dict)
    server_rules: Mapping[str, ServerRule] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    facts: Callable[[Path, str], VideoFacts] = _no_facts
    counts: str = ""
    cost: Callable[[Any, VideoLength], Cost] = _no_cost
    demands: Callable[[Any], tuple[Demand, ...]] = _no_demands
    check: Callable[[Any], None] = _accept
    check_files: Callable[[Any], None] = _accept
    check_machine: Callable[[Any], None] = _accept
    preload: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """Name of its notebook without suffix, ``04_track_persons``; begins the names of its reports."""
        return Path(self.notebook).stem

    @property
    def is_per_video(self) -> bool:
        """Whether it runs once per video."""
        return self.scope is not Scope.JOB

    @property
    def package(self) -> str:
        """The package of its folder, which also holds its view."""
        return self.function.__module__.rpartition(".")[0]

    @property
    def reads_raw_video(self) -> bool:
        """Whether it opens the file that was submitted."""
        return any("{video_file}" in template for template in self.inputs.values())

    @property
    def writes_preview(self) -> bool:
        """Whether it makes what people watch while a job runs."""
        return "{preview}" in self.outputs.values()

    @property
    def job_parameters(self) -> frozenset[str]:
        """Parameters that a job sets itself."""
        return frozenset({*self.inputs, *self.outputs, *self.follows})

    def needs_gpu(self, params: Params, auto_needs_one: bool = False) -> bool:
        """Whether these params ask for a GPU.

        Args:
            params: The params.
            auto_needs_one: Whether ``auto`` does, too.
        """
        values = ("cuda", "auto") if auto_needs_one else ("cuda",)
        return bool(self.gpu_parameter) and getattr(params, self.gpu_parameter) in values

    def places(self, values: Mapping[str, Any], is_part: bool = False) -> dict[str, Any]:
        """The parameters that a job sets, filled in.

        Args:
            values: What the templates name.
            is_part: Whether it runs on a part of a video.
        """
        templates = {**self.inputs, **self.outputs, **(self.part_outputs if is_part else {})}
        return {name: fill(template, values) for name, template in templates.items()}


def fill(template: str, values: Mapping[str, Any]) -> Any:
    """Fill in a path template.

    Args:
        template: Such as ``{scratch}/clips``.
        values: What its names stand for.

    Returns:
        The text; the value itself when the template is a single name.

    Example:
        >>> fill("{scratch}/clips", {"scratch": "/tmp/job"}), fill("{clip_count}", {"clip_count": None})
        ('/tmp/job/clips', None)
    """
    single = re.fullmatch(r"{(\w+)}", template)
    return values[single[1]] if single else template.format_map(values)
