{{- /* What values.schema.json cannot say, or not so that the message says what to do. */}}
{{- define "eessi-spawner.refusals" -}}
{{- $attach := .Values.attach }}
{{- $server := $attach.nfs.server }}
{{- if and (eq $attach.way "nfs") (not $server) }}
{{- fail "attach.nfs.server was expected with attach.way nfs, and is empty. Set it to the host or address of the server, such as 10.0.0.5." }}
{{- end }}
{{- if and (ne $attach.way "nfs") $server }}
{{- fail (printf "attach.nfs.server is set, and attach.way is %s. Set attach.way to nfs, or leave the server out." $attach.way) }}
{{- end }}
{{- if regexMatch "[.]svc($|[.])" $server }}
{{- fail (printf "attach.nfs.server was expected to be a name or an address that nodes know, %s came. Nodes do not use the cluster's DNS: write the Service's cluster IP." $server) }}
{{- end }}
{{- end }}
