# Gives Services of type LoadBalancer an address, as a cloud would. `addresses.sh KUBERNETES KUBECONFIG NETWORK FIRST LAST`: the binary with
# kubectl in it, and the pool NETWORK.FIRST to NETWORK.LAST. A Service that names `loadBalancerIP` gets that one.
set -uo pipefail
kubernetes=$1 network=$3 first=$4 last=$5
export KUBECONFIG=$2

kubectl() { "$kubernetes" kubectl "$@"; }

waiting='{{if eq .spec.type "LoadBalancer"}}{{if not .status.loadBalancer.ingress}}{{.metadata.namespace}} {{.metadata.name}} {{or .spec.loadBalancerIP "any"}}{{"\n"}}{{end}}{{end}}'

# The lowest address that no Service has.
free() {
  local used number
  used=" $(kubectl get services --all-namespaces -o 'jsonpath={.items[*].status.loadBalancer.ingress[*].ip}') "
  for number in $(seq "$first" "$last"); do
    case "$used" in *" $network.$number "*) ;; *) echo "$network.$number"; return ;; esac
  done
  return 1
}

while true; do
  while read -r namespace name wanted; do
    [ "$wanted" = any ] && { wanted=$(free) || { echo "no address is left for $namespace/$name"; continue; }; }
    kubectl patch service "$name" --namespace "$namespace" --subresource=status --type=merge --field-manager=sandbox-addresses \
      --patch "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"$wanted\",\"ipMode\":\"VIP\"}]}}}"
  done < <(kubectl get services --all-namespaces --watch -o go-template="$waiting")
  # The API server was restarted, or is being.
  sleep 1
done
