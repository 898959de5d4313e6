//! The sections of a module or a component, as far as they are looked at here without the engine.

/// What every module and component begins with: the magic number, and a version.
pub(crate) const HEAD: usize = 8;
/// The numbers of sections: in a module and a component, and in a component alone.
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;

/// The first core module of a component, which is the guest's own where others bind it to its imports.
pub(crate) fn core_module(component: &[u8]) -> Option<&[u8]> {
    find(component, |number, contents| (number == CORE_MODULE).then_some(contents))
}

/// What is in the custom section of this name, of fewer than 128 bytes.
pub(crate) fn custom<'m>(module: &'m [u8], name: &str) -> Option<&'m [u8]> {
    find(module, |number, contents| {
        let (length, rest) = contents.split_first()?;
        let named = number == CUSTOM && usize::from(*length) == name.len();
        rest.strip_prefix(name.as_bytes()).filter(|_| named)
    })
}

/// The length of a section's contents and where they begin. Behind its number stands the length, seven bits a byte.
pub(crate) fn section(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut length = 0_usize;
    for (place, &byte) in bytes.get(at + 1..)?.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((length, at + 2 + place));
        }
    }
    None
}

fn find<'b>(bytes: &'b [u8], mut wanted: impl FnMut(u8, &'b [u8]) -> Option<&'b [u8]>) -> Option<&'b [u8]> {
    let mut at = HEAD;
    while let Some(&number) = bytes.get(at) {
        let (length, begins) = section(bytes, at)?;
        let contents = bytes.get(begins..begins.checked_add(length)?)?;
        if let Some(found) = wanted(number, contents) {
            return Some(found);
        }
        at = begins + length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_in_the_module_of_a_component() {
        let module = b"\0asm\x01\0\0\0\x05\x01\0\0\x06\x04name1";
        let mut component = b"\0asm\x0d\0\x01\0\0\x02\x01x".to_vec();
        component.extend([CORE_MODULE, module.len() as u8]);
        component.extend(module);
        assert_eq!(core_module(&component), Some(&module[..]));
        assert_eq!(custom(module, "name"), Some(&b"1"[..]));
        assert_eq!(custom(module, "nam"), None);
        assert_eq!(core_module(&component[..component.len() - 1]), None);
        assert_eq!(core_module(b"\0asm"), None);
    }
}
