"""Reads the transactions of ISO 20022 messages, by the standard's definitions and the rules that the documentation states."""

import re
from decimal import Decimal

from lxml import etree

from reading import MOMENT, Reader, Refused, Transaction, amount, check_total, day, decimal, local, parse, whole_number

# The first of all versions of pain.001 has no `tech` in it.
SPACE = re.compile(r"urn:iso:std:iso:20022:(?:tech:)?xsd:((pain\.00[18]|camt\.05[234]|pacs\.00[348])\.001\.\d\d)")

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
    key = reader.text(found, "Id/IBAN") or reader.text(found, "Id/Othr/Id")
    if key is None:
        raise Refused(name, "has neither IBAN nor Othr/Id")
    return key


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
        at = date_of(reader, one, "IntrBkSttlmDt") or at_group
        if at is None:
            raise Refused("IntrBkSttlmDt", "is missing")
        if returned:
            parts = (id_of_message, returned_id(reader, one))
            key = returned_account(reader, message, one)
        else:
            parts = (id_of_message, reader.must(one, "PmtId/TxId"))
            key = account(reader, one, "CdtrAcct" if kind == "pacs.008" else "DbtrAcct")
        found.append(Transaction(parts, at, key, -value if returned else value, currency))
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


def returned_id(reader, one):
    found = reader.text(one, "RtrId") or reader.text(one, "OrgnlTxId")
    if found is None:
        raise Refused("RtrId", "is missing")
    return found


def returned_account(reader, message, one):
    """The key that the original had: what came back of a debit is the debtor's, of a transfer the creditor's."""
    original = reader.one(one, "OrgnlTxRef")
    if original is None:
        raise Refused("OrgnlTxRef", "is missing")
    names = [reader.text(place, "OrgnlGrpInf/OrgnlMsgNmId") for place in (one, message)]
    debit = any(name and name.startswith("pacs.003") for name in names)
    return account(reader, original, "DbtrAcct" if debit else "CdtrAcct")


def statements(reader, message, kind):
    found = []
    for statement in reader.all(message, {"camt.052": "Rpt", "camt.053": "Stmt", "camt.054": "Ntfctn"}[kind]):
        id_of_statement = reader.must(statement, "Id")
        key = None
        signed = []
        for entry in reader.all(statement, "Ntry"):
            stated = reader.one(entry, "Amt")
            if stated is None:
                raise Refused("Amt", "is missing")
            value, currency = money(stated, "Amt")
            value = value * sign(reader, entry)
            signed.append(value)
            status = reader.one(entry, "Sts")
            if status is None:
                raise Refused("Sts", "is missing")
            if (reader.text(status, "Cd") or status.text or "").strip() != "BOOK":
                continue
            key = key or account(reader, statement, "Acct")
            at = date_of(reader, entry, "BookgDt") or date_of(reader, entry, "ValDt")
            if at is None:
                raise Refused("BookgDt", "is missing")
            reference = reader.text(entry, "AcctSvcrRef") or reader.text(entry, "NtryRef")
            parts = (key, id_of_statement, *([reference] if reference else []))
            found.append(Transaction(parts, at, key, value, currency))
        summary(reader, statement, signed)
    return found


def sign(reader, entry):
    """As it stands: an entry that reverses another says in its own indicator which way the money went."""
    stated = reader.must(entry, "CdtDbtInd").strip()
    if stated not in ("CRDT", "DBIT"):
        raise Refused("CdtDbtInd", f"{stated!r} is neither CRDT nor DBIT")
    return 1 if stated == "CRDT" else -1


def summary(reader, statement, signed):
    """The totals of a statement's entries: all of them, those that come in, those that go out."""
    stated = reader.one(statement, "TxsSummry")
    if stated is None:
        return
    credits = [value for value in signed if value > 0]
    debits = [-value for value in signed if value < 0]
    for name, values in (("TtlNtries", credits + debits), ("TtlCdtNtries", credits), ("TtlDbtNtries", debits)):
        number, total = reader.text(stated, f"{name}/NbOfNtries"), reader.text(stated, f"{name}/Sum")
        if number is not None:
            check_total(whole_number(number, "NbOfNtries"), len(values), "NbOfNtries")
        if total is not None:
            check_total(decimal(total, "Sum"), sum(values, Decimal(0)), "Sum")


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
