"""Every public exception of the openai package, and what this package makes of the same fault."""

from __future__ import annotations

import openai
import pytest

from fms_dgt.core.generator import Completion, Request
from fms_dgt.errors import BadResponse, ConnectionFailed, EveryCallFails, Overloaded, RequestRefused
from fms_dgt.generators.openai.generator import OpenAIGenerator
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.testing import Fault, ModelServer

# a fault of the server that makes the openai package raise it, and what is raised here
SAME_FAULT = {
    "BadRequestError": (Fault(status=400), RequestRefused),
    "AuthenticationError": (Fault(status=401), EveryCallFails),
    "PermissionDeniedError": (Fault(status=403), EveryCallFails),
    "NotFoundError": (Fault(status=404), EveryCallFails),
    "ConflictError": (Fault(status=409), ConnectionFailed),
    "UnprocessableEntityError": (Fault(status=422), RequestRefused),
    "RateLimitError": (Fault(status=429), Overloaded),
    "InternalServerError": (Fault(status=500), ConnectionFailed),
    "APIStatusError": (Fault(status=418), RequestRefused),
    "APIConnectionError": (Fault(raw=b""), ConnectionFailed),
}
# what it has no single fault for: a base class, or a check that only its own helpers make
OTHERS = {
    "OpenAIError": "the base of all",
    "APIError": "the base of those that calls raise",
    "APITimeoutError": "how long a call may take is the runner's affair: ConnectionFailed",
    "APIResponseValidationError": BadResponse,  # an answer of an unknown shape
    "LengthFinishReasonError": Completion,  # `finish` says "length", and the reply contract decides
    "ContentFilterFinishReasonError": RequestRefused,
    "OAuthError": "its own sign-in, which is not used",
    "SubjectTokenProviderError": "its own sign-in, which is not used",
    "InvalidWebhookSignatureError": "webhooks, which are not used",
    "WebSocketConnectionClosedError": "sockets, which are not opened",
    "WebSocketQueueFullError": "sockets, which are not opened",
}
HELLO = ({"role": "user", "content": "Hello."},)
SECONDS = 0.3


def test_every_exception_is_known():
    values = [getattr(openai, name) for name in dir(openai) if not name.startswith("_")]
    found = {value.__name__ for value in values if isinstance(value, type) and issubclass(value, Exception)}
    assert found <= SAME_FAULT.keys() | OTHERS.keys()


def test_every_exception_is_one_of_a_status_or_a_connection():
    others = [
        name
        for name, value in vars(openai).items()
        if isinstance(value, type) and issubclass(value, openai.APIError) and name not in SAME_FAULT
    ]
    assert set(others) <= OTHERS.keys()


@pytest.mark.parametrize("name", SAME_FAULT)
async def test_the_same_fault(name):
    fault, kind = SAME_FAULT[name]
    async with ModelServer(faults=lambda *_: fault) as server:
        client = openai.AsyncOpenAI(api_key="k", base_url=server.base_url, max_retries=0, timeout=SECONDS)
        async with client:
            with pytest.raises(getattr(openai, name)) as theirs:
                await client.chat.completions.create(model="m", messages=list(HELLO))
        assert type(theirs.value).__name__ == name
        ours = OpenAIGenerator(OpenAIOptions(model_id_or_path="m", base_url=server.base_url, timeout=SECONDS))
        await ours.open()
        with pytest.raises(kind) as caught:
            await ours.generate(Request(HELLO))
        await ours.close()
    assert type(caught.value) is kind
