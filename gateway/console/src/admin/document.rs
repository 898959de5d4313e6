//! What the API's document says beside its routes.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::problem::ProblemDocument;
use super::session::COOKIE;

/// The document without the routes. Whoever may call one is said with it: a permission, beside each credential.
#[derive(OpenApi)]
#[openapi(
    info(title = "Tallygate's administration", description = "Sums, dead letters, and the policies. Each operation names the permission it needs: `read` has every role, \
                       `operate` operator and admin, `author` author and admin."),
    tags(
        (name = "people", description = "Logging in and out, by the page"),
        (name = "reading", description = "What there is to see"),
        (name = "replaying", description = "Dead letters on their way back into the queue"),
        (name = "policies", description = "Policies and their versions")
    ),
    components(responses(ProblemDocument), schemas(ProblemDocument)),
    modifiers(&Credentials)
)]
pub(super) struct Base;

/// The names of the ways to be known.
pub(super) const CREDENTIALS: [&str; 3] = ["token", "password", "session"];

/// The ways to be known.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let schemes = [
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Basic).build()),
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))),
        ];
        let components = document.components.get_or_insert_default();
        for (name, scheme) in CREDENTIALS.into_iter().zip(schemes) {
            components.add_security_scheme(name, scheme);
        }
    }
}
