"""Whole jobs through the command line: real videos, real kernels; asserted on what is on the disk afterwards."""

import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import av
import psutil
import pytest
from PIL import Image

from tests.support.packages import read_proposals
from videoprep_nb.cli.run import RunResult
from videoprep_nb.jobs.models import State, TaskResult, VideoResult
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.result_comparison import JobComparison, VideoComparison
from videoprep_nb.jobs.run import run as run_job
from videoprep_nb.jobs.service import JobView
from videoprep_nb.jobs.totals import Totals
from videoprep_nb.media.sample import write_sample

MARK = "VIDEOPREP_TEST_MARK"
TIMEOUT_S = 240


def start(*arguments: str | Path, mark: str = "") -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "videoprep_nb.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {MARK: mark},
    )


def videoprep(*arguments: str | Path) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, out, err


def run_json(*arguments: str | Path) -> tuple[int, dict]:
    code, out, err = videoprep("run", *arguments, "--json")
    assert out, err
    return code, json.loads(out)


def read_frames(package: Path) -> dict[str, list[tuple[str, tuple[int, int]]]]:
    """Name and size of every JPEG, by clip."""
    frames = {}
    with zipfile.ZipFile(package) as outer:
        for entry in outer.namelist():
            if entry.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(outer.read(entry))) as inner:
                    names = inner.namelist()
                    sizes = [Image.open(io.BytesIO(inner.read(name))).size for name in names]
                frames[Path(entry).stem] = list(zip(names, sizes, strict=True))
    return frames


def count_frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


def assert_package_is_sound(package: Path) -> dict:
    """Frames and keys agree, boxes lie in the frame, videos share no id; returns the proposals."""
    proposals, frames = read_proposals(package), read_frames(package)
    assert {clip: list(keys) for clip, keys in proposals.items()} == {
        clip: [name for name, _ in entries] for clip, entries in frames.items()
    }
    assert {size for entries in frames.values() for _, size in entries} == {(1280, 720)}
    boxes = [box for keys in proposals.values() for frame in keys.values() for box in frame]
    assert all(0 <= x1 < x2 <= 1280 and 0 <= y1 < y2 <= 720 and 0 < score <= 1 for x1, y1, x2, y2, score, _ in boxes)
    owners: dict[int, set[str]] = {}
    for clip, keys in proposals.items():
        for frame in keys.values():
            for box in frame:
                owners.setdefault(box[5], set()).add(clip.split("_clip_")[0])
    assert all(len(videos) == 1 for videos in owners.values())
    return proposals


@pytest.fixture(scope="session")
def short_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "persons.mp4"
    write_sample(path, duration_s=3.0)
    return path


@pytest.mark.slow
def test_real_video_becomes_the_package_of_the_contract(shared_data: Path, tmp_path: Path):
    output = tmp_path / "out"
    code, result = run_json(shared_data / "videos/pets09_s2l1.avi", "--output", output, "--keep-scratch")
    assert (code, result["state"]) == (0, "done")
    clips = sorted((output / "scratch/clips/1").glob("*.mp4"))
    assert [count_frames(clip) for clip in clips] == [150, 150, 150, 150, 150, 45]
    proposals = assert_package_is_sound(Path(result["package"]))
    assert [len(keys) for keys in proposals.values()] == [15, 15, 15, 15, 15, 5]
    ids = [{box[5] for frame in keys.values() for box in frame} for keys in proposals.values()]
    assert all(before & after for before, after in itertools.pairwise(ids)), "ids continue across clips"
    assert videoprep("validate", result["package"])[0] == 0
    video = result["videos"][0]
    assert (video["decoded_frame_count"], video["clip_count"], video["frame_count"]) == (795, 6, 80)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_whole_zoo_in_one_job(shared_data: Path, tmp_path: Path):
    files = sorted((shared_data / "zoo").iterdir())
    bad = {"broken.mp4", "empty.flv", "zero_bytes.webm"}
    code, result = run_json(*files, "--output", tmp_path / "out")
    assert (code, result["state"]) == (3, "completed with errors")
    by_name = {video["original_name"]: video for video in result["videos"]}
    assert {name for name, video in by_name.items() if video["state"] == "failed"} == bad
    assert all(by_name[name]["message"].count(". ") == 0 for name in bad), "one sentence each"
    proposals = assert_package_is_sound(Path(result["package"]))
    numbers = [str(number) for number, file in enumerate(files, start=1) if file.name not in bad]
    assert [clip.split("_")[0] for clip in proposals if clip.endswith("_000")] == numbers
    cinepak = by_name["cinepak_dropped_frames.avi"]
    assert any("444" in finding and "68" in finding for finding in cinepak["findings"])
    assert not (tmp_path / "out/scratch").exists()


@pytest.mark.slow
@pytest.mark.exhaustive
def test_video_without_persons_has_empty_lists(shared_data: Path, tmp_path: Path):
    """An arm reaches into this video now and then; the frames in which it does not have no boxes."""
    code, result = run_json(shared_data / "videos/no_person_bottles.mp4", "--output", tmp_path / "out")
    assert code == 0
    proposals = assert_package_is_sound(Path(result["package"]))
    frames = {name: boxes for keys in proposals.values() for name, boxes in keys.items()}
    assert len(frames) == 40
    without_arm = [*(f"1_clip_000_frame_{n:04d}.jpg" for n in range(5)), "1_clip_002_frame_0000.jpg"]
    assert [frames[name] for name in without_arm] == [[]] * 6
    assert sum(not boxes for boxes in frames.values()) >= 25


HOSTILE_NAMES = [
    "it's \"quoted\" 'twice'.mp4",
    "two  spaces .mp4",
    "видео 影片 🎬.mp4",
    "-i.mp4",
    "%d_%03d.mp4",
    "line\nbreak.mp4",
    "<img src=x onerror=alert(1)>.mp4",
    "{braces}.mp4",
]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_hostile_names_are_only_names(short_video: Path, tmp_path: Path):
    folder = tmp_path / "{in} %d"
    folder.mkdir()
    videos = [Path(shutil.copy(short_video, folder / name)) for name in HOSTILE_NAMES]
    output = tmp_path / "out {x} %d '"
    code, result = run_json(*videos, "--output", output, "--set", "track_persons.frame_stride=5")
    assert code == 0, result["message"]
    shown = [name.replace("\n", "\N{REPLACEMENT CHARACTER}") for name in HOSTILE_NAMES]
    assert [video["original_name"] for video in result["videos"]] == shown
    proposals = assert_package_is_sound(output / "final_package.zip")
    assert list(proposals) == [f"{number}_clip_000" for number in range(1, len(HOSTILE_NAMES) + 1)]
    pages = [page.read_text() for page in (output / "reports").glob("*.html")]
    assert len(pages) == 4 * len(HOSTILE_NAMES) + 3
    assert not any("<img src=x" in page for page in pages)


def test_files_that_are_no_videos_get_one_sentence_each(short_video: Path, tmp_path: Path):
    secret = tmp_path / "secret.mp4"
    shutil.copy(short_video, secret)
    concat = tmp_path / "concat.mp4"
    concat.write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    playlist = tmp_path / "playlist.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n")
    link = tmp_path / "link.mp4"
    link.symlink_to(secret)
    output = tmp_path / "out"
    code, result = run_json(concat, playlist, link, "--output", output)
    assert (code, result["state"], result["package"]) == (1, "failed", None)
    sentences = [video["message"].split(": ", 1)[1] for video in result["videos"]]
    assert ["cannot be processed" in text for text in sentences] == [True, True, False]
    assert "symbolic link" in sentences[2]
    assert sorted(path.name for path in output.iterdir()) == ["job.json", "reports", "result.json"]


def test_the_end_says_what_became_of_each_video(short_video: Path, tmp_path: Path):
    (tmp_path / "notes.mp4").write_text("no video")
    arguments = ["--preset", "fast-draft", "--set", "track_persons.frame_stride=10"]
    code, out, err = videoprep("run", short_video, tmp_path / "notes.mp4", "--output", tmp_path / "out", *arguments)
    assert code == 3, err
    video, refused, job, *files = out.splitlines()
    count = json.loads((tmp_path / "out/result.json").read_text())["videos"][0]["person_count"]
    assert re.fullmatch(rf"1\. persons\.mp4 \(3.0 s\): {count} (people|person), 1 clip, 3 frames", video)
    reason = "notes.mp4 cannot be processed: it is damaged or not a video"
    assert refused.startswith(f"2. notes.mp4: failed. {reason}")
    assert re.fullmatch(
        rf"Job completed with errors, \S+ s: {count} (people|person), 1 clip, 3 frames, 1 video refused", job
    )
    assert files == [f"Reports: {tmp_path}/out/reports/index.html", f"Package: {tmp_path}/out/final_package.zip"]
    assert re.search(rf"^01_resize_2: failed, \S+ s. {reason}", err, re.MULTILINE)
    chosen = json.loads((tmp_path / "out/job.json").read_text())["params"]["track_persons"]
    assert chosen == {"sampled_fps": 8.0, "frame_stride": 10}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--set", "clip.clip_duration=3"], id="unknown parameter"),
        pytest.param(["--set", "clip.clip_duration_s=-3"], id="value out of range"),
        pytest.param(["--set", "track_persons.tracker=nope"], id="unknown tracker"),
        pytest.param(["--set", "track_persons.weights=yolo99"], id="unknown weights"),
        pytest.param(["--set", f"track_persons.weights={__file__}"], id="a file that is no weights"),
        pytest.param(["--set", "track_persons.person_classes=dragon"], id="unknown class"),
        pytest.param(["--params", "absent.yaml"], id="missing file"),
        pytest.param(["--preset", "dragon"], id="unknown preset"),
        pytest.param(["absent.mp4"], id="missing video"),
        pytest.param(["--no-such-option"], id="unknown option"),
    ],
)
def test_wrong_usage_exits_with_2_and_makes_nothing(arguments: list[str], short_video: Path, tmp_path: Path):
    assert videoprep("run", short_video, "--output", tmp_path / "out", *arguments)[0] == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_folder_gives_the_videos_in_it(short_video: Path, tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("cam10.mp4", "cam2.mp4"):
        shutil.copy(short_video, folder / name)
    (folder / "notes.txt").write_text("no video")
    arguments = [folder, "--output", tmp_path / "out", "--set", "track_persons.frame_stride=10", "--json"]
    code, out, err = videoprep("run", *arguments)
    assert code == 0, err
    result = json.loads(out)
    assert [video["original_name"] for video in result["videos"]] == ["cam2.mp4", "cam10.mp4"]
    people = sum(video["person_count"] for video in result["videos"])
    assert result["totals"] == {"person_count": people, "clip_count": 2, "frame_count": 6, "refused_count": 0}
    assert err.startswith(f"{folder}: skipped notes.txt;")


def test_sample_that_cannot_be_written_is_reported_in_one_sentence(tmp_path: Path):
    code, _, printed = videoprep("sample", tmp_path)
    assert code == 1
    assert printed == f"{tmp_path} is a folder; name a file.\n"


def test_used_folder_is_refused(short_video: Path, tmp_path: Path):
    (tmp_path / "thing").touch()
    assert videoprep("run", short_video, "--output", tmp_path)[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_said_with_the_numbers(tiny_disk: Path, short_video: Path):
    large = ["--set", "resize.crf=0", "--set", "resize.frame_rate=50"]  # at its own rate it would only be copied
    code, result = run_json(short_video, "--output", tiny_disk / "out", *large)
    assert code == 1
    assert "disk is full" in result["message"]
    left = [path for path in tiny_disk.rglob("*") if path.suffix in (".mp4", ".zip") or "partial" in path.name]
    assert left == []


def marked_processes(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def wait_until(condition: Callable[[], object], timeout_s: float) -> bool:
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.05)
    return True


def interrupt_after(stage: str, number: int, video: Path, output: Path, *options: str) -> subprocess.Popen:
    """Start a job and send it a signal when the stage after ``stage`` is running (or the first, for "")."""
    process = start("run", video, "--output", output, *options, mark=str(output))
    assert process.stderr is not None
    if stage:
        for line in process.stderr:
            if stage in line and "done" in line:
                break
    else:
        assert wait_until(lambda: list(output.glob(".videoprep/jobs/*/scratch/resized/.partial-*")), 30)
    os.kill(process.pid, number)
    process.wait(timeout=20)
    return process


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    [
        "resize",
        "track_persons",
        *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("", "clip", "extract_frames")),
    ],
)
def test_killed_command_leaves_no_process_and_no_package(stage: str, short_video: Path, tmp_path: Path):
    output = tmp_path / str(uuid.uuid4())
    interrupt_after(stage, signal.SIGKILL, short_video, output)
    assert wait_until(lambda: not marked_processes(str(output)), 10), marked_processes(str(output))
    assert not (output / "final_package.zip").exists()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_interrupt_at_the_very_end_loses_nothing(short_video: Path, tmp_path: Path):
    interrupts = [KeyboardInterrupt()]

    def interrupt_at_the_end(view: JobView) -> None:
        if view.job.state is State.DONE and interrupts:
            raise interrupts.pop()

    params = JobParams({"track_persons": {"frame_stride": 10}})
    result = run_job([short_video], output=tmp_path / "out", params=params, watch=interrupt_at_the_end)
    assert interrupts == []
    assert result.package is not None
    assert_package_is_sound(result.package)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="Ctrl-C", marks=pytest.mark.exhaustive),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM", marks=pytest.mark.exhaustive),
        pytest.param(signal.SIGKILL, -9, id="SIGKILL"),
    ],
)
def test_interrupted_command_can_be_resumed(number: int, code: int, short_video: Path, tmp_path: Path):
    output = tmp_path / str(uuid.uuid4())
    assert interrupt_after("clip", number, short_video, output, "--keep-scratch").returncode == code
    assert wait_until(lambda: not marked_processes(str(output)), 10)
    assert not (output / "final_package.zip").exists()
    [resized] = output.glob(".videoprep/jobs/*/scratch/resized/1.mp4")
    written_ns = resized.stat().st_mtime_ns
    code, result = run_json("--resume", output)
    assert (code, result["state"]) == (0, "done")
    assert_package_is_sound(output / "final_package.zip")
    assert (output / "scratch/resized/1.mp4").stat().st_mtime_ns == written_ns
    assert not (output / ".videoprep").exists()


@pytest.mark.parametrize("arguments", [("--resume", "nothing"), ("a.mp4", "--resume", "nothing"), ()], ids=str)
def test_what_cannot_be_resumed_is_wrong_usage(arguments: tuple[str, ...]):
    process = start("run", *arguments)
    process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 2


def test_command_line_imports_nothing_heavy():
    code = (
        "import sys, videoprep_nb.cli.main; print(*(sys.modules.keys() & {'torch', 'cv2', 'openvino', 'decord', 'av'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []


def test_guide_describes_every_field_of_the_json():
    guide = (Path(__file__).parents[2] / "docs" / "batch.md").read_text()
    tables = re.split(r"^\| field", guide, flags=re.MULTILINE)[1:]
    documented = [
        set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE)))) for table in tables
    ]
    of_run = [set(model.model_fields) for model in (RunResult, Totals, VideoResult, TaskResult)]
    of_compare = [{field.name for field in fields(model)} for model in (JobComparison, VideoComparison)]
    assert documented == of_run + of_compare
