//! Write a policy for the Tallygate gateway: implement [`Policy`], then [`export!`] it.
//!
//! ```
//! use tallygate_policy::{ConfigFault, Decision, Message, Policy, Reply, export};
//!
//! struct Hello;
//!
//! impl Policy for Hello {
//!     fn configure(_config: &str) -> Result<Self, ConfigFault> { Ok(Hello) }
//!     fn handle(&self, message: Message) -> Decision {
//!         Reply::text(200, format!("hello, {}\n", message.partner.unwrap_or_default())).into()
//!     }
//! }
//! export!(Hello);
//! # fn main() {}
//! ```

pub mod batch;
#[cfg(all(feature = "bump", target_family = "wasm"))]
mod bump;
#[cfg(feature = "config")]
pub mod config;
pub mod currency;
pub mod date;
pub mod decimal;
mod decision;
pub mod encoding;
pub mod first_bytes;
pub mod host;
mod policy;
mod refusals;
mod reply;
pub mod scan;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod totals;
pub mod world;
pub mod xml;

pub use policy::{Policy, Slot};
pub use world::tallygate::policy::types::{
    About, Accepted, AcceptedResponse, Changed, ConfigFault, Continuation, Decision, Forwarded, Header, KeyUse,
    Message, Outcome, Refusal, Reply, Response, ResponseOutcome, Transaction,
};

/// Makes a type that is a [`Policy`] the component's policy. Once in a crate, whose `crate-type` has `cdylib`.
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        const _: () = {
            use $crate::world::exports::tallygate::policy::handler::Guest;

            static POLICY: $crate::Slot<$policy> = $crate::Slot::new();

            #[allow(
                dead_code,
                reason = "only wasm has the exports; elsewhere, such as in tests, all the rest is there"
            )]
            struct Exported;

            impl Guest for Exported {
                fn configure(config: String) -> Result<$crate::About, $crate::ConfigFault> {
                    POLICY.configure(&config, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
                }
                fn handle(message: $crate::Message) -> $crate::Decision {
                    $crate::Policy::handle(POLICY.get(), message)
                }
                fn fault(message: $crate::Message, refusal: $crate::Refusal) -> Option<$crate::Reply> {
                    $crate::Policy::fault(POLICY.get(), message, refusal)
                }
                fn respond(message: $crate::Message, response: $crate::Response) -> $crate::ResponseOutcome {
                    $crate::Policy::respond(POLICY.get(), message, response)
                }
            }

            #[cfg(target_family = "wasm")]
    $crate::world::export_policy!(Exported with_types_in $crate::world);
            #[cfg(not(target_family = "wasm"))]
            const _: fn(String) -> Result<$crate::About, $crate::ConfigFault> = Exported::configure;
            #[cfg(not(target_family = "wasm"))]
            const _: fn($crate::Message) -> $crate::Decision = Exported::handle;
            #[cfg(not(target_family = "wasm"))]
            const _: fn($crate::Message, $crate::Refusal) -> Option<$crate::Reply> = Exported::fault;
            #[cfg(not(target_family = "wasm"))]
            const _: fn($crate::Message, $crate::Response) -> $crate::ResponseOutcome = Exported::respond;
        };
    };
}
