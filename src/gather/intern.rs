//! One copy of each string that many objects share.

use std::collections::HashSet;

use crate::facts::Text;

/// Hands out the same [`Text`] for the same words: ten thousand pods have a handful of namespaces, nodes and labels.
#[derive(Debug, Default)]
pub(crate) struct Interner(HashSet<Text>);

impl Interner {
    /// The shared copy.
    pub(crate) fn text(&mut self, words: &str) -> Text {
        if let Some(known) = self.0.get(words) {
            return known.clone();
        }
        let new: Text = words.into();
        self.0.insert(new.clone());
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
}
