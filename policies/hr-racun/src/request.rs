//! The envelope around a request, and which of the service's operations it asks for.

use std::borrow::Cow;

use tallygate_policy::Refusal;
use tallygate_policy::xml::Reader;

use crate::invoice::Invoice;
use crate::namespaces::{F73, SOAP};
use crate::refusals::{malformed, once, refusal, wrong};

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Request<'a> {
    Echo(Cow<'a, str>),
    Invoice(Invoice<'a>),
}

/// Reads a request; a refusal names the field and has a code of the service.
pub(crate) fn read(body: &[u8]) -> Result<Request<'_>, Refusal> {
    let mut reader = Reader::new(body).map_err(malformed)?;
    enter_body(&mut reader)?;
    let Some(payload) = reader.child().map_err(malformed)? else { return Err(wrong("Body", "it is empty")) };
    let request = match (payload.namespace, payload.local) {
        (F73, "RacunZahtjev") => Request::Invoice(Invoice::read(&mut reader, false)?),
        (F73, "RacunPDZahtjev") => Request::Invoice(Invoice::read(&mut reader, true)?),
        (F73, "EchoRequest") => Request::Echo(reader.text().map_err(|error| malformed(error).at("EchoRequest"))?),
        (_, other) => return Err(not_served(payload.namespace, other)),
    };
    if let Some(second) = reader.child().map_err(malformed)? {
        return Err(wrong(second.local, "a second message in one Body"));
    }
    if let Some(behind) = reader.child().map_err(malformed)? {
        return Err(wrong(behind.local, "it is not expected behind the Body"));
    }
    reader.finish().map_err(malformed)?;
    Ok(request)
}

/// As much of a request as an answer to it needs, for refusals: whatever the request is, it is never wrong.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    /// The element that answers it.
    pub(crate) answer: Option<&'static str>,
    /// Its `IdPoruke`, if it can be made out.
    pub(crate) id_poruke: Option<String>,
}

impl Envelope {
    pub(crate) fn of_whatever_it_is(body: &[u8]) -> Self {
        let mut envelope = Self::default();
        // What was found before the reading failed is what there is.
        let _ = envelope.fill(body);
        envelope
    }

    fn fill(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let mut reader = Reader::new(body).map_err(malformed)?;
        enter_body(&mut reader)?;
        let Some(payload) = reader.child().map_err(malformed)? else { return Ok(()) };
        if payload.namespace != F73 {
            return Ok(());
        }
        self.answer = answer_to(payload.local);
        while let Some(child) = reader.child().map_err(malformed)? {
            if (child.namespace, child.local) != (F73, "Zaglavlje") {
                reader.skip().map_err(malformed)?;
                continue;
            }
            while let Some(child) = reader.child().map_err(malformed)? {
                if (child.namespace, child.local) != (F73, "IdPoruke") {
                    reader.skip().map_err(malformed)?;
                    continue;
                }
                self.id_poruke = Some(reader.text().map_err(malformed)?.into_owned());
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The element that answers a request. A `ProvjeraOdgovor` would have to repeat the whole invoice; all others can hold
/// errors alone.
fn answer_to(request: &str) -> Option<&'static str> {
    match request {
        "RacunPDZahtjev" => Some("RacunPDOdgovor"),
        "PrateciDokumentiZahtjev" => Some("PrateciDokumentiOdgovor"),
        "PromijeniNacPlacZahtjev" => Some("PromijeniNacPlacOdgovor"),
        "NapojnicaZahtjev" => Some("NapojnicaOdgovor"),
        _ => None,
    }
}

/// Goes to the Body of a SOAP 1.1 envelope, past its Header if there is one.
fn enter_body(reader: &mut Reader<'_>) -> Result<(), Refusal> {
    let root = reader.root().map_err(malformed)?;
    if (root.namespace, root.local) != (SOAP, "Envelope") {
        return Err(wrong(root.local, "it would be an Envelope of SOAP 1.1"));
    }
    let mut header = None;
    loop {
        match reader.child().map_err(malformed)?.map(|child| (child.namespace, child.local)) {
            Some((SOAP, "Body")) => return Ok(()),
            Some((SOAP, "Header")) => {
                once(&mut header, (), "Header")?;
                reader.skip().map_err(malformed)?;
            }
            Some((_, other)) => return Err(wrong(other, "it is not expected in the Envelope")),
            None => return Err(wrong("Body", "it is missing")),
        }
    }
}

#[cold]
fn not_served(namespace: &str, name: &str) -> Refusal {
    let served = "RacunZahtjev, RacunPDZahtjev and EchoRequest are";
    if namespace != F73 {
        return wrong(name, &format!("it is of no namespace of the service; {served}"));
    }
    refusal("s006", format!("{name} is not served here; {served}")).at(name)
}
