"""What a job leaves beside its package, and that a retry still has what the formats need."""

import hashlib
import json
import shutil
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.job_services import NO_LIMITS, submit, tasks_of, wait_for_end, wait_until
from videoprep_nb.exports.result import open_result
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

CLIPS_AND_TRACKS = JobParams(
    {
        "clip": {"clip_duration_s": 1},
        "track_persons": {"frame_stride": 5},
        "package": {"exports": ["cvat-backup"], "export_options": ["cvat-backup.media:clips"]},
    }
)


def media_of(backup: Path) -> list[str]:
    with zipfile.ZipFile(backup) as archive:
        return sorted(name.rpartition("/")[2] for name in archive.namelist() if "/data/" in name)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_format_of_clips_survives_a_retry(tmp_path: Path) -> None:
    good, late = tmp_path / "good.mp4", tmp_path / "late.mp4"
    write_sample(good, duration_s=2.0)
    late.write_bytes(b"This is no video." * 1000)
    with Service(Workspace(tmp_path / "workspace"), EngineSettings(worker_count=1), NO_LIMITS) as service:
        job_id = submit(service, good, late, params=CLIPS_AND_TRACKS)
        assert wait_for_end(service, job_id).job.state is State.COMPLETED_WITH_ERRORS
        folder = service.workspace.job_folder(job_id)
        assert media_of(folder.exports / "cvat_backup.zip") == ["1_clip_000.mp4", "1_clip_001.mp4"]
        assert wait_until(lambda: not folder.scratch.exists())

        shutil.copyfile(good, late)
        before = tasks_of(service, job_id)["01_resize_1"].ended_at
        service.retry(job_id)
        assert wait_for_end(service, job_id).job.state is State.DONE
        assert tasks_of(service, job_id)["01_resize_1"].ended_at == before, "a finished video is not repeated"
    names = [f"{video}_clip_00{index}.mp4" for video in (1, 2) for index in (0, 1)]
    assert media_of(folder.exports / "cvat_backup.zip") == names
    result = open_result(folder.path)
    assert [clip.frame_count for clip in result.manifest.clips] == [25, 25, 25, 25]
    tracks = result.dense_tracks("2_clip_001")
    assert len(tracks) > 0
    assert tracks.frame_index.max() < 25
    assert set(tracks.track_id) & set(result.keyframe_tracks("2_clip_001").track_id)

    described = json.loads(folder.manifest.read_text())
    assert described["parameters"]["clip"] == {"clip_duration_s": 1.0}
    assert {video["sha256"] for video in described["videos"]} == {hashlib.sha256(good.read_bytes()).hexdigest()}
    rate = Fraction(described["videos"][0]["clips"][0]["rate"])
    frame = described["videos"][0]["clips"][1]["frames"][0]
    assert frame["source_pts_s"] == frame["time_in_source_s"] == float(25 / rate)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_job_without_formats_keeps_no_tracks(tmp_path: Path) -> None:
    good = tmp_path / "good.mp4"
    write_sample(good, duration_s=1.0)
    with Service(Workspace(tmp_path / "workspace"), EngineSettings(worker_count=1), NO_LIMITS) as service:
        job_id = submit(service, good)
        assert wait_for_end(service, job_id).job.state is State.DONE
        names = {path.name for path in service.workspace.job_folder(job_id).path.iterdir()}
    assert {"final_package.zip", "manifest.json"} <= names
    assert not names & {"exports", "for_exports"}
