//! The places that JSON Pointers lead to, as a tree: the way to the records, and what hangs on it.

use described::{Path, Paths, Use};
use tallygate_policy::{ConfigFault, scan};

/// How many steps a pointer may have.
const DEPTH: usize = 16;

/// All places that pointers lead through.
pub(crate) struct Tree {
    /// The first is the document itself; each stands before those in it.
    nodes: Vec<Node>,
    /// From the document to the record.
    way: Vec<usize>,
    /// The node of each cell.
    cells: Vec<usize>,
    /// The records are in the body itself: it is one, or an array of them, or there is one a line.
    pub(crate) plain: bool,
    /// Some cell stands around the records.
    pub(crate) waits: bool,
}

/// A place.
pub(crate) struct Node {
    name: String,
    parent: usize,
    children: Vec<usize>,
    /// The place of each element, where records are in an array.
    pub(crate) any: Option<usize>,
    pub(crate) cell: Option<usize>,
    pub(crate) holds: Holds,
    /// How far down the way it is, or the place of the way that it hangs on.
    pub(crate) level: usize,
    pub(crate) on_way: bool,
    is_any: bool,
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    Number,
    /// An object whose members are carried along.
    Attributes,
}

impl Tree {
    /// The way to the records alone.
    pub(crate) fn new(records: Option<&str>) -> Result<Self, ConfigFault> {
        let mut tree =
            Self { nodes: Vec::new(), way: vec![0], cells: Vec::new(), plain: records.is_none(), waits: false };
        tree.nodes.push(Node::new("", 0, 0, true));
        let steps = match records {
            None => vec!["*".to_owned()],
            Some(pointer) => steps(pointer).ok_or_else(|| {
                let detail = format!("`{pointer}` is no JSON Pointer to the records, such as `/payments/*`");
                ConfigFault::at("/records", detail)
            })?,
        };
        if steps.len() > DEPTH {
            return Err(ConfigFault::at("/records", format!("it has more than {DEPTH} steps")));
        }
        for step in steps {
            let (parent, level) = (tree.way[tree.way.len() - 1], tree.way.len());
            let node = tree.nodes.len();
            tree.nodes.push(Node { is_any: step == "*", ..Node::new(&step, parent, level, true) });
            if step == "*" {
                tree.nodes[parent].any = Some(node);
            } else {
                tree.nodes[parent].children.push(node);
            }
            tree.way.push(node);
        }
        Ok(tree)
    }

    #[inline]
    pub(crate) fn node(&self, node: usize) -> Option<&Node> {
        self.nodes.get(node)
    }

    /// The node of the record.
    pub(crate) fn record(&self) -> usize {
        self.way.last().copied().unwrap_or_default()
    }

    /// The place one step further on, if a pointer leads there.
    #[inline]
    pub(crate) fn child(&self, node: &Node, name: &str) -> Option<usize> {
        node.children.iter().copied().find(|child| {
            self.nodes.get(*child).is_some_and(|child| scan::same(child.name.as_bytes(), name.as_bytes()))
        })
    }

    /// The cells that belong to a level.
    pub(crate) fn of_level(&self, level: usize) -> impl Iterator<Item = usize> {
        (0..self.cells.len()).filter(move |cell| self.level(*cell) == level)
    }

    /// The node of a pointer, which is made where it is not there.
    fn lead(&mut self, pointer: &str) -> Result<usize, String> {
        let wrong = || format!("`{pointer}` is no JSON Pointer into the object, such as `/payment/total`");
        let (mut node, mut rest) = (self.record(), pointer);
        while let Some(behind) = rest.strip_prefix("..") {
            if node == 0 || self.plain {
                return Err(format!("`{pointer}` leads out of the document"));
            }
            node = self.nodes[node].parent;
            rest = match behind.strip_prefix('/') {
                Some(further) if further.starts_with("..") => further,
                _ => behind,
            };
        }
        let steps = steps(rest).ok_or_else(wrong)?;
        if steps.len() > DEPTH {
            return Err(format!("`{pointer}` has more than {DEPTH} steps"));
        }
        for step in steps {
            node = match self.child(&self.nodes[node], &step) {
                Some(known) => known,
                None => {
                    let next = self.nodes.len();
                    let level = self.nodes[node].level;
                    self.nodes.push(Node::new(&step, node, level, false));
                    self.nodes[node].children.push(next);
                    next
                }
            };
        }
        Ok(node)
    }

    /// What partners call a cell of a record, or the record: a JSON Pointer in the body.
    pub(crate) fn name(&self, cell: Option<usize>, place: &[u32]) -> String {
        self.name_of(cell.and_then(|cell| self.cells.get(cell)).copied().unwrap_or_else(|| self.record()), place)
    }

    /// What partners call a node. A place has for each array on the way the number of the element, from 1; 0: the body is
    /// no array.
    pub(crate) fn name_of(&self, node: usize, place: &[u32]) -> String {
        let mut steps = Vec::new();
        let mut at = node;
        while let Some(node) = self.nodes.get(at).filter(|_| at > 0) {
            if node.is_any {
                let arrays = self.way.iter().take(node.level).filter(|node| self.nodes[**node].is_any).count();
                if let Some(index) = place.get(arrays).and_then(|number| number.checked_sub(1)) {
                    steps.push(index.to_string());
                }
            } else {
                steps.push(escaped(&node.name));
            }
            at = node.parent;
        }
        steps.iter().rev().fold(String::new(), |pointer, step| pointer + "/" + step)
    }

    /// How many arrays there are on the way.
    pub(crate) fn arrays(&self) -> usize {
        self.way.iter().filter(|node| self.nodes[**node].is_any).count()
    }

    /// How many arrays there are on the way above a level.
    pub(crate) fn arrays_above(&self, level: usize) -> usize {
        self.way.iter().take(level + 1).filter(|node| self.nodes[**node].is_any).count()
    }

    /// The records, as a pointer.
    pub(crate) fn shown(&self) -> String {
        self.way.iter().skip(1).fold(String::new(), |pointer, node| pointer + "/" + &escaped(&self.nodes[*node].name))
    }
}

impl Node {
    fn new(name: &str, parent: usize, level: usize, on_way: bool) -> Self {
        Self {
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            any: None,
            cell: None,
            holds: Holds::Text,
            level,
            on_way,
            is_any: false,
        }
    }
}

impl Paths for Tree {
    const RIGHT: &'static str = "a JSON Pointer, such as `/payment/total`";

    fn cell(&mut self, at: &str, path: Path, to_be: Use) -> Result<usize, ConfigFault> {
        let wrong = |detail: String| ConfigFault::at(at, detail);
        let pointer = match path {
            Path::Text(pointer) => pointer,
            Path::Number(number) => return Err(wrong(format!("it is {number}, and would be {}", Self::RIGHT))),
        };
        let node = self.lead(&pointer).map_err(wrong)?;
        let next = self.cells.len();
        let holds = match to_be {
            Use::Amount | Use::Total => Holds::Number,
            Use::Attributes => Holds::Attributes,
            Use::Text => Holds::Text,
        };
        let cell = *self.nodes[node].cell.get_or_insert(next);
        if cell == next {
            self.cells.push(node);
            self.waits |= self.nodes[node].level < self.way.len() - 1;
            self.nodes[node].holds = holds;
        } else if (holds == Holds::Attributes) != (self.nodes[node].holds == Holds::Attributes) {
            return Err(wrong(format!("`{pointer}` leads to what another path leads to, and is no text")));
        } else if holds == Holds::Number {
            self.nodes[node].holds = holds;
        }
        let leads_on = |node: &Node| !node.children.is_empty() || node.any.is_some();
        if let Some(through) = self.nodes.iter().find(|node| node.cell.is_some() && leads_on(node)) {
            let name = &through.name;
            let detail = format!(
                "`{pointer}`: one path leads to `{name}`, and another through it; each would have a place of its own"
            );
            return Err(wrong(detail));
        }
        Ok(cell)
    }

    fn level(&self, cell: usize) -> usize {
        self.cells.get(cell).and_then(|node| self.nodes.get(*node)).map_or(0, |node| node.level)
    }

    fn depth(&self) -> usize {
        self.way.len() - 1
    }

    fn cells(&self) -> usize {
        self.cells.len()
    }
}

/// The steps of a JSON Pointer (RFC 6901); none where it is no such pointer.
fn steps(pointer: &str) -> Option<Vec<String>> {
    let unescaped = |step: &str| {
        let rest = step.replace("~0", "").replace("~1", "");
        (!rest.contains('~')).then(|| step.replace("~1", "/").replace("~0", "~"))
    };
    pointer.strip_prefix('/')?.split('/').map(unescaped).collect()
}

/// A name as a step of a pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
