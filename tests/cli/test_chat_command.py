"""`fms_dgt chat`: what is sent, what is shown, what is saved, and how it ends."""

from __future__ import annotations

import io
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time

import pytest
import yaml

from fms_dgt.testing import Answer, Fault, ModelServer

KEY = "sk-this-is-a-secret"


def config(url: str, **more: object) -> str:
    model = json.dumps({"type": "openai", "model": "m", "base_url": url, "api_key": KEY, **more})
    return f"databuilders:\n  skills_sdg:\n    blocks:\n      - {{name: generator, {model[1:]}\n"


def last_question(body):
    return body["messages"][-1]["content"]


@pytest.fixture
def chat(project, monkeypatch):
    """`chat("Hi\\n/quit\\n", answer, "--flag")`: the result, the chats that the server was sent, the project."""

    def talk(typed, answer=lambda body: f"You said: {last_question(body)}", *argv, faults=None, **more):
        made = project({})
        with ModelServer(answer, api_key=KEY, faults=faults).in_thread() as server:
            made.write({"c.yaml": config(server.base_url, **more)})
            monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
            result = made.run("chat", *argv, "--config-path", "c.yaml")
        assert KEY not in result.stdout + result.stderr
        return result, [one.body for one in server.requests], made

    return talk


def turns(body) -> list[str]:
    return [f"{turn['role']}: {turn['content']}" for turn in body["messages"]]


def test_each_turn_is_sent_with_all_before_it(chat):
    result, sent, _ = chat("Hi\nAnd you?\n")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == "You said: Hi\nYou said: And you?\n"
    assert [turns(body) for body in sent] == [
        ["user: Hi"],
        ["user: Hi", "assistant: You said: Hi", "user: And you?"],
    ]


def test_the_system_turn_and_beginning_anew(chat):
    typed = "One\n/system Be brief.\nTwo\n/reset\nThree\n/reset all\nFour\n"
    result, sent, _ = chat(typed, lambda body: "ok", "--system", "Be kind.")
    assert [turns(body) for body in sent] == [
        ["system: Be kind.", "user: One"],
        ["system: Be brief.", "user: One", "assistant: ok", "user: Two"],
        ["system: Be brief.", "user: Three"],
        ["user: Four"],
    ]
    assert "system: Be brief." in result.stderr


def test_sampling_and_role(chat):
    _, sent, _ = chat("Hi\n", lambda body: "ok", "--temperature", "0.2", "--max-tokens", "9", "--seed", "5")
    assert (sent[0]["temperature"], sent[0]["max_tokens"], sent[0]["seed"]) == (0.2, 9, 5)
    result, sent, _ = chat("Hi\n", lambda body: "ok", "--role", "judge")
    assert (result.code, sent) == (2, [])
    assert "no model plays 'judge'" in result.stderr


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("one\\\ntwo\\\nthree\n", "one\ntwo\nthree"),
        ('"""\none\n\n/quit\n"""\n', "one\n\n/quit"),
        ('"""\none\ntwo', "one\ntwo"),
        ("one\\", "one"),
        ("//usr/bin\n", "/usr/bin"),
        ("windows\r\n", "windows"),
        ("no end", "no end"),
    ],
)
def test_turns_of_more_than_a_line(chat, typed, text):
    _, sent, _ = chat(typed, lambda body: "ok")
    assert [turns(body) for body in sent] == [[f"user: {text}"]]


def test_blank_lines_are_no_turns(chat):
    result, sent, _ = chat("\n   \nHi\n\n", lambda body: "ok")
    assert (result.code, len(sent)) == (0, 1)


def test_a_saved_task_passes_the_check(chat):
    typed = 'Name a fruit.\n"""\nTwo\nlines: #\n"""\n/save pets.yaml\n/save pets.yaml\n'
    result, _, made = chat(typed, lambda body: f"- {last_question(body)}:\x1b[31m")
    assert "wrote pets.yaml: 2 seed examples" in result.stderr
    assert "error: pets.yaml: is there already; name another file" in result.stderr
    task = yaml.safe_load((made.path / "pets.yaml").read_text())
    assert task["seed_examples"] == [
        {"question": "Name a fruit.", "answer": "- Name a fruit.:\x1b[31m"},
        {"question": "Two\nlines: #", "answer": "- Two\nlines: #:\x1b[31m"},
    ]
    checked = made.run("--task-paths", "pets.yaml", "--config-path", "offline", "--check")
    assert checked.code == 0, checked.stderr
    assert checked.stdout.startswith("pets: skills_sdg")


def cut_off(body):
    question = last_question(body)
    return Answer(f"About {question} and", "length") if question.startswith("Long") else f"It is {question}."


def test_answers_that_were_cut_off_are_no_seed_examples(chat):
    typed = "Long one\nShort one\nLong two\n/save pets.yaml\n/save pets.json\n"
    result, _, made = chat(typed, cut_off)
    assert (
        "wrote pets.yaml: 1 seed example; 2 answers cut off at the token limit left out; say in it"
        in result.stderr
    )
    assert "wrote pets.json: 6 messages; 2 answers among them cut off at the token limit" in result.stderr
    seeds = yaml.safe_load(made.read("pets.yaml"))["seed_examples"]
    assert seeds == [{"question": "Short one", "answer": "It is Short one."}]


def test_a_chat_of_answers_that_were_cut_off_is_no_task(chat):
    result, _, made = chat("Long one\n/save pets.yaml\n", cut_off)
    assert "each answer was cut off at the token limit" in result.stderr
    assert "--max-tokens" in result.stderr
    assert not (made.path / "pets.yaml").exists()


@pytest.mark.parametrize(
    ("typed", "file", "name"),
    [
        ("my pets.yaml", "my pets.yaml", "my pets"),
        ("'my pets.yaml'", "my pets.yaml", "my pets"),
        ('"pets.yml"', "pets.yml", "pets"),
        ("it's.yaml", "it's.yaml", "it's"),
        ("back\\slash.yaml", "back\\slash.yaml", "chat"),
        ("-x.yaml", "-x.yaml", "-x"),
    ],
)
def test_odd_names_of_files(chat, typed, file, name):
    result, _, made = chat(f"Hi\n/save {typed}\n", lambda body: "ok")
    assert yaml.safe_load(made.read(file))["task_name"] == name
    said = result.stderr.partition("next:  fms_dgt ")[2].splitlines()[0]
    checked = made.run(*shlex.split(said), "--config-path", "offline")
    assert checked.code == 0, checked.stderr


def test_the_home_folder(chat, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    chat("Hi\n/save ~/pets.json\n", lambda body: "ok")
    assert (tmp_path / "pets.json").is_file()


def test_saved_messages_are_a_chat_for_try(chat):
    result, _, made = chat("Hi\n/save c.json\n", lambda body: "ok", "--system", "Be kind.")
    assert "wrote c.json: 3 messages" in result.stderr
    assert json.loads((made.path / "c.json").read_text()) == {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "ok"},
        ]
    }


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("/save a.yaml\n", "nothing was answered yet"),
        ("Hi\n/save\n", "/save needs the name of a file"),
        ("Hi\n/save a.txt\n", "let it end in .yaml for a task, or .json for the messages"),
        ("Hi\n/save a\n", "error: a: the file's ending says what is saved; let it end in .yaml for a task"),
        ("Hi\n/save .yaml\n", "let it end in .yaml for a task"),
        ("Hi\n/save .\n", "error: .: is a folder; name a file in it"),
        ("Hi\n/save c.yaml\n", "c.yaml: is there already; name another file"),
        ("Hi\n/save no/such/folder.yaml\n", "cannot be written: No such file"),
        ("/sav a.yaml\n", "there is no command '/sav'; did you mean '/save'?"),
        ("/reset everything\n", "/reset takes 'all' or nothing"),
        ("/system\n", "no system turn"),
        ("/help\n", "/save FILE"),
    ],
)
def test_commands_that_go_on_with_the_chat(chat, typed, words):
    result, _, _ = chat(typed, lambda body: "ok")
    assert result.code == 0
    assert words in result.stderr


def test_quit_ends_it(chat):
    result, sent, _ = chat("/quit\nHi\n")
    assert (result.code, sent) == (0, [])


def test_escapes_of_an_answer_do_nothing(chat):
    result, _, _ = chat("Hi\n", lambda body: "\x1b]0;owned\x07\rgone\u202e")
    assert result.stdout == "\\x1b]0;owned\\x07\\x0dgone\\u202e\n"


def test_an_empty_answer_is_forgotten(chat):
    _, sent, _ = chat("One\nTwo\n", lambda body: "" if last_question(body) == "One" else "ok")
    assert turns(sent[1]) == ["user: Two"]


def test_an_answer_that_was_cut_off(chat):
    result, _, _ = chat("Hi\n", lambda body: Answer("Once upon", finish="length"))
    assert "the answer was cut off at the token limit; --max-tokens raises it" in result.stderr


def test_a_call_that_fails_ends_a_chat_without_a_terminal(chat):
    result, sent, _ = chat("Hi\nMore\n", faults=lambda body, index: Fault(status=400))
    assert (result.code, len(sent)) == (2, 1)
    assert result.stderr.startswith("error: ")


def test_a_busy_server_is_asked_again(chat):
    faults = lambda body, index: Fault(status=503) if index == 0 else None  # noqa: E731
    result, sent, _ = chat("Hi\n", faults=faults)
    assert (result.code, result.stdout, len(sent)) == (0, "You said: Hi\n", 2)


def test_what_is_missing_is_said_before_the_first_turn(project, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hi\n"))
    made = project({})
    result = made.run("chat")
    assert (result.code, "nothing says which model is meant" in result.stderr) == (2, True)
    result = made.run("chat", "--teacher", "openai:gpt-4o-mini")
    assert (result.code, "OPENAI_API_KEY" in result.stderr) == (2, True)


class Terminal:
    """The command with a terminal of its own, and what is shown there."""

    def __init__(self, folder, *argv: str) -> None:
        pty = pytest.importorskip("pty")
        self._end, theirs = pty.openpty()
        self._shown = ""
        self.process = subprocess.Popen(
            (sys.executable, "-m", "fms_dgt", "chat", *argv),
            cwd=folder,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._end)

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def interrupt(self) -> None:
        # a prompt is shown a moment before a signal ends the wait for a line; people are slower than that
        time.sleep(0.5)
        self.process.send_signal(signal.SIGINT)

    def until(self, words: str) -> str:
        """All that is shown up to these words; what comes after them is for the next call."""
        while words not in self._shown:
            ready, _, _ = select.select([self._end], [], [], 60)
            try:
                piece = os.read(self._end, 4096).decode() if ready else ""
            except OSError:
                piece = ""
            assert piece, f"{words!r} was not shown, but {self._shown!r}"
            self._shown += piece
        before, _, self._shown = self._shown.partition(words)
        return before + words


def wait_for(true) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("last", ["ctrl-c", "ctrl-d"])
def test_ctrl_c_stops_the_answer_and_then_the_chat(tmp_path, last):
    server = ModelServer(lambda body: "fine", service=lambda prompt: 600.0 if "wait" in prompt else 0.0)
    with server.in_thread():
        (tmp_path / "c.yaml").write_text(config(server.base_url))
        with Terminal(tmp_path, "--config-path", "c.yaml") as terminal:
            terminal.until("> ")
            terminal.type("wait\n")
            wait_for(lambda: server.requests)
            terminal.interrupt()
            terminal.until("are forgotten")
            terminal.until("> ")
            terminal.type("now\n")
            terminal.until("fine")
            terminal.until("> ")
            if last == "ctrl-d":
                terminal.type("\x04")
                assert terminal.process.wait(60) == 0
            else:
                terminal.interrupt()
                terminal.until("ends the chat")
                terminal.until("> ")
                terminal.interrupt()
                assert terminal.process.wait(60) == 130
    assert turns(server.requests[-1].body) == ["user: now"]


def test_a_second_ctrl_c_after_a_stopped_answer_ends_the_chat(tmp_path):
    with ModelServer(lambda body: "fine", service=600.0).in_thread() as server:
        (tmp_path / "c.yaml").write_text(config(server.base_url))
        with Terminal(tmp_path, "--config-path", "c.yaml") as terminal:
            terminal.until("> ")
            terminal.type("wait\n")
            wait_for(lambda: server.requests)
            terminal.interrupt()
            terminal.until("are forgotten")
            terminal.until("> ")
            terminal.interrupt()
            assert terminal.process.wait(60) == 130


def test_an_error_does_not_end_a_chat_on_a_terminal(tmp_path):
    faults = lambda body, index: Fault(status=400) if index == 0 else None  # noqa: E731
    with ModelServer(lambda body: "fine", faults=faults).in_thread() as server:
        (tmp_path / "c.yaml").write_text(config(server.base_url))
        with Terminal(tmp_path, "--config-path", "c.yaml") as terminal:
            shown = terminal.until("> ")
            assert "talking with openai:m (skills_sdg.generator); /help lists the commands" in shown
            terminal.type("One\n")
            terminal.until("error: ")
            terminal.until("> ")
            terminal.type("Two\n")
            terminal.until("fine")
            terminal.type("/quit\n")
            assert terminal.process.wait(60) == 0


def test_bytes_that_are_no_text(project, monkeypatch):
    made = project({})
    typed = io.TextIOWrapper(
        io.BytesIO(b"caf\xe9\n/save a.yaml\n"), encoding="utf-8", errors="surrogateescape"
    )
    monkeypatch.setattr(sys, "stdin", typed)
    result = made.run("chat", "--teacher", "simulated")
    assert result.code == 0, result.stderr
    assert yaml.safe_load((made.path / "a.yaml").read_text())["seed_examples"][0]["question"] == "caf\ufffd"


@pytest.mark.parametrize("argv", [["chat", "--teacher", "simulated"], ["models", "remove", "org/one"]])
def test_without_a_standard_input(project, monkeypatch, argv):
    monkeypatch.setattr(sys, "stdin", None)
    assert "this is a fault" not in project({}).run(*argv).stderr
