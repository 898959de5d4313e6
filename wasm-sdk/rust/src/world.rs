//! The bindings of the world `tallygate:policy`, as generated. Policies use what the crate's root names.
#![allow(missing_docs, reason = "generated; the WIT file documents it")]

wit_bindgen::generate!({
    path: "wit",
    world: "policy",
    pub_export_macro: true,
    export_macro_name: "export_policy",
    runtime_path: "wit_bindgen::rt",
    additional_derives: [PartialEq],
});
