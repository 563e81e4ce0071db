from __future__ import annotations

import errno
import json
import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers_runs import toy

from empowersim.errors import StoreError
from empowersim.results import store
from empowersim.results.comparison import Comparison
from empowersim.results.provenance import program_digest, run_id
from empowersim.results.store import check_writable, read_comparison, read_provenance, write_comparison
from empowersim.results.tables import TABLES


def other_inputs() -> Comparison:
    inputs = {"scenario": "toy", "seed": 2}
    return replace(toy(4), seed=2, inputs=inputs, run_id=run_id(inputs))


def test_round_trip_keeps_every_number(tmp_path: Path) -> None:
    written = toy(5)
    write_comparison(written, tmp_path / "out")
    back = read_comparison(tmp_path / "out")
    for field in fields(Comparison):
        if field.name != "tables":
            assert getattr(back, field.name) == getattr(written, field.name), field.name
    for name in TABLES:
        for column, values in written.table(name).columns.items():
            np.testing.assert_array_equal(back.table(name)[column], values)
    assert back.to_json() == written.to_json()


def test_files_are_those_of_the_tables_and_no_temporary_stays(tmp_path: Path) -> None:
    files = write_comparison(toy(2), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*(f"{n}.parquet" for n in TABLES), "provenance.json"]
    )
    assert files[-1].name == "provenance.json"


def test_provenance_says_what_went_in_and_where_it_was_made(tmp_path: Path) -> None:
    write_comparison(toy(2), tmp_path, command=["empowersim", "compare", "toy.yaml"])
    found = read_provenance(tmp_path)
    assert found["run_id"] == toy(2).run_id == run_id(found["inputs"])
    made_with = found["made_with"]
    assert {"empowersim", "python", "numpy", "numba", "platform", "processor", "git_commit"} <= set(made_with)
    assert made_with["command"] == ["empowersim", "compare", "toy.yaml"]
    assert made_with["numpy"] == np.__version__
    assert found["comparison"]["months"] == 24
    assert found["tables"]["outcomes"]["mean"]["unit"] == "row"


def test_parquet_says_units_and_origin_by_itself(tmp_path: Path) -> None:
    write_comparison(toy(2), tmp_path)
    schema = pq.read_schema(tmp_path / "paths.parquet")
    assert schema.field("month").metadata[b"unit"] == b"months"
    assert json.loads(schema.metadata[b"empowersim_inputs"])["scenario"] == "toy"


def test_run_id_depends_on_inputs_and_not_on_their_order() -> None:
    assert run_id({"a": 1, "b": [2, 3]}) == run_id({"b": [2, 3], "a": 1})
    assert run_id({"a": 1, "b": [2, 3]}) != run_id({"a": 1, "b": [3, 2]})
    assert len(program_digest()) == 16


def test_same_inputs_may_be_written_again(tmp_path: Path) -> None:
    write_comparison(toy(3), tmp_path)
    write_comparison(toy(3), tmp_path)
    assert read_comparison(tmp_path).to_json() == toy(3).to_json()


def test_results_of_other_inputs_are_not_overwritten_without_force(tmp_path: Path) -> None:
    write_comparison(toy(3), tmp_path)
    with pytest.raises(StoreError, match=rf"holds results of other inputs \(run {toy(3).run_id}.*--force"):
        write_comparison(other_inputs(), tmp_path)
    assert read_comparison(tmp_path).run_id == toy(3).run_id
    write_comparison(other_inputs(), tmp_path, force=True)
    assert read_comparison(tmp_path).seed == 2


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_comparison(toy(2), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_interrupted_write_leaves_the_old_results(tmp_path: Path) -> None:
    write_comparison(toy(3), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def stopped(comparison: Comparison, folder: Path) -> None:
        assert folder.parent == tmp_path
        assert (folder / "outcomes.parquet").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_comparison(other_inputs(), tmp_path, force=True, extra=stopped)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_half_moved_is_noticed_when_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_comparison(toy(3), tmp_path)
    moved = []

    def one_then_stop(source: Path, target: Path) -> None:
        if moved:
            raise KeyboardInterrupt
        moved.append(target)
        os.rename(source, target)

    monkeypatch.setattr(store.os, "replace", one_then_stop)
    with pytest.raises(KeyboardInterrupt):
        write_comparison(other_inputs(), tmp_path, force=True)
    with pytest.raises(StoreError, match=rf"{moved[0].name}: expected run {toy(3).run_id}.*being written"):
        read_comparison(tmp_path)


def test_a_full_disk_is_said_plainly_and_changes_nothing(tmp_path: Path) -> None:
    write_comparison(toy(3), tmp_path)

    def full(comparison: Comparison, folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="the disk is full; free some space"):
        write_comparison(other_inputs(), tmp_path, force=True, extra=full)
    assert read_comparison(tmp_path).run_id == toy(3).run_id
    assert not list(tmp_path.glob(".writing-*"))


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("a file")
    for call in (lambda: write_comparison(toy(2), target), lambda: check_writable(target)):
        with pytest.raises(StoreError, match="expected a folder for the results, found a file"):
            call()
    with pytest.raises(StoreError, match="found a file on the way"):
        write_comparison(toy(2), target / "deeper")


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    # permissions do not bind the user that builds often run as
    monkeypatch.setattr(store.tempfile, "mkdtemp", refused)
    with pytest.raises(StoreError, match="can be written, found one that cannot; name another with --out"):
        write_comparison(toy(2), tmp_path)


@pytest.mark.skipif(os.getuid() == 0, reason="permissions do not bind the superuser")
def test_a_read_only_folder_for_real(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="found one that cannot"):
        check_writable(tmp_path)


def test_reading_what_is_not_there_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"expected results with a provenance\.json, found none"):
        read_comparison(tmp_path / "nowhere")
    write_comparison(toy(2), tmp_path)
    (tmp_path / "winners.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=r"winners\.parquet: expected a Parquet table"):
        read_comparison(tmp_path)
    (tmp_path / "winners.parquet").unlink()
    with pytest.raises(StoreError, match=r"winners\.parquet: expected a Parquet table"):
        read_comparison(tmp_path)
    (tmp_path / "provenance.json").write_text("{")
    with pytest.raises(StoreError, match=r"provenance\.json: expected JSON"):
        read_comparison(tmp_path)
    (tmp_path / "provenance.json").write_text('{"format": 99}')
    with pytest.raises(StoreError, match="expected format 3, found 99"):
        read_comparison(tmp_path)
