"""What a summarisation row asks for, by InstructLab's name of the summary."""

from __future__ import annotations

INSTRUCTIONS = {
    "summary_detailed": (
        "Summarize the text above in detail, without leaving out a key point.",
        "Write a thorough summary of this passage.",
        "Retell what this document says, fully but in fewer words.",
        "Give me a detailed overview of the text.",
        "What does this passage say? Cover everything that matters.",
        "Condense the document above into a summary that still has all its main points and details.",
        "Please write a comprehensive summary of what you just read.",
        "Put the content of this text into a detailed summary.",
        "Explain in a few paragraphs what the document above covers.",
        "I have no time to read all of this. Summarize it for me, and keep the important details.",
    ),
    "summary_extractive": (
        "Summarize the text above in its own words, by its most important sentences.",
        "Pick the passages that carry this document's message and put them together.",
        "Write an extractive summary of this text.",
        "Which sentences of the document matter most? Give them as a summary.",
        "Pull the key statements out of the passage above.",
        "Shorten this text to its essential sentences, staying close to how they are worded.",
        "Collect the most telling parts of this document into a summary.",
        "Quote what is central in the text, so that it can be read instead of the whole.",
        "Summarize this passage by extracting its main statements.",
        "Give me the core of the document, using the words that it uses.",
    ),
    "summary_atomic_facts": (
        "List every fact that the text above states, one at a time.",
        "Break this passage down into single facts.",
        "What are the individual facts in this document?",
        "Write down, as a list of short statements, everything that the text says.",
        "Turn the document above into a list of facts that can each be checked alone.",
        "Take this text apart into its smallest statements.",
        "Name all the facts that a reader learns from this passage.",
        "Give me the content of the document as separate, self-contained facts.",
        "Extract the facts from the text and list them.",
        "Which facts does this passage hold? One line for each.",
    ),
}
