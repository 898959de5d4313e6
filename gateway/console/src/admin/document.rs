//! What the API's document says beside its routes.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::problem::ProblemDocument;
use super::session::COOKIE;

/// The document without the routes. What a route says of security goes before what is said here.
#[derive(OpenApi)]
#[openapi(
    info(title = "Tallygate's administration", description = "Sums, dead letters, and the policies."),
    tags(
        (name = "people", description = "Logging in and out, by the page"),
        (name = "reading", description = "What there is to see"),
        (name = "replaying", description = "Dead letters on their way back into the queue"),
        (name = "policies", description = "Policies and their versions")
    ),
    components(responses(ProblemDocument), schemas(ProblemDocument)),
    modifiers(&Credentials),
    security(("token" = []), ("password" = []), ("session" = []))
)]
pub(super) struct Base;

/// The ways to be known.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let schemes = [
            ("token", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build())),
            ("password", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Basic).build())),
            ("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE)))),
        ];
        let components = document.components.get_or_insert_default();
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
    }
}
