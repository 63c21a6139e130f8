"""Plain prompts: what one is about, and whose turn it is where it leaves off."""

from __future__ import annotations

import re
from random import Random
from typing import Final

DRAWN: Final = 6  # words for a user who may speak of anything

# what chat templates write around turns, and where they leave off for the user to speak
_MARKS = re.compile(
    r"<\|[^|<>]*\|>(?:(?:system|user|assistant)\b)?|</?[a-z_]+>(?:(?:user|model)\b)?|\[/?[A-Z_]+\]"
)
_AS_USER = re.compile(r"(?:(?:\||>)user\s*(?:<\|[^|<>]*\|>\s*)?|<\|user\|>\s*|\[INST\]\s*)\Z")

_SUBJECTS: Final = """
airport almanac anchor antenna apricot archive atlas attic autumn avalanche bagpipe bakery ballad barley
barometer basalt beehive beetle bicycle blacksmith blizzard border botany bridge broccoli butter cabbage
calendar camera canal candle canyon caravan carpet cartoon castle cathedral cellar census ceramics chess
chimney chocolate choir cinema clinic clock coast compass compost concert contract copper coral cotton
council courtyard crater crossword curtain dairy dancer delta democracy dentist desert diary dictionary
diesel dolphin drawbridge drought eclipse economy elevator embassy enamel encryption engine erosion estuary
factory fairytale falcon ferry festival fiddle firewall flood flute forest fossil fountain freight furnace
galaxy garden garlic geometry glacier glass glider gossip grammar granite gravity greenhouse guitar hamlet
harbour harvest helmet herbs heritage hockey honey horizon hospital hurdle iceberg immigration inflation
insulin island ivory jacket jasmine journal jungle kettle keyboard kingdom kitchen laboratory lantern
lavender lawyer legend lemon library lighthouse limestone locksmith logic lottery luggage machine magnet
mammoth marathon marble market meadow medicine melody mercury microscope midwife mining mirror monsoon
mosaic mountain museum mushroom musical mustard mythology navigation nectar needle network notary novel
nutrition orchard orchestra origami oxygen paddle painter palace paper parliament passport pasture pendulum
pension pepper pharmacy physics piano pilgrim pirate planet pollen pottery prairie prison probability puppet
puzzle pyramid quarry quilt rabbit radar railway rainbow recipe reef refinery republic reservoir restaurant
rhythm rocket sailor sandstone satellite saxophone sculpture seaweed shadow shelter shepherd silver skeleton
skyscraper soil sonnet spider stadium statue stethoscope storm strawberry submarine sundial surgery swamp
symphony tailor tavern telescope temple theatre thermometer thunder tobacco tomato tractor treaty triangle
trumpet tunnel turbine typhoon umbrella university vaccine valley vanilla village vineyard violin volcano
voltage voyage waiter walnut waterfall weather weaving wedding wheat whistle willow window winter workshop
zinc zoology
"""
_WORDS: Final = tuple(_SUBJECTS.split())


def subject_of(prompt: str, random: Random) -> str:
    """What a plain prompt says; and anything, where a user would speak."""
    said = _MARKS.sub("\n", prompt)
    return f"{said}\n{', '.join(random.sample(_WORDS, DRAWN))}" if is_users_turn(prompt) else said


def is_users_turn(prompt: str) -> bool:
    """Whether the prompt leaves off where, in a chat template, the user would speak."""
    return _AS_USER.search(prompt) is not None
