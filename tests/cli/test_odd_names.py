"""Files and folders with names that are no text, or a hostile one, through every command that takes one."""

import json
import os
import pickle
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.support.html_pages import Page
from tests.support.odd_names import ODD_NAMES, assert_harmless, odd_path
from tests.support.results import write_result
from tests.support.synthetic import number_frame, write_video
from videoprep_nb.cli.main import main
from videoprep_nb.core.file_names import path_from_text

MARK = "\N{REPLACEMENT CHARACTER}"
TIMEOUT_S = 240
VIDEO_NAMES = list(ODD_NAMES)[:4]
ENCODINGS = {
    "UTF-8": {"PYTHONIOENCODING": "utf-8"},
    "ASCII": {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    "ASCII, also for paths": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}
"""Environments of a terminal."""


def videoprep(*arguments: str | Path, encoding: str = "UTF-8") -> tuple[int, str, str]:
    """Exit code, standard output and error; nothing in them that steers a terminal, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "videoprep_nb.cli.main", *map(str, arguments)],
        capture_output=True,
        timeout=TIMEOUT_S,
        env=os.environ | {"COLUMNS": "300"} | ENCODINGS[encoding],
        check=False,
    )
    out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    assert_harmless(out + err)
    assert "Traceback" not in out + err, err
    return done.returncode, out, err


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    frames = (number_frame(number) for number in range(20))
    return write_video(tmp_path_factory.mktemp("video") / "a.mp4", frames, Fraction(10)).read_bytes()


@pytest.fixture
def folder(tmp_path: Path, video: bytes) -> Path:
    """A folder of a bad name with videos of bad names."""
    folder = odd_path(tmp_path, b"in\xe9\n\x1b[1m")
    folder.mkdir()
    for name in VIDEO_NAMES:
        odd_path(folder, name).write_bytes(video)
    return folder


def json_names(folder: Path) -> Iterator[str]:
    """Names of the sources, from every file of a job that holds them."""
    for name, key in (("job.json", "videos"), ("result.json", "videos"), ("manifest.json", "videos")):
        for entry in json.loads((folder / name).read_text(encoding="utf-8"))[key]:
            yield entry["original_name"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_folder_of_odd_names_becomes_a_package(folder: Path, tmp_path: Path):
    detections = odd_path(tmp_path, b"det\xe9.txt")
    detections.write_text("".join(f"{number},-1,50,20,60,120,0.9\n" for number in range(1, 21)))
    output = odd_path(tmp_path, b"out\xff")
    settings = ["track_persons.detector=precomputed", f"track_persons.detections_file={detections}"]
    options = [option for setting in settings for option in ("--set", setting)]
    code, out, err = videoprep("run", folder, "--output", output, *options, "--keep-scratch", encoding="ASCII")
    assert code == 0, out + err

    shown = [ODD_NAMES[name] for name in sorted(VIDEO_NAMES, key=lambda name: os.fsdecode(name).casefold())]
    assert sorted(json_names(output)) == sorted(3 * shown)
    spec = json.loads((output / "job.json").read_text(encoding="utf-8"))
    assert {path_from_text(entry["path"]) for entry in spec["videos"]} == {
        str(odd_path(folder, name)) for name in VIDEO_NAMES
    }
    assert path_from_text(spec["params"]["track_persons"]["detections_file"]) == str(detections)

    with zipfile.ZipFile(output / "final_package.zip") as package:
        assert package.testzip() is None
        proposals = pickle.loads(package.read("dense_proposals.pkl"))
    assert [clip.split("_")[0] for clip in proposals] == ["1", "2", "3", "4"]
    assert all(len(boxes) == 1 for frames in proposals.values() for boxes in frames.values())
    for number in range(1, 5):
        resized = output / f"scratch/resized/{number}.mp4"
        with resized.open("rb") as file, av.open(file) as container:
            assert sum(1 for _ in container.decode(video=0)) == 20

    index = Page(output / "reports/index.html")
    assert all(name in index.text for name in shown)
    reports = list((output / "reports").glob("01_resize_*.html"))
    assert len(reports) == 4
    assert all(any(name in Page(page).text for name in shown) for page in reports)
    for report in (output / "reports").iterdir():
        assert_harmless(report.read_text(encoding="utf-8"))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_probe_shows_names(folder: Path, encoding: str):
    files = [odd_path(folder, name) for name in VIDEO_NAMES]
    code, out, err = videoprep("probe", *files, encoding=encoding)
    assert (code, err) == (0, "")
    assert out.count("320") == len(files)
    if encoding == "UTF-8":
        assert all(f"{ODD_NAMES[name]}: h264" in out for name in VIDEO_NAMES)
        assert "320×180" in out
    else:
        assert out.isascii()
        assert "320\\xd7180" in out


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_json_on_every_terminal(folder: Path, encoding: str):
    files = [odd_path(folder, name) for name in (*VIDEO_NAMES, b"absent\xe9.mp4")]
    code, out, _ = videoprep("probe", "--json", *files, encoding=encoding)
    assert code == 1
    found = json.loads(out)
    assert [Path(entry["file"]).name for entry in found] == [*map(ODD_NAMES.get, VIDEO_NAMES), f"absent{MARK}.mp4"]
    assert [entry.get("packet_count") for entry in found] == [20, 20, 20, 20, None]
    assert f"absent{MARK}.mp4 does not exist" in found[-1]["error"]
    for entry in found:
        assert_harmless(entry["file"])


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["probe", "{odd}"], id="probe"),
        pytest.param(["run", "{odd}"], id="run"),
        pytest.param(["run", "{empty}"], id="folder"),
        pytest.param(["run", "{video}", "--output", "{used}"], id="output"),
        pytest.param(["run", "{video}", "--params", "{odd}"], id="params"),
        pytest.param(["run", "{video}", "--set", "{odd}"], id="set"),
        pytest.param(["run", "{video}", "--set", "{odd}.a=1"], id="stage"),
        pytest.param(["run", "{video}", "--set", "package.labels=@{odd}"], id="text of a file"),
        pytest.param(["run", "{video}", "--set", "package.labels={odd}"], id="text"),
        pytest.param(["run", "{video}", "--set", "track_persons.weights={odd}"], id="weights"),
        pytest.param(
            ["run", "{video}", "--set", "track_persons.detections_file={odd}"],
            id="detections",
        ),
        pytest.param(["validate", "{odd}"], id="validate"),
        pytest.param(["validate", "{video}"], id="validate a video"),
        pytest.param(["sample", "{used}"], id="sample"),
        pytest.param(["export", "{odd}", "--format", "coco"], id="export"),
        pytest.param(["export", "{odd}", "--format", "{odd}"], id="format"),
        pytest.param(["import-annotations", "{odd}", "--package", "{odd}", "--output", "{odd}"], id="import"),
        pytest.param(["push", "{odd}", "--cvat", "http://localhost:1", "--token-file", "{odd}"], id="push"),
        pytest.param(["evaluate", "--gt", "{odd}", "--tracks", "{odd}"], id="evaluate"),
        pytest.param(["users", "list", "--auth-file", "{odd}"], id="users"),
        pytest.param(["serve", "--port", "0", "--auth-file", "{odd}"], id="serve"),
        pytest.param(["jobs", "list", "--server", "http://localhost:1/{odd}"], id="server"),
        pytest.param(["jobs", "show", "{odd}", "--server", "http://localhost:1"], id="job"),
        pytest.param(["trackers", "{odd}"], id="tracker"),
    ],
)
@pytest.mark.parametrize("name", [b"absent\xe9\n\x1b[31m\xe2\x80\xae.zip", b"x" * 300], ids=["bytes", "endless"])
def test_what_is_refused_is_refused_in_a_sentence(
    name: bytes, arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    places = {
        "odd": os.fsdecode(name),
        "empty": str(odd_path(folder, b"empty\xe9")),
        "used": str(folder),
        "video": str(odd_path(folder, VIDEO_NAMES[0])),
    }
    Path(places["empty"]).mkdir()
    monkeypatch.setattr(sys, "argv", ["videoprep", *(argument.format(**places) for argument in arguments)])
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        signal.signal(signal.SIGTERM, on_sigterm)
    assert ended.value.code in (1, 2)
    printed = "".join(capsys.readouterr())
    assert printed
    assert_harmless(printed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [b"e\xe9\x1b", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("é".encode() * 120, b"y" * 250))],
    ids=["bytes", "letters", "long"],
)
def test_results_get_odd_names(name: bytes, folder: Path):
    write_result(folder / "job", clips=False)
    commands: dict[bytes, list[str | Path]] = {
        b".json": ["export", folder / "job", "--format", "coco", "--output"],
        b"": ["export", folder / "job", "--format", "yolo", "--output"],
        b".mp4": ["sample"],
    }
    for suffix, arguments in commands.items():
        target = odd_path(folder, name + suffix)
        code, _, err = videoprep(*arguments, target)
        assert code == 0, err
        assert target.exists()
    exports = [odd_path(folder, b"a\xe9.zip"), odd_path(folder, b"a\xe8.zip")]
    for export in exports:
        assert videoprep("export", folder / "job", "--format", "cvat-images", "--output", export)[0] == 0
    target = odd_path(folder, name)
    code, _, err = videoprep("import-annotations", *exports, "--package", folder / "job", "--output", target / "back")
    assert code == 0, err
    report = Page(target / "back/report.html")
    assert_harmless(report.text)
    assert f"a{MARK}.zip (2)" in report.text
