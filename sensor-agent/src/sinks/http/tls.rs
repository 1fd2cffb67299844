//! Certificates and keys of `http_output`: `ca_cert` before `ca_bundle` before `ca_path`, and the client's own.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use rustls::crypto::ring;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::HttpOptions;
use crate::sinks::SinkError;

/// Bytes of a file of certificates, and files of a directory.
const FILE_BYTES: u64 = 4 << 20;
const FILES: usize = 4096;

pub(super) fn config(options: &HttpOptions) -> Result<TlsConfig, SinkError> {
    let mut builder = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .disable_verification(options.insecure);
    if !options.insecure {
        builder = builder.root_certs(RootCerts::Specific(Arc::new(roots(options)?)));
    }
    if options.mtls {
        let chain = certificates("client_cert", &options.client_cert)?;
        builder = builder.client_cert(Some(ClientCert::new_with_certs(&chain, key(&options.client_key)?)));
    }
    Ok(builder.build())
}

fn roots(options: &HttpOptions) -> Result<Vec<Certificate<'static>>, SinkError> {
    match (&options.ca_cert, &options.ca_bundle) {
        (Some(file), _) => certificates("ca_cert", file),
        (None, Some(file)) => certificates("ca_bundle", file),
        (None, None) => directory(&options.ca_path),
    }
}

fn wrong(key: &'static str, path: &Path, what: impl std::fmt::Display) -> SinkError {
    SinkError::HttpOption { key, what: format!("{}: {what}", path.display()) }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if read as u64 > FILE_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

fn certificates(option: &'static str, path: &Path) -> Result<Vec<Certificate<'static>>, SinkError> {
    let bytes = read(path).map_err(|error| wrong(option, path, error))?;
    let items: Result<Vec<PemItem<'_>>, ureq::Error> = parse_pem(&bytes).collect();
    let items = items.map_err(|error| wrong(option, path, error))?;
    let found: Vec<_> = items.into_iter().filter_map(certificate).collect();
    if found.is_empty() { Err(wrong(option, path, "holds no certificate in PEM form")) } else { Ok(found) }
}

fn certificate(item: PemItem<'static>) -> Option<Certificate<'static>> {
    match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    }
}

/// All certificates of a directory, each once: `/etc/ssl/certs` has each under several names. Other files are passed over.
fn directory(path: &Path) -> Result<Vec<Certificate<'static>>, SinkError> {
    let entries = fs::read_dir(path).map_err(|error| wrong("ca_path", path, error))?;
    let files: BTreeSet<_> =
        entries.take(FILES).filter_map(|entry| fs::canonicalize(entry.ok()?.path()).ok()).collect();
    let mut ders = BTreeSet::new();
    let mut all = Vec::new();
    for bytes in files.iter().filter(|file| file.is_file()).filter_map(|file| read(file).ok()) {
        let found = parse_pem(&bytes).filter_map(|item| certificate(item.ok()?));
        all.extend(found.filter(|certificate| ders.insert(certificate.der().to_vec())));
    }
    if all.is_empty() { Err(wrong("ca_path", path, "holds no certificate in PEM form")) } else { Ok(all) }
}

fn key(path: &Path) -> Result<PrivateKey<'static>, SinkError> {
    let bytes = read(path).map_err(|error| wrong("client_key", path, error))?;
    PrivateKey::from_pem(&bytes).map_err(|error| wrong("client_key", path, error))
}
