{{- /* What the Squids allow, with the hosts and ports of an administrator's own servers. */}}

{{- define "eessi-spawner.squidDomains" -}}
{{- $found := .Values.squid.domains }}
{{- range .Values.cvmfsClient.servers }}
{{- $found = append $found (urlParse .).hostname }}
{{- end }}
{{- join " " (uniq $found) }}
{{- end }}

{{- define "eessi-spawner.squidPorts" -}}
{{- $found := .Values.squid.ports }}
{{- range .Values.cvmfsClient.servers }}
{{- $found = append $found (regexReplaceAll "^http://[^:]+:?" . "" | default "80") }}
{{- end }}
{{- $texts := list }}
{{- range $found }}
{{- $texts = append $texts (toString .) }}
{{- end }}
{{- join " " (uniq $texts) }}
{{- end }}
