//! What is answered to whom. Everybody learns the status; details are for callers on this host or with the token.

use std::time::Duration;

use http_body_util::Full;
use hyper::{
    Method, Response, StatusCode,
    body::Bytes,
    header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Map, Value, json};

use crate::telemetry::{Snapshot, Telemetry, health::Report, losses::Gap, metrics};

use super::Options;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer before it becomes HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

/// Whether `Authorization: Bearer` holds the configured token. How long it takes does not depend on where they differ.
pub(super) fn has_token(headers: &HeaderMap, options: &Options) -> bool {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let (Some(shown), Some(token)) = (shown, &options.token) else { return false };
    let differing = shown.iter().zip(token.as_bytes()).fold(0, |differing, (a, b)| differing | (a ^ b));
    shown.len() == token.len() && differing == 0
}

/// The answer to `method path`; `is_trusted`: the caller is on a loopback address or has shown the token.
pub(super) fn answer(
    method: &Method,
    path: &str,
    is_trusted: bool,
    telemetry: &Telemetry,
    options: &Options,
) -> Answer {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    }
    match path {
        path if path == options.healthz || path == "/readyz" => health(telemetry, is_trusted),
        "/livez" => live(&telemetry.snapshot().ended, is_trusted),
        "/versions" => ok(JSON, versions(&telemetry.snapshot()).to_string()),
        "/metrics" if options.metrics => ok(metrics::CONTENT_TYPE, telemetry.metrics()),
        _ => text(StatusCode::NOT_FOUND, "not found\n"),
    }
}

fn health(telemetry: &Telemetry, is_trusted: bool) -> Answer {
    let report = telemetry.health();
    let (status, word) = if report.is_healthy() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unhealthy")
    };
    let body = if is_trusted {
        detail(word, &telemetry.snapshot(), &report)
    } else {
        // With Falco's space.
        format!("{{\"status\": \"{word}\"}}")
    };
    Answer { status, content_type: JSON, body }
}

/// `status` and `reasons` first: people read it with their eyes, and an event of a pod holds the beginning only.
fn detail(word: &str, snapshot: &Snapshot, report: &Report) -> String {
    let (stats, facts) = (&*snapshot.stats, &*snapshot.facts);
    let milliseconds = |age: Duration| age.as_millis() as u64;
    let canaries = report.canaries.iter().map(|(path, received, age)| {
        (path.label().to_owned(), json!({ "received": received, "age_ms": age.map(milliseconds) }))
    });
    let reasons: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    let rest = json!({
        "uptime_ms": milliseconds(snapshot.uptime),
        "engine": facts.engine,
        "hooks": facts.hooks,
        "degraded": facts.degraded,
        "canaries": canaries.collect::<Map<_, _>>(),
        "sources": { "syscall": {
            "seen": stats.total("seen"),
            "filtered": stats.total("filtered"),
            "submitted": stats.total("submitted"),
            "lost": stats.lost(),
            "skipped_by_kernel": stats.skipped(),
            "decoded": stats.decoded,
            "evaluated": stats.evaluated,
        }},
        "drops": drops(snapshot),
        "gaps": snapshot.gaps.all().map(gap).collect::<Vec<_>>(),
        "ring": {
            "size_bytes": stats.ring.size_bytes,
            "used_bytes": stats.ring.used_bytes,
            "consumed_bytes": stats.ring.consumed_bytes,
        },
        "processes": { "now": stats.processes, "max": stats.processes_max, "evicted": stats.processes_evicted },
        "rules": {
            "generation": stats.generation,
            "files": facts.rule_files,
            "faults": facts.rule_faults,
            "reloads": { "done": facts.reloads_done, "refused": facts.reloads_refused },
        },
        "config_files": facts.config_files,
        "sinks": snapshot.sinks,
        "context": snapshot.context,
    });
    let (reasons, rest) = (Value::from(reasons), rest.to_string());
    format!("{{\"status\":\"{word}\",\"reasons\":{reasons},{}", rest.trim_start_matches('{'))
}

/// Losses by reason, then by system call; what lost nothing is left out.
fn drops(snapshot: &Snapshot) -> Value {
    use sensor_common::ledger::Reason;
    let losses = || Reason::ALL.into_iter().filter(|reason| reason.is_loss());
    let by_syscall = |reason: Reason| -> Map<String, Value> {
        let rows = snapshot.stats.ledger.iter();
        let of =
            |counts: &[(String, u64)]| counts.iter().find(|(label, _)| label == reason.label()).map(|c| c.1);
        rows.filter_map(|row| Some((row.syscall.clone(), of(&row.counts)?.into()))).collect()
    };
    let reasons = losses().map(|reason| (reason.label().to_owned(), Value::Object(by_syscall(reason))));
    reasons.filter(|(_, counts)| counts != &json!({})).collect::<Map<_, _>>().into()
}

fn gap(gap: &Gap) -> Value {
    json!({ "from_ns": gap.from_ns, "to_ns": gap.to_ns, "lost": gap.losses.lost(), "what": gap.to_string() })
}

fn live(ended: &[&str], is_trusted: bool) -> Answer {
    if ended.is_empty() {
        return ok(JSON, r#"{"status": "ok"}"#.to_owned());
    }
    let body = if is_trusted {
        json!({ "status": "unhealthy", "ended": ended }).to_string()
    } else {
        r#"{"status": "unhealthy"}"#.to_owned()
    };
    Answer { status: StatusCode::SERVICE_UNAVAILABLE, content_type: JSON, body }
}

fn versions(snapshot: &Snapshot) -> Value {
    let facts = &*snapshot.facts;
    let mut versions: Map<String, Value> =
        facts.versions.iter().map(|(key, version)| (key.clone(), version.as_str().into())).collect();
    if !facts.plugins.is_empty() {
        versions.insert("plugin_versions".to_owned(), json!(facts.plugins));
    }
    versions.insert("saker_version".to_owned(), env!("CARGO_PKG_VERSION").into());
    versions.into()
}

fn ok(content_type: &'static str, body: String) -> Answer {
    Answer { status: StatusCode::OK, content_type, body }
}

fn text(status: StatusCode, body: &str) -> Answer {
    Answer { status, content_type: TEXT, body: body.to_owned() }
}

impl Answer {
    /// As HTTP; hyper leaves the body out where the method was HEAD.
    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body)));
        *response.status_mut() = self.status;
        let mut set =
            |name: HeaderName, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
        set(CONTENT_TYPE, self.content_type);
        set(CACHE_CONTROL, "no-store");
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            set(ALLOW, "GET, HEAD");
        }
        response
    }
}
