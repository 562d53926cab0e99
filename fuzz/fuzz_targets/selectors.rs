//! Label and field selectors of any text against a few labels: read or refused, never a panic; white space means nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workload_core::facts::{FieldSelector, LabelSelector, Labels};

fuzz_target!(|text: &str| {
    let labels = Labels::new(vec![("app".into(), "web".into()), ("tier".into(), "db".into())]);
    if let Ok(selector) = LabelSelector::parse(text) {
        let spaced = LabelSelector::parse(&format!(" {text} ")).map(|selector| selector.matches(&labels));
        assert_eq!(spaced.ok(), Some(selector.matches(&labels)), "{text:?}");
    }
    let _ = FieldSelector::parse(text);
});
