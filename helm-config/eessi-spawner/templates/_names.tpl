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
{{- if or .Values.rbac.nodes .Values.rbac.pods .Values.rbac.persistentVolumes }}true{{ end }}
{{- end }}
