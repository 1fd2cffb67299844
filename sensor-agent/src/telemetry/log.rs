//! The agent's own words, as text or JSON: one line per event whatever somebody put into it.

use std::fmt;

pub use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    filter::Targets,
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
};

use crate::border::text::push_visible;

/// Where what the agent itself says comes from.
const OWN: [&str; 2] = ["sensor_agent", "saker"];

/// `log_level`, and the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Least severe level that is written; `OFF` when nobody takes it.
    pub level: LevelFilter,
    /// The same of what libraries say (`libs_logger`): their debugging would bury the agent's.
    pub libraries: LevelFilter,
    /// JSON instead of text.
    pub json: bool,
}

/// The log could not be started: there is one already.
#[derive(Debug, thiserror::Error)]
#[error("the log is already set up")]
pub struct LogError {
    #[from]
    source: tracing::subscriber::SetGlobalDefaultError,
}

/// Falco's words for `log_level`, any case.
pub fn level(word: &str) -> Option<LevelFilter> {
    let levels = [
        (&["emergency", "alert", "critical", "error", "fatal"][..], LevelFilter::ERROR),
        (&["warning"], LevelFilter::WARN),
        (&["notice", "info", "informational"], LevelFilter::INFO),
        (&["debug"], LevelFilter::DEBUG),
        (&["trace"], LevelFilter::TRACE),
    ];
    let known = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    levels.into_iter().find_map(|(words, level)| known(words).then_some(level))
}

/// From now on `tracing` writes to what `writer` makes, a whole line at once.
pub fn init<W>(options: Options, writer: W) -> Result<(), LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Ok(tracing::subscriber::set_global_default(subscriber(options, writer))?)
}

fn subscriber<W>(options: Options, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder =
        tracing_subscriber::fmt().with_max_level(options.level).with_ansi(false).with_writer(writer);
    let targets =
        OWN.into_iter().fold(Targets::new(), |targets, own| targets.with_target(own, options.level));
    let targets = targets.with_default(options.libraries.min(options.level));
    if options.json {
        let json = format().json().flatten_event(true).with_current_span(false).with_span_list(false);
        let fields = format::JsonFields::new();
        Box::new(builder.fmt_fields(fields).event_format(OneLine(json)).finish().with(targets))
    } else {
        Box::new(builder.event_format(OneLine(format().with_ansi(false))).finish().with(targets))
    }
}

/// Formats as the inner one does, then writes control characters out. The library escapes what starts a terminal
/// sequence in values but lets line breaks pass, and a line break lets a file name forge a line of the log.
struct OneLine<F>(F);

impl<S, N, F> FormatEvent<S, N> for OneLine<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        self.0.format_event(context, Writer::new(&mut text), event)?;
        let mut line = String::with_capacity(text.len());
        push_visible(&mut line, text.trim_end_matches('\n'));
        writeln!(writer, "{line}")
    }
}

#[cfg(test)]
mod tests;
