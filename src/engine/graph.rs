//! The dependencies between components.

/// The dependencies of each component, in order. A dependency on a later component is ignored, so that there are
/// no cycles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    components: Vec<(String, Vec<String>)>,
}

impl Graph {
    /// The dependencies of a component; none if it is unknown.
    pub fn needs(&self, name: &str) -> impl Iterator<Item = &str> {
        let at = self.place(name).unwrap_or_default();
        let needs = self.components.get(at).filter(|(known, _)| known == name);
        let earlier = &self.components[..at];
        needs
            .into_iter()
            .flat_map(|(_, needs)| needs)
            .filter(|need| earlier.iter().any(|(known, _)| known == *need))
            .map(String::as_str)
    }

    /// The index of a component.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.components.iter().position(|(known, _)| known == name)
    }
}

impl FromIterator<(String, Vec<String>)> for Graph {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(components: I) -> Self {
        Self { components: components.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependency_cycles_and_unknown_components_are_ignored() {
        let component =
            |name: &str, needs: &[&str]| (name.into(), needs.iter().map(|n| (*n).into()).collect());
        let graph: Graph = [
            component("a", &["a", "b", "nowhere"]),
            component("b", &["a", "nowhere"]),
            component("c", &["a", "b"]),
        ]
        .into_iter()
        .collect();
        let needs = |name| graph.needs(name).collect::<Vec<_>>();
        assert_eq!(needs("a"), [""; 0]);
        assert_eq!(needs("b"), ["a"]);
        assert_eq!(needs("c"), ["a", "b"]);
        assert_eq!(needs("nowhere"), [""; 0]);
    }
}
