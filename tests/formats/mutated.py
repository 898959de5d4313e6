"""Mutants of messages of our own, and of sample files where there are some."""

import json
from collections import Counter
from pathlib import Path

from lxml import etree

import documents
import mutate
import own
from cases import INVOICES, ISO, Case, by_reader, read
from places import PLACES
from reading import Refused

# How many sample files each mutation is tried on.
OF_SAMPLES = 2


def cases():
    for kind, message in own.MESSAGES.items():
        policy, document = policy_of(kind), message.encode()
        yield by_reader(f"{kind}: our own", policy, document)
        if kind == "camt.053":
            yield by_reader(f"{kind}: another balance at its end", policy, document.replace(b"179.75", b"179.74"))
        _, want = read(policy, document)
        for mutant in (*mutate.fields(kind, document), *mutate.parts(kind, document), *documents.broken(kind, document)):
            yield case(mutant, policy, want)
        for name, written, may in documents.alike(kind, document):
            yield Case(f"{kind}: written {name}", policy, written, tuple(want), refused=may)


def policy_of(kind):
    return ISO if "." in kind else INVOICES


def case(mutant, policy, want, of=""):
    return Case(of + mutant.name, policy, mutant.make(), tuple(want) if mutant.same else None, True, mutant.names)


def of_samples(folder):
    """Each sample by the reader; and of each kind, every mutation on some of its samples, whose rules it breaks."""
    by_kind = {}
    for path, policy in samples(folder):
        document = path.read_bytes()
        name = str(path.relative_to(folder))
        yield by_reader(name, policy, document)
        try:
            kind, want = read(policy, document)
        except Refused:
            continue
        root = etree.fromstring(document)
        kind = kind if policy == ISO else etree.QName(root).localname
        if kind in PLACES and want:
            by_kind.setdefault(kind, []).append((name, policy, document, want))
    for kind, found in by_kind.items():
        tried = Counter()
        for number, (name, policy, document, want) in enumerate(found):
            for mutant in (*mutate.fields(kind, document), *mutate.parts(kind, document)):
                # Spread over the samples: the first that have a field would else have all of its mutants.
                turn = (sum(mutant.name.encode()) + number) % min(len(found), 7) == 0
                if turn and tried[mutant.name] < OF_SAMPLES:
                    made = case(mutant, policy, want, f"{name}, ")
                    if made.want is not None or breaks(made):
                        tried[mutant.name] += 1
                        yield made


def breaks(made):
    """Whether a mutation breaks a rule of this sample: one that states no totals has none that differ."""
    if b"<!--" in made.document and made.name.endswith("a comment in it"):
        return True
    try:
        read(made.policy, made.document)
    except Refused:
        return True
    return False


def samples(folder):
    with open(Path(folder) / "expected.jsonl", encoding="utf-8") as lines:
        for line in lines:
            about = json.loads(line)
            if about["policy"] in (ISO, INVOICES):
                yield Path(folder) / about["file"], about["policy"]
