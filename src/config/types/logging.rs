//! Logs and events.

use super::section::section;
use super::{Resources, Workload};

section! {
    /// Collection and search of logs.
    Logging {
        /// Whether logging is installed.
        enabled: bool,
        /// Logs that containers write to files on a volume.
        logsidecar: LogSidecar,
        placement;
    }

    /// Logs that containers write to files on a volume.
    #[derive(Eq)]
    LogSidecar {
        /// Whether sidecars that read these files are injected.
        enabled: bool = true,
        /// The number of the injector's replicas.
        #[schemars(range(min = 1))]
        replicas: u32 = 2,
        /// Resources of the injector's container.
        resources?: Resources,
    }

    /// Search and alerts on Kubernetes Events.
    Events {
        /// Whether events are installed.
        enabled: bool,
        /// The operator of the events system.
        operator: Workload,
        /// The exporter that reads Kubernetes Events.
        exporter: Workload,
        /// The ruler that creates alerts from events.
        ruler: EventsRuler,
        placement;
    }

    /// The ruler that creates alerts from events.
    #[derive(Eq)]
    EventsRuler {
        /// Whether it runs.
        enabled: bool = true,
        /// The number of replicas.
        #[schemars(range(min = 1))]
        replicas: u32 = 2,
        /// Resources of its container.
        resources?: Resources,
    }
}
