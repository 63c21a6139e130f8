"""The sets load as trainers load them, and a chat template renders each row."""

from __future__ import annotations

import json

import pytest
from knowledge_made import records, skill

import fms_dgt
from fms_dgt.datasets import (
    Ingredient,
    Recipe,
    create_knowledge_pretraining_ds,
    create_knowledge_regular_ds,
    create_skills_ds,
    mix,
)

hf = pytest.importorskip("datasets")

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|> {{ message['content'] }} </s> {% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SHIPPED = "instructlab/knowledge/services/bicycle_rental"
ROLES = {"system", "user", "assistant"}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    given = records(documents=5, chunks=2)
    sets = {
        "phase1": create_knowledge_pretraining_ds(given),
        "phase2": create_knowledge_regular_ds(given),
        "skills": create_skills_ds([skill(), skill(1, "A text.")]),
    }
    for name, made in sets.items():
        made.write(folder / f"{name}.jsonl")
        made.write(folder / f"{name}.parquet")
    parts = [Ingredient("phase2.jsonl", 0.5), Ingredient("skills.parquet")]
    for suffix in ("jsonl", "parquet"):
        mix(Recipe(parts, "Be kind.", folder)).write(folder / f"mixed.{suffix}")
    return folder


@pytest.fixture(params=["phase1", "phase2", "skills", "mixed"])
def name(request):
    return request.param


def load(folder, name, suffix, cache):
    kind = {"jsonl": "json", "parquet": "parquet"}[suffix]
    path = str(folder / f"{name}.{suffix}")
    return hf.load_dataset(kind, data_files=path, split="train", cache_dir=str(cache))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_the_schema_that_trainers_read(written, name, suffix, tmp_path):
    loaded = load(written, name, suffix, tmp_path)
    assert set(loaded.column_names) == {"id", "messages", "metadata", "unmask"}
    turn = loaded.features["messages"]
    turn = getattr(turn, "feature", turn[0] if isinstance(turn, list) else None)
    assert {key: value.dtype for key, value in turn.items()} == {"role": "string", "content": "string"}
    assert loaded.features["unmask"].dtype == "bool"
    assert loaded.features["metadata"].dtype == "string"
    assert loaded.features["id"].dtype == "string"
    assert len(loaded) > 0


def test_each_row_as_instructlabs_trainer_takes_it(written, name, tmp_path):
    """It learns the assistant's turns, and with `unmask` all but the system's; metadata is JSON text."""
    for row in load(written, name, "jsonl", tmp_path):
        roles = [turn["role"] for turn in row["messages"]]
        assert roles in (["user", "assistant"], ["system", "user", "assistant"])
        assert all(turn["content"].strip() for turn in row["messages"])
        learned = set(roles) - {"system"} if row["unmask"] else {"assistant"}
        assert learned == ({"user", "assistant"} if name == "phase1" else {"assistant"})
        assert json.loads(row["metadata"])["dataset"]


def test_each_row_as_trl_takes_it(written, name, tmp_path):
    """A conversation is a list of turns with a role and a content; nothing is called prompt or text."""
    loaded = load(written, name, "parquet", tmp_path)
    assert not {"prompt", "completion", "text", "chosen", "rejected"} & set(loaded.column_names)
    first = loaded[0]["messages"]
    assert isinstance(first, list)
    assert set(first[0]) == {"role", "content"}
    assert {turn["role"] for row in loaded for turn in row["messages"]} <= ROLES


@pytest.fixture(scope="module")
def tokenizer():
    """A word for a token, made here: nothing is fetched."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words = Tokenizer(models.WordLevel(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = ["<unk>", "</s>", *(f"<|{role}|>" for role in sorted(ROLES))]
    texts = [text for row in records() for text in (row["question"], row["document"])]
    words.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=special))
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="</s>")
    made.chat_template = TEMPLATE
    return made


def test_a_chat_template_renders_every_row(written, name, tokenizer, tmp_path):
    loaded = load(written, name, "jsonl", tmp_path)
    ends = tokenizer.convert_tokens_to_ids("</s>")
    for row in loaded:
        text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
        assert all(turn["content"].strip() in text for turn in row["messages"])
        ids = tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=True)["input_ids"]
        assert ids.count(ends) == len(row["messages"])
        starts = [tokenizer.convert_tokens_to_ids(f"<|{turn['role']}|>") for turn in row["messages"]]
        assert [token for token in ids if token in starts] == starts


def test_the_shipped_task_gives_both_sets(tokenizer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fms_dgt.run(SHIPPED, config="offline", num_outputs_to_generate=20, output_dir="out")
    sets = {"one": create_knowledge_pretraining_ds("out"), "two": create_knowledge_regular_ds("out")}
    for name, made in sets.items():
        written = made.write(tmp_path / f"{name}.jsonl")
        loaded = load(tmp_path, name, "jsonl", tmp_path)
        assert len(loaded) == written.rows > 10
        assert all(tokenizer.apply_chat_template(row["messages"], tokenize=False) for row in loaded)
    for row in sets["two"]:
        about = json.loads(row["metadata"])
        if "golden_in_context" in about:
            assert row["messages"][0]["content"].count("Document:\n") == 4
