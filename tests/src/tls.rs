//! The certificates, made anew for each cluster: an authority, the server's, and a client's.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

/// What the server shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Certificate {
    /// Good for 127.0.0.1 and localhost, by the authority in the kubeconfig.
    #[default]
    Good,
    /// Ran out in 2020.
    Expired,
    /// For `kubernetes.example`, not for the address that it serves on.
    OtherName,
    /// By an authority that the kubeconfig doesn't hold.
    OtherAuthority,
}

/// PEM texts for the kubeconfig, and the acceptor for the server.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) authority: String,
    pub(crate) client_certificate: String,
    pub(crate) client_key: String,
    pub(crate) acceptor: TlsAcceptor,
}

type Authority = (rcgen::Certificate, Issuer<'static, KeyPair>);

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let certificate = params.self_signed(&key).unwrap();
    (certificate, Issuer::new(params, key))
}

impl Tls {
    pub(crate) fn new(shown: Certificate, user: &str, http1_only: bool) -> Self {
        let (root, issuer) = authority("kubernetes");
        let (told, _) = if shown == Certificate::OtherAuthority {
            authority("kubernetes")
        } else {
            (root.clone(), authority("unused").1)
        };

        let names = match shown {
            Certificate::OtherName => vec!["kubernetes.example".to_owned()],
            _ => ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"].map(str::to_owned).to_vec(),
        };
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if shown == Certificate::Expired {
            params.not_before = rcgen::date_time_ymd(2019, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let server = params.signed_by(&key, &issuer).unwrap();

        let client_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, user);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = params.signed_by(&client_key, &issuer).unwrap();

        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![server.der().clone(), root.der().clone()];
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        config.alpn_protocols =
            if http1_only { vec![b"http/1.1".to_vec()] } else { vec![b"h2".to_vec(), b"http/1.1".to_vec()] };
        Self {
            authority: told.pem(),
            client_certificate: client.pem(),
            client_key: client_key.serialize_pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}
