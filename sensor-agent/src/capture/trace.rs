//! Log lines of a traced kernel object.

use aya::Ebpf;
use aya_log::EbpfLogger;
use log::{LevelFilter, Log, Metadata, Record};

use super::CaptureError;

/// Reads the hooks' log lines.
pub struct Tracer<F: Fn(&str) + Send + Sync>(EbpfLogger<Lines<F>>);

struct Lines<F>(F);

impl<F: Fn(&str) + Send + Sync> Log for Lines<F> {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        (self.0)(&record.args().to_string());
    }

    fn flush(&self) {}
}

impl<F: Fn(&str) + Send + Sync> Tracer<F> {
    /// Hands lines to `told` from now on; an error when the object has none.
    pub(super) fn new(ebpf: &mut Ebpf, told: F) -> Result<Self, CaptureError> {
        log::set_max_level(LevelFilter::Trace);
        let logger = EbpfLogger::init_with_logger(ebpf, Lines(told));
        logger.map(Self).map_err(|_error| CaptureError::BadObject { what: "AYA_LOGS" })
    }

    /// Hands over all lines that wait.
    pub fn flush(&mut self) {
        self.0.flush();
    }
}
