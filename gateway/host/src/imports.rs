//! What a policy can ask of the host: the log, and crypto by keys that it never sees.

use std::borrow::Cow;

use tracing::Level;

use crate::call::{Call, Pace};
use crate::limits;
use crate::sign;

impl Call {
    /// Writes a line of the policy's to the log.
    pub(crate) fn log_line(&mut self, level: Level, message: &str) -> wasmtime::Result<()> {
        // What a policy of the SDK logs when it panics, and why it failed then.
        if self.is_configuring() && message.starts_with("panicked at ") {
            // The end of a line separates the place from the text.
            wasmtime::bail!("{}", one_line(&cut(message).replacen('\n', " ", 1)));
        }
        self.refuse_while_configuring("log", cut(message))?;
        let Some(left) = self.lines_left.checked_sub(1) else {
            return Ok(());
        };
        self.lines_left = left;
        let line = one_line(cut(message)).into_owned();
        self.lines.push((level, line));
        if left == 0 {
            let more = format!("the policy logged {} lines for this message; more are dropped", limits::LOG_LINES);
            self.lines.push((Level::WARN, more));
        }
        if self.pace != Pace::AtOnce {
            self.tell_lines();
        }
        Ok(())
    }

    /// Writes what the policy has logged so far.
    pub(crate) fn tell_lines(&mut self) {
        for (level, line) in std::mem::take(&mut self.lines) {
            self.tell_line(level, &line);
        }
    }

    fn tell_line(&self, level: Level, line: &str) {
        let (policy, id) = (&*self.policy, &self.message);
        match level {
            Level::ERROR => tracing::error!(target: "tallygate::policy", policy, message_id = id, "{line}"),
            Level::WARN => tracing::warn!(target: "tallygate::policy", policy, message_id = id, "{line}"),
            Level::INFO => tracing::info!(target: "tallygate::policy", policy, message_id = id, "{line}"),
            _ => tracing::debug!(target: "tallygate::policy", policy, message_id = id, "{line}"),
        }
    }

    /// Signs one element of a document by a key of the policy's.
    pub(crate) fn signed_xml(
        &mut self,
        key: &str,
        document: &[u8],
        element_id: &str,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        self.refuse_while_configuring("sign-xml", cut(key))?;
        self.not_at_once(document.len())?;
        let most = self.limits.sign_bytes;
        Ok(self.keys.signer(key).and_then(|signer| sign::sign_xml(signer, document, element_id, most)))
    }

    /// The HMAC of some bytes by a key of the policy's.
    pub(crate) fn hmac_of(&mut self, key: &str, data: &[u8]) -> wasmtime::Result<Result<Vec<u8>, String>> {
        self.refuse_while_configuring("hmac-sha256", cut(key))?;
        self.not_at_once(data.len())?;
        Ok(self.keys.hmac(key).map(|key| aws_lc_rs::hmac::sign(key, data).as_ref().to_vec()))
    }

    fn is_configuring(&self) -> bool {
        self.pace == Pace::Configuring
    }

    fn refuse_while_configuring(&self, function: &str, about: &str) -> wasmtime::Result<()> {
        if self.is_configuring() {
            wasmtime::bail!("configure may call nothing of the host, and called {function}({about:?})");
        }
        Ok(())
    }
}

/// What a policy writes must not look like lines that the gateway wrote.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

fn cut(line: &str) -> &str {
    let mut end = line.len().min(limits::LOG_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}
