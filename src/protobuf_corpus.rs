//! What Kubernetes' own types wrote both ways (`tests/protobuf`), for tests.

use base64::Engine as _;
use serde::Deserialize;

#[derive(Deserialize)]
struct Pair {
    kind: String,
    json: String,
    protobuf: String,
}

/// The records of a kind, `PodList` and `Status` among them: the JSON, and the bytes.
pub(crate) fn pairs(kind: &str) -> Vec<(String, Vec<u8>)> {
    let corpus = include_str!("../tests/objects/protobuf-corpus.json");
    let all = serde_json::Deserializer::from_str(corpus).into_iter::<Pair>().map(Result::unwrap);
    let bytes = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let of_kind = all.filter(|pair| pair.kind == kind).map(|pair| (pair.json, bytes(&pair.protobuf)));
    let pairs: Vec<_> = of_kind.collect();
    assert!(pairs.len() > 1, "{kind}");
    pairs
}
