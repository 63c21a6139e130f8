"""Shipped builders' flows beside their YAML form: the same answers, the same records, byte for byte."""

from __future__ import annotations

import pytest

SEEDS = [
    {"question": f"Name {n} rivers of Europe.", "answer": f"Here are {n} of them.", "context": f"Text {n}."}
    for n in range(4)
]
BLOCKS = """
      - {name: generator, type: simulated, temperature: 0.7, max_tokens: 4096}
      - {name: validator, type: lm_judge, lm_config: {type: simulated, temperature: 0, max_tokens: 1024}}
      - {name: dedup, type: rouge, threshold: 0.7}
"""
CONFIG = f"""
databuilders:
  skills_sdg:
    contexts_per_draw: 4
    blocks: {BLOCKS}
  pipeline:
    blocks: {BLOCKS}
  text_generation:
    blocks: [{{name: generator, type: simulated, temperature: 0.7, max_tokens: 4096}}]
"""
HEAD = """
task_name: rivers
task_description: Answer questions about rivers.
created_by: the tests
taxonomy_path: skills/rivers
"""
OUTPUT = """
output: [task_name, taxonomy_path, task_description, instruction, response, context,
  question_score, question_reason, pair_score, pair_reason]
"""
FREE = """
flow:
  - generate: {template: skills_sdg/question_template_freeform, into: instruction, count: 5}
  - name: not_a_seed_question
    not_a_seed: {on: instruction}
  - name: dedup_question
    check: {validator: dedup, on: instruction}
  - judge: {template: skills_sdg/filter_questions_template, keep: {equal: 1}, into: question}
  - generate: {template: skills_sdg/answer_template, into: [response]}
  - judge: {template: skills_sdg/filter_qa_template, keep: {at_least: 2}, into: pair}
  - set: {context: ""}
"""
GROUNDED = """
flow:
  - generate: {template: skills_sdg/context_template, into: context, count: 4}
  - not_a_seed: {on: context}
  - name: dedup_context
    check: {validator: dedup, on: context}
  - generate: {template: skills_sdg/question_template_grounded, into: instruction, count: 3}
  - name: dedup_grounded_question
    check: {validator: dedup, on: instruction, within: context}
  - judge: {template: skills_sdg/filter_questions_context_template, keep: {equal: 1}, into: question}
  - generate: {template: skills_sdg/answer_context_template, into: [response]}
  - judge: {template: skills_sdg/filter_qa_context_template, keep: {at_least: 2}, into: pair}
"""


def seeds(names: tuple[str, str, str], kept: int) -> str:
    lines = "".join(
        f"  - {{{', '.join(f'{new}: {seed[old]!r}' for new, old in list(zip(names, seed, strict=True))[:kept])}}}\n"
        for seed in SEEDS
    )
    return f"seed_examples:\n{lines}"


def made(run, out: str, task: str) -> str:
    result = run.run("--task-paths", task, "--config-path", "config.yaml", "--output-dir", out, "--quiet")
    assert result.code == 0, result.stderr
    return run.read(f"{out}/rivers/data.jsonl")


@pytest.mark.parametrize(("flow", "columns"), [(FREE, 2), (GROUNDED, 3)], ids=["free", "grounded"])
def test_skills_sdg_and_its_flow_in_yaml_make_the_same_data(project, flow, columns):
    builder = HEAD + "data_builder: skills_sdg\n" + seeds(("question", "answer", "context"), columns)
    yaml = HEAD + "data_builder: pipeline\ndraw: {}\n" + OUTPUT + flow
    yaml += seeds(("instruction", "response", "context"), columns)
    run = project({"config.yaml": CONFIG, "builder.yaml": builder, "yaml.yaml": yaml})
    data = made(run, "one", "builder.yaml")
    assert len(data.splitlines()) == 20
    assert made(run, "other", "yaml.yaml") == data


def test_text_generation_and_its_flow_in_yaml_make_the_same_data(project):
    rows = "".join(f'{{"topic": "river {n}"}}\n' for n in range(12))
    builder = HEAD + 'data_builder: text_generation\ninput: rows.jsonl\nprompt: "Say something about {{ topic }}."\n'
    yaml = HEAD + "data_builder: pipeline\ninput: rows.jsonl\noutput: [topic, generation]\n"
    yaml += 'flow:\n  - {name: generate, generate: {prompt: "Say something about {{ topic }}.", into: generation}}\n'
    run = project({"config.yaml": CONFIG, "rows.jsonl": rows, "builder.yaml": builder, "yaml.yaml": yaml})
    data = made(run, "one", "builder.yaml")
    assert len(data.splitlines()) == 12
    assert made(run, "other", "yaml.yaml") == data
