{{/* Values of the falco chart that cannot apply, each with the reason, as a JSON list. */}}
{{- define "saker.notes" -}}
{{- $notes := list -}}
{{- $driver := .Values.driver -}}
{{- if not (has $driver.kind (list "modern_ebpf" "modern-bpf" "auto")) -}}
{{- $notes = append $notes (printf "driver.kind=%s: there is one driver, modern_ebpf, and it is used" $driver.kind) -}}
{{- end -}}
{{- with $driver.loader -}}{{- $notes = append $notes "driver.loader: nothing is downloaded or built on a node" -}}{{- end -}}
{{- range $key := list "kmod" "ebpf" "gvisor" "sysfsMountPath" -}}
{{- if hasKey $driver $key -}}{{- $notes = append $notes (printf "driver.%s: belongs to another driver" $key) -}}{{- end -}}
{{- end -}}
{{- if hasKey $driver.modernEbpf "leastPrivileged" -}}
{{- $notes = append $notes "driver.modernEbpf.leastPrivileged: the pod is least privileged always; containerSecurityContext replaces its security context" -}}
{{- end -}}
{{- range $key := list "dropFailedExit" "disableIterators" "sysfsMount" -}}
{{- if hasKey $driver.modernEbpf $key -}}{{- $notes = append $notes (printf "driver.modernEbpf.%s: has no counterpart" $key) -}}{{- end -}}
{{- end -}}
{{- range $key := list "falcoctl" "responseActions" "falco-talon" "scc" "gvisor" "k8s-metacollector" -}}
{{- if hasKey $.Values $key -}}{{- $notes = append $notes (printf "%s: not part of this chart" $key) -}}{{- end -}}
{{- end -}}
{{- range $key := list "withSize" "hooks" "pluginRef" -}}
{{- if hasKey $.Values.collectors.containerEngine $key -}}{{- $notes = append $notes (printf "collectors.containerEngine.%s: containers are looked up by the agent itself" $key) -}}{{- end -}}
{{- end -}}
{{- range $key := list "pluginRef" "collectorHostname" "collectorPort" "verbosity" "hostProc" -}}
{{- if hasKey $.Values.collectors.kubernetes $key -}}{{- $notes = append $notes (printf "collectors.kubernetes.%s: the agent asks the API server itself" $key) -}}{{- end -}}
{{- end -}}
{{- range $key := list "docker" "containerd" "crio" -}}
{{- if hasKey $.Values.collectors $key -}}{{- $notes = append $notes (printf "collectors.%s: now collectors.containerEngine.engines" $key) -}}{{- end -}}
{{- end -}}
{{- range $key := list "libbpfStatsEnabled" "pluginsMetricsEnabled" "jemallocStatsEnabled" "kernelIterEventCountersEnabled" -}}
{{- if hasKey $.Values.metrics $key -}}{{- $notes = append $notes (printf "metrics.%s: there is no such source of metrics" $key) -}}{{- end -}}
{{- end -}}
{{- if and (hasKey .Values.falco.webserver "ssl_enabled") .Values.falco.webserver.ssl_enabled -}}
{{- $notes = append $notes "falco.webserver.ssl_enabled: the admin server speaks plain HTTP, the pods refuse to start with it" -}}
{{- end -}}
{{- if not $driver.enabled -}}
{{- $notes = append $notes "driver.enabled=false: this version reads no other source of events than the kernel's" -}}
{{- end -}}
{{- range $key := list "server" "client" "ca" -}}
{{- if hasKey $.Values.certs $key -}}{{- $notes = append $notes (printf "certs.%s: put it into a Secret and name that: certs.existingSecret, certs.existingClientSecret" $key) -}}{{- end -}}
{{- end -}}
{{- range $name, $engine := fromYaml (include "saker.engines" .) -}}
{{- if $engine.enabled -}}
{{- range $engine.sockets -}}
{{- if has (dir .) (list "/run" "/var/run") -}}
{{- $notes = append $notes (printf "collectors.containerEngine.engines.%s: %s is not mounted; on nodes that have it, add it by mounts.volumes (type: Socket) and mounts.volumeMounts (/host%s)" $name . .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $notes -}}
{{- end -}}
