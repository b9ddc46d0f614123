//! Resource requests and limits.

use std::collections::BTreeMap;

use super::Quantity;
use super::section::section;

section! {
    /// Resource requests and limits of a container, as in a pod.
    #[derive(Eq)]
    Resources {
        /// The limits of the container, for example `cpu: 500m` and `memory: 1Gi`.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        limits: BTreeMap<String, Quantity>,
        /// The requests of the container, which the scheduler reserves.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        requests: BTreeMap<String, Quantity>,
        /// Dynamic resource claims that the container uses.
        claims?: Vec<Claim>,
    }

    /// A dynamic resource claim.
    #[derive(Eq)]
    #[schemars(extend("required" = ["name"]))]
    Claim {
        /// The claim's name in the pod.
        name: String,
        /// The request in the claim. If not set, all requests.
        request?: text,
    }

    /// A workload with configurable resources.
    #[derive(Eq)]
    Workload {
        /// Resources of its container.
        resources?: Resources,
    }
}

impl Resources {
    /// Requests and limits of CPU and memory.
    pub(super) fn new(requests: (&str, &str), limits: (&str, &str)) -> Self {
        let amounts = |(cpu, memory): (&str, &str)| {
            BTreeMap::from([("cpu".into(), cpu.into()), ("memory".into(), memory.into())])
        };
        Self { limits: amounts(limits), requests: amounts(requests), claims: None }
    }

    /// These resources, with the values that they do not set from `base`. ks-installer does the same, so a
    /// file that only raises the memory limit keeps the other three values.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let mut merged = base.clone();
        merged.limits.extend(self.limits.clone());
        merged.requests.extend(self.requests.clone());
        merged.claims = self.claims.clone().or(merged.claims);
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_amount_by_amount() {
        let base = Resources::new(("20m", "100Mi"), ("1", "1024Mi"));
        let given: Resources = serde_json::from_str(r#"{"limits": {"memory": "4Gi"}}"#).unwrap();
        let merged = given.over(&base);
        assert_eq!(merged.limits["memory"].as_str(), "4Gi");
        assert_eq!(merged.limits["cpu"].as_str(), "1");
        assert_eq!(merged.requests, base.requests);
    }
}
