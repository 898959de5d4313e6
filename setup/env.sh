# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: where tools are that setup/ has put outside the usual path, and how it installs more.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
servers=$checkout/.servers

# Read out of rust-toolchain.toml, so that the release stands in one place.
rust_release=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$checkout/rust-toolchain.toml")

if ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then
    PATH=$HOME/.cargo/bin:$PATH
fi
# Administrators' programs are not on every user's path.
export PATH=$PATH:/usr/sbin:/sbin
# Written by setup/install-toolchain when the release is there under another name only.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && [ -f "$servers/rust-toolchain" ]; then
    RUSTUP_TOOLCHAIN=$(cat "$servers/rust-toolchain")
    export RUSTUP_TOOLCHAIN
fi

say() {
    printf '==> %s\n' "$*"
}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo; run as root: $*"
    fi
}

# Installs those of the named packages that are missing.
apt_install() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] || apt_latest "${missing[@]}"
}

# Installs the named packages, or brings them up to date.
apt_latest() {
    command -v apt-get >/dev/null 2>&1 || fail "this is not a Debian; install what these packages hold: $*"
    say "installing Debian packages: $*"
    # Old lists name packages that are gone, or Rusts that are too old; one update serves all the scripts of a run.
    if [ -z "$(find "$servers/.apt-updated" -mmin -60 2>/dev/null)" ]; then
        as_root apt-get update -q -o DPkg::Lock::Timeout=300
        mkdir -p "$servers"
        touch "$servers/.apt-updated"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@"
}

# The Python environment of the tests' own tools, apart from the system's packages.
python_environment() {
    [ -x "$servers/venv/bin/pip" ] && return
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install python3 python3-venv
    fi
    mkdir -p "$servers"
    rm -rf "$servers/venv"
    python3 -m venv "$servers/venv"
}
