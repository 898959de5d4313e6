//! What a document says it follows, and which rules on its totals hold by that.

/// What a document follows, by its `CustomizationID` (UBL) or `GuidelineSpecifiedDocumentContextParameter` (CII).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// EN 16931 itself, or what only narrows it: Peppol BIS Billing 3, XRechnung, other national ones.
    En16931,
    /// What widens EN 16931: extensions of XRechnung and Factur-X, Peppol's international model (PINT).
    Extension,
    /// Factur-X Basic WL: EN 16931 without lines.
    WithoutLines,
    /// Factur-X Minimum: without lines and without what was paid before.
    Minimum,
    /// Nothing.
    None,
    /// Rules of somebody else, such as OIOUBL, in which `TaxExclusiveAmount` is the tax.
    Other,
}

impl Claim {
    /// Reads the identifier, which is empty where there is none.
    pub(crate) fn of(identifier: &str) -> Self {
        if identifier.is_empty() {
            Self::None
        } else if identifier.ends_with(":minimum") {
            Self::Minimum
        } else if identifier.ends_with(":basicwl") {
            Self::WithoutLines
        } else if let Some(further) = identifier.strip_prefix("urn:cen.eu:en16931:2017") {
            // The standard calls `conformant` what widens it and `compliant` what does not.
            let widens = further.to_ascii_lowercase().contains("conformant") || further.contains("extended");
            if widens { Self::Extension } else { Self::En16931 }
        } else if identifier.starts_with("urn:peppol:pint:") {
            Self::Extension
        } else {
            Self::Other
        }
    }

    /// Whether the totals and the type have to be there (BR-04, BR-12, BR-13, BR-15 and those like them).
    pub(crate) fn requires_totals(self) -> bool {
        matches!(self, Self::En16931 | Self::Extension | Self::WithoutLines)
    }

    /// Whether there has to be a line (BR-16).
    pub(crate) fn requires_lines(self) -> bool {
        matches!(self, Self::En16931 | Self::Extension)
    }

    /// Whether each line has an amount (BR-24), as each allowance has: extensions know lines that cost nothing.
    pub(crate) fn requires_amounts(self) -> bool {
        matches!(self, Self::En16931 | Self::WithoutLines)
    }

    /// Whether amounts have two digits behind the point at most (BR-DEC), which extensions let lines exceed.
    pub(crate) fn limits_digits(self) -> bool {
        self != Self::Extension
    }

    /// Whether the totals follow from each other as EN 16931 has it (BR-CO-13, BR-CO-15).
    pub(crate) fn relates_totals(self) -> bool {
        self != Self::Other
    }

    /// Whether what is to be paid follows from the totals (BR-CO-16): not where what was paid before cannot be said.
    pub(crate) fn relates_payable(self) -> bool {
        !matches!(self, Self::Other | Self::Minimum)
    }
}

#[cfg(test)]
mod tests {
    use super::Claim;

    #[test]
    fn what_a_document_follows_is_told_by_its_identifier() {
        for (identifier, right) in [
            ("", Claim::None),
            ("urn:cen.eu:en16931:2017", Claim::En16931),
            ("urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0", Claim::En16931),
            ("urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", Claim::En16931),
            (
                "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0",
                Claim::Extension,
            ),
            ("urn:cen.eu:en16931:2017#Conformant#urn:UBL.BE:1.0.0.20180214", Claim::Extension),
            ("urn:cen.eu:en16931:2017:compliant:factur-x.eu:1p0:extended", Claim::Extension),
            ("urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", Claim::En16931),
            ("urn:peppol:pint:billing-1@jp-1", Claim::Extension),
            ("urn:factur-x.eu:1p0:minimum", Claim::Minimum),
            ("urn:zugferd.de:2p0:minimum", Claim::Minimum),
            ("urn:factur-x.eu:1p0:basicwl", Claim::WithoutLines),
            ("OIOUBL-2.1", Claim::Other),
        ] {
            assert_eq!(Claim::of(identifier), right, "{identifier}");
        }
    }
}
