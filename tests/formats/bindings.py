"""Reads schemas back out of the classes that PyPI's `pyiso20022` has made of them, for versions that no registry has as a schema.

The classes are read as text, never run. What they do not tell is which types are a choice; in ISO 20022 these are named so, but for
a few of the first versions, of which both alternatives stand then: none is in the way of what is read.
"""

import ast

from model import MANY, Attribute, Element, Group, Schema, Simple, Type

FACETS = ("pattern", "min_length", "max_length", "total_digits", "fraction_digits")
BASES = {
    "str": "string",
    "Decimal": "decimal",
    "bool": "boolean",
    "bytes": "base64Binary",
    "XmlDate": "date",
    "XmlDateTime": "dateTime",
    "XmlTime": "time",
    "XmlPeriod": "gYearMonth",
    "object": "anyType",
}


def read(name, text):
    tree = ast.parse(text)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    space = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__NAMESPACE__"
    )
    types = {}
    for kind, node in classes.items():
        if _is_enumeration(node):
            types[kind] = Type(text=Simple(values=tuple(_values(node))))
    for kind, node in classes.items():
        if kind not in types:
            types[kind] = _type(node, kind, space, types, classes)
    return Schema(name, f"{{{space}}}Document", "Document", types)


def _is_enumeration(node):
    return any(isinstance(base, ast.Name) and base.id == "Enum" for base in node.bases)


def _values(node):
    return [str(ast.literal_eval(item.value)) for item in node.body if isinstance(item, ast.Assign)]


def _fields(node):
    """(annotation, metadata) of each field."""
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.value, ast.Call):
            given = {keyword.arg: keyword.value for keyword in item.value.keywords}
            yield item.annotation, _metadata(given.get("metadata"))


def _metadata(node):
    found = {}
    for key, value in zip(node.keys, node.values) if node else ():
        if isinstance(value, ast.Call):  # Decimal("0")
            value = value.args[0]
        try:
            found[ast.literal_eval(key)] = ast.literal_eval(value)
        except ValueError:
            found[ast.literal_eval(key)] = None
    return found


def _named(annotation):
    """The name of the type in `None | Name`, `list[Name]` or `Name`."""
    if isinstance(annotation, ast.BinOp):
        sides = [_named(annotation.left), _named(annotation.right)]
        # `None | XmlPeriod`, and unions of a built-in with a class never are.
        return next(side for side in sides if side is not None)
    if isinstance(annotation, ast.Subscript):
        return _named(annotation.slice)
    if isinstance(annotation, ast.Constant):
        return _named(ast.parse(annotation.value, mode="eval").body) if isinstance(annotation.value, str) else None
    return annotation.id


def _type(node, kind, space, types, classes):
    text, attributes, items = None, {}, []
    for annotation, metadata in _fields(node):
        named = _named(annotation)
        role = metadata.get("type")
        if role == "Attribute":
            simple = types[named].text if named in types else _simple(named, metadata)
            attributes[metadata["name"]] = Attribute(metadata["name"], simple, bool(metadata.get("required")))
        elif role == "Element":
            key = named
            if named not in classes:
                key = f"{kind}/{metadata['name']}"
                types[key] = Type(text=_simple(named, metadata))
            many = isinstance(annotation, ast.Subscript)
            low = metadata.get("min_occurs", 1 if metadata.get("required") else 0)
            high = metadata.get("max_occurs", MANY) if many else 1
            items.append(Element(f"{{{space}}}{metadata['name']}", key, low, high))
        elif role is None:
            text = types[named].text if named in types else _simple(named, metadata)
    if text:
        return Type(text=text, attributes=attributes)
    choice = kind.endswith("Choice")
    for item in items if choice else ():
        item.low = 1
    return Type(content=Group(choice, items), attributes=attributes)


def _simple(named, metadata):
    least = metadata.get("min_inclusive")
    facets = {facet: metadata[facet] for facet in FACETS if metadata.get(facet) is not None}
    return Simple(base=BASES[named], min_inclusive=None if least is None else str(least), **facets)
