# Sourced by the other scripts and by the Makefile: where tools are that setup/ has put outside the usual path.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
servers=$checkout/.servers

if ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then
    PATH=$HOME/.cargo/bin:$PATH
fi
if [ -d "$servers/bin" ]; then
    PATH=$servers/bin:$PATH
fi
export PATH
# Written by setup/toolchain when the pinned release is there under another name only.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && [ -f "$servers/rust-toolchain" ]; then
    RUSTUP_TOOLCHAIN=$(cat "$servers/rust-toolchain")
    export RUSTUP_TOOLCHAIN
fi
