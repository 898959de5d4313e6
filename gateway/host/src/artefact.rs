//! A compiled policy as bytes that can be kept, with a seal by which code that was not compiled here is never loaded.

use aws_lc_rs::{hmac, rand};
use sha2::{Digest, Sha256};

use crate::about::About;
use crate::about_json;
use crate::class::Class;
use crate::engine::Engine;
use crate::failure::{ActivationError, KeyError};
use crate::policy::{self, Policy};
use crate::spec::KeptPolicy;
use crate::worlds::World;

/// What every artefact begins with; another format has another number in it.
const MAGIC: &[u8; 8] = b"tgnativ3";
const SEAL: usize = 32;
const CLASS: usize = 1;
const LENGTH: usize = 4;
const HEAD: usize = MAGIC.len() + SEAL + CLASS + LENGTH;

/// The key that seals artefacts. Whoever knows it can have the gateway run any code.
pub struct ArtefactKey(hmac::Key);

/// The parts of an artefact: magic, seal, class of the component, length of what the policy says of itself, that, code.
struct Parts<'a> {
    seal: &'a [u8],
    class: Class,
    about: &'a [u8],
    code: &'a [u8],
}

impl ArtefactKey {
    /// The bytes of a key.
    pub const BYTES: usize = 32;

    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; Self::BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Random bytes for a new key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random_bytes() -> Result<[u8; Self::BYTES], KeyError> {
        let mut bytes = [0; Self::BYTES];
        rand::fill(&mut bytes).map_err(|error| KeyError(format!("the system gives no randomness: {error}")))?;
        Ok(bytes)
    }

    /// All that must be the same where an artefact is loaded as where it was made.
    fn context(&self, engine: &Engine, kept: &KeptPolicy, class: Class, about: &[u8], code: &[u8]) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.0);
        let memory = (kept.limits.memory as u64).to_be_bytes();
        let (compatibility, class) = (compatibility(engine), [class.byte()]);
        let (name, version) = (kept.name.as_bytes(), kept.version.as_bytes());
        for part in [MAGIC, &compatibility[..], name, version, &memory, &class, about, code] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context
    }
}

impl Policy {
    /// The compiled policy with what it says of itself, sealed; [`load`](Self::load) takes it back.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn artefact(&self, engine: &Engine, key: &ArtefactKey) -> Result<Vec<u8>, ActivationError> {
        let fail = |error: &dyn std::fmt::Display| ActivationError::Host(format!("nothing to keep of it: {error}"));
        let code = self.world().serialize().map_err(|error| fail(&error))?;
        let about = about_json::encode(self.about());
        let length = u32::try_from(about.len()).map_err(|error| fail(&error))?;
        let class = self.class();
        let seal = key.context(engine, &self.kept(), class, &about, &code).sign();
        let mut artefact = Vec::with_capacity(HEAD + about.len() + code.len());
        for part in [MAGIC, seal.as_ref(), &[class.byte()], &length.to_be_bytes(), &about, &code] {
            artefact.extend_from_slice(part);
        }
        Ok(artefact)
    }

    /// The policy of an artefact: milliseconds. None where it is not what this key sealed for this policy in this version
    /// and memory and for an engine that compiles alike; the component is compiled anew then.
    ///
    /// # Errors
    /// As of [`activate`](Self::activate): keys and limits may have changed since it was compiled.
    pub fn load(
        engine: &Engine,
        key: &ArtefactKey,
        kept: KeptPolicy,
        artefact: &[u8],
    ) -> Option<Result<Self, ActivationError>> {
        let Parts { seal, class, about, code } = parts(artefact)?;
        let expected = key.context(engine, &kept, class, about, code).sign();
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), seal).ok()?;
        let about = about_json::decode(about)?;
        let pool = match policy::pool(engine, class) {
            Ok(pool) => pool,
            Err(error) => return Some(Err(error)),
        };
        // SAFETY: these very bytes were made by `World::serialize` in a process that knew the key, for an engine of the
        // same compatibility hash; the seal says so, and they are in memory, where nobody changes them.
        #[allow(unsafe_code)]
        let world = unsafe { World::deserialize(&pool.wasmtime, code) };
        match world {
            Ok(world) => Some(Self::in_service(engine, pool, class, kept, world, about)),
            Err(error) => {
                tracing::warn!("sealed code could not be loaded: {error:#}");
                None
            }
        }
    }
}

/// What an artefact says of its policy, for showing: whether it was made here is not looked at.
#[must_use]
pub fn about_of(artefact: &[u8]) -> Option<About> {
    about_json::decode(parts(artefact)?.about)
}

/// How many of an artefact's first bytes [`about_of`] needs, by those that came first; none: it is no artefact.
#[must_use]
pub fn about_bytes(beginning: &[u8]) -> Option<usize> {
    let length = beginning.get(HEAD - LENGTH..HEAD)?.try_into().ok()?;
    beginning.starts_with(MAGIC).then(|| HEAD + u32::from_be_bytes(length) as usize)
}

fn parts(artefact: &[u8]) -> Option<Parts<'_>> {
    let end = about_bytes(artefact)?;
    Some(Parts {
        seal: artefact.get(MAGIC.len()..MAGIC.len() + SEAL)?,
        class: Class::of_byte(*artefact.get(MAGIC.len() + SEAL)?)?,
        about: artefact.get(HEAD..end)?,
        code: artefact.get(end..)?,
    })
}

/// What an engine's compiled code depends on, of wasmtime's version and settings, which are the same for all its pools.
fn compatibility(engine: &Engine) -> [u8; 32] {
    let mut hasher = Sha(Sha256::new());
    std::hash::Hash::hash(&engine.small.wasmtime.precompile_compatibility_hash(), &mut hasher);
    hasher.0.finalize().into()
}

/// The standard library's own hashers are 64 bits, and may differ from release to release.
struct Sha(Sha256);

impl std::hash::Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl std::fmt::Debug for ArtefactKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArtefactKey").finish_non_exhaustive()
    }
}
