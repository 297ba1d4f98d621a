"""The result of a job as formats read it: what its folder holds, and what a package alone still says."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.support.proposal_files import good_entries, good_proposals, jpeg, zip_of
from tests.support.results import good_dense_tracks, good_manifest, write_result
from videoprep_nb.core.errors import InputError
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.result import open_result


def test_folder_of_a_job(tmp_path: Path) -> None:
    result = write_result(tmp_path)
    assert result.provides == set(Need)
    assert result.manifest == good_manifest()
    assert result.read_frame("1_clip_000", "1_clip_000_frame_0000.jpg") == jpeg()
    assert result.clip_file("2_clip_000").is_file()
    with result.open_clip_zip("1_clip_000") as file, zipfile.ZipFile(file) as clip_zip:
        assert clip_zip.namelist() == list(good_proposals()["1_clip_000"])


def test_dense_tracks_come_back_and_stay_in_the_frame(tmp_path: Path) -> None:
    tracks = good_dense_tracks()
    tracks["1_clip_000"].boxes_xyxy[0] = [-5, -5, 10, 300]
    read = write_result(tmp_path, tracks=tracks, clips=False).dense_tracks("1_clip_000")
    assert np.array_equal(read.frame_index, tracks["1_clip_000"].frame_index)
    assert np.array_equal(read.track_id, tracks["1_clip_000"].track_id)
    assert read.boxes_xyxy[0].tolist() == [0, 0, 10, 36]
    assert np.allclose(read.boxes_xyxy[1:], tracks["1_clip_000"].boxes_xyxy[1:])


def test_tracks_of_the_extracted_frames_count_by_rank(tmp_path: Path) -> None:
    tracks = write_result(tmp_path, clips=False).keyframe_tracks("2_clip_000")
    assert tracks.frame_index.tolist() == [0, 1]
    assert tracks.track_id.tolist() == [3, 3]


def test_package_alone_has_frames_one_second_apart(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(zip_of(good_entries()))
    result = open_result(tmp_path / "p.zip")
    assert result.provides == {Need.PACKAGE}
    video = result.manifest.videos[0]
    assert (video.width, video.height) == (64, 36)
    assert [frame.time_in_source_s for clip in video.clips for frame in clip.frames] == [0, 1, 2]
    with pytest.raises(InputError, match="were not kept"):
        result.dense_tracks("1_clip_000")


def test_manifest_of_another_package_is_refused(tmp_path: Path) -> None:
    other = good_manifest()
    del other.videos[0].clips[1]
    with pytest.raises(InputError, match="describes other frames"):
        _ = write_result(tmp_path, manifest=other, clips=False).manifest


@pytest.mark.parametrize("content", [b"", b"PK no zip", zip_of({"clip_ids.npy": b"x"})])
def test_broken_dense_tracks_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    result = write_result(tmp_path, clips=False)
    assert result.dense_tracks_file
    result.dense_tracks_file.write_bytes(content)
    with pytest.raises(InputError, match="does not hold dense tracks"):
        result.dense_tracks("1_clip_000")


def test_an_error_of_the_reader_stays_its_own(tmp_path: Path) -> None:
    result = write_result(tmp_path, clips=False)
    with pytest.raises(ValueError, match="mine"), result.open_clip_zip("1_clip_000"):
        raise ValueError("mine")
    with pytest.raises(InputError, match="is not a package"), result.open_clip_zip("9_clip_000"):
        pass
