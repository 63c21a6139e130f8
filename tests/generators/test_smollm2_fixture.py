"""The real model that tests may ask for."""

from __future__ import annotations

import hashlib

from fms_dgt.generators.llama_cpp.known import KNOWN


def test_the_real_model_is_the_one_that_is_known(smollm2):
    with smollm2.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == KNOWN["smollm2-135m"].sha256
