//! What a refusal or a trap of the engine's means for a policy's author, and what would help.

use wasmtime::component::Component;
use wasmtime::{Engine, Trap};

use crate::limits;
use crate::sections::{HEAD, section};

/// What every module and component begins with.
const MAGIC: &[u8] = b"\0asm";
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// How far below address 0, which is the top of what 32 bits reach, an access is taken for that of a stack that ran over.
const BELOW: u64 = 1 << 20;

/// Why bytes are no component, where that shows without reading what is in it.
pub(crate) fn no_component(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("it is empty; a component would be right, such as `tallygate policy build` makes".into());
    }
    if !bytes.starts_with(MAGIC) {
        return Some("it is no WebAssembly, which begins with the bytes \\0asm".into());
    }
    if bytes.starts_with(CORE_MODULE) {
        return Some(
            "expected a component, found a core module; `tallygate policy build` makes a component of a crate, and \
             `wasm-tools component new` or `jco new` of a module that was built for the policy world"
                .into(),
        );
    }
    cut_off(bytes)
}

/// Where bytes end within a section, or before the first.
fn cut_off(bytes: &[u8]) -> Option<String> {
    if bytes.len() < HEAD {
        return Some(format!("it is cut off: it begins with {HEAD} bytes, and {} are there", bytes.len()));
    }
    let mut at = HEAD;
    while at < bytes.len() {
        let Some((length, begins)) = section(bytes, at) else {
            return Some(format!("it is cut off: the section at byte {at} ends before its length is said"));
        };
        let there = bytes.len() - begins;
        if length > there {
            return Some(format!(
                "it is cut off: the section at byte {at} needs {length} bytes, and {there} are there"
            ));
        }
        at = begins + length;
    }
    None
}

/// What the engine says of a component that it does not take, with what would be right where that is known.
pub(crate) fn refused(said: &str) -> String {
    let advice = if said.contains("core module instances") {
        format!(
            ": it consists of more modules than the {} that one may; a component of one module with its bindings is what most \
             tools make",
            limits::LARGE_CORE_INSTANCES
        )
    } else if said.contains("nested components with modules") {
        ": it has components with modules of their own inside it, as those of jco's qjs backend have, which cannot be \
         configured once and kept; a component whose modules are all its own does"
            .to_owned()
    } else {
        String::new()
    };
    format!("{said}{advice}")
}

/// What a component imports that policies do not get; none: nothing.
pub(crate) fn imports(engine: &Engine, component: &Component) -> Option<String> {
    let kind = component.component_type();
    let names = kind.imports(engine).map(|(name, _)| name);
    let foreign: Vec<&str> = names.filter(|name| !name.starts_with("tallygate:policy/")).collect();
    let first = foreign.first()?;
    let more = match foreign.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let advice = if first.starts_with("wasi:") {
        "policies get no WASI: in Rust, build for wasm32-unknown-unknown (`tallygate policy build`); in JavaScript, give \
         componentize-js disableFeatures: random, stdio, clocks, http, fetch-event"
    } else {
        "policies get nothing but tallygate:policy/host"
    };
    Some(format!("it imports {first}{more}, and {advice}"))
}

/// What a trap says, with its likely cause where there is one.
pub(crate) fn trap(trap: Trap, error: &wasmtime::Error) -> String {
    let advice = match trap {
        Trap::StackOverflow => format!(
            ": its calls went deeper than the {} KiB of a call's own stack; recursion without an end would be the cause, and \
             no setting gives it more",
            limits::STACK_BYTES >> 10
        ),
        Trap::MemoryOutOfBounds if fault_below_zero(error) => {
            ": its stack ran over, most likely, by recursion or large values on it; where it needs more than the 32 KiB that \
             the crate's own .cargo/config.toml gives it, -zstack-size there says how much"
                .to_owned()
        }
        Trap::UnreachableCodeReached => {
            ": it panicked, most likely, and where it logs panics the log says with what".to_owned()
        }
        _ => String::new(),
    };
    format!("{trap}{advice}")
}

/// Whether memory was accessed below address 0.
fn fault_below_zero(error: &wasmtime::Error) -> bool {
    const FAULT: &str = "memory fault at wasm address 0x";
    let address = error.chain().find_map(|cause| {
        let said = cause.to_string();
        let behind = &said[said.find(FAULT)? + FAULT.len()..];
        u64::from_str_radix(behind.split(' ').next()?, 16).ok()
    });
    address.is_some_and(|address| address >= (1 << 32) - BELOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_found_wherever_it_is() {
        // Two sections, of 3 and of 200 bytes.
        let mut whole = b"\0asm\x0d\0\x01\0".to_vec();
        whole.extend([0, 3, 1, b'a', 7, 0, 0xc8, 0x01]);
        whole.resize(8 + 5 + 3 + 200, 0);
        assert_eq!(no_component(&whole), None);
        let said = |length: usize| no_component(&whole[..length]);
        for length in 0..whole.len() {
            let at_a_border = [8, 13].contains(&length);
            assert_eq!(said(length).is_none(), at_a_border, "{length}: {:?}", said(length));
        }
        assert_eq!(said(7).as_deref(), Some("it is cut off: it begins with 8 bytes, and 7 are there"));
        assert_eq!(said(11).as_deref(), Some("it is cut off: the section at byte 8 needs 3 bytes, and 1 are there"));
        assert_eq!(said(15).as_deref(), Some("it is cut off: the section at byte 13 ends before its length is said"));
        assert_eq!(said(20).as_deref(), Some("it is cut off: the section at byte 13 needs 200 bytes, and 4 are there"));
    }

    #[test]
    fn what_the_engine_does_not_take_is_told_in_an_authors_words() {
        let said = refused("The component transitively contains 38 core module instances, which exceeds …");
        assert!(said.contains("more modules than the 64") && said.contains("of one module"), "{said}");
        assert!(refused("nested components with modules not currently supported").contains("qjs"));
        assert_eq!(refused("something else"), "something else");
    }

    #[test]
    fn a_stack_that_ran_over_is_told_from_other_accesses_out_of_bounds() {
        let fault = |address: u64| {
            let error = wasmtime::Error::from(Trap::MemoryOutOfBounds)
                .context(format!("memory fault at wasm address 0x{address:x} in linear memory of size 0x110000"));
            trap(Trap::MemoryOutOfBounds, &error)
        };
        assert!(fault(0xffff_fff0).contains("its stack ran over"));
        assert!(!fault(0x11_0000).contains("stack"));
        let deep = trap(Trap::StackOverflow, &Trap::StackOverflow.into());
        assert!(deep.contains("deeper than the 256 KiB"), "{deep}");
    }
}
