"""Makes documents of a schema: so many that each of its elements stands at least once, and others at random."""

from functools import reduce

from lxml import etree

import values
from model import Anything, Element, Group, edges, elements

# Elements that a message is about, and that would else be left out as often as all others.
WANTED = frozenset(
    "Stmt Rpt Ntfctn Ntry NtryDtls TxDtls BookgDt AcctSvcrRef TxsSummry TtlNtries TtlCdtNtries TtlDbtNtries Btch CtrlSum NbOfTxs "
    "PmtInf PmtInfId CdtTrfTxInf DrctDbtTxInf TxInf TxId RtrId OrgnlTxId IntrBkSttlmDt TtlIntrBkSttlmAmt TtlRtrdIntrBkSttlmAmt "
    "DbtrAcct CdtrAcct Acct IBAN OrgnlTxRef OrgnlGrpInf TxInfAndSts EndpointID PartyTaxScheme TaxScheme TaxInclusiveAmount "
    "TaxTotal TaxSubtotal TaxExclusiveAmount LegalMonetaryTotal InvoiceLine CreditNoteLine DocumentCurrencyCode InvoiceTypeCode "
    "LineExtensionAmount SpecifiedTaxRegistration IssueDateTime GrandTotalAmount InvoiceCurrencyCode TypeCode "
    "TaxBasisTotalAmount LineTotalAmount DuePayableAmount TaxTotalAmount IncludedSupplyChainTradeLineItem ApplicableTradeTax "
    "CalculatedAmount BasisAmount SpecifiedTradeSettlementLineMonetarySummation SellerTradeParty ID URIID "
    "SpecifiedTradeSettlementHeaderMonetarySummation ApplicableHeaderTradeSettlement ApplicableHeaderTradeAgreement "
    "SupplyChainTradeTransaction ExchangedDocument SpecifiedLineTradeSettlement ChargeIndicator Indicator CompanyID "
    "AllowanceTotalAmount ChargeTotalAmount IssueDateTime DateTimeString URIUniversalCommunication SpecifiedTradeSettlementLineMonetarySummation PayableAmount AccountingSupplierParty Party".split()
)
DEEPEST = 14


class Maker:
    def __init__(self, schema, random):
        self.schema, self.random = schema, random
        self.edges = sorted(edges(schema))
        self.bit = {edge: 1 << number for number, edge in enumerate(self.edges)}
        self.unseen = (1 << len(self.edges)) - 1
        self.reach = self._reach()
        self.depth = self._depths()

    def cover(self):
        """Documents that have each element of the schema at least once."""
        while self.unseen:
            before = self.unseen
            yield self._document(covering=True)
            if self.unseen == before:
                missing = [edge for edge in self.edges if self.bit[edge] & self.unseen]
                raise AssertionError(f"{self.schema.name}: no document can be made that has {missing}")

    def some(self):
        """A document at random."""
        return self._document(covering=False)

    def _document(self, covering):
        self.covering = covering
        root = etree.Element(self.schema.root, nsmap={None: etree.QName(self.schema.root).namespace})
        self._fill(root, self.schema.start, [])
        return root

    def _fill(self, node, key, above):
        kind = self.schema.types[key]
        for attribute in kind.attributes.values():
            wanted = attribute.required or attribute.name == "currencyID"
            if wanted or (attribute.name != "format" and self.random.random() < 0.2):
                node.set(attribute.name, attribute.fixed or values.text(attribute.type, self.random))
        currency = node.get("Ccy") or node.get("currencyID")
        if kind.content:
            self._group(node, kind.content, key, [*above, key])
        elif currency and kind.text.base == "decimal":
            if "currencyID" in kind.attributes:
                currency = self.random.choice(values.USED)
                node.set("currencyID", currency)
            node.text = values.amount(currency, kind.text, self.random)
        elif kind.text.base != "anyType":
            node.text = values.text(kind.text, self.random)

    def _group(self, node, group, key, above):
        for _ in range(self._times(group, key, above) if group.low != group.high else group.low):
            for item in [self._chosen(group, key, above)] if group.choice else group.items:
                if isinstance(item, Group):
                    self._group(node, item, key, above)
                elif isinstance(item, Anything):
                    for _ in range(max(item.low, int(self.random.random() < 0.3))):
                        node.append(etree.Element("{urn:example:other}Extension"))
                else:
                    for _ in range(1 if group.choice and item.low == 0 else self._times(item, key, above)):
                        self.unseen &= ~self.bit[key, item.name]
                        self._fill(etree.SubElement(node, item.name), item.type, above)

    def _news(self, item, key, above):
        """What has not been seen of the elements below an item."""
        if isinstance(item, Anything):
            return 0
        if isinstance(item, Group):
            return reduce(int.__or__, (self._news(inner, key, above) for inner in item.items), 0)
        below = 0 if item.type in above else self.reach[item.type]
        return (self.bit[key, item.name] | below) & self.unseen

    def _chosen(self, group, key, above):
        if self.covering:
            best = max(self._news(item, key, above).bit_count() for item in group.items)
            if best:
                return next(item for item in group.items if self._news(item, key, above).bit_count() == best)
        shallow = min(self._depth_of(item) for item in group.items)
        if self.covering or len(above) > DEEPEST:
            return next(item for item in group.items if self._depth_of(item) == shallow)
        wanted = [item for item in group.items if isinstance(item, Element) and etree.QName(item.name).localname in WANTED]
        return self.random.choice(wanted if wanted and self.random.random() < 0.8 else group.items)

    def _times(self, item, key, above):
        name = etree.QName(item.name).localname if isinstance(item, Element) else ""
        wanted = name in WANTED or (name == "Id" and "CashAccount" in key)
        if self.covering:
            times = 1 if wanted or self._news(item, key, above) else 0
        elif len(above) > DEEPEST:
            times = 0
        else:
            times = int(self.random.random() < (1 if wanted else 0.4 if len(above) < 4 else 0.12))
            if times and item.high > 1:
                times = self.random.choice([1, 1, 2, 3])
        if isinstance(item, Element) and item.type in above and not (self.covering and self.bit[key, item.name] & self.unseen):
            times = 0
        return min(max(times, item.low), item.high)

    def _reach(self):
        """Of each type, the elements that stand anywhere below it."""
        reach = dict.fromkeys(self.schema.types, 0)
        changed = True
        while changed:
            changed = False
            for key, kind in self.schema.types.items():
                found = reach[key]
                for element in elements(kind.content) if kind.content else ():
                    found |= self.bit.get((key, element.name), 0) | reach[element.type]
                if found != reach[key]:
                    reach[key], changed = found, True
        return reach

    def _depths(self):
        """Of each type, how many elements deep a document must at least be below it."""
        self.depth = dict.fromkeys(self.schema.types, 1000)
        changed = True
        while changed:
            changed = False
            for key, kind in self.schema.types.items():
                depth = self._depth_of(kind.content) if kind.content else 0
                if depth < self.depth[key]:
                    self.depth[key], changed = depth, True
        return self.depth

    def _depth_of(self, item):
        if isinstance(item, Anything) or item.low == 0:
            return 0
        if isinstance(item, Element):
            return 1 + self.depth[item.type]
        inner = [self._depth_of(part) for part in item.items] or [0]
        return min(inner) if item.choice else max(inner)
