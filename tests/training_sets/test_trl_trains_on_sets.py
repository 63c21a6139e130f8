"""TRL's trainers take the files as they are, and learn what is to be learned: run by scripts/test_trainers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from knowledge_made import records, skill

trl = pytest.importorskip("trl")
torch = pytest.importorskip("torch")
hf = pytest.importorskip("datasets")

from fms_dgt.datasets import (
    create_knowledge_pretraining_ds,
    create_knowledge_regular_ds,
    create_preference_ds,
    create_skills_ds,
    write_completions,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "learn"))
END = "<|im_end|>\n"
PAIR = {
    "prompt": "Why does my basil die?",
    "chosen": "It wants more light.",
    "rejected": "No idea.",
    "system_prompt": "You are a gardener.",
}


@pytest.fixture(scope="module")
def smollm2():
    """SmolLM2-135M-Instruct and its tokenizer, out of the GGUF file."""
    from model_file import fetch_gguf
    from student import load_student

    return load_student(fetch_gguf())


def settings(kind, folder, **more):
    return kind(
        output_dir=str(folder),
        max_steps=1,
        per_device_train_batch_size=2,
        # weights that visibly move, without a second and third copy of them
        optim="sgd",
        learning_rate=0.1,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        max_length=None,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        **more,
    )


def loaded(path, folder):
    return hf.load_dataset("json", data_files=str(path), split="train", cache_dir=str(folder / "cache"))


def sft(smollm2, path, folder):
    model, tokenizer = smollm2
    return trl.SFTTrainer(
        model=model,
        args=settings(trl.SFTConfig, folder),
        train_dataset=loaded(path, folder),
        processing_class=tokenizer,
    )


def learned(trainer, tokenizer):
    """Of each row, in order: the whole text, and the part that is learned."""
    for row in trainer.train_dataset:
        batch = trainer.data_collator([row])
        (ids,), (labels,) = batch["input_ids"], batch["labels"]
        yield tokenizer.decode(ids), tokenizer.decode(ids[labels != -100])


def one_step_moves(trainer):
    before = next(trainer.model.parameters()).detach().clone()
    loss = trainer.train().training_loss
    assert torch.isfinite(torch.tensor(loss))
    assert not torch.equal(before, next(trainer.model.parameters()))


def test_of_a_raft_row_the_answer_alone_is_learned(smollm2, tmp_path):
    made = create_knowledge_regular_ds(records(), add_auxiliary_dataset=False)
    write_completions(made, tmp_path / "set.jsonl")
    trainer = sft(smollm2, tmp_path / "set.jsonl", tmp_path)
    rows = [row["messages"] for row in made]
    texts = list(learned(trainer, smollm2[1]))
    assert len(texts) == len(rows) == 40
    for (user, assistant), (whole, part) in zip(rows, texts, strict=True):
        assert whole.count("Document:\n") == 4
        assert user["content"] in whole
        assert part == assistant["content"] + END
    one_step_moves(trainer)


def test_each_answer_of_a_conversation_is_learned_after_all_before_it(smollm2, tmp_path):
    turns = [("system", "Be kind."), ("user", "Q1"), ("assistant", "A1"), ("user", "Q2"), ("assistant", "A2")]
    chat = [{"role": role, "content": content} for role, content in turns]
    write_completions(create_skills_ds([{"messages": chat}]), tmp_path / "set.jsonl")
    first, second = learned(sft(smollm2, tmp_path / "set.jsonl", tmp_path), smollm2[1])
    assert [first[1], second[1]] == [f"A1{END}", f"A2{END}"]
    assert first[0].startswith(f"<|im_start|>system\nBe kind.{END}<|im_start|>user\nQ1{END}")
    assert f"<|im_start|>assistant\nA1{END}" in second[0]


@pytest.mark.parametrize("whole", [True, False], ids=["learned whole", "messages"])
def test_messages_are_learned_to_the_last_token(smollm2, tmp_path, whole):
    path = tmp_path / "set_whole.jsonl"
    if whole:
        write_completions(create_knowledge_pretraining_ds(records(documents=1)), tmp_path / "set.jsonl")
    else:
        create_skills_ds([skill(n) for n in range(4)]).write(path)
    trainer = sft(smollm2, path, tmp_path)
    assert all(part == text for text, part in learned(trainer, smollm2[1]))
    if whole:
        one_step_moves(trainer)


def test_a_preference_is_rendered_by_the_chat_template(smollm2, tmp_path):
    model, tokenizer = smollm2
    create_preference_ds([PAIR, {**PAIR, "chosen": "More water."}]).write(tmp_path / "set.jsonl")
    trainer = trl.DPOTrainer(
        model=model,
        ref_model=type(model)(model.config),
        args=settings(trl.DPOConfig, tmp_path),
        train_dataset=loaded(tmp_path / "set.jsonl", tmp_path),
        processing_class=tokenizer,
    )
    batch = trainer.data_collator([trainer.train_dataset[0]])
    prompt = (
        f"<|im_start|>system\nYou are a gardener.{END}"
        f"<|im_start|>user\nWhy does my basil die?{END}<|im_start|>assistant\n"
    )
    answers = [f"It wants more light.{END}", f"No idea.{END}"]
    for ids, mask, answer in zip(batch["input_ids"], batch["completion_mask"], answers, strict=True):
        assert tokenizer.decode(ids).startswith(prompt + answer)
        assert tokenizer.decode(ids[mask.bool()]) == answer
    one_step_moves(trainer)
