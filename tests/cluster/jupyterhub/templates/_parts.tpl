{{- define "labels" -}}
app: jupyterhub
release: {{ .Release.Name }}
app.kubernetes.io/name: jupyterhub
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "token" -}}
{{- $secret := lookup "v1" "Secret" .root.Release.Namespace "hub" | default (dict "data" dict) }}
{{- get $secret.data .key | default (randAlphaNum 64 | b64enc) }}
{{- end }}

{{- define "restricted" -}}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  runAsNonRoot: true
  seccompProfile: {type: RuntimeDefault}
{{- end }}
