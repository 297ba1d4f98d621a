"""COCO and CVAT's XML of what came back."""

import json
from pathlib import Path

from tests.annotations.test_round_trip import EXPECTED, frame_tasks, read_rows, rounded
from tests.support.command_line import videoprep
from tests.support.cvat_exports import video_xml
from tests.support.proposal_files import good_proposals
from tests.support.results import write_result


def bring_back(folder: Path, *formats: str) -> Path:
    write_result(folder / "job", clips=False)
    (folder / "a.xml").write_bytes(video_xml(frame_tasks(), project=True))
    named = [text for name in formats for text in ("--format", name)]
    arguments = [folder / "a.xml", "--package", folder / "job", "--output", folder / "out", *named]
    result = videoprep("import-annotations", *arguments)
    assert result.exit_code == 0, result.output
    return folder / "out"


def test_coco_has_boxes_ids_and_what_was_said(tmp_path: Path) -> None:
    content = json.loads((bring_back(tmp_path, "coco") / "coco.json").read_text(encoding="utf-8"))
    names = {image["id"]: image["file_name"] for image in content["images"]}
    found = {
        (names[box["image_id"]], box["attributes"]["track_id"]): [*box["bbox"][:2], *box["bbox"][2:]]
        for box in content["annotations"]
    }
    assert found == {
        (name, int(box[5])): [box[0], box[1], box[2] - box[0], box[3] - box[1]]
        for frames in good_proposals().values()
        for name, boxes in frames.items()
        for box in boxes
    }
    said = [(box["attributes"].get("action"), box["attributes"].get("talking")) for box in content["annotations"]]
    assert said == [("walk", "no"), (None, None), ("sit", None), (None, None), (None, "yes")]
    assert not (tmp_path / "out" / "ava").exists()


def test_xml_for_cvat_comes_back_as_it_is(tmp_path: Path) -> None:
    written = bring_back(tmp_path, "cvat")
    files = sorted((written / "cvat").glob("*.xml"))
    assert [file.name for file in files] == [f"{clip}_annotations.xml" for clip in good_proposals()]
    again = tmp_path / "again"
    result = videoprep("import-annotations", *files, "--package", tmp_path / "job", "--output", again)
    assert result.exit_code == 0, result.output
    assert set(read_rows(again)) == rounded(EXPECTED)


def test_an_earlier_import_is_replaced(tmp_path: Path) -> None:
    bring_back(tmp_path, "cvat", "coco")
    assert sorted(path.name for path in bring_back(tmp_path, "ava").iterdir()) == ["ava", "report.html"]
