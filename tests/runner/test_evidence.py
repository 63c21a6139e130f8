"""Data files are passed on: no address of a server stands in them, which may hold a token."""

from __future__ import annotations

from pathlib import Path

import fms_dgt
import pytest
from fms_dgt.runner.addresses import without_addresses
from fms_dgt.testing import Fault, ModelServer
from test_faults import AGAIN, FINAL, of_row, run

ENDPOINT = "https://models.example.org:8443/v1 some-model"
TEXTS = {
    "https://user:pw@models.example.org/v1/t0ken/chat answered 400: bad": "the server answered 400: bad",
    "https://a.example/x: it is down": "the server: it is down",
    "the proxy on the way to http://a.example:3128/ answered 502": "the proxy on the way to (address) answered 502",
    "cannot connect to models.example.org:8443 ssl:default": "cannot connect to (address) ssl:default",
    "Cannot connect to host 10.0.0.7:80 ssl:None [Connect call failed ('10.0.0.7', 80)]": (
        "Cannot connect to host (address) ssl:None [Connect call failed (address)]"
    ),
    "wss://[::1]:99/x failed": "the server failed",
    "max_tokens is 12.5, not 3": "max_tokens is 12.5, not 3",
    "no answer within 600 s": "no answer within 600 s",
}


@pytest.mark.parametrize("text", TEXTS)
def test_addresses_are_left_out_and_the_rest_stays(text: str) -> None:
    assert without_addresses(text, ENDPOINT) == TEXTS[text]


def assert_no_address(outcome: fms_dgt.Outcome, url: str) -> None:
    port = url.rsplit(":", 1)[1].split("/")[0]
    [rejected] = outcome.rejections
    for name in ("data.jsonl", "rejected.jsonl"):
        text = (outcome.finished.folder / "walk" / name).read_text()
        assert "://" not in text
        assert "127.0.0.1" not in text
        assert port not in text
    assert rejected["evidence"]["error"]


@pytest.mark.parametrize("name", [*FINAL, *(name for name in AGAIN if "hanging" not in name)])
def test_no_fault_of_a_server_puts_its_address_into_a_data_file(tmp_path: Path, name: str) -> None:
    fault = (FINAL.get(name) or AGAIN[name])[0]
    with ModelServer(
        lambda _: "ok", faults=lambda body, _: fault if of_row(body) else None
    ).in_thread() as server:
        outcome = run(tmp_path, server.base_url, timeout=1.0 if fault.trickle else 10)
        assert_no_address(outcome, server.base_url)


def test_the_address_that_a_server_repeats_is_left_out(tmp_path: Path) -> None:
    def fault(body: dict, _: int) -> Fault | None:
        says = f"see {server.base_url}/help?token=secret"
        return Fault(status=400, body={"error": {"message": says}}) if of_row(body) else None

    with ModelServer(lambda _: "ok", faults=fault).in_thread() as server:
        outcome = run(tmp_path, server.base_url)
        assert_no_address(outcome, server.base_url)
        assert "secret" not in (tmp_path / "walk" / "rejected.jsonl").read_text()
