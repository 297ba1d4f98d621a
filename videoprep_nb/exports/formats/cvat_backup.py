"""A project backup of CVAT: everything that annotators need in one file."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from videoprep_nb.exports.cvat.backup import annotations_document, guide, project_document, task_document
from videoprep_nb.exports.cvat.exporter import CvatExporter
from videoprep_nb.exports.cvat.tasks import read_tasks
from videoprep_nb.exports.labels import read_labels
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.zip_files import store


class CvatBackup(CvatExporter):
    """A CVAT project in one file: a task per clip with media, labels and tracks; "Create from backup" imports it.

    Media are copied as they are, and never held in memory.
    """

    name = "cvat-backup"
    title = "CVAT project backup"
    file_name = "cvat_backup.zip"

    def write(self, result: Result, target: Path) -> None:
        """Write the backup."""
        labels = read_labels(self.options.labels)
        with zipfile.ZipFile(target, "w") as backup:
            _store_json(backup, "project.json", project_document(result.manifest, labels))
            _store_text(backup, "annotation_guide.md", guide(labels))
            for number, task in enumerate(read_tasks(result, self.options)):
                folder = f"task_{number}"
                is_video = self.options.media == "clips"
                _store_json(backup, f"{folder}/task.json", task_document(task, is_video=is_video))
                _store_json(backup, f"{folder}/annotations.json", annotations_document(task))
                suffix = ".mp4" if is_video else ".zip"
                with self._open_media(result, task.clip_id) as media:
                    store(backup, f"{folder}/data/{task.clip_id}{suffix}", media)

    @contextmanager
    def _open_media(self, result: Result, clip_id: str) -> Iterator[IO[bytes]]:
        if self.options.media == "frames":
            with result.open_clip_zip(clip_id) as frames:
                yield frames
        else:
            with result.clip_file(clip_id).open("rb") as clip:
                yield clip


def _store_json(backup: zipfile.ZipFile, name: str, document: Any) -> None:
    _store_text(backup, name, json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def _store_text(backup: zipfile.ZipFile, name: str, text: str) -> None:
    store(backup, name, io.BytesIO(text.encode()))
