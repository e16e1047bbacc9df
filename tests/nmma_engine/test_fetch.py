"""NMMA's surrogates are fetched whole, known again, and asked for by hand where they cannot be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nmma_fitter.engine.files import read_json
from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.nmma_engine.fetch import fetch_surrogate, verify

NAME = "Bu2019nsbh"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    (folder / f"{NAME}_tf").mkdir(parents=True)
    (folder / f"{NAME}.joblib").write_bytes(b"index")
    (folder / f"{NAME}_tf" / "ztfr.h5").write_bytes(b"network" * 1000)
    (folder / f"{NAME}_tf" / "ps1__g.h5").write_bytes(b"another")
    (folder / f"{NAME}_tf" / "ztfg.h5").write_bytes(b"<!DOCTYPE html><html>sign in</html>")
    return folder


@pytest.fixture
def source(published: Path) -> Iterator[str]:
    handler = partial(Quiet, directory=str(published))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_index_and_bands_arrive_and_are_noted(source, tmp_path):
    folder = tmp_path / "here"
    files = fetch_surrogate(NAME, ["ztfr", "ps1::g"], folder, source)
    assert [path.relative_to(folder).as_posix() for path in files] == [
        "Bu2019nsbh.joblib",
        "Bu2019nsbh_tf/ztfr.h5",
        "Bu2019nsbh_tf/ps1__g.h5",
    ]
    assert set(read_json(folder / "checksums.json") or {}) == {
        path.relative_to(folder).as_posix() for path in files
    }
    verify(folder, files)


def test_what_is_there_is_not_asked_for_again(source, published, tmp_path):
    folder = tmp_path / "here"
    fetch_surrogate(NAME, ["ztfr"], folder, source)
    (published / f"{NAME}.joblib").unlink()
    fetch_surrogate(NAME, ["ztfr", "ps1::g"], folder, source)


def test_a_file_that_has_changed_since_is_refused(source, tmp_path):
    folder = tmp_path / "here"
    files = fetch_surrogate(NAME, ["ztfr"], folder, source)
    files[1].write_bytes(b"something else")
    with pytest.raises(Unavailable, match="has changed since it was fetched"):
        verify(folder, files)


def test_a_file_put_there_by_hand_is_taken_as_it_is(tmp_path):
    path = tmp_path / f"{NAME}.joblib"
    path.write_bytes(b"by hand")
    verify(tmp_path, [path])


def test_a_page_in_a_files_place_is_not_taken(source, tmp_path):
    folder = tmp_path / "here"
    with pytest.raises(Unavailable, match="a page came in its place"):
        fetch_surrogate(NAME, ["ztfg"], folder, source)
    assert not (folder / f"{NAME}_tf" / "ztfg.h5").exists()


def test_a_band_that_is_not_published_names_its_file_and_place(source, tmp_path):
    with pytest.raises(Unavailable, match=r"ztfi\.h5 could not be had \(404.*put it at .*ztfi\.h5"):
        fetch_surrogate(NAME, ["ztfi"], tmp_path / "here", source)


def test_without_a_network_it_says_what_to_get_and_where_to_put_it(tmp_path):
    with pytest.raises(Unavailable, match="get it on another machine and put it at"):
        fetch_surrogate(NAME, ["ztfr"], tmp_path, "http://127.0.0.1:9")


def test_a_model_without_data_is_said_so(tmp_path):
    with pytest.raises(BadInput, match="needs no data"):
        fetch_surrogate("Me2017", ["ztfr"], tmp_path)
