from __future__ import annotations

from fms_dgt.runner.open_files import GrowingFile, OpenFiles
from fms_dgt.safety.files import OutputFolder


def test_many_files_grow_while_few_are_open(tmp_path):
    among = OpenFiles(2)
    files = [GrowingFile(OutputFolder(tmp_path), f"{number}.part", among) for number in range(5)]
    for turn in range(3):
        for number, file in enumerate(files):
            file.append(f"{number}{turn}\n".encode())
    assert sum(among.opened(file) is not None for file in files) == 2
    for number, file in enumerate(files):
        file.move(str(number))
        file.append(b"end\n")
        assert file.part(0, 3) == f"{number}0\n".encode()
    for file in files:
        file.close()
    said = [(tmp_path / str(number)).read_text() for number in range(5)]
    assert said == [f"{n}0\n{n}1\n{n}2\nend\n" for n in range(5)]
    assert not list(tmp_path.glob("*.part"))


def test_a_file_begins_empty_and_is_read_once_it_is_flushed(tmp_path):
    (tmp_path / "a").write_text("of an earlier run")
    file = GrowingFile(OutputFolder(tmp_path), "a", OpenFiles())
    file.append(b"new\n")
    assert (tmp_path / "a").read_text() == ""
    file.flush()
    assert (tmp_path / "a").read_text() == "new\n"
    file.close()
