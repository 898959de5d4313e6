"""Messages with what must come of them, and whether what came is that."""

import re
from dataclasses import dataclass
from decimal import Decimal

import read_invoices
import read_iso
from reading import Refused

ISO, INVOICES = "iso20022", "ubl-cii"


@dataclass(frozen=True)
class Case:
    """`want`: the transactions, where the message may be taken. `refused`: whether it may, or must, be refused, and then by one of
    `names`, if there are any."""

    name: str
    policy: str
    document: bytes
    want: tuple | None
    refused: bool = False
    names: tuple | None = None

    def wrong(self, got):
        """Why what came is not right, or None."""
        outcome = got.get("outcome")
        if outcome == "reject":
            return self._wrong_refusal(got["refusal"])
        if outcome != "accept":
            return f"came to {outcome}: {got}"
        if self.want is None:
            return f"was taken, with {shown(got['transactions'])}; a refusal would be right" + (f" of {self.names[0]}" if self.names else "")
        came = [(one["day"], one["key"], Decimal(one["amount"]), one["currency"]) for one in got["transactions"]]
        want = [(one.day, one.key, one.amount, one.currency) for one in self.want]
        if came != want:
            return differs(came, want)
        return self._wrong_ids([one["id"] for one in got["transactions"]])

    def _wrong_refusal(self, refusal):
        said = f"{refusal.get('field') or ''}: {refusal['detail']}"
        if not self.refused:
            return f"was refused: {said}"
        if not refusal["detail"]:
            return "was refused without a word why"
        if self.names and not any(re.search(rf"\b{name}\b", said) for name in self.names):
            return f"was refused by another name than {' or '.join(self.names)}: {said}"
        return None

    def _wrong_ids(self, ids):
        if len(set(ids)) != len(ids):
            return f"ids stand twice: {ids}"
        for found, one in zip(ids, self.want):
            for part in one.parts:
                # What stands between the parts is written otherwise in them.
                if part not in found and part.replace("~", "~0").replace("/", "~1") not in found:
                    return f"the id {found!r} has not {part!r}"
        return None


def differs(came, want):
    for number, (one, other) in enumerate(zip(came, want)):
        if one != other:
            return f"transaction {number} is {one}, and {other} would be right"
    return f"{len(came)} transactions, and {len(want)} would be right"


def shown(transactions):
    return ", ".join(f"{one['amount']} {one['currency']} {one['day']} {one['key']}" for one in transactions[:3]) or "no transactions"


def read(policy, document):
    return (read_iso if policy == ISO else read_invoices).read(document)


def by_reader(name, policy, document):
    """What the independent reader makes of a message must come of it."""
    try:
        kind, found = read(policy, document)
    except Refused as refusal:
        return Case(name, policy, document, None, True, (refusal.field,) if refusal.field else None)
    return Case(name, policy, document, tuple(found))
