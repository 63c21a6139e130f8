from __future__ import annotations

import json

import pytest
from knowledge_samples import CONTEXT_SEED, PLAIN_SEEDS, SAID, builder, task
from skills_samples import ROOT, decoded

from fms_dgt.builders.knowledge_sdg.options import KnowledgeOptions
from fms_dgt.builders.knowledge_sdg.task import KnowledgeTask
from fms_dgt.core.typed import decode, encode
from fms_dgt.core.yaml_file import read_yaml

PAIRS = CONTEXT_SEED["questions_and_answers"]
GIT = {"repo": "https://example.com/r.git", "commit": "0123abc", "patterns": ["*.md"]}


def without(key: str) -> dict:
    return {name: value for name, value in SAID.items() if name != key}


GOOD = {
    "a context with its pairs": {},
    "plain pairs": {"seed_examples": PLAIN_SEEDS},
    "both": {"seed_examples": [CONTEXT_SEED, *PLAIN_SEEDS]},
    "a pair with a context": {"seed_examples": [{**PLAIN_SEEDS[0], "context": "Colours."}]},
    "a repository": {"document": GIT},
    "names and globs": {"documents": {"a": "docs/*.md", "b": ["b.md", "https://example.com/c.html"]}},
    "a folder without a name": {"documents": "docs"},
    "a store": {"knowledge_datastore": {"store_name": "s", "data_path": "d", "data_format": "md"}},
    "a store's format by its name": {"knowledge_datastore": {"data_path": "rows.jsonl"}},
    "a store's columns": {
        "knowledge_datastore": {
            "type": "default_knowledge_datastore",
            "data_path": "rows.parquet",
            "fields_to_extract": ["text", "title"],
            "content_key": "text",
        }
    },
    "words": {"chunk_size": 300},
    "tokens": {"chunk_tokens": 500},
    "no more than it needs": {"domain": "", "document_outline": "", "task_description": ""},
}

BAD = {
    "no seeds": ({"seed_examples": []}, "task.yaml: seed_examples: is empty; give at least one entry"),
    "a seed of nothing": (
        {"seed_examples": [{}]},
        "task.yaml: seed_examples[0]: is no example; write 'context:' with 'questions_and_answers:', or "
        "'question:' and 'answer:'",
    ),
    "a context alone": (
        {"seed_examples": [{"context": "c"}]},
        "task.yaml: seed_examples[0]: is no example; write 'context:' with 'questions_and_answers:', or "
        "'question:' and 'answer:'",
    ),
    "too few pairs": (
        {"seed_examples": [{"context": "c", "questions_and_answers": PAIRS[:2]}]},
        "task.yaml: seed_examples[0]: has 2 of questions_and_answers; write 3 or more",
    ),
    "pairs about nothing": (
        {"seed_examples": [{"questions_and_answers": PAIRS}]},
        "task.yaml: seed_examples[0]: has questions_and_answers without the context that they are about; add "
        "'context: |'",
    ),
    "pairs and a pair": (
        {"seed_examples": [{**CONTEXT_SEED, **PLAIN_SEEDS[0]}]},
        "task.yaml: seed_examples[0]: has questions_and_answers and a question of its own; keep one of the two",
    ),
    "an answer left empty": (
        {
            "seed_examples": [
                {"context": "c", "questions_and_answers": [*PAIRS, {"question": "q", "answer": " "}]}
            ]
        },
        "task.yaml: seed_examples[0].questions_and_answers[3].answer: is empty; write it out",
    ),
    "a misspelt key": (
        {"documnt": GIT},
        "task.yaml: documnt: unknown key 'documnt'; did you mean 'document'?",
    ),
    "no commit": (
        {"document": {"repo": "https://example.com/r.git", "patterns": ["*.md"]}},
        "task.yaml: document: the key 'commit' is missing",
    ),
    "a document that is no path": (
        {"documents": {"a": 3}},
        "task.yaml: documents.a: must be a path, not a number; name a file, a folder, a pattern or a URL",
    ),
    "an empty path": (
        {"documents": {"a": " "}},
        "task.yaml: documents.a: is empty; name a file, a folder, a pattern or a URL",
    ),
    "no words": ({"chunk_size": 0}, "task.yaml: chunk_size: is 0; it must be 1 or more"),
    "words and tokens": (
        {"chunk_size": 600, "chunk_tokens": 500},
        "task.yaml: says chunk_size and chunk_tokens; keep one of the two",
    ),
    "a private store": (
        {"knowledge_datastore": {"type": "milvus", "data_path": "d.md"}},
        "task.yaml: knowledge_datastore: the store 'milvus' needs a private service, which is not there; export "
        "its documents to files, name them by 'data_path', and write 'type: default_knowledge_datastore'",
    ),
    "a format nobody reads": (
        {"knowledge_datastore": {"data_path": "d", "data_format": "csv"}},
        "task.yaml: knowledge_datastore: data_format: cannot be 'csv'; it may be: md, txt, jsonl, parquet",
    ),
    "a folder of what": (
        {"knowledge_datastore": {"data_path": "folder"}},
        "task.yaml: knowledge_datastore: the data_format is missing; add one of: md, txt, jsonl, parquet",
    ),
    "columns of a text": (
        {"knowledge_datastore": {"data_path": "d.md", "content_key": "text"}},
        "task.yaml: knowledge_datastore: md files have no columns; remove content_key and fields_to_extract",
    ),
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_a_task_that_is_fine(changes):
    _, problems = decoded(KnowledgeTask, {**SAID, **changes})
    assert problems == []


@pytest.mark.parametrize(("changes", "problem"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_a_task_is_said_with_its_place(changes, problem):
    value, problems = decoded(KnowledgeTask, {**SAID, **changes})
    assert value is None
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize("key", ["seed_examples", "created_by"])
def test_what_a_task_must_say(key):
    _, problems = decoded(KnowledgeTask, without(key))
    assert problems[0].startswith(f"task.yaml: the key '{key}' is missing; add '{key}:")


def test_without_documents_a_task_says_how_to_name_them():
    (problem,) = builder().check(task(documents={}))
    assert str(problem).startswith(
        "the task names no documents; add 'document:' with repo, commit and patterns"
    )


def test_a_tokenizer_counts_tokens():
    (problem,) = builder(chunk_tokenizer="granite").check(task())
    assert "counts its chunks in words; add 'chunk_tokens: 500'" in str(problem)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"mode": "facts"}, "config.yaml: mode: cannot be the text 'facts'; did you mean 'key_facts'?"),
        ({"variants": []}, "config.yaml: variants: is empty; give at least one entry"),
        (
            {"variants": ["document", "document"]},
            "config.yaml: variants: names one of them twice; keep each once",
        ),
        ({"variants": ["summary"]}, "config.yaml: variants[0]: cannot be the text 'summary'"),
        ({"summaries_per_chunk": 51}, "config.yaml: summaries_per_chunk: is 51; it must be 50 or less"),
        ({"question_kinds": {"essay": 1}}, "config.yaml: question_kinds.essay: unknown key 'essay'"),
        (
            {"question_kinds": {"why_how": -1}},
            "config.yaml: question_kinds.why_how: is -1.0; it must be 0 or more",
        ),
        ({"faithfulness": False}, "config.yaml: faithfulness: cannot be False"),
        ({"templates_path": "nowhere"}, "config.yaml: templates_path: there is no folder 'nowhere'"),
    ],
)
def test_what_is_wrong_with_an_option_is_said_with_its_place(options, problem):
    _, problems = decoded(KnowledgeOptions, options, "config.yaml")
    assert problems[0].startswith(problem)


@pytest.mark.parametrize("said", [None, 100, "all"])
def test_num_docs_per_iteration_is_read_and_changes_nothing(said):
    options, problems = decoded(KnowledgeOptions, {"num_docs_per_iteration": said}, "config.yaml")
    assert not problems
    assert encode(options, shaping_only=True) == encode(KnowledgeOptions(), shaping_only=True)


def test_prompts_of_ones_own(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "judge_claim.yaml").write_text("prompt: x\n")
    options, problems = decoded(KnowledgeOptions, {"templates_path": "mine"}, str(tmp_path / "c.yaml"))
    assert not problems
    assert options.templates_path.files == {"judge_claim": tmp_path / "mine" / "judge_claim.yaml"}
    (tmp_path / "mine" / "judge_clam.yaml").write_text("prompt: x\n")
    _, problems = decoded(KnowledgeOptions, {"templates_path": "mine"}, str(tmp_path / "c.yaml"))
    assert (
        "'judge_clam.yaml' there is no template of this builder; did you mean 'judge_claim'?" in problems[0]
    )


def test_the_shipped_task_is_read():
    (path,) = (ROOT / "tasks/instructlab/knowledge").rglob("task.yaml")
    said = read_yaml(path)
    problems: list = []
    node = said.without("data_builder", "include").with_(task_name=said.value["created_by"])
    read = decode(KnowledgeTask, node, problems)
    assert not problems
    assert len(read.seed_examples) >= 5
    handbook = "\n".join(file.read_text() for file in (path.parent / "documents").glob("*.md"))
    for seed in read.seed_examples:
        # the examples are no part of what is asked about
        assert seed.context.strip() not in handbook
    assert len(handbook.split()) >= 4_500
    assert handbook.count("| ---") >= 10


def test_a_task_of_a_file_says_file_line_and_key(project):
    text = f"""
        created_by: a test
        data_builder: knowledge_sdg
        seed_examples: {json.dumps([CONTEXT_SEED])}
        include:
          documents:
            a: docs/nothing.md
        """
    made = project({"task.yaml": text, "docs/other.md": "x"})
    result = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check")
    assert result.code == 2
    assert (
        "task.yaml:6: include.documents.a: docs/nothing.md: there is no such file; beside it there is: other.md"
        in (result.stderr)
    )
