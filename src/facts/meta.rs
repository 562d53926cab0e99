//! What every object carries.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Moment, Uid};

/// A string that many objects share (a namespace, a node, a label): one copy serves them all.
pub type Text = Arc<str>;

/// An object's metadata, as far as diagnoses read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// Empty for resources without a namespace.
    pub namespace: Text,
    /// The object's name.
    pub name: Box<str>,
    /// Empty where the object stands only in a file and was never applied.
    pub uid: Uid,
    /// Labels, sorted by key.
    pub labels: Labels,
    pub(crate) created: Option<Moment>,
    pub(crate) deleted: Option<Moment>,
    /// Owner references, in their order; one copy for all objects of an owner.
    pub owners: Arc<[Owner]>,
    /// Finalizers that still hold its deletion.
    pub finalizers: Arc<[Text]>,
}

impl Default for Labels {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl Meta {
    /// When the server created it.
    pub fn created(&self) -> Option<Timestamp> {
        self.created.map(Moment::at)
    }

    /// When its deletion was asked for; such an object can't be kept any more.
    pub fn deleted(&self) -> Option<Timestamp> {
        self.deleted.map(Moment::at)
    }

    /// The reference whose owner manages this object, if any (`controller: true`).
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }

    /// Whether the object with this UID controls it.
    pub fn controlled_by(&self, uid: &Uid) -> bool {
        !uid.is_empty() && self.controller().is_some_and(|owner| owner.uid == *uid)
    }

    /// Whether a server has ever seen it: what stands only in a file has no UID.
    pub fn applied(&self) -> bool {
        !self.uid.is_empty()
    }
}

/// As `--show-labels` has them: `a=b,c=d` (apimachinery, `labels.Set.String`).
impl std::fmt::Display for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (key, value)) in self.iter().enumerate() {
            write!(f, "{}{key}={value}", if at > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// An owner reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Group and version: `apps/v1`.
    pub api_version: Text,
    /// Kind: `StatefulSet`.
    pub kind: Text,
    /// Name.
    pub name: Text,
    /// UID.
    pub uid: Uid,
    /// Whether this owner manages the object.
    pub controller: bool,
}

/// Labels, or a selector of plain equalities: pairs sorted by key. Of a pod's labels only its name's is its own, so a pair is one copy
/// for all that carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(Arc<[Arc<(Text, Text)>]>);

impl Labels {
    /// Takes the pairs in any order; of pairs with one key the last counts.
    pub fn new(mut pairs: Vec<Arc<(Text, Text)>>) -> Self {
        pairs.reverse();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        Self(pairs.into())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.binary_search_by(|pair| (*pair.0).cmp(key)).ok().map(|at| &*self.0[at].1)
    }

    /// Whether all of the other's pairs are among these.
    pub fn contain(&self, other: &Self) -> bool {
        other.iter().all(|(key, value)| self.get(key) == Some(value))
    }

    /// The pairs in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|pair| (&*pair.0, &*pair.1))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Text, Text)> for Labels {
    fn from_iter<I: IntoIterator<Item = (Text, Text)>>(pairs: I) -> Self {
        Self::new(pairs.into_iter().map(Arc::new).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(k, v)| (Text::from(*k), Text::from(*v))).collect()
    }

    #[test]
    fn labels_are_found_whatever_their_order_and_the_last_of_a_key_counts() {
        let found = labels(&[("tier", "db"), ("app", "old"), ("app", "web")]);
        assert_eq!(found.get("app"), Some("web"));
        assert_eq!(found.get("tier"), Some("db"));
        assert_eq!(found.get("zone"), None);
        assert_eq!(found.iter().count(), 2);
    }

    #[test]
    fn a_selector_selects_what_has_all_its_pairs() {
        let pod = labels(&[("app", "web"), ("tier", "db")]);
        assert!(pod.contain(&labels(&[("app", "web")])));
        assert!(!pod.contain(&labels(&[("app", "web"), ("zone", "a")])));
        assert!(!pod.contain(&labels(&[("app", "api")])));
    }
}
