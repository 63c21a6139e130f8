from __future__ import annotations

import json
from collections import Counter

import pytest
from knowledge_made import about, lines

from fms_dgt.datasets import Ingredient, Recipe, mix, read_recipe
from fms_dgt.errors import InputError


def row(number, **more):
    turns = [{"role": "user", "content": f"Q{number}"}, {"role": "assistant", "content": "A"}]
    return {"messages": turns, "metadata": json.dumps({"n": number}), **more}


@pytest.fixture
def sets(tmp_path):
    (tmp_path / "ten.jsonl").write_text(lines([row(n) for n in range(10)]))
    (tmp_path / "hundred.jsonl").write_text(lines([row(n) for n in range(100, 200)]))
    return tmp_path


@pytest.fixture
def recipe(sets):
    def write(text):
        path = sets / "recipe.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def numbers(rows):
    return [about(row)["n"] for row in rows]


def mixed(folder, *ingredients, seed=0, prompt=""):
    return mix(Recipe(ingredients, prompt, folder), seed=seed)


@pytest.mark.parametrize(
    ("size", "count"),
    [(1.0, 100), (1, 100), (0.5, 50), (0.29, 29), (7, 7), (100, 100), (0.0, 0), (0, 0), (0.999, 99)],
)
def test_shares_and_numbers(sets, size, count):
    got = numbers(mixed(sets, Ingredient("hundred.jsonl", size)))
    assert len(got) == len(set(got)) == count
    assert got == sorted(got)


def test_sets_follow_the_recipe(sets):
    got = numbers(mixed(sets, Ingredient("hundred.jsonl", 2), Ingredient("ten.jsonl")))
    assert [n >= 100 for n in got] == [True] * 2 + [False] * 10


def test_every_row_is_as_likely_as_any(sets):
    drawn = Counter(
        n for seed in range(1_000) for n in numbers(mixed(sets, Ingredient("ten.jsonl", 3), seed=seed))
    )
    assert len(drawn) == 10
    assert all(230 < count < 370 for count in drawn.values()), "300 each, five standard deviations are 72"


def test_equal_seeds_draw_equal_rows(sets):
    def drawn(seed):
        return numbers(mixed(sets, Ingredient("hundred.jsonl", 10), seed=seed))

    assert drawn(1) == drawn(1) != drawn(2)


def test_one_set_twice_is_drawn_from_anew(sets):
    got = numbers(mixed(sets, Ingredient("hundred.jsonl", 10), Ingredient("hundred.jsonl", 10)))
    assert got[:10] != got[10:]


def test_more_rows_than_there_are(sets):
    made = mixed(sets, Ingredient("ten.jsonl", 30))
    assert len(list(made)) == 10
    assert made.notes == ["ten.jsonl: has 10 rows, all are taken; 30 were asked for"]


@pytest.mark.parametrize(("size", "count"), [(30, 30), (2.5, 25), (0.5, 5)])
def test_with_replacement(sets, size, count):
    assert len(list(mixed(sets, Ingredient("ten.jsonl", size, with_replacement=True)))) == count


def test_the_system_turn_is_put_in_or_replaced(sets):
    has = row(1)
    has["messages"].insert(0, {"role": "system", "content": "old"})
    (sets / "old.jsonl").write_text(lines([has]))
    parts = Ingredient("old.jsonl"), Ingredient("ten.jsonl", 2)
    for made in mixed(sets, *parts, prompt="new"):
        assert [turn["role"] for turn in made["messages"]] == ["system", "user", "assistant"]
        assert made["messages"][0]["content"] == "new"
    untouched = [made["messages"][0] for made in mixed(sets, *parts)]
    assert untouched[0] == {"role": "system", "content": "old"}
    assert untouched[1]["role"] == "user"


def test_rows_become_alike(sets):
    strange = row(1, unmask=True, id="mine", score=3, nothing=None)
    plain = {"messages": row(2)["messages"], "metadata": {"n": 2}}
    text = {"messages": row(3)["messages"], "metadata": "about this"}
    (sets / "strange.jsonl").write_text(lines([strange, plain, text]))
    rows = list(mixed(sets, Ingredient("strange.jsonl")))
    assert [set(row) for row in rows] == [{"id", "messages", "metadata", "unmask"}] * 3
    assert (rows[0]["id"], rows[0]["unmask"], about(rows[0])) == ("mine", True, {"n": 1, "score": 3})
    assert (len(rows[1]["id"]), rows[1]["unmask"], about(rows[1])) == (32, False, {"n": 2})
    assert about(rows[2]) == {"metadata": "about this"}


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ("Q", "'messages' is text, and must be a list of turns"),
        ([], "'messages' has no turns"),
        ([*row(1)["messages"][:-1], {"role": "assistant", "content": " "}], "the assistant's, is empty"),
        ([{"role": "user"}], "must have a role and a text"),
        ([{"role": "bot", "content": "A"}], "'bot' is not a role; there are: system, user"),
    ],
)
def test_rows_that_are_no_conversations(sets, messages, words):
    (sets / "bad.jsonl").write_text(lines([row(0), {"messages": messages}]))
    with pytest.raises(InputError, match="bad.jsonl:2: ") as caught:
        list(mixed(sets, Ingredient("bad.jsonl")))
    assert words in str(caught.value)


def test_records_are_no_training_set_yet(sets):
    (sets / "skills.jsonl").write_text(lines([{"instruction": "I", "response": "R"}]))
    with pytest.raises(InputError, match="its rows are skills rows: fms_dgt datasets skills"):
        mixed(sets, Ingredient("skills.jsonl"))


def test_a_recipe_of_instructlabs(recipe, sets):
    text = "datasets:\n- path: ten.jsonl\n  sampling_size: 1.0\n- {path: hundred.jsonl, sampling_size: 5}\n"
    said = read_recipe(recipe(text + "metadata:\n  sys_prompt: Be brief.\n  author: us\n"))
    assert [said.path(0), said.path(1)] == [sets / "ten.jsonl", sets / "hundred.jsonl"]
    assert said.sys_prompt == "Be brief."
    assert len(list(mix(sets / "recipe.yaml"))) == 15


def test_a_recipe_that_is_written_reads_the_same(recipe):
    parts = [Ingredient("ten.jsonl", 0.5), Ingredient("hundred.jsonl", 200, with_replacement=True)]
    said = read_recipe(recipe(Recipe(parts, "Ünd brief.").written()))
    assert (list(said.ingredients), said.sys_prompt) == (parts, "Ünd brief.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("datasets: []", "recipe.yaml:1: datasets: is empty"),
        ("metadata: {}", "the key 'datasets' is missing"),
        ("datasets:\n- {sampling_size: 2}", "the key 'path' is missing"),
        ("datasets:\n- {path: ten.jsonl, sampling_siez: 2}", "did you mean 'sampling_size'"),
        ("datasets:\n- {path: ten.jsonl, sampling_size: -1}", "it must be 0 or more"),
        ("datasets:\n- {path: ten.jsonl, sampling_size: all}", "must be int or float, not the text 'all'"),
        ("datasets:\n- {path: ten.jsonl, sampling_size: 2.5}", "a share of 2.5 is more than all rows"),
        (
            "datasets:\n- path: ten.jsonl\n- path: no.jsonl",
            "recipe.yaml:3: datasets[1].path: there is no file",
        ),
        ("datasets:\n- path: ten.jsonl\nmetadata: [1]", "metadata: must be a mapping"),
        ("datasets:\n- path: ten.jsonl\nmetadata: {sys_prompt: 3}", "sys_prompt: must be text"),
    ],
)
def test_what_is_wrong_with_a_recipe(recipe, text, words):
    with pytest.raises(InputError) as caught:
        read_recipe(recipe(text))
    assert words in str(caught.value)


def test_a_share_of_more_than_all_from_python(sets):
    with pytest.raises(InputError, match=r"the recipe: datasets\[0\]: a share of 2 is more than all"):
        mixed(sets, Ingredient("ten.jsonl", 2.0))
