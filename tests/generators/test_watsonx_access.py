from __future__ import annotations

import asyncio
import json
import logging
import threading

import pytest
from watsonx_calls import certificates_fixture, no_environment, stand_in_fixture  # noqa: F401
from watsonx_calls import (
    HELLO,
    KEY,
    PASSWORD,
    asked,
    failure_of,
    generator,
)

from fms_dgt.core.generator import shaping
from fms_dgt.core.typed import encode
from fms_dgt.errors import (
    BadResponse,
    ConnectionFailed,
    EveryCallFails,
    Overloaded,
    SetupError,
)
from fms_dgt.generators.watsonx import service
from fms_dgt.generators.watsonx.generator import WatsonxGenerator
from fms_dgt.generators.watsonx.access import (
    REGIONS,
    WatsonxOptions,
    access_of,
)
from fms_dgt.testing import Fault

PAK = {"username": "user"}
WAYS_IN = [
    {"api_key": KEY},
    {**PAK, "password": PASSWORD},
    {**PAK, "api_key": KEY},
    {**PAK, "password": PASSWORD, "version": "5.3", "instance_id": "openshift"},
]


@pytest.mark.parametrize("way", WAYS_IN)
async def test_ways_to_sign_in(stand_in, way):
    async with stand_in() as server:
        assert generator(server, **way).check() == []
        assert (await asked(server, **way)).text == "hello"
        assert server.sign_ins == 1


async def test_a_sign_of_life_is_the_sign_in_that_calls_need_anyway(stand_in):
    async with stand_in() as server:
        one = generator(server)
        await one.open()
        await one.ping()
        assert server.sign_ins == 1
        await one.ping()
        assert (await one.generate(HELLO)).text == "hello"
        await one.close()
        assert server.sign_ins == 1


@pytest.mark.parametrize("place", ["cloud", "pak"])
async def test_a_token_in_place_of_a_key(stand_in, place):
    async with stand_in() as server:
        options = {"api_key": None, **(server.cloud if place == "cloud" else dict.fromkeys(server.cloud))}
        assert (await asked(server, token=server.new_token(), **options)).text == "hello"
        assert server.sign_ins == 0


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ({"api_key": "wrong-key-here"}, "Provided API key could not be found"),
        ({**PAK, "password": "wrong-password"}, "username or password is wrong"),
        ({**PAK, "api_key": "wrong-key-here"}, "username or password is wrong"),
        (
            {"token": "a.wrong.token"},
            "answered 401: Incorrect API key provided; check the key or token",
        ),
    ],
)
async def test_wrong_credentials(stand_in, way, said):
    server = stand_in()
    failed = await failure_of(server, **way)
    assert type(failed) is EveryCallFails
    assert said in str(failed)
    assert not [secret for secret in way.values() if secret != "user" and secret in str(failed)]


SIGN_IN_FAULTS = [
    (Fault(status=429, headers={"Retry-After": "7"}), Overloaded),
    (Fault(status=503), Overloaded),
    (Fault(status=500, body="oops"), ConnectionFailed),
    (Fault(status=403, body="no"), EveryCallFails),
    (Fault(hang=True), ConnectionFailed),
    (Fault(raw=b""), ConnectionFailed),
    (Fault(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), ConnectionFailed),
    (Fault(body="no JSON"), BadResponse),
    (Fault(body="{}"), BadResponse),
    (Fault(body='{"access_token": "no-jwt", "token": "no-jwt"}'), BadResponse),
]


@pytest.mark.parametrize(("fault", "kind"), SIGN_IN_FAULTS)
@pytest.mark.parametrize("way", [{}, {**PAK, "api_key": KEY}])
async def test_faults_of_the_sign_in(stand_in, fault, kind, way, monkeypatch):
    monkeypatch.setattr(service, "SIGN_IN_SECONDS", 0.5)
    failed = await failure_of(stand_in(sign_in_faults=lambda _: fault), **way)
    assert type(failed) is kind
    assert failed.retry_after == (7 if "Retry-After" in fault.headers else None)


async def test_calls_share_one_sign_in_and_the_next_tries_again(stand_in):
    faults = {0: Fault(status=503)}
    async with stand_in(sign_in_faults=faults.get) as server:
        one = generator(server)
        await one.open()
        assert server.sign_ins == 0
        failed = await asyncio.gather(*(one.generate(HELLO) for _ in range(20)), return_exceptions=True)
        assert [type(error) for error in failed] == [Overloaded] * 20
        assert server.sign_ins == 1
        await asyncio.gather(*(one.generate(HELLO) for _ in range(20)))
        assert server.sign_ins == 2
        await one.close()


async def test_a_cancelled_call_takes_no_sign_in_from_the_others(stand_in):
    async with stand_in() as server:
        one = generator(server)
        await one.open()
        first, second = (asyncio.ensure_future(one.generate(HELLO)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).text == "hello"
        assert server.sign_ins == 1
        await one.close()


@pytest.mark.parametrize("way", [{}, {**PAK, "api_key": KEY}])
async def test_a_token_is_renewed_during_a_run(stand_in, way):
    def seconds(number: int) -> float:
        server.tokens.clear()  # with a second token, the first is refused
        return 30 if number == 1 else 3600

    async with stand_in(token_seconds=seconds) as server:
        one = generator(server, **way)
        await one.open()
        for _ in range(2):
            await asyncio.gather(*(one.generate(HELLO) for _ in range(20)))
        assert server.sign_ins == 2
        assert server.ledger.statuses == {200: 40}
        await one.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=429, headers={"Retry-After": "7"}), Overloaded),
        (Fault(status=400), EveryCallFails),
        (Fault(status=500), ConnectionFailed),
    ],
)
@pytest.mark.parametrize("way", [{}, {**PAK, "api_key": KEY}])
async def test_a_renewal_that_fails(stand_in, way, fault, kind):
    faults = {1: fault}
    async with stand_in(token_seconds=30, sign_in_faults=faults.get) as server:
        one = generator(server, **way)
        await one.open()
        with pytest.raises(kind):
            await one.generate(HELLO)
        assert (await one.generate(HELLO)).text == "hello"
        await one.close()


async def test_a_token_that_ends_before_its_time(stand_in):
    async with stand_in() as server:
        one = generator(server)
        await one.open()
        await one.generate(HELLO)
        server.tokens.clear()
        failed = await asyncio.gather(*(one.generate(HELLO) for _ in range(20)), return_exceptions=True)
        assert [type(error) for error in failed] == [ConnectionFailed] * 20
        await asyncio.gather(*(one.generate(HELLO) for _ in range(20)))
        assert server.sign_ins == 2
        await one.close()


async def test_a_token_that_was_never_good_ends_the_run(stand_in):
    faults = lambda *_: Fault(status=401)
    async with stand_in(faults=faults) as server:
        one = generator(server)
        await one.open()
        for _ in range(2):
            with pytest.raises(EveryCallFails):
                await one.generate(HELLO)
        await one.close()


async def test_closing_does_not_wait_for_a_sign_in_that_hangs(stand_in):
    async with stand_in(sign_in_faults=lambda _: Fault(hang=True)) as server:
        one = generator(server)
        await one.open()
        call = asyncio.ensure_future(one.generate(HELLO))
        while not server.sign_ins:
            await asyncio.sleep(0.01)
        await one.close()
        with pytest.raises(asyncio.CancelledError):
            await call
        signing_in = [thread for thread in threading.enumerate() if "in_daemon" in thread.name]
        assert [thread.daemon for thread in signing_in] == [True]


READY = {"model_id_or_path": "m", "region": "eu-de", "project_id": "p", "api_key": "k"}
NO_URL = "the watsonx generator has no URL; set WATSONX_URL, or write 'region: us-south', say, or 'url: https://...'"
NO_PROJECT = (
    "the watsonx generator has no project; "
    "set WATSONX_PROJECT_ID (or WATSONX_SPACE_ID), or write 'project_id: ...'"
)
PAK_MEND = "set WATSONX_USERNAME and WATSONX_PASSWORD (or WATSONX_API_KEY), or WATSONX_TOKEN"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (READY, []),
        ({**READY, "api_key": None, "token": "t"}, []),
        ({**READY, "project_id": None, "space_id": "s"}, []),
        ({**READY, "region": None, "url": "https://cpd.example.com", "username": "u"}, []),
        (
            {},
            ["the watsonx generator has no model; add 'model_id_or_path: ...'", NO_URL, NO_PROJECT],
        ),
        ({**READY, "region": None}, [NO_URL]),
        (
            {**READY, "region": "eu-dee"},
            [
                "the watsonx generator does not know the region 'eu-dee'; did you mean 'eu-de'? "
                f"known: {', '.join(sorted(REGIONS))}; or give 'url'"
            ],
        ),
        (
            {**READY, "region": None, "url": "http://user:hunter22@eu-de.ml.cloud.ibm.com"},
            [
                "the watsonx generator's URL 'eu-de.ml.cloud.ibm.com' is not a URL of a server; "
                "it must begin with 'https://'"
            ],
        ),
        (
            {**READY, "api_key": None},
            [
                "the watsonx generator has no key for https://eu-de.ml.cloud.ibm.com; "
                "set WATSONX_API_KEY (or WATSONX_TOKEN)"
            ],
        ),
        (
            {**READY, "region": None, "url": "https://cpd.example.com"},
            [f"the watsonx generator has no user for the Cloud Pak at https://cpd.example.com; {PAK_MEND}"],
        ),
        (
            {**READY, "region": None, "url": "https://cpd.example.com", "api_key": None, "username": "u"},
            [
                f"the watsonx generator has no password for the Cloud Pak at https://cpd.example.com; {PAK_MEND}"
            ],
        ),
        (
            {**READY, "space_id": "s"},
            ["the watsonx generator is given a project and a space; keep 'project_id' or 'space_id'"],
        ),
        (
            {**READY, "verify": "no-such.pem"},
            [
                "the watsonx generator finds no file 'no-such.pem'; 'verify' names a file of certificates to trust"
            ],
        ),
    ],
)
def test_what_check_finds(options, expected):
    assert [str(problem) for problem in WatsonxGenerator(WatsonxOptions(**options)).check()] == expected


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ({}, {"WATSONX_API_KEY": "a\n", "WATSONX_APIKEY": "b"}, {"api_key": "a"}),
        ({}, {"WATSONX_APIKEY": "b"}, {"api_key": "b"}),
        ({"api_key": "o"}, {"WATSONX_API_KEY": "a", "WATSONX_TOKEN": "t"}, {"api_key": "o", "token": ""}),
        ({"token": "o"}, {"WATSONX_API_KEY": "a"}, {"api_key": "", "token": "o"}),
        ({}, {"WATSONX_TOKEN": "t"}, {"api_key": "", "token": "t"}),
        ({}, {"USER_ACCESS_TOKEN": "t"}, {"token": "t"}),
        ({}, {"WATSONX_API_KEY": "a", "WATSONX_TOKEN": "t"}, {"api_key": "a", "token": ""}),
        ({}, {"WATSONX_USERNAME": "u", "WATSONX_PASSWORD": "p"}, {"username": "u", "password": "p"}),
        ({}, {"WATSONX_URL": "https://h/", "WATSONX_REGION": "eu-de"}, {"url": "https://h"}),
        ({"region": "eu-de"}, {"WATSONX_URL": "https://h"}, {"url": REGIONS["eu-de"]}),
        ({"url": "https://o"}, {"WATSONX_REGION": "eu-de"}, {"url": "https://o"}),
        ({}, {"WATSONX_PROJECT_ID": "p", "WATSONX_SPACE_ID": "s"}, {"project_id": "p", "space_id": ""}),
        ({}, {"WATSONX_SPACE_ID": "s"}, {"project_id": "", "space_id": "s"}),
        ({"space_id": "o"}, {"WATSONX_PROJECT_ID": "p"}, {"project_id": "", "space_id": "o"}),
        ({}, {"WX_CLIENT_VERIFY_REQUESTS": "False"}, {"verify": False}),
        ({"verify": True}, {"WX_CLIENT_VERIFY_REQUESTS": "False"}, {"verify": True}),
        ({}, {}, {"verify": True, "url": "", "api_key": ""}),
    ],
)
def test_options_and_environment(options, environment, expected):
    access = access_of(WatsonxOptions(**options), environment)
    assert {name: getattr(access, name) for name in expected} == expected


async def test_the_environment_is_the_default(stand_in, monkeypatch):
    async with stand_in() as server:
        monkeypatch.setenv("WATSONX_API_KEY", KEY)
        monkeypatch.setenv("WATSONX_PROJECT_ID", "p")
        monkeypatch.setenv("WATSONX_URL", server.url + "/")
        options = {"url": None, "api_key": None, "project_id": None}
        one = generator(server, **options)
        assert one.check() == []
        assert one.endpoint == f"{server.url} p tiny"
        assert (await asked(server, **options)).text == "hello"


@pytest.mark.parametrize("way", [{}, {**PAK, "password": PASSWORD}])
@pytest.mark.parametrize("where", ["call", "sign-in"])
@pytest.mark.parametrize("fault", [{"status": 400}, {"status": 401}, {"status": 500}, {"status": 200}])
async def test_no_secret_is_in_an_error_or_a_log(stand_in, caplog, where, fault, way):
    caplog.set_level(logging.DEBUG, "ibm_watsonx_ai")

    def echo(*_) -> Fault:
        return Fault(
            body=f"secrets: {KEY}, {PASSWORD}, Bearer {[*server.tokens, 'none'][0]}, the end", **fault
        )

    server = stand_in(**{"faults" if where == "call" else "sign_in_faults": echo})
    failed = await failure_of(server, **way)
    given = PASSWORD if way else KEY
    for text in (str(failed), caplog.text):
        assert given not in text
        assert not [token for token in server.tokens if token in text]
    assert failed.__cause__ is not None


def test_secrets_are_in_no_listing():
    options = WatsonxOptions(
        model_id_or_path="m",
        url="https://user:hunter22@h?key=x",
        api_key=KEY,
        token="other-secret",
        password=PASSWORD,
    )
    one = WatsonxGenerator(options)
    texts = (repr(options), json.dumps(encode(options)), json.dumps(shaping(one)), repr(one))
    for text in (*texts[:1], texts[2], texts[3], one.endpoint, repr(one._access)):
        assert not [secret for secret in (KEY, PASSWORD, "other-secret") if secret in text]
    assert "hunter22" not in one.endpoint + repr(one._access)


def test_what_shapes_answers():
    shaped = shaping(WatsonxGenerator(WatsonxOptions(model_id_or_path="m", url="https://h", timeout=3)))
    assert set(shaped) == {
        "model_id_or_path",
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
        "top_k",
        "min_p",
        "repetition_penalty",
        "frequency_penalty",
        "presence_penalty",
        "dry_multiplier",
        "min_new_tokens",
        "decoding_method",
        "random_seed",
        "enforce_schema",
        "api",
    }


async def test_a_file_of_certificates_that_is_none(stand_in, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(SetupError, match=r"no certificates can be read from '.*ca\.pem'"):
        await generator(stand_in(), verify=str(tmp_path / "ca.pem")).open()
