//! A process that believes in another time.

/// The environment in which a process's wall clock lies so many days ahead, or behind when negative. Its monotonic clock is
/// the machine's own.
pub fn days_off(days: i32) -> [(&'static str, String); 5] {
    [
        ("LD_PRELOAD", format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH)),
        ("FAKETIME", format!("{days:+}d")),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        // Without these a Java server waits for minutes.
        ("FAKETIME_FORCE_MONOTONIC_FIX", "0".to_owned()),
        ("NO_FAKE_STAT", "1".to_owned()),
    ]
}
