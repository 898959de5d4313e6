//! What a file is that holds no PEM of the wanted kind, and what makes the right one of it.

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Certificates,
    Key,
}

/// What the contents are, as far as that can be told, and what would be right.
pub(crate) fn told(contents: &[u8], wanted: Wanted) -> Option<&'static str> {
    let has = |text: &str| contents.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    let told = match contents {
        [] => "the file is empty",
        [0xef, 0xbb, 0xbf, ..] => {
            "it begins with a byte order mark (EF BB BF); the same file without these three bytes would be right"
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            "it is in UTF-16, and PEM is ASCII; saved as ASCII or UTF-8 it would be right"
        }
        [0x30, 0x82, _, _, 0x02, 0x01, 0x03, ..] => {
            "it is PKCS#12; `openssl pkcs12 -in FILE -nodes` makes PEM of it, certificates and key"
        }
        [0x30, 0x80..=0x84, ..] => match wanted {
            Wanted::Certificates => "it is DER; `openssl x509 -inform der -in FILE` makes PEM of it",
            Wanted::Key => "it is DER; `openssl pkey -inform der -in FILE` makes PEM of it",
        },
        _ if wanted == Wanted::Key && (has("ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED")) => {
            "the key is encrypted, and its password can be given nowhere; `openssl pkey -in FILE -out PLAIN` makes one that \
             is not, to be kept from other users by its mode"
        }
        _ if wanted == Wanted::Key && has("-----BEGIN OPENSSH PRIVATE KEY-----") => {
            "it is a key of OpenSSH; `ssh-keygen -p -m pkcs8 -f FILE` makes PKCS#8 of it"
        }
        _ if wanted == Wanted::Key && has("-----BEGIN CERTIFICATE-----") => {
            "it holds a certificate and no key; the file with its private key would be right"
        }
        _ if wanted == Wanted::Key && has("-----BEGIN PUBLIC KEY-----") => {
            "it holds the public key; the file with the private one would be right"
        }
        _ if wanted == Wanted::Certificates && has("-----BEGIN TRUSTED CERTIFICATE-----") => {
            "it holds a certificate in a form of OpenSSL's own; `openssl x509 -in FILE` makes the usual one of it"
        }
        _ if wanted == Wanted::Certificates && has("CERTIFICATE REQUEST-----") => {
            "it holds a request for a certificate; the certificate that was made of it would be right"
        }
        _ if wanted == Wanted::Certificates && has("PRIVATE KEY-----") => {
            "it holds a private key; the file with the certificate would be right"
        }
        _ => return None,
    };
    Some(told)
}
