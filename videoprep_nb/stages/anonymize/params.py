"""Parameters of stage 4b, anonymize."""

from typing import Literal

from pydantic import Field, field_validator

from videoprep_nb.core.params import MULTILINE, PLAIN, VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params
from videoprep_nb.core.text import quoted


class AnonymizeParams(Params):
    """Stage 4b: faces, persons and regions hidden in the frames, clips and preview of one video."""

    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    tracks_dir: str = Field("work/tracks", description="folder written by 04_track_persons")
    output_dir: str = Field("work/anonymized", description="folder for frames, clips and the faces that were found")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    original_name: str = Field("", description="file name of the video, for regions that name it")
    hide: Literal["nothing", "faces", "persons"] = Field(
        "nothing",
        title="Hide people",
        description="faces, or whole persons, made unrecognizable in frames, clips, previews and reports",
        json_schema_extra=PLAIN,
    )
    how: Literal["blur", "pixelate", "box"] = Field(
        "blur", description="blur, pixelate or box (black, the only one that keeps no colours)"
    )
    heads: Literal["seen", "all"] = Field(
        "seen", description="heads of persons whose face was found once, or of all tracked persons"
    )
    visible_persons: list[str] = Field(
        [], description="persons who are not hidden as a whole, each video:track id such as 1:7"
    )
    regions: str = Field(
        "",
        description="polygons that are hidden in all frames, as YAML; empty: none",
        examples=["cam1.avi:\n- polygon: [[0.62, 0.1], [0.8, 0.1], [0.8, 0.35], [0.62, 0.35]]"],
        json_schema_extra=MULTILINE,
    )
    faces_per_second: float = Field(
        4.0, gt=0, le=60, description="frames per second in which faces are searched, beside the extracted ones"
    )
    face_image_size: int = Field(
        1280, ge=320, le=2560, multiple_of=32, description="longer side seen by the face detector, in pixels"
    )
    preview_dir: str = Field("", description="folder for a preview video and thumbnails with the tracks; empty: none")

    @field_validator("visible_persons")
    @classmethod
    def _check_persons(cls, persons: list[str]) -> list[str]:
        for person in persons:
            video, _, track_id = person.partition(":")
            if not video or not (track_id.isascii() and track_id.isdecimal()):
                raise ValueError(f"got {quoted(person)}, expected video:track id, such as 1:7")
        return persons

    def visible_ids(self) -> list[int]:
        """Track ids of the persons of this video who are not hidden as a whole.

        Example:
            >>> AnonymizeParams(video_id="2", visible_persons=["1:7", "2:3"]).visible_ids()
            [3]
        """
        named = [person.partition(":") for person in self.visible_persons]
        return [int(track_id) for video, _, track_id in named if video == self.video_id]
