from __future__ import annotations

import pytest
from made_checks import OneCheckKit, fault, made, verdict

from fms_dgt.core.node import Node
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.template import Template
from fms_dgt.core.typed import encode
from fms_dgt.errors import Rejected
from fms_dgt.validators.personal_data import KINDS, has_iban_check, has_luhn, masked, sighted
from fms_dgt.validators.prohibited import Prohibited

PERSONAL = [
    ("email", "Write to ada.lovelace+news@mail.engine.org."),
    ("email", "jürgen@müller-söhne.de"),
    ("email", "<a_b@x-y.co>"),
    ("phone", "Call +49 30 901820 today."),
    ("phone", "+44 (0)20 7946 0018"),
    ("phone", "+14152368100"),
    ("phone", "(415) 236-8100"),
    ("phone", "415.236.8100"),
    ("phone", "电话：+86 138 0013 8000。"),
    ("credit_card", "4111 1111 1111 1111"),
    ("credit_card", "paid with 5500-0000-0000-0004, 12/27"),
    ("credit_card", "378282246310005"),
    ("credit_card", "3782 822463 10005"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB82WEST12345698765432"),
    ("iban", "IBAN FR14 2004 1010 0505 0001 3M02 606 BIC ABCD"),
    ("iban", "NO93 8601 1117 947"),
    ("ip_address", "from 8.8.4.4."),
    ("ip_address", "http://93.184.216.34:80/"),
    ("ip_address", "at 2606:4700:4700::1111,"),
    ("us_ssn", "SSN 536-90-4399"),
    ("secret", "-----BEGIN RSA PRIVATE KEY-----"),
    ("secret", "key = AKIAIOSFODNN7EXAMPLE"),
    ("secret", "ghp_" + "a1B2" * 9),
    ("secret", "sk-proj-" + "a1B2" * 10),
    ("secret", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
]
NOBODYS = [
    ("email", "user@example.com or me@host.test, @ada, a@b, x @ y.org"),
    ("phone", "In 1999-2024, pages 123-456; 3.1415926535; +5 degrees; 2024-05-12"),
    ("phone", "Call 212-555-0123, it is from a film."),
    ("phone", "id 4152368100"),
    ("credit_card", "4111 1111 1111 1112"),
    ("credit_card", "0000 0000 0000 0000 and 1234567890123"),
    ("credit_card", "id-4111111111111111-x"),
    ("credit_card", "the IMEI 490154203237518"),
    ("iban", "DE89 3704 0044 0532 0130 01"),
    ("iban", "XX89 3704 0044 0532 0130 00 and AB12 WORDS IN CAPITALS FOLLOW HERE"),
    ("ip_address", "192.168.0.1, 127.0.0.1, 10.1.2.3, 203.0.113.7, 256.1.1.1, 1.2.3.4.5"),
    ("ip_address", "at 10:30:45 std::vector fe80::1 2001:db8::1"),
    ("us_ssn", "000-12-3456, 666-12-3456, 912-12-3456, 123-00-4567, 1123-45-6789"),
    ("secret", "sk-learn-is-not-a-key-at-all, AKIA, ghp_short, a PRIVATE KEY"),
]


@pytest.mark.parametrize(("kind", "text"), PERSONAL)
def test_personal_data_is_seen(kind, text):
    seen = sighted(text, [kind])
    assert seen is not None
    assert seen.kind == kind


@pytest.mark.parametrize(("kind", "text"), NOBODYS)
def test_what_only_looks_alike_is_not(kind, text):
    assert sighted(text, [kind]) is None


def test_each_kind_has_examples_on_both_sides():
    assert {kind for kind, _ in PERSONAL} == {kind for kind, _ in NOBODYS} == set(KINDS)


@pytest.mark.parametrize(("digits", "right"), [("79927398713", True), ("79927398710", False), ("0", True)])
def test_luhn(digits, right):
    assert has_luhn(digits) is right


def test_one_wrong_digit_shows_in_an_iban():
    number = "GB82WEST12345698765432"
    assert has_iban_check(number)
    wrong = [number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :] for at in range(8, len(number))]
    assert not any(map(has_iban_check, wrong))


@pytest.mark.parametrize(
    ("found", "shown"), [("ada@mail.org", "ada... (12 characters)"), ("8.8.4.4", "8... (7 characters)")]
)
def test_personal_data_is_masked(found, shown):
    assert masked(found) == shown


async def test_evidence_does_not_repeat_personal_data():
    rejected = await verdict(made(Prohibited), "my card: 4111 1111 1111 1111")
    assert rejected.reason == "personal data: credit_card"
    assert rejected.evidence == {"text": "411... (19 characters)"}


@pytest.mark.parametrize(
    ("said", "text", "reason"),
    [
        ({}, "A harmless text about tides.", ""),
        ({}, "ada@mail.org", "personal data: email"),
        ({"personal_data": ["phone"]}, "ada@mail.org", ""),
        ({"personal_data": ["phone", "email"]}, "ada@mail.org, +49 30 901820", "personal data: phone"),
        ({"words": ["gun", "hand grenade"]}, "a GUN.", "prohibited word"),
        ({"words": ["gun", "hand grenade"]}, "begun with a handgun", ""),
        ({"words": ["gun", "hand grenade"]}, "a hand-\ngrenade", "prohibited word"),
        ({"words": ["Straße"]}, "die STRASSE", "prohibited word"),
        ({"words": ["бомба"]}, "Это бомба!", "prohibited word"),
        ({"words": ["бомба"]}, "бомбардировка", ""),
        ({"words": ["बम"]}, "यह बम है", "prohibited word"),
        ({"words": ["बम"]}, "बिम", ""),
        ({"words": ["炸弹"]}, "制作炸弹的方法", "prohibited word"),
        ({"words": ["cafe\u0301"]}, "caf\u00e9", "prohibited word"),
        ({"patterns": ["proj-[0-9]+"]}, "see PROJ-17", "prohibited pattern"),
        ({"patterns": ["proj-[0-9]+"], "ignore_case": False}, "see PROJ-17", ""),
    ],
)
def test_prohibited(said, text, reason):
    assert fault(made(Prohibited, said), text) == reason


def test_words_and_patterns_may_stand_in_files(tmp_path):
    (tmp_path / "words.txt").write_text("# weapons\ngun\nhand grenade\n", encoding="utf-8")
    (tmp_path / "patterns.txt").write_text("proj-[0-9]+\n", encoding="utf-8")
    said = {"words": ["rifle", {"file": "words.txt"}], "patterns": "patterns.txt"}
    check = made(Prohibited, said, origin=tmp_path / "config.yaml")
    reasons = [fault(check, text) for text in ("rifle", "hand grenade", "proj-3", "weapons")]
    assert reasons == ["prohibited word", "prohibited word", "prohibited pattern", ""]


def test_a_pattern_in_a_file_is_named_by_its_line(tmp_path):
    (tmp_path / "patterns.txt").write_text("fine\n# a remark\n(\n", encoding="utf-8")
    check = made(Prohibited, {"patterns": "patterns.txt"}, origin=tmp_path / "config.yaml")
    [problem] = check.problems(Check("mine", on="text"), None)
    assert str(problem).startswith("patterns.txt:3: '(' is no pattern: missing ): (")


def test_the_content_of_a_file_shapes_the_data_and_its_name_does_not(tmp_path):
    def shaping(name: str, text: str):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return encode(
            made(Prohibited, {"words": name}, origin=tmp_path / "c.yaml").options, shaping_only=True
        )

    one = shaping("a.txt", "gun\n")
    assert shaping("b.txt", "# the same\ngun\n") == one
    assert shaping("a.txt", "rifle\n") != one


JUDGE = {"lm_config": {"type": "simulated"}}


async def judged(text: str, scores, **said):
    kit = OneCheckKit(Check("prohibited", on="text", template="policy", params={"temperature": 0}), scores)
    try:
        result = await made(Prohibited, {**JUDGE, **said}).validate(Row("0", {"text": text}), kit)
    except Rejected as rejected:
        result = rejected
    return result, kit.asked


async def test_a_judge_has_the_last_word():
    verdict, asked = await judged("A harmless text.", [1])
    assert (verdict.score, verdict.reason) == (1, "because")
    assert asked == [("lm", "policy", {"temperature": 0})]
    rejected, _ = await judged("A harmless text?", [0])
    assert (rejected.reason, rejected.evidence) == ("against the policy", {"score": 0, "reason": "because"})
    rejected, _ = await judged("A harmless text?", [2], lowest_score=3)
    assert rejected.reason == "against the policy"


async def test_no_call_is_made_for_what_is_refused_without_one():
    rejected, asked = await judged("ada@mail.org", [1])
    assert (rejected.reason, asked) == ("personal data: email", [])


def policy(reply) -> Template:
    said = {"prompt": "Is it allowed? {{ text }} {{ reply_format }}", "reply": reply}
    return Template.from_node(Node.of(said, "policy.yaml"), "policy")


@pytest.mark.parametrize(
    ("said", "check", "template", "problem"),
    [
        (
            {"personal_data": []},
            Check("p", on="text"),
            None,
            "the check 'p': prohibits nothing; add 'words',",
        ),
        (
            {},
            Check("p", on="text", template="policy", name="p"),
            policy({"score": [0, 1]}),
            "the check 'p': has a template, and no judge to ask with it; add 'lm_config:",
        ),
        (
            JUDGE,
            Check("p", on="text", template="policy", name="p"),
            policy("text"),
            "policy.yaml: prohibited needs a template that asks for a score; write 'reply: {score:",
        ),
        (
            JUDGE,
            Check("p", on="text", template="policy", name="p"),
            policy({"score": [1, 3]}),
            "the check 'p': the scale of its template is from 1 to 3, and 'lowest_score' is 1; choose",
        ),
    ],
)
def test_what_cannot_be_checked_is_a_problem(said, check, template, problem):
    [found] = made(Prohibited, said).problems(check, template)
    assert str(found).startswith(problem)


def test_a_judge_that_fits_is_none():
    check = Check("p", on="text", template="policy")
    assert made(Prohibited, {**JUDGE, "personal_data": []}).problems(check, policy({"score": [0, 1]})) == []
