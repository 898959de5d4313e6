"""Messages of ten thousand transactions, each of which is one batch: what a bank's statement of a day may hold."""

from decimal import Decimal

import own
from cases import by_reader
from mutated import policy_of

MANY = 10_000


def cases():
    for kind, document in (("pain.001", _payments()), ("camt.053", _statement()), ("pacs.008", _transfers())):
        yield by_reader(f"{kind}: {MANY} transactions", policy_of(kind), document.encode())
    # That it is wrong is known when all entries were read.
    short = _statement().replace(f"<NbOfNtries>{MANY}<", f"<NbOfNtries>{MANY - 1}<")
    yield by_reader(f"camt.053: {MANY} transactions, and a total of one fewer", policy_of("camt.053"), short.encode())


def _amounts():
    return [Decimal(number * 7919 % 99_991 + 1).scaleb(-2) for number in range(1, MANY + 1)]


def _payments():
    amounts = _amounts()
    block = own.block(1, "2026-03-02", "".join(map(own.transfer, range(1, MANY + 1), amounts)), MANY, sum(amounts))
    return own.document("pain.001.001.09", f"<CstmrCdtTrfInitn>{own.group(MANY, sum(amounts), '<InitgPty/>')}{block}</CstmrCdtTrfInitn>")


def _statement():
    amounts = _amounts()
    entries = "".join(own.entry(number, amount, "CRDT" if number % 3 else "DBIT") for number, amount in enumerate(amounts, 1))
    return own.document(
        "camt.053.001.08",
        "<BkToCstmrStmt><GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-02T20:00:00Z</CreDtTm></GrpHdr><Stmt><Id>S-1</Id>"
        f"<Acct>{own.iban(91)}</Acct><TxsSummry><TtlNtries><NbOfNtries>{MANY}</NbOfNtries><Sum>{sum(amounts)}</Sum></TtlNtries>"
        f"</TxsSummry>{entries}</Stmt></BkToCstmrStmt>",
    )


def _transfers():
    amounts = _amounts()
    body = "".join(
        own.settled("CdtTrfTxInf", number, amount, f"<Dbtr/><Cdtr/><CdtrAcct>{own.iban(number)}</CdtrAcct>")
        for number, amount in enumerate(amounts, 1)
    )
    return own.document("pacs.008.001.08", f"<FIToFICstmrCdtTrf>{own.group(MANY, sum(amounts))}{body}</FIToFICstmrCdtTrf>")
