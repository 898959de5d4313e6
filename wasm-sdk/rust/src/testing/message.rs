//! Messages as the gateway would pass them to a policy.

use crate::date;
use crate::world::tallygate::policy::types::{Header, Message, Response};

const RECEIVED: &str = "2026-11-22T18:20:54Z";

/// Builds a [`Message`] for a test; begun by [`Message::for_test`].
#[derive(Debug, Clone)]
pub struct MessageBuilder(Message);

impl Message {
    /// Begins a message with that body: a `POST /` of the partner `partner-1` to the policy `policy` by the route `route`,
    /// received on 2026-11-22 at 18:20:54 UTC, without header fields and facts. Outside of wasm only.
    ///
    /// ```
    /// use tallygate_policy::Message;
    ///
    /// let message = Message::for_test("<order/>").method("PUT").target("/orders/7").build();
    /// assert_eq!((&*message.method, &*message.body), ("PUT", &b"<order/>"[..]));
    /// ```
    #[must_use]
    pub fn for_test(body: impl Into<Vec<u8>>) -> MessageBuilder {
        MessageBuilder(Message {
            id: "message-1".into(),
            received: RECEIVED.into(),
            received_millis: millis(RECEIVED),
            route: "route".into(),
            policy: "policy".into(),
            partner: Some("partner-1".into()),
            method: "POST".into(),
            target: "/".into(),
            headers: Vec::new(),
            body: body.into(),
            context: Vec::new(),
            facts: Vec::new(),
        })
    }
}

impl MessageBuilder {
    /// With the gateway's own id of the request.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.0.id = id.into();
        self
    }

    /// Received then: RFC 3339 in UTC, such as `2026-11-22T18:20:54Z`. The milliseconds go with it.
    ///
    /// # Panics
    /// When it is written otherwise.
    #[must_use]
    pub fn received(mut self, received: &str) -> Self {
        self.0.received = received.into();
        self.0.received_millis = millis(received);
        self
    }

    /// Taken by the route of that name.
    #[must_use]
    pub fn route(mut self, route: &str) -> Self {
        self.0.route = route.into();
        self
    }

    /// For the policy of that name.
    #[must_use]
    pub fn policy(mut self, policy: &str) -> Self {
        self.0.policy = policy.into();
        self
    }

    /// Of the partner of that name.
    #[must_use]
    pub fn partner(mut self, partner: &str) -> Self {
        self.0.partner = Some(partner.into());
        self
    }

    /// Of nobody knows whom, which only `fault` and proxy routes see.
    #[must_use]
    pub fn without_partner(mut self) -> Self {
        self.0.partner = None;
        self
    }

    /// With another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.0.method = method.into();
        self
    }

    /// With another path and query.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        self.0.target = target.into();
        self
    }

    /// With one header field more. The name becomes lower case, as the gateway makes it.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.0.headers.push(Header::new(&name.to_ascii_lowercase(), value));
        self
    }

    /// With what the policy before it left, or it left itself.
    #[must_use]
    pub fn context(mut self, context: impl Into<Vec<u8>>) -> Self {
        self.0.context = context.into();
        self
    }

    /// With one fact more.
    #[must_use]
    pub fn fact(mut self, name: &str, value: &str) -> Self {
        self.0.facts.push((name.into(), value.into()));
        self
    }

    /// The message.
    #[must_use]
    pub fn build(self) -> Message {
        self.0
    }
}

impl Response {
    /// What an upstream answered in a test, with these header fields. Outside of wasm only.
    #[must_use]
    pub fn for_test(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| Header::new(&name.to_ascii_lowercase(), *value)).collect();
        Self { status, headers, body: body.into() }
    }
}

/// The same instant in milliseconds since 1970.
fn millis(received: &str) -> u64 {
    let moment = match date::parse_date_time(received) {
        Ok(moment) => moment.moment(date::UtcOffset::UTC),
        Err(error) => panic!("received: {error}"),
    };
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

impl From<MessageBuilder> for Message {
    fn from(builder: MessageBuilder) -> Self {
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use crate::Message;

    #[test]
    fn a_message_has_what_it_was_given() {
        let message = Message::for_test("body")
            .id("m-7")
            .received("2026-11-23T00:00:00Z")
            .route("invoices")
            .policy("hr-racun")
            .partner("shop-1")
            .method("PUT")
            .target("/v1?x=1")
            .header("X-Till", "7")
            .header("x-till", "8")
            .fact("country", "HR")
            .context("left before")
            .build();
        assert_eq!((&*message.id, &*message.received), ("m-7", "2026-11-23T00:00:00Z"));
        assert_eq!((message.received_millis, &*message.context), (1_795_392_000_000, &b"left before"[..]));
        assert_eq!((&*message.route, &*message.policy), ("invoices", "hr-racun"));
        assert_eq!((&*message.method, &*message.target, &*message.body), ("PUT", "/v1?x=1", &b"body"[..]));
        assert_eq!((message.header("x-till"), message.headers.len()), (Some(&b"7"[..]), 2));
        assert_eq!(
            (message.partner.as_deref(), message.facts),
            (Some("shop-1"), vec![("country".into(), "HR".into())])
        );
        assert_eq!(Message::from(Message::for_test("").without_partner()).partner, None);
    }
}
