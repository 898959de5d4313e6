//! The elements that paths lead through, as a tree: the way to the records, and what hangs on it.

use described::{Path, Paths, Use};
use tallygate_policy::ConfigFault;
use tallygate_policy::xml::{DEPTH, Element, Reader};

use crate::step::{Namespaces, Step, is_name, split};

/// All that paths lead through.
pub(crate) struct Tree {
    namespaces: Namespaces,
    /// The first is the document itself; each stands before those in it.
    nodes: Vec<Node>,
    /// The nodes on the way to the records, from the document to the record.
    pub(crate) way: Vec<usize>,
    cells: Vec<Cell>,
}

/// An element that some path leads through.
pub(crate) struct Node {
    step: Option<Step>,
    parent: usize,
    children: Vec<usize>,
    /// The cell that its text is.
    pub(crate) text: Option<usize>,
    /// Names of attributes, and which cells they are.
    pub(crate) attributes: Vec<(String, usize)>,
    /// How far down the way it is, or the element of the way that it hangs on.
    pub(crate) level: usize,
    /// Whether it is on the way, and so may stand many times.
    pub(crate) on_way: bool,
    /// What in it has to have a value, or it is passed over.
    pub(crate) condition: Option<Box<Inside>>,
}

/// A condition that is known only at an element's end.
pub(crate) struct Inside {
    /// The cell that it is about.
    pub(crate) cell: usize,
    pub(crate) value: String,
    /// All cells in the element, and all nodes.
    pub(crate) cells: Vec<usize>,
    pub(crate) nodes: Vec<usize>,
}

struct Cell {
    node: usize,
    attribute: Option<String>,
}

impl Tree {
    /// The way to the records alone.
    pub(crate) fn new(namespaces: Namespaces, records: &str) -> Result<Self, ConfigFault> {
        let wrong = |detail: String| ConfigFault::at("/records", detail);
        let document = Node {
            step: None,
            parent: 0,
            children: Vec::new(),
            text: None,
            attributes: Vec::new(),
            level: 0,
            on_way: true,
            condition: None,
        };
        let mut tree = Self { namespaces, nodes: vec![document], way: vec![0], cells: Vec::new() };
        let steps = records.strip_prefix('/').ok_or_else(|| {
            wrong(format!("`{records}` would begin with `/` and the root element, such as `/orders/order`"))
        })?;
        for (index, written) in split(steps).into_iter().enumerate() {
            let step = Step::read(written, &tree.namespaces).map_err(wrong)?;
            if index == DEPTH {
                return Err(wrong(format!("it has more than {DEPTH} steps")));
            }
            if step.condition.as_ref().is_some_and(|condition| condition.attribute().is_none()) {
                let detail =
                    format!("`{written}` has a condition on what stands in it; in its place `filter` would be right");
                return Err(wrong(detail));
            }
            let parent = tree.way[index];
            let node = tree.add(parent, step, index + 1, true);
            tree.way.push(node);
        }
        Ok(tree)
    }

    fn add(&mut self, parent: usize, step: Step, level: usize, on_way: bool) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node {
            step: Some(step),
            parent,
            children: Vec::new(),
            text: None,
            attributes: Vec::new(),
            level,
            on_way,
            condition: None,
        });
        self.nodes[parent].children.push(node);
        node
    }

    pub(crate) fn node(&self, node: usize) -> Option<&Node> {
        self.nodes.get(node)
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The child of a node that an element is, in which the reader stands.
    #[inline]
    pub(crate) fn child(&self, node: &Node, element: Element<'_>, reader: &Reader<'_>) -> Option<(usize, &Node)> {
        node.children.iter().find_map(|&place| {
            let child = self.nodes.get(place)?;
            child.step.as_ref()?.leads_to(element, reader).then_some((place, child))
        })
    }

    /// The cells that belong to a level.
    pub(crate) fn of_level(&self, level: usize) -> impl Iterator<Item = usize> {
        (0..self.cells.len()).filter(move |cell| self.level_of(*cell) == Some(level))
    }

    fn level_of(&self, cell: usize) -> Option<usize> {
        self.nodes.get(self.cells.get(cell)?.node).map(|node| node.level)
    }

    /// What the root would be.
    pub(crate) fn root(&self) -> Option<&Step> {
        self.nodes.get(*self.way.get(1)?)?.step.as_ref()
    }

    /// The node of a path's steps, which is made where it is not there.
    fn lead(&mut self, from: usize, path: &str) -> Result<usize, String> {
        let (mut node, steps) = match path.strip_prefix('/') {
            Some(steps) => (0, steps),
            None => (from, path),
        };
        let mut down = false;
        for written in split(steps) {
            match written {
                ".." if down => return Err(format!("`{path}` has a `..` behind a name; it would stand in front")),
                ".." if node == 0 || self.nodes[node].parent == 0 => {
                    return Err(format!("`{path}` leads out of the root element"));
                }
                ".." => {
                    node = self.nodes[node].parent;
                    continue;
                }
                "." => continue,
                _ => {}
            }
            down = true;
            let step = Step::read(written, &self.namespaces)?;
            let children = &self.nodes[node].children;
            let known = children.iter().copied().find(|child| self.nodes[*child].step.as_ref() == Some(&step));
            if let Some(known) = known {
                node = known;
                continue;
            }
            if node == 0 {
                let root = self.root().map(|root| root.written.clone()).unwrap_or_default();
                return Err(format!("`{path}` begins with another root element than `records`, which has `{root}`"));
            }
            let meets = children.iter().filter_map(|child| self.nodes[*child].step.as_ref());
            if let Some(other) = meets.into_iter().find(|other| other.may_meet(&step)) {
                let (one, two) = (&step.written, &other.written);
                return Err(format!(
                    "`{one}` and `{two}` may be the same element; both with the same condition, or none, would be right"
                ));
            }
            let level = self.nodes[node].level;
            let inside = step.condition.clone().filter(|condition| condition.attribute().is_none());
            node = self.add(node, step, level, false);
            if let Some(condition) = inside {
                let cell = self.place(node, &condition.path)?;
                let (cells, nodes) = (Vec::new(), Vec::new());
                self.nodes[node].condition = Some(Box::new(Inside { cell, value: condition.value, cells, nodes }));
            }
        }
        if self.nodes[node].step.is_none() {
            return Err(format!("`{path}` leads to no element"));
        }
        Ok(node)
    }

    /// The cell of a path that begins at a node.
    fn place(&mut self, from: usize, path: &str) -> Result<usize, String> {
        let steps = split(path);
        let (elements, attribute) = match steps.split_last().and_then(|(last, _)| last.strip_prefix('@')) {
            Some(attribute) => {
                let elements = path.strip_suffix(attribute).and_then(|path| path.strip_suffix('@')).unwrap_or_default();
                (elements.strip_suffix('/').unwrap_or(elements), Some(attribute))
            }
            None => (path, None),
        };
        if let Some(attribute) = attribute.filter(|attribute| !is_name(attribute)) {
            return Err(format!("`@{attribute}` is no name of an attribute in no namespace"));
        }
        let elements = if elements.is_empty() && attribute.is_some() { "." } else { elements };
        let node = self.lead(from, elements)?;
        let next = self.cells.len();
        let known = match attribute {
            Some(name) => {
                let attributes = &mut self.nodes[node].attributes;
                let known = attributes.iter().find(|(known, _)| known == name).map(|(_, cell)| *cell);
                if known.is_none() {
                    attributes.push((name.to_owned(), next));
                }
                known
            }
            None => {
                let known = self.nodes[node].text;
                self.nodes[node].text = known.or(Some(next));
                known
            }
        };
        if let Some(through) = self.nodes.iter().find(|node| node.text.is_some() && !node.children.is_empty()) {
            let step = through.step.as_ref().map(|step| &*step.written).unwrap_or_default();
            return Err(format!(
                "`{path}`: one path leads to the text of `{step}`, and another through it; elements would stand in it, or a text"
            ));
        }
        if known.is_none() {
            self.cells.push(Cell { node, attribute: attribute.map(str::to_owned) });
        }
        Ok(known.unwrap_or(next))
    }

    /// Ends the making: what stands in elements with conditions is known from here on.
    pub(crate) fn sealed(mut self) -> Self {
        let is_in = |nodes: &[Node], mut at: usize, around: usize| {
            while at > around {
                at = nodes[at].parent;
            }
            at == around
        };
        for node in 0..self.nodes.len() {
            let Some(mut inside) = self.nodes[node].condition.take() else { continue };
            let cells = self.cells.iter().enumerate();
            inside.cells =
                cells.filter(|(_, cell)| is_in(&self.nodes, cell.node, node)).map(|(cell, _)| cell).collect();
            inside.nodes = (node + 1..self.nodes.len()).filter(|other| is_in(&self.nodes, *other, node)).collect();
            self.nodes[node].condition = Some(inside);
        }
        self
    }

    /// What partners call a cell of a record, or the record.
    pub(crate) fn name(&self, cell: Option<usize>, place: &[u32]) -> String {
        let cell = cell.and_then(|cell| self.cells.get(cell));
        let record = self.way.last().copied().unwrap_or_default();
        let name = self.name_of(cell.map_or(record, |cell| cell.node), place);
        match cell.and_then(|cell| cell.attribute.as_ref()) {
            Some(attribute) => format!("{name}/@{attribute}"),
            None => name,
        }
    }

    /// What partners call an element.
    pub(crate) fn name_of(&self, node: usize, place: &[u32]) -> String {
        let mut at = node;
        let mut steps = Vec::new();
        while let Some(node) = self.nodes.get(at).filter(|_| at > 0) {
            let mut written = node.step.as_ref().map(|step| step.written.clone()).unwrap_or_default();
            let number = place.get(node.level - 1).copied().filter(|_| node.on_way).unwrap_or(1);
            let is_record = self.way.last() == Some(&at) && self.way.len() > 2;
            if number > 1 || (node.on_way && is_record && !place.is_empty()) {
                written = format!("{written}[{number}]");
            }
            steps.push(written);
            at = node.parent;
        }
        steps.reverse();
        steps.join("/")
    }
}

impl Paths for Tree {
    const RIGHT: &'static str = "a path, such as `Amt/InstdAmt`";

    fn cell(&mut self, at: &str, path: Path, _: Use) -> Result<usize, ConfigFault> {
        let wrong = |detail: String| ConfigFault::at(at, detail);
        let path = match path {
            Path::Text(path) => path,
            Path::Number(number) => return Err(wrong(format!("it is {number}, and would be {}", Self::RIGHT))),
        };
        let record = self.way.last().copied().unwrap_or_default();
        self.place(record, &path).map_err(wrong)
    }

    fn level(&self, cell: usize) -> usize {
        self.level_of(cell).unwrap_or_default()
    }

    fn depth(&self) -> usize {
        self.way.len() - 1
    }

    fn cells(&self) -> usize {
        self.cells.len()
    }
}
