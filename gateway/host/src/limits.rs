//! Every limit of the host, in one place.

use std::time::Duration;

/// The largest component that is activated, in bytes.
pub const COMPONENT_BYTES: usize = 32 << 20;
/// The largest configuration of a policy, in bytes of JSON.
pub const CONFIG_BYTES: usize = 1 << 20;
/// How long `configure` may run.
pub const CONFIGURE_TIME: Duration = Duration::from_secs(2);
/// The memory a policy gets unless it is configured otherwise, in bytes.
pub const POLICY_MEMORY: usize = 16 << 20;
/// The most memory a policy can be given, in bytes; address space is set aside for it, not memory.
pub const POLICY_MEMORY_MOST: usize = 256 << 20;
/// The time a policy gets for one call unless it is configured otherwise.
pub const POLICY_TIME: Duration = Duration::from_secs(1);
/// How long a policy runs before it makes room for others, and how finely its time is measured.
pub const TICK: Duration = Duration::from_millis(5);
/// Messages in policies at one time, over all policies.
pub const INSTANCES: u32 = 256;
/// Core modules inside one component: the policy's own and the small ones that bind it to its imports.
pub const CORE_INSTANCES: u32 = 8;
/// Memories inside one component.
pub const MEMORIES: u32 = 2;
/// Tables inside one component, and the elements of each.
pub const TABLES: u32 = 4;
/// The elements of one table: functions a policy can call by pointer.
pub const TABLE_ELEMENTS: usize = 20_000;
/// The wasm stack of a call, in bytes. A guest of the SDK has a stack of its own of 32 KiB besides.
pub const STACK_BYTES: usize = 256 << 10;
/// What a call's whole stack has beyond the wasm stack, for the host functions that a policy calls.
pub const STACK_BYTES_HOST: usize = 256 << 10;
/// What one call may make the host allocate for what it returns or passes to a host function, in bytes.
pub const LIFT_BYTES: usize = 64 << 20;
/// The largest context that a policy leaves with its decision, in bytes.
pub const CONTEXT_BYTES: usize = 64 << 10;
/// Lines a policy may log in one call.
pub const LOG_LINES: u32 = 16;
/// The length of one logged line, in bytes; what is longer is cut.
pub const LOG_LINE_BYTES: usize = 1024;
/// The largest document that is signed, in bytes.
pub const SIGN_BYTES: usize = 1 << 20;
/// Attributes of one element in a document that is signed: the parser's time grows with their square.
pub const SIGN_ATTRIBUTES: usize = 64;
/// How deep elements may be nested in a document that is signed.
pub const SIGN_DEPTH: u32 = 64;
/// The shortest key for HMAC, in bytes.
pub const HMAC_KEY_BYTES: usize = 16;
/// What one instance keeps of its memory for the next message, in bytes, rather than giving it back to the system.
pub const KEEP_RESIDENT: usize = 256 << 10;
/// Instances kept warm beyond those in use.
pub const WARM_SLOTS: u32 = 16;
/// Policies that may wait to be compiled while requests run, beside the one that is.
pub const COMPILING_WAIT: usize = 4;
/// The niceness of the thread that compiles while requests run: the least that Linux knows.
pub const COMPILING_NICE: i32 = 19;
