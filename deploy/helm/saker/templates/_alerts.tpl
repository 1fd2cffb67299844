{{/* Alerts about the sensor itself: what keeps a blind node from looking like a quiet one. */}}
{{- define "saker.alerts" -}}
{{- $name := include "saker.fullname" . -}}
{{- $namespace := include "saker.namespace" . -}}
{{- $pods := printf "namespace=%q,pod=~\"%s-.*\"" $namespace $name -}}
{{- $rule := .Values.prometheusRules -}}
groups:
  - name: {{ $name }}
    rules:
      - alert: FalcoDaemonSetNotFullyCovered
        expr: kube_daemonset_status_number_ready{namespace={{ quote $namespace }},daemonset={{ quote $name }}} < kube_daemonset_status_desired_number_scheduled{namespace={{ quote $namespace }},daemonset={{ quote $name }}}
        for: {{ $rule.for }}
        labels: {severity: critical}
        annotations:
          summary: 'Not every node is watched'
          description: '{{ "{{ $value }}" }} nodes have a ready sensor, and more should. `kubectl get pods -n {{ $namespace }} -o wide` shows which have none; events of the pod say why.'
      - alert: SakerDown
        expr: up{ {{- $pods -}} } == 0
        for: {{ $rule.for }}
        labels: {severity: critical}
        annotations:
          summary: 'A sensor does not answer'
          description: 'Pod {{ "{{ $labels.pod }}" }} cannot be scraped.'
      - alert: SakerCanaryFailing
        expr: saker_healthy{ {{- $pods -}} } == 0
        for: 1m
        labels: {severity: critical}
        annotations:
          summary: 'A sensor runs and does not see'
          description: 'Canaries of pod {{ "{{ $labels.pod }}" }} do not come through; /healthz of the pod says which way and since when.'
      - alert: SakerEventsLost
        expr: sum by (namespace, pod) (rate(saker_events_lost_total{ {{- $pods -}} }[5m])) > {{ $rule.dropsPerSecond }}
        for: {{ $rule.for }}
        labels: {severity: warning}
        annotations:
          summary: 'A sensor loses events'
          description: 'Pod {{ "{{ $labels.pod }}" }} loses {{ "{{ $value }}" }} events a second; `saker_events_lost_total` has system call and reason.'
      - alert: SakerSinkFailing
        expr: sum by (namespace, pod, sink) (rate(saker_alerts_total{ {{- $pods -}} ,result=~"failed|discarded"}[5m])) > 0
        for: {{ $rule.for }}
        labels: {severity: warning}
        annotations:
          summary: 'Alerts do not reach their receiver'
          description: 'Output {{ "{{ $labels.sink }}" }} of pod {{ "{{ $labels.pod }}" }} fails or discards.'
      - alert: SakerRulesFailedToLoad
        expr: saker_rule_faults{ {{- $pods -}} } > 0 or increase(saker_reloads_total{ {{- $pods -}} ,result="refused"}[10m]) > 0
        for: 1m
        labels: {severity: warning}
        annotations:
          summary: 'Rules were left out or a reload was refused'
          description: 'Pod {{ "{{ $labels.pod }}" }} runs without some of its rules, or with old ones; its log and /healthz name file and line.'
      - alert: SakerNoEvents
        expr: sum by (namespace, pod) (rate(saker_events_evaluated_total{ {{- $pods -}} }[10m])) == 0
        for: 10m
        labels: {severity: critical}
        annotations:
          summary: 'No events from a node'
          description: 'No rule of pod {{ "{{ $labels.pod }}" }} has seen an event for 20 minutes, which no living node has.'
      {{- with $rule.additionalAlerts }}{{ toYaml . | nindent 6 }}{{ end }}
{{- end -}}
