//! Helm's records of releases: Secrets, of which only the newest of each release is opened, and of its content only the hooks are kept.

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use jiff::Timestamp;
use serde::Deserialize;

use super::files::yaml_to_json;
use super::intern::Interner;
use super::kind::Kind;
use super::lists;
use super::resource::{Resource, SECRETS};
use super::wire::{ObjectMeta, Str, from_text};
use crate::connect::Client;
use crate::facts::{HookRecord, Listed, Recorded, Refusal, Release, Text};

/// The type of Helm's Secrets.
const TYPE: &str = "helm.sh/release.v1";
/// Helm's Secrets are named so, and `.v<revision>` follows the release's name (`storage.makeKey`).
const PREFIX: &str = "sh.helm.release.v1.";
/// A Secret holds a megabyte, which may unpack to a thousand; no chart comes near this.
const UNPACKED: u64 = 64 << 20;
/// So many records are read at a time.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Str<'a>>,
    #[serde(borrow, default)]
    data: Option<Data<'a>>,
}

/// Of a Secret's data, whatever Secret it is, only this is looked at.
#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    release: Option<Str<'a>>,
}

/// What of a record's content is looked at; the rest is skipped while it is read.
#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    info: Option<Info>,
    #[serde(default)]
    hooks: Option<Vec<HookContent>>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    last_deployed: Option<String>,
    #[serde(default)]
    deleted: Option<String>,
}

#[derive(Deserialize)]
struct HookContent {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    weight: i64,
    #[serde(default)]
    delete_policies: Option<Vec<String>>,
    #[serde(default)]
    last_run: Option<LastRun>,
}

#[derive(Deserialize)]
struct LastRun {
    #[serde(default)]
    started_at: String,
    #[serde(default)]
    completed_at: String,
    #[serde(default)]
    phase: String,
}

impl Kind for Release {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &SECRETS;
    /// Without their data: what is in other revisions, and in other people's Secrets, is nobody's business.
    const LISTED_AS: Option<&'static str> =
        Some("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json");

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let Wire { metadata, kind, data } = wire;
        let ours = kind.as_deref().is_none_or(|kind| kind == TYPE);
        let name = metadata.name.as_deref().unwrap_or_default();
        let named = name.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once(".v")).filter(|_| ours);
        let numbered = named.and_then(|(name, revision)| Some((name, revision.parse().ok()?)));
        let Some((name, revision)) = numbered else {
            let meta = metadata.facts(intern);
            return Self {
                meta,
                name: "".into(),
                revision: 0,
                status: intern.text(""),
                saved: None,
                hooks: Recorded::Unopened,
            };
        };
        let name = name.into();
        let written = metadata.managed_fields().filter_map(|entry| entry.time.0).max();
        let hooks = match data.as_ref().and_then(|data| data.release.as_deref()) {
            None => Recorded::Unopened,
            Some(packed) => opened(packed, intern).unwrap_or_else(|why| Recorded::Broken(why.into())),
        };
        let meta = metadata.facts(intern);
        // Without managed fields (`kubectl get -o yaml` leaves them out) Helm's own label tells, by its machine's clock.
        let seconds = meta.labels.get("modifiedAt").and_then(|seconds| seconds.parse().ok());
        let told = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Self {
            name,
            revision,
            status: intern.or_empty(meta.labels.get("status")),
            saved: written.or(told).or(meta.created()),
            hooks,
            meta,
        }
    }
}

/// base64 of base64 of gzip of JSON (helm, `pkg/storage/driver/util.go`); records of old are not compressed.
fn opened(packed: &str, intern: &mut Interner) -> Result<Recorded, String> {
    let broken = |what: &str| format!("the record can't be opened: {what}");
    let inner = STANDARD.decode(packed).map_err(|_| broken("its data is no base64"))?;
    let bytes = STANDARD.decode(&inner).map_err(|_| broken("within its data is no base64"))?;
    let content: Result<Content, _> = if bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
        serde_json::from_reader(std::io::BufReader::new(GzDecoder::new(&*bytes).take(UNPACKED)))
    } else {
        serde_json::from_slice(&bytes)
    };
    // The library's text may quote the content.
    let content = content
        .map_err(|error| broken(if error.is_io() { "it is not packed as it should be" } else { "it is no release" }))?;
    let time = |text: &str| text.parse().ok();
    let of = |field: fn(&Info) -> &Option<String>| {
        content.info.as_ref().and_then(|info| field(info).as_deref()).and_then(time)
    };
    let began = of(|info| &info.deleted).or_else(|| of(|info| &info.last_deployed));
    let texts = |all: Option<Vec<String>>, intern: &mut Interner| -> Box<[Text]> {
        all.unwrap_or_default().iter().map(|text| intern.text(text)).collect()
    };
    let hook = |hook: HookContent| {
        let run = hook.last_run.unwrap_or(LastRun {
            started_at: String::new(),
            completed_at: String::new(),
            phase: String::new(),
        });
        HookRecord {
            namespace: namespace(&hook.manifest, intern),
            kind: intern.text(&hook.kind),
            name: hook.name.into(),
            path: hook.path.into(),
            events: texts(hook.events, intern),
            weight: hook.weight,
            policies: texts(hook.delete_policies, intern),
            phase: intern.text(&run.phase),
            started: time(&run.started_at),
            completed: time(&run.completed_at),
        }
    };
    Ok(Recorded::Hooks { began, hooks: content.hooks.unwrap_or_default().into_iter().map(hook).collect() })
}

/// The namespace that a manifest names.
fn namespace(manifest: &str, intern: &mut Interner) -> Option<Text> {
    #[derive(Deserialize)]
    struct Head {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(default)]
        namespace: Option<String>,
    }
    // As a rule none is named, and nothing has to be parsed.
    if !manifest.contains("namespace") {
        return None;
    }
    let head: Head = from_text(&yaml_to_json(manifest)?).ok()?;
    intern.some(head.metadata.namespace.as_deref())
}

/// What the labels of all records of the namespace tell, and of the newest of each release its hooks. Where a release is named and there, only
/// its own is opened; where it is not there, only the others tell whether its hooks are theirs.
pub(super) async fn read(client: &Client, namespace: Option<&Text>, name: Option<&str>, chunk: u32) -> Listed<Release> {
    let selector = format!(
        "labelSelector={}&fieldSelector={}",
        lists::segment("owner=helm"),
        lists::segment(&format!("type={TYPE}"))
    );
    let mut list = lists::list_where::<Release>(client, namespace, chunk, &selector).await.list;
    list.items.retain(|release| !release.name.is_empty());
    let mut newest: BTreeMap<(Text, Box<str>), usize> = BTreeMap::new();
    for (at, release) in list.items.iter().enumerate() {
        let newest = newest.entry((release.meta.namespace.clone(), release.name.clone())).or_insert(at);
        if list.items[*newest].revision < release.revision {
            *newest = at;
        }
    }
    let named = |at: &usize| name.is_some_and(|name| *list.items[*at].name == *name);
    let only_named = newest.values().any(named);
    let reads = newest.into_values().filter(|at| !only_named || named(at)).map(|at| {
        let meta = &list.items[at].meta;
        let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
        async move { (at, lists::get::<Release>(client, Some(&namespace), &name).await) }
    });
    let opened: Vec<_> = iter(reads).buffer_unordered(AT_ONCE).collect().await;
    let mut gone = Vec::new();
    for (at, answer) in opened {
        match answer {
            Ok(Some(release)) => list.items[at] = release,
            // Superseded and pruned, or purged, while we read.
            Ok(None) => gone.push(at),
            Err(error) => {
                let why = lists::why(&error);
                let scope = SECRETS.scope(Some(&list.items[at].meta.namespace));
                list.missing =
                    list.missing.take().or(Some(Refusal { verb: "get", resource: SECRETS.name, scope, why }));
            }
        }
    }
    gone.sort_unstable();
    for at in gone.into_iter().rev() {
        list.items.remove(at);
    }
    list
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::{Value, json};

    use super::*;

    fn packed(content: &str) -> String {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(content.as_bytes()).unwrap();
        STANDARD.encode(STANDARD.encode(gzip.finish().unwrap()))
    }

    fn release(object: &Value) -> Release {
        let text = object.to_string();
        Release::from_wire(serde_json::from_str(&text).unwrap(), &mut Interner::default())
    }

    fn secret(data: &str) -> Value {
        json!({
            "metadata": {"name": "sh.helm.release.v1.shop.v2-web.v12", "namespace": "shop",
                "labels": {"owner": "helm", "name": "shop.v2-web", "status": "pending-upgrade", "version": "12", "modifiedAt": "1795600000"},
                "creationTimestamp": "2026-11-24T12:00:00Z"},
            "type": "helm.sh/release.v1", "data": {"release": data},
        })
    }

    const CONTENT: &str = r#"{"name": "shop.v2-web", "info": {"last_deployed": "2026-11-24T12:00:00.5+02:00", "deleted": "", "notes": "hunter2"},
        "chart": {"values": {"password": "hunter2"}}, "config": {"password": "hunter2"}, "hooks": [
        {"name": "migrate", "kind": "Job", "path": "c/t/m.yaml", "manifest": "kind: Job\nmetadata: {name: migrate, namespace: data}\npassword: hunter2",
         "events": ["pre-install", "pre-upgrade"], "weight": -5, "delete_policies": ["hook-succeeded"],
         "last_run": {"started_at": "2026-11-24T10:00:01Z", "completed_at": "", "phase": "Running"}},
        {"name": "seed", "kind": "ConfigMap", "events": null, "last_run": {"started_at": "", "completed_at": "", "phase": ""}}]}"#;

    #[test]
    fn of_a_record_its_hooks_are_kept_and_nothing_else() {
        let read = release(&secret(&packed(CONTENT)));
        assert_eq!(
            (&*read.name, read.revision, &*read.status, read.pending()),
            ("shop.v2-web", 12, "pending-upgrade", true)
        );
        assert_eq!(read.saved.unwrap().as_second(), 1_795_600_000);
        let Recorded::Hooks { began, hooks } = &read.hooks else { panic!("{read:?}") };
        assert_eq!(began.unwrap().to_string(), "2026-11-24T10:00:00.5Z");
        assert_eq!((&*hooks[0].name, hooks[0].namespace.as_deref(), hooks[0].weight), ("migrate", Some("data"), -5));
        assert_eq!((&*hooks[0].phase, hooks[0].completed, hooks.len()), ("Running", None, 2));
        assert!((&*hooks[1].phase, hooks[1].started, hooks[1].events.len()) == ("", None, 0));
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_record_is_not_opened_and_what_is_broken_says_so_without_quoting() {
        let mut other = secret(&packed(CONTENT));
        other["type"] = json!("Opaque");
        assert_eq!((&*release(&other).name, release(&other).hooks), ("", Recorded::Unopened));
        let mut without = secret("");
        without["data"] = Value::Null;
        assert_eq!(release(&without).hooks, Recorded::Unopened);
        let says = |data: &str| match release(&secret(data)).hooks {
            Recorded::Broken(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(&*says("%"), "the record can't be opened: its data is no base64");
        assert_eq!(&*says(&STANDARD.encode("%")), "the record can't be opened: within its data is no base64");
        assert_eq!(&*says(&packed("{\"hooks\": hunter2}")), "the record can't be opened: it is no release");
        let cut = STANDARD.decode(STANDARD.decode(packed(CONTENT)).unwrap()).unwrap();
        let cut = STANDARD.encode(STANDARD.encode(&cut[..cut.len() / 2]));
        assert!(says(&cut).starts_with("the record can't be opened"), "{}", says(&cut));
        // Records of old are plain JSON.
        let plain = STANDARD.encode(STANDARD.encode("{\"hooks\": null}"));
        assert_eq!(release(&secret(&plain)).hooks, Recorded::Hooks { began: None, hooks: Box::new([]) });
    }
}
