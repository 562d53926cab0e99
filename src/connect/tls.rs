//! TLS: whom to trust, and which certificate to show. By rustls with ring.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        ResolvesClientCert, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use super::{
    error::{Error, ErrorKind},
    options::Secret,
    plan::Trust,
};

/// What every TLS connection to the server is made with.
#[derive(Clone)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    pub(crate) identity: Arc<Identity>,
    /// `tls-server-name`: the name to ask for and to check instead of the address's.
    pub(crate) server_name: Option<ServerName<'static>>,
}

impl Tls {
    pub(crate) fn new(trust: &Trust) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = if trust.insecure {
            Arc::new(AnyServer(provider.clone()))
        } else if let Some(pem) = &trust.authority {
            authority_verifier(pem, &provider)?
        } else {
            let system = rustls_platform_verifier::Verifier::new(provider.clone());
            Arc::new(system.map_err(|why| {
                Error::new(ErrorKind::Tls, format!("error: the system's certificate store can't be read: {why}"))
            })?)
        };
        let identity = Arc::new(Identity::default());
        if let Some((chain, key)) = &trust.identity {
            identity.replace(Some((chain, key))).map_err(|why| {
                Error::config(why).with_hint(
                    "supported client keys: RSA from 2048 bits, ECDSA P-256 and P-384, Ed25519; unencrypted PEM",
                )
            })?;
        }
        let server_name = match &trust.server_name {
            Some(name) => {
                let parsed = ServerName::try_from(name.clone());
                Some(parsed.map_err(|_| Error::config(format!("tls-server-name {name:?} is not a host name")))?)
            }
            None => None,
        };
        Ok(Self { provider, verifier, identity, server_name })
    }

    /// A configuration with its own session cache: after a change of the client's certificate no old session may be resumed.
    pub(crate) fn config(&self, protocols: &[&[u8]]) -> Result<Arc<ClientConfig>, Error> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|why| Error::new(ErrorKind::Tls, format!("error: tls: {why}")))?;
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(self.verifier.clone())
            .with_client_cert_resolver(self.identity.clone());
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// Random bytes from the same source that TLS uses.
    pub(crate) fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // Only an audit log's session id depends on it; zeros are a poor one, but no reason to fail.
        let _ = self.provider.secure_random.fill(&mut bytes);
        bytes
    }
}

fn authority_verifier(pem: &[u8], provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let load = |why: &str| {
        Error::config(format!("unable to load root certificates: {why}"))
            .with_hint("certificate-authority(-data) of the cluster must hold PEM certificates")
    };
    let bundle: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem).flatten().collect();
    let mut roots = RootCertStore::empty();
    // As in Go, one usable certificate is enough, whatever else the bundle holds.
    for certificate in &bundle {
        let _ = roots.add(certificate.clone());
    }
    if roots.is_empty() {
        let empty = bundle.is_empty();
        return Err(load(if empty { "unable to parse bytes as PEM block" } else { "failed to parse certificate" }));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|why| load(&why.to_string()))?;
    Ok(Arc::new(AuthorityVerifier { inner: verifier, bundle }))
}

/// Believes what the CA signed, and the CA's own certificate where the server shows that one: some small distributions have a single
/// self-signed certificate for both, which Go accepts and webpki by itself does not.
#[derive(Debug)]
struct AuthorityVerifier {
    inner: Arc<WebPkiServerVerifier>,
    bundle: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for AuthorityVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(certificate, intermediates, name, ocsp, now);
        match &verdict {
            // webpki has checked the dates before it minds this.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(why)))
                if why.to_string().contains("CaUsedAsEndEntity")
                    && self.bundle.iter().any(|known| known == certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            _ => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The client's certificate, which a credential plugin may replace while the program runs.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    key: RwLock<Option<Arc<CertifiedKey>>>,
    /// Counts replacements, so that connections with the old certificate can be dropped.
    generation: AtomicU64,
}

impl Identity {
    /// Sets the certificate chain and key (PEM), or none. The error is Go's sentence.
    pub(crate) fn replace(&self, pem: Option<(&[u8], &Secret)>) -> Result<(), String> {
        let fresh = pem.map(|(chain, key)| certified_key(chain, key.expose().as_bytes())).transpose()?.map(Arc::new);
        let mut key = self.key.write().unwrap_or_else(PoisonError::into_inner);
        let unchanged = match (&*key, &fresh) {
            (Some(old), Some(new)) => old.cert == new.cert,
            (None, None) => true,
            _ => false,
        };
        *key = fresh;
        if !unchanged {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

fn certified_key(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain).flatten().collect();
    if chain.is_empty() {
        return Err("tls: failed to find any PEM data in certificate input".to_owned());
    }
    let encrypted = key.windows(9).any(|window| window == b"ENCRYPTED");
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        if encrypted {
            "tls: failed to parse private key: it is encrypted"
        } else {
            "tls: failed to find any PEM data in key input"
        }
        .to_owned()
    })?;
    let key = rustls::crypto::ring::default_provider()
        .key_provider
        .load_private_key(key)
        .map_err(|_| "tls: failed to parse private key: not of a supported kind".to_owned())?;
    // Looked for as bytes: webpki would refuse certificates of X.509 v1, which `openssl x509 -req` makes and Go accepts.
    if let Some(public) = key.public_key()
        && !chain[0].windows(public.len()).any(|window| window == &public[..])
    {
        return Err("tls: private key does not match public key".to_owned());
    }
    Ok(CertifiedKey::new(chain, key))
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.key.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_certs(&self) -> bool {
        self.key.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// `insecure-skip-tls-verify`: any certificate will do; the handshake's signatures are checked all the same.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
