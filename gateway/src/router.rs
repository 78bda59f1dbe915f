//! Finds the route of a request: a trie of segments with literal before `*` before `**`, full backtracking and no
//! allocation. The result does not depend on the order in which routes were added, and two routes that could
//! answer the same request equally well cannot be added.

use http::Method;

use crate::{
    percent,
    template::{Segment, Template},
};

/// The index of a route in the list that the caller keeps.
pub(crate) type RouteId = usize;

/// All routes, in contiguous memory.
#[derive(Debug)]
pub(crate) struct Router {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by literal.
    literals: Vec<(Box<str>, usize)>,
    one: Option<usize>,
    /// Paths that end here.
    ends: Vec<End>,
    /// Paths of which anything may follow from here.
    rests: Vec<End>,
}

#[derive(Debug)]
struct End {
    verb: Option<Box<str>>,
    /// `None` is any method.
    method: Option<Method>,
    route: RouteId,
}

/// What a path and a method lead to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// This route; with `head`, answer as for GET without the body.
    Route { route: RouteId, head: bool },
    /// The path exists for these methods only.
    OtherMethods(Vec<Method>),
    /// No such path.
    Nothing,
}

/// Two routes with the same shape, verb and method.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken(pub(crate) RouteId);

/// A path being matched: what is left of it, and the verb that was split off it.
#[derive(Clone, Copy)]
struct Want<'p> {
    verb: Option<&'p str>,
    method: &'p Method,
}

impl Router {
    /// No routes.
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    /// Adds a route. A `method` of `None` is any method.
    pub(crate) fn insert(&mut self, template: &Template, method: Option<Method>, route: RouteId) -> Result<(), Taken> {
        let mut node = 0;
        let mut rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => node = self.literal(node, text),
                Segment::One => node = self.one(node),
                Segment::Rest => rest = true,
            }
        }
        let node = &mut self.nodes[node];
        let ends = if rest { &mut node.rests } else { &mut node.ends };
        let verb = template.verb.as_deref();
        if let Some(taken) = ends.iter().find(|end| end.verb.as_deref() == verb && end.method == method) {
            return Err(Taken(taken.route));
        }
        ends.push(End { verb: verb.map(Into::into), method, route });
        Ok(())
    }

    fn literal(&mut self, node: usize, text: &str) -> usize {
        match self.nodes[node].literals.binary_search_by(|(own, _)| own.as_ref().cmp(text)) {
            Ok(at) => self.nodes[node].literals[at].1,
            Err(at) => {
                let new = self.push();
                self.nodes[node].literals.insert(at, (text.into(), new));
                new
            }
        }
    }

    fn one(&mut self, node: usize) -> usize {
        if let Some(child) = self.nodes[node].one {
            return child;
        }
        let new = self.push();
        self.nodes[node].one = Some(new);
        new
    }

    fn push(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Finds the route of a raw path, which [`percent::check_path`] has accepted.
    ///
    /// The last raw colon of the last segment begins a verb if a route has that verb for that path, whatever the
    /// method; otherwise it is part of the value.
    pub(crate) fn find(&self, path: &str, method: &Method) -> Found {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        let colon = path.rfind([':', '/']).filter(|at| path.as_bytes()[*at] == b':');
        let with_verb = colon.map(|at| (&path[..at], Some(&path[at + 1..])));
        for (path, verb) in with_verb.into_iter().chain([(path, None)]) {
            let left = (!path.is_empty() || verb.is_some()).then_some(path);
            let mut others = Vec::new();
            if let Some(route) = self.walk(0, left, Want { verb, method }, &mut others) {
                return Found::Route { route, head: false };
            }
            if method == Method::HEAD
                && let Some(route) = self.walk(0, left, Want { verb, method: &Method::GET }, &mut Vec::new())
            {
                return Found::Route { route, head: true };
            }
            if !others.is_empty() {
                return Found::OtherMethods(others);
            }
        }
        Found::Nothing
    }

    /// `left` is what follows the slash after this node; `None` where the path ended before that slash.
    fn walk(&self, node: usize, left: Option<&str>, want: Want<'_>, others: &mut Vec<Method>) -> Option<RouteId> {
        let node = &self.nodes[node];
        let Some(left) = left else {
            return pick(&node.ends, want, others).or_else(|| pick(&node.rests, want, others));
        };
        let (segment, next) = match left.split_once('/') {
            Some((segment, next)) => (segment, Some(next)),
            None => (left, None),
        };
        if let Some(child) = node.child(segment)
            && let Some(route) = self.walk(child, next, want, others)
        {
            return Some(route);
        }
        if let Some(child) = node.one.filter(|_| !segment.is_empty())
            && let Some(route) = self.walk(child, next, want, others)
        {
            return Some(route);
        }
        pick(&node.rests, want, others)
    }
}

impl Node {
    fn child(&self, segment: &str) -> Option<usize> {
        let normal = percent::normalise(segment)?;
        let at = self.literals.binary_search_by(|(own, _)| own.as_ref().cmp(normal.as_ref())).ok()?;
        Some(self.literals[at].1)
    }
}

/// The route of the wanted method, else of any method. Methods that would have done are noted.
fn pick(ends: &[End], want: Want<'_>, others: &mut Vec<Method>) -> Option<RouteId> {
    let mut any = None;
    for end in ends.iter().filter(|end| end.verb.as_deref() == want.verb) {
        match &end.method {
            Some(method) if method == want.method => return Some(end.route),
            Some(method) if others.contains(method) => {}
            Some(method) => others.push(method.clone()),
            None => any = Some(end.route),
        }
    }
    any
}

/// The raw text of the segments `start..end` of a path, or of everything from `start` where `end` is `None`.
/// `verb` is the length of the verb with its colon.
pub(crate) fn segments(path: &str, start: usize, end: Option<usize>, verb: usize) -> &str {
    let path = &path[1..path.len() - verb];
    let from = nth(path, start).unwrap_or(path.len());
    let to = end.and_then(|end| nth(path, end)).map_or(path.len(), |next| next - 1);
    &path[from..to.max(from)]
}

/// Where the nth segment begins.
fn nth(path: &str, n: usize) -> Option<usize> {
    if n == 0 {
        return Some(0);
    }
    path.bytes().enumerate().filter(|(_, byte)| *byte == b'/').nth(n - 1).map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests;
