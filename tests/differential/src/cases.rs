//! What is tried: every flag, every way in which a user, a cluster, a file or the environment may be written, and the kubeconfigs
//! of the vendors in `kubeconfigs/`.

use std::path::Path;

/// One run. `[SERVER]`, `[CA]` and the like are filled in when it runs.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub kubeconfig: Vec<u8>,
    pub arguments: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
    pub path: &'static str,
    pub asks_namespace: bool,
}

impl Case {
    fn new(name: impl Into<String>, kubeconfig: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            kubeconfig: kubeconfig.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            path: "/version",
            asks_namespace: false,
        }
    }

    fn with(mut self, line: &str) -> Self {
        self.arguments = line.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace("''", "")).collect();
        self
    }

    fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    fn path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }
}

/// All of them.
pub fn cases() -> Vec<Case> {
    [flags(), users(), plugins(), clusters(), servers(), files(), answers(), environments(), vendors()].concat()
}

/// A kubeconfig with one context; its cluster and user have these fields.
fn config(user: &str, cluster: &str, server: &str) -> String {
    let authority = if cluster.contains("certificate-authority") || cluster.contains("insecure") {
        ""
    } else {
        "certificate-authority-data: [CA], "
    };
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\n\
         clusters:\n- name: c\n  cluster: {{server: '{server}', {authority}{cluster}}}\n- name: c2\n  cluster: {{server: '[PLAIN]'}}\n\
         users:\n- name: u\n  user: {{{user}}}\n- name: v\n  user: {{username: nn, password: pp}}\n"
    )
}

fn usual() -> String {
    config("token: t", "", "[SERVER]")
}

fn flags() -> Vec<Case> {
    let lines = [
        "",
        "--token f",
        "--token=f",
        "--as j",
        "--as j --as-uid 5 --as-group g --as-group h",
        "--as j --as-user-extra a=b --as-user-extra a=c --as-user-extra bad --as-user-extra x/y%=z",
        "--as-uid 5",
        "--as-group g",
        "--as-user-extra k=v",
        "--as ''",
        "--as_user_extra k=v --as j",
        "--request-timeout 5",
        "--request-timeout 1m30s",
        "--request-timeout 0",
        "--request-timeout abc",
        "--disable-compression",
        "--disable-compression=false",
        "--disable_compression=T",
        "--user v",
        "--user x",
        "--cluster c2",
        "--cluster x",
        "--context x",
        "--context y",
        "--username a --password b",
        "--username a",
        "--password b",
        "--username a --token b",
        "--insecure-skip-tls-verify",
        "--insecure-skip-tls-verify=false",
        "--insecure-skip-tls-verify --certificate-authority ca.pem",
        "--certificate-authority other.pem",
        "--certificate-authority ca.pem",
        "--certificate-authority /no/ca",
        "--tls-server-name localhost",
        "--tls-server-name other",
        "--tls-server-name ''",
        "--server https://localhost:[PORT]",
        "--server 127.0.0.1:[PORT]",
        "-s [PLAIN]",
        "-s=[PLAIN]",
        "-s ftp://x",
        "-s host/path",
        "-s https://x:port",
        "-s https://127.0.0.1:1",
        "-s https://no-such.invalid",
        "-s https://u:pw@127.0.0.1:[PORT]",
        "-s https://127.0.0.1:[PORT]/pre/fix/",
        "--client-certificate client.pem --client-key client.key",
        "--client-certificate client.pem",
        "--client-certificate client.pem --client-key other.key",
        "--client-certificate other.pem --client-key other.key",
        "--kubeconfig /no/such",
        "--kubeconfig /tmp",
        "--kubeconfig config",
        "-n x",
        "-nx",
        "--namespace=x --namespace y",
        "--cache-dir cache",
        "--match-server-version=false",
        "--warnings-as-errors",
        "--vmodule=a=1,b=2",
        "--log-flush-frequency=2s",
        "--profile none --profile-output p",
        "--v=0",
        "-v 0",
    ];
    let warns =
        Case::new("flag --warnings-as-errors, with a warning", usual()).with("--warnings-as-errors").path("/warning");
    lines.iter().map(|line| Case::new(format!("flag {line}"), usual()).with(line)).chain([warns]).collect()
}

fn users() -> Vec<Case> {
    [
        ("token file", "tokenFile: token"),
        ("token and token file", "token: a, tokenFile: token"),
        ("token and a file that is not there", "token: a, tokenFile: gone"),
        ("a token file that is not there", "tokenFile: gone"),
        ("an empty token file", "tokenFile: empty"),
        ("basic", "username: a, password: b"),
        ("name without password", "username: a"),
        ("password without name", "password: b"),
        ("certificate as data", "client-certificate-data: [CERT], client-key-data: [KEY]"),
        ("certificate in files", "client-certificate: client.pem, client-key: client.key"),
        ("certificate and key in one file", "client-certificate: client-both.pem, client-key: client-both.pem"),
        ("certificate and token", "token: t, client-certificate-data: [CERT], client-key-data: [KEY]"),
        ("certificate without key", "client-certificate-data: [CERT]"),
        ("key without certificate", "client-key-data: [KEY]"),
        (
            "certificate twice",
            "client-certificate: client.pem, client-certificate-data: [CERT], client-key: client.key, client-key-data: [KEY]",
        ),
        ("certificate with another's key", "client-certificate: client.pem, client-key: other.key"),
        ("certificate that is not there", "client-certificate: gone, client-key: gone2"),
        ("certificate in broken base64", "client-certificate-data: \"!!\", client-key-data: \"!!\""),
        ("empty token", "token: \"\""),
        ("empty everything", "token: t, as: \"\", as-uid: \"\", client-certificate-data: \"\", username: \"\""),
        ("impersonation", "token: t, as: j, as-groups: [g], as-user-extra: {k: [a, b]}"),
        ("impersonation of a UID alone", "token: t, as-uid: \"5\""),
        ("gcp", "auth-provider: {name: gcp}"),
        ("azure", "auth-provider: {name: azure}"),
        ("unknown provider", "auth-provider: {name: x}"),
        ("oidc without issuer", "auth-provider: {name: oidc}"),
        (
            "oidc",
            "auth-provider: {name: oidc, config: {idp-issuer-url: \"https://i\", client-id: c, id-token: \"e30.eyJleHAiOjk5OTk5OTk5OTl9.x\"}}",
        ),
        (
            "oidc, run out",
            "auth-provider: {name: oidc, config: {idp-issuer-url: \"https://i\", client-id: c, id-token: \"e30.eyJleHAiOjF9.x\"}}",
        ),
        (
            "oidc nonsense",
            "auth-provider: {name: oidc, config: {idp-issuer-url: \"https://i\", client-id: c, id-token: \"junk\"}}",
        ),
        ("oidc and exec", "auth-provider: {name: oidc, config: {}}, exec: {apiVersion: client.authentication.k8s.io/v1, command: plugin, interactiveMode: Never}"),
        ("number for a token", "token: 123"),
        ("nothing", ""),
    ]
    .iter()
    .map(|(name, fields)| Case::new(format!("user: {name}"), config(fields, "", "[SERVER]")))
    .collect()
}

fn plugins() -> Vec<Case> {
    let exec = |version: &str, command: &str, mode: &str, more: &str| {
        format!("exec: {{apiVersion: client.authentication.k8s.io/{version}, command: {command}{mode}{more}}}")
    };
    let never = ", interactiveMode: Never";
    let case = |name: &str, user: String| Case::new(format!("plugin: {name}"), config(&user, "", "[SERVER]"));
    let usual = exec("v1", "plugin", never, "");
    vec![
        case("by name", usual.clone()),
        case("by relative path", exec("v1", "bin/plugin", never, "")),
        case("by relative path with a dot", exec("v1", "./bin/plugin", never, "")),
        case("by absolute path", exec("v1", "[FOLDER]/bin/plugin", never, "")),
        case("v1beta1", exec("v1beta1", "plugin", "", "")),
        case("v1alpha1", exec("v1alpha1", "plugin", never, "")),
        case("no version", "exec: {command: plugin, interactiveMode: Never}".to_owned()),
        case("no command", "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}".to_owned()),
        case("no mode", exec("v1", "plugin", "", "")),
        case("unknown mode", exec("v1", "plugin", ", interactiveMode: Foo", "")),
        case("mode Always", exec("v1", "plugin", ", interactiveMode: Always", "")),
        case("mode IfAvailable", exec("v1", "plugin", ", interactiveMode: IfAvailable", "")),
        case("not there", exec("v1", "no-such-plugin", never, ", installHint: \"get it\"")),
        case("not there, by path", exec("v1", "./no-such", never, "")),
        case("fails", exec("v1", "fails", never, "")),
        case("nonsense", exec("v1", "nonsense", never, "")),
        case("another version than asked", exec("v1beta1", "nonsense", never, "")),
        case("cluster info", exec("v1", "plugin", never, ", provideClusterInfo: true")),
        case("arguments and variables", exec("v1", "plugin", never, ", args: [a, 'b c'], env: [{name: X, value: z}]")),
        case("and a token", format!("token: t, {usual}")),
        case("and basic", format!("username: a, password: b, {usual}")),
        case("and a certificate", format!("client-certificate-data: [CERT], client-key-data: [KEY], {usual}")),
        case("variable without a name", exec("v1", "plugin", never, ", env: [{name: \"\", value: x}]")),
        case("--token beside it", usual.clone()).with("--token t"),
        case("--username beside it", usual.clone()).with("--username a --password b"),
        case("after a 401", usual).path("/401"),
    ]
}

fn clusters() -> Vec<Case> {
    [
        ("insecure", "insecure-skip-tls-verify: true"),
        ("insecure with an authority", "insecure-skip-tls-verify: true, certificate-authority-data: [CA]"),
        ("authority in a file", "certificate-authority: ca.pem"),
        ("authority twice", "certificate-authority: ca.pem, certificate-authority-data: [CA]"),
        ("authority that is not there", "certificate-authority: gone.pem"),
        ("authority in a file, empty data", "certificate-authority: ca.pem, certificate-authority-data: \"\""),
        ("authority that is nonsense", "certificate-authority-data: anVuaw=="),
        ("authority in broken base64", "certificate-authority-data: \"!!\""),
        ("another authority", "certificate-authority: other.pem"),
        ("no authority", "certificate-authority-data: \"\""),
        ("name", "tls-server-name: localhost"),
        ("empty name", "tls-server-name: \"\""),
        ("another name", "tls-server-name: other"),
        ("no compression", "disable-compression: true"),
        ("proxy", "proxy-url: \"[PROXY]\""),
        ("proxy with a password", "proxy-url: \"http://u:p%40@127.0.0.1:[PROXYPORT]\""),
        ("proxy of an unknown kind", "proxy-url: \"ftp://x\""),
        ("proxy without a scheme", "proxy-url: \"127.0.0.1:1\""),
        ("proxy that is down", "proxy-url: \"http://127.0.0.1:1\""),
        ("empty proxy", "proxy-url: \"\""),
    ]
    .iter()
    .map(|(name, fields)| Case::new(format!("cluster: {name}"), config("token: t", fields, "[SERVER]")))
    .collect()
}

fn servers() -> Vec<Case> {
    [
        ("no scheme", "127.0.0.1:[PORT]"),
        ("no scheme, HTTP", "127.0.0.1:[PLAINPORT]"),
        ("prefix", "[SERVER]/k8s/c-1/"),
        ("query", "[SERVER]/p?a=b#c"),
        ("HTTP", "[PLAIN]"),
        ("nothing", ""),
        ("upper case", "HTTPS://127.0.0.1:[PORT]"),
        ("HTTP called HTTPS", "https://127.0.0.1:[PLAINPORT]"),
    ]
    .iter()
    .map(|(name, server)| Case::new(format!("server: {name}"), config("token: t", "", server)))
    .collect()
}

fn files() -> Vec<Case> {
    let text = usual();
    let context = |fields: &str| text.replace("{cluster: c, user: u}", fields);
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain("a: b\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let mut all: Vec<Case> = [
        ("context with an empty namespace", context("{cluster: c, user: u, namespace: \"\"}")),
        ("context without a cluster", context("{user: u}")),
        ("context without a user", context("{cluster: c}")),
        ("context with an unknown cluster", context("{cluster: zz, user: u}")),
        ("context with an unknown user", context("{cluster: c, user: zz}")),
        (
            "other contexts that are half",
            text.replace("contexts:\n", "contexts:\n- name: half\n  context: {user: u}\n- name: none\n"),
        ),
        ("unknown current context", text.replace("current-context: x", "current-context: q")),
        ("empty current context", text.replace("current-context: x", "current-context: \"\"")),
        ("no current context", text.replace("current-context: x\n", "")),
        ("a key twice", config("token: a, token: b", "", "[SERVER]")),
        ("a name twice", format!("{text}- name: u\n  user: {{token: z}}\n")),
        ("current context twice", format!("{text}current-context: q\n")),
        ("byte order mark", format!("\u{feff}{text}")),
        ("carriage returns", text.replace('\n', "\r\n")),
        ("two documents", format!("{text}---\ncurrent-context: q\n")),
        ("empty", String::new()),
        ("a comment", "# hi\n".to_owned()),
        ("null", "null\n".to_owned()),
        ("a list", "- a\n".to_owned()),
        ("a text", "hello\n".to_owned()),
        ("broken", "a: [\n".to_owned()),
        ("tabs", "a:\n\tb: c\n".to_owned()),
        ("another kind", text.replace("kind: Config", "kind: Foo")),
        ("another version", text.replace("apiVersion: v1", "apiVersion: v9")),
        ("no kind", text.replace("kind: Config\n", "").replace("apiVersion: v1\n", "")),
        (
            "JSON",
            "{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\",\"context\":{\"cluster\":\"c\",\"user\":\"u\"}}],\
             \"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"[SERVER]\",\"certificate-authority-data\":\"[CA]\"}}],\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"js\"}}]}"
                .to_owned(),
        ),
        ("an unknown field", format!("foo: bar\n{text}")),
        ("anchors", config("token: &a t", "", "[SERVER]")),
        ("users as a map", text.replace("users:\n- name: u", "users:\n  name: u")),
        (
            "broken base64 of a user that is not meant",
            format!("{text}- name: w\n  user: {{client-certificate-data: \"!!\"}}\n"),
        ),
        ("YAML 1.1's yes for a text", text.replace("name: c\n", "name: yes\n").replace("cluster: c,", "cluster: \"yes\",")),
        ("a text for a switch", config("token: t", "insecure-skip-tls-verify: 'yes'", "[SERVER]")),
    ]
    .into_iter()
    .map(|(name, text)| Case::new(format!("file: {name}"), text))
    .collect();
    all.push(Case::new("file: UTF-16", utf16));
    all.push(Case::new("file: binary", vec![0, 1, 2]));
    let mut listed =
        |name: &str, list: &str| all.push(Case::new(format!("KUBECONFIG: {name}"), usual()).env("KUBECONFIG", list));
    listed("one", "config");
    listed("one that is missing before it", "gone:config");
    listed("one that is missing behind it", "config:gone");
    listed("the same twice, and an empty one", "config::config");
    listed("only missing ones", "gone:gone2");
    all
}

fn answers() -> Vec<Case> {
    [
        "/401",
        "/401-html",
        "/403",
        "/404-text",
        "/500",
        "/502",
        "/503",
        "/504",
        "/429",
        "/409",
        "/418",
        "/422",
        "/400",
        "/405",
        "/406",
        "/415",
        "/warning",
        "/a%20b?x=y&z",
    ]
    .iter()
    .map(|path| Case::new(format!("answer: {path}"), usual()).path(path))
    .collect()
}

fn environments() -> Vec<Case> {
    let named = || config("token: t", "", "https://kube.internal:[PORT]");
    let case = |name: &str, variables: &[(&'static str, &str)]| {
        variables
            .iter()
            .fold(Case::new(format!("environment: {name}"), named()), |case, (name, value)| case.env(name, value))
    };
    let https = ("HTTPS_PROXY", "[PROXY]");
    vec![
        Case::new("environment: a proxy, and a server on this machine", usual())
            .env("HTTPS_PROXY", "http://127.0.0.1:1"),
        case("a proxy", &[https]),
        case("in lower case, without a scheme", &[("https_proxy", "127.0.0.1:[PROXYPORT]")]),
        case("with a password", &[("HTTPS_PROXY", "http://u:p@127.0.0.1:[PROXYPORT]")]),
        case("NO_PROXY, the server", &[https, ("NO_PROXY", "kube.internal")]),
        case("NO_PROXY, with a comma at its end", &[https, ("NO_PROXY", "a,")]),
        case("NO_PROXY, everything", &[https, ("NO_PROXY", "*")]),
        case("NO_PROXY, the proxy itself", &[https, ("NO_PROXY", "127.0.0.1")]),
        case("no_proxy, a domain", &[https, ("no_proxy", ".internal")]),
        case("no_proxy, another port", &[https, ("no_proxy", "kube.internal:1")]),
        case("no_proxy, a network", &[https, ("no_proxy", "10.0.0.0/8")]),
        case("HTTP_PROXY, for HTTPS", &[("HTTP_PROXY", "[PROXY]")]),
        case("of an unknown kind", &[("HTTPS_PROXY", "ftp://x")]),
        case("nonsense", &[("HTTPS_PROXY", "://")]),
        Case::new("environment: HTTP_PROXY", config("token: t", "", "http://kube.internal"))
            .env("HTTP_PROXY", "http://u:p@127.0.0.1:[PROXYPORT]"),
        Case::new(
            "environment: proxy-url before NO_PROXY",
            config("token: t", "proxy-url: \"[PROXY]\"", "https://kube.internal:[PORT]"),
        )
        .env("NO_PROXY", "*"),
        Case::new("environment: KUBERNETES_MASTER", "").env("KUBERNETES_MASTER", "[PLAIN]"),
        Case::new("environment: nothing at all", ""),
    ]
}

/// The vendors' kubeconfigs: each context once, through the proxy, behind which every name is our server.
fn vendors() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubeconfigs");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let mut case =
                Case::new(format!("kubeconfig: {name}"), std::fs::read(file).unwrap()).env("HTTPS_PROXY", "[PROXY]");
            case.asks_namespace = true;
            case
        })
        .collect()
}
