"""Sends messages that schemas and mutations make to the stock policies, and compares what comes with an independent reader.

check.py SCHEMAS COMPONENTS --tallygate PROGRAM [--samples FOLDER] [--only POLICY]
         [--part PART] [--message NAME] [--seed N] [--save FOLDER]

SCHEMAS is what setup/install-schemas has fetched, COMPONENTS the folder with iso20022.wasm and ubl-cii.wasm. Ends with a line of
counts, and with 1 where anything is not as it should be.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import generated
import large
import mutated
from cases import INVOICES, ISO
from sources import Sources

# What a policy is configured with, so that every kind of message counts.
KINDS = ["pain.001", "pain.008", "pacs.008", "pacs.003", "pacs.004", "camt.052", "camt.053", "camt.054"]
CONFIG = {ISO: {"kinds": KINDS}, INVOICES: {}}
SHOWN = 40


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("schemas")
    parser.add_argument("components", type=Path)
    parser.add_argument("--tallygate", default="target/debug/tallygate")
    parser.add_argument("--samples")
    parser.add_argument("--only", default="")
    parser.add_argument("--message", default="", help="only messages whose names begin so")
    parser.add_argument("--part", default="", help="only the part whose name begins so")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--save", type=Path, help="keep the messages that fail here")
    given = parser.parse_args()
    sources = Sources(given.schemas)
    generated.check_classes(sources)
    parts = {
        "made from schemas": generated.cases(sources, given.seed, given.only, given.message),
        "mutants": mutated.cases(),
        "large": large.cases(),
        "samples and their mutants": mutated.of_samples(given.samples) if given.samples else (),
    }
    good = bad = 0
    for part, cases in parts.items():
        if not part.startswith(given.part):
            continue
        began = time.monotonic()
        cases = [case for case in cases if case.policy.startswith(given.only) and case.name.startswith(given.message)]
        assert len({case.name for case in cases}) == len(cases), "two cases have one name"
        failed, most = 0, {"micros": 0, "memory_bytes": 0}
        for policy in (ISO, INVOICES):
            of_policy = [case for case in cases if case.policy == policy]
            for case, got in zip(of_policy, run(of_policy, policy, given), strict=True):
                why = case.wrong(got)
                most = {name: max(most[name], got.get("used", {}).get(name, 0)) for name in most}
                if why:
                    failed += 1
                    tell(case, why, failed, given.save)
        good, bad = good + len(cases) - failed, bad + failed
        taken = sum(case.want is not None for case in cases)
        print(f"{part}: {len(cases)}, of which {taken} may be taken; {failed} failed; {time.monotonic() - began:.1f} s", end="; ")
        print(f"at most {most['micros'] / 1000:.0f} ms and {most['memory_bytes'] >> 20} MiB for one", flush=True)
    print(f"{good} passed, {bad} failed")
    return 1 if bad or not good else 0


def tell(case, why, number, save):
    if number <= SHOWN or save:
        print(f"{case.name}: {why[:600]}", flush=True)
    if save:
        save.mkdir(parents=True, exist_ok=True)
        (save / (case.name.translate(str.maketrans("/ *:'", "_____"))[:150] + ".xml")).write_bytes(case.document)


def run(cases, policy, given):
    """What comes of each message, of one process, since a component is compiled at its start."""
    if not cases:
        return []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        config = folder / "config.json"
        config.write_text(json.dumps(CONFIG[policy]))
        messages = folder / "messages"
        messages.mkdir()
        for number, case in enumerate(cases):
            (messages / f"{number:06}.xml").write_bytes(case.document)
        command = [given.tallygate, "policy", "run", str(given.components / f"{policy}.wasm"), "--config", str(config)]
        command += ["--content-type", "application/xml", "--json", "--input", str(messages)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = ended.stdout.splitlines()
        if len(lines) != len(cases):
            raise SystemExit(f"{policy}: {len(lines)} of {len(cases)} messages were answered: {ended.stderr[-2000:]}")
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(main())
