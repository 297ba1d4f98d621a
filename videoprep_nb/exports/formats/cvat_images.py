"""Boxes of extracted frames for CVAT, by the names of the JPEGs."""

from pathlib import Path

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.cvat.exporter import CvatOptions
from videoprep_nb.exports.cvat.tasks import read_tasks
from videoprep_nb.exports.cvat.xml_files import write_images_xml
from videoprep_nb.exports.labels import LabelOptions, read_labels
from videoprep_nb.exports.result import Result


class CvatImages(Exporter):
    """Boxes of the extracted frames as "CVAT for images 1.1", one XML per clip; single boxes, not tracks."""

    name = "cvat-images"
    title = "CVAT for images 1.1"
    file_name = "cvat_images/"
    entry = "annotations/cvat_images/"
    options_type = LabelOptions
    options: LabelOptions

    def write(self, result: Result, target: Path) -> None:
        """Write the files."""
        labels = read_labels(self.options.labels)
        for task in read_tasks(result, CvatOptions(labels=self.options.labels)):
            write_images_xml(target / f"{task.clip_id}_annotations.xml", task, labels)
