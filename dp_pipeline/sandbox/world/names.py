"""Invented names. Every one says that it is simulated."""

import re

from dp_pipeline.sandbox.world.chance import Chance

_FIRST = (
    "Alder", "Amber", "Ash", "Birch", "Bright", "Cedar", "Clear", "Copper", "East", "Elm",
    "Fern", "Frost", "Gold", "Green", "Hazel", "Iron", "Juniper", "Lark", "Maple", "North",
    "Oak", "Pine", "River", "Silver", "Stone", "Summer", "West", "Willow", "Winter", "Wren",
)  # fmt: skip
_SECOND = (
    "bay", "bridge", "brook", "cliff", "crest", "dale", "field", "ford", "gate", "grove",
    "haven", "hill", "lake", "moor", "port", "ridge", "stead", "ton", "vale", "well",
)  # fmt: skip
_COMBINATIONS = len(_FIRST) * len(_SECOND)
_COLOURS = (
    "#1b4965", "#62b6cb", "#5f0f40", "#9a031e", "#e36414", "#0f4c5c", "#386641", "#6a994e",
    "#4a4e69", "#22223b", "#b5838d", "#6d597a",
)  # fmt: skip
# ISO 3166 leaves XA to XZ to its users: no country has or will have them.
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def slug(name: str) -> str:
    """As in the provider's URLs."""
    return _NOT_SLUG.sub("-", name.lower()).strip("-")


def place_name(seed: int, owner: int, place: int) -> str:
    """A town nobody lives in, unlike the others of the same owner."""
    first = Chance(seed, "places", owner).below(_COMBINATIONS)
    # 77 shares no divisor with 600: the first 600 places of an owner have different names.
    index = (first + place * 77) % _COMBINATIONS
    return _FIRST[index // len(_SECOND)] + _SECOND[index % len(_SECOND)]


def team_name(seed: int, owner: int, place: int) -> str:
    """Of a club: the number tells towns of the same name apart."""
    return f"Simulated {place_name(seed, owner, place)} {owner}"


def short_name(seed: int, owner: int, place: int) -> str:
    """The short one collides between owners, as the provider's do."""
    return f"Sim {place_name(seed, owner, place)}"


def name_code(seed: int, owner: int, place: int) -> str:
    """Three letters."""
    return place_name(seed, owner, place)[:3].upper()


def colours(seed: int, owner: int, place: int) -> tuple[str, str]:
    """Primary and secondary, as #rrggbb, never equal."""
    chance = Chance(seed, "colours", owner, place)
    first, second = chance.shuffled(_COLOURS)[:2]
    return first, second


def country(block: int) -> dict[str, str]:
    """The country a block of competitions lies in, in the provider's keys."""
    letter = _LETTERS[block % len(_LETTERS)]
    name = f"Simulated Country {block + 1}"
    return {"alpha2": f"X{letter}", "alpha3": f"XS{letter}", "name": name, "slug": slug(name)}
