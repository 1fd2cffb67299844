//! A real receiver: HTTP/1.1 over TCP or TLS, with client certificates on request, that answers as it is told.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// Request line and headers, lower case.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Counted from 0 over all connections.
    pub(super) connection: usize,
}

/// The answer to the `n`th request: a status; 0 closes without one.
type Answer = dyn Fn(usize) -> u16 + Send + Sync;

#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

/// An authority, and a server's and a client's certificate by it.
pub(super) struct Authority {
    pub(super) ca_pem: String,
    pub(super) client_pem: String,
    pub(super) client_key_pem: String,
    tls: Arc<ServerConfig>,
}

impl Authority {
    /// `wants_client`: the server refuses clients without a certificate.
    pub(super) fn new(wants_client: bool) -> Self {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
        let key = || KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = key();
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(params, ca_key);
        let signed = |name: &str| {
            let key = key();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            (params.signed_by(&key, &issuer).unwrap(), key)
        };
        let (server, server_key) = signed("localhost");
        let (client, client_key) = signed("agent");
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = if wants_client {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(ca.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let tls = builder.with_single_cert(vec![server.der().clone()], key).unwrap();
        Self {
            ca_pem: ca.pem(),
            client_pem: client.pem(),
            client_key_pem: client_key.serialize_pem(),
            tls: Arc::new(tls),
        }
    }
}

impl Server {
    pub(super) fn plain(answer: impl Fn(usize) -> u16 + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(answer))
    }

    pub(super) fn tls(authority: &Authority) -> Self {
        Self::start(Some(Arc::clone(&authority.tls)), Arc::new(|_| 200))
    }

    fn start(tls: Option<Arc<ServerConfig>>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let own = server.clone();
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (own, tls, answer) = (own.clone(), tls.clone(), Arc::clone(&answer));
                thread::spawn(move || {
                    let stream: TcpStream = stream?;
                    match tls {
                        Some(tls) => {
                            let tls = ServerConnection::new(tls).map_err(io::Error::other)?;
                            own.serve(StreamOwned::new(tls, stream), connection, &*answer)
                        }
                        None => own.serve(stream, connection, &*answer),
                    }
                });
            }
        });
        server
    }

    fn serve(&self, stream: impl Read + Write, connection: usize, answer: &Answer) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if stream.read_line(&mut head)? == 0 {
                    return Ok(());
                }
            }
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            let mut body = vec![0; length.parse().map_err(io::Error::other)?];
            stream.read_exact(&mut body)?;
            let is_last = head.contains("connection: close");
            let number = {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(Request { head, body, connection });
                seen.len() - 1
            };
            match answer(number) {
                0 => return Ok(()),
                status => {
                    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 2\r\n\r\nok");
                    stream.get_mut().write_all(answer.as_bytes())?;
                }
            }
            stream.get_mut().flush()?;
            if is_last {
                return Ok(());
            }
        }
    }

    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}/", self.address.port())
    }
}
