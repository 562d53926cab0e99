//! Which cluster, user and namespace are meant, and what is told when that can't be settled.

use std::sync::Arc;

use super::{
    super::{Client, ConnectOptions, Error, ErrorKind, Secret, Silent},
    Setup,
    server::{Server, base64, ok},
};

type Change = fn(&mut ConnectOptions);

#[expect(clippy::unnecessary_wraps, reason = "flags are options")]
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

const TWO: &str = "current-context: one
contexts:
- name: one
  context: {cluster: c1, user: u1, namespace: first}
- name: two
  context: {cluster: c2, user: u2}
- name: half
  context: {user: u2}
clusters:
- name: c1
  cluster: {server: 'https://one.example:6443', tls-server-name: inner}
- name: c2
  cluster: {server: 'https://two.example', insecure-skip-tls-verify: true}
- name: both
  cluster: {server: 'https://two.example', insecure-skip-tls-verify: true, certificate-authority-data: aGk=}
- name: bare
  cluster: {server: 'host/path'}
- name: odd
  cluster: {server: 'https://x:port'}
- name: proxied
  cluster: {server: 'https://x', proxy-url: 'ftp://u:HIDDEN@p'}
- name: noserver
  cluster: {tls-server-name: x}
- name: ca-twice
  cluster: {server: 'https://x', certificate-authority: /no/ca, certificate-authority-data: aGk=}
- name: bad-data
  cluster: {server: 'https://x', certificate-authority-data: '!!'}
users:
- name: u1
  user: {token: t1}
- name: u2
  user: {username: n, password: p}
- name: nobody
  user: {token: '', client-certificate-data: '', exec: ~}
- name: two-ways
  user: {token: t, username: n}
- name: no-key
  user: {client-certificate-data: aGk=}
- name: gone-files
  user: {client-certificate: /no/c, client-key: /no/k}
- name: impersonator
  user: {token: t, as-uid: '5'}
- name: alpha
  user: {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}
- name: exec-empty
  user: {exec: {}}
- name: exec-mode
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: x}}
- name: gcp
  user: {auth-provider: {name: gcp}}
- name: tokenfile
  user: {tokenFile: /no/token}
";

fn connect(change: Change) -> Result<Client, Error> {
    Setup::with_kubeconfig(TWO).flags(change).connect()
}

#[tokio::test]
async fn flags_win_over_the_context() {
    let cases: [(Change, &str, &str, Option<&str>); 8] = [
        (|_| (), "https://one.example:6443", "first", Some("one")),
        (|o| o.context = text("two"), "https://two.example", "default", Some("two")),
        (|o| o.namespace = text("n"), "https://one.example:6443", "n", Some("one")),
        (|o| o.namespace = text(""), "https://one.example:6443", "first", Some("one")),
        (|o| o.cluster = text("c2"), "https://two.example", "first", Some("one")),
        (|o| o.server = text("https://flag:1"), "https://flag:1", "first", Some("one")),
        (|o| o.server = text("flag:1"), "http://flag:1", "first", Some("one")),
        (|o| o.context = text("half"), "http://localhost:8080", "default", Some("half")),
    ];
    for (index, (change, server, namespace, context)) in cases.into_iter().enumerate() {
        let client = connect(change).unwrap_or_else(|error| panic!("case {index}: {}", error.message));
        assert_eq!(
            (client.server().as_str(), client.namespace(), client.context()),
            (server, namespace, context),
            "case {index}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_in_kubectls_words() {
    let cases: [(Change, &str); 28] = [
        (|o| o.context = text("x"), "Error in configuration: context was not found for specified context: x"),
        (|o| (o.context, o.namespace) = (text("x"), text("n")), "error: context \"x\" does not exist"),
        (|o| o.cluster = text("x"), "error: no server found for cluster \"x\""),
        (|o| (o.cluster, o.namespace) = (text("x"), text("n")), "error: cluster \"x\" does not exist"),
        (|o| o.user = text("x"), "error: auth info \"x\" does not exist"),
        (
            |o| {
                o.user = text("x");
                o.context = text("y");
            },
            "error: auth info \"x\" does not exist",
        ),
        (
            |o| o.request_timeout = text("abc"),
            "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
        ),
        (|o| o.as_uid = text("4"), "error: requesting uid, groups or user-extra for u1 without impersonating a user"),
        (
            |o| o.as_groups = vec!["g".to_owned()],
            "error: requesting uid, groups or user-extra for u1 without impersonating a user",
        ),
        (
            |o| o.as_user_extra = vec!["a=b".to_owned()],
            "error: requesting uid, groups or user-extra for u1 without impersonating a user",
        ),
        (
            |o| o.user = text("impersonator"),
            "error: requesting uid, groups or user-extra for impersonator without impersonating a user",
        ),
        (
            |o| o.user = text("two-ways"),
            "error: more than one authentication method found for two-ways; found [token basicAuth], only one is allowed",
        ),
        (
            |o| o.username = text("n"),
            "error: more than one authentication method found for u1; found [token basicAuth], only one is allowed",
        ),
        (
            |o| o.user = text("no-key"),
            "error: client-key-data or client-key must be specified for no-key to use the clientCert authentication method.",
        ),
        (
            |o| o.user = text("gone-files"),
            "Error in configuration: \n* unable to read client-cert /no/c for gone-files due to open /no/c: no such file or directory\n* unable to read client-key /no/k for gone-files due to open /no/k: no such file or directory",
        ),
        (
            |o| o.user = text("alpha"),
            "error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"",
        ),
        (
            |o| o.user = text("exec-empty"),
            "Error in configuration: \n* command must be specified for exec-empty to use exec authentication plugin\n* apiVersion must be specified for exec-empty to use exec authentication plugin\n* interactiveMode must be specified for exec-empty to use exec authentication plugin",
        ),
        (
            |o| o.user = text("exec-mode"),
            "error: interactiveMode must be specified for exec-mode to use exec authentication plugin",
        ),
        (
            |o| o.user = text("gcp"),
            "error: The gcp auth plugin has been removed.\nPlease use the \"gke-gcloud-auth-plugin\" kubectl/client-go credential plugin instead.\nSee https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke for further details",
        ),
        (|o| o.user = text("tokenfile"), "error: open /no/token: no such file or directory"),
        (
            |o| o.cluster = text("both"),
            "error: specifying a root certificates file with the insecure flag is not allowed",
        ),
        (|o| o.cluster = text("bare"), "error: host must be a URL or a host:port pair: \"host/path\""),
        (|o| o.cluster = text("odd"), "error: host must be a URL or a host:port pair: \"https://x:port\""),
        (
            |o| o.cluster = text("proxied"),
            "error: invalid 'proxy-url' \"ftp://p\" for cluster \"proxied\": unsupported scheme \"ftp\", must be http, https, or socks5",
        ),
        (
            |o| o.cluster = text("ca-twice"),
            "Error in configuration: \n* certificate-authority-data and certificate-authority are both specified for ca-twice. certificate-authority-data will override.\n* unable to read certificate-authority /no/ca for ca-twice due to open /no/ca: no such file or directory",
        ),
        (|o| o.cluster = text("bad-data"), "error: certificate-authority-data of the kubeconfig is not valid base64"),
        (
            |o| o.certificate_authority = Some("/no/ca".into()),
            "error: unable to read certificate-authority /no/ca for c1 due to open /no/ca: no such file or directory",
        ),
        (|o| o.tls_server_name = text("a b"), "error: tls-server-name \"a b\" is not a host name"),
    ];
    for (index, (change, message)) in cases.into_iter().enumerate() {
        let error = connect(change).expect_err(message);
        assert_eq!((error.message.as_str(), error.kind), (message, ErrorKind::Config), "case {index}");
    }
}

#[tokio::test]
async fn names_that_are_nearly_right_are_suggested() {
    let hint = |change: Change| connect(change).unwrap_err().hint.unwrap();
    assert_eq!(hint(|o| o.context = text("tow")), "did you mean two?");
    assert_eq!(hint(|o| o.context = text("production")), "the kubeconfig has: half, one, two");
    let setup = Setup::with_kubeconfig("current-context: gone\ncontexts: [{name: here, context: {}}]\n");
    let error = setup.connect().unwrap_err();
    assert_eq!(error.message, "Error in configuration: context was not found for specified context: gone");
    assert_eq!(error.hint.as_deref(), Some("choose one with --context: here"));
}

#[tokio::test]
async fn a_user_without_credentials_is_asked() {
    struct Answers;
    impl super::super::Notices for Answers {
        fn notice(&self, _: &str) {}
        fn ask(&self, label: &str, secret: bool) -> Option<String> {
            Some(
                if secret { "pw" } else { label.trim_start_matches("Please enter ").trim_end_matches(": ") }.to_owned(),
            )
        }
    }
    let server = Server::https(|_, _| ok("{}")).await;
    let setup = Setup::new(&server, "token: '', client-key-data: ''", "");
    let error = setup.connect().unwrap_err();
    assert_eq!(
        error.message,
        "error: the user \"u\" of the kubeconfig has no credentials, and nobody can be asked for a name and a password"
    );
    let client = Client::connect(&setup.options, &setup.env, Arc::new(Answers), 0).unwrap();
    client.get("/version", None).await.unwrap();
    assert_eq!(server.only().header("authorization"), Some(format!("Basic {}", base64("Username:pw")).as_str()));
}

#[tokio::test]
async fn empty_values_are_unset() {
    let server = Server::https(|_, _| ok("{}")).await;
    let setup = Setup::with_kubeconfig("");
    std::fs::write(setup.file("ca.pem"), &server.authority.pem).unwrap();
    setup.rewrite(&format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u, namespace: ''}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{}', certificate-authority: ca.pem, certificate-authority-data: '', tls-server-name: '', proxy-url: ''}}}}]\n\
         users: [{{name: u, user: {{token: t, as: '', as-uid: '', username: '', client-certificate: ''}}}}]\n",
        server.url()
    ));
    let client = setup.connect().unwrap();
    client.get("/version", None).await.unwrap();
    assert_eq!(client.namespace(), "default");
    assert!(server.only().header("impersonate-user").is_none());
}

#[tokio::test]
async fn credentials_never_go_out_in_clear() {
    let server = Server::http(|_, _| ok("{}")).await;
    for user in [
        "token: t",
        "username: a, password: b",
        "tokenFile: missing",
        "exec: {apiVersion: client.authentication.k8s.io/v1, command: /no/such, interactiveMode: Never}",
    ] {
        let setup = Setup::new(&server, user, "").flags(|flags| flags.as_user = Some("jane".to_owned()));
        setup.get("/version").await.unwrap();
    }
    for seen in server.seen() {
        assert_eq!((seen.header("authorization"), seen.header("impersonate-user")), (None, Some("jane")));
    }
    let port = server.port();
    let bare = Setup::new(&server, "token: t", "").flags(|flags| flags.server = Some(format!("127.0.0.1:{port}")));
    bare.get("/version").await.unwrap();
}

#[tokio::test]
async fn tokens_come_from_flags_and_files() {
    let server = Server::https(|_, _| ok("{}")).await;
    let sent = |setup: Setup, number: usize| {
        let server = &server;
        async move {
            setup.get("/version").await.unwrap();
            server.seen()[number].header("authorization").map(str::to_owned)
        }
    };
    let with_file = |user: &str, text: &str| {
        let setup = Setup::new(&server, user, "");
        std::fs::write(setup.file("tf"), text).unwrap();
        setup
    };
    let flag = |flags: &mut ConnectOptions| flags.token = Some(Secret::from("flag"));
    assert_eq!(sent(with_file("tokenFile: tf", "filed\n"), 0).await.as_deref(), Some("Bearer filed"));
    assert_eq!(sent(with_file("token: a, tokenFile: tf", "filed\n"), 1).await.as_deref(), Some("Bearer filed"));
    assert_eq!(sent(with_file("token: a, tokenFile: gone", ""), 2).await.as_deref(), Some("Bearer a"));
    assert_eq!(sent(with_file("token: a", "").flags(flag), 3).await.as_deref(), Some("Bearer flag"));
    // Measured with kubectl: a token file beats even the flag.
    assert_eq!(sent(with_file("tokenFile: tf", "filed").flags(flag), 4).await.as_deref(), Some("Bearer filed"));
    assert_eq!(sent(with_file("username: a, password: b", ""), 5).await, Some(format!("Basic {}", base64("a:b"))));
    let error = with_file("tokenFile: tf", " \n").connect().unwrap_err();
    assert!(error.message.starts_with("error: read empty token from file"), "{}", error.message);
    let error = Setup::new(&server, "token: \"a\\nb\"", "").connect().unwrap_err();
    assert_eq!(
        error.message,
        "Unable to connect to the server: net/http: invalid header field value for \"Authorization\""
    );
}

#[tokio::test]
async fn a_pod_talks_to_its_own_cluster() {
    let server = Server::https(|_, _| ok("{}")).await;
    let mut setup = Setup::with_kubeconfig("").flags(|flags| flags.as_user = Some("jane".to_owned()));
    setup.options.kubeconfig = None;
    setup.env.service_account_dir = setup.dir.path().to_owned();
    setup.env = setup
        .env
        .with("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .with("KUBERNETES_SERVICE_PORT", server.port().to_string());
    std::fs::write(setup.file("ca.crt"), &server.authority.pem).unwrap();
    assert_eq!(setup.connect().unwrap().server(), "http://localhost:8080", "without a token this is no pod");
    std::fs::write(setup.file("token"), "pod-token\n").unwrap();
    assert_eq!(setup.connect().unwrap().namespace(), "default");
    std::fs::write(setup.file("namespace"), "mine\n").unwrap();
    let client = setup.connect().unwrap();
    client.get("/version", None).await.unwrap();
    assert_eq!((client.namespace(), client.context()), ("mine", None));
    assert_eq!(server.only().header("authorization"), Some("Bearer pod-token"));
    assert_eq!(server.only().header("impersonate-user"), Some("jane"));

    let setup = setup.env("POD_NAMESPACE", "told");
    assert_eq!(setup.connect().unwrap().namespace(), "told");
    let setup = setup.flags(|flags| flags.namespace = Some("flag".to_owned()));
    assert_eq!(setup.connect().unwrap().namespace(), "flag");
    let setup = setup.env("KUBERNETES_MASTER", "http://elsewhere:1");
    assert_eq!(setup.connect().unwrap().server(), format!("https://127.0.0.1:{}", server.port()));
    let setup = setup.flags(|flags| flags.server = Some("http://flag:1".to_owned()));
    assert_eq!(setup.connect().unwrap().server(), "http://flag:1");
}

#[tokio::test]
async fn without_any_configuration_localhost_is_tried() {
    let mut setup = Setup::with_kubeconfig("");
    setup.options.kubeconfig = None;
    let error = setup.failure("/version").await;
    assert_eq!(
        error.message,
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
    );
    assert!(error.hint.unwrap().contains("KUBECONFIG"));
    let setup = setup.env("KUBERNETES_MASTER", "http://other:9");
    assert_eq!(setup.connect().unwrap().server(), "http://other:9");
    let options = ConnectOptions { kubeconfig: Some("/no/such/file".into()), ..Default::default() };
    let error = Client::connect(&options, &setup.env, Arc::new(Silent), 0).unwrap_err();
    assert_eq!(error.message, "error: stat /no/such/file: no such file or directory");
}

#[tokio::test]
async fn what_the_address_carries_comes_before_other_credentials() {
    let server = Server::https(|_, _| ok("{}")).await;
    let url = server.url().replace("https://", "https://u:p%40w@");
    let setup = Setup::new(&server, "token: t", "").flags(|flags| flags.server = Some(url));
    let client = setup.connect().unwrap();
    client.get("/version", None).await.unwrap();
    assert_eq!(server.only().header("authorization"), Some(format!("Basic {}", base64("u:p@w")).as_str()));
    assert_eq!(client.server(), server.url());
}

#[tokio::test]
async fn namespace_and_names_need_no_credentials() {
    let setup = Setup::with_kubeconfig(TWO);
    let namespace = |change: Change| {
        let mut options = setup.options.clone();
        change(&mut options);
        super::super::namespace(&options, &setup.env)
    };
    assert_eq!(namespace(|_| ()).unwrap(), "first");
    assert_eq!(namespace(|o| o.user = text("nobody")).unwrap(), "first");
    assert_eq!(namespace(|o| o.context = text("two")).unwrap(), "default");
    assert_eq!(namespace(|o| (o.namespace, o.kubeconfig) = (text("n"), Some("/no/such".into()))).unwrap(), "n");
    assert!(namespace(|o| o.context = text("x")).is_err());
    let names = super::super::names(&setup.options, &setup.env).unwrap();
    assert_eq!(
        names.contexts,
        [("half".to_owned(), None), ("one".to_owned(), text("first")), ("two".to_owned(), None)]
    );
    assert_eq!((names.current.as_deref(), names.users.len()), (Some("one"), 12));
    assert_eq!(names.clusters[..2], ["bad-data", "bare"]);
}
