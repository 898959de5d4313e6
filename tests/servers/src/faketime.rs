//! A process that believes in another time.

/// The environment in which a process's wall clock lies so many days ahead, or behind when negative. Its monotonic clock is
/// the machine's own.
pub fn days_off(days: i32) -> [(&'static str, String); 3] {
    [
        ("LD_PRELOAD", format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH)),
        ("FAKETIME", format!("{days:+}d")),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}
