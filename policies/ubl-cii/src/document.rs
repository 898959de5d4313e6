//! Which document a message is, in an envelope or bare.

use tallygate_policy::xml::{Element, Reader, XmlError};
use tallygate_policy::{ConfigFault, Refusal};

use crate::cii::Cii;
use crate::invoice::Invoice;
use crate::namespaces::{CII, SBDH, UBL_CREDIT_NOTE, UBL_INVOICE};
use crate::ubl::Ubl;

/// What is read of each kind of document.
pub(crate) struct Documents {
    ubl: Ubl,
    cii: Cii,
}

impl Documents {
    pub(crate) fn new() -> Result<Self, ConfigFault> {
        Ok(Self { ubl: Ubl::new()?, cii: Cii::new()? })
    }

    /// Reads the document of a message, which is in UTF-8.
    pub(crate) fn read<'p, 'a>(&'p self, message: &'a [u8]) -> Result<Invoice<'p, 'a>, Refusal> {
        let mut reader = Reader::new(message)?.skipping_comments().skipping_instructions();
        let root = reader.root()?;
        let is_enveloped = (root.namespace, root.local) == (SBDH, "StandardBusinessDocument");
        let document = if is_enveloped { payload(&mut reader)? } else { root };
        let invoice = match (document.namespace, document.local) {
            (UBL_INVOICE, "Invoice") => self.ubl.read(&mut reader, false)?,
            (UBL_CREDIT_NOTE, "CreditNote") => self.ubl.read(&mut reader, true)?,
            (CII, "CrossIndustryInvoice") => self.cii.read(&mut reader)?,
            _ => return Err(not_taken(document)),
        };
        if is_enveloped && let Some(second) = reader.child()? {
            let detail = "it is a second document in one envelope, and a message would have one";
            return Err(Refusal::new(422, "document-twice", detail).at(second.local));
        }
        reader.finish()?;
        Ok(invoice)
    }
}

/// Goes to the document in an envelope, past the envelope's header.
fn payload<'a>(reader: &mut Reader<'a>) -> Result<Element<'a>, XmlError> {
    loop {
        match reader.child()? {
            Some(child) if (child.namespace, child.local) == (SBDH, "StandardBusinessDocumentHeader") => {
                reader.skip()?
            }
            Some(child) => return Ok(child),
            None => return Ok(Element { namespace: SBDH, local: "StandardBusinessDocument" }),
        }
    }
}

#[cold]
fn not_taken(element: Element<'_>) -> Refusal {
    let of = if element.namespace.is_empty() { "no namespace" } else { element.namespace };
    let detail = format!(
        "the document is `{}` of {of}, and would be Invoice of {UBL_INVOICE}, CreditNote of {UBL_CREDIT_NOTE} or \
         CrossIndustryInvoice of {CII}",
        element.local
    );
    Refusal::new(422, "document-not-taken", detail).at(element.local)
}
