//! An authority, a server's certificate for every name that the kubeconfigs use, a client's; and a stranger's.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;

/// Names under which the server can be found through the proxy.
const NAMES: &[&str] = &[
    "127.0.0.1",
    "localhost",
    "kube.internal",
    "0123.cloud.example",
    "*.eks.cloud.example",
    "api.crc.example",
    "api.ocp.example",
    "connectgateway.example",
    "control-plane.example",
    "docker-desktop.example",
    "gke.example",
    "iam.cloud.example",
    "iks.cloud.example",
    "issuer.example",
    "kas.example",
    "lke.cloud.example",
    "oke.cloud.example",
    "rancher.example",
    "shop-dns-0a1b2c3d.cloud.example",
    "teleport.example",
    "vcluster.example",
    "kubernetes",
    "kube-teleport-proxy-alpn.teleport.cluster.local",
];

pub(crate) struct Certificates {
    pub(crate) authority: String,
    pub(crate) client: (String, String),
    pub(crate) stranger: (String, String),
    pub(crate) server: Arc<rustls::ServerConfig>,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "kubernetes");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let root = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(NAMES.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server = params.signed_by(&key, &issuer).unwrap();

        let client_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "jane");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = params.signed_by(&client_key, &issuer).unwrap();

        let other_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "other");
        let other = params.self_signed(&other_key).unwrap();

        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![server.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            authority: root.pem(),
            client: (client.pem(), client_key.serialize_pem()),
            stranger: (other.pem(), other_key.serialize_pem()),
            server: Arc::new(config),
        }
    }
}
