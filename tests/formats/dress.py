"""Makes the totals of a message that was made at random agree with what they total, as the standards ask for.

Only texts change, and a few elements that rule each other out go; what is missing stays missing.
"""

from decimal import Decimal

from lxml import etree

from currencies import minor_units

STATUSES = ("BOOK", "BOOK", "PDNG", "INFO", "FUTR")


def _all(node, *names):
    """The elements at a path of local names."""
    found = [node]
    for name in names:
        found = [child for parent in found for child in parent if etree.QName(child).localname == name]
    return found


def _set(node, value, *names):
    for found in _all(node, *names):
        found.text = f"{value:f}" if isinstance(value, Decimal) else str(value)


def _drop(nodes):
    for node in nodes:
        node.getparent().remove(node)


def iso(root, random):
    """A message of ISO 20022."""
    message = root[0]
    for node in root.iter("{*}IBAN"):
        # The first versions allow small letters, and the standard of IBANs does not.
        node.text = node.text.upper()
    kind = etree.QName(root).namespace.rsplit(":", 1)[1][:8]
    if kind in ("pain.001", "pain.008"):
        _payments(message, kind)
    elif kind.startswith("pacs"):
        _interbank(message, kind, random)
    else:
        _statements(message, random)


def _counted(node, amounts):
    _set(node, len(amounts), "NbOfTxs")
    _set(node, sum(amounts, Decimal(0)), "CtrlSum")


def _payments(message, kind):
    amounts = []
    for block in _all(message, "PmtInf"):
        if kind == "pain.001":
            names = [("CdtTrfTxInf", "Amt", "InstdAmt"), ("CdtTrfTxInf", "Amt", "EqvtAmt", "Amt")]
        else:
            names = [("DrctDbtTxInf", "InstdAmt")]
        of_block = [Decimal(node.text) for path in names for node in _all(block, *path)]
        _counted(block, of_block)
        amounts += of_block
    _counted(_all(message, "GrpHdr")[0], amounts)


def _interbank(message, kind, random):
    group = _all(message, "GrpHdr")[0]
    name = {"pacs.008": "CdtTrfTxInf", "pacs.003": "DrctDbtTxInf", "pacs.004": "TxInf"}[kind]
    total = "TtlRtrdIntrBkSttlmAmt" if kind == "pacs.004" else "TtlIntrBkSttlmAmt"
    nodes = _all(message, name, "RtrdIntrBkSttlmAmt" if kind == "pacs.004" else "IntrBkSttlmAmt")
    if _all(group, "IntrBkSttlmDt"):
        # The standard has it in one of both places.
        _drop(_all(message, name, "IntrBkSttlmDt"))
    for stated in _all(group, total):
        for node in nodes:
            node.text = f"{Decimal(node.text).quantize(Decimal(1).scaleb(-minor_units(stated.get('Ccy')))):f}"
            node.set("Ccy", stated.get("Ccy"))
        stated.text = f"{sum((Decimal(node.text) for node in nodes), Decimal(0)):f}"
    if nodes:
        _counted(group, [Decimal(node.text) for node in nodes])
    else:  # a group that is returned whole
        _counted(group, [])
    for place in (message, *_all(message, name)):
        _set(place, random.choice(["pacs.008.001.08", "pacs.003.001.08"]), "OrgnlGrpInf", "OrgnlMsgNmId")


def _statements(message, random):
    for statement in (node for name in ("Rpt", "Stmt", "Ntfctn") for node in _all(message, name)):
        signed = []
        for entry in _all(statement, "Ntry"):
            status = (_all(entry, "Sts", "Cd") or [node for node in _all(entry, "Sts") if not len(node)] or [None])[0]
            # The first versions list what it may be, and a statement's entries are all booked there.
            if status is not None and (status.text not in STATUSES or random.random() < 0.5):
                status.text = random.choice(STATUSES) if status.text not in STATUSES else "BOOK"
            amount = _all(entry, "Amt")[0]
            signed.append(Decimal(amount.text) * (1 if _all(entry, "CdtDbtInd")[0].text == "CRDT" else -1))
            _shared_out(entry, amount)
        for summary in _all(statement, "TxsSummry"):
            _summary(summary, signed)
        _balances(statement)


def _balances(statement):
    """The first two balances are what the statement begins and ends with, and no other is."""
    balances = _all(statement, "Bal")
    for number, balance in enumerate(balances):
        code = ("OPBD", "CLBD", "ITBD")[min(number, 2)]
        for node in (*_all(balance, "Tp", "CdOrPrtry", "Cd"), *_all(balance, "Tp", "Cd")):
            node.text = code
    booked = [entry for entry in _all(statement, "Ntry") if "BOOK" in [node.text for node in (*_all(entry, "Sts"), *_all(entry, "Sts", "Cd"))]]
    if len(balances) < 2 or not booked:
        return
    opening, closing = (_all(balance, "Amt")[0] for balance in balances[:2])
    currency = _all(booked[0], "Amt")[0].get("Ccy")
    amounts = [_all(entry, "Amt")[0] for entry in booked]
    end = Decimal(1000).quantize(Decimal(1).scaleb(-minor_units(currency)))
    for node, way in zip(amounts, (_all(entry, "CdtDbtInd")[0].text for entry in booked), strict=True):
        end += Decimal(node.text) if way == "CRDT" else -Decimal(node.text)
    for node, value, balance in ((opening, Decimal(1000), balances[0]), (closing, end, balances[1])):
        node.set("Ccy", currency)
        node.text = f"{abs(value):f}"
        _set(balance, "CRDT" if value >= 0 else "DBIT", "CdtDbtInd")


def _shared_out(entry, amount):
    """The transactions of an entry, and the batches that they are in, have its amount together."""
    way = _all(entry, "CdtDbtInd")[0].text
    details = _all(entry, "NtryDtls", "TxDtls")
    rest = Decimal(amount.text)
    for number, one in enumerate(details, 1):
        share = rest if number == len(details) else (rest / 2).quantize(Decimal(1).scaleb(-minor_units(amount.get("Ccy"))))
        rest -= share
        for node in (*_all(one, "Amt"), *_all(one, "AmtDtls", "TxAmt", "Amt")):
            node.set("Ccy", amount.get("Ccy"))
            node.text = f"{share:f}"
        one.set("share", f"{share:f}")
        _set(one, way, "CdtDbtInd")
    for batch in _all(entry, "NtryDtls"):
        shares = [Decimal(one.attrib.pop("share")) for one in _all(batch, "TxDtls")]
        _set(batch, len(shares) or 3, "Btch", "NbOfTxs")
        for node in _all(batch, "Btch", "TtlAmt"):
            node.set("Ccy", amount.get("Ccy"))
            node.text = f"{sum(shares) if shares else Decimal(amount.text):f}"
        _set(batch, way, "Btch", "CdtDbtInd")


def _summary(summary, signed):
    credits = [value for value in signed if value > 0]
    debits = [-value for value in signed if value < 0]
    for name, values in (("TtlNtries", credits + debits), ("TtlCdtNtries", credits), ("TtlDbtNtries", debits)):
        _set(summary, len(values), name, "NbOfNtries")
        _set(summary, sum(values, Decimal(0)), name, "Sum")
    net = sum(signed, Decimal(0))
    for place in (summary, *_all(summary, "TtlNtries")):
        _set(place, abs(net), "TtlNetNtryAmt")
        _set(place, "CRDT" if net >= 0 else "DBIT", "CdtDbtInd")
        for inner in _all(place, "TtlNetNtry"):
            _set(inner, abs(net), "Amt")
            _set(inner, "CRDT" if net >= 0 else "DBIT", "CdtDbtInd")
