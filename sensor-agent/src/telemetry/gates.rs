//! Which groups of metrics are told: `metrics.*_enabled`.

/// Falco's switches, and how figures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the configuration")]
pub struct Gates {
    /// `rules_counters_enabled`
    pub rules: bool,
    /// `resource_utilization_enabled`
    pub resources: bool,
    /// `state_counters_enabled`
    pub state: bool,
    /// `kernel_event_counters_enabled`
    pub kernel: bool,
    /// `kernel_event_counters_per_cpu_enabled`
    pub kernel_per_cpu: bool,
    /// `convert_memory_to_mb`: snapshots tell MB instead of kB.
    pub megabytes: bool,
    /// `include_empty_values`: snapshots tell what is zero, too.
    pub empty: bool,
}

impl Default for Gates {
    /// Falco's defaults.
    fn default() -> Self {
        Self {
            rules: true,
            resources: true,
            state: true,
            kernel: true,
            kernel_per_cpu: true,
            megabytes: true,
            empty: false,
        }
    }
}
