"""What the independent readers share: a transaction, a refusal, and how texts become dates and amounts."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree

from currencies import CURRENCIES, minor_units

DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
ZONE = r"(?:Z|[+-]\d\d:\d\d)?"
DATE = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d){ZONE}", re.ASCII)
MOMENT = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?{ZONE}", re.ASCII)
# What XML Schema calls white space, and what it takes off numbers and dates before it reads them.
BLANK = " \t\r\n"


@dataclass(frozen=True)
class Transaction:
    """`parts`: what the id is made of, without what orders it within its message."""

    parts: tuple
    day: str
    key: str
    amount: Decimal
    currency: str


class Refused(Exception):
    """`field`: the local name of what is wrong."""

    def __init__(self, field, why):
        super().__init__(f"{field}: {why}")
        self.field = field


def parse(document):
    """A document's root. Entities are nobody's, and so is what a document type declares."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        tree = etree.fromstring(document, parser).getroottree()
    except etree.XMLSyntaxError as error:
        raise Refused("", f"no XML: {error}") from error
    if tree.docinfo.doctype:
        raise Refused("", "a document type")
    return tree.getroot()


def local(node):
    return etree.QName(node).localname


class Reader:
    """Finds elements of one namespace or of several, by prefix."""

    def __init__(self, spaces):
        self.spaces = spaces

    def all(self, node, path):
        return node.findall(path, self.spaces)

    def one(self, node, path):
        """The element there, or None; two are refused."""
        found = self.all(node, path)
        if len(found) > 1:
            raise Refused(_last(path), "stands more than once")
        return found[0] if found else None

    def text(self, node, path):
        """The text of the element there, or None where there is none; an empty one is refused."""
        found = self.one(node, path)
        if found is None:
            return None
        if len(found):
            raise Refused(_last(path), "has elements within")
        if not (found.text or "").strip(BLANK):
            raise Refused(_last(path), "is empty")
        return found.text

    def must(self, node, path):
        found = self.text(node, path)
        if found is None:
            raise Refused(_last(path), "is missing")
        return found


def _last(path):
    return re.split("[/:]", path)[-1]


def day(text, field, pattern=DATE):
    """The day of a date or of a moment, as it is written: no zone moves it."""
    found = pattern.fullmatch(text.strip(BLANK))
    try:
        return date(*map(int, found.groups()[:3])).isoformat()
    except (AttributeError, ValueError) as error:
        raise Refused(field, f"{text!r} is no date") from error


def decimal(text, field):
    text = text.strip(BLANK)
    if not DECIMAL.fullmatch(text):
        raise Refused(field, f"{text!r} is no number")
    return Decimal(text)


def amount(text, currency, field):
    """An amount that its currency has coins for."""
    if currency not in CURRENCIES:
        raise Refused(field, f"{currency!r} is no currency")
    value = decimal(text, field)
    if value != round(value, minor_units(currency)):
        raise Refused(field, f"{text} has more digits than {currency}")
    return value


def whole_number(text, field):
    if not re.fullmatch(r"\d+", text.strip(BLANK), re.ASCII):
        raise Refused(field, f"{text!r} is no whole number")
    return int(text)


def check_total(stated, counted, field):
    if stated != counted:
        raise Refused(field, f"states {stated}, and there are {counted}")
