"""The notebook of the way back, run by papermill."""

from pathlib import Path

import papermill
import pytest

from tests.annotations.test_round_trip import EXPECTED, frame_tasks, read_rows, rounded
from tests.support.cvat_exports import images_xml
from tests.support.html_pages import Page
from tests.support.results import write_result
from videoprep_nb.jobs.reports.render import export_html

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "08_import_annotations.ipynb"


@pytest.mark.slow
def test_notebook_writes_training_data_and_shows_what_came_back(tmp_path: Path):
    write_result(tmp_path / "job", clips=False)
    (tmp_path / "a.xml").write_bytes(images_xml(frame_tasks(), project=True))
    parameters = {
        "exports": [str(tmp_path / "a.xml")],
        "source": str(tmp_path / "job"),
        "output_dir": str(tmp_path / "out"),
    }
    executed = tmp_path / "executed.ipynb"
    papermill.execute_notebook(str(NOTEBOOK), str(executed), parameters, cwd=str(tmp_path), progress_bar=False)
    assert set(read_rows(tmp_path / "out")) == rounded(EXPECTED)
    export_html(executed, tmp_path / "report.html")
    page = Page(tmp_path / "report.html")
    assert page.loads_from_outside == []
    assert "unlabelled boxes2" in page.text
