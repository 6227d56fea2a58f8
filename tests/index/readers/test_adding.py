"""A library takes documents of every format, and tells what became of each text in them."""

from pathlib import Path

from index import Library
from tests.index.readers import making


def test_each_text_of_a_document_is_added_or_refused(tmp_path: Path) -> None:
    rows = making.lines([{"title": "Bell", "text": "The bell is old."}, {"title": "None"}])
    (tmp_path / "rows.jsonl").write_bytes(rows)
    (tmp_path / "bridge.pdf").write_bytes(making.pdf([making.BRIDGE]))
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 no archive")
    with Library.create(tmp_path / "library") as library:
        results = library.add([tmp_path])
        told = [(Path(each.name).name, each.outcome, each.source_id) for each in results]
        assert told == [
            ("bridge.pdf", "added", "bridge"),
            ("broken.docx", "refused", None),
            ("rows.jsonl, line 1", "added", "bell"),
            ("rows.jsonl, line 2", "refused", None),
        ]
        again = library.add([tmp_path])
        assert [each.outcome for each in again] == ["unchanged", "refused", "unchanged", "refused"]
