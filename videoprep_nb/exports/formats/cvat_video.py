"""Tracks for tasks of CVAT that exist already."""

from pathlib import Path

from videoprep_nb.exports.cvat.exporter import CvatExporter
from videoprep_nb.exports.cvat.tasks import read_tasks
from videoprep_nb.exports.cvat.xml_files import write_video_xml
from videoprep_nb.exports.labels import read_labels
from videoprep_nb.exports.result import Result


class CvatVideo(CvatExporter):
    """Tracks as "CVAT for video 1.1", one XML per clip, each to be imported into the task of its clip."""

    name = "cvat-video"
    title = "CVAT for video 1.1"
    file_name = "cvat_video/"
    entry = "annotations/cvat_video/"

    def write(self, result: Result, target: Path) -> None:
        """Write the files."""
        labels = read_labels(self.options.labels)
        for task in read_tasks(result, self.options):
            write_video_xml(target / f"{task.clip_id}_annotations.xml", task, labels)
