//! krew's rules for manifests and archives (sigs.k8s.io/krew: `internal/index/validation`, `cmd/validate-krew-manifest`,
//! `internal/download`, `internal/installation`), and our manifests held to them.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::manifest::{PLUGINS, render};
use crate::pack::{pack, sum};

/// What `validate-krew-manifest` tries.
const PLATFORMS: [(&str, &str); 11] = [
    ("windows", "386"),
    ("windows", "amd64"),
    ("windows", "arm64"),
    ("linux", "386"),
    ("linux", "amd64"),
    ("linux", "arm"),
    ("linux", "arm64"),
    ("linux", "ppc64le"),
    ("darwin", "386"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
];

/// What krew holds against a manifest in a file of this name.
fn objections(manifest: &Value, file: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rule = |kept: bool, says: &str| {
        if !kept {
            found.push(says.to_owned());
        }
    };
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = text("/metadata/name");
    rule(text("/apiVersion") == "krew.googlecontainertools.github.com/v1alpha2", "apiVersion");
    rule(text("/kind") == "Plugin", "kind");
    rule(file.strip_suffix(".yaml") == Some(name), "the file is named after the plugin");
    rule(
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
        "name: letters, digits, - and _",
    );
    let version = text("/spec/version").strip_prefix('v').unwrap_or_default();
    rule(semver::Version::parse(version).is_ok(), "version: v and semantic");
    let short = text("/spec/shortDescription");
    rule(!short.is_empty() && !short.contains('\n'), "shortDescription: one line");
    // The public index' reviewers ask for these two.
    rule(short.len() <= 50, "shortDescription: at most 50 letters");
    rule(!short.contains("Kubernetes") && !short.contains("kubectl"), "shortDescription: says what is not obvious");
    rule(text("/spec/description").lines().all(|line| line.len() <= 80), "description: wrapped at 80");
    let none = Vec::new();
    let platforms = manifest.pointer("/spec/platforms").and_then(Value::as_array).unwrap_or(&none);
    rule(!platforms.is_empty(), "platforms");
    for platform in platforms {
        let of = |field: &str| platform[field].as_str().unwrap_or_default();
        rule(of("uri").starts_with("https://"), "uri");
        let sum = of("sha256");
        rule(sum.len() == 64 && sum.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "sha256: 64 lower-case hex");
        rule(!of("bin").is_empty(), "bin");
        rule(platform.get("files").is_none(), "files: left out, all are taken");
        let labels = platform["selector"]["matchLabels"].as_object();
        rule(labels.is_some_and(|labels| !labels.is_empty()), "selector");
        let known = labels.into_iter().flatten().all(|(key, _)| key == "os" || key == "arch");
        rule(known, "selector: os and arch");
        rule(PLATFORMS.iter().any(|place| matches(platform, *place)), "selector: matches no platform");
    }
    let twice = PLATFORMS.iter().any(|place| platforms.iter().filter(|it| matches(it, *place)).count() > 1);
    rule(!twice, "two platforms match the same machine");
    found
}

fn matches(platform: &Value, (os, arch): (&str, &str)) -> bool {
    let labels = &platform["selector"]["matchLabels"];
    let fits = |key: &str, value: &str| labels[key].as_str().is_none_or(|it| it == value);
    fits("os", os) && fits("arch", arch)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn parsed(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

/// The manifest that a template gives.
fn rendered(plugin: &str, sum: &str) -> Value {
    let template = read(&format!("krew-manifest/{plugin}.tmpl.yaml"));
    parsed(&render(&template, "v1.2.3", |_| Ok(sum.to_owned())).expect("a template"))
}

#[test]
fn manifests_and_templates_keep_krews_rules() {
    for plugin in PLUGINS {
        let file = format!("{plugin}.yaml");
        let manifest = read(&format!("krew-manifest/{file}"));
        assert_eq!(objections(&parsed(&manifest), &file), [""; 0], "{file}");
        assert_eq!(manifest, read(&format!("plugins/{file}")), "this repository is a krew index: a true copy, no link");
        assert!(!root().join("plugins").join(&file).is_symlink(), "krew search passes over links");
        let rendered = rendered(plugin, &"0".repeat(64));
        assert_eq!(objections(&rendered, &file), [""; 0], "{plugin}.tmpl.yaml");
        assert_eq!(rendered["spec"]["platforms"].as_array().map(Vec::len), Some(5));
    }
}

#[test]
fn each_rule_can_be_broken() {
    let good = rendered("sts", &"a".repeat(64));
    for (pointer, value, says) in [
        ("/apiVersion", "v1", "apiVersion"),
        ("/kind", "Plug", "kind"),
        ("/metadata/name", "other", "the file is named after the plugin"),
        ("/spec/version", "1.2.3", "version: v and semantic"),
        ("/spec/version", "v1.2", "version: v and semantic"),
        ("/spec/shortDescription", "a\nb", "shortDescription: one line"),
        ("/spec/shortDescription", "For Kubernetes", "shortDescription: says what is not obvious"),
        ("/spec/platforms/0/uri", "http://x", "uri"),
        ("/spec/platforms/0/sha256", "ABC", "sha256: 64 lower-case hex"),
        ("/spec/platforms/0/bin", "", "bin"),
        ("/spec/platforms/0/selector/matchLabels/os", "plan9", "selector: matches no platform"),
        ("/spec/platforms/0/selector/matchLabels/arch", "arm64", "two platforms match the same machine"),
    ] {
        let mut broken = good.clone();
        *broken.pointer_mut(pointer).expect("a field") = Value::from(value);
        assert!(objections(&broken, "sts.yaml").contains(&says.to_owned()), "{pointer}: {value}");
    }
}

#[test]
fn the_address_of_the_project_stands_in_one_place() {
    let cargo = read("Cargo.toml");
    let address =
        cargo.lines().find_map(|line| line.strip_prefix("repository = \"")).and_then(|rest| rest.strip_suffix('"'));
    let address = address.expect("workspace.package.repository");
    for plugin in PLUGINS {
        let manifest = rendered(plugin, "");
        assert_eq!(manifest["spec"]["homepage"], address);
        for platform in manifest["spec"]["platforms"].as_array().expect("platforms") {
            let uri = platform["uri"].as_str().unwrap_or_default();
            assert!(uri.starts_with(&format!("{address}/releases/download/v1.2.3/kubectl-{plugin}_v1.2.3_")), "{uri}");
        }
    }
}

/// What krew unpacks: path, mode, size. Its own refusals are ours.
fn unpacked(archive: &Path) -> Vec<(String, u32, usize)> {
    let bytes = std::fs::read(archive).expect("an archive");
    let mut files = Vec::new();
    // krew looks at the content, not at the name.
    if bytes.starts_with(b"PK") {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).expect("an entry");
            assert!(file.is_file(), "{}", file.name());
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("its bytes");
            files.push((file.name().to_owned(), file.unix_mode().unwrap_or_default() & 0o777, content.len()));
        }
    } else {
        assert!(bytes.starts_with(&[0x1f, 0x8b]), "gzip");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&*bytes));
        for file in tar.entries().expect("entries") {
            let mut file = file.expect("an entry");
            assert_eq!(file.header().entry_type(), tar::EntryType::Regular, "krew refuses links");
            let (name, mode) = (file.path_bytes().into_owned(), file.header().mode().expect("a mode"));
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("its bytes");
            files.push((String::from_utf8(name).expect("UTF-8"), mode, content.len()));
        }
    }
    for (name, ..) in &files {
        let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        assert!(plain && !name.contains('\\'), "krew refuses {name}");
    }
    files
}

/// A folder as `release/build` leaves it for a platform.
fn staged(folder: &Path, plugin: &str, windows: bool) -> PathBuf {
    let stage = folder.join(format!("{plugin}-{}", if windows { "windows" } else { "unix" }));
    let program = format!("kubectl-{plugin}{}", if windows { ".exe" } else { "" });
    for (name, bytes) in [
        (&*program, &b"\x7fELF"[..]),
        ("LICENSE", b"Apache"),
        ("README.md", b"# x"),
        ("completions/x.bash", b"x"),
        ("man/x.1", b".TH"),
    ] {
        let path = stage.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
    stage
}

#[test]
fn an_archive_installs_on_every_platform_as_krew_does_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for plugin in PLUGINS {
        let manifest = rendered(plugin, "");
        for platform in manifest["spec"]["platforms"].as_array().expect("platforms") {
            let (uri, bin) =
                (platform["uri"].as_str().unwrap_or_default(), platform["bin"].as_str().unwrap_or_default());
            let windows = platform["selector"]["matchLabels"]["os"] == "windows";
            let ends = |text: &str, with: &str| Path::new(text).extension().is_some_and(|it| it == with);
            assert_eq!(windows, ends(uri, "zip") && ends(bin, "exe"), "{uri}");
            let archive = folder.path().join(uri.rsplit('/').next().unwrap_or_default());
            pack(&staged(folder.path(), plugin, windows), &archive).expect("an archive");
            let files = unpacked(&archive);
            let names: BTreeSet<&str> = files.iter().map(|(name, ..)| name.as_str()).collect();
            assert_eq!(names.len(), files.len());
            assert!(names.contains("LICENSE"), "the public index wants it installed");
            let (_, mode, size) = files.iter().find(|(name, ..)| name == bin).expect("the program where bin says");
            assert_eq!((*mode, *size), (0o755, 4), "{bin} can be started");
            assert!(files.iter().all(|(name, mode, _)| name == bin || *mode == 0o644));
            // krew's link: kubectl-<plugin> with dashes in the plugin's name as underscores.
            let link = format!("kubectl-{}", plugin.replace('-', "_"));
            assert_eq!(bin.trim_end_matches(".exe"), link, "kubectl finds it as {plugin}");
        }
    }
}

#[test]
fn an_archive_is_the_same_whenever_it_is_made() {
    let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for (name, windows) in [("x.tar.gz", false), ("x.zip", true)] {
        let made = |folder: &Path| {
            let (stage, archive) = (staged(folder, "sts", windows), folder.join(name));
            let file = std::fs::File::open(stage.join("LICENSE")).expect("a file");
            let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
            if folder == other.path() {
                file.set_modified(long_ago).expect("another time");
            }
            pack(&stage, &archive).expect("an archive");
            sum(&archive).expect("a sum")
        };
        assert_eq!(made(one.path()), made(other.path()), "{name}");
    }
}
