#!/usr/bin/env bash
# Builds the image, makes a cluster in Docker, installs the chart, opens a shell in a pod and prints the alert.
# Needs cargo (and what `cargo xtask setup` installs), docker, kind, kubectl, helm, jq. `kind delete cluster --name saker` undoes it.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in cargo docker kind kubectl helm jq script; do
  command -v "$tool" > /dev/null || { echo "$tool is not installed" >&2; exit 1; }
done

cargo xtask image
archive=$(ls -t target/image/saker-*.oci.tar | head -1)
kind get clusters 2> /dev/null | grep -qx saker || kind create cluster --config deploy/kind/cluster.yaml --wait 120s
kind load image-archive "$archive" --name saker

context=(--kube-context kind-saker)
helm upgrade --install falco deploy/helm/saker "${context[@]}" --namespace falco --create-namespace \
  --set nameOverride=falco --set image.pullPolicy=Never
kubectl() { command kubectl --context kind-saker "$@"; }
kubectl rollout status --namespace falco daemonset/falco --timeout 120s

kubectl run web --image busybox --restart Never -- sleep 3600 || true
kubectl wait --for condition=Ready pod/web --timeout 120s
script --quiet --return --command "kubectl --context kind-saker exec -it web -- sh -c 'exit'" /dev/null
for _ in $(seq 30); do
  alert=$(kubectl logs --namespace falco daemonset/falco | jq -c 'select(.rule == "Terminal shell in container")' | tail -1)
  [ -z "$alert" ] || { jq . <<< "$alert"; exit 0; }
  sleep 1
done
echo "no alert in 30 s; kubectl logs --namespace falco daemonset/falco" >&2
exit 1
