//! One copy of each string that many objects share.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::HashSet;

use crate::facts::{ClaimSpec, Labels, Owner, Quantity, Text, VolumeSpec};

fn shared<T: Hash + Eq>(known: &mut HashSet<Arc<T>>, new: T) -> Arc<T> {
    if let Some(known) = known.get(&new) {
        return Arc::clone(known);
    }
    let new = Arc::new(new);
    known.insert(Arc::clone(&new));
    new
}

/// Hands out the same [`Text`] for the same words: ten thousand pods have a handful of namespaces, nodes and labels.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    words: HashSet<Text>,
    lists: HashSet<Arc<[Text]>>,
    claims: HashSet<Arc<ClaimSpec>>,
    volumes: HashSet<Arc<VolumeSpec>>,
    /// Objects of one owner come one after another, as a rule, and are labelled alike.
    owners: Option<Arc<[Owner]>>,
    labels: Labels,
    pairs: HashSet<Arc<(Text, Text)>>,
}

impl Interner {
    /// The shared copy.
    pub(crate) fn text(&mut self, words: &str) -> Text {
        if let Some(known) = self.words.get(words) {
            return known.clone();
        }
        let new: Text = words.into();
        self.words.insert(new.clone());
        new
    }

    /// The shared copy of what is neither absent nor empty.
    pub(crate) fn some(&mut self, words: Option<&str>) -> Option<Text> {
        words.filter(|words| !words.is_empty()).map(|words| self.text(words))
    }

    /// The shared copy, empty where absent.
    pub(crate) fn or_empty(&mut self, words: Option<&str>) -> Text {
        self.text(words.unwrap_or_default())
    }

    /// A quantity: most disks have one of a few sizes.
    pub(crate) fn quantity(&mut self, text: &str) -> Quantity {
        Quantity::from(self.text(text))
    }

    /// The shared copy of what a claim asks for: a template's claims ask for the same.
    pub(crate) fn claim(&mut self, spec: ClaimSpec) -> Arc<ClaimSpec> {
        shared(&mut self.claims, spec)
    }

    /// The shared copy of what a volume is: there are few classes, sizes and places for many volumes.
    pub(crate) fn volume(&mut self, spec: VolumeSpec) -> Arc<VolumeSpec> {
        shared(&mut self.volumes, spec)
    }

    /// The shared copy of a few words that stand together, such as access modes.
    pub(crate) fn list(&mut self, words: Vec<Text>) -> Arc<[Text]> {
        if let Some(known) = self.lists.get(&*words) {
            return Arc::clone(known);
        }
        let new: Arc<[Text]> = words.into();
        self.lists.insert(Arc::clone(&new));
        new
    }

    /// The shared copy of a label.
    pub(crate) fn label(&mut self, key: &str, value: &str) -> Arc<(Text, Text)> {
        let pair = (self.text(key), self.text(value));
        shared(&mut self.pairs, pair)
    }

    /// The shared copy of labels.
    pub(crate) fn labels(&mut self, labels: Labels) -> Labels {
        if self.labels != labels {
            self.labels = labels;
        }
        self.labels.clone()
    }

    /// The shared copy of owner references.
    pub(crate) fn owners(&mut self, owners: Vec<Owner>) -> Arc<[Owner]> {
        match &self.owners {
            Some(known) if **known == *owners => Arc::clone(known),
            _ => {
                let new: Arc<[Owner]> = owners.into();
                self.owners = Some(Arc::clone(&new));
                new
            }
        }
    }
}
