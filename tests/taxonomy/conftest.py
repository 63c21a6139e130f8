from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from qna_samples import written

Put = Callable[[Mapping[str, object]], Path]


@pytest.fixture
def taxonomy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """`taxonomy({"compositional_skills/a": said})` writes a qna.yaml a folder, and stands there."""
    monkeypatch.chdir(tmp_path)

    def put(nodes: Mapping[str, object]) -> Path:
        for folder, said in nodes.items():
            file = tmp_path / folder
            file = file if file.suffix.lower() in (".yaml", ".yml") else file / "qna.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            text = said if isinstance(said, str | bytes) else written(said)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            (file.parent / "attribution.txt").write_text("Creator names: someone\n")
        return tmp_path

    return put
