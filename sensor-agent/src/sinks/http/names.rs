//! The receiver's addresses, remembered for a moment: the client would ask for them per request, in a thread of its own.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// A receiver that moves is found after this time.
const MEMORY: Duration = Duration::from_secs(5);

/// Resolves the one name of `http_output.url`.
#[derive(Debug, Default)]
pub(super) struct Names {
    host: DefaultResolver,
    known: Mutex<Option<(Instant, ResolvedSocketAddrs)>>,
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, addresses)) = &*known
            && since.elapsed() < MEMORY
        {
            return Ok(addresses.clone());
        }
        let addresses = self.host.resolve(uri, config, timeout)?;
        *known = Some((Instant::now(), addresses.clone()));
        Ok(addresses)
    }
}
