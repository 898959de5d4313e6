//! What tests of a policy need: messages, and the host's part of the contract. Outside of wasm only.
//!
//! ```
//! use tallygate_policy::{Message, host, testing};
//!
//! fn seal(message: &Message) -> Result<Vec<u8>, String> {
//!     host::log(host::Level::Info, "sealing");
//!     host::hmac_sha256("seal", &message.body)
//! }
//!
//! testing::set_key("seal", "a secret of this test");
//! let message = Message::for_test("12.50").partner("shop-1").header("x-till", "7").build();
//! assert_eq!(seal(&message).map(|seal| seal.len()), Ok(32));
//! assert_eq!(testing::logged(), [(host::Level::Info, "sealing".to_owned())]);
//! ```

pub(crate) mod host;
mod message;

pub use host::{forget_keys, logged, on_sign_xml, set_key};
pub use message::MessageBuilder;
