"""Reads XML Schema as far as ISO 20022, UBL and CII use it."""

import posixpath
from dataclasses import replace

from lxml import etree

from model import MANY, Anything, Attribute, Element, Group, Schema, Simple, Type

XS = "{http://www.w3.org/2001/XMLSchema}"
FACETS = {
    "minLength": ("min_length", int),
    "maxLength": ("max_length", int),
    "length": ("max_length", int),
    "totalDigits": ("total_digits", int),
    "fractionDigits": ("fraction_digits", int),
    "minInclusive": ("min_inclusive", str),
    "pattern": ("pattern", str),
}


class Reader:
    """Reads one schema and what it imports. `files(path)` gives a file's bytes, or None where there is none."""

    def __init__(self, path, files):
        self.files = files
        self.declared = {"element": {}, "complexType": {}, "simpleType": {}, "attribute": {}}
        self.types = {}
        self.loaded = set()
        self._load(path)

    def schema(self, name, root="Document"):
        """What a document with this element at its top may hold."""
        named = [found for found in self.declared["element"] if etree.QName(found).localname == root]
        return Schema(name, named[0], self._type_of(self.declared["element"][named[0]]), self.types)

    def _load(self, path, inherited=None):
        if path in self.loaded:
            return
        self.loaded.add(path)
        text = self.files(path)
        if text is None:
            return
        root = etree.fromstring(text)
        # What is included without a namespace of its own takes the includer's.
        space = root.get("targetNamespace", inherited)
        for child in root.iterchildren(etree.Element):
            kind = etree.QName(child).localname
            if kind in ("import", "include"):
                where = child.get("schemaLocation")
                if where:
                    self._load(posixpath.normpath(posixpath.join(posixpath.dirname(path), where)), space)
            elif kind in self.declared:
                name = f"{{{space}}}{child.get('name')}"
                child.set("tns", space)
                self.declared[kind][name] = child

    def _space(self, node):
        while node.get("tns") is None:
            node = node.getparent()
        return node.get("tns")

    def _name(self, node, text):
        prefix, _, local = text.rpartition(":")
        return f"{{{node.nsmap.get(prefix or None) or self._space(node)}}}{local}"

    def _type_of(self, element):
        """The key of an element's type."""
        if element.get("type"):
            name = self._name(element, element.get("type"))
        else:
            name = f"{{{self._space(element)}}}{element.getroottree().getpath(element)}"
        if name not in self.types:
            self.types[name] = Type()  # first, since types contain themselves
            inner = element.find(f"{XS}complexType")
            self.types[name].__dict__.update((self._complex(inner) if inner is not None else self._named(name)).__dict__)
        return name

    def _named(self, name):
        if name in self.declared["complexType"]:
            return self._complex(self.declared["complexType"][name])
        return Type(text=self._simple(name))

    def _simple(self, name):
        if name.startswith(XS):
            return Simple(base=etree.QName(name).localname)
        node = self.declared["simpleType"][name].find(f"{XS}restriction")
        if node is None:  # a list or a union, of which none holds what is read
            return Simple()
        return self._restricted(node, self._simple(self._name(node, node.get("base"))))

    def _restricted(self, node, simple):
        changes, values = {}, []
        for facet in node.iterchildren(etree.Element):
            kind = etree.QName(facet).localname
            if kind == "enumeration":
                values.append(facet.get("value"))
            elif kind in FACETS:
                field, read = FACETS[kind]
                changes[field] = read(facet.get("value"))
                if kind == "length":
                    changes["min_length"] = changes[field]
        if values:
            changes["values"] = tuple(values)
        return replace(simple, **changes)

    def _complex(self, node):
        simple = node.find(f"{XS}simpleContent")
        if simple is not None:
            return self._text(next(simple.iterchildren(etree.Element)))
        content = None
        for child in node.iterchildren(f"{XS}sequence", f"{XS}choice"):
            content = self._group(child)
        return Type(content=content or Group(False), attributes=self._attributes(node))

    def _text(self, node):
        """A text with attributes, made from another type."""
        base = self._named(self._name(node, node.get("base")))
        attributes = {**base.attributes, **self._attributes(node)}
        return Type(text=self._restricted(node, base.text), attributes=attributes)

    def _attributes(self, node):
        found = {}
        for child in node.iterchildren(f"{XS}attribute"):
            if child.get("ref"):
                continue
            simple = self._simple(self._name(child, child.get("type")))
            required = child.get("use") == "required"
            found[child.get("name")] = Attribute(child.get("name"), simple, required, child.get("fixed"))
        return found

    def _group(self, node):
        group = Group(etree.QName(node).localname == "choice", [], *self._times(node))
        for child in node.iterchildren(etree.Element):
            kind = etree.QName(child).localname
            if kind in ("sequence", "choice"):
                group.items.append(self._group(child))
            elif kind == "any":
                group.items.append(Anything(*self._times(child)))
            elif kind == "element" and child.get("ref"):
                name = self._name(child, child.get("ref"))
                if name in self.declared["element"]:
                    key = self._type_of(self.declared["element"][name])
                    group.items.append(Element(name, key, *self._times(child)))
            elif kind == "element":
                name = f"{{{self._space(child)}}}{child.get('name')}"
                group.items.append(Element(name, self._type_of(child), *self._times(child)))
        return group

    def _times(self, node):
        high = node.get("maxOccurs", "1")
        return int(node.get("minOccurs", "1")), MANY if high == "unbounded" else int(high)
