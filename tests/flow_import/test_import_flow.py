"""Flow files of sdg_hub, in both schemas, as flows of ours: what is written runs, what is missing is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.testing import ModelServer, prompt_of

FIXTURES = Path(__file__).parent / "fixtures"
TASK = """
task_name: t
task_description: Imported.
created_by: the tests
data_builder: pipeline
flow: flow.yaml
seed_examples:
  - {document: "The tide rises for six hours.", domain: tides}
"""


def config(server: ModelServer) -> str:
    model = f'type: openai, model_id_or_path: m, base_url: "{server.base_url}", api_key: k'
    return f"databuilders:\n  pipeline:\n    blocks: [{{name: generator, {model}}}]\n"


def answered_then(body: Any) -> str:
    prompt = prompt_of(body)
    if "Sum up" in prompt:
        return "It rises for six hours."
    if "3 questions" in prompt:
        about = "summary" if "It rises" in prompt else "text"
        number = body["seed"] % 2
        return f"[Q] How long ({about}, {number})?\n[A] Six hours.[END]\n[Q] What rises ({about}, {number})?\n[A] The tide.\n[END]"
    return f"[Why] So. [End of Why]\n[Score] {2 if 'How long' in prompt else 1} [End of Score]"


def answered_now(body: Any) -> str:
    prompt = prompt_of(body)
    if "List the facts" in prompt:
        return "1. It rises.\n2. It takes six hours.\n"
    return (
        f"[Q]What about: {prompt.split('about ')[1][:8]}?[/Q] [V]{'YES' if 'rises' in prompt else 'NO'}[/V]"
    )


def imported(project, *files: str):
    made = project({})
    for file in files or ("then.yaml", "now.yaml"):
        shutil.copy(FIXTURES / file, made.path / file)
    shutil.copytree(FIXTURES / "prompts", made.path / "prompts")
    return made


def ran(made, file: str, answer: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    result = made.run("import-flow", file, "-o", "flow.yaml")
    assert (result.code, result.stdout) == (0, "")
    made.write({"task.yaml": TASK})
    assert made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check").code == 0
    with ModelServer(answer).in_thread() as server:
        made.write({"config.yaml": config(server)})
        done = made.run("--task-paths", "task.yaml", "--config-path", "config.yaml", "--quiet")
        assert done.code == 0, done.stderr
    lines = [made.read(f"output/t/{name}.jsonl").splitlines() for name in ("data", "rejected")]
    return [json.loads(line) for line in lines[0]], [json.loads(line) for line in lines[1]]


def test_a_flow_of_0_1_runs(project):
    records, rejected = ran(imported(project), "then.yaml", answered_then)
    assert {row["dataset_type"] for row in records} == {"summary_short", "base_document"}
    assert set(records[0]) == {"document", "domain", "dataset_type", "raw_document", "question", "response"}
    assert records[0]["question"].startswith("It rises for six hours.\n\nHow long (summary, ")
    assert {row["response"] for row in records} == {"Six hours."}
    assert {row["raw_document"] for row in records} == {"The tide rises for six hours."}
    # the other pair has a lower score; a second answer that says the same is no new question
    assert {row["stage"] for row in rejected} <= {"filter_pair", "dedup_question"}
    assert "score is under 2" in {row["reason"] for row in rejected}


def test_a_current_flow_runs(project):
    records, rejected = ran(imported(project), "now.yaml", answered_now)
    # two answers, each with two facts, of which one has a question that is good
    assert [(row["fact"], row["question"]) for row in records] == [("It rises.", "What about: It rises?")] * 2
    assert list(records[0]) == ["raw_document", "fact", "question", "verdict"]
    assert [row["reason"] for row in rejected] == ["verdict is not YES"] * 2


def test_prompts_are_taken_over_word_for_word(project):
    made = imported(project)
    flow = parse_yaml(made.run("import-flow", "then.yaml").stdout, "flow").plain()
    ask = next(stage["generate"] for stage in flow["stages"] if stage["name"] == "gen_summary")
    assert ask["system"] == "You write summaries."
    assert ask["prompt"] == "Sum up the text about {{ domain }} in three sentences.\n\nText:\n{{ document }}"
    assert ask["params"] == {"temperature": 0, "max_tokens": 512}


MISSING = [
    ("{block_type: AgentBlock, block_config: {block_name: agent, input_cols: a}}", "the block 'agent' (Agent) has no counterpart"),
    ("{block_type: LLMChatBlock, block_config: {block_name: chat, input_cols: nobody, output_cols: x}}", "'chat' sends a prompt that no block before it builds"),
    ("{block_type: PromptBuilderBlock, block_config: {block_name: p, output_cols: x, prompt_config_path: no.yaml}}", "its prompt file 'no.yaml' is not there"),
    ("{block_type: PromptBuilderBlock, block_config: {block_name: p, output_cols: x, prompt_config_path: turns.yaml}}", "its prompt has the turns user, assistant, user"),
    ("{block_type: ColumnValueFilterBlock, block_config: {block_name: f, input_cols: a, filter_value: 1, operation: odd}}", "an operation without a counterpart: odd"),
    ("{block_type: UniformColumnValueSetterBlock, block_config: {block_name: u, input_cols: a}}", "(UniformColumnValueSetter) has no counterpart"),
    ("{block_type: TagParserBlock, block_config: {block_name: t, input_cols: a, output_cols: [x, y], start_tags: ['<a>'], end_tags: ['</a>']}}", "does not have a pair of tags for each column"),
    ("{block_type: LLMResponseExtractorBlock, block_config: {block_name: r, input_cols: a, extract_tool_calls: true}}", "takes reasoning or tool calls"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "told"), MISSING, ids=[told for _, told in MISSING])
def test_what_has_no_counterpart_is_told_and_stands_as_a_comment(project, block, told):
    kept = "{block_type: DuplicateColumnsBlock, block_config: {block_name: keep, input_cols: {a: b}}}"
    turns = "".join(f"- {{role: {role}, content: hello}}\n" for role in ("user", "assistant", "user"))
    text = f"metadata: {{name: f}}\nblocks:\n  - {kept}\n  - {block}\n  - {kept.replace('a: b', 'b: c')}\n"
    made = project({"sdg.yaml": text, "turns.yaml": turns})
    result = made.run("import-flow", "sdg.yaml")
    assert result.code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("missing: sdg.yaml:4: ")
    assert told in line
    lines = result.stdout.splitlines()
    at = next(number for number, one in enumerate(lines) if "MISSING" in one and "sdg.yaml:4" in one)
    names = [number for number, one in enumerate(lines) if one.startswith("  - name: keep")]
    assert names[0] < at < names[1]
    flow = parse_yaml(result.stdout, "flow").plain()
    assert [stage["name"] for stage in flow["stages"]] == ["keep", "keep_2"]


def test_a_list_of_blocks_without_names_is_no_flow(project):
    for text, told in [
        ("- {a: 1}\n", "is not a block; write 'block_type:'"),
        ("a: 1\n", "is not a flow of sdg_hub"),
        ("- {block_type: AgentBlock, block_config: {block_name: a}}\n", "has no block with a counterpart"),
    ]:
        made = project({"flow.yaml": text})
        result = made.run("import-flow", "flow.yaml")
        assert result.code == 2
        assert told in result.stderr


ROWS = {
    "document": "The tide rises for six hours. The moon pulls at the sea.",
    "domain": "tides",
    "icl_document": "The wind blows from the sea.",
    "icl_query_1": "Where does it blow from?",
    "icl_response_1": "From the sea.",
    "task_description": "Explain.",
    "seed_context": "The sea is wide.",
    "seed_question": "How wide is it?",
    "seed_response": "Very.",
}
HEAD = "task_name: t\ntask_description: x\ncreated_by: me\ndata_builder: pipeline\nflow: flow.yaml\ninput: rows.jsonl\n"


def imported_rows(project, file: str):
    made = project({"rows.jsonl": json.dumps(ROWS) + "\n", "task.yaml": HEAD})
    result = made.run("import-flow", str(FIXTURES / file), "-o", "flow.yaml")
    done = made.run("--task-paths", "task.yaml", "--config-path", "offline")
    assert done.code == 0, done.stderr
    records = [json.loads(line) for line in made.read("output/t/data.jsonl").splitlines()]
    return made, result, done, records


WHOLE = {
    "grounded_skills.yaml": (
        2,
        ["task_description", "seed_context", "seed_question", "context", "question", "response", "evaluation", "score"],
    ),
    "knowledge.yaml": (
        4,
        ["document", "domain", "icl_document", "icl_query_1", "icl_response_1", "dataset_type", "raw_document", "route", "question", "response"],
    ),
    "pipelines/full.yaml": (
        2,
        ["document", "domain", "icl_document", "icl_query_1", "icl_response_1", "dataset_type", "raw_document", "question", "response"],
    ),
    "pipelines/simple.yaml": (30, ["document", "output"]),
    "pipelines/iterated.yaml": (2, ["document", "output"]),
}


@pytest.mark.parametrize("file", WHOLE)
def test_flows_of_the_seeds_and_pipelines_of_instructlab_run_whole(project, file):
    number, columns = WHOLE[file]
    made, result, _, records = imported_rows(project, file)
    assert (result.code, "missing" in result.stderr) == (0, False)
    assert set(records[0]) == set(columns)
    assert len(records) >= number, made.read("output/t/rejected.jsonl")


def test_a_seed_of_its_own_is_noted_where_it_stood(project):
    made, _, _, _ = imported_rows(project, "grounded_skills.yaml")
    note = "# 'seed: 42' is not taken over: each call gets one from --seed of the run"
    lines = made.read("flow.yaml").splitlines()
    assert lines[lines.index(f"  {note}") + 1] == "  - name: gen_contexts"


def test_sampling_is_taken_over_and_what_is_none_is_noted(project):
    prompt = {name: "x" for name in ("system", "introduction", "principles", "examples", "generation")}
    block = {
        "block_type": "LLMBlock",
        "block_config": {"block_name": "ask", "config_path": "p.yaml", "model_id": "m", "output_cols": ["out"]},
        "gen_kwargs": {"min_p": 0.1, "top_k": 40, "seed": 1, "n": 1, "extra_body": {"x": 1}},
    }
    made = project({"f.yaml": json.dumps([block]), "p.yaml": json.dumps(prompt)})
    result = made.run("import-flow", "f.yaml", "-o", "flow.yaml")
    assert result.code == 0, result.stderr
    flow = parse_yaml(made.read("flow.yaml"), "flow").plain()
    assert flow["stages"][0]["generate"]["params"] == {"temperature": 0, "top_k": 40, "min_p": 0.1}
    assert "'extra_body' of gen_kwargs is not taken over" in made.read("flow.yaml")


def test_each_kind_of_text_gets_its_own_prompt(project):
    made, _, _, _ = imported_rows(project, "knowledge.yaml")
    flow = parse_yaml(made.read("flow.yaml"), "flow").plain()
    ways = next(stage["branch"] for stage in flow["stages"] if "branch" in stage)
    assert (ways["on"], list(ways["to"])) == ("route", ["_A_", "_B_", "_C_"])
    assert "about this code" in ways["to"]["_C_"][0]["generate"]["prompt"]


def test_mixing_is_noted(project):
    _, result, _, _ = imported_rows(project, "pipelines/full.yaml")
    assert "full.yaml:41: 'datamixing' makes training sets of generated rows: 'fms_dgt datasets' does" in result.stderr


def test_every_run_says_that_a_flow_is_there_in_part(project):
    blocks = (
        "- {block_type: DuplicateColumns, block_config: {block_name: keep, columns_map: {document: copy}}}\n"
        "- {block_type: AgentBlock, block_config: {block_name: agent, input_cols: a}}\n"
    )
    made = project({"sdg.yaml": blocks, "task.yaml": HEAD, "rows.jsonl": json.dumps(ROWS) + "\n"})
    assert made.run("import-flow", "sdg.yaml", "-o", "flow.yaml").code == 1
    for _ in range(2):
        done = made.run("--task-paths", "task.yaml", "--config-path", "offline")
        note = "note: t: not imported with the flow: the block 'agent' (Agent) has no counterpart (sdg.yaml:2)\n"
        assert note in done.stderr


def test_nothing_is_overwritten(project):
    made = imported(project)
    made.write({"flow.yaml": "mine"})
    result = made.run("import-flow", "now.yaml", "-o", "flow.yaml")
    assert result.code == 2
    assert "flow.yaml would be overwritten" in result.stderr
    assert made.read("flow.yaml") == "mine"


COMMON = [
    ("{block_type: CombineColumnsBlock, block_config: {block_name: x, columns: [a, b], output_col: c, separator: ' '}}", {"text": {"c": "{{ a }} {{ b }}"}}),
    ("{block_type: SelectorBlock, block_config: {block_name: x, choice_map: {A: a, B: b}, choice_col: v, output_col: c}}", {"choose": {"into": "c", "by": "v", "columns": {"A": "a", "B": "b"}}}),
    ("{block_type: FilterByValueBlock, block_config: {block_name: x, filter_column: a, filter_value: [1, 2], operation: operator.eq}}", {"filter": {"on": "a", "one_of": [1, 2]}}),
    ("{block_type: FlattenColumnsBlock, block_config: {block_name: x, var_cols: [a, b], value_name: v, var_name: n}}", {"unfold": {"columns": ["a", "b"], "into": "v", "label": "n"}}),
    ("{block_type: RenameColumns, block_config: {block_name: x, columns_map: {a: b}}}", {"copy": {"b": "a"}}),
]  # fmt: skip


@pytest.mark.parametrize(("block", "stage"), COMMON, ids=[next(iter(stage)) for _, stage in COMMON])
def test_a_block_of_0_1(project, block, stage):
    made = project({"sdg.yaml": f"- {block}\n"})
    result = made.run("import-flow", "sdg.yaml")
    assert result.code == 0, result.stderr
    assert parse_yaml(result.stdout, "flow").plain()["stages"] == [{"name": "x", **stage}]


NOW = [
    ("{block_type: TextConcatBlock, block_config: {block_name: x, input_cols: [a, b], output_cols: [c]}}", {"text": {"c": "{{ a }}\n\n{{ b }}"}}),
    ("{block_type: MeltColumnsBlock, block_config: {block_name: x, input_cols: [a, b], output_cols: [v, n]}}", {"unfold": {"columns": ["a", "b"], "into": "v", "label": "n"}}),
    ("{block_type: IndexBasedMapperBlock, block_config: {block_name: x, choice_map: {A: a}, choice_cols: [v], output_cols: [c]}}", {"choose": {"into": "c", "by": "v", "columns": {"A": "a"}}}),
    ("{block_type: RowMultiplierBlock, block_config: {block_name: x, num_samples: 3}}", {"repeat": {"count": 3}}),
    ("{block_type: SamplerBlock, block_config: {block_name: x, input_cols: [a], output_cols: [c], num_samples: 2}}", {"pick": {"into": "c", "among": "a", "count": 2}}),
    ("{block_type: JSONStructureBlock, block_config: {block_name: x, input_cols: [a, b], output_cols: [c]}}", {"collect": {"into": "c", "columns": ["a", "b"]}}),
    ("{block_type: ColumnValueFilterBlock, block_config: {block_name: x, input_cols: [a], filter_value: 2.0, operation: ge}}", {"filter": {"on": "a", "at_least": 2.0}}),
]  # fmt: skip


@pytest.mark.parametrize(("block", "stage"), NOW, ids=[next(iter(stage)) for _, stage in NOW])
def test_a_block_of_the_current_schema(project, block, stage):
    made = project({"sdg.yaml": f"metadata: {{name: f}}\nblocks:\n  - {block}\n"})
    result = made.run("import-flow", "sdg.yaml")
    assert result.code == 0, result.stderr
    assert parse_yaml(result.stdout, "flow").plain()["stages"] == [{"name": "x", **stage}]


@pytest.mark.parametrize("about", ["[a]", "a", "{dataset_requirements: [a]}"])
def test_metadata_of_another_form_says_nothing(project, about):
    block = "{block_type: RowMultiplierBlock, block_config: {block_name: x, num_samples: 3}}"
    made = project({"sdg.yaml": f"metadata: {about}\nblocks:\n  - {block}\n"})
    result = made.run("import-flow", "sdg.yaml")
    assert result.code == 0, result.stderr
