"""The verdict of InstructLab's own package."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from instructlab.schema.taxonomy import TaxonomyParser, TaxonomyReadingException

from fms_dgt.taxonomy.style import CONFIG


def accepts(file: Path, *, strict: bool = False) -> bool:
    """Whether it takes the file: with `strict` as `ilab` asks it, else without looking at style."""
    # it calls yamllint by name
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    logging.disable(logging.CRITICAL)
    try:
        parser = TaxonomyParser(
            schema_version=0,
            yamllint_config=CONFIG if strict else "{rules: {key-duplicates: enable}}",
            yamllint_strict=strict,
            message_format="logging",
        )
        return parser.parse(file).errors == 0
    except TaxonomyReadingException:
        return False
    finally:
        logging.disable(logging.NOTSET)
