"""A till: sends an echo, then one invoice several times, and prints as JSON what became of it.

client.py WSDL AUTHORITY OWN_PAIR SERVICE_CERTIFICATE OIB TOTAL TIMES
"""

import json
import sys
from datetime import datetime
from decimal import Decimal

from fiskalhr.enums import PaymentMethod
from fiskalhr.errors import ResponseError
from fiskalhr.invoice import Invoice
from fiskalhr.item import TaxItem
from fiskalhr.signature import SignatureError, Signer, Verifier
from fiskalhr.ws import FiskalClient

wsdl, authority, pair, service, oib, total, times = sys.argv[1:]
client = FiskalClient(authority, wsdl, Signer(pair), Verifier(service, [authority]))
client.test_service("ping čćžšđ <&>")

total = Decimal(total)
base = (total / Decimal("1.25")).quantize(Decimal("1.00"))
invoice = Invoice(
    client,
    oib=oib,
    is_vat_registered=True,
    issued_at=datetime.now().replace(microsecond=0),
    invoice_number="17/POSL1/3",
    total=total,
    payment_method=PaymentMethod.CARD,
    vat=[TaxItem(base=base, rate=Decimal("25.00"), amount=total - base)],
)
said = {"day": invoice.issued_at.date().isoformat(), "zki": str(invoice.calculate_zki()), "jirs": [], "errors": []}
for _ in range(int(times)):
    try:
        said["jirs"].append(client.submit_invoice(invoice))
    except ResponseError as error:
        said["errors"].append([detail.code.value for detail in error.details])
    except SignatureError as error:
        said["errors"].append(["signature"])
print(json.dumps(said))
