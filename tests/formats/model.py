"""What a schema says of the documents that it allows, whatever it was read from."""

from dataclasses import dataclass, field

MANY = 10**9


@dataclass
class Simple:
    """What a text may be. `base` is the built-in type of XML Schema that it comes down to, without prefix."""

    base: str = "string"
    values: tuple = ()
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None
    min_inclusive: str | None = None


@dataclass
class Attribute:
    name: str
    type: Simple
    required: bool
    fixed: str | None = None


@dataclass
class Element:
    """A place for an element in the content of a type; `type` is its key in the schema."""

    name: str
    type: str
    low: int = 1
    high: int = 1


@dataclass
class Anything:
    """A place for elements of any other namespace."""

    low: int = 1
    high: int = 1


@dataclass
class Group:
    """A sequence, or a choice of one of its items."""

    choice: bool
    items: list = field(default_factory=list)
    low: int = 1
    high: int = 1


@dataclass
class Type:
    """`content` of elements, or `text`; never both, since none of the schemas read here mixes them."""

    text: Simple | None = None
    content: Group | None = None
    attributes: dict = field(default_factory=dict)


@dataclass
class Schema:
    """`root`: the element at the top, and `types[start]` its type. `xsd`: the schema compiled, where there is one."""

    name: str
    root: str
    start: str
    types: dict
    xsd: object = None


def elements(group):
    """The places for elements in a group, those in its groups too, in order."""
    for item in group.items:
        if isinstance(item, Group):
            yield from elements(item)
        elif isinstance(item, Element):
            yield item


def edges(schema):
    """Each element of each type that a document can reach: (type, element) pairs."""
    found, todo = set(), [schema.start]
    seen = set(todo)
    while todo:
        key = todo.pop()
        content = schema.types[key].content
        for element in elements(content) if content else ():
            found.add((key, element.name))
            if element.type not in seen:
                seen.add(element.type)
                todo.append(element.type)
    return found
