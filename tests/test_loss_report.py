"""A report overwrites nothing unasked."""

import pytest

from arbitrary_nst import PhotoError
from arbitrary_nst.files.loss_report import LossReport, place


def test_a_folder_with_a_report_is_left_as_it_is(tmp_path):
    for name in ("losses.csv", "losses.png", "step_00000.png"):
        folder = tmp_path / name[:6]
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"mine")
        with pytest.raises(PhotoError, match="holds a report already"):
            LossReport(folder)
        assert place(folder, "skip") == place(folder, "rename") == tmp_path / f"{folder.name}_2"
        assert (folder / name).read_bytes() == b"mine" and place(folder, "overwrite") == folder


def test_other_files_are_in_nobodys_way(tmp_path):
    (tmp_path / "holiday.png").write_bytes(b"mine")
    assert place(tmp_path, "fail") == tmp_path and place(tmp_path / "new", "fail") == tmp_path / "new"


def test_a_table_that_is_a_link_is_not_written_through(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "losses.csv").symlink_to("../mine")
    with pytest.raises(PhotoError, match="is no file"):
        LossReport(tmp_path / "report", "overwrite")
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_without_matplotlib_it_is_told_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr("arbitrary_nst.files.loss_report.find_spec", lambda name: None)
    with pytest.raises(PhotoError, match="its curves need matplotlib"):
        LossReport(tmp_path / "report")
    assert not (tmp_path / "report").exists()
