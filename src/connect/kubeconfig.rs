//! One kubeconfig file: what it may hold, read tolerantly.
//!
//! The shape is that of `k8s.io/client-go/tools/clientcmd/api/v1`. As in Go, an empty text or an absent field are the same; unlike Go's,
//! this reader does not mind numbers where a text is meant.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::options::Secret;

/// A kubeconfig file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct File {
    #[serde(deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    #[serde(rename = "apiVersion", deserialize_with = "text")]
    pub(crate) api_version: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) current_context: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) clusters: Vec<NamedCluster>,
    #[serde(deserialize_with = "list")]
    pub(crate) contexts: Vec<NamedContext>,
    #[serde(deserialize_with = "list")]
    pub(crate) users: Vec<NamedUser>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedCluster {
    #[serde(deserialize_with = "plain")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) cluster: Cluster,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedContext {
    #[serde(deserialize_with = "plain")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) context: Context,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedUser {
    #[serde(deserialize_with = "plain")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) user: User,
}

/// How to reach and recognise a server.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Cluster {
    #[serde(deserialize_with = "text")]
    pub(crate) server: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) tls_server_name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) insecure_skip_tls_verify: bool,
    #[serde(deserialize_with = "text")]
    pub(crate) certificate_authority: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) certificate_authority_data: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) proxy_url: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) disable_compression: bool,
    #[serde(deserialize_with = "list")]
    pub(crate) extensions: Vec<Extension>,
}

#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Extension {
    #[serde(deserialize_with = "plain")]
    pub(crate) name: String,
    pub(crate) extension: serde_json::Value,
}

/// Which user talks to which cluster, and in which namespace.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    #[serde(deserialize_with = "text")]
    pub(crate) cluster: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) user: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) namespace: Option<String>,
}

/// Who the user is and how that is proven.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct User {
    #[serde(deserialize_with = "text")]
    pub(crate) client_certificate: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) client_certificate_data: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) client_key: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(crate) client_key_data: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub(crate) token: Option<Secret>,
    #[serde(rename = "tokenFile", deserialize_with = "text")]
    pub(crate) token_file: Option<String>,
    #[serde(rename = "as", deserialize_with = "text")]
    pub(crate) impersonate: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) as_uid: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) as_groups: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) as_user_extra: BTreeMap<String, Option<Vec<String>>>,
    #[serde(deserialize_with = "text")]
    pub(crate) username: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub(crate) password: Option<Secret>,
    pub(crate) auth_provider: Option<AuthProvider>,
    pub(crate) exec: Option<Exec>,
    /// The file that this user was read from: a refreshed OIDC token is written back there.
    #[serde(skip)]
    pub(crate) origin: Option<std::path::PathBuf>,
}

/// One of client-go's built-in ways to log in; only `oidc` is left of them.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct AuthProvider {
    #[serde(deserialize_with = "plain")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) config: BTreeMap<String, Secret>,
}

/// A credential plugin.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Exec {
    #[serde(deserialize_with = "text")]
    pub(crate) api_version: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) command: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) args: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) env: Vec<ExecEnv>,
    #[serde(deserialize_with = "text")]
    pub(crate) install_hint: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) provide_cluster_info: bool,
    #[serde(deserialize_with = "text")]
    pub(crate) interactive_mode: Option<String>,
}

#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ExecEnv {
    #[serde(deserialize_with = "plain")]
    pub(crate) name: String,
    #[serde(deserialize_with = "hidden")]
    pub(crate) value: Secret,
}

/// Reads a kubeconfig file's bytes. The error says where and what kind of fault it is, and quotes nothing: a kubeconfig holds secrets.
pub(crate) fn parse(bytes: &[u8]) -> Result<File, String> {
    let text = decode(bytes)?;
    let file: File = parse_yaml(&text)?;
    match (file.kind.as_deref().unwrap_or("Config"), file.api_version.as_deref().unwrap_or("v1")) {
        ("Config", "v1") => Ok(file),
        (kind, version) => {
            Err(format!("no kind {kind:?} is registered for version {version:?}: this is not a kubeconfig"))
        }
    }
}

/// Reads the first YAML document of a text; an empty text is an empty value. Of a key that occurs twice the last one counts, as in Go.
pub(crate) fn parse_yaml<T: serde::de::DeserializeOwned + Default>(text: &str) -> Result<T, String> {
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        // A snippet would show the lines around the fault, and with them tokens and keys.
        with_snippet: false,
    };
    let first = first_document(text);
    if first
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim_end() == "---")
    {
        return Ok(T::default());
    }
    serde_saphyr::from_str_with_options::<Option<T>>(first, options).map(Option::unwrap_or_default).map_err(|fault| {
        match fault.location() {
            Some(at) => {
                format!("yaml: line {}, column {}: not what a kubeconfig may hold there", at.line(), at.column())
            }
            None => "yaml: not readable as YAML".to_owned(),
        }
    })
}

/// Up to the line that starts a second document: kubectl reads no further.
fn first_document(text: &str) -> &str {
    let mut seen_content = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let marker = line.starts_with("---") && line[3..].chars().next().is_none_or(char::is_whitespace);
        if marker && seen_content {
            return &text[..offset];
        }
        let trimmed = line.trim();
        seen_content |= marker || !(trimmed.is_empty() || trimmed.starts_with('#') || trimmed.starts_with('%'));
        offset += line.len();
    }
    text
}

/// Text of a file in UTF-8 or, where a byte order mark says so, UTF-16: Windows' editors write both.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, String> {
    let utf16 = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| "yaml: not valid UTF-16".to_owned())
    };
    match bytes {
        [0xFF, 0xFE, ..] => utf16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf16(u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => String::from_utf8(rest.to_vec())
            .map_err(|fault| format!("yaml: not text: invalid UTF-8 at byte {}", fault.utf8_error().valid_up_to())),
    }
}

/// A text; absent, null and empty are one.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()))
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    Ok(text(from)?.map(Secret::new))
}

fn plain<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(from)?.unwrap_or_default())
}

fn hidden<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    plain(from).map(Secret::new)
}

fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A list; null is an empty one, and null entries are left out.
fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<Option<T>>>::deserialize(from)?.unwrap_or_default().into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> File {
        parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn empty_texts_and_nulls_are_unset() {
        let file = read(
            "clusters:\n- name: a\n  cluster: {server: '', certificate-authority-data: '', tls-server-name: ~, insecure-skip-tls-verify: ~, extensions: ~}\n\
             contexts: ~\nusers:\n- name: u\n  user: {token: '', as: '', as-groups: ~, exec: ~, as-user-extra: ~}\n- ~\n- name: v\n  user: ~\n",
        );
        assert_eq!(file.clusters[0].cluster, Cluster::default());
        assert_eq!(file.users[0].user, User::default());
        assert_eq!(file.users.len(), 2);
        assert!(file.contexts.is_empty());
    }

    #[test]
    fn a_context_without_cluster_does_not_spoil_the_file() {
        let file =
            read("contexts:\n- name: half\n  context: {user: u}\n- name: none\n- name: ok\n  context: {cluster: c}\n");
        assert_eq!(file.contexts.len(), 3);
        assert_eq!(file.contexts[2].context.cluster.as_deref(), Some("c"));
    }

    #[test]
    fn the_last_of_duplicate_keys_counts() {
        let file = read("current-context: a\ncurrent-context: b\nusers:\n- name: u\n  user: {token: x, token: y}\n");
        assert_eq!(file.current_context.as_deref(), Some("b"));
        assert_eq!(file.users[0].user.token, Some("y".into()));
    }

    #[test]
    fn byte_order_marks_and_utf16_are_understood() {
        let text = "current-context: zürich\n";
        let mut marked = vec![0xEF, 0xBB, 0xBF];
        marked.extend(text.bytes());
        let units = text.encode_utf16();
        let little: Vec<u8> = [0xFF, 0xFE].into_iter().chain(units.clone().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> = [0xFE, 0xFF].into_iter().chain(units.flat_map(u16::to_be_bytes)).collect();
        for bytes in [text.as_bytes().to_vec(), marked, little, big] {
            assert_eq!(parse(&bytes).unwrap().current_context.as_deref(), Some("zürich"));
        }
    }

    #[test]
    fn only_the_first_document_counts_and_nothing_is_nothing() {
        assert_eq!(
            read("---\n# c\ncurrent-context: a\n---\ncurrent-context: b\n").current_context.as_deref(),
            Some("a")
        );
        assert_eq!(read("current-context: a\n---\n: [").current_context.as_deref(), Some("a"));
        for nothing in ["", "\n", "# only a comment\n", "---\n", "null\n", "{}"] {
            assert_eq!(read(nothing).current_context, None, "{nothing:?}");
        }
    }

    #[test]
    fn json_is_read_too() {
        let file = read(
            r#"{"kind":"Config","apiVersion":"v1","current-context":"j","users":[{"name":"u","user":{"exec":{"apiVersion":"x","command":"c","args":["a"],"env":[{"name":"N","value":"v"}]}}}]}"#,
        );
        let exec = file.users[0].user.exec.as_ref().unwrap();
        assert_eq!((exec.command.as_deref(), exec.args.as_slice()), (Some("c"), ["a".to_owned()].as_slice()));
    }

    #[test]
    fn faults_say_where_and_show_no_secret() {
        for bad in [
            "users: [\n",
            "users:\n- name: u\n  user: TOPSECRET\n",
            "users:\n- name: u\n  user:\n    token: [TOPSECRET]\n",
            "token: TOPSECRET\n bad: : :\n",
            "clusters: 5\n",
        ] {
            let fault = parse(bad.as_bytes()).unwrap_err();
            assert!(fault.contains("line ") && !fault.contains("TOPSECRET"), "{fault}");
        }
        assert!(parse(b"kind: Deployment\napiVersion: apps/v1\n").unwrap_err().contains("not a kubeconfig"));
        assert!(parse(&[0xC3, 0x28]).unwrap_err().contains("UTF-8"));
        assert!(parse(&[0xFF, 0xFE, 0x00, 0xD8]).unwrap_err().contains("UTF-16"));
    }

    #[test]
    fn debug_output_hides_secrets() {
        let file = read(
            "users:\n- name: u\n  user: {token: TOPSECRET, password: TOPSECRET, client-key-data: TOPSECRET, auth-provider: {name: oidc, config: {id-token: TOPSECRET}}, exec: {env: [{name: A, value: TOPSECRET}]}}\n",
        );
        assert!(!format!("{file:?}").contains("TOPSECRET"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_yaml_panics(text in "(- |name: |user: |[a-z{}\\[\\]:&*!|>\"' \n-]){0,60}") {
            let _ = parse(text.as_bytes());
        }
    }
}
