"""What the simulated generator writes: plain sentences around words of the prompt.

Everything depends on the random stream and the prompt alone. Frames are many and their slots wide, so
that exact repeats are rare; two sentences from one frame are the near-duplicates a run should meet.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from random import Random
from typing import Final

HEAD, TAIL, LAST_LINES = 1_500, 2_500, 300  # characters of a prompt that are looked at
LONGEST_WORD = 24
ENOUGH = 4  # nouns, to do without other words

_UNLIKE_NOUNS = ("ly", "ed", "ing", "ous", "ful", "ive", "able", "ible", "less", "est", "ier", "ify")

_TOKEN = re.compile(r"[^\W\d_][\w'-]*|[.!?:;,()\n]")
_TAG = re.compile(r"<(/?)[A-Za-z][^<>\n]{0,80}>")
_SENTENCE = re.compile(r"\b[A-Z][^.!?\n<>{}\[\]:]{30,180}[.!](?=\s|$)")
_SETTING = re.compile(r"^[A-Z][\w ']{2,40}: ([^/\n]+)$", re.MULTILINE)
_ENDS = frozenset(".!?:\n")
_ORDERS = re.compile(
    r"\b(?:you|your|write|reply|answer|question|must|should|tags?|JSON|score|example|nothing else)\b",
    re.IGNORECASE,
)

# words that carry no content, and those that tell a model what to do; shorter ones are left out anyway
_DULL_WORDS: Final = """
able above after again allow allows almost along also although always among another answer answers anyone
anything argue argues around asked away based been being believe below beside best beyond both bring brings
brought call called check consider contain contains copy correct create describe despite dirty doing done
each early either else ends ensure entry even ever everyone everything exactly example examples explains
explanation false field fields find finds five following follows form format found further gave gets getting
gives goes going gone great having helped here high hold holds however important include includes instead
instruction instructions into item items json judge large learn learned learns least leave less like likely
list loud made main major makes making many maybe means mine move moves must named need neither never number
object onto other others otherwise ours output pair perhaps play plays please prompt provide provides
question questions rate rather rating reduce reduces reply require requires respond response responses
review right save saves schema score scores seem seemed seems seen sentence sets several shall similar
simple since some someone something start style such support supports sure tags taken task tasks teaches
text these they things think thinks third this thought through till today together told took toward towards
tried tries true turn turned turns type under until upon used user uses using very want whatever whether
whole whom whose word words works worst writes writing written wrote your yours
"""


@dataclass(frozen=True, slots=True)
class Material:
    """What a prompt offers: phrases of all of it, of its last lines, whole sentences, and its theme."""

    phrases: tuple[str, ...]
    last: tuple[str, ...]
    sentences: tuple[str, ...]
    theme: str


def material_of(prompt: str, instructions: str) -> Material:
    """The usable words of a prompt; how to reply is not one of its subjects."""
    if instructions:
        prompt = prompt.replace(instructions, "\n")
    if len(prompt) > HEAD + TAIL:
        prompt = f"{prompt[:HEAD]}\n{prompt[-TAIL:]}"
    return _material(prompt)


@functools.lru_cache(maxsize=512)
def _material(prompt: str) -> Material:
    labelled, inside = _subject(prompt)
    phrases = _phrases(f"{labelled}\n{inside}") or _phrases(prompt) or ("the subject", "an earlier case")
    last = _phrases(inside[-LAST_LINES:]) or phrases
    sentences = [found for found in _SENTENCE.findall(inside) if not _ORDERS.search(found)]
    return Material(phrases, last, tuple(sentences[:16]), phrases[0])


def _subject(prompt: str) -> tuple[str, str]:
    """What a prompt is about: what stands behind its labels and between its tags, if it has tags."""
    tags = list(_TAG.finditer(prompt)) if "<" in prompt else []
    if not tags:
        return "", prompt
    inside = [
        prompt[tag.end() : following.start()]
        for tag, following in itertools.pairwise(tags)
        if tag[1] == "" or following[1] == "/"
    ]
    return "\n".join(_SETTING.findall(prompt)), "\n".join(inside)


def _phrases(text: str) -> tuple[str, ...]:
    """Runs of one or two words that stand together and carry content."""
    found: dict[str, None] = {}
    run: list[str] = []
    begins = True
    for token in _TOKEN.findall(text):
        # short words are little words, and so are those with an apostrophe
        carries = len(token) > 3 and "'" not in token and token.lower() not in _DULL
        if carries:
            run.append((token.lower() if begins and token.istitle() else token)[:LONGEST_WORD])
        if run and (len(run) == 2 or not carries):
            found[" ".join(run)] = None
            run = []
        begins = token in _ENDS
    if run:
        found[" ".join(run)] = None
    # by itself a word with such an end is seldom a noun
    nouns = tuple(phrase for phrase in found if " " in phrase or not phrase.endswith(_UNLIKE_NOUNS))
    return nouns if len(nouns) >= ENOUGH else tuple(found)


# no frame depends on whether a phrase is one thing or several
_QUESTIONS: Final = (
    "how would {a} change if {b} came first",
    "what would happen to {a} if {b} were left out",
    "why do people disagree about {a} when it comes to {b}",
    "which side of {a} has most to do with {b}",
    "what is the strongest argument for {a}, given {b}",
    "how would you explain {a} to somebody who only knows {b}",
    "where would you draw the line between {a} and {b}",
    "what do beginners get wrong about {a} and {b}",
    "can {a} be judged without a look at {b}",
    "who would gain and who would lose if {a} came before {b}",
    "what are three signs that {a} should matter more than {b}",
    "when is it better to begin with {a} than with {b}",
    "would {a} still be useful without {b}",
    "how can one tell {a} from {b} in practice",
    "what evidence about {a} would change a mind on {b}",
    "in which order should {a} and {b} be dealt with",
    "what can {a} teach us about {b}",
    "how much of {a} is really a matter of {b}",
    "if {a} had to go tomorrow, what would that mean for {b}",
    "which mistake with {a} would do most harm to {b}",
    "should {a} be paid for by those who ask for {b}",
    "what did people make of {a} before anybody spoke of {b}",
    "can there be too much {a} and too little {b}",
    "which would be harder to replace, {a} or {b}",
    "what links {a} to {b}",
    "who decides between {a} and {b}",
    "why not trade {b} for {a}",
    "how soon would {a} be missed, compared to {b}",
    "what is the first thing to ask about {a} and the last about {b}",
    "where could {a} take the place of {b}",
)
_OPENINGS: Final = (
    "leaving {d} aside, ",
    "in view of {d}, ",
    "with {n} people watching, ",
    "given {n} minutes, ",
    "without mentioning {d}, ",
    "starting from {d}, ",
    "in a letter of {year} somebody asks: ",
    "for or against {d}: ",
    "apart from {d}, ",
    "with {d} in mind, ",
    "a visitor who has read up on {d} wants to know: ",
    "back in {year}, or now: ",
    "next to {d}, ",
    "for the sake of {d}, ",
)
_ASIDES: Final = (
    " in a small town",
    " for a first-year student",
    " over the next ten years",
    " on a tight budget",
    " when time is short",
    " in a crowded classroom",
    " for people who have just met",
    " during a hard winter",
    " across two languages",
    " at the end of a long day",
    " without any help from outside",
    " from the point of view of a critic",
    " in the smallest case",
    " for a team of four",
    " where nobody is in charge",
    " as an older neighbour might see it",
)
_STATEMENTS: Final = (
    "it pays to plan for {b} before {a}{c}.",
    "most of the difficulty lies in {b}, not in {a}{c}.",
    "a useful first step would be to write down how {a} and {b} meet{c}.",
    "people who know {a} well tend to be careful about {b}{c}.",
    "there is good reason to keep {a} and {b} apart{c}.",
    "the simplest case of {a} needs no {b} at all{c}.",
    "in the end {b} will decide what becomes of {a}{c}.",
    "nothing about {a} would be lost by looking at {b} first{c}.",
    "two readers of the same lines on {a} may see {b} in different ways{c}.",
    "in short: first {a}, then {b}{c}.",
    "where there is doubt about {a}, {b} can give a second opinion{c}.",
    "a careful person looks twice at {a} before turning to {b}{c}.",
    "because of {b}, {a} can take longer than expected{c}.",
    "it helps to set {a} and {b} side by side{c}.",
    "small changes to {a} would show up in {b} within days{c}.",
    "the usual objection to {a} is the price of {b}{c}.",
)
_SCENES: Final = (
    "in {year} a small group of {n} people began to collect notes on {a}.",
    "their first report on {b} ran to {n} pages and was read by few.",
    "by the spring of {year}, {a} had become a subject of conversation at every table.",
    "the oldest record of {a} mentions {b} only once, on page {n}.",
    "{n} visitors a week came to ask about {b}.",
    "a teacher kept a diary of {a} for {n} months and noticed how often {b} appeared.",
    "nobody had expected {b} to matter so much to {a}.",
    "the council set aside {n} hours for {a} and none for {b}.",
    "later that year the notes on {b} were lost, and with them most of what was known of {a}.",
    "two sisters who disagreed about {a} agreed on {b}.",
    "a letter of {year} calls {a} the twin of {b}.",
    "when the rain stopped, work on {a} went on and {b} was forgotten.",
    "prices for {b} fell by {n} percent, while {a} stayed what it was.",
    "the map on the wall showed {a} in blue and {b} in red.",
)
_PRAISE: Final = (
    "It is clear, keeps to {a} and says enough about {b}.",
    "What it says about {a} fits, and {b} can be followed, too.",
    "It can stand by itself: nobody has to guess about {a} or {b}.",
    "The point about {a} is sound and the part on {b} is easy to follow.",
)
_BLAME: Final = (
    "It says little about {a} and leaves {b} open.",
    "It drifts from {a} to {b} and does not come back.",
    "It cannot be understood without knowing {b}, and only hints at {a}.",
    "The part on {a} repeats itself, and nothing is said of {b}.",
)


# what it wrote before is often part of the next prompt: the words of the frames are no subjects
_FRAMES: Final = " ".join(
    (*_QUESTIONS, *_OPENINGS, *_ASIDES, *_STATEMENTS, *_SCENES, *_PRAISE, *_BLAME)
).lower()
_DULL: Final = frozenset((*_DULL_WORDS.split(), *re.findall(r"[a-z]{4,}", _FRAMES)))


def _filled(frame: str, random: Random, phrases: tuple[str, ...], others: tuple[str, ...], aside: str) -> str:
    draw = random.random
    at = int(draw() * len(phrases))
    a, d = phrases[at], phrases[at - 1]
    index = int(draw() * len(others))
    b = others[index] if others[index] != a else others[index - 1]
    if a == b:
        b = "the rest"
    text = frame.format(a=a, b=b, c=aside, d=d, year=1850 + int(draw() * 170), n=3 + int(draw() * 90))
    return text[0].upper() + text[1:]


def _aside(random: Random, share: float) -> str:
    return _ASIDES[int(random.random() * len(_ASIDES))] if random.random() < share else ""


def _some(frames: tuple[str, ...], count: int, random: Random, material: Material) -> list[str]:
    last, phrases = material.last, material.phrases
    chosen = random.sample(frames, count)
    return [_filled(frame, random, last, phrases, _aside(random, 0.3)) for frame in chosen]


def question(random: Random, material: Material) -> str:
    """One question."""
    frame = _QUESTIONS[int(random.random() * len(_QUESTIONS))]
    if random.random() < 0.6:
        frame = _OPENINGS[int(random.random() * len(_OPENINGS))] + frame
    return _filled(f"{frame}{{c}}?", random, material.phrases, material.phrases, _aside(random, 0.8))


def answer(random: Random, material: Material) -> str:
    """Two to five sentences, one of them perhaps the prompt's own."""
    parts = _some(_STATEMENTS, 2 + int(random.random() * 3), random, material)
    return " ".join(_with_quote(parts, random, material))


def passage(random: Random, material: Material) -> str:
    """A paragraph of three to five sentences."""
    parts = _some(_SCENES, 3 + int(random.random() * 2), random, material)
    return " ".join(_with_quote(parts, random, material))


def _with_quote(parts: list[str], random: Random, material: Material) -> list[str]:
    if material.sentences and random.random() < 0.3:
        quote = material.sentences[int(random.random() * len(material.sentences))]
        parts.insert(1 + int(random.random() * (len(parts) - 1)), quote)
    return parts


def sentence(random: Random, material: Material) -> str:
    """One statement."""
    return _some(_STATEMENTS, 1, random, material)[0]


def phrase(random: Random, material: Material) -> str:
    """One or two words."""
    return material.phrases[int(random.random() * len(material.phrases))]


def reason(random: Random, material: Material, *, good: bool) -> str:
    """Why something was judged well, or badly."""
    frames = _PRAISE if good else _BLAME
    frame = frames[int(random.random() * len(frames))]
    return _filled(frame, random, material.last, material.phrases, "")
