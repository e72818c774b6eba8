{{- /* Names and labels of all that the chart makes. What is not in a namespace has the namespace in its name. */}}

{{- define "eessi-spawner.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "eessi-spawner.clusterRole" -}}
eessi-spawner-{{ .Release.Namespace }}
{{- end }}

{{- /* As the spawner calls the volume of a claim that it makes itself (eessi_spawner/spawner/claims.py). */}}
{{- define "eessi-spawner.volume" -}}
eessi-{{ .Release.Namespace }}-{{ .Values.attach.claim }}
{{- end }}

{{- define "eessi-spawner.driver" -}}
cvmfs.csi.cern.ch
{{- end }}

{{- define "eessi-spawner.hasRights" -}}
{{- if or .Values.rbac.nodes .Values.rbac.pods .Values.rbac.persistentVolumes .Values.rbac.checks }}true{{ end }}
{{- end }}

{{- define "eessi-spawner.service" -}}
eessi-service
{{- end }}

{{- /* The service's addresses begin so, as JupyterHub gives them by its name there. */}}
{{- define "eessi-spawner.servicePrefix" -}}
{{ .Values.hub.baseUrl }}services/eessi/
{{- end }}

{{- define "eessi-spawner.squid" -}}
eessi-squid
{{- end }}

{{- /* Of the Squids in a zone: (list . zone). */}}
{{- define "eessi-spawner.squidInZone" -}}
{{ include "eessi-spawner.squid" (index . 0) }}-{{ index . 1 | lower | replace "." "-" | replace "_" "-" }}
{{- end }}

{{- define "eessi-spawner.test" -}}
eessi-test
{{- end }}

{{- /* What selects the pods of a component: (list . component). */}}
{{- define "eessi-spawner.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "eessi-spawner.componentLabels" -}}
{{ include "eessi-spawner.labels" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}
