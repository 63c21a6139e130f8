"""`fms_dgt try`: what is sent, what is shown, and what is said where something is wrong."""

from __future__ import annotations

import json

import pytest

from fms_dgt.testing import Answer, Fault, ModelServer

KEY = "sk-this-is-a-secret"
TASK = """task_name: t
task_description: Jokes about tools.
created_by: me
data_builder: skills_sdg
seed_examples:
  - question: Tell me a joke about a saw.
    answer: I saw it.
"""
LISTED = """
    prompt: |
      Write {{ count }} questions about {{ topic }}, like these: {{ examples | join(", ") }}.
      {{ reply_format }}
    system: You like {{ topic }}.
    reply: {list: question}
    params: {temperature: 0.1}
    """
SCORED = """
    prompt: |
      Judge this. {{ reply_format }}
    reply: {score: {from: 1, to: 3}}
    """
PLAIN = """
    prompt: "The capital of {{ country }} is"
    plain: true
    """


def config(url: str, **more: object) -> str:
    model = json.dumps({"type": "openai", "model": "m", "base_url": url, "api_key": KEY, **more})
    return (
        "databuilders:\n  skills_sdg:\n    blocks:\n"
        f"      - {{name: generator, {model[1:]}\n"
        f"      - {{name: validator, lm_config: {model}}}\n"
    )


@pytest.fixture
def asked(project):
    """`asked("the model's answer", "--template", "x.yaml")`: the result, and what the server was sent."""

    def ask(answer, *argv, files=(), **more):
        made = project(dict(files))
        with ModelServer(lambda body: answer, api_key=KEY).in_thread() as server:
            made.write({"c.yaml": config(server.base_url, **more)})
            result = made.run("try", *argv, "--config-path", "c.yaml")
        assert KEY not in result.stdout + result.stderr
        return result, [one.body for one in server.requests]

    return ask


def test_a_prompt_and_its_answer(asked):
    result, (body,) = asked("Rhine, Elbe, Oder.", "Name three rivers.")
    assert body["messages"] == [{"role": "user", "content": "Name three rivers."}]
    answer, _, figures = result.stdout.partition("\n---\n")
    assert (result.code, answer) == (0, "--- answer\nRhine, Elbe, Oder.")
    assert figures.startswith("openai:m (skills_sdg.generator): ")
    assert figures.endswith(" s, 5 tokens in, 5 out\n")


def test_without_a_prompt_there_is_one(asked):
    _, (body,) = asked("Because.")
    assert body["messages"][0]["content"]


def test_a_teacher_needs_no_config(project):
    result = project({}).run("try", "Hello", "--teacher", "simulated")
    assert result.code == 0
    assert "\nsimulated (teacher): " in result.stdout


def test_nothing_is_written(project):
    made = project({})
    assert made.run("try", "--config-path", "offline").code == 0
    assert list(made.path.iterdir()) == []


def test_flags_go_before_the_block(asked):
    flags = ("--temperature", "0.9", "--top-p", "0.5", "--max-tokens", "7", "--seed", "11")
    _, (body,) = asked("x", "Hello", *flags, temperature=0.1)
    assert {name: body[name] for name in ("temperature", "top_p", "max_tokens", "seed")} == {
        "temperature": 0.9,
        "top_p": 0.5,
        "max_tokens": 7,
        "seed": 11,
    }


def test_a_chat_of_flags(asked):
    argv = ("--user", "a", "--assistant", "b", "--user", "c", "--system", "s", "--show-prompt")
    result, (body,) = asked("d", *argv)
    said = [(message["role"], message["content"]) for message in body["messages"]]
    assert said == [("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "c")]
    assert result.stdout.startswith("--- system\ns\n--- user\na\n--- assistant\nb\n--- user\nc\n")


@pytest.mark.parametrize("wrap", [lambda chat: chat, lambda chat: {"messages": chat}])
def test_a_chat_in_a_file(asked, wrap):
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    _, (body,) = asked("d", "--messages", "chat.json", files={"chat.json": json.dumps(wrap(chat))})
    assert body["messages"] == chat


def test_a_template_is_filled_in_and_its_reply_is_read(asked):
    argv = (
        "--template",
        "listed.yaml",
        "--set",
        "topic=saws",
        "--set",
        'examples=["a", "b"]',
        "--set",
        "count=2",
    )
    reply = "<question>One?</question><question>Two?</question><question>Three?</question>"
    result, (body,) = asked(reply, *argv, files={"listed.yaml": LISTED}, temperature=0.9)
    system, user = (message["content"] for message in body["messages"])
    assert system == "You like saws."
    assert user.startswith("Write 2 questions about saws, like these: a, b.")
    assert body["temperature"] == 0.1
    assert "--- read as 2 items\n1. One?\n2. Two?\nleft out: 1 more than asked for\n" in result.stdout
    assert "template listed)" in result.stdout
    assert result.code == 0


def test_an_item_that_was_cut_off_is_said(asked):
    argv = ("--template", "listed.yaml", "--set", "topic=saws", "--set", "examples=[]")
    reply = Answer("<question>One?</question><question>Two", "length")
    result, _ = asked(reply, *argv, files={"listed.yaml": LISTED})
    assert "--- read as 1 item\n1. One?\nleft out: 1 cut off\n" in result.stdout
    assert "cut off at the token limit" in result.stdout


def test_a_reply_that_cannot_be_read(asked):
    result, _ = asked("I like it.", "--template", "s.yaml", files={"s.yaml": SCORED})
    assert result.code == 1
    assert "--- answer\nI like it.\n--- cannot be read\n" in result.stdout


def test_thoughts_are_shown_where_the_server_gives_them(asked):
    result, _ = asked(Answer("Yes.", message={"reasoning_content": "Hm."}), "Really?")
    assert result.stdout.startswith("--- thinking\nHm.\n--- answer\nYes.\n")


def test_thoughts_in_the_answer_are_no_part_of_what_is_read(asked):
    result, _ = asked("<think>Hm.</think>Yes.", "Really?")
    assert "--- read as\nYes.\n" in result.stdout


def test_a_schema_is_sent_and_shown_where_the_backend_enforces_one(asked):
    argv = ("--template", "s.yaml", "--show-prompt")
    said = '{"reason": "fine", "score": 3}'
    result, (body,) = asked(said, *argv, files={"s.yaml": SCORED}, enforce_schema=True)
    assert "response_format" in body
    assert "--- schema\n{" in result.stdout
    assert '"score": 3' in result.stdout.partition("--- read as\n")[2]


def test_a_plain_template_is_sent_as_it_stands(asked):
    argv = ("--template", "p.yaml", "--set", "country=Peru", "--show-prompt")
    result, (body,) = asked(" Lima.", *argv, files={"p.yaml": PLAIN})
    assert body["prompt"] == "The capital of Peru is"
    assert result.stdout.startswith("--- prompt, as it is sent\nThe capital of Peru is\n")


CHATTER = """
from fms_dgt import Generator

class Chatter(Generator):
    async def generate(self, request): ...
"""


def test_a_plain_template_is_nothing_for_a_backend_that_only_chats(project):
    made = project({"p.yaml": PLAIN, "chat.py": CHATTER})
    words = ("--include", "chat.py", "--teacher", "chatter", "--template", "p.yaml", "--set", "country=Peru")
    result = made.run("try", *words)
    assert result.code == 2
    assert "the template 'p' is plain, and chatter takes chat messages only" in result.stderr


def test_a_template_of_the_builder_by_name(asked):
    values = (
        "--set",
        "instruction=Why?",
        "--set",
        "task_description=Jokes.",
        "--set",
        "examples=[]",
        "--set",
        "taxonomy_path=a",
    )
    result, (body,) = asked("Because.", "--template", "answer_template", *values)
    assert "Why?" in body["messages"][-1]["content"]
    assert "template answer_template)" in result.stdout


def test_a_template_takes_what_a_task_has(asked):
    argv = ("--task-paths", "task.yaml", "--template", "own.yaml")
    files = {"task.yaml": TASK, "own.yaml": 'prompt: "{{ task_description }} {{ examples[0].instruction }}"'}
    _, (body,) = asked("Fine.", *argv, files=files)
    assert body["messages"][-1]["content"] == "Jokes about tools. Tell me a joke about a saw."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("true", "true"),
        ("1e5", "1e5"),
        ("7", "7"),
        ("a=b", "a=b"),
        ('"[x"', "[x"),
        ('{"a": 1}', "{'a': 1}"),
        ("", ""),
    ],
)
def test_a_value_stands_in_the_prompt_as_it_was_said(asked, said, shown):
    argv = ("--template", "own.yaml", "--set", f"x={said}")
    _, (body,) = asked("Fine.", *argv, files={"own.yaml": 'prompt: "<{{ x }}>"'})
    assert body["messages"][-1]["content"] == f"<{shown}>"


def test_a_system_turn_of_ones_own_takes_the_templates_place(asked):
    argv = (
        "--template",
        "listed.yaml",
        "--set",
        "topic=saws",
        "--set",
        "examples=[]",
        "--system",
        "Be brief.",
    )
    _, (body,) = asked("<question>a</question>", *argv, files={"listed.yaml": LISTED})
    assert [message["content"] for message in body["messages"] if message["role"] == "system"] == [
        "Be brief."
    ]


def test_the_first_prompt_of_a_task(asked):
    result, (body,) = asked("?", "--task-paths", "task.yaml", files={"task.yaml": TASK})
    assert "Tell me a joke about a saw." in body["messages"][-1]["content"]
    assert "(t, stage question_template_freeform)" in result.stdout


def test_the_way_of_the_first_unit_is_taken(asked):
    context = "  - {question: Who?, answer: She., context: She did it with a saw.}\n"
    task = TASK.replace("seed_examples:\n", f"seed_examples:\n{context}")
    result, _ = asked("?", "--task-paths", "task.yaml", files={"task.yaml": task})
    assert "(t, stage context_template)" in result.stdout


def test_a_stage_further_on_takes_what_is_missing_by_hand(asked):
    argv = ("--task-paths", "task.yaml", "--stage", "filter_qa_template", "--json")
    values = ("--set", "instruction=Why?", "--set", "response=So.")
    reply = "<reason>fine</reason><score>3</score>"
    result, (body,) = asked(reply, *argv, *values, files={"task.yaml": TASK})
    assert body["temperature"] == 0, "the judge's, not the generator's"
    assert json.loads(result.stdout)["value"] == {"score": 3, "reason": "fine"}


def test_as_json(asked):
    result, _ = asked(Answer("<think>Hm.</think>Yes.", input_tokens=3, output_tokens=4), "Really?", "--json")
    said = json.loads(result.stdout)
    assert said["endpoint"].endswith("/v1 m")
    assert said["seconds"] >= 0
    wanted = {
        "exit_code": 0,
        "type": "openai",
        "model": "m",
        "asked": "skills_sdg.generator",
        "messages": [{"role": "user", "content": "Really?"}],
        "answer": "<think>Hm.</think>Yes.",
        "value": "Yes.",
        "input_tokens": 3,
        "output_tokens": 4,
        "unreadable": "",
        "error": "",
        "tries": 1,
    }
    assert {name: said[name] for name in wanted} == wanted


def test_what_it_costs_where_there_are_prices(asked):
    answer = Answer("x", input_tokens=1_000_000, output_tokens=0)
    result, _ = asked(answer, "Hello", input_price=2, output_price=4)
    assert "costs 2.000000" in result.stdout


FAULTS = {
    "a wrong key": ({"api_key": "another"}, 2, "check the key"),
    "a model that is not there": ({"faults": lambda body, index: Fault(status=404)}, 2, "the model's name"),
    "an error of the server's": ({"faults": lambda body, index: Fault(status=500)}, 1, "answered 500"),
    "no answer": ({"faults": lambda body, index: Fault(hang=True)}, 1, "no answer within 0.3 s"),
}


@pytest.mark.parametrize(("server", "code", "says"), FAULTS.values(), ids=FAULTS)
def test_a_call_that_fails(project, monkeypatch, server, code, says):
    monkeypatch.setattr("fms_dgt.runner.probe.FIRST_DELAY", 0.01)
    made = project({})
    with ModelServer(**server).in_thread() as running:
        made.write({"c.yaml": config(running.base_url)})
        argv = ("try", "Hello", "--config-path", "c.yaml", "--timeout", "0.3")
        result, as_json = made.run(*argv), made.run(*argv, "--json")
    assert (result.code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1].startswith("error: openai:m: ")
    assert says in result.stderr
    said = json.loads(as_json.stdout)
    assert said["exit_code"] == as_json.code == code
    assert says in said["error"]
    assert KEY not in result.stderr + as_json.stdout + as_json.stderr


def test_a_key_that_is_missing_is_told_before_the_call(project, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    result = project({}).run("try", "Hello", "--teacher", "openai:m")
    assert result.code == 2
    assert result.stderr.startswith("error: the openai generator has no key for")


def test_builders_that_differ_must_be_told_apart(project):
    other = "databuilders:\n  knowledge_sdg: {blocks: [{name: generator, type: simulated}]}\n"
    own = config("http://127.0.0.1:9/v1").removeprefix("databuilders:\n")
    made = project({"c.yaml": other + own})
    result = made.run("try", "Hello", "--config-path", "c.yaml")
    assert result.code == 2
    assert (
        "different models play 'generator'; name one of these with --builder: knowledge_sdg, skills"
        in result.stderr
    )
    assert made.run("try", "Hello", "--config-path", "c.yaml", "--builder", "knowledge_sdg").code == 0


TASKED = ("--config-path", "offline", "--task-paths", "task.yaml")
WRONG = {
    "no model": (("Hello",), "nothing says which model is meant"),
    "two questions": (
        ("Hello", "--template", "s.yaml", "--teacher", "simulated"),
        "the prompt and --template say two things to ask; leave one of them out",
    ),
    "a chat that ends with an answer": (
        ("--user", "a", "--assistant", "b", "--teacher", "simulated"),
        "the chat ends with --assistant; add what is asked with --user",
    ),
    "a role that nobody plays": (
        ("--config-path", "offline", "--role", "genrator"),
        "--role: no model plays 'genrator'; did you mean 'generator'?",
    ),
    "a template that is not there": (
        ("--config-path", "offline", "--template", "answer_tmplate"),
        "--template: there is no template 'answer_tmplate'; did you mean 'answer_template'?",
    ),
    "values that are missing": (
        ("--config-path", "offline", "--template", "listed.yaml"),
        "the template 'listed' needs examples, topic; --set examples=... --set topic=...",
    ),
    "no value": (("--teacher", "simulated", "--template", "s.yaml", "--set", "x"), "--set: 'x' sets nothing"),
    "a value that is not JSON": (
        ("--teacher", "simulated", "--template", "listed.yaml", "--set", "examples=[1"),
        "--set: examples: is not JSON",
    ),
    "a count that is none": (
        ("--teacher", "simulated", "--template", "s.yaml", "--set", "count=0"),
        "--set: count: must be a whole number, 1 or more, not '0'",
    ),
    "a system turn for a plain template": (
        ("--config-path", "offline", "--template", "p.yaml", "--system", "x", "--set", "country=Peru"),
        "--system: the template 'p' is plain, and has no system turn; leave it out",
    ),
    "values for nothing": (("--teacher", "simulated", "--set", "a=b"), "--set fills in a template"),
    "a stage without a task": (
        ("--config-path", "offline", "--stage", "x"),
        "no task is named to fill it in from; name one of the builder's: fms_dgt try TASK",
    ),
    "a stage that is not there": (
        (*TASKED, "--stage", "answer_tmplate"),
        "--stage: no stage 'answer_tmplate' of t asks with a template; did you mean 'answer_template'?",
    ),
    "a stage that needs answers": (
        (*TASKED, "--stage", "answer_template"),
        "the template 'answer_template' needs instruction; --set instruction=...",
    ),
    "a temperature out of range": (
        ("--teacher", "simulated", "--temperature", "9"),
        "the command line: --temperature: is 9.0; it must be 2 or less",
    ),
    "a file of messages that is not there": (
        ("--teacher", "simulated", "--messages", "x.json"),
        "--messages: there is no file 'x.json'",
    ),
    "a file without messages": (
        ("--teacher", "simulated", "--messages", "task.yaml"),
        "task.yaml: is not JSON",
    ),
    "messages of another form": (
        ("--teacher", "simulated", "--messages", "odd.json"),
        "odd.json: is not a list of messages with 'role' and 'content'; write [",
    ),
}


@pytest.mark.parametrize(("argv", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_asked(project, argv, says):
    files = {
        "task.yaml": TASK,
        "p.yaml": PLAIN,
        "s.yaml": SCORED,
        "listed.yaml": LISTED,
        "odd.json": '[{"role": "me"}]',
    }
    result = project(files).run("try", *argv)
    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr


def test_an_answer_can_do_nothing_to_a_terminal(asked) -> None:
    result, _ = asked("plain \x1b]0;title\x07 \x1b[2J\r\n👩\N{ZERO WIDTH JOINER}👧 end", "hi")
    assert "plain \\x1b]0;title\\x07 \\x1b[2J\n👩\N{ZERO WIDTH JOINER}👧 end\n" in result.stdout
    assert "\x1b" not in result.stdout
