"""Messages that are made from schemas."""

from dataclasses import replace
from random import Random

from lxml import etree

import documents
import dress
import dress_invoices
import model
from cases import INVOICES, ISO, by_reader
from generate import Maker

# How many messages at random there are of a version, beside those that have each element.
OF_ISO, OF_UBL, OF_CII = 2, 1, 12


def cases(sources, seed, policy, message):
    if ISO.startswith(policy):
        for name in sources.iso_names():
            if name.startswith(message):
                yield from _of(sources.iso(name), ISO, seed, OF_ISO, dress.iso)
    if INVOICES.startswith(policy):
        for name in sources.invoice_names():
            if name.startswith(message):
                many = OF_CII if name.startswith("CII") else OF_UBL
                yield from _of(sources.invoice(name), INVOICES, seed, many, dress_invoices.invoice)


def _of(schema, policy, seed, many, dressed):
    random = Random(f"{schema.name} {seed}")
    maker = Maker(schema, random)
    covering = list(maker.cover())
    for number, root in enumerate([*covering, *(maker.some() for _ in range(many))]):
        dressed(root, random)
        name = f"{schema.name} {seed}/{number}"
        if schema.xsd is not None and not schema.xsd.validate(root):
            raise AssertionError(f"{name} is not valid: {schema.xsd.error_log[0].message}")
        document = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
        if number >= len(covering):
            style, document, _ = random.choice([one for one in documents.alike(schema.name, document) if not one[2]])
            name = f"{name} {style}"
        # More than one thing may be wrong with it, and a refusal names either.
        yield replace(by_reader(name, policy, document), names=None)


def check_classes(sources):
    """Fails where a schema that is there both ways is read in two ways; the versions without a schema rest on that."""
    for name in sorted(sources.schemas.keys() & sources.classes.keys()):
        if name.startswith("pacs.008"):
            one, other = _shape(sources.iso(name, compiled=False)), _shape(sources.iso_by_classes(name))
            assert one == other, f"{name}: {sorted(one ^ other)}"


def _shape(schema):
    # The classes of names in small letters, of which there are two, are written otherwise.
    return {(etree.QName(key).localname.lower().replace(".", ""), element) for key, element in model.edges(schema)}
