//! What of a message its policy gets to see.

use crate::world::{About, Header, Message};

/// A message as its policy gets to see it. What is hidden comes back at the end, also of a call that was given up.
pub(crate) struct View<'a> {
    pub(crate) message: &'a mut Message,
    body: Option<Vec<u8>>,
    headers: Option<Vec<Header>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(policy: &str, about: &About, message: &'a mut Message) -> Self {
        if message.policy != policy {
            message.policy = policy.to_owned();
        }
        let body = (!about.needs_body).then(|| std::mem::take(&mut message.body));
        let needed = &about.headers;
        let headers = (*needed != ["*"]).then(|| {
            let seen = message.headers.iter().filter(|header| needed.contains(&header.name)).cloned().collect();
            std::mem::replace(&mut message.headers, seen)
        });
        Self { message, body, headers }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            self.message.body = body;
        }
        if let Some(headers) = self.headers.take() {
            self.message.headers = headers;
        }
    }
}
