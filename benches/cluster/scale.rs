//! The same objects once, 10 times and 50 times, through the engine: time must grow like their number.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use ksi::cluster::{Apply, Cluster};
use ksi::engine::{self, Desired, Graph, Options, Stop, Wait};
use ksi::inventory::{Inventory, Key};
use ksi::object::{Object, ObjectId, Policy};
use ksi::plan::PlanOptions;
use ksi::target::{ClusterTarget, Store as _};
use ksi::values::StoredValues;
use sandbox::control_plane::ControlPlane;
use serde_json::Value;

use crate::connected;

const COPIES: [usize; 3] = [1, 10, 50];

/// What can be there many times: nothing that runs, that guards, or that has a number of its own.
fn can_be_copied(id: &ObjectId) -> bool {
    let is_iam = id.group == "iam.kubesphere.io" && id.kind != "User";
    let kinds = ["ConfigMap", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
    is_iam || kinds.contains(&id.kind.as_str())
}

fn copies(manifests: &[Value], count: usize) -> Vec<Object> {
    let originals: Vec<&Value> = manifests
        .iter()
        .filter(|body| ObjectId::of(body).is_some_and(|id| can_be_copied(&id)))
        .collect();
    let copy = |body: &Value, number: usize| {
        let mut body = body.clone();
        let name = body["metadata"]["name"].as_str().unwrap_or_default();
        body["metadata"]["name"] = format!("{name}-{number}").into();
        let id = ObjectId::of(&body).expect("a name");
        Object { id, component: "copies".to_owned(), policy: Policy::Apply, body }
    };
    (0..count).flat_map(|number| originals.iter().map(move |body| copy(body, number))).collect()
}

/// Prints one line for each number of copies. The cluster has namespaces and kinds, nothing else.
pub(crate) fn measure(plane: &ControlPlane, manifests: &[Value], prepare: impl Fn()) {
    println!(
        "\n{:>8} {:>9} {:>9} {:>7} {:>11} {:>9}",
        "objects", "limit ms", "fresh ms", "ratio", "fresh/each", "again ms"
    );
    for count in COPIES {
        let objects = copies(manifests, count);
        prepare();
        let limit = timed(plane, async |cluster| raw(&cluster, &objects).await);
        prepare();
        let desired = || Desired {
            objects: objects.clone(),
            values: StoredValues::default(),
            spec_hash: String::new(),
        };
        let fresh = timed(plane, async |cluster| Box::pin(run(cluster, desired())).await);
        let again = timed(plane, async |cluster| Box::pin(run(cluster, desired())).await);
        let ms = |took: Duration| took.as_secs_f64() * 1e3;
        let each = ms(fresh) / f64::from(u32::try_from(objects.len()).unwrap_or(u32::MAX));
        println!(
            "{:8} {:9.0} {:9.0} {:7.2} {:11.2} {:9.0}",
            objects.len(),
            ms(limit),
            ms(fresh),
            ms(fresh) / ms(limit),
            each,
            ms(again)
        );
    }
}

fn timed(plane: &ControlPlane, work: impl AsyncFnOnce(Arc<Cluster>)) -> Duration {
    connected(plane, async |cluster| {
        let begin = Instant::now();
        work(cluster).await;
        begin.elapsed()
    })
}

async fn raw(cluster: &Cluster, objects: &[Object]) {
    let force = Apply { force: true, ..Apply::default() };
    let all = objects.iter().map(|object| cluster.apply(&object.body, force));
    try_join_all(all).await.expect("the requests");
}

async fn run(cluster: Arc<Cluster>, desired: Desired) {
    let target = ClusterTarget::new(cluster, "bench");
    let options = Options {
        plan: PlanOptions::default(),
        blank: Inventory::new(Key::new([1; 32]), env!("CARGO_PKG_VERSION")),
        graph: Graph::default(),
        wait: Wait { health: false, timeout: Duration::from_secs(600), ..Wait::default() },
        assumed: None,
        runner: None,
        only: None,
        replaced: None,
    };
    let stored = target.values().await.expect("no stored values");
    let planned = engine::plan(&target, stored, desired, &options).await.expect("a plan");
    let done = engine::apply(&target, &planned, &options, &Stop::default(), &mut |_| {}).await;
    done.expect("a run");
}
