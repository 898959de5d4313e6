//! Which values are found, and which paths are none.

use super::Paths;
use crate::ConfigFault;
use crate::xml::{FieldError, FieldFault, Reader};

const NAMESPACES: &[(&str, &str)] = &[("", "urn:a"), ("b", "urn:b")];

fn values<const N: usize>(paths: &Paths<N>, document: &str) -> Result<[Option<String>; N], FieldError> {
    let mut reader = Reader::new(document.as_bytes()).expect("UTF-8");
    reader.root().expect("a root");
    let fields = paths.read(&mut reader)?;
    reader.finish().expect("the end");
    Ok(fields.map(|field| field.optional().map(|text| text.into_owned())))
}

fn some<const N: usize>(texts: [&str; N]) -> [Option<String>; N] {
    texts.map(|text| (text != "-").then(|| text.to_owned()))
}

#[test]
fn values_are_found_by_namespace_and_name_in_whatever_order() {
    let paths = Paths::new(NAMESPACES, ["x", "y/b:z", "y/z", "y/b:z/@k", "w/@k", "y/v/u"]).expect("paths");
    for (document, found) in [
        (
            "<a xmlns='urn:a'><n><x>no</x></n><x>1</x><y><z xmlns='urn:b' k='&lt;'>2</z><z>3</z></y><w k='4'><q/></w></a>",
            ["1", "2", "3", "<", "4", "-"],
        ),
        (
            "<p:a xmlns:p='urn:a' xmlns:q='urn:b'><p:y><p:v><p:u/></p:v><q:z>2</q:z></p:y><p:x></p:x></p:a>",
            ["", "2", "-", "-", "-", ""],
        ),
        ("<a><x>1</x><y><z>1</z></y></a>", ["-"; 6]),
        ("<a/>", ["-"; 6]),
        ("<a xmlns='urn:a'><y/><w/></a>", ["-"; 6]),
    ] {
        assert_eq!(values(&paths, document), Ok(some(found)), "{document}");
    }
}

#[test]
fn without_an_empty_prefix_names_are_in_no_namespace() {
    let paths = Paths::new(&[], ["x"]).expect("a path");
    assert_eq!(values(&paths, "<a xmlns='urn:a'><x xmlns=''>1</x><x>2</x></a>"), Ok(some(["1"])));
}

#[test]
fn an_element_on_a_path_stands_once_at_most() {
    let paths = Paths::new(&[], ["x", "y/z", "y/w"]).expect("paths");
    for (document, path) in [
        ("<a><x>1</x><x>1</x></a>", "x"),
        ("<a><y><z/><z/></y></a>", "y/z"),
        ("<a><y><z/></y><y><w/></y></a>", "y"),
        ("<a><y/><y/></a>", "y"),
    ] {
        let error = values(&paths, document).expect_err("twice");
        assert_eq!((&*error.path, &error.fault), (path, &FieldFault::Twice), "{document}");
        assert_eq!(error.to_string(), format!("`{path}` stands twice"));
    }
    assert_eq!(values(&paths, "<a><n/><n/><y><n/><n/></y></a>"), Ok(some(["-"; 3])));
}

#[test]
fn elements_on_no_path_are_shown_and_what_is_not_read_of_them_is_skipped() {
    let paths = Paths::new(&[], ["y/z"]).expect("a path").within("Top");
    let document = b"<a><l><m>1</m><m>2</m></l><y><z>3</z><l/></y><k><k><k/></k></k><l><m>4</m></l></a>";
    let mut reader = Reader::new(document).expect("UTF-8");
    reader.root().expect("a root");
    let mut shown = Vec::new();
    let read = paths.read_with(&mut reader, |element, within, reader| {
        // Nothing, a part, or all of it.
        let text = match (element.local, within) {
            ("l", "Top") => {
                reader.child().map_err(|error| FieldError::xml(within, error))?;
                reader.text().map_err(|error| FieldError::xml(within, error))?.into_owned()
            }
            _ => String::new(),
        };
        shown.push(format!("{within} {} {text}", element.local));
        Ok::<_, FieldError>(())
    });
    let [z] = read.expect("all of it");
    assert_eq!((z.path(), z.text()), ("Top/y/z", Ok("3".into())));
    assert_eq!(shown, ["Top l 1", "Top/y l ", "Top k ", "Top l 4"]);
    reader.finish().expect("the end");
}

#[test]
fn a_path_that_cannot_be_meant_is_refused() {
    let told = |paths: [&str; 2]| Paths::new(NAMESPACES, paths).expect_err("a refusal");
    for (paths, detail) in [
        (["", "x"], "the path `` has ``, which is no element's name"),
        (["x", "y//z"], "the path `y//z` has ``, which is no element's name"),
        (["x", "/y"], "the path `/y` has ``, which is no element's name"),
        (["x", "y z"], "the path `y z` has `y z`, which is no element's name"),
        (["x", "b:b:z"], "the path `b:b:z` has `b:b:z`, which is no element's name"),
        (["x", "c:z"], "the path `c:z` has the prefix `c`, which stands for no namespace"),
        (["x", "x"], "the path `x` stands twice"),
        (["x/@y", "x/@y"], "the path `x/@y` stands twice"),
        (["x", "x/@"], "the path `x/@` has ``, which is no attribute's name"),
        (["x", "x/@y/z"], "the path `x/@y/z` has `y/z`, which is no attribute's name"),
        (["x", "x/@b:y"], "the path `x/@b:y` has `b:y`, which is no attribute's name"),
        (["x", "@y"], "the path `@y` has `@y`, which is no element's name"),
        (["x/y", "x"], "the path `x` leads to a text, and others lead further through it"),
    ] {
        assert_eq!(told(paths), ConfigFault::at("", detail));
    }
}

#[test]
fn an_error_in_a_list_is_told_from_above_with_its_place() {
    let error = FieldError::wrong("DatiGenerali/Data", "it is no date").within("FatturaElettronicaBody[2]");
    assert_eq!(error.path, "FatturaElettronicaBody[2]/DatiGenerali/Data");
    assert_eq!(error.to_string(), "`FatturaElettronicaBody[2]/DatiGenerali/Data`: it is no date");
    let paths = |(above, path)| FieldError::wrong(path, "").within(above).path;
    assert_eq!([("a", ""), ("", "b"), ("", ""), ("a/b[1]", "c/@d")].map(paths), ["a", "b", "", "a/b[1]/c/@d"]);

    let line = Paths::new(&[], ["x"]).expect("a path");
    let read = |document: &str| {
        let mut reader = Reader::new(document.as_bytes()).expect("UTF-8");
        reader.root().expect("a root");
        line.read(&mut reader).and_then(|[x]| x.text()).map_err(|error| error.within("line[3]")).map(drop)
    };
    for (document, path) in [("<l/>", "line[3]/x"), ("<l><x/><x/></l>", "line[3]/x"), ("<l>", "line[3]")] {
        assert_eq!(read(document).expect_err("a fault").path, path, "{document}");
    }
}
