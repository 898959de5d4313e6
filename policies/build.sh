#!/bin/bash
# Builds every policy of this workspace as a component: policies/build.sh [--release] [FOLDER], target/policies unless named.
# What makes components of core modules is built in the profile that the rest is built in, --release or not.
set -euo pipefail

profile=debug
flags=()
if [ "${1:-}" = --release ]; then
    profile=release
    flags=(--release)
    shift
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
mkdir -p "${1:-$root/target/policies}"
out=$(cd "${1:-$root/target/policies}" && pwd)

(cd "$root" && cargo build --quiet "${flags[@]}" -p tallygate-componentize)
# From inside the workspace: its .cargo/config.toml says how a guest is linked.
(cd "$here" && "$root/setup/wasm-cargo" build --release)

for policy in csv empty hello hostile hr-racun iso20022 json relay ubl-cii xml; do
    module=${CARGO_TARGET_DIR:-$here/target}/wasm32-unknown-unknown/release/${policy//-/_}.wasm
    component=$out/$policy.wasm
    if [ ! -e "$component" ] || [ "$module" -nt "$component" ] || [ "${BASH_SOURCE[0]}" -nt "$component" ]; then
        "${CARGO_TARGET_DIR:-$root/target}/$profile/tallygate-componentize" "$module" "$component"
    fi
    echo "$component"
done
