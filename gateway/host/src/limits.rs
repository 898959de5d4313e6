//! Every limit of the host, in one place.

use std::time::Duration;

/// The largest component that is activated, in bytes.
pub const COMPONENT_BYTES: usize = 32 << 20;
/// The largest configuration of a policy, in bytes of JSON.
pub const CONFIG_BYTES: usize = 1 << 20;
/// How long `configure` may run.
pub const CONFIGURE_TIME: Duration = Duration::from_secs(2);
/// The memory a policy gets unless it is configured otherwise, in bytes.
pub const POLICY_MEMORY: usize = 64 << 20;
/// The most memory a policy can be given, in bytes; address space is set aside for it, not memory.
pub const POLICY_MEMORY_MOST: usize = 256 << 20;
/// The time a policy gets for one call unless it is configured otherwise.
pub const POLICY_TIME: Duration = Duration::from_secs(1);
/// How long a policy runs before it makes room for others, and how finely its time is measured. What is not at its end then
/// begins again on the threads for slow work.
pub const TICK: Duration = Duration::from_millis(5);
/// How long a thread that serves requests runs policies before it lets whatever else is ready go first.
pub const RUN_AT_ONCE: Duration = Duration::from_micros(250);
/// What of each call does not count towards that: no more than other steps of a request take.
pub const SOON_THROUGH: Duration = Duration::from_micros(25);
/// How long the calls of a caller take turns where requests are served, since one of them did not end there.
pub const BY_TURNS: Duration = Duration::from_secs(1);
/// Messages in policies at one time, over all policies.
pub const INSTANCES: u32 = 256;
/// Of these, the part that may be begun on the threads for slow work: one of so many. Half of it is for callers that have none
/// begun there. Each may come to hold all the memory that its policy may have.
pub const SLOW_INSTANCES_PART: u32 = 8;
/// Slow calls of one caller that may wait for their first turn.
pub const SLOW_WAITING_CALLER: usize = 256;
/// Slow calls of all partners, or of all strangers, that may wait for their first turn, so that neither takes what the others have.
pub const SLOW_WAITING_CLASS: usize = 768;
/// Slow calls of all callers that may wait for their first turn.
pub const SLOW_WAITING: usize = 1024;
/// The niceness of the threads for slow work: against a thread of requests that wants all of a processor, one of them gets
/// about a tenth.
pub const SLOW_NICE: i32 = 10;
/// What a call may be about to be begun where requests are served, in bytes of body: what is more is slow from the start.
pub const BODY_AT_ONCE: usize = 256 << 10;
/// What a call may ask for where requests are served; more of it makes it a slow one. Memory beyond what it begins with, in
/// bytes.
pub const MEMORY_AT_ONCE: usize = 16 << 20;
/// What it may return or pass to a host function at one time, in bytes.
pub const LIFT_BYTES_AT_ONCE: usize = 1 << 20;
/// What it may have signed or authenticated by one host function, in bytes.
pub const CRYPTO_BYTES_AT_ONCE: usize = 64 << 10;
/// Core modules inside one component: the policy's own and the small ones that bind it to its imports.
pub const CORE_INSTANCES: u32 = 8;
/// Memories inside one component.
pub const MEMORIES: u32 = 2;
/// Tables inside one component, and the elements of each.
pub const TABLES: u32 = 4;
/// The elements of one table: functions a policy can call by pointer.
pub const TABLE_ELEMENTS: usize = 20_000;
/// What a component's memories may begin with, in bytes, for it to be a small one. A component that needs more than these
/// limits is a large one, such as those that bring JavaScript with them, and has those below.
pub const MEMORY_SMALL: usize = 4 << 20;
/// Messages in large policies at one time where requests are served: one of so many of [`INSTANCES`]. Their slow calls take
/// turns with all others'.
pub const LARGE_INSTANCES_PART: u32 = 32;
/// Core modules inside one large component.
pub const LARGE_CORE_INSTANCES: u32 = 64;
/// Memories inside one large component.
pub const LARGE_MEMORIES: u32 = 4;
/// Tables inside one large component.
pub const LARGE_TABLES: u32 = 16;
/// The elements of one table of a large component.
pub const LARGE_TABLE_ELEMENTS: usize = 200_000;
/// What one instance of a large policy keeps of its memory for the next message, in bytes: most of what a language's runtime
/// writes for each message, so that it need not be had from the system anew.
pub const LARGE_KEEP_RESIDENT: usize = 32 << 20;
/// What it keeps of its tables, in bytes.
pub const LARGE_KEEP_RESIDENT_TABLES: usize = 1 << 20;
/// Instances of large policies kept warm beyond those in use.
pub const LARGE_WARM_SLOTS: u32 = 2;
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
/// The largest document that is signed unless the policy is configured otherwise, in bytes.
pub const SIGN_BYTES: usize = 64 << 10;
/// The most that a policy can be given for it, in bytes.
pub const SIGN_BYTES_MOST: usize = 1 << 20;
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
