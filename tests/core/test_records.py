"""Records come back as they were written, and anything else is refused."""

from fractions import Fraction
from pathlib import Path

import pytest

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.records import ClipRecord, ClipTable, FrameRecord, FrameTable, natural_order

CLIP = ClipRecord(
    clip_id="1_clip_001",
    start_frame=450,
    frame_count=45,
    rate=Fraction(30000, 1001),
    width=1280,
    height=720,
    stream_copied=True,
)
FRAME = FrameRecord(
    name="1_clip_000_frame_0000.jpg", clip_id="1_clip_000", index_in_clip=0, time_in_clip_s=0, time_in_source_s=0.1
)


@pytest.mark.parametrize(
    ("table", "name"),
    [
        pytest.param(ClipTable(video_id="1", source_frame_count=495, clips=[CLIP]), "clips.json", id="clips"),
        pytest.param(FrameTable(video_id="1", width=1280, height=720, frames=[FRAME]), "frames.json", id="frames"),
    ],
)
def test_tables_come_back_equal(table: ClipTable | FrameTable, name: str, tmp_path: Path) -> None:
    table.write(tmp_path / name)
    assert type(table).read_folder(tmp_path) == table


def test_clip_times_are_exact() -> None:
    assert CLIP.start_s == Fraction(15015, 1000)
    assert CLIP.duration_s == Fraction(15015, 10000)
    assert CLIP.file_name == "1_clip_001.mp4"


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"video_id": "1"}', '{"video_id": "1", "source_frame_count": 1, "clips": [], "more": 1}'],
    ids=["empty", "list", "incomplete", "unknown-field"],
)
def test_other_files_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "clips.json").write_text(content)
    with pytest.raises(InputError, match=r"clips\.json is damaged .* Run 02_clip again\."):
        ClipTable.read_folder(tmp_path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"clips\.json does not exist\. Run 02_clip first"):
        ClipTable.read_folder(tmp_path)


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["10", "2", "1"], ["1", "2", "10"]),
        (["b", "3", "a", "20"], ["3", "20", "a", "b"]),
        (["cam10.mp4", "Cam2.mp4", "cam2.mp4", "cam1"], ["cam1", "Cam2.mp4", "cam2.mp4", "cam10.mp4"]),
        (["²", "٣", "1", ""], ["", "1", "²", "٣"]),
        ([], []),
    ],
    ids=["numbers", "mixed", "numbers within", "other digits", "none"],
)
def test_natural_order(names: list[str], ordered: list[str]) -> None:
    assert natural_order(names) == ordered
