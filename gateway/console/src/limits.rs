//! Every limit of the console, in one place.

use std::time::Duration;

/// The most keys a list of top keys may have.
pub const TOP_MOST: usize = 200;
/// The keys a list of top keys has unless asked otherwise.
pub const TOP: usize = 20;

/// Days that the live page holds at one time: today's, and those that browsers look at.
pub const LIVE_DAYS: usize = 5;
/// Memory that the keys of one day may take, in bytes, about 280 each; beyond it the least busy one makes room for each that is
/// busier. So the live page takes at most [`LIVE_DAYS`] times as much.
pub const LIVE_KEY_BYTES: usize = 64 * 1024 * 1024;
/// Seconds that the plot of the last minutes shows.
pub const SERIES_SECONDS: usize = 300;
/// Currencies the plot tells apart in one second; those beyond count without an amount.
pub const SERIES_CURRENCIES: usize = 16;
/// The shortest pause between two changes sent to one browser.
pub const UPDATE_PAUSE: Duration = Duration::from_millis(15);
/// How often a browser hears something, changes or not; its session is looked at each time.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long the keys of a day stay in memory after the last browser left.
pub const CACHE_IDLE: Duration = Duration::from_secs(30);
/// The first pause before the stream is followed or the store is read again.
pub const RETRY_FIRST: Duration = Duration::from_millis(200);
/// The longest such pause.
pub const RETRY_MOST: Duration = Duration::from_secs(5);
/// Browsers that follow at one time.
pub const BROWSERS: usize = 64;

/// Connections open at one time.
pub const CONNECTIONS: usize = 256;
/// The time a TLS handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The time the head of a request may take.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The time the body of a request may take.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may stay open without a request.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may take none of what is written to it.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes.
pub const HEAD_BYTES: usize = 32 * 1024;
/// The largest JSON body of a request, in bytes.
pub const JSON_BYTES: usize = 16 * 1024;
/// Components being received and compiled at one time.
pub const PUSHES: usize = 2;
/// How long a push waits for those before it; then it is 503.
pub const PUSH_WAIT: Duration = Duration::from_secs(30);
/// The largest body of a replay of dead letters, in bytes.
pub const REPLAY_BYTES: usize = 8 * 1024 * 1024;
/// The most lines of one.
pub const REPLAY_LINES: usize = 1_000;
/// Replays being received and carried out at one time.
pub const REPLAYS: usize = 1;
/// How long a replay waits for those before it; then it is 503.
pub const REPLAY_WAIT: Duration = Duration::from_secs(30);
/// How long requests in flight may take to finish when the console stops.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// People logged in at one time; the longest unused session makes room.
pub const SESSIONS: usize = 256;
/// How long a session lasts with nobody at its page: what an open page asks by itself is no use of it.
pub const SESSION_IDLE: Duration = Duration::from_secs(60 * 60);
/// How long a session lasts at most.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// Passwords being checked at one time; each takes 19 MiB with argon2's defaults.
pub const PASSWORD_CHECKS: usize = 2;
/// The niceness of the threads that check them: whoever guesses takes no processor from partners' requests.
pub const PASSWORD_NICE: i32 = 10;
/// The longest password, in bytes.
pub const PASSWORD_BYTES: usize = 1_024;
/// Passwords being checked or waiting for it, of which each address has its share, and an eighth is for those alone whose name got
/// in from where it comes from before; further ones are 503.
pub const PASSWORDS_WAITING: usize = 64;
/// Failed logins of one name from one address, or one /64 of IPv6, before each next one has to wait, twice as long each time.
pub const FREE_FAILURES: u32 = 5;
/// The longest such wait.
pub const FAILURE_WAIT_MOST: Duration = Duration::from_secs(5 * 60);
/// Failed logins of one name from all addresses that it never got in from, before they share a pace.
pub const FREE_FAILURES_EVERYWHERE: u32 = 50;
/// That pace: the pause between two of them.
pub const FAILURE_PAUSE_EVERYWHERE: Duration = Duration::from_secs(10);
/// Tokens from one address that are not known before they are told to wait. Those that are known never wait.
pub const FREE_FAILURES_TOKENS: u32 = 20;
/// Failed logins from one address, or one /64 of IPv6, under whatever names, before those names that never got in from there share
/// a pace.
pub const FREE_FAILURES_ADDRESS: u32 = 60;
/// That pace: the pause between two of them.
pub const FAILURE_PAUSE_ADDRESS: Duration = Duration::from_secs(1);
/// Failures are forgotten when none followed for this long.
pub const FAILURES_FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// Names and addresses whose failures are remembered, and as many that got in.
pub const FAILURES_REMEMBERED: usize = 4_096;
/// How long a password sent with each request is taken as checked.
pub const BASIC_REMEMBERED: Duration = Duration::from_secs(60);
/// Characters that a line about what somebody did may have of a text that callers choose.
pub const AUDITED_CHARS: usize = 512;
/// Lines about strangers that are written at once.
pub const STRANGERS_LINES: u32 = 20;
/// The pause until one more is.
pub const STRANGERS_PAUSE: Duration = Duration::from_secs(1);
