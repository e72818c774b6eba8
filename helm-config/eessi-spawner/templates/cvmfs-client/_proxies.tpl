{{- /* What CernVM-FS asks in turn: groups, in which the load is shared, and at last the servers themselves. */}}
{{- define "eessi-spawner.proxies" -}}
{{- $groups := list }}
{{- if .Values.squid.create }}
{{- $groups = append $groups (printf "http://%s.%s.svc:3128" (include "eessi-spawner.squid" .) .Release.Namespace) }}
{{- end }}
{{- range .Values.cvmfsClient.proxies }}
{{- $groups = append $groups (join "|" .) }}
{{- end }}
{{- if .Values.cvmfsClient.direct }}
{{- $groups = append $groups "DIRECT" }}
{{- end }}
{{- join ";" $groups }}
{{- end }}
