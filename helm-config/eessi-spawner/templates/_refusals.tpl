{{- /* What values.schema.json cannot say, or not so that the message says what to do. */}}
{{- define "eessi-spawner.refusals" -}}
{{- include "eessi-spawner.refusalsOfAttach" . }}
{{- include "eessi-spawner.refusalsOfClient" . }}
{{- end }}

{{- define "eessi-spawner.refusalsOfAttach" -}}
{{- $attach := .Values.attach }}
{{- $server := $attach.nfs.server }}
{{- if contains "/" $attach.claim }}
{{- fail (printf "attach.claim was expected to be the name of a claim, %s came. A claim is seen by pods of its own namespace alone: leave the namespace out, and install this chart in the hub's." $attach.claim) }}
{{- end }}
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

{{- define "eessi-spawner.refusalsOfClient" -}}
{{- $client := .Values.cvmfsClient }}
{{- range $client.proxies }}
{{- range . }}
{{- if eq . "DIRECT" }}
{{- fail "cvmfsClient.proxies was expected to list proxies, DIRECT came. Leave it out, and set cvmfsClient.direct to true: it is asked last." }}
{{- end }}
{{- if not (regexMatch "^https?://([A-Za-z0-9.-]+|\\[[0-9a-fA-F:]+\\]):[0-9]+/?$" .) }}
{{- fail (printf "cvmfsClient.proxies was expected to list addresses with a port, %s came. Write it as http://squid.example.org:3128." .) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $client.create (not (include "eessi-spawner.proxies" .)) }}
{{- fail "cvmfsClient.direct is false, and there is no proxy: no node would get anything. Set squid.create or cvmfsClient.proxies, or set cvmfsClient.direct to true." }}
{{- end }}
{{- if and (or $client.proxies $client.servers $client.settings) (not $client.create) }}
{{- fail "cvmfsClient.create is false, and proxies, servers or settings of the client are set. Set cvmfsClient.create to true, or leave them out." }}
{{- end }}
{{- end }}
