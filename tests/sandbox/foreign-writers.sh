#!/usr/bin/env bash
# What other hands do to ksi's objects between two of its runs. `foreign-writers.sh [ROW…]` does all rows, or those
# named; `--list` shows them with what the second run must answer. Needs KUBECONFIG; KUBECTL is the command, `kubectl` without it.
set -uo pipefail
shopt -s inherit_errexit

system=kubesphere-system
skipped=77
read -r -a kubectl <<< "${KUBECTL:-kubectl}"

k() { "${kubectl[@]}" "$@"; }
ks() { k --namespace "$system" "$@"; }

# The names of the rows, in order, each with what the second run must answer.
rows=(
  "load-balancer-address:no request"
  "foreign-label:no request"
  "foreign-key:no request"
  "our-label:put back, or a conflict that is reported"
  "our-value:as the conflict policy says, reported"
  "our-value-and-back:one apply that owns it again"
  "ca-bundle-removed:left to the injector if its manager owns it"
  "failure-policy:conflict, reported"
  "scale:left alone"
  "set-image:conflict, reported"
  "rollout-restart:no request"
  "extra-container:no request"
  "type-config-status:no request"
  "global-role-rules:conflict, reported"
  "managed-fields-wiped:one apply that owns them again"
  "deleted-and-created:uid differs, adopted and reported"
  "configuration-rewritten:no write when the meaning is equal"
  "admin-user:no request"
  "iam-annotated:no request"
  "clusters-rewritten:no request"
)

# GET, change, PUT: what a controller written in Go does. `$1` is jq-like Python that changes `o`.
rewrite() {
  local change=$1
  shift
  k get "$@" -o json | python3 -c "
import json, sys
o = json.load(sys.stdin)
$change
json.dump(o, sys.stdout)" | k replace --field-manager=controller-manager -f -
}

load-balancer-address() {
  local service
  service=$(ks get services -o go-template='{{range .items}}{{if eq .spec.type "LoadBalancer"}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}' | sed -n 1p)
  if [ -z "$service" ]; then
    echo "$system has no Service of type LoadBalancer: configure one, such as Tower's"
    return "$skipped"
  fi
  ks patch service "$service" --subresource=status --type=merge --field-manager=cloud \
    -p '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.10"}]}}}'
}

foreign-label() {
  ks label --overwrite serviceaccount kubesphere example.com/foreign=yes
  ks label --overwrite configmap ks-router-config example.com/foreign=yes
  k label --overwrite clusterrole cluster-viewer example.com/foreign=yes
}

foreign-key() {
  ks patch configmap ks-router-config --type=merge -p '{"data":{"example.com-foreign":"yes"}}'
}

our-label() {
  ks label --overwrite deployment ks-console app=other
  ks label role tower app-
}

our-value() {
  local key
  key=$(ks get configmap ks-router-config -o go-template='{{range $k, $v := .data}}{{$k}}{{"\n"}}{{end}}' | sed -n 1p)
  ks patch configmap ks-router-config --type=merge -p "{\"data\":{\"$key\":\"foreign\"}}"
  key=$(ks get secret kubesphere-secret -o go-template='{{range $k, $v := .data}}{{$k}}{{"\n"}}{{end}}' | sed -n 1p)
  ks patch secret kubesphere-secret --type=merge -p "{\"data\":{\"$key\":\"Zm9yZWlnbg==\"}}"
  k patch clusterrole cluster-viewer --type=json -p '[{"op":"replace","path":"/rules","value":[]}]'
}

our-value-and-back() {
  local before
  before=$(k get clusterrole cluster-viewer -o jsonpath='{.rules}')
  k patch clusterrole cluster-viewer --type=json -p '[{"op":"replace","path":"/rules","value":[]}]'
  k patch clusterrole cluster-viewer --type=json -p "[{\"op\":\"replace\",\"path\":\"/rules\",\"value\":$before}]"
}

ca-bundle-removed() {
  k patch validatingwebhookconfiguration users.iam.kubesphere.io --type=json --field-manager=injector \
    -p '[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]'
}

failure-policy() {
  k patch validatingwebhookconfiguration users.iam.kubesphere.io --type=json \
    -p '[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]'
}

scale() { ks scale deployment ks-console --replicas=2; }

set-image() { ks set image deployment ks-console ks-console=example.com/ks-console:foreign; }

rollout-restart() { ks rollout restart deployment ks-apiserver; }

extra-container() {
  ks patch deployment ks-apiserver -p '{"spec":{"template":{"spec":{"containers":[{"name":"foreign","image":"example.com/foreign:1"}]}}}}'
}

type-config-status() {
  local config=federatedtypeconfigs.core.kubefed.io/configmaps
  k --namespace kube-federation-system patch "$config" --subresource=status --type=merge \
    -p '{"status":{"observedGeneration":1,"propagationController":"Running","statusController":"NotRunning"}}'
  k --namespace kube-federation-system patch "$config" --type=merge \
    -p '{"metadata":{"finalizers":["core.kubefed.io/federated-type-config"]}}'
}

global-role-rules() {
  k patch globalroles.iam.kubesphere.io platform-regular --type=json \
    -p '[{"op":"add","path":"/rules/-","value":{"apiGroups":["example.com"],"resources":["*"],"verbs":["get"]}}]'
}

managed-fields-wiped() {
  ks patch configmap ks-router-config --type=json -p '[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]'
}

deleted-and-created() {
  local object
  object=$(ks get configmap ks-router-config -o json)
  ks delete configmap ks-router-config
  ks create -f - <<< "$(python3 -c '
import json, sys
o = json.load(sys.stdin)
for key in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
    o["metadata"].pop(key, None)
print(json.dumps(o))' <<< "$object")"
}

# Through a Go struct: keys in another order, durations in Go's spelling, false values dropped, defaults added.
configuration-rewritten() {
  rewrite '
import re
text = o["data"]["kubesphere.yaml"]
text = re.sub(r"(:\s*)(\d+)h\s*$", r"\1\2h0m0s", text, flags=re.M)
text = re.sub(r"(:\s*)(\d+)m\s*$", r"\1\2m0s", text, flags=re.M)
text = re.sub(r"^ +[A-Za-z]+: false\n", "", text, flags=re.M)
if "accessTokenMaxAge" not in text:
    extra = "\\1    accessTokenMaxAge: 0s\n    accessTokenInactivityTimeout: 0s\n"
    text = re.sub(r"(^  oauthOptions:\n)", extra, text, flags=re.M)
blocks = re.split(r"^(?=[a-zA-Z])", text, flags=re.M)
o["data"]["kubesphere.yaml"] = "".join(sorted(b if b.endswith("\n") or not b else b + "\n" for b in blocks))
o["metadata"].pop("managedFields", None)' --namespace "$system" configmap kubesphere-config
}

admin-user() {
  rewrite '
o["spec"]["password"] = "$2a$10$wcTyp1cqkQYkP6bbUzMn5uLCTTuBUDUPaVT3JyhJmN1bVGVTQbFHa"
o["metadata"].setdefault("labels", {})["kubefed.io/managed"] = "false"
o["metadata"]["finalizers"] = ["finalizers.kubesphere.io/users"]' users.iam.kubesphere.io admin
  k patch users.iam.kubesphere.io admin --type=merge --field-manager=controller-manager -p '{"status":{"state":"Active"}}'
}

iam-annotated() {
  local role
  for role in $(k get globalroles.iam.kubesphere.io -o name); do
    rewrite '
o["metadata"].setdefault("labels", {})["kubefed.io/managed"] = "false"
o["metadata"].setdefault("annotations", {})["example.com/seen"] = "yes"' "$role"
  done
}

clusters-rewritten() {
  local cluster
  for cluster in $(k get clusters.cluster.kubesphere.io -o name); do
    rewrite 'o["metadata"].setdefault("labels", {})["example.com/seen"] = "yes"' "$cluster"
  done
  for cluster in $(k get kubefedclusters.core.kubefed.io --namespace kube-federation-system -o name); do
    rewrite 'o["metadata"].setdefault("labels", {})["example.com/seen"] = "yes"' --namespace kube-federation-system "$cluster"
  done
}

wanted=("$@")
if [ "${1:-}" = --list ]; then
  for row in "${rows[@]}"; do printf '%-24s %s\n' "${row%%:*}" "${row#*:}"; done
  exit 0
fi
[ $# -gt 0 ] || wanted=("${rows[@]%%:*}")

failed=0
for name in "${wanted[@]}"; do
  if ! printf '%s\n' "${rows[@]%%:*}" | grep -qx -- "$name"; then
    echo "no row $name; --list shows them" >&2
    exit 2
  fi
  # In a shell of its own, so that its first error ends it and no other. Not as a condition of `if`, where
  # bash ignores `set -e`.
  said=$(set -e; "$name" 2>&1)
  case $? in
    0) echo "done    $name" ;;
    "$skipped") echo "SKIPPED $name: $said" ;;
    *) echo "FAILED  $name: $said"; failed=1 ;;
  esac
done
exit $failed
