from __future__ import annotations

import json

import pytest

from fms_dgt.generators.llama_cpp.nonsense import LARGEST_READ, nonsense_in

CHAT, PLAIN = "/v1/chat/completions", "/v1/completions"


def fault(messages, template="", path=CHAT):
    return nonsense_in(path, json.dumps({"messages": messages}).encode(), template)


def test_roles_of_the_models_own_template():
    document = [{"role": "document 1", "content": "x"}]
    assert "'document 1' is not a role" in fault(document)
    assert fault(document, "{% if message.role.startswith('document') %}") == ""


def test_answers_with_tools_need_no_content():
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert fault([{"role": "user", "content": "x"}, call, {"role": "tool", "content": "y"}]) == ""


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", b'{"messages": []}'),
        ("/health", b""),
        (CHAT, b"x"),
        (CHAT, b"[" * 100_000),
        (CHAT, b"{}"),
        (CHAT, b'{"messages": "x"}'),
        (PLAIN, b'{"prompt": "x"}'),
        (PLAIN, b"{}"),
        (CHAT, b'{"messages": [],' + b" " * LARGEST_READ + b'"n": 1}'),
    ],
)
def test_what_is_left_to_llama_cpp(path, body):
    assert nonsense_in(path, body, "") == ""


@pytest.mark.parametrize("content", ["", " \n", [{"type": "text", "text": " "}]])
@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
def test_contents_of_blanks_alone(path, content):
    assert fault([{"role": "user", "content": content}], path=path) == "no message has any content"


def test_a_picture_is_a_content():
    assert fault([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}]) == ""


@pytest.mark.parametrize(("given", "told"), [('""', "'input' is empty"), ("[]", "'input' is empty"), ('"x"', "")])
def test_responses(given, told):
    assert nonsense_in("/v1/responses", b'{"input": %s}' % given.encode(), "").partition(":")[0] == told
