//! The kubeconfig of a running cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

use crate::running::Running;

impl Running {
    /// The kubeconfig's text: one context `fake`, with the user's token or certificate where the cluster asks for one.
    pub fn kubeconfig_text(&self) -> String {
        let access = self.inner.access.lock().unwrap();
        let settings = self.inner.settings();
        let mut user = String::new();
        if let Some(token) = &access.token {
            writeln!(user, "    token: {token}").unwrap();
        }
        if access.client_certificate {
            let (certificate, key) = self.client_pem();
            writeln!(user, "    client-certificate-data: {}", STANDARD.encode(certificate)).unwrap();
            writeln!(user, "    client-key-data: {}", STANDARD.encode(key)).unwrap();
        }
        if user.is_empty() {
            // Nobody asks for it, but without any credential kubectl asks for a name and a password.
            user.push_str("    token: not-checked\n");
        }
        let namespace = settings.namespace.as_ref().map_or_else(String::new, |it| format!("    namespace: {it}\n"));
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: fake\n\
             clusters:\n- name: fake\n  cluster:\n    server: {}\n    certificate-authority-data: {}\n\
             contexts:\n- name: fake\n  context:\n    cluster: fake\n    user: fake\n{namespace}\
             users:\n- name: fake\n  user:\n{user}",
            self.url(),
            STANDARD.encode(self.authority_pem()),
        )
    }
}
