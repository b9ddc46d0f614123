//! Who asked for a run, as far as the ClusterConfiguration tells. Pure.

use super::cc::Configured;
use super::decision::Cause;
use crate::object::FIELD_MANAGER;

/// The field manager of the last edit, where a user asked; else what the run is made for.
pub(super) fn requester(cc: &Configured, cause: Cause) -> String {
    let part = match cause {
        Cause::Start | Cause::Edit => "f:spec",
        Cause::Mode | Cause::Request => "f:metadata",
        _ => return cause.as_str().to_owned(),
    };
    let entries = cc.body["metadata"]["managedFields"].as_array();
    let others = entries.into_iter().flatten().filter(|entry| {
        // The controller itself never writes a specification: `ksi apply` and `ksi member join` do.
        (part == "f:spec" || entry["manager"] != FIELD_MANAGER)
            && entry["subresource"].as_str().is_none_or(str::is_empty)
            && !entry["fieldsV1"][part].is_null()
    });
    let last = others.max_by_key(|entry| entry["time"].as_str());
    last.and_then(|entry| entry["manager"].as_str()).unwrap_or_else(|| cause.as_str()).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_last_writer_of_the_specification_asked_for_it() {
        let entry = |manager: &str, time: &str, fields: Value| json!({"manager": manager, "time": time, "fieldsV1": fields});
        let cc = Configured::of(json!({"metadata": {"managedFields": [
            entry("kubectl-create", "2026-11-21T16:00:00Z", json!({"f:spec": {}})),
            entry("kubectl-edit", "2026-11-21T17:00:00Z", json!({"f:spec": {"f:a": {}}})),
            entry("kubectl-annotate", "2026-11-21T18:00:00Z", json!({"f:metadata": {}})),
            entry("ksi", "2026-11-21T19:00:00Z", json!({"f:metadata": {}, "f:status": {}})),
        ]}}));
        assert_eq!(requester(&cc, Cause::Edit), "kubectl-edit");
        let applied = entry("ksi", "2026-11-21T20:00:00Z", json!({"f:spec": {}}));
        let applied = Configured::of(json!({"metadata": {"managedFields": [applied]}}));
        assert_eq!(requester(&applied, Cause::Edit), "ksi");
        assert_eq!(requester(&cc, Cause::Request), "kubectl-annotate");
        assert_eq!(requester(&cc, Cause::Drift), "Drift");
        assert_eq!(requester(&Configured::of(json!({})), Cause::Edit), "Edit");
    }
}
