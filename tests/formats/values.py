"""Texts that a simple type allows, drawn at random."""

import re._constants as kinds
import re._parser as patterns
from decimal import Decimal

from currencies import USED, minor_units

WORDS = "Žito & sin <Ltd> d.o.o. Ørsted Café naïve 'straße' \"x\" 東京 😀".split(" ")
CURRENCY = ("[A-Z]{3,3}", "[A-Z]{3}")
DATES = [f"{year}-{month:02}-{day:02}" for year in (2024, 2025, 2026) for month in (1, 2, 6, 12) for day in (1, 15, 28)] + ["2024-02-29"]


def text(simple, random):
    """Some text of this type."""
    if simple.values:
        return random.choice(simple.values)
    if simple.pattern in CURRENCY:
        return random.choice(USED)
    if simple.pattern:
        return _cut(_matching(patterns.parse(simple.pattern), random), simple)
    return BY_BASE.get(simple.base, _words)(simple, random)


def amount(currency, simple, random):
    """An amount in its currency's minor units, written as a program would write it."""
    digits = minor_units(currency)
    if simple.fraction_digits is not None:
        digits = min(digits, simple.fraction_digits)
    value = Decimal(random.randint(1, 99_999_999)).scaleb(-digits)
    return str(value) if random.random() < 0.8 else _shortest(value)


def _shortest(value):
    """Without trailing zeros, which XML Schema does not ask for."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cut(found, simple):
    if simple.max_length is not None and len(found) > simple.max_length:
        found = found[: simple.max_length]
    return found


def _words(simple, random):
    low, high = simple.min_length or 1, simple.max_length or 60
    found = " ".join(random.choice(WORDS) for _ in range(random.randint(1, 4)))[:high].strip()
    # Letters in numbers keep apart what would else stand twice.
    found = (f"{random.randrange(36**4):04x} " + found)[:high].strip() if high > 12 else f"{random.randrange(10**8):08}"[:high]
    return found.ljust(low, "x")


def _decimal(simple, random):
    digits = simple.fraction_digits if simple.fraction_digits is not None else 2
    whole = (simple.total_digits or 8) - digits
    number = Decimal(random.randint(0, 10 ** min(6, max(1, whole)) - 1))
    return str(number + Decimal(random.randint(0, 99)).scaleb(-2)) if digits >= 2 else str(number)


def _date_time(simple, random):
    zone = random.choice(["", "Z", "+01:00", "-05:00"])
    return f"{random.choice(DATES)}T{random.randint(0, 23):02}:30:00{random.choice(['', '.123'])}{zone}"


BY_BASE = {
    "decimal": _decimal,
    "integer": lambda simple, random: str(random.randint(1, 99)),
    "date": lambda simple, random: random.choice(DATES),
    "dateTime": _date_time,
    "time": lambda simple, random: f"{random.randint(0, 23):02}:15:00",
    "boolean": lambda simple, random: random.choice(["true", "false", "1", "0"]),
    "gYear": lambda simple, random: "2026",
    "gYearMonth": lambda simple, random: "2026-07",
    "base64Binary": lambda simple, random: "VGFsbHk=",
    "anyURI": lambda simple, random: "urn:example:one",
    "language": lambda simple, random: "en",
    "ID": lambda simple, random: f"id-{random.randrange(10**12)}",
    "NCName": lambda simple, random: "name",
    "token": lambda simple, random: f"t{random.randrange(100)}",
    "normalizedString": lambda simple, random: f"n {random.randrange(10**6)}",
}


def _matching(parsed, random):
    """A text that a pattern matches, of the patterns that the schemas have."""
    out = []
    for kind, value in parsed:
        if kind is kinds.LITERAL:
            out.append(chr(value))
        elif kind is kinds.ANY:
            out.append("x")
        elif kind is kinds.IN:
            out.append(_of_class(value, random))
        elif kind is kinds.BRANCH:
            out.append(_matching(random.choice(value[1]), random))
        elif kind is kinds.SUBPATTERN:
            out.append(_matching(value[3], random))
        elif kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
            low, high, inner = value
            times = random.randint(low, min(int(high), max(low, 20)))
            out.extend(_matching(inner, random) for _ in range(times))
        elif kind is not kinds.AT:
            raise ValueError(f"a pattern with {kind} is not known here")
    return "".join(out)


def _of_class(items, random):
    kind, value = random.choice(items)
    if kind is kinds.LITERAL:
        return chr(value)
    if kind is kinds.RANGE:
        return chr(random.randint(*value))
    if kind is kinds.CATEGORY and value is kinds.CATEGORY_DIGIT:
        return random.choice("0123456789")
    raise ValueError(f"a class with {kind} {value} is not known here")
