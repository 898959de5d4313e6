"""Reads the transactions of ISO 20022 messages, by the standard's definitions and the rules that the documentation states."""

import re
from decimal import Decimal

from lxml import etree

from reading import MOMENT, Reader, Refused, Transaction, amount, check_total, day, decimal, local, parse, whole_number

# The first of all versions of pain.001 has no `tech` in it.
SPACE = re.compile(r"urn:iso:std:iso:20022:(?:tech:)?xsd:((pain\.00[18]|camt\.05[234]|pacs\.00[348])\.001\.\d\d)")

IBAN = re.compile("[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}")
# The element that a message is; in their first versions some have the version in it, or its name only.
NAMES = {
    "pain.001": "CstmrCdtTrfInitn",
    "pain.008": "CstmrDrctDbtInitn",
    "pacs.008": "FIToFICstmrCdtTrf",
    "pacs.003": "FIToFICstmrDrctDbt",
    "pacs.004": "PmtRtr",
    "camt.052": "BkToCstmrAcctRpt",
    "camt.053": "BkToCstmrStmt",
    "camt.054": "BkToCstmrDbtCdtNtfctn",
}


def read(document):
    """(kind, transactions) of a message; raises Refused."""
    root = parse(document)
    name = etree.QName(root)
    found = SPACE.fullmatch(name.namespace or "")
    if name.localname != "Document" or not found:
        raise Refused("Document", f"{root.tag} is no message that is known")
    kind = found[2]
    if found[1] == "pain.001.001.01":
        raise Refused("", "the first version of pain.001 has neither MsgId nor blocks with an id")
    messages = [child for child in root if isinstance(child.tag, str)]
    if len(messages) != 1:
        raise Refused("Document", "holds not one message")
    reader = Reader({"": name.namespace})
    if local(messages[0]) not in (NAMES[kind], f"{NAMES[kind]}V01", f"{NAMES[kind]}V02", found[1]):
        raise Refused("Document", f"{local(messages[0])} is no {kind}")
    return kind, READERS[kind](reader, messages[0], kind)


def account(reader, node, name):
    """An account's IBAN, else its other identification."""
    found = reader.one(node, name)
    if found is None:
        raise Refused(name, "is missing")
    number, other = reader.text(found, "Id/IBAN"), reader.text(found, "Id/Othr/Id")
    if (number is None) == (other is None):
        raise Refused(name, "has not one of IBAN and Othr/Id")
    if number is not None and not IBAN.fullmatch(number):
        raise Refused(name, f"{number!r} is no IBAN")
    return number or other


def date_of(reader, node, name):
    """A date that stands as text, in Dt or in DtTm."""
    found = reader.one(node, name)
    if found is None:
        return None
    date, moment = (reader.one(found, part) for part in ("Dt", "DtTm"))
    if date is not None and moment is not None:
        raise Refused(name, "has two dates")
    if moment is not None:
        return day(moment.text or "", name, MOMENT)
    return day((found if date is None else date).text or "", name)


def money(node, field):
    """An amount with its currency. None is negative in these messages."""
    value = amount(node.text or "", node.get("Ccy"), field)
    if value < 0:
        raise Refused(field, "is negative")
    return value, node.get("Ccy")


def totals(reader, node, amounts):
    """NbOfTxs and CtrlSum, where a group or a block of payments states them."""
    stated = reader.text(node, "NbOfTxs")
    if stated is not None:
        check_total(whole_number(stated, "NbOfTxs"), len(amounts), "NbOfTxs")
    stated = reader.text(node, "CtrlSum")
    if stated is not None:
        check_total(decimal(stated, "CtrlSum"), sum(amounts, Decimal(0)), "CtrlSum")


def payments(reader, message, kind):
    credit = kind == "pain.001"
    group = reader.one(message, "GrpHdr")
    id_of_message = reader.must(group, "MsgId")
    found = []
    for block in reader.all(message, "PmtInf"):
        began = len(found)
        id_of_block = reader.must(block, "PmtInfId")
        at = date_of(reader, block, "ReqdExctnDt" if credit else "ReqdColltnDt")
        if at is None:
            raise Refused("ReqdExctnDt" if credit else "ReqdColltnDt", "is missing")
        key = account(reader, block, "DbtrAcct" if credit else "CdtrAcct")
        for one in reader.all(block, "CdtTrfTxInf" if credit else "DrctDbtTxInf"):
            stated = reader.one(one, "Amt/InstdAmt" if credit else "InstdAmt")
            if stated is None and credit:
                stated = reader.one(one, "Amt/EqvtAmt/Amt")
            if stated is None:
                raise Refused("InstdAmt", "is missing")
            value, currency = money(stated, "InstdAmt" if local(stated) == "InstdAmt" else "Amt")
            parts = (id_of_message, id_of_block, reader.must(one, "PmtId/EndToEndId"))
            found.append(Transaction(parts, at, key, value, currency))
        totals(reader, block, [one.amount for one in found[began:]])
    totals(reader, group, [one.amount for one in found])
    return found


def interbank(reader, message, kind):
    """pacs.008 and pacs.003; and pacs.004, which gives money back: negative, under the account of the original."""
    group = reader.one(message, "GrpHdr")
    id_of_message = reader.must(group, "MsgId")
    at_group = date_of(reader, group, "IntrBkSttlmDt")
    returned = kind == "pacs.004"
    name = "RtrdIntrBkSttlmAmt" if returned else "IntrBkSttlmAmt"
    found = []
    for one in reader.all(message, {"pacs.008": "CdtTrfTxInf", "pacs.003": "DrctDbtTxInf", "pacs.004": "TxInf"}[kind]):
        stated = reader.one(one, name)
        if stated is None:
            raise Refused(name, "is missing")
        value, currency = money(stated, name)
        own = date_of(reader, one, "IntrBkSttlmDt")
        if own and at_group and own != at_group:
            raise Refused("IntrBkSttlmDt", f"is {own}, and {at_group} for all")
        at = own or at_group
        if at is None:
            raise Refused("IntrBkSttlmDt", "is missing")
        if returned:
            parts = (id_of_message, first(reader, one, ["RtrId", "OrgnlTxId", "OrgnlUETR", "OrgnlEndToEndId"]))
            key = returned_account(reader, message, one)
        else:
            parts = (id_of_message, first(reader, one, ["PmtId/TxId", "PmtId/UETR", "PmtId/EndToEndId"]))
            key = account(reader, one, "CdtrAcct" if kind == "pacs.008" else "DbtrAcct")
        found.append(Transaction(parts, at, key, -value if returned else value, currency))
    if not found:
        raise Refused("TxInf" if returned else "NbOfTxs", "there is no transaction")
    amounts = [abs(one.amount) for one in found]
    totals(reader, group, amounts)
    stated = reader.one(group, "TtlRtrdIntrBkSttlmAmt" if returned else "TtlIntrBkSttlmAmt")
    if stated is not None:
        check_settlement(found, amounts, stated)
    return found


def check_settlement(found, amounts, stated):
    field = local(stated)
    value, currency = money(stated, field)
    if any(one.currency != currency for one in found):
        raise Refused(field, "is of another currency than its transactions")
    check_total(value, sum(amounts, Decimal(0)), field)


def first(reader, one, paths):
    """The first of some ids that is there. TxId is left out where a UETR stands in newer versions."""
    for path in paths:
        found = reader.text(one, path)
        if found is not None:
            return found
    raise Refused(paths[0].rsplit("/", 1)[-1], "is missing")


def returned_account(reader, message, one):
    """The key that the original had: what came back of a debit is the debtor's, of a transfer the creditor's."""
    original = reader.one(one, "OrgnlTxRef")
    if original is None:
        raise Refused("OrgnlTxRef", "is missing")
    name = reader.text(one, "OrgnlGrpInf/OrgnlMsgNmId") or reader.text(message, "OrgnlGrpInf/OrgnlMsgNmId")
    if name is None:
        # Only a collection has these.
        debit = reader.one(original, "ReqdColltnDt") is not None or reader.one(original, "CdtrSchmeId") is not None
    else:
        debit = name.startswith("pacs.003")
    return account(reader, original, "DbtrAcct" if debit else "CdtrAcct")


def statements(reader, message, kind):
    name, page_name = {"camt.052": ("Rpt", "RptPgntn"), "camt.053": ("Stmt", "StmtPgntn"), "camt.054": ("Ntfctn", "NtfctnPgntn")}[kind]
    found, page = [], reader.one(message, "GrpHdr/MsgPgntn")
    for statement in reader.all(message, name):
        id_of_statement = reader.must(statement, "Id")
        key = account(reader, statement, "Acct")
        entries, began = [], len(found)
        for entry in reader.all(statement, "Ntry"):
            stated = reader.one(entry, "Amt")
            if stated is None:
                raise Refused("Amt", "is missing")
            value, currency = money(stated, "Amt")
            value = value * sign(reader, entry)
            entries.append((value, is_booked(reader, entry)))
            if not entries[-1][1]:
                continue
            at = date_of(reader, entry, "BookgDt") or date_of(reader, entry, "ValDt")
            if at is None:
                raise Refused("BookgDt", "is missing")
            found.append(Transaction(reference(reader, entry, key, id_of_statement), at, key, value, currency))
        # Totals and balances are of the whole statement, and not of one of its pages.
        if all(whole(reader, place) for place in (page, reader.one(statement, page_name))):
            summary(reader, statement, entries)
            if kind == "camt.053":
                balances(reader, statement, found[began:])
    return found


def is_booked(reader, entry):
    status = reader.one(entry, "Sts")
    if status is None:
        raise Refused("Sts", "is missing")
    if reader.one(status, "Prtry") is not None:
        return False
    code = (reader.text(status, "Cd") or status.text or "").strip()
    if code not in ("BOOK", "PDNG", "INFO", "FUTR"):
        raise Refused("Sts", f"{code!r} is no status of an entry")
    return code == "BOOK"


def reference(reader, entry, key, id_of_statement):
    """What the bank calls an entry is the same in a report, a notification and a statement; else it is one of its statement's."""
    bank = reader.text(entry, "AcctSvcrRef")
    if bank is not None and bank not in ("NONREF", "NOTPROVIDED"):
        return key, bank
    own = reader.text(entry, "NtryRef")
    return (key, id_of_statement) if own is None else (key, id_of_statement, own)


def whole(reader, page):
    if page is None:
        return True
    first_page = reader.must(page, "PgNb").lstrip("0") in ("", "1")
    return first_page and reader.must(page, "LastPgInd") in ("true", "1")


def sign(reader, entry):
    """As it stands: an entry that reverses another says in its own indicator which way the money went."""
    stated = reader.must(entry, "CdtDbtInd").strip()
    if stated not in ("CRDT", "DBIT"):
        raise Refused("CdtDbtInd", f"{stated!r} is neither CRDT nor DBIT")
    return 1 if stated == "CRDT" else -1


def summary(reader, statement, entries):
    """The totals of a statement's entries: all of them, those that come in, those that go out. Banks mean all, or those booked."""
    stated = reader.one(statement, "TxsSummry")
    if stated is None:
        return
    every = [value for value, _ in entries]
    booked = [value for value, is_booked in entries if is_booked]
    for name, of in (
        ("TtlNtries", lambda values: [abs(value) for value in values]),
        ("TtlCdtNtries", lambda values: [value for value in values if value > 0]),
        ("TtlDbtNtries", lambda values: [-value for value in values if value < 0]),
    ):
        number, total = reader.text(stated, f"{name}/NbOfNtries"), reader.text(stated, f"{name}/Sum")
        if number is not None and whole_number(number, "NbOfNtries") != len(of(booked)):
            check_total(whole_number(number, "NbOfNtries"), len(of(every)), "NbOfNtries")
        if total is not None and decimal(total, "Sum") != sum(of(booked)):
            check_total(decimal(total, "Sum"), sum(of(every), Decimal(0)), "Sum")
    net = net_of(reader, stated)
    if net is not None and net not in (abs(sum(every)), abs(sum(booked))):
        raise Refused("TtlNetNtry", f"states {net}, and there are {sum(every)}")


def net_of(reader, stated):
    text = reader.text(stated, "TtlNtries/TtlNetNtryAmt") or reader.text(stated, "TtlNtries/TtlNetNtry/Amt")
    return None if text is None else abs(decimal(text, "TtlNetNtry"))


def balances(reader, statement, booked):
    """From the one opening balance the booked entries lead to the one closing balance, if all are in one currency."""
    by_code = {}
    for balance in reader.all(statement, "Bal"):
        code = reader.text(balance, "Tp/CdOrPrtry/Cd") or reader.text(balance, "Tp/Cd")
        if reader.one(balance, "Tp/SubTp") is None:
            value, currency = money(reader.one(balance, "Amt"), "Amt")
            by_code.setdefault(code, []).append((value * sign(reader, balance), currency))
    # Where both stand, they may say the same or not, and which holds is not told.
    opening, closing = [*by_code.get("OPBD", []), *by_code.get("PRCD", [])], by_code.get("CLBD", [])
    if len(opening) != 1 or len(closing) != 1:
        return
    (begins, currency), (ends, other) = opening[0], closing[0]
    if {currency, other} | {one.currency for one in booked} == {currency}:
        check_total(ends, begins + sum(one.amount for one in booked), "Bal")


READERS = {
    "pain.001": payments,
    "pain.008": payments,
    "pacs.008": interbank,
    "pacs.003": interbank,
    "pacs.004": interbank,
    "camt.052": statements,
    "camt.053": statements,
    "camt.054": statements,
}
