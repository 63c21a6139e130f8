"""A stand-in for watsonx: its chat and plain generation, and both ways of signing in, over TLS on loopback.

As in IBM's cloud, an API key is changed for a token at `/identity/token`; as in a Cloud Pak, a user and
a password or key at `/icp4d-api/v1/authorize`.

    certificates = make_certificates(folder)
    async with WatsonxServer(certificates, api_key="k") as server:
        options = {"url": server.url, **server.cloud, "api_key": "k", "verify": str(certificates.ca)}
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from fms_dgt.testing.faults import Fault, spoiled
from fms_dgt.testing.ledger import Served
from fms_dgt.testing.model_server import NO_REQUEST, Body, ModelServer
from fms_dgt.testing.tls import Certificates
from fms_dgt.testing.wire import Answer, answer_payload, encoded, prompt_of

CHAT, PLAIN = "/ml/v1/text/chat", "/ml/v1/text/generation"
CLOUD_SIGN_IN, PAK_SIGN_IN = "/identity/token", "/icp4d-api/v1/authorize"
PAK_VERSION = "/ml/wml_services/v2/version"

TOKEN_SECONDS = 3600.0
# what watsonx calls its errors
CODES = {
    400: "invalid_request_entity",
    401: "authentication_token_expired",
    404: "not_found",
    429: "rate_limit_reached_requests",
}
STOP_REASONS = {"stop": "eos_token", "length": "max_tokens"}


class WatsonxServer(ModelServer):
    """A `ModelServer` that speaks watsonx; what that takes, this takes, too (but no `host`).

    Keys: `api_key` for the cloud; `username` with `password` or `api_key` for a Cloud Pak of
    `pak_version`. Tokens last `token_seconds`, or what `token_seconds(number)` says of each; those in
    `tokens` are good. `sign_in_faults(number)` may spoil a sign-in; numbers count sign-ins from 0 and 1.
    """

    def __init__(
        self,
        certificates: Certificates,
        *,
        api_key: str = "stand-in-key",
        username: str = "user",
        password: str = "stand-in-password",  # noqa: S107 (the stand-in's own)
        pak_version: str = "5.3.0",
        token_seconds: float | Callable[[int], float] = TOKEN_SECONDS,
        sign_in_faults: Callable[[int], Fault | None] = lambda _: None,
        **model_server: Any,
    ) -> None:
        super().__init__(tls=certificates.for_server(), **model_server)
        self.sign_ins = 0
        self.certificates = certificates
        self.tokens: dict[str, float] = {}
        self._key = api_key
        self._user = username
        self._password = password
        self._pak_version = pak_version
        self._token_seconds = token_seconds
        self._sign_in_faults = sign_in_faults

    @property
    def url(self) -> str:
        """What a client takes as the service's URL. It looks like a Cloud Pak's, as `cloud` is not given."""
        return f"https://{self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The same as `url`."""
        return self.url

    @property
    def cloud(self) -> dict[str, str]:
        """The options that make a client take this for IBM's cloud."""
        return {"platform_url": self.url, "auth_url": self.url + CLOUD_SIGN_IN}

    def new_token(self) -> str:
        """A new token, good until its end."""
        seconds = self._token_seconds
        ends = time.time() + (seconds(self.sign_ins) if callable(seconds) else seconds)
        payload = _base64({"exp": int(ends), "number": len(self.tokens)})
        token = f"{_base64({'alg': 'none'})}.{payload}.signature"
        self.tokens[token] = ends
        return token

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, content = request.path, await request.content.read()
        if path == PAK_VERSION:
            return web.json_response({"version": self._pak_version})
        if path in (CLOUD_SIGN_IN, PAK_SIGN_IN):
            return await self._sign_in(request, content)
        if path not in (CHAT, PLAIN) or request.method != "POST":
            return self._error(404, f"no such path: {request.method} {path}")
        try:
            body = json.loads(content)
            asked = _as_openai(body) if path == PLAIN else body
            prompt = prompt_of(asked)
        except (ValueError, LookupError, AttributeError, TypeError):
            return self._error(400, NO_REQUEST)
        return await self._serve(request, asked, self.ledger.arrive(path, prompt, body))

    async def _sign_in(self, request: web.BaseRequest, content: bytes) -> web.StreamResponse:
        number, self.sign_ins = self.sign_ins, self.sign_ins + 1
        fault = self._sign_in_faults(number)
        if fault is not None:
            return await spoiled(request, fault, encoded(fault.body if fault.body is not None else ""))
        if request.path == CLOUD_SIGN_IN:
            if parse_qs(content.decode()).get("apikey") != [self._key]:
                what = {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
                return web.json_response(what, status=400)
            return web.json_response({"access_token": self.new_token(), "token_type": "Bearer"})
        given = json.loads(content)
        if given not in (
            {"username": self._user, "password": self._password},
            {"username": self._user, "api_key": self._key},
        ):
            return web.json_response({"message": "username or password is wrong"}, status=401)
        return web.json_response({"token": self.new_token()})

    def _let_in(self, headers: Mapping[str, str]) -> bool:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        return time.time() <= self.tokens.get(token, 0.0)

    def _payload(self, answer: Answer, body: Body, one: Served) -> dict[str, Any]:
        payload = answer_payload(answer, body, number=one.number, chat=one.path == CHAT)
        return payload if one.path == CHAT else _plain_payload(payload)

    def _error_payload(self, status: int, message: str) -> dict[str, Any]:
        return error_payload(status, CODES.get(status, "stand_in"), message)


def error_payload(status: int, code: str, message: str) -> dict[str, Any]:
    """An error as watsonx words it."""
    more = "https://cloud.ibm.com/apidocs/watsonx-ai"
    entry = {"code": code, "message": message, "more_info": more}
    return {"errors": [entry], "trace": "stand-in", "status_code": status}


def _base64(part: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _plain_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    [choice], usage = payload["choices"], payload["usage"]
    result = {
        "generated_text": choice["text"],
        "generated_token_count": usage["completion_tokens"],
        "input_token_count": usage["prompt_tokens"],
        "stop_reason": STOP_REASONS.get(choice["finish_reason"], choice["finish_reason"]),
    }
    return {
        "model_id": payload.get("model", ""),
        "created_at": "1970-01-01T00:00:00.000Z",
        "results": [result],
    }


def _as_openai(body: Mapping[str, Any]) -> dict[str, Any]:
    """A plain request under the names that whoever answers knows."""
    seed = (body.get("parameters") or {}).get("random_seed")
    return {"model": body.get("model_id", ""), "prompt": body["input"], "seed": seed}
