"""All that can be amiss in values files. The guide lists these rows, held by a test."""

from __future__ import annotations

from eessi_spawner.checks.answer import Trouble

NOT_VALUES = Trouble(
    "not_values",
    "fail",
    "The file is no YAML, no mapping, larger than 256 KiB, or larger when its aliases are filled in.",
    "Name the file that is given to helm by --values.",
)
CHART_UNKNOWN = Trouble(
    "chart_unknown",
    "fail",
    "None of the keys is of a chart that is known here.",
    "Name values of cvmfs-csi, of Zero to JupyterHub or of this project's chart; what stands below the name of one of"
    " these charts is found as well.",
)
UNKNOWN_KEY = Trouble(
    "unknown_key",
    "fail",
    "The chart has no such key. cvmfs-csi ignores it silently; Zero to JupyterHub and our chart refuse the install.",
    "{advice}",
)
REPEATED_KEY = Trouble(
    "repeated_key", "warn", "A key stands twice in one mapping; the last one counts.", "Remove one of the two."
)
PLACEHOLDER = Trouble(
    "placeholder", "fail", "A name of an example (example.org) was left in.", "Write the name of your own."
)

PROXY_OF_CERN = Trouble(
    "proxy_of_cern",
    "fail",
    "The chart's own default, or a proxy of CERN: outside CERN it answers nobody, and nothing can be mounted.",
    "Set CVMFS_HTTP_PROXY in extraConfigMaps.cvmfs-csi-default-local to your Squids, or to DIRECT with few nodes.",
)
PROXY_MISSING = Trouble(
    "proxy_missing",
    "fail",
    "The text replaces the chart's own as a whole and sets no CVMFS_HTTP_PROXY: the client refuses to mount.",
    'Add CVMFS_HTTP_PROXY="http://your-squid:3128;DIRECT", or "DIRECT" for up to five nodes.',
)
PROXY_DIRECT = Trouble(
    "proxy_direct",
    "warn",
    "Every node asks EESSI's servers itself. That is meant for up to five nodes.",
    "With more nodes name two or more Squids of yours, or let our chart run one.",
)
PROXY_INVALID = Trouble(
    "proxy_invalid",
    "fail",
    "A proxy is neither DIRECT, nor auto, nor an address with http:// and a port.",
    "Write each as http://HOST:PORT; | shares the load, ; is a fallback.",
)
DIRECT_REPLACED = Trouble(
    "direct_replaced",
    "warn",
    "The configuration repository, which cvmfs-csi's client reads, puts proxies of CERN and Fermilab where DIRECT is.",
    "Add CVMFS_CLIENT_PROFILE=custom, or with DIRECT alone CVMFS_USE_CDN=yes.",
)
CDN_BEHIND_SQUID = Trouble(
    "cdn_behind_squid",
    "warn",
    "Squids are named and the content delivery network is used too: Squids set up as EESSI says refuse its hosts.",
    "Set CVMFS_USE_CDN=no.",
)
SERVERS_OVERRIDDEN = Trouble(
    "servers_overridden",
    "warn",
    "CVMFS_SERVER_URL in default.local is overridden by what EESSI's domain says, which is read later.",
    "Put it into /etc/cvmfs/domain.d/eessi.io.local, by a ConfigMap of your own and nodeplugin.*.extraVolumeMounts.",
)
CACHE_LINES = Trouble(
    "cache_lines_missing",
    "fail",
    "The text replaces the chart's own, and with it the lines that say where the cache is and how large it may get.",
    "Keep both lines: CVMFS_QUOTA_LIMIT={{{{ .Values.cache.local.cvmfsQuotaLimit }}}} and"
    " CVMFS_CACHE_BASE={{{{ .Values.cache.local.location }}}}",
)
CACHE_SMALL = Trouble(
    "cache_small",
    "warn",
    "The nodes' cache holds less than EESSI's documentation takes (10000 MiB); the chart's own default is 1000 MiB.",
    "Set cache.local.cvmfsQuotaLimit to 10000 or more, in MiB, on a disk with a fifth more room and 1 GB.",
)
TOLERATIONS = Trouble(
    "tolerations_missing",
    "warn",
    "Users' pods go to nodes where the driver's pods do not: there they wait for a volume that never comes.",
    "Add {wanted} to nodeplugin.tolerations, or [{{operator: Exists}}] for every node.",
)
KUBELET = Trouble(
    "kubelet_directory",
    "fail",
    "cvmfs-csi 2.5.2 mounts below /var/lib/kubelet whatever kubeletDirectory says: /cvmfs stays empty in pods.",
    "Make {path} the same as /var/lib/kubelet on the nodes (a bind mount), or attach in another way.",
)
HOST_PID = Trouble(
    "host_pid_off",
    "fail",
    "Without the nodes' process IDs the driver cannot automount: only claims of a single repository work.",
    "Leave out nodeplugin.hostPID, or set it to true.",
)
CONFIG_NOT_MOUNTED = Trouble(
    "config_not_mounted",
    "fail",
    "A list of volumes or mounts replaces the chart's own, and default.local is in it no more.",
    "Repeat the chart's own entries in the list, and add yours.",
)
CONFIG_UNUSED = Trouble(
    "config_unused",
    "warn",
    "A ConfigMap is made that no volume of the driver's pods uses: CernVM-FS does not read it.",
    "Correct its name, or add it to nodeplugin.extraVolumes and to the extraVolumeMounts of automount and"
    " automountReconciler.",
)
CONFIG_ELSEWHERE = Trouble(
    "config_elsewhere",
    "warn",
    "The driver's chart is told to make no configuration, and ours makes none either: the driver's pods wait for it.",
    "Set cvmfsClient.create in our chart's values and name that file too, or leave out the null.",
)
CONFIG_TWICE = Trouble(
    "config_twice",
    "fail",
    "Both charts make the driver's configuration: Helm refuses the second.",
    "Add helm-config/cvmfs-csi-by-chart-values.yaml to the driver's values, or unset cvmfsClient.create of our chart.",
)

SPAWNER = Trouble(
    "spawner_not_ours",
    "warn",
    "The hub's spawner is not EESSISpawner: nothing of c.EESSISpawner is read.",
    "Set hub.config.JupyterHub.spawner_class to eessi.",
)
HUB_IMAGE = Trouble(
    "hub_image_stock",
    "fail",
    "The chart's own image of the hub has no EESSISpawner: the hub does not start.",
    "Set hub.image.name and hub.image.tag to an image with this package (make images IMAGES=hub).",
)
SETTING_UNKNOWN = Trouble(
    "setting_unknown",
    "fail",
    "EESSISpawner has no such setting; JupyterHub ignores it but for a line in its log.",
    "{advice}",
)
ATTACH_INVALID = Trouble(
    "attach_invalid",
    "fail",
    "eessi_attach names no way, or gives a way wrong settings: the hub does not start.",
    "{advice}",
)
PROPAGATION = Trouble(
    "propagation_missing",
    "fail",
    'A mount of /cvmfs by hand without propagation: "Too many levels of symbolic links" in pods.',
    "Add mountPropagation: HostToContainer to it, or leave the mount to EESSISpawner.",
)
MOUNTED_TWICE = Trouble(
    "mounted_twice",
    "fail",
    "/cvmfs is mounted by hand and by EESSISpawner: each server is refused.",
    'Remove the volume and its mount, or set eessi_attach to "none".',
)

VALUE_INVALID = Trouble(
    "value_invalid", "fail", "Our chart's schema does not allow the value: Helm refuses it.", "Write it as {wanted}."
)
NFS_SERVER = Trouble(
    "nfs_server",
    "fail",
    "The way nfs needs a server that the nodes can resolve, and nodes do not use the cluster's DNS.",
    "Set attach.nfs.server to a host or an address; of a Service, to its cluster IP.",
)
CLAIMS_DIFFER = Trouble(
    "claims_differ",
    "fail",
    "The hub attaches a claim of another name than the one that our chart makes.",
    "Use one name: attach.claim of our chart, and the claim in hub.config.EESSISpawner.eessi_attach.",
)
RIGHTS_MISSING = Trouble(
    "rights_missing",
    "warn",
    "The hub is told to read what our chart gives it no right to.",
    "Set {right} to true in our chart's values, or {setting} to false in the hub's.",
)
