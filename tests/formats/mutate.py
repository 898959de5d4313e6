"""Mutants: messages that each break one rule, and what a refusal must then name; and messages that are only written otherwise."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from places import PLACES

OTHER = "urn:example:other"


@dataclass(frozen=True)
class Mutant:
    """`make` makes the message, since most mutants of a sample are never asked for.
    `names`: a refusal names one of them; None: a message is refused for what it is, and no field is to blame.
    `same`: it may be taken as well, if what comes of it is what came of the message that it was made of."""

    name: str
    make: Callable
    names: tuple | None
    same: bool = False


def find(root, path):
    """The elements at a path of local names; `*` is any, `Name[1]` the first of them."""
    found = [root]
    for step in path.split("/"):
        name, _, number = step.partition("[")
        nexts = [[child for child in node.iterchildren(etree.Element) if name in ("*", etree.QName(child).localname)] for node in found]
        found = [child for children in nexts for child in (children[:1] if number else children)]
    return found


def write(root):
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def fields(kind, document):
    """Mutants of each field of a message of this kind."""
    root = etree.fromstring(document)
    for place in PLACES[kind]:
        if find(root, place.path):
            for name, change, more in changes(place, kind):
                names, same = more.get("names", place.called), more.get("same", False)
                # The last one: whoever looks at the first alone misses it.
                yield Mutant(f"{kind}: {place.path} {name}", changed(root, place.path, -1, change), names, same)


def changed(root, path, number, change):
    """What makes a message in which one of the elements at a path is changed."""

    def make():
        mutated = deepcopy(root)
        change(find(mutated, path)[number])
        return write(mutated)

    return make


def changes(place, kind):
    """(name, what to do with the element, what is expected) for a place."""
    if place.required:
        yield "missing", lambda node: node.getparent().remove(node), {}
        yield "in another namespace", rename, {}
    yield "twice", lambda node: node.addnext(deepcopy(node)), {}
    if place.kind == "account":
        yield from of_account(place)
        return
    if place.kind == "date":
        yield from of_date(kind)
        return
    if place.kind == "status":
        for value in ("BOOKED", "book", "B", "true"):
            yield f"that is {value!r}", lambda node, value=value: text(value)(node[0] if len(node) else node), {}
        return
    yield "empty", text(""), {}
    yield "blank", text(" \n "), {}
    yield "with an element in it", child, {}
    yield "with an instruction in it", broken_by(etree.ProcessingInstruction("x")), {"same": True}
    yield "with a comment in it", broken_by(etree.Comment("x")), {"same": place.kind != "amount"}
    yield from OF_KIND[place.kind](place, kind)


def text(value):
    def change(node):
        node.text = value

    return change


def rename(node):
    node.tag = f"{{{OTHER}}}{etree.QName(node).localname}"


def child(node):
    etree.SubElement(node, f"{{{OTHER}}}b").tail, node.text = node.text, None


def broken_by(what):
    """The text in two, and this between."""

    def change(node):
        between, whole = deepcopy(what), node.text if len(node.text) > 1 else "0" + node.text
        between.tail, node.text = whole[1:], whole[:1]
        node.append(between)

    return change


def of_account(place):
    def inner(change):
        return lambda node: change(find(node, "Id")[0])

    yield "without an id", inner(lambda node: node.getparent().remove(node)), {}
    yield "with an empty id", inner(lambda node: [node.remove(part) for part in list(node)]), {}
    yield "with two ids", inner(lambda node: node.addnext(deepcopy(node))), {}
    yield "with two numbers", inner(lambda node: node.append(deepcopy(node[0]))), {}
    yield "with an empty number", inner(lambda node: [text("")(part) for part in node.iter() if not len(part)]), {}
    yield "with a number in another namespace", inner(lambda node: rename(node[0])), {}


def of_date(kind):
    def leaf(value):
        def change(node):
            node = [part for part in node.iter(etree.Element) if not len(part)][0]
            node.text = value

        return change

    bad = ["", "2026-02-30", "2026-13-01", "2026-00-10", "26-03-02", "2026-3-2", "02.03.2026", "2026/03/02", "2026-03-02x", "2026-03", "today"]
    bad += ["２０２６-03-02", "0000-01-01", "2026-03-02T10:00:00", "20260302"]
    if kind == "CrossIndustryInvoice":
        bad = ["", "20260230", "20261301", "2026030", "202603021", "2026-03-02", "2026030x", "２０２６0302", "02032026x"]

        def format_of(value):
            return lambda node: node.set("format", value) if value else node.attrib.pop("format")

        yield "of another format", format_of("203"), {}
        yield "of no format", format_of(""), {}
    for value in bad:
        yield f"that is {value!r}", leaf(value), {}
    yield "with white space around it", lambda node: leaf("\n " + "".join(node.itertext()).strip() + " ")(node), {"same": True}


def of_text(place, kind):
    return ()


def of_amount(place, kind):
    for value in ("abc", "1,50", "1 000.00", "1e2", "NaN", "INF", "--1", "1.2.3", "0x10", "١٢", "１００", "$100", ".", "-"):
        yield f"that is {value!r}", text(value), {}
    yield "of more digits than any", text("1234567890123456789.00"), {"names": (*place.called, *TOTALS[kind])}
    yield "with a digit that its currency has not", lambda node: text(node.text + ("1" if "." in node.text else ".001"))(node), {}
    if kind[:4] in ("pain", "pacs", "camt"):
        yield "negative", lambda node: text("-" + node.text)(node), {"names": (*place.called, *TOTALS[kind])}
    yield "a cent more", lambda node: text(str(Decimal(node.text) + Decimal("0.01")))(node), {"names": (*place.called, *TOTALS[kind])}
    attribute = "Ccy" if kind[:4] in ("pain", "pacs", "camt") else "currencyID" if kind != "CrossIndustryInvoice" else None
    if attribute:
        names = (*place.called, attribute, *TOTALS[kind], "DocumentCurrencyCode")
        yield "of no currency", lambda node: node.attrib.pop(attribute), {"names": names}
        for value in ("", "XYZ", "eur", "EURO", "EU", "€", "978"):
            yield f"of the currency {value!r}", lambda node, value=value: node.set(attribute, value), {"names": names}
        if place.path.rsplit("/", 1)[-1].startswith("Ttl") or attribute == "currencyID":
            yield "of another currency", lambda node: node.set(attribute, "USD"), {"names": names}


def of_count(place, kind):
    yield "one more", lambda node: text(str(int(node.text) + 1))(node), {}
    yield "one fewer", lambda node: text(str(int(node.text) - 1))(node), {}
    for value in ("two", "-1", "1.5", "1e1", "99999999999999999999"):
        yield f"that is {value!r}", text(value), {}


def of_total(place, kind):
    yield "a cent more", lambda node: text(str(Decimal(node.text) + Decimal("0.01")))(node), {}
    yield "a trifle more", lambda node: text(node.text + "0000000000001")(node), {}
    yield "negative", lambda node: text("-" + node.text)(node), {}
    yield "ten times as much", lambda node: text(str(Decimal(node.text) * 10))(node), {}
    for value in ("abc", "1,50", "1e2", "", "123456789012345678901234567890"):
        yield f"that is {value!r}", text(value), {}


def of_sign(place, kind):
    for value in ("CREDIT", "crdt", "DEBIT", "C", "CRDTDBIT", "+", "true"):
        yield f"that is {value!r}", text(value), {}
    yield "turned round", lambda node: text("DBIT" if node.text == "CRDT" else "CRDT")(node), {"names": (*place.called, *TOTALS[kind])}


def of_currency(place, kind):
    for value in ("XYZ", "eur", "EURO", "EU", "€", "978"):
        yield f"that is {value!r}", text(value), {}


OF_KIND = {"text": of_text, "amount": of_amount, "count": of_count, "total": of_total, "sign": of_sign, "currency": of_currency}
SETTLED = ("CtrlSum", "TtlIntrBkSttlmAmt", "TtlRtrdIntrBkSttlmAmt")
SUMMED = ("Sum", "NbOfNtries", "TtlNtries", "TtlCdtNtries", "TtlDbtNtries", "TxDtls", "NtryDtls", "Bal")
INVOICED = ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "PayableAmount")
INVOICED += ("TaxAmount", "TaxTotal")
TOTALS = {
    **dict.fromkeys(("pain.001", "pain.008"), ("CtrlSum",)),
    **dict.fromkeys(("pacs.008", "pacs.003", "pacs.004"), SETTLED),
    **dict.fromkeys(("camt.053", "camt.054"), SUMMED),
    **dict.fromkeys(("Invoice", "CreditNote"), INVOICED),
    "CrossIndustryInvoice": (
        *("LineTotalAmount", "TaxBasisTotalAmount", "TaxTotalAmount", "GrandTotalAmount", "AllowanceTotalAmount"),
        *("ChargeTotalAmount", "DuePayableAmount", "CalculatedAmount"),
    ),
}


def parts(kind, document):
    """Mutants that lack a whole transaction, or have it twice: the totals tell."""
    names = {
        "pain.001": ("*/PmtInf/CdtTrfTxInf", ("NbOfTxs", "CtrlSum")),
        "pain.008": ("*/PmtInf/DrctDbtTxInf", ("NbOfTxs", "CtrlSum")),
        "pacs.008": ("*/CdtTrfTxInf", ("NbOfTxs", *SETTLED)),
        "pacs.003": ("*/DrctDbtTxInf", ("NbOfTxs", *SETTLED)),
        "pacs.004": ("*/TxInf", ("NbOfTxs", *SETTLED)),
        "camt.053": ("*/Stmt/Ntry", SUMMED),
        "camt.054": ("*/Ntfctn/Ntry", SUMMED),
        "Invoice": ("InvoiceLine", TOTALS["Invoice"]),
        "CreditNote": ("CreditNoteLine", TOTALS["CreditNote"]),
        "CrossIndustryInvoice": ("SupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem", TOTALS["CrossIndustryInvoice"]),
    }
    path, called = names[kind]
    done = {
        "left out": lambda node: node.getparent().remove(node),
        "twice": lambda node: node.addnext(deepcopy(node)),
        "in another namespace": rename,
    }
    root = etree.fromstring(document)
    for name, change in done.items():
        # If it was the only one, it is missing.
        yield Mutant(f"{kind}: {path} {name}", changed(root, path, 0, change), (*called, path.rsplit("/", 1)[-1]))
