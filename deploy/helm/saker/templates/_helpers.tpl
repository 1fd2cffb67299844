{{/* Names, labels, and falco.yaml as it is computed from the values. */}}

{{- define "saker.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "saker.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "saker.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "saker.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "saker.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "saker.selectorLabels" -}}
app.kubernetes.io/name: {{ include "saker.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "saker.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "saker.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "saker.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "saker.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "saker.image" -}}
{{- $image := .Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}

{{/* Engines whose sockets are asked, as `container_engines` has them. */}}
{{- define "saker.engines" -}}
{{- $on := and .Values.collectors.enabled .Values.collectors.containerEngine.enabled -}}
{{- range $name := list "docker" "podman" "containerd" "cri" }}
{{- $engine := get $.Values.collectors.containerEngine.engines $name | default dict }}
{{ $name }}:
  enabled: {{ and $on (ne (toString (get $engine "enabled")) "false") }}
  {{- with $engine.sockets }}
  sockets: {{ toJson . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Directories of the sockets, as a JSON list; what lies directly in /run is left to `mounts`. */}}
{{- define "saker.socketDirs" -}}
{{- $dirs := list -}}
{{- range $name, $engine := fromYaml (include "saker.engines" .) -}}
{{- if $engine.enabled -}}
{{- range $engine.sockets -}}
{{- $dirs = append $dirs (dir .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- without ($dirs | uniq) "/run" "/var/run" "/" "." | sortAlpha | toJson -}}
{{- end -}}

{{/* falco.yaml: what is computed, overlaid with `falco`. */}}
{{- define "saker.config" -}}
{{- $computed := dict "container_engines" (fromYaml (include "saker.engines" .)) -}}
{{- if ne (int (default 100 .Values.collectors.containerEngine.labelMaxLen)) 100 -}}
{{- $init := dict "label_max_len" .Values.collectors.containerEngine.labelMaxLen "engines" $computed.container_engines -}}
{{- $_ := set $computed "plugins" (list (dict "name" "container" "init_config" $init)) -}}
{{- end -}}
{{- $modern := .Values.driver.modernEbpf -}}
{{- if .Values.driver.enabled -}}
{{- $ring := dict "buf_size_preset" (int $modern.bufSizePreset) "cpus_for_each_buffer" (int $modern.cpusForEachBuffer) -}}
{{- $_ := set $computed "engine" (dict "kind" "modern_ebpf" "modern_ebpf" $ring) -}}
{{- else -}}
{{- $_ := set $computed "engine" (dict "kind" "nodriver") -}}
{{- end -}}
{{- $_ := set $computed "metadata" (dict "kubernetes" (dict "enabled" (and .Values.collectors.enabled .Values.collectors.kubernetes.enabled))) -}}
{{- with .Values.metrics -}}
{{- if .enabled -}}
{{- $metrics := dict "enabled" true "interval" .interval "output_rule" .outputRule "rules_counters_enabled" .rulesCountersEnabled "resource_utilization_enabled" .resourceUtilizationEnabled "state_counters_enabled" .stateCountersEnabled "kernel_event_counters_enabled" .kernelEventCountersEnabled "kernel_event_counters_per_cpu_enabled" .kernelEventCountersPerCPUEnabled "convert_memory_to_mb" .convertMemoryToMB "include_empty_values" .includeEmptyValues -}}
{{- $_ := set $computed "metrics" $metrics -}}
{{- end -}}
{{- end -}}
{{- if .Values.falcosidekick.enabled -}}
{{- $host := printf "%s-falcosidekick" .Release.Name -}}
{{- if .Values.falcosidekick.fullfqdn -}}{{- $host = printf "%s.%s.svc.cluster.local" $host (include "saker.namespace" .) -}}{{- end -}}
{{- $url := printf "http://%s:%v" $host (default 2801 .Values.falcosidekick.listenPort) -}}
{{- $_ := set $computed "http_output" (dict "enabled" true "url" $url) -}}
{{- $_ := set $computed "json_output" true -}}
{{- end -}}
{{- toYaml (mergeOverwrite $computed (deepCopy .Values.falco)) -}}
{{- end -}}

{{/* Helm merges people's maxUnavailable with our maxSurge, and Kubernetes takes one of them only. */}}
{{- define "saker.updateStrategy" -}}
{{- $strategy := deepCopy .Values.controller.daemonset.updateStrategy -}}
{{- if ne $strategy.type "RollingUpdate" -}}
{{- $strategy = omit $strategy "rollingUpdate" -}}
{{- else if not (has (toString $strategy.rollingUpdate.maxUnavailable) (list "0" "0%")) -}}
{{- $_ := set $strategy "rollingUpdate" (omit $strategy.rollingUpdate "maxSurge") -}}
{{- end -}}
{{- toYaml $strategy -}}
{{- end -}}
