"""The folder of a sweep: full disks, folders that cannot be written, torn journals, and SQL over the tables."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess

import numpy as np
import pytest
from helpers_sweeps import GRID, content, design_in, ran, small_chunks

from empowersim.errors import EmpowersimError, StoreError
from empowersim.experiments import sweeps
from empowersim.results.sweep_journal import ChunkJournal, MadeRun
from empowersim.results.sweep_read import read_sweep
from empowersim.results.sweep_store import SweepFolder


@pytest.fixture
def half(tmp_path, monkeypatch):
    """A sweep of 24 runs in chunks of five, stopped after some; and the same sweep undisturbed."""
    small_chunks(monkeypatch)
    monkeypatch.setattr(sweeps._Runner, "_size", lambda self: 2)
    design = design_in(tmp_path)
    ran(design, tmp_path / "whole")

    def told(made, kept, total):
        if made >= 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ran(design, tmp_path / "out", told=told)
    return tmp_path


def test_a_torn_record_is_dropped_and_said(half):
    journal = next((half / "out" / "journal").iterdir())
    raw = journal.read_bytes()
    made = read_sweep(half / "out").made
    journal.write_bytes(raw[:-7])
    assert read_sweep(half / "out").made < made  # reading does not touch it
    report = ran(None, half / "out")
    assert [(one.file, "torn" in one.found) for one in report.damage] == [(f"journal/{journal.name}", True)]
    assert report.kept < made
    assert content(half / "out") == content(half / "whole")


def test_every_byte_of_a_record_counts(tmp_path):
    """Whichever byte is changed or from which on is lost: the runs before it stay, and nothing wrong is read."""
    path = tmp_path / "00000.log"
    journal = ChunkJournal(path, "key", 0)
    journal.add([MadeRun("a", 0, 0, 0, np.ones((1, 1)))])
    whole = path.stat().st_size
    journal.add([MadeRun("b", 1, 0, 0, np.ones((1, 1)))])
    journal.close()
    raw = path.read_bytes()
    for at in range(whole, len(raw)):
        for damaged in (raw[:at], raw[:at] + bytes([raw[at] ^ 255]) + raw[at + 1 :]):
            path.write_bytes(damaged)
            again = ChunkJournal(path, "key", 0)
            again.close()
            assert [run.run_id for run in again.runs] == ["a"]
            assert path.stat().st_size == whole
            assert again.dropped == len(damaged) - whole
    other = ChunkJournal(path, "another", 0)
    assert other.runs == []
    other.close()


# ---------------------------------------------------------------- a full disk


def test_a_full_disk_is_said_and_loses_nothing(tmp_path, monkeypatch):
    """The disk fills at each write in turn, half of the record gone in; with space again the sweep ends the same."""
    small_chunks(monkeypatch)
    monkeypatch.setattr(sweeps._Runner, "_size", lambda self: 2)
    design = design_in(tmp_path)
    ran(design, tmp_path / "whole")
    write, stopped = os.write, 0
    for at in (2, 3, 4, 6, 5):
        count = 0

        def full(handle, data, at=at):
            nonlocal count
            count += 1
            if count >= at:
                if count == at:
                    write(handle, bytes(data)[: len(data) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(handle, data)

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StoreError, match=r"the disk is full; free some space.*runs kept so far are safe"):
            ran(design, tmp_path / "out")
        monkeypatch.setattr(os, "write", write)
        made = read_sweep(tmp_path / "out").made
        assert made >= stopped
        stopped = made
    assert 0 < stopped < 24
    report = ran(design, tmp_path / "out")
    assert (report.kept, report.damage) == (stopped, ())
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_a_table_that_does_not_fit_leaves_the_journal(tmp_path, monkeypatch):
    small_chunks(monkeypatch)
    design = design_in(tmp_path)
    ran(design, tmp_path / "whole")
    replace = os.replace

    def full(source, target):
        if "runs" in str(target) and str(target).endswith("00001.parquet"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError, match=r"00001\.parquet: the disk is full"):
        ran(design, tmp_path / "out")
    monkeypatch.setattr(os, "replace", replace)
    assert read_sweep(tmp_path / "out").made == 10
    assert not list((tmp_path / "out").rglob(".writing-*"))
    ran(design, tmp_path / "out")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


@pytest.fixture
def tiny_disk(tmp_path):
    """A real file system of 300 kB."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only the administrator can mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let tests mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_real_full_disk(tiny_disk, tmp_path, monkeypatch):
    small_chunks(monkeypatch)
    design = design_in(tmp_path)
    ran(design, tmp_path / "whole")
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(275_000))
    with pytest.raises(StoreError, match="the disk is full"):
        ran(design, tiny_disk / "out")
    ballast.unlink()
    ran(design, tiny_disk / "out")
    assert content(tiny_disk / "out") == content(tmp_path / "whole")


def test_a_real_folder_that_cannot_be_written(tiny_disk, tmp_path, monkeypatch):
    small_chunks(monkeypatch)
    design = design_in(tmp_path)
    ran(design, tiny_disk / "out")
    before = content(tiny_disk / "out")
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(StoreError, match="expected a folder that can be written"):
        ran(design, tiny_disk / "out")
    with pytest.raises(StoreError, match="expected a folder that can be written"):
        ran(design, tiny_disk / "new")
    assert read_sweep(tiny_disk / "out").complete  # it can still be read
    assert content(tiny_disk / "out") == before


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(StoreError, match="expected a folder that can be written, found one that cannot"):
        SweepFolder(tmp_path / "out")


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match="expected a folder for the sweep, found a file"):
        SweepFolder(tmp_path / "out")


def test_files_of_others_stay(tmp_path, monkeypatch):
    """Even with force, and even in folders that have the names of ours."""
    mine = [tmp_path / "out" / name for name in ("notes.txt", "runs/mine.parquet", "inputs/mine.yaml", "scenario.yaml")]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    design = design_in(tmp_path)
    ran(design, tmp_path / "out")
    ran(design, tmp_path / "out", force=True)
    ran(None, tmp_path / "out")
    assert {path.read_text(encoding="utf-8") for path in mine} == {"mine"}


# ---------------------------------------------------------------- reading back


def test_an_unfinished_sweep_can_be_read(half):
    tables = read_sweep(half / "out")
    assert 13 <= tables.made < 24
    whole = read_sweep(half / "whole").pandas()
    both = tables.pandas().merge(whole, on=["run_id", "policy"], suffixes=("", "_whole"))
    assert len(both) == 2 * tables.made
    assert (both.mean_consumption == both.mean_consumption_whole).all()


def test_sql_over_the_tables_and_over_the_folder(half):
    import duckdb

    tables = read_sweep(half / "whole")
    wanted = tables.pandas().groupby(["skills", "policy"]).mean_consumption.mean()
    query = "select skills, policy, avg(mean_consumption) as mean from {} group by all order by all"
    for row in tables.sql(query.format("results")).to_pylist():
        assert row["mean"] == pytest.approx(wanted[row["skills"], row["policy"]], rel=1e-12)
    folder = half / "whole"
    joined = f"'{folder}/runs/*.parquet' join '{folder}/points/*.parquet' using (point)"
    with duckdb.connect(":memory:") as base:
        rows = base.execute(query.format(joined)).fetchall()
    assert len(rows) == 4
    assert all(mean == pytest.approx(wanted[skills, policy], rel=1e-12) for skills, policy, mean in rows)
    with pytest.raises(EmpowersimError, match="SQL: expected a query over runs"):
        tables.sql("select nonsense from nowhere")


def test_columns_say_their_units(half):
    tables = read_sweep(half / "whole")
    assert tables.runs.schema.field("cost").metadata[b"unit"] == b"IDR"
    assert tables.points.schema.field("skills").metadata[b"unit"] == b"billion IDR/year"
    assert tables.runs.schema.metadata[b"empowersim_sweep"] == tables.manifest["key"].encode()


def test_grid_is_what_the_tests_think(half):
    assert "replicates: 6" in GRID
    assert read_sweep(half / "whole").asked == 24


def test_a_stop_between_listing_a_table_and_dropping_its_journal_doubles_nothing(half):
    out, whole = half / "out", half / "whole"
    ran(None, out)
    finished = sorted((out / "runs").glob("*.parquet"))[0]
    key = sweeps.read_manifest(out)["key"]
    before = read_sweep(out).runs.num_rows
    journal = ChunkJournal(out / "journal" / f"{finished.stem}.log", key, int(finished.stem))
    first = read_sweep(out).runs.to_pylist()[0]
    journal.add([MadeRun(first["run_id"], first["point"], first["draw"], first["replicate"], np.ones((2, 1)))])
    journal.close()
    assert read_sweep(out).runs.num_rows == before
    assert sweeps.status(out)["left"] == 0
    ran(None, out)
    assert content(out) == content(whole)


def test_tables_without_their_list_are_named_and_made_again(half):
    out, whole = half / "out", half / "whole"
    ran(None, out)
    (out / "parts.json").unlink()
    report = ran(None, out)
    assert [one.file for one in report.damage] == ["parts.json"]
    assert "is not there" in report.damage[0].found
    assert content(out) == content(whole)


def test_a_list_with_a_wrong_key_is_named(half):
    out, whole = half / "out", half / "whole"
    ran(None, out)
    listed = (out / "parts.json").read_text().replace('"runs": {', '"rnus": {', 1)
    (out / "parts.json").write_text(listed)
    report = ran(None, out)
    assert [one.file for one in report.damage] == ["parts.json"]
    assert "without runs" in report.damage[0].found
    assert content(out) == content(whole)


def test_a_question_cannot_write(half):
    target = half / "written.csv"
    with pytest.raises(EmpowersimError, match="disabled"):
        read_sweep(half / "out").sql(f"copy (select 1) to '{target}'")
    assert not target.exists()
