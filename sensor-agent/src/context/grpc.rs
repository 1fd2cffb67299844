//! Unary gRPC calls over a unix socket. The connection is made at the first call and again when it broke.

use std::{path::Path, time::Duration};

use hyper::http::uri::PathAndQuery;
use prost::Message;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::answer::Failure;

/// Time for one call.
pub(super) const CALL: Duration = Duration::from_secs(1);
/// A connection that answers no ping for so long is dropped.
const PING: Duration = Duration::from_secs(5);
/// Bytes of one answer: a container's specification with all its mounts takes some 100 KiB.
const ANSWER_BYTES: usize = 4 << 20;

/// A server at a socket.
#[derive(Clone, Debug)]
pub(super) struct Server(Channel);

impl Server {
    /// The server at `socket`; nothing is connected yet.
    pub(super) fn at(socket: &Path) -> Result<Self, Failure> {
        let uri = format!("unix://{}", socket.display());
        let endpoint = Endpoint::from_shared(uri).map_err(|error| Failure::Down(error.to_string()))?;
        let endpoint = endpoint
            .connect_timeout(CALL)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(CALL)
            .keep_alive_while_idle(false);
        Ok(Self(endpoint.connect_lazy()))
    }

    /// Calls `method`; `namespace` is containerd's.
    pub(super) async fn call<Q, A>(
        &self,
        method: &'static str,
        question: Q,
        namespace: Option<&str>,
    ) -> Result<A, Failure>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut request = Request::new(question);
        if let Some(namespace) = namespace {
            let value =
                MetadataValue::try_from(namespace).map_err(|error| Failure::Down(error.to_string()))?;
            request.metadata_mut().insert("containerd-namespace", value);
        }
        let call = async {
            let mut client = Grpc::new(self.0.clone()).max_decoding_message_size(ANSWER_BYTES);
            client.ready().await.map_err(|error| Status::unavailable(reason(&error)))?;
            let codec: ProstCodec<Q, A> = ProstCodec::default();
            client.unary(request, PathAndQuery::from_static(method), codec).await
        };
        // Around all of it: a connection that is accepted and never served hangs before the request.
        let Ok(result) = tokio::time::timeout(CALL, call).await else {
            return Err(Failure::Down(format!("nothing within {} ms", CALL.as_millis())));
        };
        match result {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) if matches!(status.code(), Code::NotFound | Code::Unimplemented) => {
                Err(Failure::NotFound)
            }
            Err(status) => Err(Failure::Down(format!("{:?}: {}", status.code(), status.message()))),
        }
    }
}

/// An error with its causes on one line.
fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
