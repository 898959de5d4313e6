"""The schemas that setup/install-schemas has fetched: which there are, and each of them read."""

import io
import re
import zipfile
from pathlib import Path

from lxml import etree

import bindings
import xsd

ISO = re.compile(r"(?:pain\.00[18]|camt\.05[234]|pacs\.00[348])\.001\.\d\d")
# Which documents UBL has that are invoices, and in which of its versions.
UBL = ("2.1", "2.2", "2.3", "2.4")
DOCUMENTS = ("Invoice", "CreditNote")
CII = "external/schemas/d16b/data/standard/CrossIndustryInvoice_100pD16B.xsd"
# A schema that was cut down to what its package writes is smaller than any that is whole.
WHOLE = 20_000


class Sources:
    def __init__(self, folder):
        self.archives = {path.name: zipfile.ZipFile(path) for path in sorted(Path(folder).iterdir()) if path.suffix in (".whl", ".jar")}
        if not self.archives:
            raise SystemExit(f"there are no schemas in {folder}: run setup/install-schemas")
        self.schemas, self.classes = {}, {}
        for archive in self.archives.values():
            for entry in archive.infolist():
                name = Path(entry.filename)
                if name.suffix == ".xsd" and ISO.fullmatch(name.stem) and entry.file_size > WHOLE:
                    self.schemas.setdefault(name.stem, (archive, entry.filename))
                elif name.suffix == ".py" and ISO.fullmatch(name.stem.replace("_", ".")):
                    self.classes.setdefault(name.stem.replace("_", "."), (archive, entry.filename))

    def iso_names(self):
        return sorted(self.schemas.keys() | self.classes.keys())

    def iso(self, name, compiled=True):
        """A version of a message; as a schema, if there is one."""
        if name not in self.schemas:
            return self.iso_by_classes(name)
        archive, path = self.schemas[name]
        text = archive.read(path)
        schema = xsd.Reader(path, {path: text}.get).schema(name)
        if compiled:
            schema.xsd = etree.XMLSchema(etree.fromstring(text))
        return schema

    def iso_by_classes(self, name):
        archive, path = self.classes[name]
        return bindings.read(name, archive.read(path).decode())

    def invoice_names(self):
        return [f"UBL-{document}-{version}" for version in UBL for document in DOCUMENTS] + ["CII-D16B"]

    def invoice(self, name, compiled=True):
        if name == "CII-D16B":
            return self._of("ph-cii-d16b-", CII, name, "CrossIndustryInvoice", compiled)
        _, document, version = name.split("-")
        short = version.replace(".", "")
        path = f"external/schemas/ubl{short}/maindoc/{name}.xsd"
        return self._of(f"ph-ubl{short}-", path, name, document, compiled)

    def _of(self, jar, path, name, document, compiled):
        archive = next(archive for file, archive in self.archives.items() if file.startswith(jar))
        inside = set(archive.namelist())
        beside = {}
        for file, other in self.archives.items():
            if file.startswith("ph-xsds-"):
                beside.update({entry: other for entry in other.namelist() if entry.endswith(".xsd")})

        def files(wanted):
            if wanted in inside:
                return archive.read(wanted)
            return beside[wanted].read(wanted) if wanted in beside else None

        # What these import by namespace alone is looked for in no place but here.
        imports = {etree.fromstring(files(entry)).get("targetNamespace"): entry for entry in beside}
        imports.setdefault(etree.fromstring(files(path)).get("targetNamespace"), path)
        lines = [f'<import namespace="{space}" schemaLocation="/{entry}"/>' for space, entry in imports.items()]
        whole = f'<schema xmlns="http://www.w3.org/2001/XMLSchema">{"".join(lines)}</schema>'.encode()
        reader = xsd.Reader("/", lambda wanted: whole if wanted == "/" else files(wanted.lstrip("/")))
        schema = reader.schema(name, document)
        if compiled:
            parser = etree.XMLParser(no_network=True, load_dtd=False)
            parser.resolvers.add(_Resolver(files))
            schema.xsd = etree.XMLSchema(etree.parse(io.BytesIO(whole), parser, base_url="/"))
        return schema


class _Resolver(etree.Resolver):
    def __init__(self, files):
        super().__init__()
        self.files = files

    def resolve(self, url, public_id, context):
        text = self.files(url.lstrip("/"))
        return self.resolve_string(text, context, base_url=url) if text is not None else self.resolve_empty(context)
