"""Mutants of a whole document: what is no XML, no message that is known, or hides something; and the same message written otherwise."""

import re

from lxml import etree

from mutate import Mutant

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>\s*")


def broken(kind, document):
    body = DECLARATION.sub(b"", document)
    text = body.decode()
    root = re.match(r"<([\w:]+)", text)[1]
    space = etree.QName(etree.fromstring(document)).namespace
    first = text.index(">") + 1

    def head(declared, rest=text):
        return f'<?xml version="1.0" encoding="{declared}"?>{rest}'

    def named(new):
        return text.replace(space, new)

    found = {
        "nothing": b"",
        "white space": b" \n",
        "no XML": b'{"id":"1"}',
        "cut off": body[: len(body) // 2],
        "cut off before its last letter": body[:-1],
        "with a second root": body + b"<more/>",
        "with text after it": body + b"more",
        "with text before it": b"more" + body,
        "with an end tag of another name": text.replace(f"</{root}>", "</other>").encode(),
        "without an end tag": text.replace(f"</{root}>", "").encode(),
        "with an attribute twice": (text[: first - 1] + ' a="1" a="2"' + text[first - 1 :]).encode(),
        "with a prefix that is not declared": (text[:first] + "<no:such/>" + text[first:]).encode(),
        "with a bare ampersand": (text[:first] + "<a>&</a>" + text[first:]).encode(),
        "with an entity that is not declared": (text[:first] + "<a>&amount;</a>" + text[first:]).encode(),
        "with a character that XML forbids": (text[:first] + "<a>\x01</a>" + text[first:]).encode(),
        "with a reference to a character that XML forbids": (text[:first] + "<a>&#1;</a>" + text[first:]).encode(),
        "with bytes that are no UTF-8": (text[:first]).encode() + b"<a>\xff\xfe</a>" + text[first:].encode(),
        "with half a surrogate": (text[:first]).encode() + b"<a>\xed\xa0\x80</a>" + text[first:].encode(),
        "with an overlong character": (text[:first]).encode() + b"<a>\xc0\xbc</a>" + text[first:].encode(),
        "with a document type": f"<!DOCTYPE {root}>{text}".encode(),
        "with a document type of elsewhere": f'<!DOCTYPE {root} SYSTEM "http://localhost/x.dtd">{text}'.encode(),
        "with an entity in a document type": f'<!DOCTYPE {root} [<!ENTITY amount "1.00">]>{text}'.encode(),
        "with a file for an entity": (
            f'<!DOCTYPE {root} [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + text[:first] + "<a>&x;</a>" + text[first:]
        ).encode(),
        "with entities of entities": (
            f'<!DOCTYPE {root} [<!ENTITY a "{"x" * 100}"><!ENTITY b "{"&a;" * 100}"><!ENTITY c "{"&b;" * 100}">]>'
            + text[:first] + "<a>&c;</a>" + text[first:]
        ).encode(),
        "that calls Latin-1 UTF-8": head("UTF-8").replace("Ž", "Š").encode("iso-8859-2") + b"<!-- \xe8 -->",
        "that calls UTF-8 UTF-16": head("UTF-16").encode(),
        "in an encoding that nobody knows": head("x-tallygate-17").encode(),
        "of no namespace": re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace(f"<{root}", "<" + root.split(":")[-1]).encode(),
        "of another namespace": named("urn:example:other").encode(),
        "of a namespace in capitals": named(space.upper()).encode(),
        "of a namespace with a blank": named(space + " ").encode(),
        "of a namespace with more after it": named(space + "x").encode(),
        "of a namespace cut off": named(space[:-2]).encode(),
        "with another root": re.sub(rf"(</?){root}\b", r"\1" + root + "s", text).encode(),
        "twice in an envelope": f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{text}{text}</e:Body></e:Envelope>'.encode(),
        "in an envelope with a fault": f'<e:Envelope xmlns:e="{SOAP}"><e:Body><e:Fault/>{text[: len(text) // 2]}'.encode(),
    }  # fmt: skip
    if kind[:4] in ("pain", "pacs", "camt"):
        found["of another message"] = named(space.replace(kind, "pain.002")).encode()
        found["that says it is of a kind, and is of another"] = named(space.replace(kind, "camt.054" if kind == "camt.053" else "camt.053")).encode()
        message = re.search(r"<(\w+)>", text)[1]
        found["with a message of another name"] = re.sub(rf"(</?){message}\b", r"\1" + message + "s", text).encode()
        found["with two messages"] = re.sub(rf"(<{message}>.*</{message}>)", r"\1\1", text, flags=re.S).encode()
    for name, mutated in found.items():
        yield Mutant(f"{kind}: a document {name}", lambda mutated=mutated: mutated, None)


def alike(kind, document):
    """The same message, written otherwise: it is read alike, or, in what few senders use, refused."""
    body = DECLARATION.sub(b"", document)
    text = body.decode()
    root = re.match(r"<([\w:]+)", text)[1]
    first = text.index(">") + 1
    tags = re.compile(r"(</?)([\w:]+)")

    def head(declared, rest=text):
        return f'<?xml version="1.0" encoding="{declared}"?>{rest}'

    def prefixed():
        out = tags.sub(lambda tag: tag[0] if ":" in tag[2] else f"{tag[1]}p:{tag[2]}", text)
        return out.replace(" xmlns=", " xmlns:p=", 1)

    must = {
        "without a declaration": body,
        "with a byte order mark": b"\xef\xbb\xbf" + body,
        "with its encoding in small letters": head("utf-8").encode(),
        "with a declaration that names no encoding": b'<?xml version="1.0"?>' + body,
        "with standalone": b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>" + body,
        "on lines": text.replace("><", ">\n  <").encode(),
        "on lines of Windows": text.replace("><", ">\r\n\t<").encode(),
        "with comments between": text.replace("><", "><!-- a > b -- c -->".replace(" -- c", "") + "<").encode(),
        "with instructions between": text.replace("><", "><?go on?><").encode(),
        "with a style sheet before it": b'<?xml-stylesheet href="a.xsl"?>' + body,
        "with a comment before and after it": b"<!-- <Document/> -->" + body + b"<!-- end -->\n",
        "in single quotes": re.sub(r'="([^"\']*)"', r"='\1'", text).encode(),
        "with blanks in its tags": re.sub(r"(?<=\w)>", " >", text).replace("/>", " />").encode(),
        "with another prefix": prefixed().encode(),
        "with attributes that no schema has": text.replace(f"<{root}", f'<{root} xmlns:o="urn:example:other" o:a="&lt;&#xA;&quot;" xml:lang="hr"', 1).encode(),
        "with where its schema is": text.replace(
            f"<{root}", f'<{root} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:a a.xsd"', 1
        ).encode(),
    }  # fmt: skip
    may = {
        "in an envelope": f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{text}</e:Body></e:Envelope>'.encode(),
        "with elements of others": (text[:first] + '<o:Amt xmlns:o="urn:example:other" Ccy="USD">1<o:Amt>2</o:Amt></o:Amt>' + text[first:]).encode(),
        "with digits as references": re.sub(r">(\d)([\d.]+)<", lambda found: f">&#{ord(found[1])};{found[2]}<", text).encode(),
        "with digits as hexadecimal references": re.sub(r">(\d)([\d.]+)<", lambda found: f">&#x{ord(found[1]):x};{found[2]}<", text).encode(),
        "with sections of characters": re.sub(r">(\d[\d.]+)<", r"><![CDATA[\1]]><", text).encode(),
        "with white space around numbers": re.sub(r">(\d+\.\d+)<", ">\n \\1\t<", text).encode(),
        "with zeros before and after numbers": re.sub(r">(\d+\.\d+)<", r">00\g<1>000<", text).encode(),
        "with a plus before numbers": re.sub(r">(\d+\.\d+)<", r">+\1<", text).encode(),
        "in UTF-16 that says it is UTF-8": head("UTF-8").encode("utf-16-le"),
        "in UTF-16": head("UTF-16").encode("utf-16"),
        "in UTF-16 of the other order": b"\xfe\xff" + head("UTF-16").encode("utf-16-be"),
        "in ISO 8859-2": head("ISO-8859-2").encode("iso-8859-2", "xmlcharrefreplace"),
        "in ASCII": head("US-ASCII").encode("ascii", "xmlcharrefreplace"),
        "of XML 1.1": b'<?xml version="1.1"?>' + body,
    }
    for name, written in must.items():
        yield name, written, False
    for name, written in may.items():
        yield name, written, True
