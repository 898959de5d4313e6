//! The policy world 1.0 as it was when it was fixed: what was built for it then must run for good.
//!
//! The policy `hostile` calls all that a policy can call, so it shows the whole world, as a component that this host runs.

use std::fmt::Write as _;

use tallygate_host::Policy;
use wasmtime::Engine;
use wasmtime::component::types::{ComponentExtern, ComponentItem};
use wasmtime::component::{Component, Type};

use crate::support::{component, engine, spec};

#[test]
fn a_policy_of_the_world_1_0_asks_for_and_gives_what_it_always_did() {
    assert!(Policy::activate(engine(), spec("hostile", "")).is_ok(), "the host speaks another world than it shows");
    let engine = Engine::default();
    let component = Component::new(&engine, component("hostile")).unwrap();
    let (shown, mut text) = (component.component_type(), String::new());
    for (name, item) in shown.imports(&engine) {
        instance(&mut text, &engine, &format!("import {name}"), &item);
    }
    for (name, item) in shown.exports(&engine) {
        instance(&mut text, &engine, &format!("export {name}"), &item);
    }
    let golden = include_str!("world-1.0.txt");
    assert!(text == golden, "the world has changed; this is not 1.0 any more:\n{text}");
}

/// An instance that comes or goes, with its functions; the types it names stand in full where they are used.
fn instance(text: &mut String, engine: &Engine, title: &str, shown: &ComponentExtern<'_>) {
    let ComponentItem::ComponentInstance(instance) = &shown.ty else { panic!("{title} is no instance") };
    writeln!(text, "{title}").unwrap();
    for (name, item) in instance.exports(engine) {
        let ComponentItem::ComponentFunc(function) = item.ty else { continue };
        writeln!(text, "  {name}").unwrap();
        for (parameter, of) in function.params() {
            writeln!(text, "    {parameter}: {}", shape(&of, 4)).unwrap();
        }
        for of in function.results() {
            writeln!(text, "    -> {}", shape(&of, 4)).unwrap();
        }
    }
}

/// A type, with a line for each field or case.
fn shape(of: &Type, indent: usize) -> String {
    let block = |kind: &str, lines: Vec<String>| {
        let lines: String = lines.iter().map(|line| format!("{:indent$}  {line}\n", "")).collect();
        format!("{kind} {{\n{lines}{:indent$}}}", "")
    };
    let inner = |of: Type| shape(&of, indent + 2);
    let perhaps = |of: Option<Type>| of.map_or_else(|| "_".to_owned(), |of| shape(&of, indent));
    match of {
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(list) => format!("list<{}>", shape(&list.ty(), indent)),
        Type::Option(option) => format!("option<{}>", shape(&option.ty(), indent)),
        Type::Tuple(tuple) => {
            format!("tuple<{}>", tuple.types().map(|of| shape(&of, indent)).collect::<Vec<_>>().join(", "))
        }
        Type::Result(result) => format!("result<{}, {}>", perhaps(result.ok()), perhaps(result.err())),
        Type::Record(record) => {
            block("record", record.fields().map(|field| format!("{}: {}", field.name, inner(field.ty))).collect())
        }
        Type::Variant(variant) => {
            let case = |case: wasmtime::component::types::Case<'_>| {
                case.ty.map_or_else(|| case.name.to_owned(), |of| format!("{}({})", case.name, inner(of)))
            };
            block("variant", variant.cases().map(case).collect())
        }
        Type::Enum(names) => block("enum", names.names().map(str::to_owned).collect()),
        other => format!("{other:?}"),
    }
}
