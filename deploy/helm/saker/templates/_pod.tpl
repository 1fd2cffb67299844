{{/* The pod: least privilege, read-only mounts, probes by canary. */}}

{{/* A container's own users are read through the root of its first process. */}}
{{- define "saker.readsUsers" -}}
{{- with .Values.collectors }}{{ if and .enabled .containerEngine.enabled .containerEngine.users }}true{{ end }}{{ end -}}
{{- end -}}

{{- define "saker.securityContext" -}}
{{- if .Values.containerSecurityContext -}}
{{- toYaml .Values.containerSecurityContext -}}
{{- else -}}
runAsUser: 0
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
seccompProfile: {{ toJson .Values.driver.seccompProfile }}
capabilities:
  drop: [ALL]
  {{- if .Values.driver.enabled }}
  add: [BPF, PERFMON{{ if .Values.driver.sysResource }}, SYS_RESOURCE{{ end }}{{ if include "saker.readsUsers" . }}, SYS_PTRACE{{ end }}]
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "saker.pod" -}}
{{- $web := .Values.falco.webserver -}}
{{- $port := int (default 8765 $web.listen_port) -}}
{{- $health := default "/healthz" $web.k8s_healthz_endpoint -}}
{{- $dirs := fromJsonArray (include "saker.socketDirs" .) -}}
metadata:
  labels:
    {{- include "saker.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # Rules are no part of it: they are taken up without a restart.
    checksum/config: {{ include "saker.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ include "saker.serviceAccount" . }}
  automountServiceAccountToken: {{ and .Values.collectors.enabled .Values.collectors.kubernetes.enabled }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: 30
  {{- with .Values.podHostname }}
  hostname: {{ . }}
  {{- end }}
  {{- with .Values.podPriorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.extra.initContainers }}
  initContainers: {{ toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: falco
      image: {{ include "saker.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [/usr/bin/falco]
      {{- with .Values.extra.args }}
      args: {{ toYaml . | nindent 8 }}
      {{- end }}
      tty: {{ .Values.tty }}
      securityContext: {{ include "saker.securityContext" . | nindent 8 }}
      resources: {{ toYaml .Values.resources | nindent 8 }}
      # Why it could not start stands in the pod's status.
      terminationMessagePolicy: FallbackToLogsOnError
      env:
        - {name: HOST_ROOT, value: /host}
        {{- if and .Values.falcoHostnameEnv (not (has "FALCO_HOSTNAME" (include "saker.envNames" . | fromJsonArray))) }}
        - {name: FALCO_HOSTNAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        {{- end }}
        - {name: FALCO_K8S_NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        {{- with .Values.extra.env }}{{ tpl (toYaml .) $ | nindent 8 }}{{ end }}
      {{- if $web.enabled }}
      ports:
        - {name: web, containerPort: {{ $port }}, protocol: TCP}
      startupProbe:
        httpGet: {path: {{ $health }}, port: web}
        {{- toYaml .Values.healthChecks.startupProbe | nindent 8 }}
      livenessProbe:
        httpGet: {path: {{ $health }}, port: web}
        {{- toYaml .Values.healthChecks.livenessProbe | nindent 8 }}
      readinessProbe:
        exec: {command: [/usr/bin/curl, -s, --fail-with-body, "localhost:{{ $port }}/readyz"]}
        {{- toYaml .Values.healthChecks.readinessProbe | nindent 8 }}
      {{- end }}
      volumeMounts:
        - {name: config, mountPath: /etc/saker, readOnly: true}
        - {name: run, mountPath: /run/saker}
        {{- if .Values.customRules }}
        - {name: rules, mountPath: /etc/falco/rules.d, readOnly: true}
        {{- end }}
        {{- if .Values.driver.enabled }}
        - {name: proc-fs, mountPath: /host/proc, readOnly: true}
        - {name: etc-fs, mountPath: /host/etc, readOnly: true}
        {{- range $index, $dir := $dirs }}
        - {name: runtime-{{ $index }}, mountPath: /host{{ $dir }}, readOnly: true, mountPropagation: HostToContainer}
        {{- end }}
        {{- end }}
        {{- with .Values.certs.existingSecret }}
        - {name: certs, mountPath: /etc/falco/certs, readOnly: true}
        {{- end }}
        {{- with .Values.certs.existingClientSecret }}
        - {name: client-certs, mountPath: /etc/falco/certs/client, readOnly: true}
        {{- end }}
        {{- with .Values.mounts.volumeMounts }}{{ toYaml . | nindent 8 }}{{ end }}
  volumes:
    - {name: run, emptyDir: {}}
    - name: config
      configMap: {name: {{ include "saker.fullname" . }}, items: [{key: falco.yaml, path: saker.yaml}]}
    {{- if .Values.customRules }}
    - name: rules
      configMap: {name: {{ include "saker.fullname" . }}-rules}
    {{- end }}
    {{- if .Values.driver.enabled }}
    - {name: proc-fs, hostPath: {path: /proc, type: Directory}}
    - {name: etc-fs, hostPath: {path: /etc, type: Directory}}
    {{- range $index, $dir := $dirs }}
    - {name: runtime-{{ $index }}, hostPath: {path: {{ $dir }}, type: DirectoryOrCreate}}
    {{- end }}
    {{- end }}
    {{- with .Values.certs.existingSecret }}
    - {name: certs, secret: {secretName: {{ . }}}}
    {{- end }}
    {{- with .Values.certs.existingClientSecret }}
    - {name: client-certs, secret: {secretName: {{ . }}}}
    {{- end }}
    {{- with .Values.mounts.volumes }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end -}}

{{- define "saker.envNames" -}}
{{- $names := list -}}
{{- range .Values.extra.env }}{{ $names = append $names .name }}{{ end -}}
{{- toJson $names -}}
{{- end -}}
