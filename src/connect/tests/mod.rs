//! The live part against small servers on loopback: what goes over the wire, and what comes of it.

mod config;
mod exec;
mod failures;
mod oidc;
mod proxies;
mod requests;
mod server;
mod streams;
mod trust;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use super::{Client, ConnectOptions, Environment, Error, Notices};
use server::Server;

/// The lines that were told.
#[derive(Default, Clone)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Notices for Told {
    fn notice(&self, line: &str) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(line.to_owned());
    }
}

impl Told {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// A folder with a kubeconfig for a server, and what a program would be started with.
struct Setup {
    dir: tempfile::TempDir,
    options: ConnectOptions,
    env: Environment,
    told: Told,
}

impl Setup {
    /// `user` and `cluster` are YAML in flow style, without their braces; the cluster's address and CA are added.
    fn new(server: &Server, user: &str, cluster: &str) -> Self {
        let authority = if server.is_tls() {
            format!("certificate-authority-data: {}, ", server.authority_base64())
        } else {
            String::new()
        };
        let setup = Self::with_kubeconfig("");
        setup.rewrite(&format!(
            "current-context: ctx\ncontexts:\n- name: ctx\n  context: {{cluster: c, user: u, namespace: shop}}\n\
             clusters:\n- name: c\n  cluster: {{server: '{}', {authority}{cluster}}}\nusers:\n- name: u\n  user: {{{user}}}\n",
            server.url()
        ));
        setup
    }

    fn with_kubeconfig(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let kubeconfig = dir.path().join("config");
        std::fs::write(&kubeconfig, text).unwrap();
        let options = ConnectOptions {
            kubeconfig: Some(kubeconfig),
            user_agent: "kubectl-test/1".to_owned(),
            ..ConnectOptions::default()
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let env = Environment::empty().with("PATH", path).with("HOME", dir.path());
        Self { dir, options, env, told: Told::default() }
    }

    fn rewrite(&self, text: &str) {
        std::fs::write(self.file("config"), text).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn flags(mut self, set: impl FnOnce(&mut ConnectOptions)) -> Self {
        set(&mut self.options);
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env = self.env.with(name, value);
        self
    }

    fn connect(&self) -> Result<Client, Error> {
        self.connect_at(0)
    }

    fn connect_at(&self, verbosity: u8) -> Result<Client, Error> {
        Client::connect(&self.options, &self.env, Arc::new(self.told.clone()), verbosity)
    }

    /// Connects and reads once.
    async fn get(&self, path: &str) -> Result<super::Answer, Error> {
        self.connect()?.get(path, None).await
    }

    /// The message of the failure that connecting or reading ends in.
    async fn failure(&self, path: &str) -> Error {
        self.get(path).await.expect_err("a failure")
    }
}
